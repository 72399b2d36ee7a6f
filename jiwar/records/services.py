"""Records: issuing, receiving, withdrawing. The only writer of `Record`."""

import base64
import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.audit.services import Author, append
from jiwar.identity.keys import ring
from jiwar.identity.queries import KeyRefused, cosigning_key, signing_key
from jiwar.records.content import Content, Grading, Handling, InformationGrade, Onward, SourceGrade, Tlp
from jiwar.records.kinds import ACKNOWLEDGEMENT, KINDS, WITHDRAWAL, AcknowledgementBody, Kind, Withdrawal
from jiwar.records.models import Acknowledgement, Record
from jiwar.wire.faults import Fault, Refused, of_pydantic
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import JsonRefused, canonical, parse

VERSION = 1
_SIGNED = b"jiwar-record/1\n"
_COSIGNED = b"jiwar-record-cosignature/1\n"
_FIELDS = {
    "v", "id", "version", "kind", "kind_version", "origin", "node", "issued_at", "content", "supersedes", "approval",
}  # fmt: skip
_CLOCK_SKEW = dt.timedelta(minutes=10)


STORED: list[Callable[[Author, Record, Content | None], None]] = []
"""What else happens in the transaction that stores a record, own or received: `exchange` routes it from here."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Two natural persons and what they agreed on (rule R2); ids are opaque outside the node that made them."""

    author: str
    approver: str
    content_hash: str


def content_hash(kind: str, kind_version: int, content: Any) -> str:
    """SHA-256 in hexadecimal over the canonical form of what a person decides: what an approval binds to."""
    return _sha256(canonical({"kind": kind, "kind_version": kind_version, "content": content}))


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


def issue(
    by: Author, kind: Kind, content: Content, *, approval: Approval | None = None, supersedes: Record | None = None
) -> Record:
    """Sign and store a record of this node, and run its kind's projections, in one transaction.

    Raises Refused when the kind needs four eyes and the approval is missing, the author's own, or of other content.
    """
    at = timezone.now()
    plain = content.model_dump(mode="json")
    if kind.four_eyes:
        _check_approval(approval, content_hash(kind.name, kind.version, plain))
    statement = canonical(
        {
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
            "approval": {
                "author": approval.author,
                "approver": approval.approver,
                "content_hash": approval.content_hash,
            }
            if approval
            else None,
        }
    )
    keys = ring(settings.KEYS)
    key = keys.signing[0]
    second = ""
    if kind.cosigned:
        second = f"{keys.cosigning[0].id}:{_b64(keys.cosigning[0].sign(_COSIGNED + statement))}"
    with transaction.atomic():
        record = _store(statement, key.id, _b64(key.sign(_SIGNED + statement)), second, "", content, kind)
        append(
            "record_issued",
            by,
            str(record.uid),
            {"kind": record.kind, "version": record.version, "hash": record.hash}
            | ({"approver": approval.approver, "author": approval.author} if approval else {}),
        )
        for hook in STORED:
            hook(by, record, content)
    return record


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


def receive(by: Author, statement: bytes, key: str, signature: str, delivered_by: str, cosignature: str = "") -> Record:
    """Verify and store a record that another node signed; the same record twice is one record.

    `cosignature` is as `Record.cosignature` has it. Raises Refused with a fault whose code says why: wrong form,
    unknown or revoked key, forged or missing signature, an origin that is not the signer's state, a version that
    conflicts with what is held. A kind or a version of a kind that this
    program does not know yet is kept unread (`not_understood`), never dropped.
    """
    data = _read_statement(statement)
    try:
        signing_key(data["node"], key).verify(base64.b64decode(signature, validate=True), _SIGNED + statement)
    except KeyRefused as refused:
        raise Refused(Fault(refused.code, "signature", key)) from None
    except (InvalidSignature, ValueError):
        raise Refused(Fault("signature_wrong", "signature")) from None
    _check_cosignature(data, statement, cosignature)
    if data["node"][:3] != data["origin"]:
        raise Refused(Fault("origin_wrong", "origin", data["origin"]))
    digest = _sha256(statement)
    held = Record.objects.filter(uid=data["id"]).order_by("-version").first()
    if held is not None:
        if same := Record.objects.filter(hash=digest).first():
            return same
        if held.origin != data["origin"] or held.kind != data["kind"]:
            raise Refused(Fault("not_the_origin", "origin", data["origin"]))
        if Record.objects.filter(uid=data["id"], version=data["version"]).exists():
            raise Refused(Fault("version_conflict", "version", str(data["version"])))
    kind = KINDS.get((data["kind"], data["kind_version"]))
    content = None
    if kind is not None:
        try:
            content = kind.content.model_validate(data["content"])
        except ValidationError as error:
            raise Refused(*of_pydantic(error.errors(include_url=False), ("content",))) from None
        if kind.four_eyes:
            _check_approval(
                _read_approval(data["approval"]), content_hash(data["kind"], data["kind_version"], data["content"])
            )
    with transaction.atomic():
        record = _store(statement, key, signature, cosignature, delivered_by, content, kind)
        append(
            "record_received",
            by,
            str(record.uid),
            {"kind": record.kind, "version": record.version, "from": delivered_by, "hash": digest},
        )
        for hook in STORED:
            hook(by, record, content)
    return record


