"""The words of all names of a segment, and which of them are the same name as a part that is asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from .codes import Coder, Codes, code_words, consonant_costs, like_words, posting
from .compiling import COMPILED_FROM, compiled
from .names import (
    MAX_CHARACTERS,
    MAX_PARTS,
    SAME_PART,
    SLIP_CONSONANTS,
    Part,
    cut_name,
    likeness,
    plain_word,
    read_part,
)
from .scoring import F64, U8, U32

U64 = npt.NDArray[np.uint64]

_REMEMBERED: Final = 20_000


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
    they stand, in how many of these first, and all their sketches in one."""

    words: U32
    likes: F64
    keyed: U8
    names: int
    firsts: int
    sketch: int


class Words(NamedTuple):
    """Word i is `text[starts[i]:starts[i + 1]]` in UTF-8 and stands in the names
    `names[name_starts[i]:name_starts[i + 1]]`, as the first word in `firsts[i]` of them. Beside each of these stand a
    sketch of all the name's words (`sketch`) and a code of its subject's year of birth (`dates.year_code`), so that
    most need not be looked at. `near[near_starts[k]:near_starts[k + 1]]` are the words that have `near_hashes[k]`,
    rising, among the postings of `near`: twice the number of a word, and one more where it is a key of the word."""

    text: U8
    starts: U32
    own_sketches: U32
    name_starts: U32
    firsts: U32
    names: U32
    sketches: U32
    years: U8
    near_hashes: U64
    near_starts: U32
    near: U32


class Vocabulary:
    """Looks parts up among `Words`, and remembers."""

    def __init__(self, words: Words, codes: Codes) -> None:
        self._words, self._codes = words, codes
        self._coder = Coder(codes)
        self.matches = lru_cache(_REMEMBERED)(self._matches)

    def __len__(self) -> int:
        return len(self._words.starts) - 1

    def word(self, number: int) -> str:
        starts = self._words.starts
        return self._words.text[int(starts[number]) : int(starts[number + 1])].tobytes().decode()

    def _matches(self, part: Part) -> Matches:
        words, keyed = self._near(part)
        likes = np.empty(len(words), np.float64)
        loops = compiled() if len(self._words.years) >= COMPILED_FROM else None
        like = loops.like_words if loops else like_words
        # As `alike`: that the two are near is why they were found.
        like(self._codes, self._coder.asked(part), words, consonant_costs(), likes)
        same = likes >= SAME_PART
        words, starts = words[same], self._words.name_starts
        names = int((starts[words + 1] - starts[words]).sum())
        firsts = int(self._words.firsts[words].sum())
        sketches = int(np.bitwise_or.reduce(self._words.own_sketches[words]))
        return Matches(words, likes[same], keyed[same], names, firsts, sketches)

    def _near(self, part: Part) -> tuple[U32, U8]:
        """The words near a part, rising, and whether they share a key."""
        w = self._words
        values = near(part)
        asked = np.array([posting("n", value) for value in values], np.uint64)
        keys = np.array([value in part.keys for value in values], np.uint32)
        at = np.searchsorted(w.near_hashes, asked)
        found = [np.empty(0, np.uint32)]
        for place, key, sought in zip(at.tolist(), keys, asked, strict=True):
            if place < len(w.near_hashes) and w.near_hashes[place] == sought:
                words = w.near[int(w.near_starts[place]) : int(w.near_starts[place + 1])]
                found.append(words if key else words & ~np.uint32(1))
        words = np.sort(np.concatenate(found))
        last = np.append(words[1:] >> 1 != words[:-1] >> 1, True)[: len(words)]
        return words[last] >> 1, (words[last] & 1).astype(np.uint8)


def sketch(part: Part) -> int:
    """One bit of 32: the spellings of a name mostly have the same."""
    return 1 << (crc32(part.keys[0].encode()) & 31)


class Met(dict[str, Part]):
    """Reads words, each once, while a segment is made; `numbers` gives them numbers in the order they are met."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: dict[str, int] = {}
        self._plain = lru_cache(None)(self._plain_number)

    def name(self, text: str) -> tuple[list[int], int]:
        """The numbers of the words of a name, as `cut_name` cuts it, and its marks."""
        if len(text) <= MAX_CHARACTERS:
            numbers = list(map(self._plain, text.split()))
            if -1 not in numbers and len(numbers) <= MAX_PARTS:
                return numbers, 0
        parsed = cut_name(text, self.__getitem__)
        return [self.numbers[part.word] for part in parsed.parts], parsed.marks

    def _plain_number(self, token: str) -> int:
        """Of a word that nothing beside it can change, or -1."""
        word = plain_word(token)
        return self.numbers.get(self[word].word, -1) if word else -1

    def __missing__(self, word: str) -> Part:
        part = self[word] = read_part.__wrapped__(word)
        if part.readings:
            self.numbers[word] = len(self.numbers)
        return part


def make_words(met: Met, words: U32, name_of: U32, years: U8) -> tuple[Words, Codes]:
    """Of the words met; entry k of `words` stands in name `name_of[k]`, rising; `years` has the code of each name."""
    texts = [word.encode() for word in met.numbers]
    starts = np.zeros(len(texts) + 1, np.uint32)
    np.cumsum([len(text) for text in texts], out=starts[1:])
    order = np.argsort(words, kind="stable")
    name_starts = np.zeros(len(texts) + 1, np.uint32)
    np.cumsum(np.bincount(words, minlength=len(texts)), out=name_starts[1:])
    hashes, numbers, sketches = [], [], np.zeros(len(texts), np.uint32)
    for word, number in met.numbers.items():
        part = met[word]
        sketches[number] = sketch(part)
        for value in near(part):
            hashes.append(posting.__wrapped__("n", value))
            numbers.append(2 * number + (value in part.keys))
    near_hashes, near_starts, near_words = grouped(np.array(hashes, np.uint64), np.array(numbers, np.uint32))
    text_array = np.frombuffer(b"".join(texts), np.uint8)
    names = name_of[order]
    of_name = np.zeros(len(years), np.uint32)
    np.bitwise_or.at(of_name, name_of, sketches[words])
    first = np.diff(name_of, prepend=-1) > 0
    made = Words(
        text_array,
        starts,
        sketches,
        name_starts,
        np.bincount(words[first], minlength=len(texts)).astype(np.uint32),
        names,
        of_name[names],
        years[names],
        near_hashes,
        near_starts,
        near_words,
    )
    return made, code_words(met[word] for word in met.numbers)


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
