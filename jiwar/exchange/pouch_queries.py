"""Reads about pouches: what the next one would carry, and what became of those that were made and opened."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Length

from jiwar.exchange import attachments, last_words
from jiwar.exchange.models import Attached, Outgoing, Pouch, Sealed, Stream
from jiwar.exchange.pouch_folder import path_of
from jiwar.identity.directory import names_of

_SEALING = 3_000
"""Bytes that sealing adds to a statement, more or less: keys, signatures, padding."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a pouch to a node would carry now: messages by lane, of how many of its own it holds no receipt, files;
    `size` in bytes, more or less."""

    messages: dict[str, int]
    receipts: int
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Story:
    """A pouch and what became of it. `by`: the name of who packed or opened it. `confirmed`: of one that was packed,
    whether what came back since shows that it arrived: `yes`, `part`, `no`. `file`: where it can still be fetched."""

    pouch: Pouch
    by: str
    confirmed: str
    file: Path | None


def ahead(node: str) -> Ahead:
    """What waits for a node; eleven queries, and a look at the size of each file."""
    sealed = Q(pk=None)
    for name, cursor in last_words.reached(node).items():
        sealed |= Q(stream__name=name, seq__gt=cursor.seq)
    under_way = Sealed.objects.filter(sealed, stream__node=node, stream__incoming=False, stream__closed_at=None)
    queued = Outgoing.objects.filter(node=node, state=Outgoing.State.QUEUED).order_by()
    messages = Counter(dict(queued.values_list("lane").annotate(Count("id"))))
    messages += Counter(dict(under_way.order_by().values_list("outgoing__lane").annotate(Count("id"))))
    statements = queued.aggregate(count=Count("id"), size=Sum(Length("record__statement")))
    envelopes = under_way.aggregate(size=Sum(Length("envelope")))
    files = _files(node, queued, under_way)
    size = (statements["size"] or 0) + _SEALING * statements["count"] + (envelopes["size"] or 0) + sum(files)
    return Ahead(dict(messages), _owed(node), len(files), size)


def _files(node: str, queued: QuerySet[Outgoing], under_way: QuerySet[Sealed]) -> list[int]:
    """The sizes of the sealed files that would go along."""
    waits = Q(Exists(queued.filter(record=OuterRef("record"))))
    waits |= Q(Exists(under_way.filter(outgoing__record=OuterRef("record"))))
    word = last_words.of(node)
    blobs = {*Attached.objects.filter(waits).values_list("blob", flat=True), *(word.lack if word else ())}
    return [size for size in map(attachments.size_of, sorted(blobs)) if size]


def _owed(node: str) -> int:
    taken = dict(Stream.objects.filter(node=node, incoming=True).values_list("name", "seq"))
    said = last_words.owed(node)
    return sum(max(0, min(taken.get(name, 0), sent.sealed) - sent.acked) for name, sent in said.items())


def pouches(node: str) -> QuerySet[Pouch]:
    """Pouches to and from a node, the newest first."""
    return Pouch.objects.filter(node=node)


def stories(node: str, rows: Any) -> list[Story]:
    """What became of pouches of one node; three queries and those of `rows`."""
    found = list(rows)
    names = names_of(pouch.by for pouch in found)
    acked = dict(Stream.objects.filter(node=node, incoming=False).values_list("name", "acked"))
    word = last_words.of(node)
    held = {name: sent.acked for name, sent in word.sent.items()} if word else {}
    return [Story(pouch, names.get(pouch.by, pouch.by), _arrived(pouch, acked, held), _file(pouch)) for pouch in found]


def one(node: str, uid: UUID, *, incoming: bool) -> Story | None:
    """One pouch."""
    return next(iter(stories(node, pouches(node).filter(uid=uid, incoming=incoming))), None)


def _arrived(pouch: Pouch, acked: dict[str, int], held: dict[str, int]) -> str:
    if pouch.incoming:
        return ""
    shown = [acked.get(name, 0) >= last for name, last in pouch.contents.get("streams", {}).items()]
    shown += [held.get(name, 0) >= last for name, last in pouch.contents.get("receipts_to", {}).items()]
    return "yes" if shown and all(shown) else "part" if any(shown) else "no"


def _file(pouch: Pouch) -> Path | None:
    if pouch.incoming or pouch.state != Pouch.State.WHOLE:
        return None
    path = path_of(pouch.uid)
    return path if path.exists() else None
