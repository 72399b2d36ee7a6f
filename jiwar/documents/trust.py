"""What this state trusts in others' documents, changed: lists read in, and what two persons vouch for.

A list is believed where it is signed under a root that two persons pinned before; then one person reads it in. What no
list vouches for (a certificate that a neighbour handed over, a pin, an end by hand) takes two. Each change is a signed
record, and goes to the posts as what changed.
"""

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

import pycountry
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.documents import trust_reading as reading
from jiwar.documents.logic.pki import Certificate, read_certificate
from jiwar.documents.models import TrustCertificate, TrustCrl, TrustFile, TrustSource
from jiwar.documents.trust_effects import alone
from jiwar.documents.trust_kinds import OFFERED, TRUST, Added, Ended, TrustChange
from jiwar.documents.trust_queries import trusted
from jiwar.documents.trust_reading import FileRead, ListRead
from jiwar.identity.officer_keys import OfficerSigner
from jiwar.records import drafts as record_drafts
from jiwar.records.queries import drafts
from jiwar.records.services import Draft as Issue
from jiwar.records.services import Record, issue_all, read_content, terms
from jiwar.wire.faults import Fault, Refused

P = Permission
BASIS = "ICAO Doc 9303-12, 4"
_IN_A_RECORD = 60
"""Certificates in a record: some 100 kB, so that what is urgent gets between on a slow line."""
_ENDED_IN_A_RECORD = 1000
_MOST_CRL_BYTES = 450_000
"""Bytes of lists of revocations in a record."""
_MANY = 0.5
"""The share of what a list said that may end with its next version without somebody saying so."""
_MOST_FAULTS = 500
Draft = Any
"""A draft of `records`."""


def import_file(by: Grant, name: str, data: bytes, reason: str, *, ends_many: bool = False) -> TrustFile:
    """Read in a master list, a directory's LDIF, a list of revocations, signer certificates, deviations or defects.

    Raises Refused: unknown form, no pinned root vouches for it, older than what was read in, ends more than half of
    what the list said (`ends_many` allows that), or a CSCA by itself (`draft_certificate` is for that).
    """
    by.check(P.DOCUMENTS_TRUST_IMPORT)
    check_national()
    reason = " ".join(reason.split())[:200]
    if not reason:
        raise Refused(Fault("missing", "reason"))
    pinned = pinned_roots()
    read = reading.read_file(data, pinned, anchors_by_country())
    file = TrustFile(
        name=name[-200:],
        form=read.form,
        sha256=hashlib.sha256(data).hexdigest(),
        source=read.source,
        publisher=read.publisher,
        signed_at=read.signed_at,
        reason=reason,
        by=by.actor_id,
        at=timezone.now(),
        refused=len(read.faults),
        faults=[fault.as_dict() for fault in read.faults[:_MOST_FAULTS]],
    )
    with transaction.atomic():
        alone()
        bodies = list(_changes(read, file, ends_many=ends_many))
        issue_bodies(by, bodies)
        file.save()
        detail = {"form": file.form, "sha256": file.sha256, "source": file.source, "added": file.added}
        append("trust_file_read", by, str(file.pk), detail | {"ended": file.ended, "crls": file.crls})
    return file


def issue_bodies(by: Grant, bodies: Sequence[TrustChange]) -> list[Record]:
    """Issue changes that no second person need see, in their order."""
    at = timezone.now()
    made = [terms(Purpose.BORDER_CHECK, BASIS, 3640, body, tlp="GREEN") | {"review_on": _far(at)} for body in bodies]
    return issue_all(by, [Issue(TRUST, read_content(TRUST, content, at)) for content in made])


# What a file changes --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Told:
    """Which certificates are known where records go, so that their bytes need not go again."""

    known: set[str] = field(default_factory=set)

    def added(self, certificate: Certificate, role: str) -> Added:
        known = certificate.fingerprint in self.known
        self.known.add(certificate.fingerprint)
        der = "" if known else base64.b64encode(certificate.der).decode()
        return Added(fingerprint=certificate.fingerprint, role=role, der=der)  # type: ignore[arg-type]


def _changes(read: FileRead, file: TrustFile, *, ends_many: bool) -> Iterator[TrustChange]:
    told = _Told(set(TrustCertificate.objects.values_list("fingerprint", flat=True)))
    for listed in read.lists:
        yield from _of_list(listed, file, told, ends_many=ends_many)
    if read.signers:
        held = _open(read.source, "signer")
        new = [each for each in read.signers if each.fingerprint not in held]
        file.unchanged += len(read.signers) - len(new)
        yield from _of(file, read.source, told, "signer", new, [])
    yield from _of_crls(read, file)
    for source, defects in read.defects.items():
        _check_newer(read.form, source, read.signed_at)
        file.added += len(defects)
        common = {"source": source, "by_hand": False, "reason": file.reason, "file": file.sha256}
        yield TrustChange(**common, publisher=file.publisher, defects=defects)


