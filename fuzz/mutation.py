"""Files with their bytes changed, as a small engine does it: cut, doubled, swapped, spliced, set to edges."""

from collections.abc import Callable, Sequence
from random import Random

from fuzz.corpus import HARD, NUMBERS, TEXTS

MOST_BYTES = 200_000
_MOST_CHANGES = 4
_ODDS_OF_HARD = 10
_PIECES = tuple(text.encode("utf-8", "surrogatepass") for text in (*NUMBERS, *TEXTS))
_LONG = 10_000_000  # bytes of one line, now and then
_ODDS_OF_LONG = 20_000


def mutated(seeds: Sequence[bytes], chance: Random) -> bytes:
    """A file with some of its bytes changed: one that is right, or now and then one known to be hard."""
    if chance.randrange(_ODDS_OF_LONG) == 0:
        return chance.choice(seeds)[:100] + bytes([chance.randrange(256)]) * _LONG
    content = chance.choice(HARD if chance.randrange(_ODDS_OF_HARD) == 0 else seeds)
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        change = chance.choice(_CHANGES)
        content = change(content, seeds, chance)[:MOST_BYTES]
    return content


def _span(content: bytes, chance: Random) -> tuple[int, int]:
    """A piece of the content, seldom a long one."""
    start = chance.randrange(len(content) + 1)
    return start, min(len(content), start + int(chance.paretovariate(0.7)))


def _flip(content: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(min(len(changed), chance.randint(1, 4))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(content: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    start, end = _span(content, chance)
    return content[:start] + content[end:]


def _repeat(content: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    start, end = _span(content, chance)
    times = chance.choice((1, 2, 3, 16, 500))
    return content[:start] + content[start:end] * times + content[start:]


def _insert(content: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    start, _ = _span(content, chance)
    return content[:start] + chance.choice(_PIECES) + content[start:]


def _replace_word(content: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    """A word or number of the file, everywhere or once, by a piece that asks for trouble."""
    words = content[:MOST_BYTES].split()
    if not words:
        return chance.choice(_PIECES)
    return content.replace(
        chance.choice(words).strip(b',:[]{}"'), chance.choice(_PIECES), chance.choice((1, -1))
    )


def _splice(content: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    other = chance.choice(seeds)
    return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other) + 1) :]


def _move_line(content: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    lines = content.split(b"\n")
    line = lines.pop(chance.randrange(len(lines)))
    lines.insert(chance.randrange(len(lines) + 1), b" " * chance.randrange(4) + line)
    return b"\n".join(lines)


def _encode(content: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    """The same in another encoding, or with other line ends."""
    text = content.decode("utf-8", "replace")
    change: Callable[[], bytes] = chance.choice(
        (
            lambda: text.encode("utf-16", "replace"),
            lambda: text.encode("cp949", "replace"),
            lambda: text.encode("utf-8-sig"),
            lambda: content.replace(b"\n", b"\r\n"),
            lambda: content.replace(b"\n", b"\r"),
            lambda: content.swapcase(),
        )
    )
    return change()


_CHANGES: tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...] = (
    _flip, _cut, _repeat, _insert, _replace_word, _replace_word, _splice, _move_line, _encode,
)  # fmt: skip
