"""Making, signing, joining, suspending, leaving agreements. Every act checks its grant; its leaf is in its transaction.

What opens something takes two people: one drafts, another approves exactly what she saw. What only closes takes one.
"""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.agreements import passing, queries
from jiwar.agreements.content import plain
from jiwar.agreements.kinds import (
    ACCESSION,
    AGREEMENT,
    DENUNCIATION,
    EVERY_PARTY,
    RESERVATION,
    RESUMPTION,
    SIGNATURE,
    SUSPENSION,
    AccessionBody,
    Reserve,
    ResumptionBody,
    SignatureBody,
)
from jiwar.audit.services import append
from jiwar.records import drafts
from jiwar.records.content import Content
from jiwar.records.kinds import WITHDRAWAL, YEAR, Kind
from jiwar.records.queries import newest_version
from jiwar.records.services import issue, read_content, withdraw
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.identity.officer_keys import OfficerSigner
    from jiwar.records.models import Draft, Record

# What instruments between states are made for; it opens nothing, the clauses do.
_PURPOSE = Purpose.JUDICIAL_COOPERATION
_DRAFTED = (AGREEMENT, SIGNATURE, ACCESSION, RESUMPTION, WITHDRAWAL)
_ACTS = {
    AGREEMENT.name: "agreement_issued",
    SIGNATURE.name: "agreement_signed",
    ACCESSION.name: "agreement_acceded",
    RESUMPTION.name: "agreement_resumed",
    WITHDRAWAL.name: "reservation_withdrawn",
}


# --- two people -------------------------------------------------------------------------------------------------------


def draft_agreement(by: Grant, body: dict[str, Any], draft: "Draft | None" = None) -> "Draft":
    """Keep an agreement's text (the form of `AgreementBody`, complete or not) as a draft of its author."""
    by.check(Permission.AGREEMENTS_AGREEMENT_DRAFT)
    _of_kind(draft, AGREEMENT)
    now = timezone.now()
    last = now + 20 * YEAR - dt.timedelta(days=1)
    try:
        # To the end of its last day in UTC.
        ends = dt.date.fromisoformat(str(body.get("ends"))) + dt.timedelta(days=1)
        until = min(last, dt.datetime.combine(ends, dt.time(), dt.UTC))
    except (ValueError, OverflowError):
        until = last
    review = min(until, now + AGREEMENT.review).date()
    return drafts.save_draft(by, AGREEMENT, _plain(str(body.get("reference", "")), until, review, body), draft)


def submit(by: Grant, draft: "Draft") -> "Draft":
    """Ask a second person to approve; raises Refused with every fault."""
    by.check(Permission.AGREEMENTS_AGREEMENT_DRAFT)
    _of_kind(draft, *_DRAFTED)
    return drafts.submit_draft(by, draft)


def discard(by: Grant, draft: "Draft") -> None:
    """The author gives a draft up."""
    by.check(Permission.AGREEMENTS_AGREEMENT_DRAFT)
    _of_kind(draft, *_DRAFTED)
    drafts.discard_draft(by, draft)


def approve(
    by: Grant, draft: "Draft", seen_hash: str, reasons: str = "", signer: "OfficerSigner | None" = None
) -> "Record":
    """The second person approves what she saw, and the record is issued: own agreements are thereby signed by us.

    What a signature or an accession reserves becomes one reservation for each clause, so that each can be taken back.
    """
    by.check(Permission.AGREEMENTS_AGREEMENT_APPROVE)
    _of_kind(draft, *_DRAFTED)
    with transaction.atomic():
        agreement = queries.agreement_of(draft)
        record = drafts.approve_draft(by, draft, seen_hash, reasons, signer)
        body = record.body
        append(_ACTS[record.kind], by, str(agreement or record.uid), {"hash": body.get("hash", record.hash)})
        if agreement is not None and (reserves := body.get("reserves")):
            reference = _held(agreement).row.reference
            for clause in reserves["clauses"]:
                one = {"target": str(agreement), "hash": body["hash"], "clauses": [clause]}
                _issue(by, RESERVATION, reference, one | {"reason": reserves["reason"]})
    return record


def return_to_author(by: Grant, draft: "Draft", reasons: str) -> "Draft":
    """The second person sends a draft back, with reasons."""
    by.check(Permission.AGREEMENTS_AGREEMENT_APPROVE)
    _of_kind(draft, *_DRAFTED)
    return drafts.return_draft(by, draft, reasons)


def cosign(by: Grant, agreement: UUID, reserved: Iterable[str] = (), reason: str = "") -> "Draft":
    """Put this state's signature under exactly the text that is held, but for the clauses reserved, with a reason."""
    by.check(Permission.AGREEMENTS_AGREEMENT_DRAFT)
    held = _held(agreement)
    return _propose(by, SIGNATURE, held, _word(held.row.record, reserved, reason))


def accede(by: Grant, agreement: UUID, reserved: Iterable[str] = (), reason: str = "") -> "Draft":
    """Join exactly the text that is held, but for the clauses reserved, with a reason; or come back to it."""
    by.check(Permission.AGREEMENTS_AGREEMENT_DRAFT)
    held = _held(agreement)
    body = _word(held.row.record, reserved, reason) | {"after": _left_by(held)}
    return _propose(by, ACCESSION, held, body)


