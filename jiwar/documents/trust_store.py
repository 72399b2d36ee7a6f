"""The trust store of this node as one value, held by each process until something changes."""

import threading
from collections.abc import Iterator

from jiwar.documents.logic.crl import read_crl
from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.logic.trust import Anchor, Defect, Trust
from jiwar.documents.models import TrustCertificate, TrustCrl, TrustDefect, TrustSource, TrustState

_lock = threading.Lock()
_held: tuple[int, Trust] | None = None
_ABOUT_CHECKS = {
    "group_hash_wrong": "group_hash_wrong",
    "security_object_signature": "signature_wrong",
    "signer_revoked": "certificate_revoked",
}
"""By what a list calls a defect, the check that it is about. The others are shown, and change no result."""


def current() -> Trust:
    """What is trusted at this moment; one small query where nothing changed since this process last looked."""
    global _held  # noqa: PLW0603 - one value of the process
    changes = TrustState.objects.filter(pk=1).values_list("changes", flat=True).first() or 0
    held = _held
    if held is None or held[0] != changes:
        with _lock:
            held = _held
            if held is None or held[0] != changes:
                # Counted before it is read: what changes meanwhile is read again at the next look.
                held = _held = changes, _load()
    return held[1]


def version() -> str:
    """The hash of everything that is trusted here, "" for nothing. The same at two nodes that trust the same."""
    row = TrustState.objects.filter(pk=1).first()
    if row is None:
        return ""
    if not row.version:
        trust = current()
        row.version = trust.version if trust.anchors or trust.signers or trust.crls else ""
        # Whoever changed something meanwhile has emptied it again.
        TrustState.objects.filter(pk=1, changes=row.changes).update(version=row.version)
    return row.version


def _load() -> Trust:
    sources: dict[int, dict[str, list[str]]] = {}
    open_ = TrustSource.objects.filter(until=None).values_list("certificate_id", "role", "source")
    for certificate, role, source in open_:
        sources.setdefault(certificate, {}).setdefault(role, []).append(source)
    anchors, signers = [], []
    for row in TrustCertificate.objects.filter(sources__until=None).distinct():
        read = read_certificate(bytes(row.der))
        said = sources.get(row.pk, {})
        if "anchor" in said:
            anchors.append(Anchor(read, ", ".join(sorted(said["anchor"]))))
        if "signer" in said:
            signers.append(read)
    crls = tuple(read_crl(bytes(row.der)) for row in TrustCrl.objects.filter(current=True))
    return Trust(tuple(anchors), crls, tuple(signers), tuple(_defects()))


def _defects() -> Iterator[Defect]:
    """Defects of one signer each. One of a whole state excuses nothing: it would excuse every forgery of it too."""
    for row in TrustDefect.objects.filter(ended_by=None, code__in=_ABOUT_CHECKS):
        for line in row.about.splitlines():
            if not line.startswith(("type ", "issued ")):
                yield Defect(row.country, _ABOUT_CHECKS[row.code], line, row.source)
