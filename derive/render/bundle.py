"""Several PDF documents as one, for whoever prints them all."""

from collections.abc import Iterable
from hashlib import sha256
from io import BytesIO

import pikepdf


def bundle(documents: Iterable[bytes], title: str) -> bytes:
    """One PDF with the pages of all documents, in their order; the same bytes for the same documents.

    Fonts that several documents have embedded alike are kept once. What only screens and readers need (tags,
    outlines) is left out: the documents themselves have it.

    Args:
        documents: Each a whole PDF.
        title: Of the bundle.
    """
    whole = pikepdf.new()
    embedded: dict[bytes, pikepdf.Object] = {}
    for content in documents:
        with pikepdf.open(BytesIO(content)) as document:
            first = len(whole.pages)
            whole.pages.extend(document.pages)
        for page in whole.pages[first:]:
            for entry in ("/StructParents", "/Tabs"):
                if entry in page.obj:
                    del page.obj[entry]
            _share_fonts(page.obj, embedded)
    whole.docinfo["/Title"] = title
    written = BytesIO()
    whole.save(written, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return written.getvalue()


def _share_fonts(page: pikepdf.Object, embedded: dict[bytes, pikepdf.Object]) -> None:
    """Put the first of several equal font programs in the place of all of them."""
    for font in page.Resources.get("/Font", {}).values():
        for descendant in font.get("/DescendantFonts", []):
            descriptor = descendant.FontDescriptor
            for program in ("/FontFile2", "/FontFile3"):
                if program in descriptor:
                    digest = sha256(descriptor[program].read_raw_bytes()).digest()
                    descriptor[program] = embedded.setdefault(digest, descriptor[program])
