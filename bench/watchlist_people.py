"""Invented travellers and listed people of three regions, as their papers write them. The same seed, the same people.

The parts and their frequencies are those of `jiwar.watchlist.logic.generate`: few common given names and many rare,
family names of each region, most of them made up on three root letters. In the Sahel a name is a given name and a
family name; elsewhere the father's stands between, and often the grandfather's.
"""

# ruff: noqa: SIM905 - word lists are read as words
import random
from collections.abc import Iterator
from typing import NamedTuple

from jiwar.watchlist.logic import generate
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.evidence import Name, Query, Subject

REGIONS = {
    "Maghreb": ("DZA", "TUN", "MAR"),
    "Libya and the Nile": ("LBY", "EGY", "SDN"),
    "Sahel": ("NER", "MLI", "TCD"),
}
SAHEL_FAMILIES = frozenset(
    "التارقي الأنصاري كونتا مايغا ديالو تراوري سيسي كوليبالي كيتا باه سو ندياي ديوب توري ديكو كاني دياورا الزغاوي "
    "التشادي".split()
)
SHARE_OF_WOMEN = 0.4
LISTED_FAMILY = 0.3


class Person(NamedTuple):
    """`chain` has (Arabic, Latin spellings) of each part of the name."""

    chain: list[tuple[str, tuple[str, ...]]]
    sex: str
    born: PartialDate
    nationality: str
    region: str


def person(chance: random.Random) -> Person:
    region = chance.choice(sorted(REGIONS))
    sahel = region == "Sahel"
    sex = "F" if chance.random() < SHARE_OF_WOMEN else "M"
    men, women = (generate._MALE, generate._MALE_SHARES), (generate._FEMALE, generate._FEMALE_SHARES)
    chain = [generate._given(chance, *(women if sex == "F" else men))]
    chain += [generate._given(chance, *men) for _ in range(0 if sahel else chance.choice((1, 1, 2)))]
    families = [family for family in generate._SURNAMES if (family[0] in SAHEL_FAMILIES) == sahel]
    chain.append(chance.choice(families) if chance.random() < LISTED_FAMILY else generate._nisba(chance))
    return Person(chain, sex, generate._birth(chance), chance.choice(REGIONS[region]), region)


def people(count: int, seed: int) -> Iterator[Person]:
    chance = random.Random(seed)
    for _ in range(count):
        yield person(chance)


def written(someone: Person, chance: random.Random, script: str) -> str:
    """The name in "Arabic" or "Latin", one of its usual spellings."""
    if script == "Arabic":
        return " ".join(arabic for arabic, _ in someone.chain)
    return " ".join(chance.choice(spellings) for _, spellings in someone.chain)


def subject(someone: Person, key: str, chance: random.Random) -> Subject:
    """Listed in Latin, every second one in Arabic too."""
    names = [Name(written(someone, chance, "Latin"))]
    if chance.random() < 0.5:
        names.append(Name(written(someone, chance, "Arabic"), "original_script"))
    return Subject(key, tuple(names), (someone.born,), (someone.sex,), (someone.nationality,))


def shortened(someone: Person, chance: random.Random) -> Person:
    """As a paper may have it: one in four without the father or the grandfather."""
    chain = someone.chain
    if len(chain) > 2 and chance.random() < 0.25:
        left = chance.randrange(1, len(chain) - 1)
        chain = chain[:left] + chain[left + 1 :]
    return someone._replace(chain=chain)


def asked(someone: Person, chance: random.Random, script: str, *, facts: bool) -> Query:
    """What an officer asks of them: the name, with `facts` also birth date, sex and nationality."""
    text = written(someone, chance, script)
    return Query((text,), someone.born, someone.sex, someone.nationality) if facts else Query((text,))
