"""What a word of a name sounds like: its consonants, which Arabic and Latin script both write, and the vowels shown.

The method is that of consonant skeletons for Arabic-Latin matching (Freeman, Condon, Ackerman, "Cross linguistic name
matching in English and Arabic", NAACL 2006, https://aclanthology.org/N06-1060), with classes of our own for the French
spellings of the Maghreb and the Sahel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Consonants. One letter each: T is th/ث, D dh/ذ/ض, Z ظ, G gh/غ, g a Latin g, x kh/خ, c sh/ch/ش.
_ARABIC_CONSONANT: Final = dict(zip("بتثجحخدذرزسشصضطظغفقكلمنه", "btTjhxdDrzscsDtZGfqklmnh", strict=True))
_ARABIC_VOWEL: Final = {"ا": "A", "ي": "Y", "و": "W", "ع": "E", "ى": "M", "ة": "A", "ء": ""}
_LATIN_CLUSTER: Final = re.compile(
    r"tch|sch|dzh|sh|ch|kh|gh|dj|dg(?=[ei])|zh|th|dh|ph|ck|qu(?=[eia])|ou(?=[aei])|[a-z]",
)
_LATIN_CONSONANT: Final = {
    **{c: c for c in "bdfghjklmnqrstz"},
    "tch": "c",
    "sch": "c",
    "sh": "c",
    "ch": "c",
    "kh": "x",
    "gh": "G",
    "dj": "j",
    "dzh": "j",
    "dg": "j",
    "zh": "j",
    "th": "T",
    "dh": "D",
    "ph": "f",
    "ck": "k",
    "qu": "q",
    "p": "b",
    "v": "f",
    "x": "ks",
}
_KEY_LETTERS: Final = {"T": "ts", "D": "dz", "Z": "dz", "g": "kj", "G": "k", "q": "k", "x": "k"}
_MOST_KEYS: Final = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """`consonants`, n letters, and `gaps`, the n + 1 strings of vowels before, between and after them.

    An Arabic gap has capitals A Y W M (ا ي و ى) and E (ع), and is empty where a vowel may be short: unwritten.
    """

    consonants: str
    gaps: tuple[str, ...]
    arabic: bool


def read_arabic(word: str) -> list[Reading]:
    """The readings of a word in Arabic letters, folded; none where it has neither consonant nor vowel."""
    consonants, gaps = "", [""]
    for i, letter in enumerate(word):
        if i == 0 and letter in "يو" and len(word) > 1:
            consonants, gaps = ("y" if letter == "ي" else "w"), ["", ""]
        elif letter in _ARABIC_VOWEL:
            gaps[-1] += _ARABIC_VOWEL[letter]
        elif letter in _ARABIC_CONSONANT:
            consonants += _ARABIC_CONSONANT[letter]
            gaps.append("")
    return _with_optional_h(consonants, gaps, final_h=word.endswith("ه") and len(consonants) > 2, arabic=True)


def read_latin(word: str) -> list[Reading]:
    """The readings of a word in Latin letters, folded."""
    consonants, gaps = "", [""]
    last = ""
    clusters = _LATIN_CLUSTER.findall(word)
    for i, cluster in enumerate(clusters):
        following = clusters[i + 1] if i + 1 < len(clusters) else ""
        if i == 0 and cluster in {"y", "w", "ou"} and following[:1] in "aeiou" and following:
            consonants, gaps, last = ("y" if cluster == "y" else "w"), ["", ""], cluster
        elif cluster[0] in "aeiouyw":
            gaps[-1] += "u" if cluster == "ou" else cluster
            last = ""
        else:
            sound = _sound(cluster, following[:1])
            if cluster == last or (last and cluster.startswith(last)) or (not gaps[-1] and consonants[-1:] == sound):
                last = cluster
                consonants = consonants[:-1] + sound if len(cluster) > 1 else consonants
                continue
            for letter in sound:
                consonants += letter
                gaps.append("")
            last = cluster
    gaps = [gap.replace("ou", "u").replace("oo", "u") for gap in gaps]
    return _with_optional_h(consonants, gaps, final_h=word.endswith(("ah", "eh")) and len(consonants) > 1, arabic=False)


def _sound(cluster: str, following: str) -> str:
    if cluster == "c":
        return "s" if following in {"e", "i", "y"} else "k"
    return _LATIN_CONSONANT[cluster]


def _with_optional_h(consonants: str, gaps: list[str], *, final_h: bool, arabic: bool) -> list[Reading]:
    """A final h may be ه, ح or only the ending -a: keep both readings."""
    if not consonants:
        return [Reading("", tuple(gaps), arabic)] if gaps[0] else []
    whole = Reading(consonants, tuple(gaps), arabic)
    if not final_h:
        return [whole]
    ending = gaps[-2] or ("A" if arabic else "a")
    return [whole, Reading(consonants[:-1], (*gaps[:-2], ending), arabic)]


def keys(reading: Reading) -> list[str]:
    """The skeletons to look a reading up by, the likeliest first: a sound that scripts write in two ways has both."""
    found = [""]
    for letter in reading.consonants:
        choices = _KEY_LETTERS.get(letter, letter)
        found = [key + choice for key in found for choice in choices][:_MOST_KEYS]
    return [key or "-" for key in found]