def agree(by: Grant, accession: UUID) -> "Draft":
    """Sign another state's accession to an agreement of ours."""
    by.check(Permission.AGREEMENTS_AGREEMENT_DRAFT)
    record = newest_version(accession)
    if record is None or record.kind != ACCESSION.name or record.about is None:
        raise Refused(Fault("agreement_unknown", "target"))
    return _propose(by, SIGNATURE, _held(record.about), _word(record))


def resume(by: Grant, suspension: UUID, reason: str) -> "Draft":
    """End an own suspension; what another party suspended stays suspended."""
    by.check(Permission.AGREEMENTS_AGREEMENT_DRAFT)
    record = newest_version(suspension)
    if record is None or record.kind != SUSPENSION.name or record.about is None:
        raise Refused(Fault("suspension_unknown", "target"))
    return _propose(by, RESUMPTION, _held(record.about), {"target": str(suspension), "reason": reason})


def take_back(by: Grant, reservation: UUID, reason: str) -> "Draft":
    """Take an own reservation back: what it closed opens."""
    by.check(Permission.AGREEMENTS_AGREEMENT_DRAFT)
    record = newest_version(reservation)
    if record is None or record.kind != RESERVATION.name or record.about is None:
        raise Refused(Fault("reservation_unknown", "target"))
    if record.origin != settings.NODE.state:
        raise Refused(Fault("not_the_origin", "target", record.origin))
    if record.state == "withdrawn":
        raise Refused(Fault("not_in_force", "target", record.state))
    return _propose(by, WITHDRAWAL, _held(record.about), {"target": str(reservation), "reason": reason}, days=3649)


# --- one person -------------------------------------------------------------------------------------------------------


def withdraw_agreement(by: Grant, agreement: UUID, reason: str) -> "Record":
    """Take an own agreement back: it closes at once, here and at every party."""
    by.check(Permission.AGREEMENTS_AGREEMENT_APPROVE)
    held = _held(agreement)
    with transaction.atomic():
        append("agreement_withdrawn", by, str(agreement), {"reference": held.row.reference})
        return withdraw(by, held.row.record, reason)


def suspend(by: Grant, agreement: UUID, reason: str, clauses: Iterable[str] = ()) -> "Record":
    """Suspend an agreement, or the clauses named, from now on."""
    by.check(Permission.AGREEMENTS_AGREEMENT_SUSPEND)
    held = _bound(agreement)
    clauses = tuple(clauses)
    _check_clauses(held, clauses, "clauses")
    body = {"target": str(agreement), "clauses": clauses, "reason": reason}
    with transaction.atomic():
        append("agreement_suspended", by, str(agreement), {"reference": held.row.reference, "clauses": list(clauses)})
        return _issue(by, SUSPENSION, held.row.reference, body)


def denounce(by: Grant, agreement: UUID, reason: str) -> "Record":
    """Leave an agreement for good, from now on; the others stay bound among themselves."""
    by.check(Permission.AGREEMENTS_AGREEMENT_APPROVE)
    held = _bound(agreement)
    body = {"target": str(agreement), "hash": held.row.record.hash, "reason": reason}
    with transaction.atomic():
        append("agreement_denounced", by, str(agreement), {"reference": held.row.reference})
        return _issue(by, DENUNCIATION, held.row.reference, body)


def offer(by: Grant, agreement: UUID, state: str) -> None:
    """Send an own agreement's text to a state that it does not name, so that it may accede."""
    by.check(Permission.AGREEMENTS_AGREEMENT_APPROVE)
    held = _bound(agreement)
    if held.row.record.node != settings.NODE.code:
        raise Refused(Fault("not_the_origin", "target", held.row.record.origin))
    if state in held.said.members:
        raise Refused(Fault("already_party", "state", state))
    with transaction.atomic():
        append("agreement_offered", by, str(agreement), {"reference": held.row.reference, "to": state})
        passing.pass_on(by, [held.row.record], state)


# --- parts ------------------------------------------------------------------------------------------------------------


def _word(record: "Record", reserved: Iterable[str] = (), reason: str = "") -> dict[str, Any]:
    body: dict[str, Any] = {"target": str(record.uid), "hash": record.hash, "party": settings.NODE.state}
    clauses = list(reserved)
    return body | ({"reserves": {"clauses": clauses, "reason": reason}} if clauses or reason.strip() else {})


def _left_by(held: queries.Held) -> list[str]:
    """The denunciations by which this state is outside of a text now."""
    return [str(record.uid) for record in held.said.denunciations if record.origin == settings.NODE.state]


def _propose(by: Grant, kind: Kind, held: queries.Held, body: dict[str, Any], days: int = 0) -> "Draft":
    """Draft a record about an agreement and ask a second person for approval, in one step."""
    if queries.draft_about(UUID(body["target"])):
        raise Refused(Fault("draft_in_hand", "target"))
    until = timezone.now() + (dt.timedelta(days=days) if days else kind.longest - dt.timedelta(days=1))
    if kind is SIGNATURE:
        until = min(until, held.row.record.valid_until)
    with transaction.atomic():
        draft = drafts.save_draft(by, kind, _plain(held.row.reference, until, until.date(), body))
        return drafts.submit_draft(by, draft)


