"""Symbols are letters with decorations, and nothing else gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.rules.notation import DECORATIONS, GREEK, parse_symbol, with_index


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("h", "h"),
        (" W ", "W"),
        ("W_0", "W_{0}"),
        ("x_{in}", "x_{in}"),
        ("z^{(2)}", "z^{(2)}"),
        ("z^2_i", "z^{2}_{i}"),
        ("delta", r"\delta"),
        (r"\delta_1", r"\delta_{1}"),
        ("varepsilon", r"\varepsilon"),
        ("Omega", r"\Omega"),
        ("hat y", r"\hat{y}"),
        (r"\hat{y}", r"\hat{y}"),
        ("hat{y}_1", r"\hat{y}_{1}"),
        ("hat{y_1}", r"\hat{y}_{1}"),
        ("bold W", r"\mathbf{W}"),
        ("tilde x_{in}", r"\tilde{x}_{in}"),
        ("bar  sigma^2", r"\bar{\sigma}^{2}"),
    ],
)
def test_symbols(text: str, latex: str) -> None:
    assert parse_symbol(text) == latex


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1", "ab", "h'", "h_", "h__0", "h_a_b", "h^a^b", "h_{a b}", "h_{", "h}", "z^{(2", "z^{2)}",
        r"\input", r"\input{/etc/passwd}", r"\hat", "hat", "hat hat y", r"\hat{\input}", "$h$", "h%", "h&",
        "h\\", "<b>h</b>", "h\nq", "é", "h_{123456789}", "x" * 200, "한",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no symbol"):
        parse_symbol(text)


@given(st.text(max_size=12) | st.text("hW_^{}()\\ 01abhat", max_size=12))
def test_what_gets_through_is_made_of_known_parts(text: str) -> None:
    try:
        latex = parse_symbol(text)
    except ValueError:
        return
    rest = latex
    for command in (*DECORATIONS.values(), *(f"\\{name}" for name in GREEK)):
        rest = rest.replace(command, "")
    assert set(rest) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_^{}()")
    assert rest.count("{") == rest.count("}")


@pytest.mark.parametrize("letter", GREEK)
def test_greek(letter: str) -> None:
    assert parse_symbol(letter) == f"\\{letter}"


@pytest.mark.parametrize(
    ("symbol", "indices", "latex"),
    [
        ("h", (0,), "h_{0}"),
        ("W", (0, 1), "W_{01}"),
        ("W_{0}", (1, 0), "W_{0,10}"),
        ("W_{0}", (1, 12), "W_{0,1,12}"),
        (r"\hat{y}", (3,), r"\hat{y}_{3}"),
        ("z^{(2)}", (1,), "z^{(2)}_{1}"),
        ("W_{0}", ("i", "j"), "W_{0,ij}"),
    ],
)
def test_indices(symbol: str, indices: tuple[int | str, ...], latex: str) -> None:
    assert with_index(symbol, *indices) == latex
