"""Searches that an analyst keeps: asked again whenever the watchlist changes, until a day, while she may ask at all."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.access.services import actor_of_person
from jiwar.access.waiting import Waiting
from jiwar.analysis.models import Notice, SavedSearch
from jiwar.analysis.questions import FIELDS, query_of
from jiwar.audit.services import append
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.identity.queries import is_active_person
from jiwar.watchlist.cases import stands
from jiwar.watchlist.watching import Changed, Mark, Shown, changed_since, may_keep, newest, shown
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7

P = Permission
LONGEST = 90
"""Days; then it is renewed with open eyes, or ends."""
MOST = 50
"""Searches that one person keeps."""
QUESTION = FIELDS[: FIELDS.index("type")]
"""The fields that ask; filters narrow what is read, not what one is told of."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved search with what it found: `held` has what each entry in force says, by its uid."""

    row: SavedSearch
    notices: tuple[Notice, ...]
    held: Mapping[UUID, Shown]


def save(by: Grant, typed: Mapping[str, str], title: str, until: dt.date, reason: str) -> SavedSearch:
    """Keep a question for a person, from the next change on. Raises Refused."""
    by.check(P.ANALYSIS_SUBJECT_SEARCH)
    now, title = timezone.now(), " ".join(title.split())
    if not is_active_person(by.actor_id):
        raise Refused(Fault("not_a_person"))
    asked = {name: typed.get(name, "") for name in QUESTION}
    query = query_of(asked)
    faults = _faults_of_end(until, now)
    if not title or len(title) > 120:
        faults.append(Fault("too_long" if title else "missing", "title"))
    if SavedSearch.objects.filter(owner_id=by.actor_id, ended_at=None).count() >= MOST:
        faults.append(Fault("too_many", "", str(MOST)))
    try:
        may_keep(by, query, reason)
    except Refused as refused:
        faults += refused.faults
    if faults:
        raise Refused(*faults)
    mark = newest()
    with transaction.atomic():
        row = SavedSearch.objects.create(
            id=uuid7(now),
            owner_id=by.actor_id,
            title=title,
            typed={name: value for name, value in asked.items() if value.strip()},
            purpose=str(by.purpose),
            case=by.case,
            reason=" ".join(reason.split()),
            created_at=now,
            until=until,
            series=mark.series,
            revision=mark.revision,
        )
        detail = {"fields": sorted(row.typed), "until": until.isoformat()}
        append("search_saved", by, str(row.pk), detail | ({"reason": row.reason} if row.reason else {}))
    return row


def renew(by: Grant, pk: UUID, until: dt.date) -> None:
    """Go on asking until another day. Raises Refused."""
    by.check(P.ANALYSIS_SUBJECT_SEARCH)
    if faults := _faults_of_end(until, timezone.now()):
        raise Refused(*faults)
    with transaction.atomic():
        row = _mine(by, pk)
        row.until = until
        row.save(update_fields=["until"])
        append("search_renewed", by, str(pk), {"until": until.isoformat()})


def end(by: Grant, pk: UUID) -> None:
    """Ask no more; the question is erased."""
    by.check(P.ANALYSIS_SUBJECT_SEARCH)
    with transaction.atomic():
        _end(_mine(by, pk), "by_owner", by)


def saved(by: Grant) -> QuerySet[SavedSearch]:
    """A person's own for the purpose, the newest first; `new` counts what she has not seen."""
    rows = SavedSearch.objects.filter(owner_id=by.actor_id, purpose=str(by.purpose))
    return rows.annotate(new=Count("notices", filter=Q(notices__seen=False)))


def browse(by: Grant) -> list[SavedSearch]:
    """The saved searches of the reader; the ledger keeps that they were listed."""
    by.check(P.ANALYSIS_SUBJECT_SEARCH)
    with transaction.atomic():
        append("saved_searches_listed", by)
    return list(saved(by)[:200])


