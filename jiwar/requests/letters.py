"""Letters of this state: drafted by one person, approved by another where the flow demands it, sent, taken back."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.services import append
from jiwar.exchange import attached, attachments
from jiwar.exchange.attachments import Descriptor
from jiwar.identity.officer_keys import OfficerSigner
from jiwar.records import drafts
from jiwar.records.drafts import Draft
from jiwar.records.queries import drafts as open_drafts
from jiwar.records.services import Record, read_content, withdraw
from jiwar.requests import queries
from jiwar.requests.kinds import LETTER, MOST_FILES
from jiwar.requests.models import Letter
from jiwar.watchlist.queries import Warned, sensitive_words
from jiwar.wire.faults import Fault, Refused

P = Permission
_FREE_TEXT = ("legal_basis", "body.subject", "body.text")


def draft_letter(by: Grant, content: dict[str, Any], draft: UUID | None = None) -> Draft:
    """Keep what the author has typed, complete or not; files and the letter that it answers stay with the draft."""
    by.check(P.REQUESTS_LETTER_WRITE)
    _speaks_for_state()
    row = find_draft(draft) if draft else None
    body = dict(content.get("body") or {})
    if row is not None:
        before = row.content.get("body") or {}
        body |= {name: before[name] for name in ("attachments", "target") if name in before}
    return drafts.save_draft(by, LETTER, {**content, "body": body}, row)


def blank_letter(purpose: str) -> dict[str, Any]:
    """The terms that a new letter begins with: kept for a year, reviewed after half of it."""
    today = timezone.now().date()
    return {
        "purpose": purpose,
        "handling": {"tlp": "AMBER", "onward": "no", "restrictions": []},
        "grading": {"source": "A", "information": "1"},
        "valid_until": f"{today + dt.timedelta(days=365)}T23:59:59Z",
        "review_on": str(today + dt.timedelta(days=180)),
        "body": {},
    }


def attach(by: Grant, draft: UUID, descriptor: Descriptor) -> Draft:
    """Add a file that is in the store to an own draft. Raises Refused."""
    files = [*files_of(_own(by, draft).content), descriptor]
    if len(files) > MOST_FILES:
        raise Refused(Fault("too_many", "file"))
    with transaction.atomic():
        row = _with_files(by, draft, files)
        attached.keep_for_draft(row, descriptor.blob)
        append("letter_file_attached", by, str(draft), {"blob": descriptor.blob, "size": descriptor.size})
    return row


def detach(by: Grant, draft: UUID, blob: str) -> Draft:
    """Take a file out of an own draft; it is deleted."""
    files = files_of(_own(by, draft).content)
    with transaction.atomic():
        row = _with_files(by, draft, [file for file in files if file.blob != blob])
        attached.release_draft(row, blob)
        append("letter_file_removed", by, str(draft), {"blob": blob})
    return row


def submit_letter(by: Grant, draft: UUID) -> Draft:
    """Ask for approval. Raises Refused that names everything that is missing or does not fit."""
    row = _own(by, draft)
    _check(row.content)
    return drafts.submit_draft(by, row)


def send_letter(by: Grant, draft: UUID) -> Record:
    """Sign and send a letter on one person's word; raises Refused, on a flow that needs two with `approval_missing`."""
    row = _own(by, draft)
    _check(row.content)
    with transaction.atomic():
        return _sent(by, row, drafts.issue_draft(by, row))


def return_letter(by: Grant, draft: UUID, reasons: str) -> Draft:
    """Send a submitted letter back to its author."""
    by.check(P.REQUESTS_LETTER_APPROVE)
    return drafts.return_draft(by, find_draft(draft), reasons)


def approve_letter(
    by: Grant, draft: UUID, seen_hash: str, reasons: str = "", signer: OfficerSigner | None = None
) -> Record:
    """Approve exactly the letter and the files that were seen, and send it (rule R2)."""
    by.check(P.REQUESTS_LETTER_APPROVE)
    row = find_draft(draft)
    _check(row.content)
    with transaction.atomic():
        return _sent(by, row, drafts.approve_draft(by, row, seen_hash, reasons, signer))


def discard_letter(by: Grant, draft: UUID) -> None:
    """The author gives a draft up; its files go with it."""
    row = _own(by, draft)
    with transaction.atomic():
        drafts.discard_draft(by, row)
        attached.release_draft(row)


def begin_answer(by: Grant, uid: UUID) -> Draft:
    """Begin an answer to a received letter; the one open draft of the author's answer is given back."""
    by.check(P.REQUESTS_LETTER_WRITE)
    asked = received_letter(uid)
    mine = open_drafts(LETTER.name).filter(author_id=by.actor_id)
    for draft in mine:
        if draft.content.get("body", {}).get("target") == str(uid):
            return draft
    said = asked.record.data["content"]
    kept = {name: said[name] for name in ("purpose", "legal_basis", "handling")}
    body = {"flow": asked.flow, "to": [asked.origin], "subject": asked.subject, "target": str(uid)}
    return drafts.save_draft(by, LETTER, blank_letter(said["purpose"]) | kept | {"body": body})