def withdraw(by: Author, record: Record, reason: str) -> Record:
    """Take an own record back with a signed withdrawal, which every holder must acknowledge; raises Refused."""
    if record.origin != settings.NODE.state or record.node != settings.NODE.code:
        raise Refused(Fault("not_the_origin", "", record.origin))
    if record.state != Record.State.IN_FORCE:
        raise Refused(Fault("not_in_force", "", record.state))
    try:
        body = Withdrawal(target=record.uid, reason=reason)
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False))) from None
    plain = terms(record.purpose, "withdrawal by the origin", 3650, body, tlp="GREEN")
    content = read_content(WITHDRAWAL, plain, timezone.now())
    return issue(by, WITHDRAWAL, content)


def acknowledge(by: Author, withdrawal: Record, holder: str) -> Record:
    """Say to the origin that `holder` applied a withdrawal."""
    body = AcknowledgementBody(target=withdrawal.uid, holder=holder, at=timezone.now())
    plain = terms(withdrawal.purpose, "acknowledgement", 3650, body, tlp="GREEN")
    content = read_content(ACKNOWLEDGEMENT, plain, timezone.now())
    return issue(by, ACKNOWLEDGEMENT, content)


def retire(record: Record, state: str) -> None:
    """End the use of a record here and now; `state` is a `Record.State`."""
    if record.state not in {Record.State.IN_FORCE, Record.State.NOT_UNDERSTOOD}:
        return
    record.state, record.state_changed_at = state, timezone.now()
    record.save(update_fields=["state", "state_changed_at"])
    if kind := KINDS.get((record.kind, record.kind_version)):
        for retirement in kind.retirements:
            retirement(record)


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
        with transaction.atomic():
            content = kind.content.model_validate(record.data["content"])
            record.state = Record.State.IN_FORCE
            record.save(update_fields=["state"])
            _project(record, kind, content)
            append("record_understood", by, str(record.uid), {"kind": record.kind})
        count += 1
    return count


def _store(
    statement: bytes,
    key: str,
    signature: str,
    cosignature: str,
    delivered_by: str,
    content: Content | None,
    kind: Kind | None,
) -> Record:
    data = parse(statement)
    assert isinstance(data, dict)
    terms_ = data["content"]
    record = Record.objects.create(
        uid=UUID(data["id"]),
        version=data["version"],
        kind=data["kind"],
        kind_version=data["kind_version"],
        origin=data["origin"],
        node=data["node"],
        purpose=terms_["purpose"],
        tlp=terms_["handling"]["tlp"],
        onward=terms_["handling"]["onward"],
        issued_at=dt.datetime.fromisoformat(data["issued_at"]),
        valid_until=dt.datetime.fromisoformat(terms_["valid_until"]),
        review_on=dt.date.fromisoformat(terms_["review_on"]),
        about=_about(terms_),
        statement=statement.decode(),
        hash=_sha256(statement),
        signing_key=key,
        signature=signature,
        cosignature=cosignature,
        received_from=delivered_by,
        state=Record.State.IN_FORCE if kind else Record.State.NOT_UNDERSTOOD,
    )
    newer = False
    for other in Record.objects.filter(uid=record.uid).exclude(pk=record.pk):
        newer = newer or other.version > record.version
        if other.version < record.version and other.state == Record.State.IN_FORCE:
            retire(other, Record.State.SUPERSEDED)
    if newer:
        retire(record, Record.State.SUPERSEDED)
    elif kind and _withdrawn(record):
        retire(record, Record.State.WITHDRAWN)
    elif record.valid_until <= timezone.now():
        retire(record, Record.State.EXPIRED)
    elif kind and content:
        _project(record, kind, content)
    return record