def open_saved(by: Grant, pk: UUID) -> Kept | None:
    """One of the reader's own with what it found, or None; then it is seen, and in the ledger."""
    by.check(P.ANALYSIS_SUBJECT_SEARCH)
    row = saved(by).filter(pk=pk).first()
    if row is None:
        return None
    notices = tuple(row.notices.all()[:200])
    with transaction.atomic():
        row.notices.filter(seen=False).update(seen=True)
        append("saved_search_read", by, str(pk), {"entries": [str(notice.uid) for notice in notices]})
    return Kept(row, notices, shown(by.actor, [notice.uid for notice in notices]))


def waiting(actor: Actor) -> list[Waiting]:
    """What this person's saved searches found and she has not seen."""
    if not actor.may(P.ANALYSIS_SUBJECT_SEARCH) or not is_active_person(actor.id):
        return []
    found = Notice.objects.filter(saved__owner_id=actor.id, saved__ended_at=None, seen=False).count()
    return [Waiting("saved_found", found, reverse("saved-searches"))]


# --- each minute ------------------------------------------------------------------------------------------------------


def ask_again(by: Grant, at: dt.datetime) -> int:
    """Ask every saved search that has not seen the newest change; returns how many entries they told of.

    A search ends by itself on its day, and when its owner may no longer ask it: without the role, without the case.
    """
    today, now, told = timezone.localdate(at), newest(), 0
    for row in SavedSearch.objects.filter(ended_at=None).select_related("owner"):
        grant = _grant(row)
        reason = "expired" if row.until < today else "role_lost" if grant is None else ""
        if not reason and not stands(row.case, str(row.owner_id)):
            reason = "case_lost"
        if not reason and (row.series, row.revision) == (now.series, now.revision):
            continue
        with transaction.atomic():
            if reason or grant is None:
                _end(row, reason, by)
                continue
            try:
                found = changed_since(grant, query_of(_whole(row)), Mark(row.series, row.revision), reason=row.reason)
            except Refused as refused:
                _end(row, "no_longer_lawful", by, refused.faults[0].code)
                continue
            told += _tell(row, grant, found, at)
            row.series, row.revision = now.series, now.revision
            row.save(update_fields=["series", "revision"])
    return told


def _tell(row: SavedSearch, grant: Grant, found: list[Changed], at: dt.datetime) -> int:
    """Notices of what is new; the ledger keeps them."""
    known = dict(row.notices.values_list("uid", "revision"))
    new = [each for each in found if known.get(each.uid) != each.revision]
    for each in new:
        fresh = {"revision": each.revision, "score": each.score, "found_at": at, "seen": False}
        Notice.objects.update_or_create(saved=row, uid=each.uid, defaults=fresh)
    if new:
        append("saved_search_found", grant, str(row.pk), {"entries": [str(each.uid) for each in new]})
    return len(new)


def _grant(row: SavedSearch) -> Grant | None:
    """What the owner would be allowed now, were she to ask herself."""
    if not row.owner.is_active:
        return None
    try:
        return allow(actor_of_person(row.owner, "saved"), P.ANALYSIS_SUBJECT_SEARCH, Purpose(row.purpose), row.case)
    except AccessRefused:
        return None


def _whole(row: SavedSearch) -> dict[str, str]:
    return {name: row.typed.get(name, "") for name in FIELDS}


def _end(row: SavedSearch, why: str, by: Grant, code: str = "") -> None:
    row.ended, row.ended_at = why, timezone.now()
    row.typed, row.title, row.reason = {}, "", ""  # people write names into titles
    row.save(update_fields=["ended", "ended_at", "typed", "title", "reason"])
    row.notices.all().delete()
    append("saved_search_ended", by, str(row.pk), {"why": why} | ({"code": code} if code else {}))


def _mine(by: Grant, pk: UUID) -> SavedSearch:
    rows = SavedSearch.objects.select_for_update().filter(owner_id=by.actor_id, purpose=str(by.purpose), ended_at=None)
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Refused(Fault("saved_search_unknown"))
    return row


def _faults_of_end(until: dt.date, now: dt.datetime) -> list[Fault]:
    today = timezone.localdate(now)
    within = today < until <= today + dt.timedelta(days=LONGEST)
    return [] if within else [Fault("out_of_range", "until", str(LONGEST))]


EACH_MINUTE.append(ask_again)
