"""The gap matrix: which kinds of record pass between which states, by the agreements that this node holds."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from jiwar.access.permissions import Purpose
from jiwar.agreements import policy
from jiwar.agreements.logic.gaps import Matter, Pair, Way, pairs
from jiwar.records.kinds import KINDS
from jiwar.records.words import words

__all__ = ["Family", "Matter", "Pair", "Way", "families", "matrix", "passing_kinds", "states"]


@dataclass(frozen=True, slots=True)
class Family:
    """Kinds of record that are agreed on together, as `alert.*`: how far a pair has come with them.

    `state` is open, partly_open or not_open; `closed` the ways that are not open, with the kind of each.
    """

    name: str
    state: str
    matters: tuple[Matter, ...]
    closed: tuple[tuple[str, Way], ...]


def passing_kinds() -> list[str]:
    """Kinds of record that agreements can open between states, in the order of their names."""
    return sorted({kind.name for kind in KINDS.values() if kind.passes_between_states})


def states() -> list[str]:
    """The states of the Plan, and others that are parties to an agreement held."""
    parties = {party for provision in policy.register().provisions for party in provision.terms.parties}
    return sorted({*words()["state"], *parties})


def matrix(at: dt.datetime, state: str = "") -> list[Pair]:
    """Every pair of states, or those of one state, at a moment. One query, where agreements have not changed."""
    register, kinds, purposes = policy.register(), passing_kinds(), [purpose.value for purpose in Purpose]
    if not state:
        return pairs(register, states(), kinds, purposes, at)
    others = [other for other in states() if other != state]
    return [pair for other in others for pair in pairs(register, sorted([state, other]), kinds, purposes, at)]


def families(matters: Sequence[Matter]) -> list[Family]:
    """The matters of a pair, put together by the first part of their kinds' names."""
    found = []
    for first, group in groupby(matters, key=lambda matter: matter.kind.partition(".")[0]):
        some = tuple(group)
        ways = [(matter.kind, way) for matter in some for way in matter.ways]
        closed = tuple((kind, way) for kind, way in ways if not way.open)
        state = "open" if not closed else "not_open" if len(closed) == len(ways) else "partly_open"
        found.append(Family(f"{first}.*" if some[0].kind != first else first, state, some, closed))
    return found
