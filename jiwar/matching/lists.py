"""Lists of own keys that officers enter: read whole or not at all, for one purpose, until a day."""

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.matching.logic.key_types import SET_MOST, KeyType
from jiwar.matching.logic.lines import Line, LinesInvalid, read_lines
from jiwar.matching.models import KeyList, ListedKey
from jiwar.matching.own_keys import reader
from jiwar.wire.faults import Fault, Refused

LONGEST_USE = dt.timedelta(days=365)
"""Most time that a list is used: the review of rule R9 is to enter it again."""


def add_list(by: Grant, key_type: KeyType, title: str, data: bytes, valid_until: dt.date, *, answers: bool) -> KeyList:
    """Enter a list. Raises Refused with the line and the reason of what is wrong."""
    by.check(Permission.MATCHING_LIST_MANAGE)
    today = timezone.now().date()
    faults = []
    title = " ".join(title.split())
    if not title or len(title) > 120:
        faults.append(Fault("too_long" if title else "missing", "title"))
    if not today < valid_until <= today + LONGEST_USE:
        faults.append(Fault("out_of_range", "valid_until"))
    lines: list[Line] = []
    try:
        lines = read_keys(data, key_type, SET_MOST)
    except Refused as refused:
        faults += refused.faults
    if faults:
        raise Refused(*faults)
    size = sum(len(line.keys) for line in lines)
    with transaction.atomic():
        there = KeyList.objects.filter(key_type=key_type, purpose=by.purpose, answers=True, valid_until__gte=today)
        if size + (there.aggregate(size=Sum("size"))["size"] or 0 if answers else 0) > SET_MOST:
            raise Refused(Fault("too_many_keys", "keys", str(SET_MOST)))
        row = KeyList.objects.create(
            key_type=key_type,
            title=title,
            purpose=str(by.purpose),
            by=by.actor_id,
            valid_until=valid_until,
            answers=answers,
            size=size,
        )
        ListedKey.objects.bulk_create(
            (ListedKey(key_list=row, normal=key, reference=line.reference) for line in lines for key in line.keys),
            batch_size=1000,
        )
        append(
            "match_list_added",
            by,
            str(row.pk),
            {"type": key_type, "lines": len(lines), "keys": size, "answers": answers, "until": valid_until.isoformat()},
        )
    return row


def remove_list(by: Grant, pk: UUID) -> None:
    """Delete a list with its keys; nothing where it is gone already."""
    by.check(Permission.MATCHING_LIST_MANAGE)
    with transaction.atomic():
        row = KeyList.objects.select_for_update().filter(pk=pk).first()
        if row is not None:
            append("match_list_removed", by, str(pk), {"type": row.key_type, "keys": row.size})
            row.delete()


def read_keys(data: bytes, key_type: KeyType, most: int) -> list[Line]:
    """Lines that were typed or sent; raises Refused, its fields `keys.LINE.COLUMN`."""
    try:
        return read_lines(data, key_type, reader(), most)
    except LinesInvalid as invalid:
        raise Refused(*_faults(invalid)) from None


def _faults(invalid: LinesInvalid) -> Iterator[Fault]:
    for line, column, code, detail in invalid.faults:
        place = ["keys", *([str(line)] if line else []), *([column] if column else [])]
        yield Fault(code, ".".join(place), detail)


def expire_lists(today: dt.date) -> int:
    """Delete lists whose day has come. Returns how many."""
    ended, _ = KeyList.objects.filter(valid_until__lt=today).delete()
    return ended
