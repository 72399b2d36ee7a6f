"""Issue, print and revoke what this state seals: emergency travel documents, crossing permits, convoy permits.

Two natural persons make one (rule R2): who drafts it keeps the blank, who approves it makes the seal. The seal is made
and read back in the transaction of the approval; what cannot be read and verified is not issued.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.documents import revoked_seals, signer, stock
from jiwar.documents.logic import permits as said
from jiwar.documents.logic.mrz_writing import MrzUnwritable
from jiwar.documents.logic.revoked import digest
from jiwar.documents.logic.seal import Seal, SealHeader, SealUnreadable, read_seal
from jiwar.documents.logic.seal_profiles import Profile
from jiwar.documents.logic.seal_profiles import read_content as read_values
from jiwar.documents.logic.seal_writing import SealUnwritable, seal_bytes
from jiwar.documents.models import Permit
from jiwar.documents.permit_kinds import KEPT, PERMIT, PermitBody
from jiwar.documents.seal_catalogue import profiles
from jiwar.documents.signer_keys import KeyUnavailable
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.records import drafts
from jiwar.records.content import Content
from jiwar.records.queries import drafts as open_drafts
from jiwar.records.services import Record, terms, withdraw
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.identity.officer_keys import OfficerSigner
    from jiwar.records.models import Draft

P = Permission
REASONS: Final = ("holder_lost", "stolen", "misused", "error", "replaced", "no_longer_entitled")
"""Why a document is revoked; words group ``permit_revocation``."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A paper whose own barcode was read back and is the permit's seal."""

    permit: Permit
    pdf: bytes

    @property
    def file_name(self) -> str:
        """Names nobody."""
        return f"{self.permit.number}.pdf"


def draft_permit(by: Grant, body: dict[str, Any], legal_basis: str, draft: UUID | None = None) -> "Draft":
    """Keep what was typed, complete or not."""
    by.check(P.DOCUMENTS_PERMIT_DRAFT)
    if settings.NODE.role != "national":
        raise Refused(Fault("not_the_national_node"))
    return drafts.save_draft(by, PERMIT, _content(body, legal_basis), _draft(draft) if draft else None)


def submit_permit(by: Grant, draft: UUID) -> "Draft":
    """Ask a second person; raises Refused with every fault, also of what no seal can hold."""
    by.check(P.DOCUMENTS_PERMIT_DRAFT)
    with transaction.atomic():
        row = drafts.submit_draft(by, _draft(draft))
        body = row.content["body"]
        if not stock.keeps(str(row.author_id), body["type"], body["number"]):
            raise Refused(Fault("blank_not_yours", "body.number", body["number"]))
        _seal(body, lambda _data: bytes(64), signer.current_or_refused(), timezone.now().date())
    return row


def discard_permit(by: Grant, draft: UUID) -> None:
    """The author gives a draft up."""
    by.check(P.DOCUMENTS_PERMIT_DRAFT)
    drafts.discard_draft(by, _draft(draft))


def return_permit(by: Grant, draft: UUID, reasons: str) -> "Draft":
    """The second person sends it back, with reasons."""
    by.check(P.DOCUMENTS_PERMIT_APPROVE)
    return drafts.return_draft(by, _draft(draft), reasons)


def approve_permit(by: Grant, draft: UUID, seen_hash: str, own_key: "OfficerSigner | None" = None) -> Permit:
    """Approve exactly what was seen: record, seal and used blank, or nothing. A permit that it replaces is revoked.

    Raises Refused: no signer, the blank is not the author's, what was sealed cannot be read back.
    """
    by.check(P.DOCUMENTS_PERMIT_APPROVE)
    now = signer.current_or_refused()
    with transaction.atomic():
        row = _draft(draft)
        record = drafts.approve_draft(by, row, seen_hash, signer=own_key)
        body = record.body
        stock.use(by, body["number"], str(row.author_id), body["type"], record.uid)
        try:
            raw = _seal(body, now.sign, now, timezone.now().date())
        except KeyUnavailable as unavailable:
            raise Refused(Fault("seal_key_unavailable", "", unavailable.code)) from None
        seal = _proven(raw, body, now)
        permit = Permit.objects.get(record=record)
        permit.seal, permit.digest = raw, digest(seal.signed).hex()
        permit.signer = f"{now.identifier} {now.reference}"
        permit.save(update_fields=["seal", "digest", "signer"])
        detail = {"type": permit.type, "number": permit.number, "seal": permit.digest, "signer": permit.signer}
        append("permit_issued", by, str(permit.uid), detail)
        if before := _replaced(body["replaces"], permit.type):
            _revoke(by, before, "replaced", permit.number)
    return permit


