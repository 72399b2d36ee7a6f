"""How alike two parts of names are, by their consonants, their vowels and the families of `lexicon`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .sounds import Reading

SAME_PART: Final = 0.72
"""Likeness from which two name parts count as the same name."""
SHORT_FORM: Final = 0.85
"""Likeness of a name and its short form: Mohamed and Moha."""
SLIP: Final = 0.75
"""Likeness of two long parts that one consonant tells apart."""
SLIP_CONSONANTS: Final = 5

OTHER_VOWEL: Final = 1.1
OTHER_CONSONANT: Final = 1.5
"""What vowels, and consonants, that differ take from the likeness of a word of one consonant."""

_ARABIC: Final = re.compile("[\u0600-\u06ff]")
_SAME_SOUND: Final = frozenset({"Tt", "Ts", "Dd", "Dz", "DZ", "Zd", "Zz", "gG", "gq", "gj", "kq"})
_NEAR_SOUND: Final = {"kg": 0.35, "kx": 0.5, "Gq": 0.25}


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity, so that `likeness` remembers pairs cheaply
class Part:
    """One part of a name, as `names.read_part` reads `word`.

    `text` is the word folded; `head` "abd" for a servant-of name, whose readings are those of what follows; `family` a
    name of `lexicon.FAMILY` or "", whose readings stand for it, `short` where the word is a short form of that name;
    `written` the readings of the spelling itself; `keys` the skeletons to look it up by, the first the likeliest.
    """

    word: str
    text: str
    head: str
    family: str
    short: bool
    readings: tuple[Reading, ...]
    written: tuple[Reading, ...]
    keys: tuple[str, ...]


@lru_cache(maxsize=65_536)
def likeness(a: Part, b: Part) -> float:
    """How alike two parts are: 1 the same name, 0 another name, between them a spelling that leaves doubt."""
    if a.text == b.text and a.head == b.head:
        return 1.0
    if a.family and b.family:
        if a.family != b.family:
            return 0.0
        return 1.0 if a.short == b.short else SHORT_FORM
    if a.head != b.head:
        return 0.0
    if is_arabic(a) and is_arabic(b):
        return max((_reading_likeness(x, y) for x in a.written for y in b.written), default=0.0)
    return max((_reading_likeness(x, y) for x in a.readings for y in b.readings), default=0.0)


def is_arabic(part: Part) -> bool:
    """Whether it was written in Arabic letters."""
    return bool(_ARABIC.match(part.text))


def _reading_likeness(a: Reading, b: Reading) -> float:
    n = len(a.consonants)
    if n != len(b.consonants):
        return _misspelled(a, b)
    off = 0.0
    if a.consonants != b.consonants:
        for pair in zip(a.consonants, b.consonants, strict=True):
            off += consonant_cost(*pair)
            if off >= 1:
                return _misspelled(a, b)
    if n <= 1 and not b.arabic and not a.arabic and any(map(other_vowels, a.gaps, b.gaps)):
        return 0.5
    vowels, length = 0.0, float(n)
    for i, (x, y) in enumerate(zip(a.gaps, b.gaps, strict=True)):
        vowels += gap_cost(x, a.arabic, y, b.arabic, i == 0, i == n)
        length += 0.5 * ((len(x) > 1) + (len(y) > 1))
    return max(0.0, 1.0 - (OTHER_VOWEL * vowels + OTHER_CONSONANT * off) / max(2.0, length))


def _misspelled(a: Reading, b: Reading) -> float:
    """One consonant missing, added, changed or moved in a long word is a slip, if it is not the first; in a short word
    it is another name."""
    x, y = sorted((a.consonants, b.consonants), key=len)
    if len(y) < SLIP_CONSONANTS or len(y) - len(x) > 1:
        return 0.0
    first = next((i for i in range(len(x)) if x[i] != y[i]), len(x))
    if first == 0:
        return 0.0
    if len(x) == len(y):
        slip = x[first + 1 :] == y[first + 1 :] or (
            x[first : first + 2] == y[first : first + 2][::-1] and x[first + 2 :] == y[first + 2 :]
        )
    else:
        slip = x[first:] == y[first + 1 :]
    return SLIP if slip else 0.0


@lru_cache(maxsize=1024)
def consonant_cost(a: str, b: str) -> float:
    """How far two consonants are apart: 0 the same sound, 1 another."""
    if a == b or a + b in _SAME_SOUND or b + a in _SAME_SOUND:
        return 0.0
    return _NEAR_SOUND.get(a + b, _NEAR_SOUND.get(b + a, 1.0))


_VOWEL_CLASS: Final = {"a": "a", "e": "ai", "i": "i", "y": "i", "o": "u", "u": "u", "w": "u"}
_ARABIC_CLASS: Final = {"A": "a", "Y": "i", "W": "u", "M": "ai"}


def _classes(gap: str) -> set[str]:
    if 1 < len(gap) < 4 and gap[-1] in "iy" and gap[0] in "aei":
        return {"i"}
    return set("".join(_VOWEL_CLASS[c] for c in gap))


def other_vowels(a: str, b: str) -> bool:
    """Whether vowels that carry a name of one consonant differ: Li and Liu."""
    return bool(a and b) and _classes(a) != _classes(b)


def gap_cost(a: str, a_arabic: bool, b: str, b_arabic: bool, first: bool, last: bool) -> float:
    """How far two gaps are apart, of readings in Arabic letters or not."""
    if not a and not b:
        return 0.0
    if a_arabic and b_arabic:
        return _arabic_gaps(a, b, first, last)
    if a_arabic or b_arabic:
        return _mixed_gap(*((a, b) if a_arabic else (b, a)), first, last)
    return _latin_gaps(a, b, first, last)


# The three cost functions say how far two gaps are apart: 0 where the vowels can be the same, 1 where they cannot.


# A mute e says nothing; -a makes a woman's name of a man's, -i a nisba; -ou is also the Arabic nominative, -u.
_LAST_VOWEL: Final = {"e": 0.0, "o": 0.4, "u": 0.4}


@lru_cache(maxsize=20_000)
def _latin_gaps(a: str, b: str, first: bool, last: bool) -> float:
    if a and b:
        x, y = _classes(a), _classes(b)
        if (
            not x & y
            or (len(a) > 1 < len(b) and ((x - y and y - x) or ("u" in x) != ("u" in y)))
            or (last and {a[-1], b[-1]} in ({"a", "o"}, {"a", "i"}))
        ):
            return 1.0
        return 0.5 if abs(len(a) - len(b)) > 1 and x != y else 0.0
    gap = a or b
    if last:
        return _LAST_VOWEL.get(gap, 0.8)
    return 0.3 if first else 0.2 if len(gap) == 1 else 0.5


@lru_cache(maxsize=20_000)
def _mixed_gap(arabic: str, latin: str, first: bool, last: bool) -> float:
    if first:
        return 0.0 if latin else 0.4
    if not arabic:
        if last:
            return _LAST_VOWEL.get(latin, 0.8)
        return 0.5 if len(latin) > 1 else 0.0 if latin in "ae" else 0.15
    if not latin:
        return 0.8 if last else 0.35
    heard = _classes(latin) if arabic == "A" else {c for letter in latin for c in _VOWEL_CLASS[letter]}
    missing = sum(1 for letter in arabic if letter != "E" and not set(_ARABIC_CLASS[letter]) & heard)
    return min(1.0, missing * (1.0 if len(arabic) == 1 else 0.5))


@lru_cache(maxsize=20_000)
def _arabic_gaps(a: str, b: str, first: bool, last: bool) -> float:
    if a and b:
        x, y = ({c for letter in gap for c in _ARABIC_CLASS.get(letter, "")} for gap in (a, b))
        return 0.0 if x == y or (last and x & y) else 1.0
    # Inside a word Arabic writes its long vowels: حسان is not حسن, مالكي not ملكي.
    return 0.4 if first else 0.95 if (a or b) == "A" and not last else 0.8
