"""Personal names in Arabic and Latin script, folded so that one person's spellings meet.

`read_name` cuts a name into parts. Each `Part` has one or more *readings*: the consonants that Arabic and Latin
script both write, and between them the vowels as far as the spelling shows them. Consonants alone (`Part.keys`) find a
name in an index; vowels tell Jamil from Jamal. `likeness` compares two parts.

The method is that of consonant skeletons for Arabic-Latin matching (Freeman, Condon, Ackerman, "Cross linguistic name
matching in English and Arabic", NAACL 2006, https://aclanthology.org/N06-1060), with classes of our own for the French
spellings of the Maghreb and the Sahel. Other scripts are first put into Latin letters
by anyascii.
"""

# ruff: noqa: SIM905 - word lists are read as words
from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from anyascii import anyascii

from .lexicon import FAMILY

MAX_CHARACTERS: Final = 200
MAX_PARTS: Final = 12
SLIP: Final = 0.75
"""Likeness of two long parts that one consonant tells apart."""
SLIP_CONSONANTS: Final = 5

_BIN: Final = frozenset("ben bin ibn bint bent ould wuld weld walad mint son of fils بن ابن بنت ولد منت".split())
_ARTICLE: Final = frozenset("al el ul l as ash ad ar an at az es ed er en ez ur ال".split())
_KUNYA: Final = frozenset("abu abou abo aboo bu bou aba abi ابو ابي ابا بو".split())
_UMM: Final = frozenset("umm oum um ummu ام".split())
_ABD: Final = frozenset("abd abdul abdel abdal abdoul abdur abder abdus abdes عبد".split())
_DIN: Final = frozenset("din dine deen eddine eddin uddin uddine addin aldin eldin دين الدين".split())
_ALLAH: Final = frozenset("allah ullah ellah illah oullah الله اللہ".split())
_TITLES: Final = frozenset("dr mr mrs ms mme mlle m".split())
_ARABIC_WHOLE: Final = frozenset("الهام الماس عبدون عبدان".split())

_ARABIC_FOLD: Final = str.maketrans(
    {
        **dict.fromkeys("أإآٱٲٳ", "ا"),
        **dict.fromkeys("یېۍے", "ي"),
        **dict.fromkeys("ہۀھە", "ه"),
        "ۃ": "ة",
        "ک": "ك",
        "ڪ": "ك",
        "پ": "ب",
        "ڤ": "ف",
        "چ": "ش",
        "ژ": "ج",
        "ڨ": "ق",
        "گ": "ق",
        **dict.fromkeys("ټٹ", "ت"),
        **dict.fromkeys("ډڈ", "د"),
        **dict.fromkeys("ړڑ", "ر"),
        **dict.fromkeys("ڼں", "ن"),
        **dict.fromkeys("ځږ", "ز"),
        "څ": "س",
        "ښ": "ش",
        "ـ": "",
        "ؤ": "و",
        "ئ": "ي",
    }
)
_LATIN_FOLD: Final = str.maketrans({"ç": "ss", "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe"})
_WORD: Final = re.compile(r"[a-z]+|[ء-ۿ]+")
_APOSTROPHES: Final = re.compile("['`’‘ʿʾʻʼ´]")
_ARABIC: Final = re.compile("[\u0600-\u06ff]")

