"""Reads of this room that others ask for: what waits for whom."""

from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.analysis import inquiry_queries, saved


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for this person, counted, for the home page."""
    return [item for item in (*inquiry_queries.waiting(actor), *saved.waiting(actor)) if item.count]