def withdraw_letter(by: Grant, uid: UUID, reason: str) -> Record:
    """Take an own letter back everywhere, with its files; every holder must say that it did (rule R11)."""
    by.check(P.REQUESTS_LETTER_WRITE)
    letter = queries.letter(uid)
    if letter is None:
        raise Refused(Fault("letter_unknown", "target"))
    with transaction.atomic():
        withdrawal = withdraw(by, letter.record, reason)
        append("letter_withdrawn", by, str(uid), {"withdrawal": str(withdrawal.uid)})
    return withdrawal


def open_draft(by: Grant, draft: UUID) -> Draft:
    """Read a draft, as author or as approver: authorised, and in the ledger. Raises Refused."""
    if by.permission == P.REQUESTS_LETTER_WRITE:
        row = _own(by, draft)
    else:
        by.check(P.REQUESTS_LETTER_APPROVE)
        row = find_draft(draft)
    with transaction.atomic():
        append("letter_draft_read", by, str(row.pk), {"hash": row.content_hash})
    return row


def files_of(content: Mapping[str, Any]) -> list[Descriptor]:
    """The files of a draft."""
    return [Descriptor.model_validate(file) for file in (content.get("body") or {}).get("attachments") or ()]


def warnings(content: Mapping[str, Any]) -> list[Warned]:
    """Words in the free text that should not stand there (rule R4); shown to the author and to the approver."""
    body = content.get("body") or {}
    texts = {
        "legal_basis": content.get("legal_basis"),
        **{f"body.{name}": body.get(name) for name in ("subject", "text")},
    }
    return sensitive_words((field, str(texts[field])) for field in _FREE_TEXT if texts[field])


def received_letter(uid: UUID) -> Letter:
    """A letter to this state that is in force; raises Refused."""
    letter = queries.letter(uid)
    if letter is None or letter.origin == settings.NODE.state:
        raise Refused(Fault("letter_unknown", "target"))
    if letter.record.state != Record.State.IN_FORCE:
        raise Refused(Fault("not_in_force", "target", letter.record.state))
    return letter


def find_draft(draft: UUID) -> Draft:
    """A letter's open draft: a grant for letters reaches no other kind."""
    row = open_drafts(LETTER.name).filter(pk=draft).first()
    if row is None:
        raise Refused(Fault("draft_unknown"))
    return row


def _own(by: Grant, draft: UUID) -> Draft:
    by.check(P.REQUESTS_LETTER_WRITE)
    row = find_draft(draft)
    if str(row.author_id) != by.actor_id:
        raise AccessRefused("permission_missing", P.REQUESTS_LETTER_APPROVE, by.actor_id)
    return row


def _with_files(by: Grant, draft: UUID, files: list[Descriptor]) -> Draft:
    row = find_draft(draft)
    body = {**(row.content.get("body") or {}), "attachments": [file.model_dump(mode="json") for file in files]}
    return drafts.save_draft(by, LETTER, {**row.content, "body": body}, row)


def _sent(by: Grant, draft: Draft, record: Record) -> Record:
    attached.release_draft(draft)
    body = record.body
    append("letter_sent", by, str(record.uid), {"flow": body["flow"], "to": body["to"], "answer": body["answer"]})
    return record


def _speaks_for_state() -> None:
    if settings.NODE.role == "post":
        raise Refused(Fault("not_the_national_node"))


def _check(content: Mapping[str, Any]) -> None:
    """Everything that is wrong with a draft, at once. Raises Refused."""
    _speaks_for_state()
    found: list[Fault] = []
    try:
        read_content(LETTER, content, timezone.now())
    except Refused as refused:
        found += refused.faults
    known = {fault.field for fault in found}
    found += [fault for fault in _faults_here(content) if fault.field not in known]
    if found:
        raise Refused(*found)


def _faults_here(content: Mapping[str, Any]) -> Iterator[Fault]:
    """What only this node knows: its neighbours, the letter that is answered, the files."""
    body = content.get("body") or {}
    to = body.get("to") or ()
    known = {state for state, _ in queries.addressable()}
    yield from (Fault("state_unknown", "body.to", str(state)) for state in to if state not in known)
    if body.get("target"):
        asked = received_letter(UUID(body["target"]))
        if asked.flow != body.get("flow"):
            yield Fault("flow_differs", "body.flow", asked.flow)
        if asked.origin not in to:
            yield Fault("answers_nothing", "body.to", asked.origin)
    for file in files_of(content):
        if attachments.held(file) < len(file.chunks):
            yield Fault("attachment_not_here", "file", file.name)
