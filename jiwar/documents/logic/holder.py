"""Comparing a document's holder with the document, one to one: how near two are, and what that is known to be worth.

A score is no decision, and the word for it is never "match": a person compares, and decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Method(StrEnum):
    FACE = "face"
    FINGER = "finger"


@dataclass(frozen=True, slots=True)
class Measure:
    """How a method counts. `lower_is_nearer`: it counts a distance. `wrong_per_mille`: what was stated of the threshold
    by who made the method (of pairs, half of them of one person); None where nobody stated any. `source` says who did.
    """

    threshold: float
    lower_is_nearer: bool
    wrong_per_mille: float | None
    source: str


MEASURES: Final[Mapping[Method, Measure]] = {
    Method.FACE: Measure(
        0.6, True, 6.2, "dlib_face_recognition_resnet_model_v1, its author, on Labeled Faces in the Wild"
    ),
    Method.FINGER: Measure(40, False, None, "bozorth3, user's guide of NIST Biometric Image Software"),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison: `score` by the method's measure, `quality` of the live print (NFIQ 2, 0 to 100; None of a face).

    `agreement` and `clause` opened it.
    """

    method: Method
    score: float
    quality: int | None
    agreement: str
    clause: str

    @property
    def measure(self) -> Measure:
        return MEASURES[self.method]

    @property
    def near(self) -> bool:
        """Whether the score is on the near side of the threshold: what is shown beside it, and nothing more."""
        return nearer(self.method, self.score)


def nearer(method: Method, score: float) -> bool:
    measure = MEASURES[method]
    return score <= measure.threshold if measure.lower_is_nearer else score >= measure.threshold
