"""What a change of trust does where it is stored: at the national node that made it, and at each of its posts."""

import base64
import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Sequence

from django.conf import settings

from jiwar.documents.logic.crl import CrlUnreadable, read_crl
from jiwar.documents.logic.pki import Certificate, CertificateUnreadable, read_certificate
from jiwar.documents.models import TrustCertificate, TrustCrl, TrustDefect, TrustSource, TrustState
from jiwar.documents.trust_kinds import TRUST, Added, Ended, TrustChange, check_change
from jiwar.records.content import Content
from jiwar.records.services import Record
from jiwar.wire.faults import Fault, Refused

_FUTURE = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)


def apply(record: Record, content: Content) -> None:
    """Make what a record says so. Raises Refused where it is another state's, or carries what cannot be read.

    Queries: some eleven, whatever the number of certificates.
    """
    body = content.body
    assert isinstance(body, TrustChange)
    if record.node not in {settings.NODE.code, settings.NODE.national}:
        raise Refused(Fault("trust_of_other_state", "origin", record.origin))
    if faults := check_change(body):
        raise Refused(*faults)
    alone()
    _end(record, body)
    _add(record, body)
    for text in body.crls:
        _keep_crl(record, base64.b64decode(text))
    if body.defects is not None:
        _keep_defects(record, body)
    changed()


def alone() -> None:
    """Wait until nobody else changes trust, to the end of the transaction: a list is compared with what then holds."""
    TrustState.objects.get_or_create(pk=1)
    TrustState.objects.select_for_update().get(pk=1)


def changed() -> None:
    """Tell every process that what it holds of trust is old."""
    # Drawn, not counted: a database that was put back to an older copy counts again what a process has seen.
    TrustState.objects.update_or_create(pk=1, defaults={"changes": secrets.randbits(62) + 1, "version": ""})


def _end(record: Record, body: TrustChange) -> None:
    for role, fingerprints in _by_role(body.ended):
        said = TrustSource.objects.filter(source=body.source, role=role, until=None)
        said.filter(certificate__fingerprint__in=fingerprints).update(
            until=record.issued_at, ended_by=record, why_ended=body.reason
        )


def _add(record: Record, body: TrustChange) -> None:
    known = _known([each.fingerprint for each in body.added])
    new = [_row(each) for each in body.added if each.fingerprint not in known]
    known |= {row.fingerprint: row for row in TrustCertificate.objects.bulk_create(new)}
    for role, fingerprints in _by_role(body.added):
        open_ = TrustSource.objects.filter(source=body.source, role=role, until=None)
        there = set(
            open_.filter(certificate__fingerprint__in=fingerprints).values_list("certificate__fingerprint", flat=True)
        )
        TrustSource.objects.bulk_create(
            TrustSource(
                certificate=known[fingerprint],
                source=body.source,
                role=role,
                reason=body.reason,
                record=record,
                since=record.issued_at,
            )
            for fingerprint in fingerprints
            if fingerprint not in there
        )


def _by_role(said: Iterable[Added | Ended]) -> list[tuple[str, list[str]]]:
    found: dict[str, dict[str, None]] = {}
    for each in said:
        found.setdefault(each.role, {})[each.fingerprint] = None
    return [(role, list(fingerprints)) for role, fingerprints in found.items()]


def _known(fingerprints: Sequence[str]) -> dict[str, TrustCertificate]:
    return {row.fingerprint: row for row in TrustCertificate.objects.filter(fingerprint__in=fingerprints)}


def _row(added: Added) -> TrustCertificate:
    if not added.der:
        raise Refused(Fault("trust_certificate_missing", "body.added", added.fingerprint))
    der = base64.b64decode(added.der)
    try:
        certificate = read_certificate(der)
    except CertificateUnreadable as unreadable:
        raise Refused(Fault("trust_certificate_unreadable", "body.added", unreadable.code)) from None
    if certificate.fingerprint != added.fingerprint:
        raise Refused(Fault("trust_fingerprint_wrong", "body.added", added.fingerprint))
    return row_of(certificate)


def row_of(certificate: Certificate) -> TrustCertificate:
    """A row for a certificate, not stored yet."""
    return TrustCertificate(
        fingerprint=certificate.fingerprint,
        country=certificate.country,
        subject=certificate.subject[:500],
        issuer=certificate.issuer[:500],
        serial=_hex(certificate.serial)[:80],
        key_id=certificate.subject_key_id.hex()[:128],
        not_before=certificate.not_before,
        not_after=min(certificate.not_after, _FUTURE),
        der=certificate.der,
    )


def _hex(serial: int) -> str:
    return f"{'-' if serial < 0 else ''}{abs(serial):x}"


def _keep_crl(record: Record, der: bytes) -> None:
    """Keep a list of revocations, unless a newer one of its issuer and key is held."""
    try:
        crl = read_crl(der)
    except CrlUnreadable as unreadable:
        raise Refused(Fault("trust_file_unreadable", "body.crls", unreadable.code)) from None
    digest = hashlib.sha256(der).hexdigest()
    same = TrustCrl.objects.filter(country=crl.country, key_id=crl.authority_key_id.hex(), current=True)
    if any(row.sha256 == digest or row.this_update >= crl.this_update for row in same):
        return
    same.update(current=False)
    TrustCrl.objects.update_or_create(
        sha256=digest,
        defaults={
            "country": crl.country,
            "issuer": crl.issuer[:500],
            "key_id": crl.authority_key_id.hex()[:128],
            "number": "" if crl.number is None else str(crl.number)[:80],
            "this_update": crl.this_update,
            "next_update": crl.next_update,
            "revoked": len(crl.revoked),
            "der": der,
            "current": True,
            "record": record,
        },
    )


def _keep_defects(record: Record, body: TrustChange) -> None:
    TrustDefect.objects.filter(source=body.source, ended_by=None).update(ended_by=record)
    TrustDefect.objects.bulk_create(
        TrustDefect(
            country=each.country,
            code=each.code,
            about="\n".join(each.about),
            text=each.text,
            source=body.source,
            record=record,
        )
        for each in body.defects or ()
    )


TRUST.projections.append(apply)
