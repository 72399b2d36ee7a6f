"""Country names as lists write them, to ISO 3166-1 alpha-3."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import pycountry

_LIST_SPELLINGS: Final = {
    "british virgin islands": "VGB",
    "china, hong kong special administrative region": "HKG",
    "democratic republic of the congo": "COD",
    "ivory coast": "CIV",
    "libyan arab jamahiriya": "LBY",
    "state of palestine": "PSE",
    "the former yugoslav republic of macedonia": "MKD",
    "turkey": "TUR",
}


@lru_cache(maxsize=2_000)
def alpha3(name: str) -> str:
    """The code of a country's name, official or common English; "" where it is none of today's."""
    name = " ".join(name.split()).casefold()
    if name.endswith(")"):  # Iran (Islamic Republic of), as the UN writes it
        name = name[:-1].replace(" (", ", ")
    if name in _LIST_SPELLINGS:
        return _LIST_SPELLINGS[name]
    for country in pycountry.countries:
        known = (country.name, getattr(country, "official_name", ""), getattr(country, "common_name", ""))
        if name in (text.casefold() for text in known) or name == country.alpha_3.casefold():
            return str(country.alpha_3)
    return ""
