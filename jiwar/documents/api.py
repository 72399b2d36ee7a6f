"""Machine readable zones at the JSON API."""

from collections.abc import Mapping
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Base64Bytes, Field, StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.documents import checks
from jiwar.documents.check_files import MOST_FILES
from jiwar.documents.logic.checking import MOST_SEALS
from jiwar.documents.logic.chip_transcripts import Reading, read_reading
from jiwar.documents.logic.lds_files import LdsUnreadable, name_of
from jiwar.documents.services import Mrz, MrzUnreadable, PartialDate, read
from jiwar.records.content import Body
from jiwar.wire.faults import Fault, Refused

router = Router()

FileName = Annotated[str, StringConstraints(max_length=40)]


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


class ReadIn(Body):
    """What was read of one document, each where it was: `zone` as text, `files` of the chip by name (``EF.DG1``,
    ``EF.SOD``) in base64, `transcript` of its reader, `seals` in base64."""

    zone: Annotated[str, StringConstraints(max_length=1000)] = ""
    files: Annotated[dict[FileName, Base64Bytes], Field(max_length=MOST_FILES)] = {}
    transcript: dict[str, Any] | None = None
    seals: Annotated[list[Base64Bytes], Field(max_length=MOST_SEALS)] = []


@router.post("/documents/check", response=dict[str, Any], summary="Check everything that was read of one document")
def check_read(request: HttpRequest, read: ReadIn) -> Mapping[str, object]:
    """The tree of results of BSI TR-03135 under ``check``, with what it was made with under ``header``, and one colour
    and sentence under ``verdict``. The registry of lost documents is asked; nothing of the document is kept."""
    by = authorise(request, Permission.WATCHLIST_PERSON_SCREEN)
    if unknown := [name for name in read.files if name_of(name) is None]:
        raise Refused(Fault("file_unknown", f"files.{unknown[0]}"))
    files = {name_of(name) or "": data for name, data in read.files.items()}
    try:
        chip = None if not files else Reading(files) if not read.transcript else read_reading(files, read.transcript)
    except LdsUnreadable as wrong:
        raise Refused(Fault(wrong.code, "transcript")) from None
    return checks.said(checks.check(by, zone=read.zone, chip=chip, seals=tuple(read.seals)))


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
