"""Country names as lists write them, to ISO 3166-1 alpha-3."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import pycountry

_LIST_SPELLINGS: Final = {
    "british virgin islands": "VGB",
    "burma": "MMR",
    "cape verde": "CPV",
    "china, hong kong special administrative region": "HKG",
    "congo, democratic republic of the": "COD",
    "congo, republic of the": "COG",
    "cote d ivoire": "CIV",
    "cote d'ivoire": "CIV",
    "democratic republic of the congo": "COD",
    "ivory coast": "CIV",
    "korea, north": "PRK",
    "korea, south": "KOR",
    "kosovo": "XKX",
    "libyan arab jamahiriya": "LBY",
    "macau": "MAC",
    "north korea": "PRK",
    "occupied palestinian territories": "PSE",
    "palestinian": "PSE",
    "south korea": "KOR",
    "state of palestine": "PSE",
    "swaziland": "SWZ",
    "the bahamas": "BHS",
    "the former yugoslav republic of macedonia": "MKD",
    "the gambia": "GMB",
    "the netherlands": "NLD",
    "turkey": "TUR",
    "uae": "ARE",
    "west bank": "PSE",
}


@lru_cache(maxsize=2_000)
def alpha3(name: str) -> str:
    """The code of a country's name, official or common English, or of its code; "" where it is none of today's."""
    name = " ".join(name.split()).casefold()
    if name.endswith(")"):  # Iran (Islamic Republic of), as the UN writes it
        name = name[:-1].replace(" (", ", ")
    if name in _LIST_SPELLINGS:
        return _LIST_SPELLINGS[name]
    for country in pycountry.countries:
        known = (country.name, getattr(country, "official_name", ""), getattr(country, "common_name", ""))
        codes = (country.alpha_2, country.alpha_3)
        if name in (text.casefold() for text in (*known, *codes)):
            return str(country.alpha_3)
    return ""
