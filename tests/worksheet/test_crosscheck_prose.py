"""What a key says about float32 and about doubts: only what holds for the network at hand."""

import pytest

from derive.worksheet import story
from tests.worksheet import stories

REGRESSION = (
    "{id: a, input: [1e30], target: [0], layers: [{weights: [[1e20]], activation: identity}],"
    " loss: squared_error}"
)
SATURATED_TANH = (
    "{id: b, input: [-12], layers: [{weights: [[1]], activation: tanh},"
    " {weights: [[1]], activation: identity}], loss: sum}"
)
SATURATED_SIGMOID = (
    "{id: c, input: [30], target: [0], layers: [{weights: [[2]], activation: sigmoid}],"
    " loss: binary_cross_entropy}"
)
UNLIKELY = (
    "{id: d, input: [100], target: [1, 0], layers: [{weights: [[-3, 4]], activation: softmax}],"
    " loss: cross_entropy}"
)
LIKELY = UNLIKELY.replace("[1, 0]", "[0, 1]").replace("-3, 4", "0, 0.3")


def key(text: str, language: str) -> str:
    gathered = story.gather(*stories.verified(stories.exercise_of(text)))
    written = stories.rendered(gathered, language, "key", ["md"])
    (page,) = written.values()
    return stories.without_pictures(page.decode()).partition("## ")[2]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("text", [REGRESSION, SATURATED_TANH, SATURATED_SIGMOID])
def test_no_softmax_is_spoken_of_where_there_is_none(text: str, language: str) -> None:
    prose = key(text, language)
    assert "softmax" not in prose
    assert "소프트맥스" not in prose


def test_a_saturated_output_says_which_side_and_what_helps() -> None:
    assert "rounds to $-1$" in key(SATURATED_TANH, "en")
    assert r"compute $\sigma(-z)$" in key(SATURATED_SIGMOID, "en")


def test_logits_are_recommended_only_where_they_give_finite_numbers() -> None:
    sentence = "gives finite numbers here"
    assert sentence in key(UNLIKELY, "en")
    assert sentence in key(SATURATED_SIGMOID, "en")
    for text in (REGRESSION, LIKELY):
        prose = key(text, "en")
        assert "breaks down" in prose
        assert sentence not in prose