def _check_newer(form: str, source: str, signed_at: dt.datetime | None) -> None:
    """Raises Refused where a newer list of its publisher was read in: an old one would bring back what has ended."""
    newer = TrustFile.objects.filter(form=form, source=source, signed_at__gt=signed_at or timezone.now()).first()
    if newer is not None:
        raise Refused(Fault("trust_list_older", "file", f"{newer.signed_at:%Y-%m-%d}"))


def _of_list(listed: ListRead, file: TrustFile, told: _Told, *, ends_many: bool) -> Iterator[TrustChange]:
    _check_newer("master_list", listed.source, listed.signed_at)
    held = _open(listed.source, "anchor")
    now = {each.fingerprint: each for each in listed.certificates}
    new = [each for fingerprint, each in now.items() if fingerprint not in held]
    gone = sorted(held - now.keys())
    if len(gone) > max(10, _MANY * len(held)) and not ends_many:
        raise Refused(Fault("trust_list_ends_many", "ends_many", f"{len(gone)} / {len(held)}"))
    file.unchanged += len(now) - len(new)
    yield from _of(file, listed.source, told, "anchor", new, gone, publisher=listed.publisher)
    if file.form != "master_list":
        # One of several in a directory: what its publisher said last is remembered as if it had come by itself.
        TrustFile.objects.create(
            name=f"{file.name[-180:]} {listed.source}",
            form="master_list",
            source=listed.source,
            publisher=listed.publisher,
            signed_at=listed.signed_at,
            sha256=file.sha256,
            reason=file.reason,
            by=file.by,
            at=file.at,
            added=len(new),
            ended=len(gone),
            unchanged=len(now) - len(new),
        )


def _of(
    file: TrustFile,
    source: str,
    told: _Told,
    role: str,
    new: Sequence[Certificate],
    gone: Sequence[str],
    *,
    publisher: str = "",
) -> Iterator[TrustChange]:
    file.added += len(new)
    file.ended += len(gone)
    common = {"source": source, "by_hand": False, "reason": file.reason, "file": file.sha256, "publisher": publisher}
    # What stops a trust goes ahead of what begins one.
    for ended in _batches(gone, _ENDED_IN_A_RECORD):
        yield TrustChange(**common, ended=tuple(Ended(fingerprint=each, role=role) for each in ended))  # type: ignore[arg-type]
    for added in _batches(new, _IN_A_RECORD):
        yield TrustChange(**common, added=tuple(told.added(each, role) for each in added))  # type: ignore[arg-type]


def _of_crls(read: FileRead, file: TrustFile) -> Iterator[TrustChange]:
    batch: list[bytes] = []
    held = set(TrustCrl.objects.values_list("sha256", flat=True))
    new = [raw for crl, raw in zip(read.crls, read.raw_crls, strict=True) if crl.fingerprint not in held]
    file.crls, file.unchanged = len(new), file.unchanged + len(read.crls) - len(new)
    for crl in new:
        if batch and (len(batch) == 20 or sum(map(len, batch)) + len(crl) > _MOST_CRL_BYTES):
            yield _with_crls(file, batch)
            batch = []
        batch.append(crl)
    if batch:
        yield _with_crls(file, batch)


def _with_crls(file: TrustFile, crls: Sequence[bytes]) -> TrustChange:
    texts = tuple(base64.b64encode(crl).decode() for crl in crls)
    return TrustChange(source=file.source, by_hand=False, reason=file.reason, file=file.sha256, crls=texts)


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _open(source: str, role: str) -> set[str]:
    rows = TrustSource.objects.filter(source=source, role=role, until=None)
    return set(rows.values_list("certificate__fingerprint", flat=True))


# What two persons vouch for -------------------------------------------------------------------------------------------


def draft_certificate(
    by: Grant,
    data: bytes,
    *,
    role: str = "anchor",
    handed: str = "",
    checked: str = "",
    reason: str = "",
) -> Draft:
    """Keep a certificate (DER or PEM) as a draft that a second person can approve.

    Raises Refused where the bytes are no certificate, or one of this role it cannot be.
    """
    if role not in TrustSource.Role.values:
        raise Refused(Fault("not_in_list", "role"))
    certificate = reading.one_certificate(data)
    if role != "signer" and not certificate.is_ca:
        raise Refused(Fault("trust_not_an_authority", "file", certificate.subject[:100]))
    der = base64.b64encode(certificate.der).decode()
    body = {
        "source": "own" if role == "publisher" or _is_own(certificate) else f"bilateral:{certificate.country}",
        "by_hand": True,
        "reason": reason,
        "handed": handed or None,
        "checked": checked,
        "added": [{"fingerprint": certificate.fingerprint, "role": role, "der": der}],
    }
    return _save(by, body)


