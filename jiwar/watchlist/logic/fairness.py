"""How much evidence a namesake must bring, so that no name makes many false alarms.

A stranger meets as many listed namesakes by chance as there are listed, times how likely a name listed has all parts of
his. Each has some birth date and nationality; by the usual chances of these, `least` says from which evidence on what
is left is rare enough. So a plain name needs more than its score says, and the more is told, the more it needs: an
officer with a passport in hand can wait for the date, whoever has heard a name cannot.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from .evidence import Query
from .weights import Weights

ALLOWED: Final = (0.3, 0.1, 0.001)
"""Listed strangers that may be shown to one who asks, at the built-in threshold: by a name without a date of birth; by
a name and a date; by name, date, sex and nationality, as at a desk."""
USUAL_ODDS: Final = 3.0
"""Against a match, at the built-in threshold of one in four. Who sets another allows as much more or less."""
_YEAR: Final = 1 / 45
"""The chance that two people of an age to travel were born in one year."""
_DAY: Final = _YEAR / 365
_EXACT, _PARTLY, _VAGUE = 0.85, 0.105, 0.045
"""How many listed have a whole date of birth, a year (or a month), and about a year."""
_BORN: Final = {  # same, swapped, month, year, may, near, other day; the rest differs
    "exact": (
        _EXACT * _DAY,
        _EXACT * _DAY / 3,
        0,
        _PARTLY * _YEAR,
        _VAGUE * 5 * _YEAR,
        _PARTLY * 2 * _YEAR,
        _EXACT * _YEAR,
    ),
    "partly": (0, 0, 0, (1 - _VAGUE) * _YEAR, _VAGUE * 5 * _YEAR, (1 - _VAGUE) * 2 * _YEAR, 0),
    "vague": (0, 0, 0, 0, (1 - _VAGUE) * 5 * _YEAR + _VAGUE * 9 * _YEAR, 0, 0),
}
_SAME_NATION: Final = 0.35
"""The chance that a namesake is of the same state: names belong to regions."""


def least(query: Query, namesakes: float, odds: float, weights: Weights) -> float:
    """The bits that birth date, sex and nationality must bring to be shown; -inf where any will do.

    `namesakes`: how many listed a stranger of this name shares it with; `odds` against a match, of the threshold.
    """
    allowed = ALLOWED[_told(query)] * odds / USUAL_ODDS
    sex = weights.sex_same if query.sex else 0.0
    kind = _kind(query)
    for place, (bits, chance) in enumerate(_outcomes(kind, bool(query.nationality), weights)):
        if namesakes * chance > allowed:
            # Nobody is asked for more than the very day of birth.
            return bits + sex + (1e-6 if place or kind != "exact" else -1e-6)
    return -math.inf


def _told(query: Query) -> int:
    if query.birth_date is None:
        return 0
    return 2 if query.sex and query.nationality else 1


def _kind(query: Query) -> str:
    born = query.birth_date
    if born is None:
        return ""
    return "vague" if born.vague else "exact" if born.exact else "partly"


@lru_cache(maxsize=64)
def _outcomes(kind: str, nation: bool, weights: Weights) -> tuple[tuple[float, float], ...]:
    """(bits, the chance of at least so many) of a namesake's birth date and nationality, the most first."""
    born = [(0.0, 1.0)]
    if kind:
        chances = _BORN[kind]
        born = list(zip(weights.birth, (*chances, 1 - sum(chances)), strict=True))
    same = [(weights.nationality_same, _SAME_NATION), (weights.nationality_differs, 1 - _SAME_NATION)]
    found, total = [], 0.0
    both = ((a + b, p * q) for a, p in born for b, q in (same if nation else [(0.0, 1.0)]) if p * q)
    for bits, chance in sorted(both, reverse=True):
        total += chance
        found.append((bits, total))
    return tuple(found)