# Consonants. One letter each: T is th/ث, D dh/ذ/ض, Z ظ, G gh/غ, g a Latin g, x kh/خ, c sh/ch/ش.
_ARABIC_CONSONANT: Final = dict(zip("بتثجحخدذرزسشصضطظغفقكلمنه", "btTjhxdDrzscsDtZGfqklmnh", strict=True))
_ARABIC_VOWEL: Final = {"ا": "A", "ي": "Y", "و": "W", "ع": "E", "ى": "M", "ة": "A", "ء": ""}
_LATIN_CLUSTER: Final = re.compile(
    r"tch|sch|sh|ch|kh|gh|dj|dg(?=[ei])|zh|th|dh|ph|ck|qu(?=[eia])|ou(?=[aei])|[a-z]",
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
_SAME_SOUND: Final = frozenset({"Tt", "Ts", "Dd", "Dz", "DZ", "Zd", "Zz", "gG", "gq", "gj", "kq"})
_NEAR_SOUND: Final = {"kg": 0.4, "kx": 0.5, "Gq": 0.4}


@dataclass(frozen=True, slots=True)
class Reading:
    """`consonants`, n letters, and `gaps`, the n + 1 strings of vowels before, between and after them.

    An Arabic gap has capitals A Y W M (ا ي و ى) and E (ع), and is empty where a vowel may be short: unwritten.
    """

    consonants: str
    gaps: tuple[str, ...]
    arabic: bool


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity, so that `likeness` remembers pairs cheaply
class Part:
    """One part of a name, as `read_part` reads `word`: `text` folded; `head` "abd" for a servant-of name, whose readings are those of what follows;
    `family` a name of `lexicon.FAMILY` or "", whose readings stand for it; `written` those of the spelling itself;
    `keys` the skeletons to look it up by, the first the likeliest."""

    word: str
    text: str
    head: str
    family: str
    readings: tuple[Reading, ...]
    written: tuple[Reading, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParsedName:
    """The parts of a name in their order; `links[i]` is true where بن, ben or ould stands before part i."""

    parts: tuple[Part, ...]
    links: tuple[bool, ...]


def fold(text: str) -> str:
    """Lower case without diacritics, tashkeel or tatweel, one letter for each Arabic variant, others in Latin."""
    if text.isascii():
        return _APOSTROPHES.sub("", text[:MAX_CHARACTERS].lower())
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS])[:MAX_CHARACTERS].translate(_ARABIC_FOLD)
    text = unicodedata.normalize("NFD", text.lower().translate(_LATIN_FOLD))
    text = "".join(c for c in text if not unicodedata.combining(c))
    if any(ord(c) > 0x24F and not "\u0600" <= c <= "\u06ff" and c.isalpha() for c in text):
        text = "".join(c if "\u0600" <= c <= "\u06ff" else anyascii(c).lower() for c in text)
    return _APOSTROPHES.sub("", text)


@lru_cache(maxsize=20_000)
def read_name(text: str) -> ParsedName:
    """Cut a name into parts; particles are joined to the part they belong to or set aside."""
    parts: list[Part] = []
    links: list[bool] = []
    linked = False
    for word, marked in _joined(_WORD.findall(fold(text))):
        linked = linked or marked
        part = read_part(word)
        if not part.readings:
            continue
        parts.append(part)
        links.append(linked and len(parts) > 1)
        linked = False
        if len(parts) == MAX_PARTS:
            break
    return ParsedName(tuple(parts), tuple(links))


def _joined(words: list[str]) -> list[tuple[str, bool]]:
    """Words with kunyas, servant-of names, -din and -allah put together; each with whether بن stands before it."""
    out: list[tuple[str, bool]] = []
    before, linked = "", False
    for i, word in enumerate(words):
        if word in _BIN and len(words) > 1:
            linked = True
        elif word in _ARTICLE or (word in _TITLES and len(words) > 1):
            continue
        elif not before and word in _KUNYA | _UMM | _ABD and i + 1 < len(words):
            before = "abd " if word in _ABD else "umm" if word in _UMM else "abu"
            if _ARABIC.match(word):
                before = {"abd ": "عبد ", "umm": "ام", "abu": "ابو"}[before]
        elif out and not before and not linked and (word in _DIN or word in _ALLAH):
            arabic = bool(_ARABIC.match(out[-1][0]))
            tail = ("دين" if arabic else "din") if word in _DIN else ("الله" if arabic else "allah")
            out[-1] = (out[-1][0] + tail, out[-1][1])
        else:
            out.append((before + _without_article(word) if before else word, linked))
            before, linked = "", False
    return out


def _without_article(word: str) -> str:
    return (
        word[2:] if word.startswith("ال") and len(word) >= 4 and word != "الله" and word not in _ARABIC_WHOLE else word
    )


