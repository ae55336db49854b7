"""What PDF/UA-1 (ISO 14289-1) asks of a file, as far as a program can tell: a reader of our own.

It shares nothing with the writer: it reads the content streams and the tree of tags with pikepdf, and holds
one against the other.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pikepdf

PDF_UA = "{http://www.aiim.org/pdfua/ns/id/}"
DUBLIN = "{http://purl.org/dc/elements/1.1/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
PAINTED = {
    "Tj", "TJ", "'", '"', "S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh", "Do", "INLINE IMAGE",
}  # fmt: skip
_STANDARD = """
Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6
L LI Lbl LBody Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby
Warichu Figure Formula Form
"""
STANDARD = frozenset(_STANDARD.split())
CHILDREN = {
    "Table": {"TR", "THead", "TBody", "TFoot", "Caption"},
    "THead": {"TR"},
    "TBody": {"TR"},
    "TFoot": {"TR"},
    "TR": {"TH", "TD"},
    "L": {"LI", "L", "Caption"},
    "LI": {"Lbl", "LBody"},
}
PARENTS = {
    "TR": {"Table", "THead", "TBody", "TFoot"},
    "TH": {"TR"},
    "TD": {"TR"},
    "THead": {"Table"},
    "TBody": {"Table"},
    "LI": {"L"},
    "LBody": {"LI"},
}


def faults(content: bytes, language: str) -> list[str]:
    """Everything that is wrong with a file, a line each; empty where nothing is."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        if "/StructTreeRoot" not in pdf.Root:
            return ["the file has no tags"]
        return [*_catalog(pdf, language), *_Tree(pdf).faults(), *_fonts(pdf), *_annotations(pdf)]


def alternatives(content: bytes, kind: str) -> list[str]:
    """The alternative texts of all elements of a kind, in reading order."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return [
            str(element.get("/Alt", "")) for element in _Tree(pdf).elements if str(element.S) == f"/{kind}"
        ]


def _catalog(pdf: pikepdf.Pdf, language: str) -> Iterator[str]:
    root: Any = pdf.Root
    if str(root.get("/Lang", "")) != language:
        yield f"the language is {root.get('/Lang')}"
    marks = root.get("/MarkInfo", {})
    if not marks.get("/Marked") or marks.get("/Suspects"):
        yield "the tags are not vouched for"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
        yield "a viewer shows the file's name instead of its title"
    metadata = ElementTree.fromstring(root.Metadata.read_bytes()) if "/Metadata" in root else None
    if metadata is None or metadata.findtext(f".//{PDF_UA}part") != "1":
        yield "it doesn't say that it is PDF/UA-1"
    if metadata is None or not (metadata.findtext(f".//{DUBLIN}title//{RDF}li") or "").strip():
        yield "it has no title"
    if pdf.is_encrypted:
        yield "it is encrypted"


class _Tree:
    """The tree of tags, beside the marks in the content."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self.pdf = pdf
        self.root: Any = pdf.Root.StructTreeRoot
        self.roles = {str(key): str(value) for key, value in self.root.get("/RoleMap", {}).items()}
        self.elements: list[Any] = []
        self.held: Counter[tuple[Any, int]] = Counter()  # page and number of all marked content that is held
        self.wrong: list[str] = []
        for child in _kids(self.root):
            self._walk(child, self.root, None)

    def faults(self) -> Iterator[str]:
        yield from self.wrong
        yield from self._headings()
        yield from (fault for element in self.elements for fault in self._element(element))
        parents = dict(_numbers(self.root.ParentTree))
        for page in self.pdf.pages:
            yield from self._page(page, parents)

    def role(self, element: Any) -> str:
        name = str(element.S)
        return self.roles.get(name, name).removeprefix("/")

    def _walk(self, element: Any, parent: Any, page: Any) -> None:
        page = element.get("/Pg", page)
        self.elements.append(element)
        if element.P.objgen != parent.objgen:
            self.wrong.append(f"{element.S} names another parent than it has")
        for child in _kids(element):
            if isinstance(child, int):
                self.held[page.objgen, child] += 1
            elif "/S" in child:
                self._walk(child, element, page)
            elif "/MCID" in child:
                self.held[child.get("/Pg", page).objgen, int(child.MCID)] += 1

    def _headings(self) -> Iterator[str]:
        last = 0
        for element in self.elements:
            if match := re.fullmatch(r"H(\d)", self.role(element)):
                level = int(match[1])
                if level > last + 1:
                    yield f"a heading of level {level} after one of level {last}"
                last = level

    def _element(self, element: Any) -> Iterator[str]:
        role = self.role(element)
        kids = [child for child in _kids(element) if not isinstance(child, int) and "/S" in child]
        if role not in STANDARD:
            yield f"{role} is no standard type"
        parent = self.role(element.P) if "/S" in element.P else ""
        if parent not in PARENTS.get(role, {parent}):
            yield f"{role} inside {parent}"
        if role in CHILDREN and (strays := {self.role(child) for child in kids} - CHILDREN[role]):
            yield f"{role} holds {strays}"
        if role in ("Figure", "Formula"):
            if not str(element.get("/Alt", "")).strip():
                yield f"a {role} without alternative text"
            if not _kids(element):
                yield f"a {role} ({element.get('/Alt')}) without content"
        if role == "Table":
            yield from self._table(element)
        if re.fullmatch(r"H\d", role) and not _kids(element):
            yield "an empty heading"

    def _table(self, table: Any) -> Iterator[str]:
        rows = [element for element in self._below(table) if self.role(element) == "TR"]
        widths = {sum(int(_attribute(cell, "/ColSpan", 1)) for cell in _kids(row)) for row in rows}
        if len(widths) != 1:
            yield f"a table whose rows have {sorted(widths)} cells"
        cells = [cell for row in rows for cell in _kids(row)]
        heads = [cell for cell in cells if self.role(cell) == "TH"]
        names = {str(head.ID) for head in heads if "/ID" in head}
        if not heads:
            yield "a table without header cells"
        if any(str(_attribute(head, "/Scope", "")) not in ("/Column", "/Row", "/Both") for head in heads):
            yield "a header cell that doesn't say of what"
        if any(not _kids(head) for head in heads):
            yield "an empty header cell"
        if strays := {str(name) for cell in cells for name in _attribute(cell, "/Headers", ())} - names:
            yield f"cells name headers that their table doesn't have: {sorted(strays)}"

    def _below(self, element: Any) -> Iterator[Any]:
        for child in _kids(element):
            if not isinstance(child, int) and "/S" in child:
                yield child
                yield from self._below(child)

    def _page(self, page: pikepdf.Page, parents: dict[int, Any]) -> Iterator[str]:
        number = page.index + 1
        if page.obj.get("/Tabs") != pikepdf.Name.S:
            yield f"page {number}: the order of tabs is not that of the structure"
        own = parents.get(int(page.obj.get("/StructParents", -1)))
        if own is None:
            yield f"page {number} is not in the tree of parents"
            return
        seen: set[int] = set()
        for operator, artifact, marked in _painted(page):
            if artifact == (marked is not None):
                what = "both tagged and" if artifact else "neither tagged nor"
                yield f"page {number}: {operator} is {what} an artifact"
            if marked is not None:
                seen.add(marked)
        for marked in seen:
            holders = self.held[page.obj.objgen, marked]
            if holders != 1:
                yield f"page {number}: content {marked} is held by {holders} elements"
            elif marked not in [child for child in _kids(own[marked]) if isinstance(child, int)]:
                yield f"page {number}: content {marked} has another element for a parent than holds it"


