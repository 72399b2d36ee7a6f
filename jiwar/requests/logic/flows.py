"""The sixteen flows of information that the Tripoli Action Plan (2012) names, and what each demands of a letter."""

from typing import Final

FLOWS: Final = tuple(str(number) for number in range(1, 17))
"""Words: group `flow`, with the lines of the Plan."""

FOUR_EYES: Final = frozenset({"5", "7", "8"})
"""Flows on which no letter leaves on one person's word: judicial information, hot pursuit, extradition and warrants."""

HOT_PURSUIT: Final = "7"
"""The one flow on which a letter states how deep a pursuit may go."""
