"""Canvas in small: reads a QTI zip as its importer does, rounds what is typed as its page does, and grades.

Written from the behaviour of Canvas's `qti_exporter` and of its page for taking quizzes, and from nothing
of this program.
"""

import io
import zipfile
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import unquote
from xml.etree import ElementTree

_Q = "{http://www.imsglobal.org/xsd/ims_qtiasiv1p2}"
_M = "{http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1}"


@dataclass(frozen=True)
class Item:
    identifier: str
    kind: str
    points: Decimal
    html: str
    exact: Decimal
    margin: Decimal
    incorrect: str
    general: str

    def grade(self, typed: str) -> bool:
        """Whether it is right. The page keeps four decimals of a number."""
        number = Decimal(typed).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        return self.exact - self.margin <= number <= self.exact + self.margin


@dataclass(frozen=True)
class Quiz:
    title: str
    items: tuple[Item, ...]


def read(content: bytes) -> list[Quiz]:
    """The quizzes that the manifest of a zip lists."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        manifest = ElementTree.fromstring(archive.read("imsmanifest.xml"))
        found = []
        for resource in manifest.iter(f"{_M}resource"):
            if resource.get("type") == "imsqti_xmlv1p2":
                file = resource.find(f"{_M}file")
                assert file is not None
                found.append(_quiz(ElementTree.fromstring(archive.read(file.get("href", "")))))
    return found


def pictures(content: bytes) -> dict[str, bytes]:
    """Every file but the XML, by the address that HTML gives it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if not name.endswith(".xml")]
        return {f"$IMS-CC-FILEBASE$/{name}": archive.read(name) for name in names}


def address(source: str) -> str:
    """The address of an image, decoded."""
    return unquote(source)


def _quiz(root: ElementTree.Element) -> Quiz:
    assessment = root.find(f"{_Q}assessment")
    assert assessment is not None
    return Quiz(assessment.get("title", ""), tuple(map(_item, assessment.iter(f"{_Q}item"))))


def _item(item: ElementTree.Element) -> Item:
    fields = {
        field.findtext(f"{_Q}fieldlabel"): field.findtext(f"{_Q}fieldentry") or ""
        for field in item.iter(f"{_Q}qtimetadatafield")
    }
    exact = margin = Decimal(0)
    for condition in item.iter(f"{_Q}respcondition"):
        if condition.findtext(f"{_Q}setvar") == "100":
            exact = Decimal(condition.findtext(f".//{_Q}varequal") or "nan")
            margin = Decimal(condition.findtext(f".//{_Q}varlte") or "nan") - exact
    feedback = {
        part.get("ident"): part.findtext(f".//{_Q}mattext") or "" for part in item.iter(f"{_Q}itemfeedback")
    }
    return Item(
        identifier=item.get("ident", ""),
        kind=fields["question_type"],
        points=Decimal(fields["points_possible"]),
        html=item.findtext(f"{_Q}presentation/{_Q}material/{_Q}mattext") or "",
        exact=exact,
        margin=margin,
        incorrect=feedback.get("general_incorrect_fb", ""),
        general=feedback.get("general_fb", ""),
    )
