"""Moodle XML: what its reader makes of it, text that stays text, and a lint that finds what is broken."""

import base64
import io
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from PIL import Image

from derive.render import Picture
from derive.render.page import one_line
from derive.render.quiz import Quiz, lint_moodle, render_moodle
from derive.render.quiz.moodle import join_moodle
from tests.hostile import HOSTILE
from tests.render import moodle_reader, quizzes
from tests.render.reading import TextOf

FAULTS = (
    (b"<quiz>", b"<test>", "no XML"),
    (b'type="category"', b'type="cloze"', "no category"),
    (b'type="cloze"', b'type="essay"', "the type is essay"),
    (b"{3:NUMERICAL:=6", b"{3:NUMERICAL:{1:NM:=6", "stands inside a gap"),
    (b"$course$/top/", b"top/", "no path of a category"),
    (b"<name><text><![CDATA[two-layer: It]]></text></name>", b"<name><text> </text></name>", "no name"),
    (b"{3:NUMERICAL:=6", b"{3.5:NUMERICAL:=6", "looks like a gap and is none"),
    (b"{3:NUMERICAL:=6", b"{0:NUMERICAL:=6", "no positive whole number"),
    (b"{3:NUMERICAL:=6", b"{:NUMERICAL:=6", "no positive whole number"),
    (b"{3:NUMERICAL:=6", b"{3:SHORTANSWER:=6", "asks for no number"),
    (b"=6:0.01", b"=+6:0.01", "no answer with its tolerance"),
    (b"=6:0.01", "=\N{MINUS SIGN}6:0.01".encode(), "no answer with its tolerance"),
    (b"=6:0.01", b"=6/1:0.01", "no answer with its tolerance"),
    (b"=6:0.01", b"=6", "has no tolerance"),
    (b"=6:0.01", b"=0.00002:0.01", "too near to zero"),
    (b"=6:0.01", b"=6:6", "zero would do for 6"),
    (b"=6:0.01", b"%90%6:0.01", "the first answer is worth 90 %"),
    (b"%50%6.5", b"%150%6.5", "the best 150 %"),
    (b"%50%6.5", b"%33.3333%6.5", "no answer with its tolerance"),
    (b"#It~", b"#It}~", "stands behind the end"),
    (b"#It~", b"#It~~", "no answer with its tolerance"),
    (b"#It~", b"#It\\~", "takes the next sign along"),
    (b"=1200000:0.01}", b"=1200000:0.01", "never closed"),
    (b"costs", b"{#3} costs", "looks like a gap and is none"),
    (b"costs", b"<b>costs", "closes nothing|never closed"),
    (b"costs", b"<script>costs</script>", "no part of a question"),
    (b"costs", rb"\(costs", r"times \\\("),
    (b"end{pmatrix}", b"end{bmatrix}", "ends nothing"),
    (b'alt="It"', b'alt=" "', "no alternative text"),
    (b"@@PLUGINFILE@@/network.png", b"network.png", "not in the file"),
    (b"@@PLUGINFILE@@/network.png", b"@@PLUGINFILE@@/other.png", "other.png is missing"),
    (b'<file name="network.png"', b'<file name="extra.png"', "extra.png is shown nowhere"),
    (b'encoding="base64">iVBOR', b'encoding="base64">AAAAA', "no PNG"),
    (b'encoding="base64">iVBOR', b'encoding="base64">!VBOR', "no base64"),
    (b"<generalfeedback ", b"<feedback ", "no XML|missing"),
)


@pytest.fixture(scope="module")
def content(picture: Picture) -> bytes:
    return render_moodle(quizzes.quiz(picture))


def test_is_sound_and_the_same_each_time(content: bytes, picture: Picture) -> None:
    assert lint_moodle(content) == []
    assert render_moodle(quizzes.quiz(picture)) == content


def test_gaps_are_graded_as_they_are_meant(content: bytes) -> None:
    (question,) = moodle_reader.read(content)
    assert [gap.weight for gap in question.gaps] == [3, 3, 2, 12]  # halves, a third and two, as whole numbers
    first = question.gaps[0]
    assert first.grade("6") == first.grade("5,99") == first.grade("6.01") == (1, "")
    assert first.grade("6.5") == (Fraction(1, 2), "It")
    assert first.grade("-6")[0] == Fraction(1, 2)
    assert first.grade("0") == (0, "nothing")
    assert first.grade("5.98") == first.grade("six") == first.grade("") == (0, "")
    assert question.gaps[1].grade("-0.25")[0] == question.gaps[3].grade("1.2e6")[0] == 1


def test_a_comment_is_shown_as_it_was_written(content: bytes) -> None:
    shown = TextOf(moodle_reader.read(content)[0].gaps[0].grade("-6")[1]).text
    assert shown == "the sign { } ~ # \\} is 50% off"


def test_mathematics_survives(content: bytes) -> None:
    (question,) = moodle_reader.read(content)
    text = TextOf(question.text).text
    assert r"\[W = \begin{pmatrix} 1 & -2 \\ 2 & 5 \end{pmatrix}\]" in text
    assert r"\(x < y\)" in text
    assert r"\(2.3 \times 10^{-16}\)" in text
    assert r"\[\underbrace{(6)}_{1 \times 1} = 6\]" in TextOf(question.feedback).text


