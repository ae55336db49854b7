"""Readers for what the formats wrote."""

import re
import shutil
import subprocess
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def pdf_text(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], str]:
    """The text of a PDF as pdftotext reads it; form feeds part the pages."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")

    def read(pdf: bytes) -> str:
        path = tmp_path_factory.mktemp("pdf") / "page.pdf"
        path.write_bytes(pdf)
        return subprocess.run(
            ["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True
        ).stdout.decode()

    return read


@pytest.fixture(scope="session")
def squeeze() -> Callable[[str], str]:
    """Text without white space, and with ligatures and quotation marks as they were typed."""

    def without_space(text: str) -> str:
        return re.sub(r"[\s\u200b\u00ad]+", "", text)

    return without_space
