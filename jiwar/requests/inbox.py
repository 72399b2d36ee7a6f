"""The inbox: letters listed, read, assigned; their files opened. Each look is in the ledger."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.exchange import attachments
from jiwar.exchange.attachments import Descriptor
from jiwar.identity.queries import is_active_person
from jiwar.records.services import Record
from jiwar.requests import queries
from jiwar.requests.kinds import LETTER, LetterBody
from jiwar.requests.letters import files_of, open_draft, received_letter
from jiwar.requests.logic.clock import Phase
from jiwar.requests.models import Addressee, Letter
from jiwar.requests.stored import tell
from jiwar.wire.faults import Fault, Refused

P = Permission
MOST = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters: `whose` is received or sent; what is empty narrows nothing. `mine`: assigned to the reader."""

    whose: str = "received"
    flow: str = ""
    phase: str = ""
    neighbour: str = ""
    unread: bool = False
    mine: bool = False


def browse_letters(by: Grant, wanted: Wanted, at: dt.datetime) -> list[Addressee]:
    """Letters by their clock, the most overdue first, at most 500; subjects are read, so the ledger keeps it."""
    by.check(P.REQUESTS_LETTER_READ)
    rows = queries.sent() if wanted.whose == "sent" else queries.received()
    if wanted.flow:
        rows = rows.filter(letter__flow=wanted.flow)
    if wanted.neighbour:
        side = "state" if wanted.whose == "sent" else "letter__origin"
        rows = rows.filter(**{side: wanted.neighbour})
    if wanted.phase:
        rows = queries.in_phase(rows, Phase(wanted.phase), at)
    if wanted.unread:
        rows = rows.filter(read_at=None, letter__record__state="in_force")
    if wanted.mine:
        rows = rows.filter(letter__assigned_to=by.actor_id) if is_active_person(by.actor_id) else rows.none()
    found = list(rows[:MOST])
    with transaction.atomic():
        detail = {"count": len(found), "whose": wanted.whose, "flow": wanted.flow, "phase": wanted.phase}
        append("letters_listed", by, "", detail | {"neighbour": wanted.neighbour})
    return found


def open_letter(by: Grant, uid: UUID) -> Letter:
    """Read one letter; the ledger keeps it, and its sender learns that a person has read it.

    Raises Letter.DoesNotExist.
    """
    by.check(P.REQUESTS_LETTER_READ)
    with transaction.atomic():
        letter = queries.letter(uid)
        if letter is None:
            raise Letter.DoesNotExist
        append("letter_read", by, str(uid), {"version": letter.record.version})
        if letter.record.state == Record.State.IN_FORCE and is_active_person(by.actor_id):
            tell(letter, "read", timezone.now())
    return letter


def body_of(letter: Letter) -> LetterBody:
    """What a letter says."""
    body = LETTER.content.model_validate(letter.record.data["content"]).body
    assert isinstance(body, LetterBody)
    return body


def assign(by: Grant, uid: UUID, person: str) -> Letter:
    """Give a received letter to one who may answer it; who had it before stands in the ledger. Raises Refused."""
    by.check(P.REQUESTS_LETTER_WRITE)
    if person not in {str(writer.pk) for writer in queries.writers()}:
        raise Refused(Fault("not_in_list", "person"))
    with transaction.atomic():
        letter = received_letter(uid)
        Letter.objects.filter(pk=letter.pk).update(assigned_to=person)
        append("letter_assigned", by, str(uid), {"to": person})
        tell(letter, "assigned", timezone.now())
    return letter


def open_file(by: Grant, uid: UUID, number: int) -> tuple[Descriptor, Iterator[bytes]]:
    """A file of a letter in force, counted from 0, in the clear; the ledger keeps that it was opened.

    Raises Letter.DoesNotExist, or Refused where it is not whole here yet.
    """
    by.check(P.REQUESTS_LETTER_READ)
    letter = queries.letter(uid)
    if letter is None or letter.record.state != Record.State.IN_FORCE:
        raise Letter.DoesNotExist
    return _opened(by, str(uid), body_of(letter).attachments, number)


def open_draft_file(by: Grant, draft: UUID, number: int) -> tuple[Descriptor, Iterator[bytes]]:
    """The same of a draft, for its author and for whoever approves it."""
    return _opened(by, str(draft), tuple(files_of(open_draft(by, draft).content)), number)


def _opened(by: Grant, subject: str, files: tuple[Descriptor, ...], number: int) -> tuple[Descriptor, Iterator[bytes]]:
    if not 0 <= number < len(files):
        raise Letter.DoesNotExist
    pieces = attachments.open_plain(files[number])
    with transaction.atomic():
        append("letter_file_read", by, subject, {"blob": files[number].blob})
    return files[number], pieces


def arrival(by: Grant, uid: UUID) -> list[tuple[Descriptor, int]]:
    """The files of a letter and how many chunks of each are here. Shows sizes: the reading itself is `open_letter`."""
    by.check(P.REQUESTS_LETTER_READ)
    letter = queries.letter(uid)
    if letter is None or letter.record.state != Record.State.IN_FORCE:
        return []
    return [(file, attachments.held(file)) for file in body_of(letter).attachments]
