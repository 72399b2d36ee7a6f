"""Words that name what no record may hold: religion, ethnicity, tribe, politics, health, sexual life (rule R4).

A plain list, small on purpose: it warns author and approver, it decides nothing and nothing is searchable by it.
Sources of the categories: Convention 108+ article 6, Malabo Convention article 14.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_WORDS: Final[Mapping[str, str]] = {
    "religion": "muslim christian jew jewish atheist sunni shia shiite salafi convert religion religious "
    "musulman musulmane chretien chretienne juif juive athee sunnite chiite salafiste converti convertie religieux "
    "مسلم مسلمة مسيحي مسيحية نصراني يهودي يهودية ملحد سني شيعي سلفي متنصر ديانته مذهبه",
    "ethnicity": "ethnic ethnicity race racial arab berber amazigh tuareg toubou tebu hausa fulani kanuri "
    "ethnie ethnique arabe berbere touareg touarègue peul haoussa "
    "عرقية عرقه أمازيغي أمازيغية طوارق طارقي تباوي هوسا فولاني كانوري بربري",
    "tribe": "tribe tribal clan tribu tribale قبيلة قبيلته قبلي عشيرة عشيرته",
    "politics": "political politics opposition opponent dissident activist unionist protester "
    "politique opposant opposante militant militante syndicaliste manifestant "
    "سياسي سياسية معارض معارضة ناشط ناشطة نقابي متظاهر حزب حزبي",
    "health": "hiv aids hepatitis pregnant disabled handicapped psychiatric schizophrenia diabetes epilepsy illness "
    "vih sida hepatite enceinte handicape handicapee psychiatrique schizophrenie diabete epilepsie malade "
    "إيدز السيدا حامل معاق معاقة مريض مريضة نفسي فصام سكري صرع",
    "sexual_life": "gay lesbian homosexual bisexual transgender prostitute adultery "
    "homosexuel homosexuelle lesbienne bisexuel transgenre prostituee adultere "
    "مثلي مثلية شاذ عاهرة زنا",
}


@dataclass(frozen=True, slots=True)
class Warned:
    """A word found: where, which, and of what group. The writer is warned; nothing is refused."""

    field: str
    word: str
    group: str


def scan(texts: Iterable[tuple[str, str]]) -> list[Warned]:
    """Sensitive words in (field, text) pairs, each word once per field."""
    found: list[Warned] = []
    for field, text in texts:
        seen = set()
        for word in re.findall(r"[^\W0-9_]+", text):
            folded = _fold(word)
            group = _GROUPS.get(folded) or _GROUPS.get(folded.removeprefix("ال"))
            if group and folded not in seen:
                seen.add(folded)
                found.append(Warned(field, word, group))
    return found


def _fold(word: str) -> str:
    """Lower case, no accents, no Arabic vowel marks, one alef."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", word[:60]).casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


_GROUPS: Final[Mapping[str, str]] = {_fold(word): group for group, words in _WORDS.items() for word in words.split()}
