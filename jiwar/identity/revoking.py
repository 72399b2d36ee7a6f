"""Revocations that this state makes: a supplement signed by its national node, or a request for the root's own list."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.identity.book import book
from jiwar.identity.keys import ring
from jiwar.identity.logic.revocations import (
    SUPPLEMENT_DAYS,
    Entry,
    Place,
    Revocations,
    read_revocations,
    write_by_node,
    write_request,
)
from jiwar.identity.logic.signed import key_hash
from jiwar.identity.models import RevocationList
from jiwar.identity.trust import take_list
from jiwar.wire.faults import Fault, Refused


def revoke(subjects: Iterable[str], reason: str, at: dt.datetime | None = None, *, by: str) -> Place:
    """Revoke keys of own posts and officers at once, with the national node's certified keys; raises Refused.

    `subjects`: a post's code, an officer's id, or a key's id. A national node's own keys the root alone revokes.
    """
    if not _may_sign():
        raise Refused(Fault("revoker_uncertified", "subject", settings.NODE.code))
    with transaction.atomic():
        fresh = _entries(subjects, reason, at)
        if national := [key for key in fresh if key in _national()]:
            raise Refused(Fault("root_alone_revokes", "subject", national[0][:16]))
        base, newest = _held()
        before = newest.entries if newest and not newest.by_root else {}
        now = timezone.now()
        if _days(base, now) < 1:
            raise Refused(Fault("list_of_root_over", "subject", base.next_update.date().isoformat() if base else ""))
        return _supplement((before | fresh).values(), base, newest, now, by=by)


def renew(at: dt.datetime) -> bool:
    """Sign the supplement that stands once more, before it goes out of date; whether there was need and a right to."""
    base, newest = _held()
    if newest is None or newest.by_root or not _may_sign():
        return False
    if at < newest.issued_at + (newest.next_update - newest.issued_at) / 2 or _days(base, at) < 1:
        return False
    with transaction.atomic():
        _supplement(newest.entries.values(), base, newest, at, by="system")
    return True


def _may_sign() -> bool:
    return settings.NODE.role == "national" and ring(settings.KEYS).certificate is not None


def _days(base: Revocations | None, at: dt.datetime) -> int:
    """For how many days a supplement may be fresh: no longer than the root's own list."""
    return min(SUPPLEMENT_DAYS, (base.next_update - at).days) if base else SUPPLEMENT_DAYS


def _supplement(
    entries: Iterable[Entry], base: Revocations | None, newest: Revocations | None, at: dt.datetime, *, by: str
) -> Place:
    keys = ring(settings.KEYS)
    place = Place(newest.place.number, newest.place.supplement + 1) if newest else Place(0, 1)
    state, pair = settings.NODE.state, (keys.signing[0], keys.cosigning[0])
    take_list(write_by_node(state, place, at, entries, *pair, days=_days(base, at)), by=by)
    return place


def ask_root(subjects: Iterable[str], reason: str, at: dt.datetime | None = None) -> dict[str, Any]:
    """What the root is to sign at the next sitting: its next list, with all that is revoked now; raises Refused."""
    base, newest = _held()
    entries = (newest.entries if newest else {}) | (base.entries if base else {}) | _entries(subjects, reason, at)
    return write_request(
        settings.NODE.state, (newest.place.number if newest else 0) + 1, timezone.now(), entries.values()
    )


def _held() -> tuple[Revocations | None, Revocations | None]:
    """The root's newest list of this state, and the newest of all."""
    rows = RevocationList.objects.filter(state=settings.NODE.state).order_by("number", "supplement")
    lists = [read_revocations(data) for data in rows.values_list("data", flat=True)]
    return next((one for one in reversed(lists) if one.by_root), None), lists[-1] if lists else None


def _entries(subjects: Iterable[str], reason: str, at: dt.datetime | None) -> dict[str, Entry]:
    at = at or timezone.now()
    if at.utcoffset() is None:
        raise Refused(Fault("wrong_form", "at"))
    keys = book().nodes | book().officers
    found: dict[str, Entry] = {}
    for subject in subjects:
        raws = [
            key.raw
            for id_, key in keys.items()
            if subject in {id_, key.owner} and (key.state or key.owner[:3]) == settings.NODE.state
        ]
        if not raws:
            raise Refused(Fault("key_unknown", "subject", subject[:40]))
        found |= {(hash_ := key_hash(raw)): Entry(hash_, reason, at) for raw in raws}
    return found


def _national() -> set[str]:
    return {key_hash(key.raw) for key in book().nodes.values() if key.owner == settings.NODE.state}
