"""Who gets a record: decided in the transaction that stores it, by agreements alone.

A state speaks to states: national nodes exchange with national nodes, and each with the posts of its own state. What no
agreement opens waits here, held with the reason, and leaves when one opens it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.passing import PASSED_ON
from jiwar.agreements.policy import CHANGED
from jiwar.agreements.queries import Verdict, facts_of, may_send, named
from jiwar.audit.services import Act, Author, append_all
from jiwar.exchange.logic.streams import Lane
from jiwar.exchange.models import Outgoing
from jiwar.exchange.wake import wake_courier
from jiwar.identity.queries import known_neighbours, neighbours
from jiwar.records.content import Content
from jiwar.records.kinds import ACKNOWLEDGEMENT, KINDS, WITHDRAWAL, Kind
from jiwar.records.queries import held, newest_version
from jiwar.records.services import STORED, Record, Stored, acknowledge
from jiwar.sql import insert_all

CONSENT_PRIORITY = 5
Known = tuple[str, str, str]
"""A neighbour's code, state and role."""


def route(by: Author, stored: Sequence[Stored]) -> None:
    """Put stored records into the outbox of every node that they are for. One query for all, and what policy asks."""
    known: list[Known] = [(node.code, node.state, node.role) for node in known_neighbours().values()]
    passed = _passed_on(stored)
    rows: list[Outgoing] = []
    for each in stored:
        kind = KINDS.get((each.record.kind, each.record.kind_version))
        if kind is None or each.content is None or not _is_for_others(each.record, each.content, kind):
            continue
        rows += (row(each.record, kind, code, foreign=foreign) for code, foreign in _nodes(each, kind, known, passed))
    enqueue(by, rows)


def enqueue(by: Author, rows: Sequence[Outgoing]) -> None:
    """Store new rows of the outbox, with their ledger leaves."""
    if not rows:
        return
    insert_all(rows)
    append_all(
        by,
        [
            Act(
                "message_queued" if row.state == Outgoing.State.QUEUED else "message_held",
                str(row.record.uid),
                {
                    "to": row.node,
                    "kind": row.record.kind,
                    "agreement": row.agreement,
                    "clause": row.clause,
                    "reason": row.reason,
                },
            )
            for row in rows
        ],
    )
    wake_courier()


def release_all() -> None:
    """What an agreement held back may be free to leave now; departure looks at policy again."""
    Outgoing.objects.filter(state=Outgoing.State.HELD).update(state=Outgoing.State.QUEUED, there=False)
    wake_courier()


def row(record: Record, kind: Kind, node: str, *, foreign: bool) -> Outgoing:
    """A row of the outbox, not stored yet; policy is asked for another state's node."""
    verdict = policy(record, kind, node) if foreign else FREE
    return Outgoing(
        node=node,
        record=record,
        state=Outgoing.State.QUEUED if verdict.open else Outgoing.State.HELD,
        reason="" if verdict.open else verdict.code,
        agreement=verdict.agreement,
        clause=verdict.clause,
        lane=Lane.URGENT if kind.urgent(record) else Lane.ROUTINE,
        priority=kind.priority,
        queued_at=timezone.now(),
    )


def pass_on(by: Author, record: Record, state: str, consents: Sequence[Record]) -> None:
    """Put a held record into the outbox for a state, behind the consents that let it pass: they arrive before it."""
    for code in neighbours().filter(state=state).exclude(role="post").values_list("code", flat=True):
        there = Outgoing.objects.filter(node=code, record__in=[*consents, record]).values_list("record_id", flat=True)
        rows = []
        for each in (each for each in (*consents, record) if each.pk not in set(there)):
            made = row(each, KINDS[each.kind, each.kind_version], code, foreign=True)
            # One lane and one priority: in a stream nothing overtakes.
            made.lane, made.priority = Lane.URGENT, CONSENT_PRIORITY
            rows.append(made)
        enqueue(by, rows)


def catch_up(by: Author, kind: Kind, post: str) -> int:
    """Queue for an own post, which came later, what of a kind never was, the oldest first. Returns how many."""
    there = Outgoing.objects.filter(node=post, record__kind=kind.name).values("record_id")
    own = held(kind.name).filter(node=settings.NODE.code, state=Record.State.IN_FORCE)
    rows = [row(record, kind, post, foreign=False) for record in own.exclude(pk__in=there).order_by("pk")]
    if rows:
        with transaction.atomic():
            enqueue(by, rows)
    return len(rows)


def _is_for_others(record: Record, content: Content, kind: Kind) -> bool:
    """What a stored record does to the outbox besides filling it; whether it goes on at all."""
    own = record.node == settings.NODE.code
    if kind is WITHDRAWAL:
        _stop(record)
        if not own:
            acknowledge(as_node(Permission.EXCHANGE_MESSAGE_PASS), record, settings.NODE.code)
    elif record.state != Record.State.IN_FORCE:
        return False
    if kind is ACKNOWLEDGEMENT and not own and record.origin == settings.NODE.state:
        _vouch(record, content)
    return True


