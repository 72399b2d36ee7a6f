"""Records: issuing, receiving, withdrawing. The only writer of `Record`."""

import base64
import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.audit.services import Act, Author, append, append_all
from jiwar.identity.keys import ring
from jiwar.records.content import Content, Grading, Handling, InformationGrade, Onward, SourceGrade, Tlp
from jiwar.records.kinds import ACKNOWLEDGEMENT, KINDS, WITHDRAWAL, AcknowledgementBody, Kind, Withdrawal
from jiwar.records.models import Acknowledgement, Record
from jiwar.records.statement import COSIGNED, SIGNED, VERSION, Approval, check_approval, content_hash, read_as
from jiwar.records.store import Held, New, held_of, project, retire, store
from jiwar.wire.faults import Fault, Refused, of_pydantic
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import canonical


@dataclass(frozen=True, slots=True)
class Stored:
    """A record that was stored just now, with its content; None of a kind that this program does not know."""

    record: Record
    content: Content | None


STORED: list[Callable[[Author, Sequence[Stored]], None]] = []
"""What else happens in the transaction that stores records, own or received: `exchange` routes them from here."""


def read_content(kind: Kind, content: object, at: dt.datetime) -> Content:
    """Content of a kind, checked against its schema, its limits and its own rules; raises Refused with every fault."""
    try:
        read = kind.content.model_validate(content)
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False))) from None
    faults = list(kind.check(read))
    if read.valid_until <= at:
        faults.append(Fault("already_expired", "valid_until"))
    if read.valid_until > at + kind.longest:
        faults.append(Fault("kept_too_long", "valid_until", str(kind.longest.days)))
    if read.review_on > (at + kind.review).date():
        faults.append(Fault("review_too_late", "review_on", str(kind.review.days)))
    if faults:
        raise Refused(*faults)
    return read


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be issued: content of a kind that no second person approves, in place of `supersedes` or new."""

    kind: Kind
    content: Content
    supersedes: Record | None = None


def issue(
    by: Author, kind: Kind, content: Content, *, approval: Approval | None = None, supersedes: Record | None = None
) -> Record:
    """Sign and store a record of this node, and run its kind's projections, in one transaction.

    Raises Refused when the kind needs four eyes and the approval is missing, the author's own, or of other content.
    """
    [record] = _issue(by, [(Draft(kind, content, supersedes), approval)])
    return record


def issue_all(by: Author, drafts: Sequence[Draft]) -> list[Record]:
    """As `issue`, for many at once: one lock of the ledger, one insert of leaves, of records, of the outbox.

    Memory is the caller's business: some hundreds at a time.
    """
    return _issue(by, [(draft, None) for draft in drafts])


def _issue(by: Author, drafts: Sequence[tuple[Draft, Approval | None]]) -> list[Record]:
    if not drafts:
        return []
    at = timezone.now()
    news = [_signed(draft, approval, at) for draft, approval in drafts]
    superseded = {draft.supersedes.uid for draft, _ in drafts if draft.supersedes}
    with transaction.atomic():
        records = store(news, held_of(superseded) if superseded else Held())
        append_all(by, [_issued(record, approval) for record, (_, approval) in zip(records, drafts, strict=True)])
        stored = [Stored(record, new.content) for record, new in zip(records, news, strict=True)]
        for hook in STORED:
            hook(by, stored)
    return records


def _signed(draft: Draft, approval: Approval | None, at: dt.datetime) -> New:
    kind, content, supersedes = draft.kind, draft.content, draft.supersedes
    plain = content.model_dump(mode="json")
    if kind.needs_approval(content) or approval is not None:
        check_approval(approval, content_hash(kind.name, kind.version, plain))
    data = {
        "v": VERSION,
        "id": str(supersedes.uid if supersedes else uuid7(at)),
        "version": supersedes.version + 1 if supersedes else 1,
        "kind": kind.name,
        "kind_version": kind.version,
        "origin": settings.NODE.state,
        "node": settings.NODE.code,
        "issued_at": at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "content": plain,
        "supersedes": supersedes.hash if supersedes else None,
        "approval": approval.as_json() if approval else None,
    }
    statement = canonical(data)
    keys = ring(settings.KEYS)
    key, second = keys.signing[0], ""
    signature = _b64(key.sign(SIGNED + statement))
    if kind.cosigned:
        second = f"{keys.cosigning[0].id}:{_b64(keys.cosigning[0].sign(COSIGNED + statement))}"
    return New(statement, data, key.id, signature, second, kind, content)


def _issued(record: Record, approval: Approval | None) -> Act:
    approved = {"approver": approval.approver, "author": approval.author} if approval else {}
    return Act(
        "record_issued",
        str(record.uid),
        {"kind": record.kind, "version": record.version, "hash": record.hash} | approved,
    )


def terms(
    purpose: str,
    legal_basis: str,
    days: int,
    body: object,
    *,
    tlp: Tlp = "AMBER",
    onward: Onward = "no",
    source: SourceGrade = "A",
    information: InformationGrade = "1",
) -> dict[str, Any]:
    """Content of a record that no person drafts: a withdrawal, an acknowledgement, a hit."""
    now = timezone.now()
    until = now + dt.timedelta(days=days)
    return {
        "purpose": purpose,
        "legal_basis": legal_basis,
        "handling": Handling(tlp=tlp, onward=onward),
        "grading": Grading(source=source, information=information),
        "valid_until": until,
        "review_on": min(until, now + dt.timedelta(days=365)).date(),
        "body": body,
    }


def withdraw(by: Author, record: Record, reason: str) -> Record:
    """Take an own record back with a signed withdrawal, which every holder must acknowledge; raises Refused."""
    [withdrawal] = withdraw_all(by, [record], reason)
    return withdrawal


def withdraw_all(by: Author, records: Sequence[Record], reason: str) -> list[Record]:
    """As `withdraw`, for many at once; raises Refused where one of them cannot be."""
    drafts = []
    for record in records:
        if record.origin != settings.NODE.state or record.node != settings.NODE.code:
            raise Refused(Fault("not_the_origin", "", record.origin))
        if record.state != Record.State.IN_FORCE:
            raise Refused(Fault("not_in_force", "", record.state))
        try:
            body = Withdrawal(target=record.uid, reason=reason)
        except ValidationError as error:
            raise Refused(*of_pydantic(error.errors(include_url=False))) from None
        plain = terms(record.purpose, "withdrawal by the origin", 3650, body, tlp="GREEN")
        drafts.append(Draft(WITHDRAWAL, read_content(WITHDRAWAL, plain, timezone.now())))
    return issue_all(by, drafts)


def acknowledge(by: Author, withdrawal: Record, holder: str) -> Record:
    """Say to the origin that `holder` applied a withdrawal."""
    body = AcknowledgementBody(target=withdrawal.uid, holder=holder, at=timezone.now())
    plain = terms(withdrawal.purpose, "acknowledgement", 3650, body, tlp="GREEN")
    content = read_content(ACKNOWLEDGEMENT, plain, timezone.now())
    return issue(by, ACKNOWLEDGEMENT, content)


def withhold(record: Record) -> None:
    """Leave a held record unused by a decision of this node: it goes no further, and its issuer sees no difference."""
    record.state, record.state_changed_at = Record.State.WITHHELD, timezone.now()
    record.save(update_fields=["state", "state_changed_at"])


def expire(by: Author, at: dt.datetime | None = None) -> int:
    """Retire every record whose time has run out or whose review was missed (rule R9). Returns how many."""
    at = at or timezone.now()
    due = Record.objects.filter(state=Record.State.IN_FORCE)
    due = due.filter(valid_until__lte=at) | due.filter(review_on__lt=at.date())
    count = 0
    for record in list(due[:1000]):
        with transaction.atomic():
            retire(record, Record.State.EXPIRED)
            append("record_expired", by, str(record.uid), {"kind": record.kind, "version": record.version})
        count += 1
    return count


def read_again(by: Author) -> int:
    """After an upgrade: apply the records whose kind was not known before. Returns how many."""
    count = 0
    for record in Record.objects.filter(state=Record.State.NOT_UNDERSTOOD).order_by("id"):
        kind = KINDS.get((record.kind, record.kind_version))
        if kind is None or (kind.cosigned and not record.cosignature):
            continue
        # What its kind refuses stays as it is, and keeps no other from being read.
        with suppress(Refused), transaction.atomic():
            content = read_as(kind, record.data)
            record.state = Record.State.IN_FORCE
            record.save(update_fields=["state"])
            project(record, kind, content)
            append("record_understood", by, str(record.uid), {"kind": record.kind})
            count += 1
    return count


def _apply_withdrawal(record: Record, content: Content) -> None:
    assert isinstance(content.body, Withdrawal)
    for target in Record.objects.filter(uid=content.body.target, origin=record.origin):
        retire(target, Record.State.WITHDRAWN)


def _apply_acknowledgement(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, AcknowledgementBody)
    # A state answers for its own nodes only.
    if body.holder[:3] != record.origin:
        return
    for target in Record.objects.filter(uid=body.target, kind=WITHDRAWAL.name):
        Acknowledgement.objects.get_or_create(record=target, holder=body.holder, defaults={"at": body.at})


WITHDRAWAL.projections.append(_apply_withdrawal)
ACKNOWLEDGEMENT.projections.append(_apply_acknowledgement)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
