"""Letters at the JSON API: what an agency's program may list, read and download. People alone write them."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Query as InAddress
from ninja import Router, Schema
from pydantic import StringConstraints

from jiwar.access.bearer import authorise
from jiwar.access.permissions import Permission
from jiwar.records.coded import Coded
from jiwar.records.content import Body
from jiwar.requests.files import served
from jiwar.requests.kinds import Flow
from jiwar.requests.logic.clock import Phase, phase
from jiwar.requests.models import Addressee, Letter
from jiwar.requests.services import Wanted, arrival, body_of, browse_letters, open_file, open_letter

router = Router()
P = Permission


class LettersAsked(Body):
    """Which letters; what is left out narrows nothing. `neighbour`: sender of received ones, addressee of sent ones."""

    whose: Literal["received", "sent"] = "received"
    flow: Flow | None = None
    phase: Phase | None = None
    neighbour: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""


class AddresseeOut(Schema):
    """How a letter stands with one state; the times are what it told, or what the clock says."""

    state: str
    phase: Coded
    due_at: dt.datetime | None
    received_at: dt.datetime | None
    read_at: dt.datetime | None
    assigned_at: dt.datetime | None
    reminded_at: dt.datetime | None
    overdue_at: dt.datetime | None
    answered_at: dt.datetime | None
    answer: Coded | None


class LetterOut(Schema):
    """A letter in short, with one of its addressees. The signed statement: `/records/{uid}`."""

    uid: UUID
    origin: str
    flow: Coded
    subject: str
    issued_at: dt.datetime
    answers: UUID | None
    answer: Coded | None
    state: Coded
    addressee: AddresseeOut


class FileOut(Schema):
    """A file of a letter; `complete` when all of it is here and it can be downloaded by its `number`."""

    number: int
    name: str
    media_type: str
    size: int
    arrived: float
    complete: bool


class LetterWhole(Schema):
    """A letter with its text, as it was signed. `text` and `references` are empty once it is no longer in force."""

    uid: UUID
    origin: str
    to: list[str]
    flow: Coded
    subject: str
    text: str
    issued_at: dt.datetime
    answers: UUID | None
    answer: Coded | None
    ground: Coded | None
    references: list[UUID]
    depth_km: int | None
    state: Coded
    addressees: list[AddresseeOut]
    files: list[FileOut]


@router.get("/letters", response=list[LetterOut], summary="Letters between contact points")
def show_letters(request: HttpRequest, asked: InAddress[LettersAsked]) -> list[LetterOut]:
    """The most overdue first, then the newest; at most 500."""
    by = authorise(request, P.REQUESTS_LETTER_READ)
    now = timezone.now()
    wanted = Wanted(whose=asked.whose, flow=asked.flow or "", phase=asked.phase or "", neighbour=asked.neighbour)
    return [
        LetterOut(
            answers=row.letter.target,
            addressee=_addressee(row, now),
            **{name: getattr(row.letter, name) for name in ("uid", "origin", "subject", "issued_at")},
            **_coded(row.letter),
        )
        for row in browse_letters(by, wanted, now)
    ]


@router.get("/letters/{uuid:uid}", response=LetterWhole, summary="One letter")
def show_letter(request: HttpRequest, uid: UUID) -> LetterWhole:
    """Its text, its files, and how it stands with each addressee. A program's reading is not a person's: the sender
    is not told that it was read.
    """
    by = authorise(request, P.REQUESTS_LETTER_READ)
    try:
        letter = open_letter(by, uid)
    except Letter.DoesNotExist:
        raise Http404 from None
    body, now = body_of(letter), timezone.now()
    readable = letter.record.state == "in_force"
    return LetterWhole(
        uid=uid,
        origin=letter.origin,
        to=list(body.to),
        subject=letter.subject,
        text=body.text if readable else "",
        issued_at=letter.issued_at,
        answers=letter.target,
        ground=Coded.of("letter_ground", body.ground) if body.ground else None,
        references=list(body.references) if readable else [],
        depth_km=body.depth_km,
        addressees=[_addressee(row, now) for row in letter.addressees.all()],
        files=[
            FileOut(
                number=number,
                name=file.name,
                media_type=file.media_type,
                size=file.size,
                arrived=round(count / len(file.chunks), 3),
                complete=count == len(file.chunks),
            )
            for number, (file, count) in enumerate(arrival(by, uid))
        ],
        **_coded(letter),
    )


@router.get("/letters/{uuid:uid}/files/{number}", summary="A file of a letter")
def download(request: HttpRequest, uid: UUID, number: int) -> StreamingHttpResponse:
    """The file itself; 422 while it is not whole here."""
    by = authorise(request, P.REQUESTS_LETTER_READ)
    try:
        return served(*open_file(by, uid, number))
    except Letter.DoesNotExist:
        raise Http404 from None


def _coded(letter: Letter) -> dict[str, Any]:
    return {
        "flow": Coded.of("flow", letter.flow),
        "answer": Coded.of("letter_answer", letter.answer) if letter.answer else None,
        "state": Coded.of("record_state", letter.record.state),
    }


def _addressee(row: Addressee, now: dt.datetime) -> AddresseeOut:
    plain = ("state", "due_at", "received_at", "read_at", "assigned_at", "reminded_at", "overdue_at", "answered_at")
    return AddresseeOut(
        phase=Coded.of("letter_phase", phase(now, row.half_at, row.due_at, row.answered_at)),
        answer=Coded.of("letter_answer", row.answer) if row.answer else None,
        **{name: getattr(row, name) for name in plain},
    )