def list_permits(by: Grant, asked: str = "") -> QuerySet[Permit]:
    """Permits by the beginning of a number or of a name, the newest first; the reading is in the ledger."""
    by.check(P.DOCUMENTS_PERMIT_READ)
    asked = asked.strip()[:80]
    with transaction.atomic():
        append("permits_listed", by, "", {"narrowed": bool(asked)})  # not by whose name: a leaf stays
    found = Permit.objects.all()
    if asked:
        found = found.filter(number__startswith=asked.upper()) | found.filter(name__startswith=said.latin(asked) or "-")
    return found


def open_permit(by: Grant, uid: UUID) -> Permit | None:
    """Read one; the reading is in the ledger. None where this node holds no such one."""
    by.check(P.DOCUMENTS_PERMIT_READ)
    found = Permit.objects.select_related("record").filter(uid=uid).first()
    if found is not None:
        with transaction.atomic():
            append("permit_read", by, str(uid))
    return found


def print_permit(by: Grant, uid: UUID, form: str, language: str) -> Printed | None:
    """The paper as PDF. Raises Refused: not_in_list, pdf_unavailable, permit_not_valid, paper_unreadable."""
    from jiwar.documents import permit_papers  # pictures and PDF are for whoever prints

    by.check(P.DOCUMENTS_PERMIT_READ)
    if form not in permit_papers.FORMS or language not in permit_papers.LANGUAGES:
        raise Refused(Fault("not_in_list", "form"))
    if not permit_papers.is_available():
        raise Refused(Fault("pdf_unavailable"))
    permit = Permit.objects.select_related("record").filter(uid=uid).first()
    if permit is None:
        return None
    if permit.state != Permit.State.VALID or not permit.seal:
        raise Refused(Fault("permit_not_valid"))
    pdf = permit_papers.make(permit, form, language)
    # What a post will photograph is what is proven: the barcode of this very file.
    if permit_papers.seal_in(pdf) != bytes(permit.seal):
        raise Refused(Fault("paper_unreadable"))
    with transaction.atomic():
        append("permit_printed", by, str(uid), {"form": form, "language": language})
    return Printed(permit, pdf)


def revoke_permit(by: Grant, uid: UUID, reason: str) -> Permit:
    """End a document: its record is withdrawn, and its seal is refused wherever the list arrives."""
    by.check(P.DOCUMENTS_PERMIT_REVOKE)
    if reason not in REASONS:
        raise Refused(Fault("not_in_list", "reason"))
    with transaction.atomic():
        permit = Permit.objects.select_for_update().select_related("record").filter(uid=uid).first()
        if permit is None or permit.state != Permit.State.VALID:
            raise Refused(Fault("permit_not_valid"))
        _revoke(by, permit, reason)
    return permit


def forget(by: Grant, now: dt.datetime) -> None:
    """Delete what is kept of revoked permits when their time is over too (rule R9)."""
    due = Permit.objects.filter(valid_until__lt=now.date() - KEPT)
    with transaction.atomic():
        if count := due.delete()[0]:
            append("permits_forgotten", by, "", {"count": count})


def permit_drafts() -> "QuerySet[Draft]":
    """Open drafts of permits."""
    return open_drafts(PERMIT.name)


