"""Moodle's question bank in small: reads an XML file as its importer does, and grades what is typed.

Written from the behaviour of Moodle's importer and of its types multianswer and numerical, and from nothing
of this program: gaps are found one after the other in the text, comments are decoded, and of a gap's
answers the first that is near enough counts.
"""

import html
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from xml.etree import ElementTree

_VALUE = r"-?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?"
# One answer: its worth, itself up to a sign that ends it, and a comment up to one that ends that.
_ONE = r"(?:(?P<right>=)|%(?P<share>-?[0-9]+(?:[.,][0-9]*)?)%)?"
_ONE += r"(?P<answer>.+?)(?<!\\)(?<!&)(?<!&amp;)(?=[~#}]|$)"
_ONE += r"(?:#(?P<comment>.*?)(?<!\\)(?=[~}]|$))?"
_ANY = re.sub(r"\?P<\w+>", "?:", _ONE)
_GAP = re.compile(rf"\{{(?P<weight>[0-9]*):(?P<kind>[A-Z_]+):(?P<answers>{_ANY}(?:~{_ANY})*)\}}", re.DOTALL)
_NEXT = re.compile(rf"~?{_ONE}", re.DOTALL)
_NUMBER = re.compile(rf"(?P<value>{_VALUE})(?::(?P<tolerance>{_VALUE}))?")


@dataclass(frozen=True)
class Answer:
    value: Decimal
    tolerance: Decimal
    share: Fraction
    comment: str


@dataclass(frozen=True)
class Gap:
    weight: int
    answers: tuple[Answer, ...]

    def grade(self, typed: str) -> tuple[Fraction, str]:
        """The share of the gap's points, and the comment that the student sees."""
        try:
            number = Decimal(typed.strip().replace(",", "."))
        except InvalidOperation:
            return Fraction(0), ""
        for answer in self.answers:
            if abs(number - answer.value) <= answer.tolerance:
                return answer.share, answer.comment
        return Fraction(0), ""


@dataclass(frozen=True)
class Question:
    name: str
    category: str
    text: str  # with {#1}, {#2} ... where the gaps were
    feedback: str
    idnumber: str
    gaps: tuple[Gap, ...]
    files: dict[str, str]

    @property
    def mark(self) -> int:
        return sum(gap.weight for gap in self.gaps)


def read(content: bytes) -> list[Question]:
    """The questions of a file, each in its category."""
    found, category = [], ""
    for element in ElementTree.fromstring(content):
        if element.get("type") == "category":
            category = element.findtext("category/text") or ""
        else:
            found.append(_question(element, category))
    return found


def levels(category: str) -> list[str]:
    """The names of nested categories, as Moodle splits a path: two slashes are one in a name."""
    return [part.strip().replace("//", "/") for part in re.split("(?<!/)/(?!/)", category)]


def _question(element: ElementTree.Element, category: str) -> Question:
    assert element.get("type") == "cloze"
    text = element.findtext("questiontext/text") or ""
    gaps: list[Gap] = []
    while match := _GAP.search(text):
        assert match["kind"] in ("NUMERICAL", "NM"), match[0]
        gaps.append(Gap(int(match["weight"] or 1), tuple(_answers(match["answers"]))))
        text = f"{text[: match.start()]}{{#{len(gaps)}}}{text[match.end() :]}"
    files = {file.get("name", ""): file.text or "" for file in element.iter("file")}
    return Question(
        name=element.findtext("name/text") or "",
        category=category,
        text=text,
        feedback=element.findtext("generalfeedback/text") or "",
        idnumber=element.findtext("idnumber") or "",
        gaps=tuple(gaps),
        files=files,
    )


def _answers(rest: str) -> list[Answer]:
    found = []
    while match := _NEXT.match(rest):
        number = _NUMBER.fullmatch(match["answer"])
        assert number, match["answer"]
        share = Fraction(1) if match["right"] else Fraction(match["share"] or 0) / 100
        comment = html.unescape(match["comment"] or "").replace("\\}", "}").replace("\\#", "#")
        tolerance = Decimal(number["tolerance"] or 0)
        found.append(Answer(Decimal(number["value"]), tolerance, share, comment))
        rest = rest[match.end() :]
    assert not rest, rest
    return found
