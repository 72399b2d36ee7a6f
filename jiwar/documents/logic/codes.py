"""Codes of states, organisations and persons in machine readable zones (ICAO Doc 9303-3, section 5)."""

from functools import cache

import pycountry

# What Doc 9303-3 (8th edition) adds to ISO 3166-1: section 5, parts B to E, and UTO, the state of its specimens.
BEYOND_ISO_3166 = frozenset(["D", "EUE", "RKS", "UTO"]).union(
    ["GBD", "GBN", "GBO", "GBP", "GBS"],
    ["UNA", "UNK", "UNO"],
    ["XBA", "XCC", "XCO", "XEC", "XMP", "XOM", "XPO", "XSM"],
    ["XXA", "XXB", "XXC", "XXX"],
)


@cache
def known_codes() -> frozenset[str]:
    """Every code that may stand as issuer or nationality, without fillers (Germany is ``D``)."""
    return BEYOND_ISO_3166 | {country.alpha_3 for country in pycountry.countries}


def state_of(issuer: str) -> str:
    """An issuer as a zone says it, as records have it: Germany, which a zone names by one letter, is ``DEU``."""
    code = issuer.strip(" <").upper()
    return "DEU" if code == "D" else code


_ALPHA_2 = {"D": "DE", "EUE": "EU", "RKS": "KS", "UNA": "UN", "UNK": "UN", "UNO": "UN", "UTO": "UT"}
_ALPHA_2 |= dict.fromkeys(["GBD", "GBN", "GBO", "GBP", "GBS"], "GB")


@cache
def alpha_2(code: str) -> str:
    """The two letters that a certificate has for an issuer of documents (Doc 9303-3, section 5); "" where unknown."""
    country = pycountry.countries.get(alpha_3=code)
    return _ALPHA_2.get(code) or (country.alpha_2 if country else "")
