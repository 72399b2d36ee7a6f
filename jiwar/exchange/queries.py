"""Reads for people: how each link is, and what became of a record."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count, Min, OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.audit.queries import newest_checkpoints
from jiwar.exchange.logic.advice import advise
from jiwar.exchange.models import Incoming, Link, Outgoing, Sealed, Stream
from jiwar.exchange.standing import announced
from jiwar.identity.queries import neighbours
from jiwar.identity.standing import disputed, list_ends, own_standing
from jiwar.records.words import words

if TYPE_CHECKING:
    from jiwar.audit.models import Checkpoint

ALIVE = dt.timedelta(seconds=60)
"""A link that was silent for longer is said to be down."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """One neighbour or post.

    `state`: up, down, never. `waiting`: messages on their way, by lane; `held`: kept by policy, counted by the reason's
    code (words group `verdict`). `failure`: code of the words group `link_failure`, "" when the last visit went well,
    noted at `failed_at`. `rate`, `cap`: bytes a second, seen and allowed. `epoch`: of the node. `advice`: codes of the
    words group `link_advice`. `checkpoint`: the newest that is kept of its ledger.
    """

    code: str
    name: str
    role: str
    contact: dict[str, str]
    state: str
    contact_at: dt.datetime | None
    waiting: dict[str, int]
    held: dict[str, int]
    refused: int
    oldest_at: dt.datetime | None
    received: int
    clock_difference: float | None
    failure: str
    failed_at: dt.datetime | None
    rate: float | None
    cap: int | None
    epoch: int
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
        .values("node", "state", "reason", "lane")
        .annotate(count=Count("id"), oldest=Min("queued_at"))
        .order_by()
    ):
        backlog.setdefault(row["node"], []).append(row)
    taken = Incoming.objects.filter(stream__node=code) if code else Incoming.objects.all()
    received = dict(taken.order_by().values_list("stream__node").annotate(Count("id")))
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
    held: Counter[str] = Counter()
    lanes: Counter[str] = Counter()
    for row in backlog:
        if row["state"] == Outgoing.State.HELD:
            held[row["reason"]] += row["count"]
    for row in waiting:
        lanes[row["lane"]] += row["count"]
    refused = sum(row["count"] for row in backlog if row["state"] == Outgoing.State.REFUSED)
    failure = failure_code(link.failure) if link.failures else ""
    return LinkState(
        code=node.code,
        name=node.name,
        role=node.role,
        contact=node.contact,
        state=state,
        contact_at=contact_at,
        waiting=dict(lanes),
        held=dict(held),
        refused=refused,
        oldest_at=min((row["oldest"] for row in waiting), default=None),
        received=received,
        clock_difference=link.clock_difference,
        failure=failure,
        failed_at=link.failed_at if link.failures else None,
        rate=link.rate,
        cap=link.cap,
        epoch=link.epoch,
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
    """The streams with one node, oldest first, and the newest messages, newest first.

    `sent` have `stream` and `seq`, None before they were sealed.
    """

    out: list[Stream]
    in_: list[Stream]
    sent: list[Outgoing]
    received: list[Incoming]


def streams(code: str, newest: int = 50) -> Streams:
    """The streams with a node; four queries."""
    rows = list(Stream.objects.filter(node=code).defer("newest"))
    sealed = Sealed.objects.filter(outgoing=OuterRef("pk")).order_by("-id")
    sent = Outgoing.objects.filter(node=code).select_related("record", "receipt").order_by("-id")
    sent = sent.annotate(stream=Subquery(sealed.values("stream__name")[:1]), seq=Subquery(sealed.values("seq")[:1]))
    received = Incoming.objects.filter(stream__node=code).select_related("record", "stream").order_by("-id")
    return Streams(
        [row for row in rows if not row.incoming],
        [row for row in rows if row.incoming],
        list(sent[:newest]),
        list(received[:newest]),
    )


def deliveries(uid: UUID) -> list[Delivery]:
    """What became of every version of a record, node by node."""
    rows = Outgoing.objects.filter(record__uid=uid, returned=False).select_related("record", "receipt")
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
            row.receipt.text if row.receipt else "",
        )
        for row in rows.order_by("node", "record__version")
    ]


def epochs() -> list[tuple[str, str, int]]:
    """Code, name and epoch of every neighbour and post, by its newest word; two queries."""
    known = dict(Link.objects.values_list("node", "epoch"))
    nodes = neighbours().order_by("code").values_list("code", "name")
    return [(code, name, known.get(code, 1)) for code, name in nodes]


def undelivered() -> int:
    """Messages that wait for a way or for a receipt."""
    return Outgoing.objects.filter(state__in=[Outgoing.State.QUEUED, Outgoing.State.SEALED]).count()


def waiting(actor: Actor) -> list[Waiting]:
    """What is due: a restore from an old copy to end, a certificate near its end, two roots of one state."""
    found = []
    if actor.may(Permission.EXCHANGE_RESTORE_END) and announced():
        found.append(Waiting("restore_to_end", 1, reverse("restore"), urgent=True))
    if actor.may(Permission.IDENTITY_NODE_MANAGE):
        own = own_standing()
        due = int(own.code in {"ends_soon", "expired"})
        found.append(Waiting("list_ends", int(list_ends()), reverse("directory")))
        found.append(Waiting("certificate_ends", due, reverse("own-keys"), urgent=own.code == "expired"))
        found.append(Waiting("roots_differ", disputed(), reverse("directory"), urgent=True))
    return found


def last_contact() -> dt.datetime | None:
    """The newest contact with any node: for a post, when it last heard from its state."""
    times = [t for pair in Link.objects.values_list("heard_at", "reached_at") for t in pair if t]
    return max(times, default=None)
