"""The one rule of what may leave by a bridge: pure, and closed unless everything speaks for it.

At the far end of a bridge no program of ours keeps to handling, retention or onward transfer. So a recipient outside
gets less than a neighbour's node: own records alone, whose issuer allowed onward transfer, under an agreement in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OUTSIDE_TLP: Final = ("CLEAR", "GREEN", "AMBER")
"""TLP 2.0: RED is for named people, AMBER+STRICT for the organisation that has it."""
INSIDE_TLP: Final = (*OUTSIDE_TLP, "AMBER+STRICT")
OPEN: Final = "open"
CODES: Final = (
    OPEN, "not_in_force", "covert", "tlp_too_strict", "of_another_state", "onward_not_allowed", "not_addressed",
    "of_another_purpose", "kept_too_long",
)  # fmt: skip
"""Besides these, why_not gives the codes of the words group `verdict`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A record and who would get it. `verdict` is what agreements say to the recipient, OPEN for our own."""

    ours: bool
    in_force: bool
    covert: bool
    tlp: str
    own: bool
    onward: str
    addressed: bool
    purpose_fits: bool
    verdict: str


def why_not(asked: Asked) -> str:
    """OPEN, or the first reason why a record may not leave."""
    reasons = [
        (not asked.in_force, "not_in_force"),
        (asked.covert, "covert"),
        (asked.tlp not in (INSIDE_TLP if asked.ours else OUTSIDE_TLP), "tlp_too_strict"),
    ]
    if not asked.ours:
        reasons += [
            (not asked.own, "of_another_state"),
            (asked.onward != "yes", "onward_not_allowed"),
            (not asked.addressed, "not_addressed"),
        ]
    reasons.append((not asked.purpose_fits, "of_another_purpose"))
    return next((code for wrong, code in reasons if wrong), OPEN if asked.ours else asked.verdict)
