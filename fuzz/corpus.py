"""Where fuzzing starts from: files that are right, files that are known to be hard, and pieces to put in."""

import json
from collections.abc import Mapping
from functools import cache

from derive import __version__, files
from derive.classroom import manifest
from derive.classroom.form_ids import form_id
from derive.classroom.frozen import Frozen, numbers
from derive.classroom.manifest import Head, Pages, Source
from derive.exercise import schema
from derive.network import build

# Numbers that ask for trouble: too long, too large, too small, no number at all.
NUMBERS = (
    "0", "-0", "1", "-3", "0.25", "1/3", "-7/2", "1e-3", "2.5e6", "1e400", "1e-400", "1e401", "1e999999",
    "-1e-999999", "1e99999999999999999999", "1/0", "0/0", "1/" + "9" * 150, "9" * 199, "9" * 201,
    "." + "3" * 190, "1" * 3_000, "nan", "inf", "-.inf", ".NaN", "1_000", "0x1F", "0o7", "1:30", "1,5",
    "1.2.3", "--1", "+-1", "1e", "e5", ".", "-", "\N{MINUS SIGN}2", "\N{FULLWIDTH DIGIT ONE}",
    "\N{ARABIC-INDIC DIGIT THREE}", "\N{VULGAR FRACTION ONE HALF}",
    "\N{SUPERSCRIPT TWO}", "1 / 3", "1/-3", "True", "null", "~", "=1+1", "1 000", "1.", "00012", "1/3/5",
)  # fmt: skip
# Text that means something to one of the formats, to a terminal, to a spreadsheet, or to a reader.
TEXTS = (
    "<script>alert(1)</script>", r"\input{/etc/passwd}", '#read("/etc/passwd")', "{{ config }}", "]]>", ":::",
    "=HYPERLINK(1)", "$x", "\0", "\x1b[31m", "\x7f", "\u202e", "\u200b", "\ufeff", "\ufffe", "\ud800",
    "\U0010ffff", "\U0001f642", "한글", "e\u0301", "\u2028", "\x85", "a" * 5000, "../../x", "CON", "'", '"',
    "`", "\\", "%s%n", "{0.__class__}", "&amp;", "-- ", "!!python/object/apply:os.system [id]", "&a", "*a",
    "<<: *a", "? ", "|", ">", "@", "%YAML 9.9", "---", "...", "\t", "\r", "\r\n", "\n\n\n", "# ", ": ", "[",
    "{", "]", "}", ",",
)  # fmt: skip
_BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)
HARD = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xff\xfei\0d\0", "id: 가".encode("cp949"), b"\x80\x81",
    _BOMB.encode(), b"[" * 10_000, b"{" * 10_000, b"- " * 5_000, b"a: " * 5_000, b"? " * 3_000,
    b"&a [*a]", b"&a {*a : *a}", b"!!binary aGk=", b"%TAG ! !\n---\na", b"'" + b"a" * 100_001,
    b"a: |\n" + b" x\n" * 10_000,
    b"a: >9\n x", b"\x00" * 100, b"\r" * 1000, b"\n" * 100_000, b'"\\x00"', b'"\\ud800"', b'"\\U00110000"',
    b"9" * 1_000_001, b"x," * 50_000, b'"', b'"' * 9_999, b"id\n" + b"1\n" * 5_000, b"{}", b"[]", b"null",
    b"1",
    b'{"a":' * 2_000, b"[" * 150 + b"]" * 150, b'{"a":1e999999}', b'{"a":NaN}', b'{"a":"\\ud800"}',
)  # fmt: skip


def manifest_of(name: str, count: int) -> str:
    """A manifest of a shipped exercise in which everybody has its numbers."""
    text = next(path for path in files.example_exercises() if path.stem == name).read_text("utf-8")
    own = numbers(build(schema.load(text, f"{name}.yaml")))
    head = Head(
        program=__version__,
        exercise=Source(file=f"{name}.yaml", text=text),
        name="midterm",
        seed=1,
        students=True,
        digits=40,
        pages=Pages(languages=["ko"], formats=["pdf"], paper="a4"),
        quantities=["W_0", "loss"],
        diagnosed=[],
        silent=[],
    )
    ids = [form_id(bytes([n]) * 32, set()) for n in range(count)]
    variants = [
        Frozen(id=one, student=str(n), fields={"name": "김"}, difficulty=7, numbers=own)
        for n, one in enumerate(ids, 1)
    ]
    return "".join(manifest.write(head, variants))


def _answers() -> tuple[bytes, ...]:
    long = 'student,quantity,index,value\n1,h,,"[6, -3]"\n1,W_0,0 0,24\n2,W_0[0;1],,1/3\n3,loss,,"0,018"\n'
    wide = "student;h[0];h[1];W_0;loss\n1;6;-3;[[24, 0], [6, 0]];0.018\n2;6;;(1 2; 3 4);1.8e-2\n3;;;;\n"
    by_student = {"1": {"h": [6, -3], "W_0": [[24, 0], [6, 0]], "loss": 0.018}, "2": {"h": "6 -3"}}
    records = [{"student": "1", "quantity": "h", "index": [0, 1], "value": -3}, {"form": "X", "answers": {}}]
    nested = {"1": {"answers": {"h": [[6], [-3]]}, "name": "김"}, "4": None}
    return (
        long.encode(),
        wide.encode("utf-8-sig"),
        wide.encode("utf-16"),
        *(json.dumps(one, ensure_ascii=False).encode() for one in (by_student, records, nested)),
    )


@cache
def seeds() -> Mapping[str, tuple[bytes, ...]]:
    """Files that are right, by the target that reads them."""
    exercises = tuple(path.read_bytes() for path in files.example_exercises())
    rosters = (
        "id,name,section\n1,김민준,1\n2,이서연,2\n".encode(),
        'registration;name;id\r\n1;"Müller; Anna";a\r\n2;x;b\r\n'.encode("utf-8-sig"),
        "학번\t이름\n1\t가\n".encode(),
    )
    manifests = tuple(manifest_of(name, 2).encode() for name in ("two-layer", "logistic-regression", "batch"))
    return {
        "exercise": exercises,
        "roster": rosters,
        "manifest": manifests,
        "answers": _answers(),
        "whole": exercises,
    }
