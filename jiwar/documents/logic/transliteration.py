"""Arabic names in the machine readable zone (ICAO Doc 9303-3, 8th edition, section 6.C and appendix B).

Readings taken where the standard leaves a choice:

- Short vowels, sukun, tatweel and dagger alef are not encoded; shadda repeats the code of its letter.
- Teh marbuta is ``XAH`` at the end of a name component and ``XTA`` elsewhere; both read back as teh marbuta.
- Heh is ``H``, as the table says; ``ALLXH`` in the standard's own examples is read as الله and never written.
- U+06A4, listed twice, is ``V``. ``Y`` reads back as yeh, not as U+06D0 that shares the code.
- A repeated code reads back as a letter with shadda, for Arabic hardly writes a letter twice; at the start of a
  component, and for the lam after the article's alef (الله, اللطيف), it reads back as two letters.
"""

import re
import unicodedata
from collections.abc import Mapping

MAX_CHARACTERS = 200
FILLER = "<"

_SHADDA = "\u0651"
_TEH_MARBUTA = "\u0629"
_FINAL_TEH_MARBUTA = "XAH"
_UNWRITTEN = frozenset("\u0640\u064b\u064c\u064d\u064e\u064f\u0650\u0652\u0670")
_GAP = re.compile(r"[\s\-<]+")

_CODES: Mapping[str, str] = {
    "\u0621": "XE",
    "\u0622": "XAA",
    "\u0623": "XAE",
    "\u0624": "U",
    "\u0625": "I",
    "\u0626": "XI",
    "\u0627": "A",
    "\u0628": "B",
    "\u0629": "XTA",
    "\u062a": "T",
    "\u062b": "XTH",
    "\u062c": "J",
    "\u062d": "XH",
    "\u062e": "XKH",
    "\u062f": "D",
    "\u0630": "XDH",
    "\u0631": "R",
    "\u0632": "Z",
    "\u0633": "S",
    "\u0634": "XSH",
    "\u0635": "XSS",
    "\u0636": "XDZ",
    "\u0637": "XTT",
    "\u0638": "XZZ",
    "\u0639": "E",
    "\u063a": "G",
    "\u0641": "F",
    "\u0642": "Q",
    "\u0643": "K",
    "\u0644": "L",
    "\u0645": "M",
    "\u0646": "N",
    "\u0647": "H",
    "\u0648": "W",
    "\u0649": "XAY",
    "\u064a": "Y",
    "\u0671": "XXA",
    "\u0679": "XXT",
    "\u067c": "XRT",
    "\u067e": "P",
    "\u0681": "XKE",
    "\u0685": "XXH",
    "\u0686": "XC",
    "\u0688": "XXD",
    "\u0689": "XDR",
    "\u0691": "XXR",
    "\u0693": "XRR",
    "\u0696": "XRX",
    "\u0698": "XJ",
    "\u069a": "XXS",
    "\u06a4": "V",
    "\u06a9": "XKK",
    "\u06ab": "XXK",
    "\u06ad": "XNG",
    "\u06af": "XGG",
    "\u06ba": "XNN",
    "\u06bc": "XXN",
    "\u06be": "XDO",
    "\u06c0": "XYH",
    "\u06c1": "XXG",
    "\u06c2": "XGE",
    "\u06c3": "XTG",
    "\u06cc": "XYA",
    "\u06cd": "XXY",
    "\u06d0": "Y",
    "\u06d2": "XYB",
    "\u06d3": "XBE",
}
_LETTERS = {code: letter for letter, code in _CODES.items() if letter != "\u06d0"} | {_FINAL_TEH_MARBUTA: _TEH_MARBUTA}
# No code begins with another one, so a component splits in one way only.
_CODE = re.compile("|".join(sorted(_LETTERS, key=len, reverse=True)))


class NotTransliterable(ValueError):
    """A character outside the table of section 6.C, or a name too long; `position` counts from 0 after NFKC."""

    def __init__(self, code: str, character: str, position: int) -> None:
        super().__init__(f"{code}: {character!a} at {position}")
        self.code = code
        self.field = "name"
        self.character = character
        self.position = position


def arabic_to_mrz(name: str) -> str:
    """The MRZ spelling of a name in Arabic script, components parted by ``<``: محمد is ``MXHMD``.

    Raises NotTransliterable with `code` ``unknown_character`` (also a shadda with no letter under it) or ``too_long``.
    """
    folded = unicodedata.normalize("NFKC", name[: MAX_CHARACTERS + 1])
    if len(name) > MAX_CHARACTERS or len(folded) > MAX_CHARACTERS:
        raise NotTransliterable("too_long", "", MAX_CHARACTERS)
    components: list[list[str]] = [[]]
    for position, character in enumerate(folded):
        codes = components[-1]
        if character in _CODES:
            codes.append(_CODES[character])
        elif character == _SHADDA and codes:
            codes.append(codes[-1])
        elif _GAP.fullmatch(character):
            components.append([])
        elif character not in _UNWRITTEN:
            raise NotTransliterable("unknown_character", character, position)
    return FILLER.join(_close(codes) for codes in components if codes)


def mrz_to_arabic(name: str) -> str | None:
    """The Arabic spelling of an MRZ name, a hint to show beside it; None where it is not spelt by section 6.C.

    Most states spell names by sound (``MOHAMED``), which this table cannot read back; a phonetic name made only of
    letters in the table gives a wrong reading, so show the hint only for a state that writes its names by 6.C.
    """
    if len(name) > MAX_CHARACTERS:
        return None
    words = [_read(component) for component in _GAP.split(name.strip(FILLER + " ")) if component]
    return " ".join(word for word in words if word) if words and all(words) else None


def _close(codes: list[str]) -> str:
    """The component, its last teh marbuta (doubled or not) in the spelling of an end."""
    end = len(codes)
    while end and codes[end - 1] == _CODES[_TEH_MARBUTA]:
        end -= 1
    return "".join(codes[:end]) + _FINAL_TEH_MARBUTA * (len(codes) - end)


def _read(component: str) -> str | None:
    if component.endswith("ALLXH"):
        component = component.removesuffix("XH") + "H"
    codes = _CODE.findall(component)
    if "".join(codes) != component:
        return None
    word = ""
    doubled = False
    for index, code in enumerate(codes):
        same = index > 1 and code == codes[index - 1] and not doubled
        doubled = same and not (code == "L" and codes[index - 2] == "A")
        word += _SHADDA if doubled else _LETTERS[code]
    return word
