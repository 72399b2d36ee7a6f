"""Making, signing, suspending agreements. Every act checks its grant; its ledger leaf is in its transaction."""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Grant
from jiwar.agreements import policy, queries
from jiwar.agreements.kinds import (
    AGREEMENT,
    RESUMPTION,
    SIGNATURE,
    SUSPENSION,
    AgreementBody,
    ResumptionBody,
    SignatureBody,
    SuspensionBody,
)
from jiwar.agreements.models import Agreement, PartySignature, Resumption, Suspension
from jiwar.audit.services import append
from jiwar.records import drafts
from jiwar.records.content import Content
from jiwar.records.kinds import YEAR, Kind
from jiwar.records.services import issue, read_content, terms, withdraw
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.records.models import Draft, Record

# What instruments between states are made for; it opens nothing, the clauses do.
_PURPOSE = Purpose.JUDICIAL_COOPERATION


def draft_agreement(by: Grant, body: dict[str, Any], draft: "Draft | None" = None) -> "Draft":
    """Keep an agreement's text (the form of `AgreementBody`, complete or not) as a draft of its author."""
    _check(by, Permission.AGREEMENTS_AGREEMENT_DRAFT)
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
    """Ask a second person to approve an agreement or a signature; raises Refused with every fault."""
    _check(by, Permission.AGREEMENTS_AGREEMENT_DRAFT)
    _of_kind(draft, AGREEMENT, SIGNATURE)
    return drafts.submit_draft(by, draft)


def discard(by: Grant, draft: "Draft") -> None:
    """The author gives a draft up."""
    _check(by, Permission.AGREEMENTS_AGREEMENT_DRAFT)
    _of_kind(draft, AGREEMENT, SIGNATURE)
    drafts.discard_draft(by, draft)


def approve(by: Grant, draft: "Draft", seen_hash: str, reasons: str = "") -> "Record":
    """The second person approves what she saw, and the record is issued: own agreements are thereby signed by us."""
    _check(by, Permission.AGREEMENTS_AGREEMENT_APPROVE)
    _of_kind(draft, AGREEMENT, SIGNATURE)
    with transaction.atomic():
        record = drafts.approve_draft(by, draft, seen_hash, reasons)
        act = "agreement_issued" if record.kind == AGREEMENT.name else "agreement_signed"
        append(act, by, str(record.about or record.uid), {"hash": record.body.get("hash", record.hash)})
    return record


def return_to_author(by: Grant, draft: "Draft", reasons: str) -> "Draft":
    """The second person sends a draft back, with reasons."""
    _check(by, Permission.AGREEMENTS_AGREEMENT_APPROVE)
    _of_kind(draft, AGREEMENT, SIGNATURE)
    return drafts.return_draft(by, draft, reasons)


def cosign(by: Grant, agreement: UUID) -> "Draft":
    """Put this state's signature under exactly the text that is held, to be approved by a second person."""
    _check(by, Permission.AGREEMENTS_AGREEMENT_DRAFT)
    held = _held(agreement)
    if queries.signature_draft(agreement):
        raise Refused(Fault("signature_in_hand", "target"))
    record = held.row.record
    body = {"target": str(agreement), "hash": record.hash, "party": settings.NODE.state}
    content = _plain(held.row.reference, record.valid_until, record.valid_until.date(), body)
    with transaction.atomic():
        return drafts.submit_draft(by, drafts.save_draft(by, SIGNATURE, content))


def withdraw_agreement(by: Grant, agreement: UUID, reason: str) -> "Record":
    """Take an own agreement back: it closes at once, here and at every party."""
    _check(by, Permission.AGREEMENTS_AGREEMENT_APPROVE)
    held = _held(agreement)
    with transaction.atomic():
        append("agreement_withdrawn", by, str(agreement), {"reference": held.row.reference})
        return withdraw(by, held.row.record, reason)


def suspend(by: Grant, agreement: UUID, reason: str, clauses: Iterable[str] = ()) -> "Record":
    """Suspend an agreement, or the clauses named, from now on. One person may: it only closes."""
    _check(by, Permission.AGREEMENTS_AGREEMENT_SUSPEND)
    held = _held(agreement)
    clauses = tuple(clauses)
    if settings.NODE.state not in held.terms.parties:
        raise Refused(Fault("own_state_no_party", "target"))
    known = {clause.id for clause in held.terms.clauses}
    if strange := [c for c in clauses if c not in known]:
        raise Refused(Fault("clause_unknown", "clauses", strange[0][:40]))
    body = {"target": str(agreement), "clauses": clauses, "reason": reason}
    return _issue(by, "agreement_suspended", SUSPENSION, held, body, {"clauses": list(clauses)})


def resume(by: Grant, suspension: UUID, reason: str) -> "Record":
    """End an own suspension; what another party suspended stays suspended."""
    _check(by, Permission.AGREEMENTS_AGREEMENT_SUSPEND)
    row = Suspension.objects.filter(uid=suspension).first()
    if row is None:
        raise Refused(Fault("suspension_unknown", "target"))
    if row.party != settings.NODE.state:
        raise Refused(Fault("not_the_origin", "target", row.party))
    held = _held(row.agreement_uid)
    if suspension not in [s.uid for s in queries.open_suspensions(held.row, row.party)]:
        raise Refused(Fault("suspension_is_over", "target"))
    body = {"target": str(suspension), "reason": reason}
    return _issue(by, "agreement_resumed", RESUMPTION, held, body, {"suspension": str(suspension)})