def _painted(page: pikepdf.Page) -> Iterator[tuple[str, bool, int | None]]:
    """Everything that is painted: by which operator, whether as an artifact, and in which marked content."""
    stack: list[tuple[bool, int | None]] = []
    instructions: Any = pikepdf.parse_content_stream(page)
    for operands, operator in instructions:
        name = str(operator)
        if name in ("BDC", "BMC"):
            properties = operands[1] if len(operands) > 1 else {}
            if isinstance(properties, pikepdf.Name):
                properties = page.obj.Resources.Properties[properties]
            marked = int(properties["/MCID"]) if "/MCID" in properties else None
            stack.append((str(operands[0]) == "/Artifact", marked))
        elif name == "EMC":
            stack.pop()
        elif name in PAINTED:
            marks = [marked for _, marked in stack if marked is not None]
            yield name, any(artifact for artifact, _ in stack), marks[-1] if marks else None
    assert not stack


def _kids(element: Any) -> list[Any]:
    kids = element.get("/K", [])
    return list(kids) if isinstance(kids, pikepdf.Array) else [kids]


def _attribute(element: Any, name: str, default: Any) -> Any:
    attributes = element.get("/A", [])
    for one in attributes if isinstance(attributes, pikepdf.Array) else [attributes]:
        if name in one:
            return one[name]
    return default


def _numbers(tree: Any) -> Iterator[tuple[int, Any]]:
    for kid in tree.get("/Kids", []):
        yield from _numbers(kid)
    entries = list(tree.get("/Nums", []))
    yield from zip(map(int, entries[::2]), entries[1::2], strict=True)


def _fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    for thing in pdf.objects:
        if not isinstance(thing, pikepdf.Dictionary) or thing.get("/Type") != pikepdf.Name.Font:
            continue
        descriptor = thing.get("/FontDescriptor", {})
        is_composite = thing.get("/Subtype") == pikepdf.Name.Type0
        if not is_composite and not {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.keys()):
            yield f"the font {thing.get('/BaseFont')} is not embedded"
        if is_composite and "/ToUnicode" not in thing:
            yield f"the font {thing.get('/BaseFont')} doesn't say which characters its glyphs are"


def _annotations(pdf: pikepdf.Pdf) -> Iterator[str]:
    for page in pdf.pages:
        for annotation in page.obj.get("/Annots", []):
            if "/StructParent" not in annotation or not str(annotation.get("/Contents", "")):
                yield f"page {page.index + 1}: an annotation without words or tag"