def _about(content: dict[str, Any]) -> UUID | None:
    body = content.get("body")
    try:
        return UUID(body["target"]) if isinstance(body, dict) and "target" in body else None
    except (TypeError, ValueError, AttributeError):
        return None


def _project(record: Record, kind: Kind, content: Content) -> None:
    for projection in kind.projections:
        projection(record, content)


def _withdrawn(record: Record) -> bool:
    """Whether a withdrawal of this record came before the record itself."""
    return Record.objects.filter(kind=WITHDRAWAL.name, origin=record.origin, about=record.uid).exists()


def _read_statement(statement: bytes) -> dict[str, Any]:
    try:
        data = parse(statement)
        if not isinstance(data, dict) or set(data) != _FIELDS:
            raise Refused(Fault("wrong_form", "statement"))
        if data["v"] != VERSION:
            raise Refused(Fault("version_unknown", "v", str(data["v"])[:20]))
        if canonical(data) != statement:
            raise Refused(Fault("not_canonical", "statement"))
    except JsonRefused as refused:
        raise Refused(Fault("wrong_form", "statement", refused.code)) from None
    checks = {
        "id": lambda v: UUID(v).version == 7 and str(UUID(v)) == v,
        "version": lambda v: type(v) is int and 1 <= v < 10_000,
        "kind": lambda v: isinstance(v, str) and 0 < len(v) <= 60,
        "kind_version": lambda v: type(v) is int and 1 <= v < 1000,
        "origin": lambda v: isinstance(v, str) and len(v) == 3,
        "node": lambda v: isinstance(v, str) and len(v) <= 30,
        "issued_at": lambda v: dt.datetime.fromisoformat(v) < timezone.now() + _CLOCK_SKEW,
        "content": lambda v: isinstance(v, dict) and _plain_terms(v),
    }
    for field, check in checks.items():
        try:
            ok = check(data[field])
        except (TypeError, ValueError, KeyError, AttributeError):
            ok = False
        if not ok:
            raise Refused(Fault("wrong_form", field))
    return data


def _plain_terms(content: dict[str, Any]) -> bool:
    """The terms that every version of every kind has, so that a record not understood can still be kept and expired."""
    Handling.model_validate(content["handling"])
    until = dt.datetime.fromisoformat(content["valid_until"])
    dt.date.fromisoformat(content["review_on"])
    return until.utcoffset() is not None and isinstance(content["purpose"], str) and len(content["purpose"]) <= 40


def _read_approval(approval: object) -> Approval | None:
    if not isinstance(approval, dict) or set(approval) != set(Approval.__slots__):
        return None
    return Approval(**approval) if all(isinstance(v, str) for v in approval.values()) else None


def _check_approval(approval: Approval | None, expected: str) -> None:
    if approval is None or not approval.author or not approval.approver:
        raise Refused(Fault("approval_missing", "approval"))
    if approval.author == approval.approver:
        raise Refused(Fault("approver_is_author", "approval.approver"))
    if approval.content_hash != expected:
        raise Refused(Fault("approval_of_other_content", "approval.content_hash"))


def _check_cosignature(data: dict[str, Any], statement: bytes, cosignature: str) -> None:
    """A second signature must be right wherever there is one, and there must be one where the kind asks for it."""
    kind = KINDS.get((data["kind"], data["kind_version"]))
    if not cosignature:
        if kind is not None and kind.cosigned and not Record.objects.filter(hash=_sha256(statement)).exists():
            raise Refused(Fault("cosignature_missing", "cosignature"))
        return
    key, _, signature = cosignature.partition(":")
    try:
        cosigning_key(data["node"], key).verify(base64.b64decode(signature, validate=True), _COSIGNED + statement)
    except KeyRefused as refused:
        raise Refused(Fault(refused.code, "cosignature", key)) from None
    except (InvalidSignature, ValueError):
        raise Refused(Fault("cosignature_wrong", "cosignature")) from None


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


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