def test_gaps_stand_as_their_matrix(content: bytes) -> None:
    (question,) = moodle_reader.read(content)
    tables = re.findall(r"<table><tbody>\n(.*?)</tbody></table>", question.text, re.DOTALL)
    rows = [re.findall(r"\{#\d\}|10\^\{-16\}", row) for row in tables[0].splitlines()]
    assert rows == [["{#1}", "{#2}"], ["{#3}", "10^{-16}"]]
    assert r'rowspan="2"' in tables[0]
    assert r"\(\frac{\partial l}{\partial W_{0}}\)" in tables[0]


def test_the_picture_is_inside(content: bytes, picture: Picture) -> None:
    (question,) = moodle_reader.read(content)
    image = Image.open(io.BytesIO(base64.b64decode(question.files["network.png"])))
    shown = re.search(r'width="(\d+)"', question.text)
    assert shown is not None
    assert image.width == pytest.approx(2 * int(shown[1]), abs=1)
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(set(image.convert("L").tobytes())) > 8  # something is drawn
    assert picture.svg.startswith("<?xml")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_text(text: str, picture: Picture) -> None:
    content = render_moodle(quizzes.quiz(picture, text))
    assert lint_moodle(content) == []
    (question,) = moodle_reader.read(content)
    shown = one_line(text)
    assert len(question.gaps) == 4
    page = TextOf(question.text)
    assert page.text.count(shown) == 2
    assert page.attributes["alt"] == [shown]
    assert set(page.elements) <= TextOf.HARMLESS
    assert shown in TextOf(question.feedback).text
    assert TextOf(question.gaps[0].grade("6.5")[1]).text == shown
    assert TextOf(question.name).text == f"two-layer: {shown}"[:255]  # as long as a name in Moodle may be
    # The category is one below the top one, whatever slashes there are.
    (course, top, name) = moodle_reader.levels(question.category)
    assert (course, top) == ("$course$", "top")
    assert TextOf(name).text.replace(" ", "").replace("/", "") == shown.replace(" ", "").replace("/", "")


@pytest.mark.parametrize("text", [r"\(x^2\)", r"\[y\]", "$$z$$"])
def test_no_formula_is_made_of_text(text: str, picture: Picture) -> None:
    (question,) = moodle_reader.read(render_moodle(quizzes.quiz(picture, text)))
    ignored = re.findall(r'<span class="mathjax_ignore tex2jax_ignore nolink">(.*?)</span>', question.text)
    assert sum(text in piece for piece in ignored) == 2


@pytest.mark.parametrize(("old", "new", "fault"), FAULTS, ids=[str(fault[1][:30]) for fault in FAULTS])
def test_the_lint_finds(old: bytes, new: bytes, fault: str, content: bytes) -> None:
    assert old in content
    found = lint_moodle(content.replace(old, new, 1))
    assert any(re.search(fault, line) for line in found), found


def test_the_lint_finds_what_is_no_quiz_and_asks_nothing(content: bytes) -> None:
    assert lint_moodle(b"<test/>") == ["the root is <test>, not <quiz>"]
    assert "there is no question" in lint_moodle(b"<quiz></quiz>")
    text = re.sub(rb"\{[0-9]+:NUMERICAL:.*?(?<!\\)\}", b"", content)
    assert "question 1: it has no gap" in lint_moodle(text)


def test_the_lint_finds_id_numbers_that_are_given_twice(picture: Picture) -> None:
    content = render_moodle(Quiz("It", (quizzes.question(picture), quizzes.question(picture))))
    assert lint_moodle(content) == ["the id number 'two-layer-en' is given twice"]


def test_the_lint_refuses_entities(content: bytes) -> None:
    bomb = content.replace(b"<quiz>", b'<!DOCTYPE quiz [<!ENTITY a "b">]><quiz>', 1)
    assert lint_moodle(bomb) == ["the file defines entities"]
    assert lint_moodle(b"no xml")[0].startswith("no XML")


def test_several_questions_stand_in_one_category(picture: Picture) -> None:
    names = ("ABC-1", "ABC-2", "ABC-3")
    questions = [quizzes.question(picture, identifier=name) for name in names]
    together = render_moodle(Quiz("set", tuple(questions)))
    joined = b"".join(join_moodle(render_moodle(Quiz("set", (question,))) for question in questions))
    assert joined == together
    assert lint_moodle(together) == []
    found = moodle_reader.read(together)
    assert {question.category for question in found} == {"$course$/top/set"}
    assert [question.name for question in found] == [f"{name}: It" for name in names]


def test_numbers_are_written_as_moodle_reads_them(picture: Picture) -> None:
    from derive.render.quiz.model import number

    for text, written in (("-0.00", "0"), ("1.50", "1.5"), ("1E+3", "1000"), ("2.5E+20", "2.5e20")):
        assert number(Decimal(text)) == written
    assert number(Decimal("-4.25E-12")) == "-4.25e-12"