def _issue(by: Grant, kind: Kind, reference: str, body: dict[str, Any]) -> "Record":
    now = timezone.now()
    until = now + kind.longest - dt.timedelta(days=1)
    return issue(by, kind, read_content(kind, _plain(reference, until, until.date(), body), now))


def _plain(reference: str, until: dt.datetime, review: dt.date, body: dict[str, Any]) -> dict[str, Any]:
    return plain(_PURPOSE.value, f"agreement {reference}", until, review, body)


def _of_kind(draft: "Draft | None", *kinds: Kind) -> None:
    """A grant for agreements reaches no other draft."""
    if draft is None:
        return
    taking_back = draft.kind != WITHDRAWAL.name or queries.takes_back_reservation(draft)
    if draft.kind not in {kind.name for kind in kinds} or not taking_back:
        raise Refused(Fault("draft_of_other_kind", "", draft.kind))


def _held(agreement: UUID) -> queries.Held:
    held = queries.agreement(agreement, timezone.now())
    if held is None:
        raise Refused(Fault("agreement_unknown", "target"))
    if held.terms.ended:
        raise Refused(Fault("not_in_force", "target", held.state))
    return held


def _bound(agreement: UUID) -> queries.Held:
    held = _held(agreement)
    if not held.binds_us:
        raise Refused(Fault("own_state_no_party", "target"))
    return held


def _check_clauses(held: queries.Held, clauses: Iterable[str], field: str) -> None:
    if faults := _unknown_clauses(held, clauses, field):
        raise Refused(*faults)


def _unknown_clauses(held: queries.Held, clauses: Iterable[str], field: str) -> list[Fault]:
    known = {clause.id for clause in held.terms.clauses}
    return [Fault("clause_unknown", field, clause[:40]) for clause in clauses if clause not in known][:1]


# --- what two people may say, checked when it is submitted and once more when it is approved --------------------------


def _signature_faults(content: Content) -> list[Fault]:
    body = content.body
    assert isinstance(body, SignatureBody)
    target, own = newest_version(body.target), settings.NODE.state
    accession = target is not None and target.kind == ACCESSION.name
    try:
        held = _held(target.about if target is not None and accession and target.about else body.target)
    except Refused as refused:
        return list(refused.faults)
    if accession:
        waiting = {each.record.uid: each for each in held.said.accessions}
        found = waiting.get(body.target)
        if found is None or body.reserves is not None:
            return [Fault("accession_unknown", "body.target")]
        signed, digest = own not in found.waits_for, found.record.hash
    else:
        signed, digest = own in held.signed_by, held.row.record.hash
    faults = []
    if body.party != own or own not in held.row.parties:
        faults.append(Fault("own_state_no_party", "body.party", body.party))
    elif signed:
        faults.append(Fault("already_signed", "body.party", body.party))
    return faults + _text_faults(held, body, digest)


def _accession_faults(content: Content) -> list[Fault]:
    body = content.body
    assert isinstance(body, AccessionBody)
    try:
        held = _held(body.target)
    except Refused as refused:
        return list(refused.faults)
    own = settings.NODE.state
    faults = []
    if body.party != own:
        faults.append(Fault("own_state_no_party", "body.party", body.party))
    elif not held.may_accede:
        faults.append(Fault("already_party", "body.party", own))
    elif {str(uid) for uid in body.after} != set(_left_by(held)):
        faults.append(Fault("denunciation_not_named", "body.after"))
    if not any({own, EVERY_PARTY} & {*c["from_states"], *c["to_states"]} for c in held.row.clauses):
        faults.append(Fault("accession_opens_nothing", "body.target"))
    return faults + _text_faults(held, body, held.row.record.hash)


def _text_faults(held: queries.Held, body: SignatureBody, digest: str) -> list[Fault]:
    faults = [] if body.hash == digest else [Fault("signature_of_other_text", "body.hash")]
    reserves = body.reserves or Reserve.model_construct(clauses=())
    return faults + _unknown_clauses(held, reserves.clauses, "body.reserves.clauses")


def _resumption_faults(content: Content) -> list[Fault]:
    body = content.body
    assert isinstance(body, ResumptionBody)
    record = newest_version(body.target)
    if record is None or record.kind != SUSPENSION.name or record.about is None:
        return [Fault("suspension_unknown", "body.target")]
    if record.origin != settings.NODE.state:
        return [Fault("not_the_origin", "body.target", record.origin)]
    try:
        held = _held(record.about)
    except Refused as refused:
        return list(refused.faults)
    still = [pause.uid for pause in held.said.open_suspensions(record.origin)]
    return [] if record.uid in still else [Fault("suspension_is_over", "body.target")]


SIGNATURE.check, ACCESSION.check, RESUMPTION.check = _signature_faults, _accession_faults, _resumption_faults
