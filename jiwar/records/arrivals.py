"""Statements that other nodes signed: checked before a transaction, kept inside one, many at a time."""

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction
from django.utils import timezone

from jiwar.audit.services import Author, append
from jiwar.identity.queries import APPROVER, KeyRefused, cosigning_key, officer_key, signing_key
from jiwar.records.content import Content
from jiwar.records.kinds import KINDS, Kind
from jiwar.records.models import Record
from jiwar.records.services import STORED, Stored
from jiwar.records.statement import (
    COSIGNED,
    SIGNED,
    Approval,
    check_terms,
    read_approval,
    read_as,
    read_statement,
    sha256,
)
from jiwar.records.store import New, held_of, store
from jiwar.wire.faults import Fault, Refused

Keys = Callable[[str, str, datetime], Ed25519PublicKey]
"""A node's public signing key by the node's code, the key's id and when it signed; raises KeyRefused."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A genuine statement: signed by its node, of its kind's form. Whether it may be kept, the database knows."""

    statement: bytes
    data: dict[str, Any]
    key: str
    signature: str
    cosignature: str
    digest: str
    kind: Kind | None
    content: Content | None


def check(statement: bytes, key: str, signature: str, cosignature: str = "", keys: Keys = signing_key) -> Checked:
    """Verify a statement that another node signed; raises Refused with a fault whose code says why.

    `cosignature` is as `Record.cosignature` has it. Wrong form, unknown or revoked key, forged signature, an origin
    that is not the signer's state, an approval that is missing. A kind or a version of a kind that this program does
    not know yet passes unread.
    """
    data = read_statement(statement)
    # A clock ahead of ours may have dated it: it was signed by now all the same.
    signed_at = min(datetime.fromisoformat(data["issued_at"]), timezone.now())
    try:
        keys(data["node"], key, signed_at).verify(base64.b64decode(signature, validate=True), SIGNED + statement)
    except KeyRefused as refused:
        raise Refused(Fault(refused.code, "signature", key)) from None
    except (InvalidSignature, ValueError):
        raise Refused(Fault("signature_wrong", "signature")) from None
    if cosignature:
        _check_cosignature(data["node"], statement, cosignature, signed_at)
    kind, content = KINDS.get((data["kind"], data["kind_version"])), None
    if kind is None:
        check_terms(data["content"])
    else:
        content = read_as(kind, data)
        approval = read_approval(data["approval"])
        if approval and approval.key:
            _check_approver(data["origin"], approval, signed_at)
    return Checked(statement, data, key, signature, cosignature, sha256(statement), kind, content)


def keep(
    by: Author, checked: Sequence[Checked], delivered_by: str, keep_until: Sequence[datetime | None] = ()
) -> list[Record | Refused]:
    """Store genuine statements of different ids in the caller's transaction; the same record twice is one record.

    The answers stand in the order of the statements: the record, or why it cannot be kept (a version that conflicts
    with what is held, an origin that does not own the id). A record of a kind that this program does not know is kept
    unread, `not_understood`. `keep_until`: as `New.keep_until`, for each statement.
    """
    uids = [UUID(each.data["id"]) for each in checked]
    held = held_of(set(uids))
    found: list[Record | Refused | None] = [
        _already(each, held.versions.get(uid, ())) for each, uid in zip(checked, uids, strict=True)
    ]
    news = [
        New(
            each.statement,
            each.data,
            each.key,
            each.signature,
            each.cosignature,
            each.kind,
            each.content,
            delivered_by,
            keep_until[n] if keep_until else None,
        )
        for n, each in enumerate(checked)
        if found[n] is None
    ]
    records: Iterator[Record] = iter(store(news, held) if news else ())
    stored: list[Stored] = []
    for n, each in enumerate(checked):
        if found[n] is None:
            found[n] = record = next(records)
            stored.append(Stored(record, each.content))
    if stored:
        for hook in STORED:
            hook(by, stored)
    return [each for each in found if each is not None]


def receive(by: Author, statement: bytes, key: str, signature: str, delivered_by: str, cosignature: str = "") -> Record:
    """Check and keep one statement, with its ledger leaf; raises Refused."""
    checked = check(statement, key, signature, cosignature)
    with transaction.atomic():
        [found] = keep(by, [checked], delivered_by)
        if isinstance(found, Refused):
            raise found
        detail = {"kind": found.kind, "version": found.version, "from": delivered_by, "hash": found.hash}
        append("record_received", by, str(found.uid), detail)
    return found


def _already(checked: Checked, held: Sequence[Record]) -> Record | Refused | None:
    """What is held decides: the same record, or a reason to refuse; None when this one is new."""
    for record in held:
        if record.hash == checked.digest:
            return record
    data = checked.data
    for record in held:
        if record.origin != data["origin"] or record.kind != data["kind"]:
            return Refused(Fault("not_the_origin", "origin", data["origin"]))
        if record.version == data["version"]:
            return Refused(Fault("version_conflict", "version", str(data["version"])))
    if checked.kind is not None and checked.kind.cosigned and not checked.cosignature:
        return Refused(Fault("cosignature_missing", "cosignature"))
    return None


def _check_approver(origin: str, approval: Approval, at: datetime) -> None:
    """The approver's own signature, where her approval carries one."""
    try:
        key = officer_key(origin, approval.approver, approval.key, APPROVER, at)
        key.verify(base64.b64decode(approval.signature, validate=True), approval.signed(origin))
    except KeyRefused as refused:
        raise Refused(Fault(refused.code, "approval.key", approval.key)) from None
    except (InvalidSignature, ValueError):
        raise Refused(Fault("approval_signature_wrong", "approval.signature")) from None


def _check_cosignature(node: str, statement: bytes, cosignature: str, at: datetime) -> None:
    key, _, signature = cosignature.partition(":")
    try:
        cosigning_key(node, key, at).verify(base64.b64decode(signature, validate=True), COSIGNED + statement)
    except KeyRefused as refused:
        raise Refused(Fault(refused.code, "cosignature", key)) from None
    except (InvalidSignature, ValueError):
        raise Refused(Fault("cosignature_wrong", "cosignature")) from None
