"""A collection's objects in the order in which they became visible here.

A place in it is the time at which a row was added. Rows are added when the collection is read, under the ledger's lock
and with times that rise strictly, so whatever becomes visible later has a later place: nobody who pages misses it.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, Grant
from jiwar.audit.services import hold_ledger
from jiwar.bridges.holdings import ABOUT_ANOTHER, Collection
from jiwar.bridges.leaving import OPEN, addressed, kinds_about, may_open, say, statement_of, steady, verdict_for
from jiwar.bridges.logic import stix
from jiwar.bridges.logic.leaving import INSIDE_TLP, OUTSIDE_TLP
from jiwar.bridges.logic.statement import Statement
from jiwar.bridges.logic.taxii import Asked
from jiwar.bridges.models import Shown
from jiwar.bridges.readers import Recipient
from jiwar.records.kinds import KINDS
from jiwar.records.reading import readable
from jiwar.records.services import Record

_BATCH = 2_000
_ROUNDS = 10
"""Looks for one answer: where most of what is found is not for the reader, the rest is for the next page."""
_TICK = dt.timedelta(microseconds=1)
_SHARED_AT = dt.datetime(2012, 3, 12, tzinfo=dt.UTC)
_UNCLEARED = Actor("bridges", "node", frozenset(Permission))
"""Holds every permission and no clearance: what it may not know of, no reader of a bridge may."""


@dataclass(frozen=True, slots=True)
class Item:
    """One object at its place: a row's, or one that all objects of the collection share."""

    added_at: dt.datetime
    stix_id: str
    version: dt.datetime
    shared: dict[str, Any] | None = None
    record: Record | None = None
    ended: bool = False


@dataclass(slots=True)
class Page:
    """Objects of one answer; `following` is the place after which the next begins, None at the end."""

    items: list[Item] = field(default_factory=list)
    following: dt.datetime | None = None

    @property
    def has_content(self) -> bool:
        """Whether anything in it says more than that something ended."""
        return any(item.record is not None and not item.ended for item in self.items)


def page(by: Grant, to: Recipient, one: Collection, asked: Asked) -> Page:
    """The next objects for this reader. A page may be short, or empty, though others follow it."""
    if not asked.paged:
        catch_up(one.origin, one.kind)
    if asked.spec_versions and "2.1" not in asked.spec_versions:
        return Page()
    found = Page([item for item in _shared(one.origin) if _matches(item, asked)][: asked.limit])
    rows = _rows(to, one, asked)
    place = asked.after
    if len(found.items) == asked.limit:
        found.following = found.items[-1].added_at
        return found
    for _ in range(_ROUNDS):
        want = asked.limit - len(found.items)
        chunk = list((rows.filter(added_at__gt=place) if place else rows)[: want + 1])
        found.items += _allowed(by, to, chunk[:want])
        if len(chunk) <= want:
            return found
        place = chunk[want - 1].added_at
        if len(found.items) == asked.limit:
            break
    found.following = place
    return found


def things(items: Sequence[Item]) -> list[dict[str, Any]]:
    """The STIX objects of these items."""
    about = kinds_about([item.record for item in items if item.record])
    return [item.shared if item.shared is not None else _thing(item, about) for item in items]


def _thing(item: Item, about: dict[object, str]) -> dict[str, Any]:
    record = item.record
    assert record is not None
    statement = statement_of(record, about.get(record.about, ""))
    if item.ended:
        statement = Statement(statement.signed, statement.data, item.version)
    return stix.write(statement, say).objects[0]


# What a reader is given -----------------------------------------------------------------------------------------------


def _rows(to: Recipient, one: Collection, asked: Asked) -> QuerySet[Shown]:
    """Rows that this reader may be given, as far as the database can say, in order.

    `gone`, of a recipient outside: the version is not for it, one before it was.
    """
    now = timezone.now()
    ours = Shown.objects.filter(origin=one.origin, kind=one.kind, hidden=False)
    fits = _fits(to)
    live = Q(ended=False, record__state="in_force", record__valid_until__gt=now, record__review_on__gte=now.date())
    rows = ours.filter(fits & (live | Q(ended=True)))
    if not to.ours:
        # A version that is not for this recipient ends for it what an earlier one said.
        earlier = Shown.objects.filter(fits, stix_id=OuterRef("stix_id"), added_at__lt=OuterRef("added_at"))
        dropped = ours.filter(~fits, Exists(earlier.filter(hidden=False))).values("pk")
        given = (fits & (live | Q(ended=True))) if may_open(one.kind, to) else (fits & Q(ended=True))
        rows = ours.filter(given | Q(pk__in=dropped)).annotate(gone=Exists(dropped.filter(pk=OuterRef("pk"))))
    rows = _versions(rows, asked)
    if asked.ids:
        rows = rows.filter(stix_id__in=asked.ids)
    if asked.types:
        types = Q(pk=None)
        for name in asked.types:
            types |= Q(stix_id__startswith=f"{name}--")
        rows = rows.filter(types)
    return rows.select_related("record").order_by("added_at")


def _fits(to: Recipient) -> Q:
    """The part of `logic.leaving` that stands in a record's columns."""
    if to.ours:
        return Q(record__tlp__in=INSIDE_TLP)
    own = Q(record__node=settings.NODE.code, record__onward="yes", record__purpose=to.purpose)
    return own & Q(record__tlp__in=OUTSIDE_TLP)


