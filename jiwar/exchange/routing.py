"""Who gets a record: decided in the transaction that stores it, by agreements alone.

A state speaks to states: national nodes exchange with national nodes, and each with the posts of its own state. What no
agreement opens waits here, held with the reason, and leaves when one opens it.
"""

from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.queries import may_send
from jiwar.audit.services import Author, append
from jiwar.exchange.models import Outgoing
from jiwar.identity.queries import neighbours
from jiwar.records.content import Content
from jiwar.records.kinds import ACKNOWLEDGEMENT, KINDS, WITHDRAWAL, Kind
from jiwar.records.queries import newest_version
from jiwar.records.services import STORED, Record, Stored, acknowledge


def route(by: Author, stored: Sequence[Stored]) -> None:
    """Put stored records into the outbox of every node that they are for."""
    for each in stored:
        _route(by, each.record, each.content)


def _route(by: Author, record: Record, content: Content | None) -> None:
    kind = KINDS.get((record.kind, record.kind_version))
    if kind is None or content is None:
        return
    own = record.node == settings.NODE.code
    if kind is WITHDRAWAL:
        _stop(record)
        if not own:
            acknowledge(as_node(Permission.EXCHANGE_MESSAGE_PASS), record, settings.NODE.code)
    elif record.state != Record.State.IN_FORCE:
        return
    if kind is ACKNOWLEDGEMENT and record.node != settings.NODE.code and record.origin == settings.NODE.state:
        _vouch(record, content)
    for node, foreign in _nodes(record, content, kind, own=own):
        _enqueue(by, record, kind, node, foreign=foreign)
    if kind.name.startswith("agreement"):
        # What an agreement held back may be free to leave now; departure looks at policy again.
        Outgoing.objects.filter(state=Outgoing.State.HELD).update(state=Outgoing.State.QUEUED)


def _nodes(record: Record, content: Content, kind: Kind, *, own: bool) -> list[tuple[str, bool]]:
    """Codes of the nodes that a record is for, and whether each is another state's."""
    if settings.NODE.role == "post":
        return [(settings.NODE.state, False)] if own else []
    nodes: list[tuple[str, bool]] = []
    known = list(neighbours().values_list("code", "state", "role"))
    if own:
        if kind is WITHDRAWAL:
            holders = Outgoing.objects.filter(record__uid=record.about).exclude(state=Outgoing.State.NOT_SENT)
            states = set(holders.values_list("node", flat=True))
        elif kind.addressees is None:
            states = {state for _, state, _ in known}
        else:
            states = set(kind.addressees(content))
        nodes += [(c, True) for c, s, r in known if s != settings.NODE.state and r != "post" and s in states]
    # TLP:RED is for the named recipient: it goes no further, not even to an own post.
    if kind.posts and record.tlp != "RED":
        nodes += [(c, False) for c, s, r in known if s == settings.NODE.state and c != record.node and r == "post"]
    return nodes


def _enqueue(by: Author, record: Record, kind: Kind, node: str, *, foreign: bool) -> None:
    verdict = policy(record, kind, node) if foreign else None
    state = Outgoing.State.QUEUED if verdict is None or verdict.open else Outgoing.State.HELD
    row, new = Outgoing.objects.get_or_create(
        node=node,
        record=record,
        defaults={
            "state": state,
            "reason": "" if verdict is None or verdict.open else verdict.code,
            "agreement": verdict.agreement if verdict else "",
            "clause": verdict.clause if verdict else "",
            # What stops a use goes ahead of what starts one, and an agreement ahead of what it opens.
            "urgent": kind.instrument,
        },
    )
    if new:
        detail = {"to": node, "kind": kind.name, "agreement": row.agreement, "clause": row.clause, "reason": row.reason}
        append("message_queued" if row.state == Outgoing.State.QUEUED else "message_held", by, str(record.uid), detail)


def _stop(withdrawal: Record) -> None:
    """What has not left yet needs no withdrawal: it never leaves."""
    waiting = Outgoing.objects.filter(
        record__uid=withdrawal.about, state__in=[Outgoing.State.QUEUED, Outgoing.State.HELD]
    )
    waiting.update(state=Outgoing.State.NOT_SENT, reason="withdrawn")


def _vouch(record: Record, content: Content) -> None:
    """A post's acknowledgement of a foreign withdrawal goes to the origin in the name of the state."""
    target = newest_version(record.about)
    if target is not None and target.origin != settings.NODE.state and settings.NODE.role == "national":
        acknowledge(as_node(Permission.EXCHANGE_MESSAGE_PASS), target, content.body.holder)  # type: ignore[attr-defined]


def _origin_of_target(content: Content) -> list[str]:
    target = newest_version(content.body.target)  # type: ignore[attr-defined]
    return [target.origin] if target else []


class Free:
    """Verdict on what needs no agreement."""

    open, code, agreement, clause = True, "", "", ""


def policy(record: Record, kind: Kind, node: str):
    """Whether an agreement in force opens this record to another state's node now."""
    if kind.instrument:
        return Free()
    return may_send(record.kind, record.purpose, node[:3], timezone.now())


ACKNOWLEDGEMENT.addressees = _origin_of_target
STORED.append(route)
