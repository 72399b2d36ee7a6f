"""Reads for people: how each link is, and what became of a record."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.db.models import Count, Max, Min, OuterRef, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.audit.queries import WitnessState, newest_checkpoints, open_forks, witnessing
from jiwar.exchange.logic.advice import ADVICE, CLOCK_LIMIT, Facts, Trouble, advise, trouble
from jiwar.exchange.models import Incoming, Link, Outgoing, Pouch, Receipt, Sealed, Stream
from jiwar.exchange.standing import announced
from jiwar.identity.queries import is_stale, neighbours, one_look
from jiwar.identity.standing import Standing, disputed, list_ends, own_standing, standing_of
from jiwar.records.words import words

if TYPE_CHECKING:
    from jiwar.audit.models import Checkpoint
    from jiwar.identity.models import Node

ALIVE = dt.timedelta(seconds=60)
CLOCK_KEPT = dt.timedelta(days=30)
"""For how long another clock's word on ours counts."""
"""A link that was silent for longer is said to be down."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """One neighbour or post.

    `state`: up, down, never. `waiting`: messages on their way, by lane; `held`: kept by policy, counted by the reason's
    code (words group `verdict`). `failure`: code of the words group `link_failure`, "" when the last visit went well,
    noted at `failed_at`. `rate`, `cap`: bytes a second, seen and allowed. `epoch`: of the node. `keys`: how its newest
    key stands; `list_stale`: its state's revocation list is out of date. `checkpoint`: the newest that is kept of its
    ledger; `vouches`: what it signed last as a witness of ours, None of a post; `forked`: it signed two histories, and
    nobody has accepted that. `pouch_at`: when the newest pouch to it was made or of its was opened. `advice`: codes of
    the words group `link_advice`, the most pressing first; `trouble`: how pressing (words group `link_trouble`).
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
    keys: Standing
    list_stale: bool
    checkpoint: "Checkpoint | None"
    vouches: WitnessState | None
    forked: bool
    pouch_at: dt.datetime | None
    advice: list[str]
    trouble: Trouble


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
    """Every neighbour and post, the most pressing first, or the one with this code; fifteen queries, however many."""
    of_node, now = {"node": code} if code else {}, timezone.now()
    backlog: dict[str, list[_Backlog]] = defaultdict(list)
    rows = Outgoing.objects.filter(state__in=_OPEN, **of_node).values_list("node", "state", "reason", "lane").order_by()
    for node, *row in rows.annotate(Count("id"), Min("queued_at")):
        backlog[node].append(_Backlog(*row))
    taken = Stream.objects.filter(incoming=True, **of_node).values_list("node").order_by().annotate(Sum("seq"))
    pouches = Pouch.objects.filter(**of_node).values_list("node").order_by().annotate(Max("at"))
    about = _About(
        backlog,
        dict(taken),
        {link.node: link for link in Link.objects.filter(**of_node)},
        newest_checkpoints(),
        {state.node: state for state in witnessing(now).witnesses},
        {fork.node for fork in open_forks()},
        dict(pouches),
        announced() is not None,
        now,
    )
    nodes = neighbours().filter(code=code) if code else neighbours()
    with one_look():
        found = [_link_state(node, about) for node in nodes]
    pressing = list(ADVICE)
    return sorted(found, key=lambda link: (pressing.index(link.advice[0]), link.name, link.code))


_OPEN = [Outgoing.State.QUEUED, Outgoing.State.HELD, Outgoing.State.SEALED, Outgoing.State.REFUSED]


class _Backlog(NamedTuple):
    """Messages for one node that stand alike."""

    state: str
    reason: str
    lane: str
    messages: int
    oldest: dt.datetime


class _About(NamedTuple):
    """What is known of all nodes, each by its code."""

    backlog: Mapping[str, list[_Backlog]]
    received: Mapping[str, int]
    links: Mapping[str, Link]
    checkpoints: "Mapping[str, Checkpoint]"
    witnesses: Mapping[str, WitnessState]
    forked: set[str]
    pouches: Mapping[str, dt.datetime]
    restoring: bool
    now: dt.datetime


