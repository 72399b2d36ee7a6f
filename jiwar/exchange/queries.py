"""Reads for people: how each link is, and what became of a record."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count, Min
from django.utils import timezone

from jiwar.audit.queries import newest_checkpoints
from jiwar.exchange.logic.advice import advise
from jiwar.exchange.models import Incoming, Link, Outgoing, Stream
from jiwar.identity.queries import neighbours
from jiwar.records.words import words

if TYPE_CHECKING:
    from jiwar.audit.models import Checkpoint

ALIVE = dt.timedelta(seconds=60)
"""A link that was silent for longer is said to be down."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """One neighbour or post.

    `state`: up, down, never. `waiting`: messages on their way; `held`: kept by policy, counted by the reason's code
    (words group `verdict`). `failure`: code of the words group `link_failure`, "" when the last visit went well.
    `advice`: codes of the words group `link_advice`. `checkpoint`: the newest that is kept of its ledger.
    """

    code: str
    name: str
    role: str
    contact: dict[str, str]
    state: str
    contact_at: dt.datetime | None
    waiting: int
    held: dict[str, int]
    refused: int
    oldest_at: dt.datetime | None
    received: int
    clock_difference: float | None
    failure: str
    next_attempt_at: dt.datetime | None
    checkpoint: "Checkpoint | None"
    advice: list[str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one record on its way to one node."""

    node: str
    version: int
    kind: str
    state: str
    reason: str
    agreement: str
    clause: str
    queued_at: dt.datetime
    acknowledged_at: dt.datetime | None
    receipt: str


def links(code: str | None = None) -> list[LinkState]:
    """Every neighbour and post, or the one with this code; in five queries."""
    of_node = {"node": code} if code else {}
    backlog: dict[str, list[dict[str, Any]]] = {}
    for row in (
        Outgoing.objects.filter(**of_node)
        .exclude(state__in=[Outgoing.State.ACKNOWLEDGED, Outgoing.State.NOT_SENT])
        .values("node", "state", "reason")
        .annotate(count=Count("id"), oldest=Min("queued_at"))
        .order_by()
    ):
        backlog.setdefault(row["node"], []).append(row)
    received = dict(Incoming.objects.filter(**of_node).order_by().values_list("node").annotate(Count("id")))
    known = {link.node: link for link in Link.objects.filter(**of_node)}
    checkpoints = newest_checkpoints()
    nodes = neighbours().filter(code=code) if code else neighbours()
    return [
        _link_state(
            node,
            known.get(node.code, Link(node=node.code)),
            backlog.get(node.code, []),
            received.get(node.code, 0),
            checkpoints.get(node.code),
        )
        for node in nodes
    ]


def _link_state(node, link, backlog, received, checkpoint) -> LinkState:  # type: ignore[no-untyped-def]
    now = timezone.now()
    contact_at = max((at for at in (link.heard_at, link.reached_at) if at), default=None)
    alive = contact_at is not None and now - contact_at < ALIVE and not link.failures
    state = "up" if alive else "down" if contact_at else "never"
    waiting = [row for row in backlog if row["state"] in {Outgoing.State.QUEUED, Outgoing.State.SEALED}]
    held = {row["reason"]: row["count"] for row in backlog if row["state"] == Outgoing.State.HELD}
    refused = sum(row["count"] for row in backlog if row["state"] == Outgoing.State.REFUSED)
    failure = failure_code(link.failure) if link.failures else ""
    return LinkState(
        code=node.code,
        name=node.name,
        role=node.role,
        contact=node.contact,
        state=state,
        contact_at=contact_at,
        waiting=sum(row["count"] for row in waiting),
        held=held,
        refused=refused,
        oldest_at=min((row["oldest"] for row in waiting), default=None),
        received=received,
        clock_difference=link.clock_difference,
        failure=failure,
        next_attempt_at=link.next_attempt_at,
        checkpoint=checkpoint,
        advice=advise(
            state=state,
            silent=now - contact_at if contact_at else None,
            failure=failure,
            clock_difference=link.clock_difference,
            held=sum(held.values()),
            refused=refused,
        ),
    )


def failure_code(failure: str) -> str:
    """The most telling code in a noted failure: `http 400 key_unknown` is about a key."""
    tokens = failure.split()
    return next((token for token in reversed(tokens) if token in words()["link_failure"]), tokens[0] if tokens else "")


@dataclass(frozen=True, slots=True)
class Streams:
    """Numbers and newest messages of the two streams with one node, newest first; `out` and `in_` are the numbers."""

    out: int
    in_: int
    sent: list[Outgoing]
    received: list[Incoming]


def streams(code: str, newest: int = 50) -> Streams:
    """The streams with a node."""
    numbers = dict(Stream.objects.filter(node=code).values_list("incoming", "seq"))
    sent = Outgoing.objects.filter(node=code).select_related("record").defer("envelope").order_by("-id")
    received = Incoming.objects.filter(node=code).select_related("record").order_by("-seq")
    return Streams(numbers.get(False, 0), numbers.get(True, 0), list(sent[:newest]), list(received[:newest]))


def deliveries(uid: UUID) -> list[Delivery]:
    """What became of every version of a record, node by node."""
    rows = Outgoing.objects.filter(record__uid=uid).select_related("record").order_by("node", "record__version")
    return [
        Delivery(
            row.node,
            row.record.version,
            row.record.kind,
            row.state,
            row.reason,
            row.agreement,
            row.clause,
            row.queued_at,
            row.acknowledged_at,
            row.receipt,
        )
        for row in rows
    ]


def undelivered() -> int:
    """Messages that wait for a way or for a receipt."""
    return Outgoing.objects.filter(state__in=[Outgoing.State.QUEUED, Outgoing.State.SEALED]).count()


def last_contact() -> dt.datetime | None:
    """The newest contact with any node: for a post, when it last heard from its state."""
    times = [t for pair in Link.objects.values_list("heard_at", "reached_at") for t in pair if t]
    return max(times, default=None)