def _passed_on(stored: Sequence[Stored]) -> dict[UUID, set[str]]:
    """States to which other states' records were passed on from here: they hear of corrections and withdrawals too."""
    own = settings.NODE.state
    found: dict[UUID, set[str]] = defaultdict(set)
    later = (r for r in (each.record for each in stored) if r.version > 1 or r.kind == WITHDRAWAL.name)
    theirs = [_subject(record) for record in later if record.origin != own]
    if theirs and settings.NODE.role == "national":
        rows = Outgoing.objects.filter(record__uid__in=theirs, returned=False).exclude(state=Outgoing.State.NOT_SENT)
        for uid, node in rows.values_list("record__uid", "node"):
            if uid is not None and node[:3] != own:
                found[uid].add(node[:3])
    return found


def _subject(record: Record) -> UUID | None:
    return record.about if record.kind == WITHDRAWAL.name else record.uid


def _nodes(stored: Stored, kind: Kind, known: Iterable[Known], passed: dict[UUID, set[str]]) -> list[tuple[str, bool]]:
    """Codes of the nodes that a record is for, and whether each is another state's."""
    record, content = stored.record, stored.content
    own = record.node == settings.NODE.code
    if settings.NODE.role == "post":
        return [(settings.NODE.state, False)] if own else []
    nodes: list[tuple[str, bool]] = []
    states: set[str]
    if own:
        if kind is WITHDRAWAL:
            holders = Outgoing.objects.filter(record__uid=record.about).exclude(state=Outgoing.State.NOT_SENT)
            states = set(holders.values_list("node", flat=True)) | (named(record.about) if record.about else set())
        elif kind.addressees is None:
            states = {state for _, state, _ in known}
        else:
            states = set(kind.addressees(content))
    else:
        states = passed.get(_subject(record) or record.uid, set())
    nodes += [(c, True) for c, s, r in known if s != settings.NODE.state and r != "post" and s in states]
    # TLP:RED is for the named recipient: it goes no further, not even to an own post.
    if kind.posts and record.tlp != "RED":
        posts = [c for c, s, r in known if s == settings.NODE.state and c != record.node and r == "post"]
        target = newest_version(record.about) if posts and kind is WITHDRAWAL else None
        withdrawn = KINDS.get((target.kind, target.kind_version)) if target else None
        if target and withdrawn and callable(withdrawn.posts):
            # What does not go to a post needs no withdrawal there.
            posts = [code for code in posts if withdrawn.is_for_post(target, code)]
        nodes += [(code, False) for code in posts if kind.is_for_post(record, code)]
    return nodes


def _stop(withdrawal: Record) -> None:
    """What has not left yet needs no withdrawal: it never leaves."""
    waiting = Outgoing.objects.filter(
        record__uid=withdrawal.about, state__in=[Outgoing.State.QUEUED, Outgoing.State.HELD]
    )
    waiting.update(state=Outgoing.State.NOT_SENT, reason="withdrawn")


def give_up(node: str, kinds: Iterable[str]) -> int:
    """What of these kinds has not left for a node never leaves: an edition says it there. Returns how many."""
    waiting = Outgoing.objects.filter(node=node, record__kind__in=list(kinds))
    waiting = waiting.filter(state__in=[Outgoing.State.QUEUED, Outgoing.State.HELD])
    return waiting.update(state=Outgoing.State.NOT_SENT, reason="in_edition")


def _vouch(record: Record, content: Content) -> None:
    """A post's acknowledgement of a foreign withdrawal goes to the origin in the name of the state."""
    target = newest_version(record.about)
    if target is not None and target.origin != settings.NODE.state and settings.NODE.role == "national":
        acknowledge(as_node(Permission.EXCHANGE_MESSAGE_PASS), target, content.body.holder)  # type: ignore[attr-defined]


def _origin_of_target(content: Content) -> list[str]:
    target = newest_version(content.body.target)  # type: ignore[attr-defined]
    return [target.origin] if target else []


@dataclass(frozen=True, slots=True)
class Free:
    """Verdict on what needs no agreement."""

    open: bool = True
    code: str = ""
    agreement: str = ""
    clause: str = ""


FREE = Free()


def policy(record: Record, kind: Kind, node: str) -> Verdict | Free:
    """Whether an agreement in force opens this record to another state's node now."""
    if kind.instrument:
        return FREE
    facts = facts_of(record.data, settings.NODE.state)
    return may_send(record.kind, record.purpose, node[:3], timezone.now(), **facts)


ACKNOWLEDGEMENT.addressees = _origin_of_target
STORED.append(route)
CHANGED.append(release_all)
PASSED_ON.append(pass_on)