def _link_state(node: "Node", about: _About) -> LinkState:
    link, backlog, now = about.links.get(node.code, Link(node=node.code)), about.backlog.get(node.code, []), about.now
    contact_at = max((at for at in (link.heard_at, link.reached_at) if at), default=None)
    alive = contact_at is not None and now - contact_at < ALIVE and not link.failures
    state = "up" if alive else "down" if contact_at else "never"
    waiting = [row for row in backlog if row.state in {Outgoing.State.QUEUED, Outgoing.State.SEALED}]
    oldest_at = min((row.oldest for row in waiting), default=None)
    held = _counted((row.reason, row.messages) for row in backlog if row.state == Outgoing.State.HELD)
    refused = sum(row.messages for row in backlog if row.state == Outgoing.State.REFUSED)
    failure = failure_code(link.failure) if link.failures else ""
    keys, list_stale = standing_of(node.code), is_stale(node.state)
    advice = advise(
        Facts(
            state=state,
            silent=now - contact_at if contact_at else None,
            failure=failure,
            clock_difference=link.clock_difference,
            waiting=sum(row.messages for row in waiting),
            oldest=now - oldest_at if oldest_at else dt.timedelta(),
            held=sum(held.values()),
            refused=refused,
            keys=keys.code,
            list_stale=list_stale,
            forked=node.code in about.forked,
            restoring=about.restoring,
        )
    )
    return LinkState(
        code=node.code,
        name=node.name,
        role=node.role,
        contact=node.contact,
        state=state,
        contact_at=contact_at,
        waiting=_counted((row.lane, row.messages) for row in waiting),
        held=held,
        refused=refused,
        oldest_at=oldest_at,
        received=about.received.get(node.code, 0),
        clock_difference=link.clock_difference,
        failure=failure,
        failed_at=link.failed_at if link.failures else None,
        rate=link.rate,
        cap=link.cap,
        epoch=link.epoch,
        keys=keys,
        list_stale=list_stale,
        checkpoint=about.checkpoints.get(node.code),
        vouches=about.witnesses.get(node.code),
        forked=node.code in about.forked,
        pouch_at=about.pouches.get(node.code),
        advice=advice,
        trouble=trouble(advice),
    )


def _counted(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, count in pairs:
        found[name] += count
    return dict(sorted(found.items(), reverse=True))


def failure_code(failure: str) -> str:
    """The most telling code in a noted failure: `http 400 key_unknown` is about a key."""
    tokens = failure.split()
    return next((token for token in reversed(tokens) if token in words()["link_failure"]), tokens[0] if tokens else "")


def streams(code: str) -> tuple[list[Stream], list[Stream]]:
    """The streams to a node and from it, the newest first; one query."""
    rows = list(Stream.objects.filter(node=code).defer("newest").order_by("-id"))
    return [row for row in rows if not row.incoming], [row for row in rows if row.incoming]


def sent(code: str, state: str = "") -> QuerySet[Outgoing]:
    """Messages to a node, the newest first, with `stream` and `seq`, None before they were sealed."""
    sealed = Sealed.objects.filter(outgoing=OuterRef("pk")).order_by("-id")
    found = Outgoing.objects.filter(node=code).select_related("record", "receipt").order_by("-id")
    found = found.filter(state=state) if state else found
    return found.annotate(stream=Subquery(sealed.values("stream__name")[:1]), seq=Subquery(sealed.values("seq")[:1]))


def received(code: str) -> QuerySet[Incoming]:
    """Messages from a node that were taken, the newest first."""
    return Incoming.objects.filter(stream__node=code).select_related("record", "stream").order_by("-id")


def receipts(code: str) -> QuerySet[Receipt]:
    """A node's signed receipts for our messages, the newest first."""
    return Receipt.objects.filter(stream__node=code).select_related("stream").order_by("-id")


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


def clock_said(now: dt.datetime) -> str:
    """What is known of this node's clock: ``synchronised``, ``wrong``, or ``unconfirmed`` where nobody compared it for
    a month. The nearest of the nodes that were heard says it; one query."""
    heard = Link.objects.filter(clock_difference__isnull=False).values_list(
        "heard_at", "reached_at", "clock_difference"
    )
    lately = [off for *times, off in heard if any(at and now - at < CLOCK_KEPT for at in times)]
    if not lately:
        return "unconfirmed"
    return "synchronised" if min(map(abs, lately)) <= CLOCK_LIMIT else "wrong"


def last_contact() -> dt.datetime | None:
    """The newest contact with any node: for a post, when it last heard from its state."""
    times = [t for pair in Link.objects.values_list("heard_at", "reached_at") for t in pair if t]
    return max(times, default=None)
