"""Reads for people: how each link is, and what became of a record."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Min, Q
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.exchange.models import Incoming, Link, Outgoing
from jiwar.identity.queries import neighbours

ALIVE = dt.timedelta(seconds=60)
"""A link that was silent for longer is said to be down."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """One neighbour or post. `state`: up, down, never; `waiting`: messages on their way; `held`: kept by policy."""

    code: str
    name: str
    role: str
    contact: dict[str, str]
    state: str
    contact_at: dt.datetime | None
    waiting: int
    held: int
    refused: int
    oldest_at: dt.datetime | None
    received: int
    clock_difference: float | None
    failure: str
    next_attempt_at: dt.datetime | None


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


def links() -> list[LinkState]:
    """Every neighbour and post, in three queries."""
    waiting = Q(state__in=[Outgoing.State.QUEUED, Outgoing.State.SEALED])
    counts = {
        row["node"]: row
        for row in Outgoing.objects.values("node").annotate(
            waiting=Count("id", filter=waiting),
            held=Count("id", filter=Q(state=Outgoing.State.HELD)),
            refused=Count("id", filter=Q(state=Outgoing.State.REFUSED)),
            oldest=Min("queued_at", filter=waiting),
        )
    }
    received = dict(Incoming.objects.values_list("node").annotate(Count("id")))
    known = {link.node: link for link in Link.objects.all()}
    return [_link_state(node, known.get(node.code), counts.get(node.code, {}), received) for node in neighbours()]


def _link_state(node, link, count, received) -> LinkState:  # type: ignore[no-untyped-def]
    contacts = [at for at in (link.heard_at, link.reached_at) if at] if link else []
    contact_at = max(contacts, default=None)
    alive = contact_at is not None and timezone.now() - contact_at < ALIVE and not (link and link.failures)
    return LinkState(
        code=node.code,
        name=node.name,
        role=node.role,
        contact=node.contact,
        state="up" if alive else "down" if contact_at else "never",
        contact_at=contact_at,
        waiting=count.get("waiting", 0),
        held=count.get("held", 0),
        refused=count.get("refused", 0),
        oldest_at=count.get("oldest"),
        received=received.get(node.code, 0),
        clock_difference=link.clock_difference if link else None,
        failure=link.failure if link else "",
        next_attempt_at=link.next_attempt_at if link else None,
    )


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


def may_read_links(actor: Actor) -> bool:
    """Whether to offer the link screen."""
    return actor.may(Permission.EXCHANGE_LINK_READ)
