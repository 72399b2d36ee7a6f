"""Latin and Cyrillic names in the machine readable zone (ICAO Doc 9303-3, 8th edition, sections 6.A and 6.B).

The standard's tables go one way: ``AE`` may have been Ä or Æ. Readings taken where they leave a choice:

- Of several spellings the first is taken: Ä is ``AE``, Ñ is ``N``, Ö is ``OE``, Ü is ``UE``.
- A letter with a mark that the table lacks (Vietnamese, Pinyin) is its letter without it.
- Letters of Niger, Mali and Chad that the table lacks (Ɓ, Ɗ, Ƙ, Ƴ, Ɲ, Ɛ, Ɔ, Ɣ) are the letters that they come from.
- Ь and apostrophes are not written. Serbian Ђ is ``D``, Ћ is ``C``; Macedonian Ѓ is ``GJ``.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Literal

from jiwar.documents.logic.mrz_layout import FILLER
from jiwar.documents.logic.transliteration import MAX_CHARACTERS, NotTransliterable

Cyrillic = Literal["be", "bg", "mk", "ru", "sr", "uk"]
"""Whose spelling: the tables part them by language (ISO 639-1)."""
_Spelling = Callable[[str, bool], str | None]
"""The spelling of a capital letter, told whether it begins a word; None where the table lacks it."""

_GAP = re.compile(r"[\s\-‐‑–<]+")
_UNWRITTEN = frozenset("'’ʼ`´.,·\u00ad\u200c\u200d")
_LATIN: Mapping[str, str] = {
    "Ä": "AE",
    "Å": "AA",
    "Æ": "AE",
    "Ð": "D",
    "Đ": "D",
    "Ħ": "H",
    "ı": "I",
    "Ĳ": "IJ",
    "Ŀ": "L",
    "Ł": "L",
    "Ŋ": "N",
    "Ö": "OE",
    "Ø": "OE",
    "Œ": "OE",
    "ß": "SS",
    "ẞ": "SS",
    "Ŧ": "T",
    "Þ": "TH",
    "Ü": "UE",
    "Ɓ": "B",
    "Ɔ": "O",
    "Ɖ": "D",
    "Ɗ": "D",
    "Ɛ": "E",
    "Ɣ": "G",
    "Ƙ": "K",
    "Ɲ": "N",
    "Ƴ": "Y",
}
_CYRILLIC: Mapping[str, str] = {
    "Ё": "E",
    "Ђ": "D",
    "Ѓ": "G",
    "Є": "IE",
    "Ѕ": "DZ",
    "І": "I",
    "Ї": "I",
    "Ј": "J",
    "Љ": "LJ",
    "Њ": "NJ",
    "Ћ": "C",
    "Ќ": "K",
    "Ў": "U",
    "Џ": "DZ",
    "А": "A",
    "Б": "B",
    "В": "V",
    "Г": "G",
    "Д": "D",
    "Е": "E",
    "Ж": "ZH",
    "З": "Z",
    "И": "I",
    "Й": "I",
    "К": "K",
    "Л": "L",
    "М": "M",
    "Н": "N",
    "О": "O",
    "П": "P",
    "Р": "R",
    "С": "S",
    "Т": "T",
    "У": "U",
    "Ф": "F",
    "Х": "KH",
    "Ц": "TS",
    "Ч": "CH",
    "Ш": "SH",
    "Щ": "SHCH",
    "Ъ": "IE",
    "Ы": "Y",
    "Ь": "",
    "Э": "E",
    "Ю": "IU",
    "Я": "IA",
    "Ѫ": "U",
    "Ѵ": "Y",
    "Ґ": "G",
    "Ғ": "G",
    "Һ": "C",
}
_OF_LANGUAGE: Mapping[str, Mapping[str, str]] = {
    "be": {"Г": "H", "Ё": "IO"},
    "bg": {"Щ": "SHT"},
    "mk": {"Ѓ": "GJ", "Ғ": "GJ", "Ќ": "KJ", "Џ": "DJ", "Х": "H", "Ц": "C"},
    "ru": {},
    "sr": {"Г": "H", "Ж": "Z", "Х": "H", "Ц": "C", "Ч": "C", "Ш": "S"},
    "uk": {"Г": "H", "И": "Y"},
}
# At the beginning of a word, in Ukrainian.
_FIRST_IN_UKRAINIAN: Mapping[str, str] = {"Є": "YE", "Ї": "YI", "Й": "Y", "Ю": "YU", "Я": "YA"}


def latin_to_mrz(name: str) -> str:
    """The MRZ spelling of a name in Latin letters, its parts parted by ``<``: Müller-Strauß is ``MUELLER<STRAUSS``.

    Raises NotTransliterable with `code` ``unknown_character`` or ``too_long``.
    """
    return _spelt(name, lambda letter, _: _latin(letter))


def cyrillic_to_mrz(name: str, language: Cyrillic = "ru") -> str:
    """The MRZ spelling of a name in Cyrillic letters, by the spelling of its language: Ґалаґан is ``GALAGAN``.

    Raises NotTransliterable with `code` ``unknown_character`` or ``too_long``.
    """
    own = _OF_LANGUAGE[language]

    def spell(letter: str, first: bool) -> str | None:
        if first and language == "uk" and letter in _FIRST_IN_UKRAINIAN:
            return _FIRST_IN_UKRAINIAN[letter]
        return own.get(letter, _CYRILLIC.get(letter))

    return _spelt(name, spell)


def _spelt(name: str, spell: _Spelling) -> str:
    if len(name) > MAX_CHARACTERS or len(folded := unicodedata.normalize("NFC", name)) > MAX_CHARACTERS:
        raise NotTransliterable("too_long", "", MAX_CHARACTERS)
    parts = [""]
    begun = False
    for position, letter in enumerate(folded):
        if _GAP.fullmatch(letter):
            parts.append("")
            begun = False
        elif letter not in _UNWRITTEN:
            # ß alone has two capitals, ı would become a letter of another table
            capital = letter if letter in _LATIN else letter.upper()
            spelt = spell(capital, not begun)
            if spelt is None:
                raise NotTransliterable("unknown_character", letter, position)
            parts[-1] += spelt
            begun = True
    return FILLER.join(part for part in parts if part)


def _latin(letter: str) -> str | None:
    if letter in _LATIN:
        return _LATIN[letter]
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(mark))
    return bare.upper() if bare.isascii() and (bare.isalpha() or not bare) else None
