"""What Moodle would refuse or misread in an XML file of cloze questions.

A reader of its own, which shares nothing with the writer: it follows Moodle's grammar of gaps and reports
whatever leaves it, so that a file that was edited by hand can be checked too.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree

from derive.render.quiz.lint_html import HtmlLint

NEAREST = Decimal("1e-4")  # to zero that an answer may be: who answers 0 means something else
_GAP = re.compile(r"\{([0-9]*):([A-Z_]+):")
_PLACE = re.compile(r"\{#[0-9]+\}|\{[^{}:]{0,9}:[A-Z_]+:")
_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]-?[0-9]+)?"
_ALTERNATIVE = re.compile(rf"(=|%([0-9]+)%)({_NUMBER})(?::({_NUMBER}))?(?:#(.*))?", re.DOTALL)
_PATH = re.compile(r"\$\w+\$(/.*[^/].*)+", re.DOTALL)
_PNG = b"\x89PNG\r\n\x1a\n"
_FOLDER = "@@PLUGINFILE@@/"


def lint_moodle(content: bytes) -> list[str]:
    """Everything that is wrong with a file, a line each; empty where nothing is."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return ["the file defines entities"]
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        return [f"no XML: {error}"]
    if root.tag != "quiz":
        return [f"the root is <{root.tag}>, not <quiz>"]
    questions = root.findall("question")
    faults = _categories(questions)
    clozes = [question for question in questions if question.get("type") != "category"]
    if not clozes:
        faults.append("there is no question")
    numbers = [question.findtext("idnumber") or "" for question in clozes]
    faults += [f"the id number {n!r} is given twice" for n in set(numbers) if n and numbers.count(n) > 1]
    for count, question in enumerate(clozes, 1):
        faults += [f"question {count}: {fault}" for fault in _question(question)]
    return faults


def _categories(questions: list[ElementTree.Element]) -> list[str]:
    if not questions or questions[0].get("type") != "category":
        return ["the first question is no category"]
    paths = [q.findtext("category/text") or "" for q in questions if q.get("type") == "category"]
    return [f"{path!r} is no path of a category" for path in paths if not _PATH.fullmatch(path)]


def _question(question: ElementTree.Element) -> Iterator[str]:
    if question.get("type") != "cloze":
        yield f"the type is {question.get('type')}, not cloze"
        return
    if not (question.findtext("name/text") or "").strip():
        yield "it has no name"
    for tag in ("questiontext", "generalfeedback"):
        part = question.find(tag)
        if part is None or part.get("format") != "html":
            yield f"<{tag}> is missing, or no HTML"
            continue
        text = part.findtext("text") or ""
        gaps, rest, faults = split_gaps(text) if tag == "questiontext" else ([], text, [])
        yield from faults
        for gap in gaps:
            yield from _gap(gap)
        if tag == "questiontext" and not gaps:
            yield "it has no gap"
        yield from _html(part, rest)


def split_gaps(text: str) -> tuple[list[tuple[str, str, str]], str, list[str]]:
    """The gaps of a question's text (weight, kind and inside), the text without them, and what is no gap."""
    gaps, rest, faults, position = [], "", [], 0
    for match in _GAP.finditer(text):
        if match.start() < position:
            faults.append(f"{match[0]!r} stands inside a gap")
            continue
        end = re.compile(r"(?<!\\)\}").search(text, match.end())
        if end is None:
            faults.append(f"the gap {match[0]!r} is never closed")
            break
        gaps.append((match[1], match[2], text[match.end() : end.start()]))
        rest += text[position : match.start()]
        position = end.end()
        if text.startswith("~", position):
            faults.append(f"{text[position : position + 20]!r} stands behind the end of a gap")
    rest += text[position:]
    faults += [f"{found!r} looks like a gap and is none" for found in _PLACE.findall(rest)]
    return gaps, rest, faults


def _gap(gap: tuple[str, str, str]) -> Iterator[str]:
    weight, kind, inside = gap
    shown = f"the gap {{{weight}:{kind}:{inside[:40]}}}"
    if not weight.isdecimal() or int(weight) == 0:
        yield f"{shown}: the weight is no positive whole number"
    if kind not in ("NUMERICAL", "NM"):
        yield f"{shown}: {kind} asks for no number"
        return
    shares = []
    for text in re.split(r"(?<!\\)~", inside):
        match = _ALTERNATIVE.fullmatch(text)
        if match is None:
            yield f"{shown}: {text[:60]!r} is no answer with its tolerance"
            continue
        shares.append(100 if match[1] == "=" else int(match[2]))
        yield from (f"{shown}: {fault}" for fault in _alternative(match))
    if shares and (shares[0] != 100 or max(shares) > 100):
        yield f"{shown}: the first answer is worth {shares[0]} %, the best {max(shares)} %"


def _alternative(match: re.Match[str]) -> Iterator[str]:
    value, tolerance, comment = Decimal(match[3]), match[4], match[5] or ""
    if value != 0 and abs(value) < NEAREST:
        yield f"{match[3]} is too near to zero"
    if tolerance is None or Decimal(tolerance) < 0:
        yield f"{match[3]} has no tolerance"
    elif 0 < abs(value) <= Decimal(tolerance):
        yield f"zero would do for {match[3]}"
    decoded = html.unescape(comment)
    if comment.endswith("\\") or "\\~" in comment:
        yield f"the comment {comment[-20:]!r} has a backslash that takes the next sign along"
    yield from HtmlLint(decoded.replace("\\}", "}").replace("\\#", "#")).faults


def _html(part: ElementTree.Element, text: str) -> Iterator[str]:
    lint = HtmlLint(text)
    yield from lint.faults
    for opening, closing in ((r"\(", r"\)"), (r"\[", r"\]")):
        # A backslash doubled before a bracket breaks a line and opens nothing.
        plain = text.replace("\\\\", "")
        if plain.count(opening) != plain.count(closing):
            yield f"{plain.count(opening)} times {opening}, {plain.count(closing)} times {closing}"
    there = {file.get("name", ""): file for file in part.findall("file")}
    asked = {source.removeprefix(_FOLDER) for source in lint.sources if source.startswith(_FOLDER)}
    yield from (f"the image {s[:60]} is not in the file" for s in lint.sources if not s.startswith(_FOLDER))
    yield from (f"the picture {name} is missing" for name in asked - set(there))
    yield from (f"the picture {name} is shown nowhere" for name in set(there) - asked)
    for name, file in there.items():
        try:
            data = base64.b64decode(file.text or "", validate=True)
        except binascii.Error:
            yield f"the picture {name} is no base64"
            continue
        if file.get("encoding") != "base64" or not data.startswith(_PNG):
            yield f"the picture {name} is no PNG in base64"
