"""QTI for Canvas: what its reader makes of it, text that stays text, and a lint that finds what is broken."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from PIL import Image

from derive.render import Picture
from derive.render.page import one_line
from derive.render.quiz import Quiz, lint_canvas, render_canvas
from derive.render.quiz.canvas import join_canvas
from tests.hostile import HOSTILE
from tests.render import canvas_reader, quizzes
from tests.render.reading import TextOf

QUIZ, MANIFEST = "two-layer-en/two-layer-en.xml", "imsmanifest.xml"
FAULTS = (
    (MANIFEST, "1.1.3", "1.1.1", "schemaversion"),
    (MANIFEST, "imsqti_xmlv1p2", "imsqti_xmlv2p1", "is of type"),
    (MANIFEST, "webcontent", "other", "is of type"),
    (MANIFEST, 'file href="images/', 'file href="pictures/', "lists pictures/.*, which is missing"),
    (MANIFEST, 'file href="images/', 'file href="pictures/', "does not list images/"),
    (MANIFEST, 'identifier="two-layer-en"', 'identifier="other"', "does not stand in a folder of its name"),
    (MANIFEST, 'identifier="file-1"', 'identifier="two-layer-en"', "share an identifier"),
    (MANIFEST, "</manifest>", "", "no XML"),
    (MANIFEST, "imscp_v1p1", "imscp_v1p2", "the root of the manifest is"),
    (QUIZ, "ims_qtiasiv1p2", "ims_qtiasiv1p3", "the root is|nothing is asked"),
    (QUIZ, 'title="It">', 'title=" ">', "no assessment with a title"),
    (QUIZ, "numerical_question", "essay_question", "asks for no number"),
    (QUIZ, "<fieldentry>0.5<", "<fieldentry>half<", "the points are 'half'"),
    (QUIZ, 'fibtype="Decimal"', 'fibtype="String"', "does not ask for one decimal"),
    (QUIZ, ">100<", ">50<", "0 conditions give the points"),
    (QUIZ, '<varequal respident="response1">6<', '<varequal respident="other">6<', "does not compare"),
    (QUIZ, '<varequal respident="response1">6<', '<varequal respident="response1">+6<', "not all numbers"),
    (QUIZ, '<varequal respident="response1">6<', '<varequal respident="response1">9<', "not in the middle"),
    (
        QUIZ,
        '<varequal respident="response1">6<',
        '<varequal respident="response1">5.995<',
        "not in the middle",
    ),
    (QUIZ, '<vargte respident="response1">5.9899<', '<vargte respident="response1">-1<', "zero would do"),
    (QUIZ, '<varequal respident="response1">6<', '<varequal respident="response1">0.00001<', "as zero"),
    (QUIZ, 'linkrefid="general_fb"', 'linkrefid="nothing"', "linked or there, not both"),
    (QUIZ, "two-layer-en-a-0-1", "two-layer-en-a-0-0", "is there twice"),
    (QUIZ, "costs", "&lt;b&gt;costs", "closes nothing|never closed"),
    (QUIZ, "costs", "&lt;svg&gt;&lt;/svg&gt;costs", "Canvas drops <svg>"),
    (QUIZ, "costs", "&lt;a onclick=1&gt;&lt;/a&gt;costs", "runs code"),
    (QUIZ, "alt=&#34;It&#34;", "alt=&#34;&#34;", "no alternative text"),
    (QUIZ, "%24IMS-CC-FILEBASE%24/images/", "data:", "is not in the zip"),
)


@pytest.fixture(scope="module")
def content(picture: Picture) -> bytes:
    return render_canvas(quizzes.quiz(picture))


def changed(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The zip with one of its files changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(stream, "w") as after:
        for info in before.infolist():
            data = before.read(info)
            after.writestr(info.filename, change(data) if info.filename == name else data)
    return stream.getvalue()


def test_is_sound_and_the_same_each_time(content: bytes, picture: Picture) -> None:
    assert lint_canvas(content) == []
    assert render_canvas(quizzes.quiz(picture)) == content


def test_one_item_for_each_gap(content: bytes) -> None:
    (quiz,) = canvas_reader.read(content)
    assert quiz.title == "It"
    task, *items = quiz.items
    assert (task.kind, task.points) == ("text_only_question", 0)
    assert {item.kind for item in items} == {"numerical_question"}
    assert [item.exact for item in items] == [6, Decimal("-0.25"), 0, 1200000]
    # A third as six digits; the rest as they are.
    assert [Fraction(item.points) for item in items] == [
        Fraction(1, 2),
        Fraction(1, 2),
        Fraction(333333, 10**6),
        2,
    ]


def test_items_are_graded_as_they_are_meant(content: bytes) -> None:
    first, second, zero, large = canvas_reader.read(content)[0].items[1:]
    assert all(first.grade(typed) for typed in ("6", "5.99", "6.01"))
    assert not any(first.grade(typed) for typed in ("5.98", "6.02", "-6", "0"))
    assert second.grade("-0.25")
    assert not second.grade("0.25")
    assert zero.grade("0")
    assert large.grade("1200000")


def test_what_canvas_rounds_away_costs_nothing(picture: Picture) -> None:
    """A number with more digits than four behind the point is right although the page cuts it."""
    question = quizzes.question(picture)
    grid = question.grids[0]
    narrow = replace(quizzes.gap("n", "0.0123456"), tolerance=Decimal("0.0000001"))
    quiz = Quiz("It", (replace(question, grids=(replace(grid, rows=((narrow,),)),)),))
    content = render_canvas(quiz)
    assert lint_canvas(content) == []
    (item,) = canvas_reader.read(content)[0].items[1:]
    assert item.grade("0.0123456")
    assert not item.grade("0.0125")


def test_the_question_shows_which_entry_is_asked_for(content: bytes) -> None:
    items = canvas_reader.read(content)[0].items[1:]
    words = [re.search(r'alttext="([^"]*)"', item.html) for item in items]
    shown = [word[1].replace("&amp;", "&") for word in words if word]
    name = "partial derivative of l with respect to W 0 equals 2 by 2 matrix, "
    last = "2.3 times 10 to the power of minus 16; end of matrix"
    asked, out = "boxed question mark end of box", "left out"
    assert shown[0] == f"{name}row 1: {asked}, {out}; row 2: {out}, {last}"
    assert shown[2] == f"{name}row 1: {out}, {out}; row 2: {asked}, {last}"
    assert shown[3] == f"l equals {asked}"


def test_mathematics_is_mathml_and_whole(content: bytes) -> None:
    quiz = canvas_reader.read(content)[0]
    task, solution = quiz.items[0].html, quiz.items[-1].general
    assert task.count('xmlns="http://www.w3.org/1998/Math/MathML"') == 3
    assert "\\(" not in task
    assert "⏟" in TextOf(solution).text  # the brace, which our own pages leave to their style sheet
    assert {item.general for item in quiz.items[:-1]} == {""}


def test_wrong_answers_are_named_beside_a_wrong_one(content: bytes) -> None:
    items = canvas_reader.read(content)[0].items
    shown = TextOf(items[1].incorrect).text
    assert shown == "6.5: It-6: the sign { } ~ # \\} is 50% off0: nothing"
    assert items[2].incorrect == ""


def test_pictures_are_files(content: bytes) -> None:
    files = canvas_reader.pictures(content)
    items = canvas_reader.read(content)[0].items
    sources = {canvas_reader.address(s) for i in items for s in TextOf(i.html).attributes.get("src", [])}
    assert sources == set(files)
    (png,) = files.values()
    assert Image.open(io.BytesIO(png)).width > 300
    assert b"<svg" not in content


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_text(text: str, picture: Picture) -> None:
    content = render_canvas(quizzes.quiz(picture, text))
    assert lint_canvas(content) == []
    (quiz,) = canvas_reader.read(content)
    shown = one_line(text)
    assert quiz.title == shown
    assert len(quiz.items) == 5
    page = TextOf(quiz.items[0].html)
    assert page.text.count(shown) == 2
    assert page.attributes["alt"] == [shown]
    assert set(page.elements) <= TextOf.HARMLESS
    assert TextOf(quiz.items[1].incorrect).text.startswith(f"6.5: {shown}-6: ")
    assert shown in TextOf(quiz.items[-1].general).text


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"), FAULTS, ids=[f"{f[1]} > {f[2]}"[:50] for f in FAULTS]
)
def test_the_lint_finds(name: str, old: str, new: str, fault: str, content: bytes) -> None:
    def change(data: bytes) -> bytes:
        assert old.encode() in data
        return data.replace(old.encode(), new.encode(), 1)

    found = lint_canvas(changed(content, name, change))
    assert any(re.search(fault, line) for line in found), found


def test_the_lint_finds_broken_packages(content: bytes) -> None:
    assert lint_canvas(b"no zip")[0].startswith("no zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        only = {name: archive.read(name) for name in archive.namelist()}
    for dropped, fault in ((MANIFEST, "imsmanifest.xml is missing"), (QUIZ, "which is missing")):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name in only.keys() - {dropped}:
                archive.writestr(name, only[name])
            archive.writestr("../up.png", b"")
        found = lint_canvas(stream.getvalue())
        assert any(fault in line for line in found), found
        assert "'../up.png' is no plain name of a file" in found


def test_no_byte_that_is_changed_breaks_the_lint(content: bytes) -> None:
    unpacked = [lint_canvas(content[:cut]) for cut in range(0, len(content), 997)]
    assert all(unpacked)
    for place in range(0, len(content), 37):
        torn = bytearray(content)
        torn[place] ^= 0b1010101
        assert isinstance(lint_canvas(bytes(torn)), list)


def test_several_questions_are_a_quiz_each(picture: Picture) -> None:
    names = ("ABC-1", "ABC-2")
    questions = [quizzes.question(picture, identifier=name) for name in names]
    together = render_canvas(Quiz("set", tuple(questions)))
    assert lint_canvas(together) == []
    assert [quiz.title for quiz in canvas_reader.read(together)] == ["set ABC-1", "set ABC-2"]
    joined = b"".join(join_canvas(render_canvas(Quiz("set", (question,))) for question in questions))
    assert lint_canvas(joined) == []
    assert len(canvas_reader.pictures(joined)) == 2
    assert [quiz.items for quiz in canvas_reader.read(joined)] == [
        quiz.items for quiz in canvas_reader.read(together)
    ]
