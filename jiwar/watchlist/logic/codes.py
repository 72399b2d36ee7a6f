"""The words of a segment as numbers, and `likeness` of a part asked for to many of them at once.

`like_words` is a plain loop over numbers, as those of `scoring`, so that `compiled` can make machine code of it. It
says what `likeness.likeness` says; a property test holds the two together.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from .lexicon import FAMILY
from .likeness import (
    OTHER_CONSONANT,
    OTHER_VOWEL,
    SHORT_FORM,
    SLIP,
    SLIP_CONSONANTS,
    Part,
    consonant_cost,
    gap_cost,
    is_arabic,
    other_vowels,
)
from .scoring import F64, I64, U8, U16, U32
from .sounds import Reading

HEAD: Final = 1
"""A servant-of name."""
SHORT: Final = 2
"""The short form of its family's name."""
IN_ARABIC: Final = 4
"""A word or a reading in Arabic letters."""
WRITTEN: Final = 8
"""A reading of the spelling itself."""
STANDS: Final = 16
"""A reading of the name that the word stands for."""


@lru_cache(maxsize=65_536)
def posting(kind: str, value: str) -> int:
    """64 bits that stand for a value to look up: kind "n" near a name part, "d" document, "i" identifier, "k" key,
    "t" the text of a word."""
    return int.from_bytes(hashlib.blake2b(f"{kind}{value}".encode(), digest_size=8).digest(), "big")


_FAMILIES: Final = {family: number for number, family in enumerate(sorted(set(FAMILY.values())), 1)}


class Codes(NamedTuple):
    """Words 0 to w - 1, the readings of each (`reading_starts`), the consonants of these (`consonant_starts`).

    `texts` stands for what two words that are one have in common, `families` for the name of `lexicon.FAMILY` or 0.
    Reading r has the consonants `consonants[consonant_starts[r]:consonant_starts[r + 1]]`, ASCII, and around them one
    gap more, from `gaps[consonant_starts[r] + r]` on, each a number among those of `gap_texts`: UTF-8, one a line,
    those of Arabic readings after a full stop.
    """

    texts: I64
    families: U16
    marks: U8
    reading_starts: U32
    reading_marks: U8
    consonant_starts: U32
    consonants: U8
    gaps: U16
    gap_texts: U8


class AskedPart(NamedTuple):
    """A part as numbers, as in `Codes`; `costs[p, g]` is what gap p costs against gap g of the segment, `others[p, g]`
    whether their vowels differ, `longs[p]` and `long_gaps[g]` whether a gap has more than one vowel."""

    text: int
    family: int
    marks: int
    reading_marks: U8
    consonant_starts: I64
    consonants: U8
    costs: F64
    others: U8
    longs: U8
    long_gaps: U8


def code_words(parts: Iterable[Part]) -> Codes:
    """The codes of parts, in their order."""
    texts, families, marks, reading_starts = array("q"), array("H"), array("B"), array("I", [0])
    reading_marks, consonant_starts, consonants, gaps = array("B"), array("I", [0]), array("B"), array("H")
    known: dict[str, int] = {}
    for part in parts:
        texts.append(_text(part))
        families.append(_FAMILIES.get(part.family, 0))
        marks.append(_marks(part))
        for reading, mark in _readings(part):
            reading_marks.append(mark)
            consonants.frombytes(reading.consonants.encode())
            consonant_starts.append(len(consonants))
            gaps.extend([known.setdefault("." * reading.arabic + gap, len(known)) for gap in reading.gaps])
        reading_starts.append(len(reading_marks))
    return Codes(
        np.array(texts),
        np.array(families),
        np.array(marks),
        np.array(reading_starts),
        np.array(reading_marks),
        np.array(consonant_starts),
        np.array(consonants),
        np.array(gaps),
        np.frombuffer("\n".join(known).encode(), np.uint8),
    )


class Coder:
    """Makes an `AskedPart` of a part, for the gaps of one segment."""

    def __init__(self, codes: Codes) -> None:
        texts = codes.gap_texts.tobytes().decode().split("\n")
        self._gaps = [(text.removeprefix("."), text.startswith(".")) for text in texts]
        self._long = np.array([len(gap) > 1 for gap, _ in self._gaps], np.uint8)
        self._row = lru_cache(4096)(self._costs)

    def asked(self, part: Part) -> AskedPart:
        readings = _readings(part)
        lengths = [len(reading.consonants) for reading, _ in readings]
        rows = [
            self._row(gap, reading.arabic, at == 0, at == len(reading.consonants))
            for reading, _ in readings
            for at, gap in enumerate(reading.gaps)
        ]
        return AskedPart(
            _text(part),
            _FAMILIES.get(part.family, 0),
            _marks(part),
            np.array([mark for _, mark in readings], np.uint8),
            np.cumsum([0, *lengths]),
            np.frombuffer("".join(reading.consonants for reading, _ in readings).encode(), np.uint8),
            np.array([costs for costs, _ in rows]).reshape(len(rows), len(self._gaps)),
            np.array([others for _, others in rows]).reshape(len(rows), len(self._gaps)),
            np.array([len(gap) > 1 for reading, _ in readings for gap in reading.gaps], np.uint8),
            self._long,
        )

    def _costs(self, gap: str, arabic: bool, first: bool, last: bool) -> tuple[F64, U8]:
        costs = [gap_cost(gap, arabic, listed, written, first, last) for listed, written in self._gaps]
        others = [not arabic and not written and other_vowels(gap, listed) for listed, written in self._gaps]
        return np.array(costs, np.float64), np.array(others, np.uint8)