def _issue(
    by: Grant, act: str, kind: Kind, held: queries.Held, body: dict[str, Any], detail: dict[str, Any]
) -> "Record":
    now = timezone.now()
    until = now + kind.longest - dt.timedelta(days=1)
    content = read_content(kind, _plain(held.row.reference, until, until.date(), body), now)
    with transaction.atomic():
        record = issue(by, kind, content)
        append(act, by, str(held.row.uid), {"reference": held.row.reference, **detail})
    return record


def _plain(reference: str, until: dt.datetime, review: dt.date, body: dict[str, Any]) -> dict[str, Any]:
    """Content in its JSON form, for a draft."""
    basis = f"agreement {reference}".strip()[:200]
    plain = terms(_PURPOSE.value, basis, 0, body, tlp="GREEN")
    return plain | {
        "handling": plain["handling"].model_dump(mode="json"),
        "grading": plain["grading"].model_dump(mode="json"),
        "valid_until": until.isoformat(),
        "review_on": review.isoformat(),
    }


def _check(by: Grant, permission: Permission) -> None:
    if by.permission != permission:
        raise AccessRefused("permission_missing", permission, by.actor_id)


def _of_kind(draft: "Draft | None", *kinds: Kind) -> None:
    """A grant for agreements reaches no other draft."""
    if draft is not None and draft.kind not in {kind.name for kind in kinds}:
        raise Refused(Fault("draft_of_other_kind", "", draft.kind))


def _held(agreement: UUID) -> queries.Held:
    held = queries.agreement(agreement, timezone.now())
    if held is None:
        raise Refused(Fault("agreement_unknown", "target"))
    if held.terms.ended:
        raise Refused(Fault("not_in_force", "target", held.state))
    return held


def _signature_faults(content: Content) -> list[Fault]:
    """Checked when a signature is submitted and once more when it is approved: the text may have changed between."""
    body = content.body
    assert isinstance(body, SignatureBody)
    try:
        held = _held(body.target)
    except Refused as refused:
        return list(refused.faults)
    faults = []
    if body.party != settings.NODE.state or body.party not in held.terms.parties:
        faults.append(Fault("own_state_no_party", "body.party", body.party))
    elif body.party in held.signed_by:
        faults.append(Fault("already_signed", "body.party", body.party))
    if body.hash != held.row.record.hash:
        faults.append(Fault("signature_of_other_text", "body.hash"))
    return faults


def _parties_of(agreement: UUID) -> list[str]:
    row = Agreement.objects.filter(uid=agreement).first()
    return [party for party in row.parties if party != settings.NODE.state] if row else []


def _parties_of_target(content: Content) -> list[str]:
    assert isinstance(content.body, SignatureBody | SuspensionBody)
    return _parties_of(content.body.target)


def _parties_of_suspended(content: Content) -> list[str]:
    assert isinstance(content.body, ResumptionBody)
    row = Suspension.objects.filter(uid=content.body.target).first()
    return _parties_of(row.agreement_uid) if row else []


def _speaks_for_its_state(record: "Record") -> bool:
    """A post has keys of its own, but binds nobody."""
    return record.node == record.origin


def _project_agreement(record: "Record", content: Content) -> None:
    body = content.body
    assert isinstance(body, AgreementBody)
    if _speaks_for_its_state(record):
        plain = body.model_dump(mode="json")
        fields = ("reference", "title", "parties", "clauses", "legal_basis")
        Agreement.objects.create(
            record=record, uid=record.uid, starts=body.starts, ends=body.ends, **{f: plain[f] for f in fields}
        )


def _project_signature(record: "Record", content: Content) -> None:
    body = content.body
    assert isinstance(body, SignatureBody)
    if _speaks_for_its_state(record) and body.party == record.origin:
        PartySignature.objects.create(record=record, agreement_uid=body.target, hash=body.hash, party=body.party)


def _project_suspension(record: "Record", content: Content) -> None:
    body = content.body
    assert isinstance(body, SuspensionBody)
    if _speaks_for_its_state(record):
        Suspension.objects.create(
            record=record,
            uid=record.uid,
            agreement_uid=body.target,
            party=record.origin,
            clauses=list(body.clauses),
            reason=body.reason,
        )


def _project_resumption(record: "Record", content: Content) -> None:
    body = content.body
    assert isinstance(body, ResumptionBody)
    if _speaks_for_its_state(record):
        Resumption.objects.create(record=record, suspension_uid=body.target, party=record.origin, reason=body.reason)


def _changed(record: "Record", content: Content | None = None) -> None:
    """What is in force is read from the records' own state; what was parsed before is no longer it."""
    policy.changed()


AGREEMENT.projections.append(_project_agreement)
SIGNATURE.projections.append(_project_signature)
SIGNATURE.check, SIGNATURE.addressees = _signature_faults, _parties_of_target
SUSPENSION.projections.append(_project_suspension)
SUSPENSION.addressees = _parties_of_target
RESUMPTION.projections.append(_project_resumption)
RESUMPTION.addressees = _parties_of_suspended
for kind in (AGREEMENT, SIGNATURE, SUSPENSION, RESUMPTION):
    kind.projections.append(_changed)
    kind.retirements.append(_changed)
