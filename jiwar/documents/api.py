"""Machine readable zones at the JSON API."""

from typing import Annotated

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.documents.services import Mrz, MrzUnreadable, PartialDate, read
from jiwar.records.content import Body
from jiwar.wire.faults import Fault, Refused

router = Router()


class ZoneIn(Body):
    """`text` as a reader or a keyboard gave it, with or without line breaks."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class CheckOut(Schema):
    """A check digit: `expected` as computed, `found` as printed."""

    field: str
    expected: str
    found: str
    ok: bool


class ProblemOut(Schema):
    """What the standard does not allow at this place; line and position count from 1."""

    code: str
    field: str
    line: int
    position: int


class ZoneOut(Schema):
    """A zone as read (ICAO Doc 9303). Dates are ISO 8601, shorter where the document does not know them whole."""

    format: str
    lines: list[str]
    document_code: str
    issuer: str
    nationality: str
    number: str
    surname: str
    given_names: str
    name_truncated: bool
    birth_date: str | None
    sex: str
    expiry: str | None
    expired: bool | None
    optional: list[str]
    checks: list[CheckOut]
    problems: list[ProblemOut]

    @staticmethod
    def resolve_birth_date(zone: Mrz) -> str | None:
        return _text(zone.birth_date)

    @staticmethod
    def resolve_expiry(zone: Mrz) -> str | None:
        return _text(zone.expiry)


@router.post("/mrz", response=ZoneOut, summary="Read a machine readable zone")
def read_zone(request: HttpRequest, zone: ZoneIn) -> Status[Mrz]:
    """Fields, check digits and problems. Nothing is kept, and nothing is looked up."""
    authorise(request, Permission.WATCHLIST_PERSON_SCREEN)
    try:
        return Status(200, read(zone.text, timezone.localdate()))
    except MrzUnreadable as unreadable:
        detail = f"{unreadable.detail['found']} ≠ {unreadable.detail['expected']}"
        raise Refused(Fault(f"mrz_{unreadable.code}", unreadable.field, detail)) from None


def _text(date: PartialDate | None) -> str | None:
    return None if date is None else str(date)