def _is_own(certificate: Certificate) -> bool:
    state = pycountry.countries.get(alpha_3=settings.NODE.state)
    return state is not None and state.alpha_2 == certificate.country


def draft_end(by: Grant, source: int, reason: str) -> Draft:
    """Propose that a source's word on a certificate ends here."""
    row = TrustSource.objects.filter(pk=source, until=None).select_related("certificate").first()
    if row is None:
        raise Refused(Fault("not_in_force"))
    ended = [{"fingerprint": row.certificate.fingerprint, "role": row.role}]
    body = {"source": row.source, "by_hand": True, "reason": reason, "ended": ended}
    return _save(by, body)


def submit_change(by: Grant, draft: UUID) -> Draft:
    """Ask a second person; raises Refused with every fault."""
    by.check(P.DOCUMENTS_TRUST_IMPORT)
    return record_drafts.submit_draft(by, draft_of(draft))


def discard_change(by: Grant, draft: UUID) -> None:
    """The author gives a draft up."""
    by.check(P.DOCUMENTS_TRUST_IMPORT)
    record_drafts.discard_draft(by, draft_of(draft))


def return_change(by: Grant, draft: UUID, reasons: str) -> Draft:
    """The second person sends a draft back, with reasons."""
    by.check(P.DOCUMENTS_TRUST_APPROVE)
    return record_drafts.return_draft(by, draft_of(draft), reasons)


def approve_change(by: Grant, draft: UUID, seen_hash: str, signer: OfficerSigner | None = None) -> Record:
    """Approve exactly what was seen: it holds here at once, and at each post when it arrives there."""
    by.check(P.DOCUMENTS_TRUST_APPROVE)
    row = draft_of(draft)
    with transaction.atomic():
        record = record_drafts.approve_draft(by, row, seen_hash, signer=signer)
        body = record.body
        if record.kind == TRUST.name:
            changes = {name: [each["fingerprint"] for each in body[name]] for name in ("added", "ended")}
            append("trust_changed_by_hand", by, str(record.uid), {"source": body["source"]} | changes)
        else:
            append("authority_shown", by, str(record.uid), {"fingerprint": body["fingerprint"]})
    return record


def draft_of(draft: UUID) -> Draft:
    """An open draft of a change, or of an own certificate to show; raises Refused."""
    row = drafts(TRUST.name, OFFERED.name).filter(pk=draft).first()
    if row is None:
        raise Refused(Fault("draft_unknown"))
    return row


def _save(by: Grant, body: dict[str, Any]) -> Draft:
    by.check(P.DOCUMENTS_TRUST_IMPORT)
    check_national()
    return record_drafts.save_draft(by, TRUST, lasting(body))


def lasting(body: dict[str, Any]) -> dict[str, Any]:
    """Content of a draft whose record holds for ten years."""
    made = terms(Purpose.BORDER_CHECK, BASIS, 3640, body, tlp="GREEN")
    return made | {
        "handling": made["handling"].model_dump(mode="json"),
        "grading": made["grading"].model_dump(mode="json"),
        "valid_until": made["valid_until"].isoformat(),
        "review_on": _far(timezone.now()).isoformat(),
    }


def _far(at: dt.datetime) -> dt.date:
    """The day of review: trust ends by a change, never by itself at a post that nobody reaches."""
    return (at + dt.timedelta(days=3630)).date()


# What holds -----------------------------------------------------------------------------------------------------------


def pinned_roots() -> list[Certificate]:
    """Roots under which lists are believed."""
    return _certificates("publisher")


def anchors_by_country() -> dict[str, list[Certificate]]:
    """Every CSCA that is trusted now, by its country."""
    found: dict[str, list[Certificate]] = {}
    for certificate in _certificates("anchor"):
        found.setdefault(certificate.country, []).append(certificate)
    return found


def _certificates(role: str) -> list[Certificate]:
    return [read_certificate(bytes(row.der)) for row in trusted(role)]


def check_national() -> None:
    """A post follows its national node; raises Refused there."""
    if settings.NODE.role != "national":
        raise Refused(Fault("not_the_national_node"))
