"""Random numbers that belong to one student of one set, whoever else is in it.

Each student has a counter-based stream (Philox 4x64; Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", 2011), whose key is a hash of the set's name, the seed and the student. Any part of a stream can
be had without the parts before it, and the raw words are the same under every version of NumPy.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

_BLOCK = 4  # words that one value of the counter gives


def key(name: str, seed: int, student: str) -> bytes:
    """The key of a student's stream: 16 bytes."""
    hashed = blake2b(digest_size=16, person=b"derive-variants")
    for part in (name, str(seed), student):
        encoded = part.encode("utf-8", "surrogatepass")
        hashed.update(len(encoded).to_bytes(8, "big") + encoded)
    return hashed.digest()


def words(keys: Sequence[bytes], lane: int, first: int, count: int, width: int) -> Words:
    """Words of several streams.

    Args:
        keys: Of the streams.
        lane: Which of the streams of each key; the draws of each stage have their own.
        first: The first draw.
        count: How many draws.
        width: Words that one draw needs.

    Returns:
        (keys, count, width)
    """
    blocks = -(-width // _BLOCK)
    found = np.empty((len(keys), count * blocks * _BLOCK), dtype=np.uint64)
    stream = np.random.Philox(key=0)
    for place, one in enumerate(keys):
        stream.state = {
            "bit_generator": "Philox",
            "state": {
                "counter": np.array([first * blocks, lane, 0, 0], dtype=np.uint64),
                "key": np.frombuffer(one, dtype="<u8").astype(np.uint64),
            },
            "buffer": np.zeros(_BLOCK, dtype=np.uint64),
            "buffer_pos": _BLOCK,
            "has_uint32": 0,
            "uinteger": 0,
        }
        found[place] = stream.random_raw(count * blocks * _BLOCK)
    return found.reshape(len(keys), count, blocks * _BLOCK)[:, :, :width]


def below(words: Words, limit: int) -> npt.NDArray[np.int64]:
    """Whole numbers from 0 to limit - 1, by the upper half of each word; the bias is below limit / 2^32."""
    return ((words >> np.uint64(32)) * np.uint64(limit) >> np.uint64(32)).astype(np.int64)
