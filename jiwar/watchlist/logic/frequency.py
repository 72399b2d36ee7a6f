"""How frequent a name part is in the region, before any list was read.

Two people who both have a part prove the less, the more people have it. A list of 300 says little about that, so
`usual` gives what is expected where no list speaks: how likely it is that a part of a stranger's name would count as
the same (`likeness`).

Provenance. Parts of `lexicon.FAMILY` stand in bands of our own judgement; for the seven commonest it was held against
their shares among the 970 parts of the tuning half of the UN Security Council's list (`bench/watchlist_accuracy.py`
says which half). Other parts go by the number of their consonants: the share of persons' names of the training split of
ANETAC (https://arxiv.org/abs/1907.03110) that count as the same as one of that length, 1/3,200 of one consonant to
1/150,000 of six, times eight, which is how much oftener it happens among the listed people's parts than among different
names. Numbers were taken, no name.
"""

from __future__ import annotations

from typing import Final

from .likeness import Part

_BANDS: Final = {
    1 / 12: "muhammad",
    1 / 40: "ahmad",
    1 / 70: "ali abdallah ibrahim hasan",
    1 / 110: "umar husayn salih mustafa abdrahman sayd yusuf uthman fatima musa",
    1 / 200: (
        "abubakr sulayman ismail isa aisha maryam khadija khalid mahmud jamal abdelaziz abdqadir abdsalam abdkarim "
        "amin nasir kamal salim rashid bashir karim sad seid kim amer haamid zaynab amina adam idris mahdi"
    ),
}
USUAL_PARTS: Final = 2.9
"""How many parts a name in the region has, on average."""
_FAMILY: Final = {family: share for share, families in _BANDS.items() for family in families.split()}
_OTHER_FAMILY: Final = 1 / 350
_BY_CONSONANTS: Final = (1 / 400, 1 / 450, 1 / 700, 1 / 1600, 1 / 4000, 1 / 9000, 1 / 18_000)


def usual(part: Part) -> float:
    """The share of name parts in the region that count as the same as this one, 0 < share < 1."""
    if part.family:
        return _FAMILY.get(part.family, _OTHER_FAMILY)
    consonants = max(len(reading.consonants) for reading in part.readings) + (2 if part.head else 0)
    return _BY_CONSONANTS[min(consonants, len(_BY_CONSONANTS) - 1)]
