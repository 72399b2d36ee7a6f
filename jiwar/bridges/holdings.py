"""Which collections there are, and which of them a reader may open: a state's records of one kind, or a source's inbox.

What a reader may not open does not exist for it.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.bridges.leaving import may_open
from jiwar.bridges.logic.statement import named
from jiwar.bridges.models import Handed, Source
from jiwar.bridges.readers import Recipient
from jiwar.identity.queries import neighbours
from jiwar.records.kinds import ACKNOWLEDGEMENT, KINDS, WITHDRAWAL
from jiwar.records.reading import READS
from jiwar.records.services import Record

P = Permission
ABOUT_ANOTHER = {ACKNOWLEDGEMENT.name, WITHDRAWAL.name}
"""Kinds of which each record takes the permission of the record that it is about."""


@dataclass(frozen=True, slots=True)
class Collection:
    """`origin` and `kind` of what is read, or the `source` that writes. `name` is the alias."""

    id: UUID
    name: str
    origin: str = ""
    kind: str = ""
    source: str = ""


def records_of(origin: str, kind: str) -> Collection:
    """A state's records of a kind."""
    return Collection(named("collection", settings.NODE.code, origin, kind), f"{origin}.{kind}", origin, kind)


def inbox_of(source: str) -> Collection:
    """What a source writes."""
    return Collection(named("inbox", settings.NODE.code, source), f"inbox.{source}", source=source)


def collections(by: Grant, to: Recipient) -> list[Collection]:
    """Those that hold something and may be read, then those that may be written."""
    held = Record.objects.exclude(state=Record.State.NOT_UNDERSTOOD).order_by("origin", "kind")
    pairs = held.values_list("origin", "kind").distinct() if by.actor.may(P.BRIDGES_COLLECTION_READ) else ()
    return [records_of(*pair) for pair in pairs if _opens(by, to, *pair)] + _inboxes(by)


def find(by: Grant, to: Recipient, id_: UUID) -> Collection | None:
    """The collection with this identifier, where this reader may open it."""
    if by.actor.may(P.BRIDGES_COLLECTION_READ):
        states = {settings.NODE.state, *neighbours().values_list("state", flat=True)}
        every = (records_of(origin, name) for origin in states for name in {name for name, _ in KINDS})
        if one := next((one for one in every if one.id == id_), None):
            return one if _opens(by, to, one.origin, one.kind) else None
    return next((one for one in _inboxes(by) if one.id == id_), None)


def hand(to: Recipient, origin: str, kind: str) -> None:
    """Remember that a recipient outside was given content of a collection."""
    if not to.ours:
        Handed.objects.get_or_create(reader_id=to.reader, origin=origin, kind=kind)


def _opens(by: Grant, to: Recipient, origin: str, kind: str) -> bool:
    if to.ours:
        if kind in ABOUT_ANOTHER:
            return any(by.actor.may(permission) for permission in READS.values())
        return kind in READS and by.actor.may(READS[kind])
    if origin != settings.NODE.state:
        return False
    # Who was given something learns that its use ended, whatever became of the agreement since (rule R11).
    handed = Handed.objects.filter(reader=to.reader, origin=origin, kind=kind)
    return may_open(kind, to) or handed.exists()


def _inboxes(by: Grant) -> list[Collection]:
    if not by.actor.may(P.BRIDGES_COLLECTION_WRITE):
        return []
    sources = Source.objects.filter(writer=by.actor.agency, purpose=by.purpose)
    return [inbox_of(code) for code in sources.values_list("code", flat=True)]