def _revoke(by: Grant, permit: Permit, reason: str, by_number: str = "") -> None:
    permit.state = Permit.State.REVOKED
    permit.save(update_fields=["state"])
    withdraw(by, permit.record, reason)
    if permit.digest:
        revoked_seals.revoke(by, [permit.digest], permit.valid_until)
    detail = {"number": permit.number, "reason": reason} | ({"replaced_by": by_number} if by_number else {})
    append("permit_revoked", by, str(permit.uid), detail)


def _replaced(number: str, type_: str) -> Permit | None:
    if not number:
        return None
    rows = Permit.objects.select_for_update().select_related("record")
    before = rows.filter(number=number, type=type_, state=Permit.State.VALID).first()
    if before is None:
        raise Refused(Fault("permit_not_valid", "body.replaces", number))
    return before


def _seal(body: dict[str, Any], sign: Any, now: signer.Signer, today: dt.date) -> bytes:
    """The bytes of the barcode; raises Refused at the field that no seal can hold."""
    if said.CODES[body["type"]] not in now.document_types:
        raise Refused(Fault("signer_type_missing", "body.type", said.CODES[body["type"]]))
    profile = _profile(body)
    reference, kind = bytes.fromhex(profile.reference)
    header = SealHeader(settings.NODE.state, now.identifier, now.reference, today, today, reference, kind)
    try:
        return seal_bytes(profile, said.seal_values(body), header, sign)
    except MrzUnwritable as unwritable:
        raise Refused(Fault("not_for_a_seal", "body.holder", unwritable.field)) from None
    except SealUnwritable as unwritable:
        field = {"name": "holder", "birth": "holder", "nationality": "holder"}.get(unwritable.field, unwritable.field)
        raise Refused(Fault("not_for_a_seal", f"body.{field}", unwritable.code)) from None


def _proven(raw: bytes, body: dict[str, Any], now: signer.Signer) -> Seal:
    """The seal as anyone reads it: the values that were meant, under a signature of the certificate that it names."""
    try:
        seal = read_seal(raw)
        values = read_values(seal, _profile(body)).values
        half = len(seal.signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (seal.signature[:half], seal.signature[half:]))
        public = now.certificate.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(utils.encode_dss_signature(r, s), seal.signed, ec.ECDSA(hashes.SHA256()))
    except (SealUnreadable, InvalidSignature):
        raise Refused(Fault("seal_not_proven")) from None
    if dict(values) != said.seal_values(body):
        raise Refused(Fault("seal_not_proven"))
    return seal


def _profile(body: dict[str, Any]) -> Profile:
    return profiles()[said.PROFILES[body["type"]]]


def _content(body: dict[str, Any], legal_basis: str) -> dict[str, Any]:
    """What was typed, as the content of a record; a day that cannot be read stays, so that the check names it."""
    made = terms(Purpose.DOCUMENT_ISSUING, legal_basis.strip(), 0, body)
    try:
        until = dt.date.fromisoformat(str(body.get("valid_until", ""))) + KEPT
    except (ValueError, OverflowError):
        until = timezone.now().date() + KEPT
    return made | {
        "handling": made["handling"].model_dump(mode="json"),
        "grading": made["grading"].model_dump(mode="json"),
        "valid_until": f"{until}T23:59:59Z",
        "review_on": until.isoformat(),
    }


def _draft(draft: UUID) -> "Draft":
    row = permit_drafts().filter(pk=draft).first()
    if row is None:
        raise Refused(Fault("draft_unknown"))
    return row


def _project(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, PermitBody)
    name = body.operator if body.holder is None else said.latin(f"{body.holder.surname} {body.holder.given_names}")
    Permit.objects.create(
        record=record,
        uid=record.uid,
        type=body.type,
        number=body.number,
        name=name,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        issued_at=record.issued_at,
    )


def _forget(record: Record) -> None:
    """When a record's time is over, what is known of its holder goes; one that was revoked is kept until then."""
    if record.state == Record.State.EXPIRED:
        Permit.objects.filter(record=record).delete()


EACH_MINUTE.append(forget)
PERMIT.projections.append(_project)
PERMIT.retirements.append(_forget)
