"""What Canvas would refuse or misread in a zip of QTI 1.2: a reader that shares nothing with the writer."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import unquote
from xml.etree import ElementTree

from derive.render.quiz.lint_html import HtmlLint

NEAREST = Decimal("1e-4")  # Canvas reads whatever is nearer to zero as zero
_QTI = "{http://www.imsglobal.org/xsd/ims_qtiasiv1p2}"
_PACKAGE = "{http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1}"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?")
_FOLDER = "$IMS-CC-FILEBASE$/"
_LARGEST = 2 * 10**9
_MANIFEST = "imsmanifest.xml"
# Torn, cut short, encrypted, or packed in a way that Python doesn't know.
_NO_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
_UNWANTED = ("svg", "canvas", "video", "audio")


def lint_canvas(content: bytes) -> list[str]:
    """Everything that is wrong with a file, a line each; empty where nothing is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _LARGEST:
                return [f"it unpacks to more than {_LARGEST // 10**6} MB"]
            if broken := archive.testzip():
                return [f"{broken} is broken"]
            parts = {name: archive.read(name) for name in archive.namelist()}
    except _NO_ZIP as error:
        return [f"no zip: {error}"]
    faults = [f"{name!r} is no plain name of a file" for name in parts if not _NAME.fullmatch(name)]
    if _MANIFEST not in parts:
        return [*faults, f"{_MANIFEST} is missing"]
    try:
        trees = {name: ElementTree.fromstring(data) for name, data in parts.items() if name.endswith(".xml")}
    except ElementTree.ParseError as error:
        return [*faults, f"no XML: {error}"]
    faults += _manifest(trees[_MANIFEST], set(parts))
    identifiers: list[str] = []
    shown: set[str] = set()
    for name, tree in trees.items():
        if name != _MANIFEST:
            reader = _Assessment(tree, set(parts))
            faults += [f"{name}: {fault}" for fault in reader.faults()]
            identifiers += [item.get("ident", "") for item in tree.iter(f"{_QTI}item")]
            shown |= reader.shown
    faults += [f"the item {one!r} is there twice" for one in set(identifiers) if identifiers.count(one) > 1]
    pictures = {name for name in parts if not name.endswith(".xml")}
    return faults + [f"the picture {name} is shown nowhere" for name in sorted(pictures - shown)]


def _manifest(root: ElementTree.Element, there: set[str]) -> Iterator[str]:
    if root.tag != f"{_PACKAGE}manifest":
        yield f"the root of the manifest is {root.tag}"
    if root.findtext(f"{_PACKAGE}metadata/{_PACKAGE}schemaversion") != "1.1.3":
        yield "the manifest's schemaversion is not 1.1.3"
    resources = list(root.iter(f"{_PACKAGE}resource"))
    names = [resource.get("identifier") for resource in resources]
    if len(names) != len(set(names)) or None in names:
        yield "resources of the manifest share an identifier, or have none"
    listed = []
    for resource in resources:
        files = [file.get("href", "") for file in resource.iter(f"{_PACKAGE}file")]
        listed += files
        kind = "imsqti_xmlv1p2" if files and files[0].endswith(".xml") else "webcontent"
        if resource.get("type") != kind:
            yield f"the resource of {files} is of type {resource.get('type')}, not {kind}"
        name = resource.get("identifier")
        if kind == "imsqti_xmlv1p2" and files != [f"{name}/{name}.xml"]:
            yield f"the quiz {name} does not stand in a folder of its name"
    yield from (f"the manifest lists {name}, which is missing" for name in set(listed) - there)
    yield from (f"the manifest does not list {name}" for name in there - set(listed) - {_MANIFEST})


class _Assessment:
    """One quiz of the zip."""

    def __init__(self, root: ElementTree.Element, there: set[str]) -> None:
        self.root, self.there = root, there
        self.shown: set[str] = set()

    def faults(self) -> Iterator[str]:
        """Everything that is wrong with it."""
        if self.root.tag != f"{_QTI}questestinterop":
            yield f"the root is {self.root.tag}"
        assessment = self.root.find(f"{_QTI}assessment")
        if assessment is None or not assessment.get("title", "").strip():
            yield "there is no assessment with a title"
        items = list(self.root.iter(f"{_QTI}item"))
        if not any(_field(item, "question_type") == "numerical_question" for item in items):
            yield "nothing is asked"
        for item in items:
            yield from (f"{item.get('ident')}: {fault}" for fault in self._item(item))

    def _item(self, item: ElementTree.Element) -> Iterator[str]:
        kind = _field(item, "question_type")
        if not _NUMBER.fullmatch(_field(item, "points_possible")):
            yield f"the points are {_field(item, 'points_possible')!r}"
        for text in item.iter(f"{_QTI}mattext"):
            if text.get("texttype") != "text/html" or not (text.text or "").strip():
                yield "a text is empty, or no HTML"
            yield from self._html(text.text or "")
        if kind == "numerical_question":
            yield from _numerical(item)
        elif kind != "text_only_question":
            yield f"the type {kind!r} asks for no number"

    def _html(self, html: str) -> Iterator[str]:
        lint = HtmlLint(html)
        yield from lint.faults
        yield from (f"Canvas drops <{tag}>" for tag in _UNWANTED if tag in lint.elements)
        for source in map(unquote, lint.sources):
            name = source.removeprefix(_FOLDER)
            self.shown.add(name)
            if name == source or name not in self.there:
                yield f"the picture {source[:60]} is not in the zip"


def _field(item: ElementTree.Element, label: str) -> str:
    for field in item.iter(f"{_QTI}qtimetadatafield"):
        if field.findtext(f"{_QTI}fieldlabel") == label:
            return field.findtext(f"{_QTI}fieldentry") or ""
    return ""


def _numerical(item: ElementTree.Element) -> Iterator[str]:
    asked = [response.get("ident") for response in item.iter(f"{_QTI}response_str")]
    fibs = [fib.get("fibtype") for fib in item.iter(f"{_QTI}render_fib")]
    if len(asked) != 1 or fibs != ["Decimal"]:
        yield "it does not ask for one decimal"
    scoring = [
        condition
        for condition in item.iter(f"{_QTI}respcondition")
        if (condition.findtext(f"{_QTI}setvar") or "") == "100"
    ]
    if len(scoring) != 1:
        yield f"{len(scoring)} conditions give the points"
        return
    found = {tag: list(scoring[0].iter(_QTI + tag)) for tag in ("varequal", "vargte", "varlte")}
    if any(len(elements) != 1 or elements[0].get("respident") not in asked for elements in found.values()):
        yield "the condition does not compare the answer with a number and the range around it"
        return
    texts = {tag: elements[0].text or "" for tag, elements in found.items()}
    if not all(map(_NUMBER.fullmatch, texts.values())):
        yield f"{texts} are not all numbers"
        return
    yield from _range(*(Decimal(texts[tag]) for tag in ("vargte", "varequal", "varlte")))
    feedback = {part.get("ident") for part in item.iter(f"{_QTI}itemfeedback")}
    linked = {link.get("linkrefid") for link in item.iter(f"{_QTI}displayfeedback")}
    yield from (f"the feedback {name} is linked or there, not both" for name in feedback ^ linked)


def _range(low: Decimal, exact: Decimal, high: Decimal) -> Iterator[str]:
    if exact != 0 and abs(exact) < NEAREST:
        yield f"Canvas reads {exact} as zero"
    if exact != 0 and low <= 0 <= high:
        yield f"zero would do for {exact}"
    if not low < exact < high or high - exact != exact - low:
        yield f"{exact} is not in the middle between {low} and {high}"