def _versions(rows: QuerySet[Shown], asked: Asked) -> QuerySet[Shown]:
    if "all" in asked.versions:
        return rows
    wanted = Q(version__in=[v for v in asked.versions if isinstance(v, dt.datetime)])
    if "last" in asked.versions:
        later = Shown.objects.filter(stix_id=OuterRef("stix_id"), hidden=False, added_at__gt=OuterRef("added_at"))
        wanted |= ~Exists(later)
    if "first" in asked.versions:
        wanted |= Q(first=True)
    return rows.filter(wanted)


def _allowed(by: Grant, to: Recipient, rows: Sequence[Shown]) -> list[Item]:
    if to.ours:
        known = {record.pk for record in readable([row.record for row in rows], by.actor)}
        allowed = [r for r in rows if r.record_id in known or (r.ended and r.kind not in ABOUT_ANOTHER)]
        return [_item(row, ended=row.ended) for row in allowed]
    with steady():
        return [item for row in rows if (item := _for_outside(row, to))]


def _for_outside(row: Shown, to: Recipient) -> Item | None:
    """What a recipient outside is given of a row. A version that is not for it ends for it an earlier one that was."""
    if row.ended:
        return _item(row, ended=True) if _is_addressed(row.record, to) else None
    gone: bool = row.gone  # type: ignore[attr-defined]
    if not gone and _is_addressed(row.record, to) and verdict_for(row.record, to) == OPEN:
        return _item(row, ended=False)
    if row.first:
        return None
    before = Shown.objects.filter(_fits(to), stix_id=row.stix_id, added_at__lt=row.added_at, ended=False, hidden=False)
    was_given = any(_is_addressed(earlier.record, to) for earlier in before.select_related("record"))
    return _item(row, ended=True) if was_given else None


def _is_addressed(record: Record, to: Recipient) -> bool:
    kind = KINDS.get((record.kind, record.kind_version))
    return kind is not None and addressed(record, kind, to.code)


def _item(row: Shown, *, ended: bool) -> Item:
    return Item(row.added_at, row.stix_id, row.version, record=row.record, ended=ended)


def _shared(origin: str) -> list[Item]:
    made = []
    for i, thing in enumerate(stix.shared(origin)):
        version = dt.datetime.fromisoformat(thing.get("modified", thing["created"]))
        made.append(Item(_SHARED_AT + i * _TICK, thing["id"], version, thing))
    return made


def _matches(item: Item, asked: Asked) -> bool:
    fits = {"all", "first", "last"}.intersection(v for v in asked.versions if isinstance(v, str))
    return (
        (asked.after is None or item.added_at > asked.after)
        and (not asked.ids or item.stix_id in asked.ids)
        and (not asked.types or item.stix_id.partition("--")[0] in asked.types)
        and bool(fits or item.version in asked.versions)
    )


# Keeping the order ----------------------------------------------------------------------------------------------------


def catch_up(origin: str, kind: str) -> None:
    """Add what became visible since, and what is no longer in use; two queries where there is nothing."""
    for work, find in ((_add, _missing), (_end, _over)):
        while find(origin, kind).exists():
            with transaction.atomic():
                hold_ledger()
                work(list(find(origin, kind)[:_BATCH]), _clock())


def _missing(origin: str, kind: str) -> QuerySet[Record]:
    shown = Shown.objects.filter(record=OuterRef("pk"), ended=False)
    held = Record.objects.filter(kind=kind, origin=origin, state=Record.State.IN_FORCE)
    return held.filter(~Exists(shown)).order_by("id")


def _over(origin: str, kind: str) -> QuerySet[Shown]:
    live = Shown.objects.filter(kind=kind, origin=origin, ended=False, closed=False)
    return live.exclude(record__state=Record.State.IN_FORCE).select_related("record").order_by("added_at")


def _add(records: list[Record], clock: Callable[[], dt.datetime]) -> None:
    known = {record.pk for record in readable(records, _UNCLEARED)}
    names = {r.pk: stix.stix_id(r.kind, str(r.uid), r.kind_version) for r in records}
    before = set(Shown.objects.filter(stix_id__in=names.values()).values_list("stix_id", flat=True))
    rows = []
    for record in records:
        hidden = record.pk not in known or record.tlp == "RED"
        name = names[record.pk]
        rows.append(
            Shown(
                origin=record.origin,
                kind=record.kind,
                record=record,
                stix_id=name,
                version=record.issued_at,
                added_at=clock(),
                first=name not in before,
                closed=hidden,
                hidden=hidden,
            )
        )
        before.add(name)
    Shown.objects.bulk_create(rows)


def _end(rows: list[Shown], clock: Callable[[], dt.datetime]) -> None:
    """Say of each that its use ended, unless a newer version says something else in its place."""
    ends = []
    for row in rows:
        newer = Shown.objects.filter(stix_id=row.stix_id, hidden=False, ended=False, version__gt=row.version)
        if not newer.exists():
            at = max(row.record.state_changed_at or row.version, row.version + dt.timedelta(milliseconds=1))
            ends.append(
                Shown(
                    origin=row.origin,
                    kind=row.kind,
                    record=row.record,
                    stix_id=row.stix_id,
                    version=at,
                    added_at=clock(),
                    ended=True,
                    closed=True,
                )
            )
    Shown.objects.bulk_create(ends)
    Shown.objects.filter(pk__in=[row.pk for row in rows]).update(closed=True)


def _clock() -> Callable[[], dt.datetime]:
    """Times that rise strictly from now, or from the newest place where a clock was set back. Call under the lock."""
    newest = Shown.objects.aggregate(newest=Max("added_at"))["newest"]
    last = max(timezone.now(), newest) if newest else timezone.now()

    def tick() -> dt.datetime:
        nonlocal last
        last += _TICK
        return last

    return tick
