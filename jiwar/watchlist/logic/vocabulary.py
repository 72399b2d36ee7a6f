"""The words of all names of a segment, and which of them are the same name as a part that is asked for."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from .names import SAME_PART, SLIP_CONSONANTS, Part, likeness, read_part

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]

_REMEMBERED: Final = 20_000
_KEPT: Final = 65_536
"""Words kept as they were read, about a kilobyte each."""


@lru_cache(maxsize=65_536)
def posting(kind: str, value: str) -> int:
    """64 bits that stand for a value to look up: kind "n" near a name part, "d" document, "i" identifier, "k" key."""
    return int.from_bytes(hashlib.blake2b(f"{kind}{value}".encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=8_192)
def near(part: Part) -> frozenset[str]:
    """The keys of a part, and of the long ones each key with one consonant left out.

    Two parts that a slip tells apart, one consonant missing, added, changed or moved, have one of these in common.
    """
    found = set(part.keys)
    for key in part.keys:
        if len(key) >= SLIP_CONSONANTS:
            found.update(key[:i] + key[i + 1 :] for i in range(len(key)))
    return frozenset(found)


@lru_cache(maxsize=65_536)
def alike(a: Part, b: Part) -> tuple[float, bool]:
    """(likeness, whether the two share a key); likeness 0 where they are not the same name."""
    keyed = not set(a.keys).isdisjoint(b.keys)
    if not keyed and near(a).isdisjoint(near(b)):
        return 0.0, False
    like = likeness(a, b)
    return (like, keyed) if like >= SAME_PART else (0.0, False)


class Matches(NamedTuple):
    """The words that are the same name as a part: rising, how like each is, whether it shares a key, in how many names
    they stand, and all their sketches in one."""

    words: U32
    likes: F64
    keyed: U8
    names: int
    sketch: int


class Words(NamedTuple):
    """Word i is `text[starts[i]:starts[i + 1]]` in UTF-8 and stands in the names
    `names[name_starts[i]:name_starts[i + 1]]`. Beside each of these stand a sketch of all the name's words (`sketch`)
    and a code of its subject's year of birth (`dates.year_code`), so that most need not be looked at.
    `near[near_starts[k]:near_starts[k + 1]]` are the words that have `near_hashes[k]`, rising, among the postings of
    `near`."""

    text: U8
    starts: U32
    name_starts: U32
    names: U32
    sketches: U32
    years: U8
    near_hashes: U64
    near_starts: U32
    near: U32


class Vocabulary:
    """Looks parts up among `Words`, and remembers."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.matches = lru_cache(_REMEMBERED)(self._matches)
        self._part = lru_cache(_KEPT)(lambda number: read_part.__wrapped__(self.word(number)))

    def __len__(self) -> int:
        return len(self._words.starts) - 1

    def word(self, number: int) -> str:
        starts = self._words.starts
        return self._words.text[int(starts[number]) : int(starts[number + 1])].tobytes().decode()

    def _matches(self, part: Part) -> Matches:
        numbers, likes, keyed, together = [], [], [], 0
        shared = set(part.keys)
        for number in self._near(part):
            # As `alike`: that the two are near is why they were found.
            word = self._part(number)
            like = likeness(part, word)
            if like >= SAME_PART:
                numbers.append(number)
                likes.append(like)
                keyed.append(not shared.isdisjoint(word.keys))
                together |= sketch(word)
        words, starts = np.array(numbers, np.uint32), self._words.name_starts
        names = int((starts[words + 1] - starts[words]).sum())
        return Matches(words, np.array(likes, np.float64), np.array(keyed, np.uint8), names, together)

    def _near(self, part: Part) -> list[int]:
        w = self._words
        if not len(w.near_hashes):
            return []
        asked = np.array([posting("n", value) for value in near(part)], np.uint64)
        at = np.searchsorted(w.near_hashes, asked)
        at = at[w.near_hashes[np.minimum(at, len(w.near_hashes) - 1)] == asked]
        found = [w.near[int(w.near_starts[k]) : int(w.near_starts[k + 1])] for k in at]
        return np.unique(np.concatenate(found)).tolist() if found else []


def sketch(part: Part) -> int:
    """One bit of 32: the spellings of a name mostly have the same."""
    return 1 << (crc32(part.keys[0].encode()) & 31)


class Met(dict[str, Part]):
    """Reads words, each once, while a segment is made; `numbers` gives them numbers in the order they are met."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: dict[str, int] = {}

    def __missing__(self, word: str) -> Part:
        part = self[word] = read_part.__wrapped__(word)
        if part.readings:
            self.numbers[word] = len(self.numbers)
        return part


def make_words(met: Met, words: U32, name_of: U32, years: U8) -> Words:
    """Of the words met; entry k of `words` stands in name `name_of[k]`, rising; `years` has the code of each name."""
    texts = [word.encode() for word in met.numbers]
    starts = np.zeros(len(texts) + 1, np.uint32)
    np.cumsum([len(text) for text in texts], out=starts[1:])
    order = np.argsort(words, kind="stable")
    name_starts = np.zeros(len(texts) + 1, np.uint32)
    np.cumsum(np.bincount(words, minlength=len(texts)), out=name_starts[1:])
    hashes, numbers, sketches = [], [], np.zeros(len(texts), np.uint32)
    for word, number in met.numbers.items():
        sketches[number] = sketch(met[word])
        values = near(met[word])
        hashes.extend([_posting_near(value) for value in values])
        numbers.extend([number] * len(values))
    near_hashes, near_starts, near_words = grouped(np.array(hashes, np.uint64), np.array(numbers, np.uint32))
    text_array = np.frombuffer(b"".join(texts), np.uint8)
    names = name_of[order]
    of_name = np.zeros(len(years), np.uint32)
    np.bitwise_or.at(of_name, name_of, sketches[words])
    return Words(
        text_array, starts, name_starts, names, of_name[names], years[names], near_hashes, near_starts, near_words
    )


def _posting_near(value: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"n{value}".encode(), digest_size=8).digest(), "big")


def grouped(keys: U64, numbers: U32) -> tuple[U64, U32, U32]:
    """Group (key, number) by key, each number once in a group: (keys rising, where each begins, the numbers)."""
    order = np.lexsort((numbers, keys))
    keys, numbers = keys[order], numbers[order]
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = (keys[1:] != keys[:-1]) | (numbers[1:] != numbers[:-1])
    keys, numbers = keys[fresh], numbers[fresh]
    first = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    starts = np.append(np.flatnonzero(first), len(keys)).astype(np.uint32)
    return keys[first], starts, numbers
