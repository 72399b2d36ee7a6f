"""How much each observation proves: every weight of the evidence, in bits, in one place.

A weight is log2 of how much likelier the observation is between two records of one person than between two strangers
(Fellegi and Sunter, "A Theory for Record Linkage", JASA 64, 1969, https://doi.org/10.1080/01621459.1969.10501049).
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Weights(NamedTuple):
    """`prior` is added to log2 of how many are listed: how unlikely it is that whoever is asked about is listed at all.

    `birth` follows the order of `dates.DateAgreement`. `most` is the most that one name part can prove; `low_quality`
    is the share that agreement with a name of low quality is worth. Where the given names differ (`other_given`) the
    rest of two names proves `kin` at most: brothers have it in common, and a father and his son. `relative_most` is
    the most that a relative's name can prove. The others are what their names say.

    Sex and nationality say little beside a name, for names belong to women or men and to regions.
    """

    prior: float
    most: float
    conflict: float
    other_given: float
    kin: float
    missing: float
    swapped: float
    reversed: float
    low_quality: float
    birth: tuple[float, float, float, float, float, float, float, float]
    sex_same: float
    sex_differs: float
    nationality_same: float
    nationality_differs: float
    document_same: float
    document_lookalike: float
    document_number_same: float
    birth_place_same: float
    birth_place_differs: float
    relative_most: float


WEIGHTS: Final = Weights(
    prior=0.0,
    most=20.0,
    conflict=-9.0,
    other_given=-9.0,
    kin=7.0,
    missing=-1.4,
    swapped=-1.0,
    reversed=-12.0,
    low_quality=0.6,
    #      same, swapped, month, year, may, near, other day, differs
    birth=(12.0, 8.0, 8.0, 5.0, 2.0, 1.0, -2.0, -8.0),
    sex_same=0.3,
    sex_differs=-6.0,
    nationality_same=0.5,
    nationality_differs=-2.0,
    document_same=30.0,
    document_lookalike=12.0,
    document_number_same=8.0,
    birth_place_same=4.0,
    birth_place_differs=-1.0,
    relative_most=10.0,
)
FEWEST: Final = 500
"""A list shorter than this proves no more by being short."""
