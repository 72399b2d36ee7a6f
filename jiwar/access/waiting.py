"""What waits for a person: each room's `queries.waiting(actor) -> list[Waiting]` fills her home page."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """`count` things of one sort. `what` is a code of the words group `waiting`; `url` leads to them."""

    what: str
    count: int
    url: str
    urgent: bool = False