@lru_cache(maxsize=32_768)
def read_part(word: str) -> Part:
    """Read one folded word (or a word with its kunya or servant-of joined on)."""
    arabic = bool(_ARABIC.match(word))
    bare = _bare_arabic(word) if arabic else word
    head, rest = _servant(bare)
    spellings = [bare, word, *(start + rest for start in ("abd", "عبدال", "عبد") if head)]
    family = next((FAMILY[spelling] for spelling in spellings if spelling in FAMILY), "")
    written = _readings(_variants(rest, arabic=arabic, article=word.startswith("ال")))
    if family:
        head, rest = _servant(family)
    readings = _readings([rest]) if family else written
    keys = tuple(dict.fromkeys(head[:1] + key for reading in readings for key in _keys(reading)))
    return Part(word, bare, head, family, readings, written, keys)


def _readings(forms: list[str]) -> tuple[Reading, ...]:
    return tuple(
        dict.fromkeys(
            reading for form in forms for reading in (_read_arabic if _ARABIC.match(form) else _read_latin)(form)
        )
    )


def _bare_arabic(word: str) -> str:
    word = re.sub("^(ابو|ابي|بو)ال(?=...)", "ابو", word)
    word = re.sub("(?:(?<=...)ال|(?<=..)د)دين$", "دين", word)
    word = re.sub("(?<=...)الله$", "له", word) if not word.startswith("عبد") else word
    return _without_article(word)


_ABD_JOINED: Final = re.compile(
    r"^abd(?:[aeiou]{1,2}(?:l(?=[a-z]{2})|(?=(?:rr|ss|nn|zz|dd|tt|r[aeou]))|(?=ch|sh))|(?=[b-df-hj-np-tv-xz]))"
)


def _servant(word: str) -> tuple[str, str]:
    """("abd", what follows) of a servant-of name, written apart ("abd aziz") or joined, else ("", word)."""
    _, _, rest = word.partition(" ")
    if rest:
        return "abd", rest
    if word.startswith("عبد") and len(word) >= 5 and word not in _ARABIC_WHOLE:
        return "abd", _without_article(word[3:]) if word != "عبدالله" else "الله"
    found = _ABD_JOINED.match(word)
    if found and len(word) - found.end() >= 3:
        return "abd", word[found.end() :]
    return "", word


_JOINED_DIN: Final = re.compile(r"^(.{3,}?)[aeou]+[lh]?d?d[iey]+ne?$")
_ASSIMILATED: Final = re.compile(r"^[ae](?=(ss|dd|rr|nn|tt|zz|ch|sh|dj)[aeiou])")


def _variants(word: str, *, arabic: bool, article: bool) -> list[str]:
    """The word itself, and the word without an article or a "ben" that was written onto it.

    Of an Arabic word that began with ال before a vowel (`article`) either reading may be meant: الوليد, الياس.
    """
    forms = [word]
    if arabic:
        word = word.replace("تش", "ش")  # tch
        forms = [word, "ال" + word] if word[:1] in "يو" and article else [word]
        if word.startswith("بن") and len(word) >= 6:
            forms.append(word[2:])
        return forms
    found = _JOINED_DIN.match(word)
    if found:
        forms = [found[1] + "din"]
    if re.match(r"[ae]l[a-z]{4}", word):
        forms.append(word[2:])
    elif _ASSIMILATED.match(word) and len(word) >= 5:
        forms.append(word[1:])
    elif word.startswith("ben") and len(word) >= 6:
        forms.append(word[3:])
    elif re.match(r"l[aeh][a-z]{4}", word) and word[1] in "ah":
        forms.append(word[1:])
    if re.search("[a-z][tdz]h[aeiou]", word):  # Fathi is fat-hi (فتحي), Adham ad-ham (أدهم), Azhar az-har (أزهر)
        forms += [re.sub("(?<=[a-z])([tdz])h(?=[aeiou])", r"\1'h", form) for form in forms]
    return forms


def _read_arabic(word: str) -> list[Reading]:
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


def _read_latin(word: str) -> list[Reading]:
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
            sound = ("s" if following[:1] in {"e", "i", "y"} else "k") if cluster == "c" else _LATIN_CONSONANT[cluster]
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


def _with_optional_h(consonants: str, gaps: list[str], *, final_h: bool, arabic: bool) -> list[Reading]:
    """A final h may be ه, ح or only the ending -a: keep both readings."""
    if not consonants:
        return [Reading("", tuple(gaps), arabic)] if gaps[0] else []
    whole = Reading(consonants, tuple(gaps), arabic)
    if not final_h:
        return [whole]
    ending = gaps[-2] or ("A" if arabic else "a")
    return [whole, Reading(consonants[:-1], (*gaps[:-2], ending), arabic)]