def _text(part: Part) -> int:
    return posting("t", f"{part.head} {part.text}") >> 1


def _marks(part: Part) -> int:
    return HEAD * bool(part.head) | SHORT * part.short | IN_ARABIC * is_arabic(part)


def _readings(part: Part) -> list[tuple[Reading, int]]:
    found: dict[Reading, int] = {}
    for mark, readings in ((WRITTEN, part.written), (STANDS, part.readings)):
        for reading in readings:
            found[reading] = found.get(reading, IN_ARABIC * reading.arabic) | mark
    return list(found.items())


@lru_cache(maxsize=1)
def consonant_costs() -> F64:
    """`likeness.consonant_cost` of two ASCII letters, a row for each."""
    letters = list(map(chr, range(128)))
    return np.array([[consonant_cost(a, b) for b in letters] for a in letters])


# The loops ------------------------------------------------------------------------------------------------------------


def like_words(c: Codes, asked: AskedPart, words: U32, consonant: F64, likes: F64) -> None:
    """How like the part asked for each word is, into `likes`."""
    texts, families, marks, starts = c.texts, c.families, c.marks, c.reading_starts
    reading_marks, asked_marks = c.reading_marks, asked.reading_marks
    for place in range(len(words)):
        word: Any = np.int64(words[place])
        family: Any = np.int64(families[word])
        mark: Any = np.int64(marks[word])
        like = 0.0
        if texts[word] == asked.text:
            like = 1.0
        elif family and asked.family:
            if family == asked.family:
                like = 1.0 if mark & SHORT == asked.marks & SHORT else SHORT_FORM
        elif mark & HEAD == asked.marks & HEAD:
            want = WRITTEN if mark & asked.marks & IN_ARABIC else STANDS
            for mine in range(len(asked_marks)):
                if asked_marks[mine] & want:
                    for listed in range(np.int64(starts[word]), np.int64(starts[word + 1])):
                        if reading_marks[listed] & want:
                            like = max(like, like_reading(c, asked, mine, listed, consonant))
        likes[place] = like


def like_reading(c: Codes, asked: AskedPart, mine: int, listed: int, consonant: F64) -> float:
    """As `likeness` of one reading to another."""
    a: Any = np.int64(asked.consonant_starts[mine])
    b: Any = np.int64(c.consonant_starts[listed])
    n: Any = np.int64(asked.consonant_starts[mine + 1]) - a
    m: Any = np.int64(c.consonant_starts[listed + 1]) - b
    off = 0.0
    for i in range(n if n == m else 0):
        off += consonant[asked.consonants[a + i], c.consonants[b + i]]
    if n != m or off >= 1.0:
        return slip(asked.consonants, a, n, c.consonants, b, m)
    a, b = a + mine, b + listed
    if n <= 1 and not (asked.reading_marks[mine] | c.reading_marks[listed]) & IN_ARABIC:
        for i in range(n + 1):
            if asked.others[a + i, c.gaps[b + i]]:
                return 0.5
    vowels, length = 0.0, float(n)
    for i in range(n + 1):
        gap = c.gaps[b + i]
        vowels += asked.costs[a + i, gap]
        length += 0.5 * (asked.longs[a + i] + asked.long_gaps[gap])
    return max(0.0, 1.0 - (OTHER_VOWEL * vowels + OTHER_CONSONANT * off) / max(2.0, length))


def slip(x: U8, a: int, n: int, y: U8, b: int, m: int) -> float:
    """Whether one consonant missing, added, changed or moved, not the first, tells n letters of x from m of y."""
    if n > m:
        x, a, n, y, b, m = y, b, m, x, a, n
    if m < SLIP_CONSONANTS or m - n > 1:
        return 0.0
    first = 0
    while first < n and x[a + first] == y[b + first]:
        first += 1
    if first == 0:
        return 0.0
    rest = first + 1 if n == m else first
    moved = n == m and first + 1 < n and x[a + first] == y[b + first + 1] and x[a + first + 1] == y[b + first]
    same = True
    for i in range(rest, n):
        if x[a + i] != y[b + i + m - n]:
            same = False
        if i > first + 1 and x[a + i] != y[b + i]:
            moved = False
    return SLIP if same or moved else 0.0
