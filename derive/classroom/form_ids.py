"""Short ids that are printed on every page of a variant: XQ4-7FHC.

They are made of twenty letters and digits that can't be taken for one another and spell no words (those of
Open Location Code, https://github.com/google/open-location-code), and begin with a letter, so that no
spreadsheet reads one as a number. They say nothing about the student.
"""

from collections.abc import Container
from hashlib import blake2b

_ALPHABET = "CFGHJMPQRVWX23456789"
_LETTERS = 12
_LENGTH = 7
_BREAK = 3
PATTERN = rf"^[{_ALPHABET[:_LETTERS]}][{_ALPHABET}]{{2}}-[{_ALPHABET}]{{4}}$"


def form_id(key: bytes, taken: Container[str]) -> str:
    """The id that belongs to a student's stream; where it is taken, the next.

    Args:
        key: Of the stream.
        taken: Ids that other students have.
    """
    attempt = 0
    while True:
        hashed = blake2b(key + attempt.to_bytes(4, "big"), digest_size=8, person=b"derive-form-id")
        rest = int.from_bytes(hashed.digest(), "big")
        rest, first = divmod(rest, _LETTERS)
        spelled = _ALPHABET[first]
        for _ in range(_LENGTH - 1):
            rest, place = divmod(rest, len(_ALPHABET))
            spelled += _ALPHABET[place]
        found = f"{spelled[:_BREAK]}-{spelled[_BREAK:]}"
        if found not in taken:
            return found
        attempt += 1