def _keys(reading: Reading) -> list[str]:
    keys = [""]
    for letter in reading.consonants:
        choices = _KEY_LETTERS.get(letter, letter)
        keys = [key + choice for key in keys for choice in choices][:8]
    return [key or "-" for key in keys]


@lru_cache(maxsize=65_536)
def likeness(a: Part, b: Part) -> float:
    """How alike two parts are: 1 the same name, 0 another name, between them a spelling that leaves doubt."""
    if a.text == b.text and a.head == b.head:
        return 1.0
    if a.family and b.family:
        return 1.0 if a.family == b.family else 0.0
    if a.head != b.head:
        return 0.0
    if _ARABIC.match(a.text) and _ARABIC.match(b.text):
        return max((_reading_likeness(x, y) for x in a.written for y in b.written), default=0.0)
    return max((_reading_likeness(x, y) for x in a.readings for y in b.readings), default=0.0)


def _reading_likeness(a: Reading, b: Reading) -> float:
    n = len(a.consonants)
    if n != len(b.consonants):
        return _misspelled(a, b)
    off = sum(_consonant_cost(x, y) for x, y in zip(a.consonants, b.consonants, strict=True))
    if off >= 1:
        return _misspelled(a, b)
    if b.arabic and not a.arabic:
        a, b = b, a
    cost: _Gap = _arabic_gaps if b.arabic else _mixed_gap if a.arabic else _latin_gaps
    vowels = sum(cost(x, y, i == 0, i == n) for i, (x, y) in enumerate(zip(a.gaps, b.gaps, strict=True)) if x or y)
    length = max(2.0, n + 0.5 * sum(len(gap) > 1 for gap in a.gaps + b.gaps))
    return max(0.0, 1.0 - (1.2 * vowels + 1.5 * off) / length)


def _misspelled(a: Reading, b: Reading) -> float:
    """One consonant missing, added, changed or moved in a long word is a slip; in a short one it is another name."""
    x, y = sorted((a.consonants, b.consonants), key=len)
    if len(y) < SLIP_CONSONANTS or len(y) - len(x) > 1:
        return 0.0
    first = next((i for i in range(len(x)) if x[i] != y[i]), len(x))
    if len(x) == len(y):
        slip = x[first + 1 :] == y[first + 1 :] or (
            x[first : first + 2] == y[first : first + 2][::-1] and x[first + 2 :] == y[first + 2 :]
        )
    else:
        slip = x[first:] == y[first + 1 :]
    return SLIP if slip else 0.0


def _consonant_cost(a: str, b: str) -> float:
    if a == b or a + b in _SAME_SOUND or b + a in _SAME_SOUND:
        return 0.0
    return _NEAR_SOUND.get(a + b, _NEAR_SOUND.get(b + a, 1.0))


_VOWEL_CLASS: Final = {"a": "a", "e": "ai", "i": "i", "y": "i", "o": "u", "u": "u", "w": "u"}
_ARABIC_CLASS: Final = {"A": "a", "Y": "i", "W": "u", "M": "ai"}


def _classes(gap: str) -> set[str]:
    if len(gap) > 1 and gap[-1] in "iy" and gap[0] in "aei":
        return {"i"}
    return set("".join(_VOWEL_CLASS[c] for c in gap))


# The three cost functions say how far two gaps are apart: 0 where the vowels can be the same, 1 where they cannot.
_Gap = Callable[[str, str, bool, bool], float]


# A mute e says nothing; -a makes a woman's name of a man's, -i a nisba; -ou is also the Arabic nominative, -u.
_LAST_VOWEL: Final = {"e": 0.0, "o": 0.4, "u": 0.4}


@lru_cache(maxsize=20_000)
def _latin_gaps(a: str, b: str, first: bool, last: bool) -> float:
    if a and b:
        if not _classes(a) & _classes(b):
            return 1.0
        return 0.5 if abs(len(a) - len(b)) > 1 and _classes(a) != _classes(b) else 0.0
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
    return 0.4 if ((a or b) == "A" and not last) or first else 0.8
