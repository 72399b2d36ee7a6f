"""Frames between simulated nodes: lost, doubled, late, out of order, kept by an attacker, carried by hand."""

from collections.abc import Generator
from dataclasses import dataclass

from jiwar.exchange.logic.conversation import Visit as Done


@dataclass(slots=True)
class Visit:
    """A conversation that a node leads with a peer. `number` names it on the frames."""

    number: int
    node: str
    peer: str
    frames: Generator[bytes, bytes, Done]


@dataclass(slots=True)
class Flight:
    """A frame on its way. `visit` is 0 for one that nobody waits for an answer to."""

    visit: int
    answer: bool
    sender: str
    recipient: str
    data: bytes
