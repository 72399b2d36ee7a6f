"""Numbered blanks: received, handed over with two signatures, used, spoiled, lost. The only writer of their tables.

Each blank has one keeper at each moment, a natural person. Blanks that are offered to somebody belong to nobody's use
until she takes them.
"""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.audit.services import append
from jiwar.documents.logic.lost import LostStatus, LostType
from jiwar.documents.logic.permits import CODES
from jiwar.documents.lost import report_lost
from jiwar.documents.models import Blank, BlankHandover, BlankSeries
from jiwar.identity.queries import is_active_person
from jiwar.wire.faults import Fault, Refused

MOST: Final = 10_000
"""Blanks of one delivery."""
NUMBER: Final = re.compile(r"([A-Z]{2})([0-9]{6,7})")

Range = tuple[str, int, int, int]
"""Letters, digits of a number, first and last."""

_LOST_TYPES: Final = {
    "convoy": LostType.OTHER,
    "crossing": LostType.CROSSING_PERMIT,
    "emergency": LostType.EMERGENCY,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Blanks of one series in one state with one keeper: how many."""

    series: BlankSeries
    keeper: str
    state: str
    count: int


def receive(by: Grant, type_: str, first: str, last: str, supplier: str) -> BlankSeries:
    """Enter a delivery; the receiver keeps it. Raises Refused: a number of it is known already, or too many."""
    _check(by)
    if type_ not in CODES:
        raise Refused(Fault("not_in_list", "type"))
    if not supplier.strip():
        raise Refused(Fault("missing", "supplier"))
    prefix, digits, one, other = _range(first, last)
    if other - one >= MOST:
        raise Refused(Fault("out_of_range", "last", str(MOST)))
    with transaction.atomic():
        same = BlankSeries.objects.filter(prefix=prefix, first__lte=other, last__gte=one).first()
        if same:
            raise Refused(Fault("blanks_known", "first", str(same)))
        series = BlankSeries.objects.create(
            type=type_,
            prefix=prefix,
            digits=digits,
            first=one,
            last=other,
            supplier=supplier.strip()[:200],
            received_by=by.actor_id,
            received_at=timezone.now(),
        )
        Blank.objects.bulk_create(
            [
                Blank(series=series, number=number, keeper=by.actor_id, changed_at=series.received_at)
                for number in range(one, other + 1)
            ],
            batch_size=1000,
        )
        append("blanks_received", by, str(series.pk), {"type": type_, "first": first, "last": last})
    return series


def hand_over(by: Grant, first: str, last: str, taker: str) -> BlankHandover:
    """Offer blanks that the giver keeps to another person: the first of two signatures."""
    _check(by)
    if taker == by.actor_id or not is_active_person(taker):
        raise Refused(Fault("not_in_list", "taker"))
    with transaction.atomic():
        series, blanks, one, other = _own(by, first, last)
        now = timezone.now()
        offer = BlankHandover.objects.create(
            series=series, first=one, last=other, giver=by.actor_id, taker=taker, offered_at=now
        )
        blanks.update(state=Blank.State.OFFERED, changed_at=now)
        append("blanks_handed_over", by, str(offer.pk), {"first": first, "last": last, "to": taker})
    return offer


def answer(by: Grant, offer: int, *, takes: bool) -> BlankHandover:
    """The second signature: take what was counted, or refuse, and the giver keeps it."""
    _check(by)
    with transaction.atomic():
        row = BlankHandover.objects.select_for_update().filter(pk=offer, taker=by.actor_id).first()
        if row is None or row.state != BlankHandover.State.OFFERED:
            raise Refused(Fault("handover_unknown"))
        row.state = BlankHandover.State.TAKEN if takes else BlankHandover.State.REFUSED
        row.answered_at = timezone.now()
        row.save(update_fields=["state", "answered_at"])
        blanks = Blank.objects.filter(
            series=row.series, number__range=(row.first, row.last), state=Blank.State.OFFERED, keeper=row.giver
        )
        blanks.update(state=Blank.State.KEPT, keeper=by.actor_id if takes else row.giver, changed_at=row.answered_at)
        detail = {"first": row.series.name_of(row.first), "last": row.series.name_of(row.last), "from": row.giver}
        append("blanks_taken" if takes else "blanks_refused", by, str(row.pk), detail)
    return row


def spoil(by: Grant, number: str, reason: str) -> None:
    """A blank that the keeper spoiled, misprinted or found damaged: never used again."""
    _check(by)
    _end(by, number, number, reason, Blank.State.SPOILED, "blank_spoiled")


def lose(by: Grant, first: str, last: str, reason: str) -> None:
    """Blanks that are lost or stolen: a series of the register of lost documents, which goes to posts and neighbours.

    The keeper must say it, whatever else she may report: the node reports it in her stead.
    """
    _check(by)
    with transaction.atomic():
        series = _end(by, first, last, reason, Blank.State.LOST, "blanks_lost")
        report_lost(
            as_node(Permission.DOCUMENTS_LOST_REPORT, Purpose.BORDER_CHECK),
            [
                {
                    "type": _LOST_TYPES[series.type],
                    "number": first,
                    "last": "" if first == last else last,
                    "status": LostStatus.STOLEN_BLANK,
                    "since": timezone.localdate().isoformat(),
                }
            ],
            "blank stock",
        )


def next_blank(keeper: str, type_: str) -> str:
    """The lowest number of this type that a person keeps; "" where she has none."""
    kept = Blank.objects.filter(keeper=keeper, state=Blank.State.KEPT, series__type=type_)
    found = kept.select_related("series").order_by("series__received_at", "series_id", "number").first()
    return str(found) if found else ""


def keeps(keeper: str, type_: str, number: str) -> bool:
    """Whether a person has this blank of this type, unused."""
    row = _row(number)
    return row is not None and (row.keeper, row.state, row.series.type) == (keeper, Blank.State.KEPT, type_)


def use(by: Grant, number: str, keeper: str, type_: str, permit: UUID) -> None:
    """The blank becomes a document, in the caller's transaction; raises Refused where it is not the keeper's."""
    row = _row(number, lock=True)
    if row is None or (row.keeper, row.state, row.series.type) != (keeper, Blank.State.KEPT, type_):
        raise Refused(Fault("blank_not_yours", "body.number", number))
    row.state, row.permit, row.changed_at = Blank.State.USED, permit, timezone.now()
    row.save(update_fields=["state", "permit", "changed_at"])


def kept() -> list[Kept]:
    """How many blanks of each series who has, in which state. Two queries."""
    counted = Blank.objects.order_by().values("series", "keeper", "state").annotate(count=Count("pk"))
    series = {each.pk: each for each in BlankSeries.objects.all()}
    rows = [Kept(series[row["series"]], row["keeper"], row["state"], row["count"]) for row in counted]
    return sorted(rows, key=lambda row: (-row.series.pk, row.state, row.keeper))


def handovers() -> QuerySet[BlankHandover]:
    """Offers and answers, the newest first."""
    return BlankHandover.objects.select_related("series")


def _end(by: Grant, first: str, last: str, reason: str, state: str, act: str) -> BlankSeries:
    if not reason.strip():
        raise Refused(Fault("missing", "reason"))
    with transaction.atomic():
        series, blanks, _, _ = _own(by, first, last)
        blanks.update(state=state, reason=reason.strip()[:200], changed_at=timezone.now())
        append(act, by, str(series.pk), {"first": first, "last": last, "reason": reason.strip()[:200]})
    return series


def _own(by: Grant, first: str, last: str) -> tuple[BlankSeries, QuerySet[Blank], int, int]:
    """The blanks of a range, all of which the actor keeps unused; raises Refused."""
    prefix, _, one, other = _range(first, last)
    series = BlankSeries.objects.filter(prefix=prefix, first__lte=one, last__gte=other).first()
    if series is None or series.name_of(one) != first:
        raise Refused(Fault("blanks_unknown", "first", first))
    blanks = Blank.objects.filter(series=series, number__range=(one, other), keeper=by.actor_id, state=Blank.State.KEPT)
    # Locked one by one, so that no other request ends one of them in between.
    if len(list(blanks.select_for_update().values_list("pk", flat=True))) != other - one + 1:
        raise Refused(Fault("blank_not_yours", "first", f"{first} - {last}"))
    return series, blanks, one, other


def _row(number: str, *, lock: bool = False) -> Blank | None:
    read = NUMBER.fullmatch(number)
    if read is None:
        return None
    rows = Blank.objects.select_related("series")
    if lock:
        rows = rows.select_for_update()
    row = rows.filter(series__prefix=read[1], number=int(read[2])).first()
    return row if row and str(row) == number else None


def _range(first: str, last: str) -> Range:
    one, other = NUMBER.fullmatch(first), NUMBER.fullmatch(last)
    for field, read in (("first", one), ("last", other)):
        if read is None:
            raise Refused(Fault("number_wrong_form", field))
    assert one is not None
    assert other is not None
    if one[1] != other[1] or len(one[2]) != len(other[2]) or int(one[2]) > int(other[2]):
        raise Refused(Fault("out_of_range", "last"))
    return one[1], len(one[2]), int(one[2]), int(other[2])


def _check(by: Grant) -> None:
    by.check(Permission.DOCUMENTS_STOCK_MANAGE)
    if not is_active_person(by.actor_id):
        raise Refused(Fault("not_a_person"))
