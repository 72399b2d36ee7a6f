"""Whom a plain name alone kept from being shown, and what more would decide it.

`fairness` asks more of a namesake than the threshold does. Of whose birth no more than a year is listed, no date can
bring that more; the place of birth, a parent or another number can.
"""

from __future__ import annotations

import math

from .evidence import Comparison, Field, Query, Subject
from .weights import WEIGHTS, Weights


def deciding(
    query: Query, subject: Subject, found: Comparison, fair: float, weights: Weights = WEIGHTS
) -> tuple[Field, ...]:
    """Particulars that are listed of him, were not asked, and would lift him to `fair`; none where that is not it.

    Nothing speaks against him, and of his birth a year is listed, or about a year, which agrees.
    """
    partly = subject.birth_dates and not any(date.exact for date in subject.birth_dates)
    if found.score >= fair or found.differences or not partly:
        return ()
    if not any(reason.field is Field.BIRTH_DATE for reason in found.reasons):
        return ()
    lacks = math.log2(fair / (1 - fair)) - found.bits
    proves = {
        Field.BIRTH_PLACE: weights.birth_place_same if subject.birth_places and not query.birth_place else 0.0,
        Field.RELATIVE: weights.relative_most if subject.relatives and not query.relatives else 0.0,
        Field.DOCUMENT: math.inf if subject.documents else 0.0,
    }
    return tuple(field for field, bits in proves.items() if bits >= lacks)
