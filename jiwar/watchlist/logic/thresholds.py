"""From which score a candidate is shown, by type of alert and issuing state, and in which word.

A score is the probability that the two are one person, 0 to 1. People set thresholds in whole per cent; the words for a
score and their bounds stand here and nowhere else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

LEAST: Final = 5
"""Per cent. Below, nineteen of twenty candidates are other people: officers would learn to press "not this person"."""
MOST: Final = 95
"""Per cent. Above, nobody would be found by name, birth and nationality alone, for these prove no more."""
LISTING: Final = "listing"
"""Stands for every public or foreign list where an alert has its type."""
ANY: Final = ""
STRENGTHS: Final = (("strong", 0.9), ("fair", 0.6), ("weak", 0.0))
"""Words of the group `match_strength`, each from which score."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`default`, and what replaces it by (type of alert or `LISTING` or `ANY`, issuing state or `ANY`)."""

    default: float
    exceptions: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def of(self, alert_type: str, state: str) -> float:
        """The one for an entry: `alert_type` is "" for what no alert names. The narrowest rule holds."""
        listed = alert_type or LISTING
        for key in ((listed, state), (listed, ANY), (ANY, state)):
            if key in self.exceptions:
                return self.exceptions[key]
        return self.default

    def each(self, change: Callable[[float], float]) -> "Thresholds":
        """The same rules, every threshold changed; each that differs is asked for once."""
        known = {threshold: change(threshold) for threshold in {self.default, *self.exceptions.values()}}
        return Thresholds(known[self.default], {key: known[threshold] for key, threshold in self.exceptions.items()})

    @property
    def lowest(self) -> float:
        """What a search must reach down to."""
        return min(self.default, *self.exceptions.values()) if self.exceptions else self.default


def strength(score: float) -> str:
    """The word for a score, a code of the words group `match_strength`."""
    return next(word for word, least in STRENGTHS if score >= least)
