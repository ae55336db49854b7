"""Several PDF documents as one, for whoever prints them all or reads them one after the other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, OutlineItem, Pdf

_PDF_UA = "http://www.aiim.org/pdfua/ns/id/"
_OF_TABLES = ("/THead", "/TBody", "/TFoot", "/TR", "/TH", "/TD")


class BrokenPdfError(ValueError):
    """A document is no PDF; the message is its name."""


@dataclass
class _Structure:
    """What the tags of all documents together are made of (ISO 32000-1, 14.7)."""

    parts: list[Object] = field(default_factory=list)
    parents: list[Object] = field(default_factory=list)
    headers: dict[str, Object] = field(default_factory=dict)
    roles: dict[str, Object] = field(default_factory=dict)


def bundle(documents: Iterable[tuple[str, bytes]], title: str, language: str) -> bytes:
    """One tagged PDF/UA-1 with the pages of all documents in their order; same documents, same bytes.

    Each document is a part of the whole with its own tags, and has a bookmark. Fonts that several documents
    have embedded alike are kept once.

    Args:
        documents: Each with its name and a whole PDF, as `render_pdf` writes it.
        title: Of the bundle.
        language: Of all of them.

    Raises:
        BrokenPdfError: One of them can't be read.
    """
    whole = pikepdf.new()
    embedded: dict[bytes, Object] = {}
    structure = _Structure()
    bookmarks: list[OutlineItem] = []
    for name, content in documents:
        first = len(whole.pages)
        try:
            with pikepdf.open(BytesIO(content)) as document:
                whole.pages.extend(document.pages)
                _add_tags(structure, whole, document, first)
        except (pikepdf.PdfError, AttributeError):  # the latter where tags are gone
            raise BrokenPdfError(name) from None
        for page in whole.pages[first:]:
            _share_fonts(page.obj, embedded)
        bookmarks.append(OutlineItem(name, first))
    with whole.open_outline() as outline:
        outline.root.extend(bookmarks)
    _close(whole, structure, title, language)
    written = BytesIO()
    whole.save(written, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return written.getvalue()


def _add_tags(structure: _Structure, whole: Pdf, document: Pdf, first: int) -> None:
    """Take a document's tags over; its pages, from number `first` on, are there already."""
    root = whole.copy_foreign(document.Root.StructTreeRoot)
    prefix = f"D{len(structure.parts)}"
    tables = [_table_of(element) for element in _values(root.get("/IDTree"))]
    for table in {table.objgen: table for table in tables}.values():
        _rename(table, prefix)
    structure.headers |= {str(element.ID): element for element in _values(root.get("/IDTree"))}
    structure.roles |= dict(root.get("/RoleMap", Dictionary()).items())
    parents = dict(_pairs(root.ParentTree))
    for page in whole.pages[first:]:
        number = page.obj.StructParents
        page.obj.StructParents = len(structure.parents)
        structure.parents.append(parents[int(number)])
    for part in root.K:
        part.S = Name.Part
        structure.parts.append(part)


def _pairs(tree: Object) -> Iterator[tuple[int, Object]]:
    """Keys and values of a number tree."""
    for kid in tree.get("/Kids", ()):
        yield from _pairs(kid)
    entries = list(tree.get("/Nums", ()))
    yield from zip(map(int, entries[::2]), entries[1::2], strict=True)


def _values(tree: Object | None) -> Iterator[Object]:
    """Values of a name tree."""
    if tree is not None:
        for kid in tree.get("/Kids", ()):
            yield from _values(kid)
        yield from list(tree.get("/Names", ()))[1::2]


def _table_of(element: Object) -> Object:
    while Name.Table != element.S:
        element = element.P
    return element


def _rename(element: Object, prefix: str) -> None:
    """Put `prefix` before the names of a table's header cells: every document begins to count at the same."""
    if "/ID" in element:
        element.ID = pikepdf.String(prefix + str(element.ID))
    for attributes in element.get("/A", ()):
        if "/Headers" in attributes:
            attributes.Headers = Array([pikepdf.String(prefix + str(name)) for name in attributes.Headers])
    for child in element.get("/K", ()):
        if isinstance(child, Dictionary) and str(child.get("/S")) in _OF_TABLES:
            _rename(child, prefix)


def _close(whole: Pdf, structure: _Structure, title: str, language: str) -> None:
    """Write the tree of tags, and what a reader is told about the whole."""
    element = Dictionary(Type=Name.StructElem, S=Name.Document, K=Array(structure.parts))
    document = whole.make_indirect(element)
    names = [part for name, header in sorted(structure.headers.items()) for part in (name, header)]
    numbers = [part for entry in enumerate(structure.parents) for part in entry]
    root = whole.make_indirect(
        Dictionary(
            Type=Name.StructTreeRoot,
            K=Array([document]),
            IDTree=Dictionary(Names=Array(names)),
            ParentTree=Dictionary(Nums=Array(numbers)),
            ParentTreeNextKey=len(structure.parents),
            RoleMap=Dictionary(structure.roles),
        )
    )
    document.P = root
    for part in structure.parts:
        part.P = document
    whole.Root.StructTreeRoot = root
    whole.Root.MarkInfo = Dictionary(Marked=True, Suspects=False)
    whole.Root.Lang = pikepdf.String(language)
    whole.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    with whole.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata.register_xml_namespace(_PDF_UA, "pdfuaid")
        metadata["dc:title"] = title
        metadata["dc:language"] = [language]
        metadata["pdfuaid:part"] = "1"


def _share_fonts(page: Object, embedded: dict[bytes, Object]) -> None:
    """Put the first of several equal font programs in the place of all of them."""
    for font in page.Resources.get("/Font", {}).values():
        for descendant in font.get("/DescendantFonts", []):
            descriptor = descendant.FontDescriptor
            for program in ("/FontFile2", "/FontFile3"):
                if program in descriptor:
                    digest = sha256(descriptor[program].read_raw_bytes()).digest()
                    descriptor[program] = embedded.setdefault(digest, descriptor[program])
