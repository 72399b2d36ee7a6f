"""Seals of JSON for screens and large barcodes: VDS-NC (ICAO Technical Report "VDS for non-constrained environments").

``{"data": {"hdr": {"t", "v", "is"}, "msg"}, "sig": {"alg", "cer", "sigvl"}}``: the signature, r||s, is over the
canonical form of ``data`` (RFC 8785), and the signer's certificate comes with it. That certificate proves nothing by
itself: an authority must have signed it.
"""

import base64
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jiwar.documents.logic.pki import Certificate, CertificateUnreadable, read_certificate
from jiwar.documents.logic.report import Check, Result, evidence
from jiwar.documents.logic.seal import MAX_BYTES, SealUnreadable
from jiwar.documents.logic.seal_parts import check_signature, check_signer
from jiwar.documents.logic.seal_status import whole, wrong_format
from jiwar.documents.logic.trust import Trust, check_chain
from jiwar.wire.strict_json import JsonRefused, canonical, parse

OPENS: Final = b"{"
KINDS: Final[Mapping[str, str]] = {"icao.test": "NT", "icao.vacc": "NV"}
"""Types that the report defines, and the document type that a signer's certificate has for each."""
ALGORITHMS: Final[Mapping[str, str]] = {"ES256": "sha256", "ES384": "sha384", "ES512": "sha512"}
_DEPTH, _ITEMS = 12, 500


@dataclass(frozen=True, slots=True)
class NcSeal:
    """`kind` and `version` say what `message` holds, `issuer` is a code of one to three letters."""

    kind: str
    version: int
    issuer: str
    message: Mapping[str, Any]
    algorithm: str
    certificate: Certificate
    signed: bytes
    signature: bytes


def read_nc(raw: bytes) -> NcSeal:
    """The seal in the bytes of a barcode. Raises SealUnreadable. Nothing is verified."""
    try:
        said = parse(raw, max_bytes=MAX_BYTES, max_depth=_DEPTH, max_items=_ITEMS)
    except JsonRefused as refused:
        raise SealUnreadable(
            "too_long" if refused.code == "too_large" else "not_json", "seal", "", refused.code
        ) from None
    # What stands outside of data is not signed: it may be the signature, and nothing else.
    top = _members(said, "seal", {"data", "sig"})
    data = _members(top["data"], "data", {"hdr", "msg"})
    header = _members(data["hdr"], "hdr", {"t", "v", "is"})
    sig = _members(top["sig"], "sig", {"alg", "cer", "sigvl"})
    message = data["msg"]
    if not isinstance(message, dict) or not isinstance(header["v"], int) or isinstance(header["v"], bool):
        raise SealUnreadable("bad_value", "msg", "object")
    algorithm = _text(sig["alg"], "alg").replace(" ", "")  # the report's own example says "ES 256"
    if algorithm not in ALGORITHMS:
        raise SealUnreadable("bad_value", "alg", ", ".join(ALGORITHMS), algorithm[:20])
    try:
        signed, certificate = canonical(data), read_certificate(_bytes(sig["cer"], "cer"))
    except JsonRefused as refused:  # an integer that no reader of JSON holds exactly
        raise SealUnreadable("not_json", "data", "", refused.code) from None
    except CertificateUnreadable as unreadable:
        raise SealUnreadable("bad_value", "cer", "certificate", unreadable.code) from None
    kind, issuer = _text(header["t"], "t"), _text(header["is"], "is")
    return NcSeal(kind, header["v"], issuer, message, algorithm, certificate, signed, _bytes(sig["sigvl"], "sigvl"))


def check_nc(raw: bytes, trust: Trust, at: dt.datetime) -> Check:
    """The check ``seal`` with children ``seal.format``, ``.content``, ``.certificate``, ``.signature``,
    ``.document_type`` and ``.chain``; the root's `detail` as `seal_checking.check_seal` has it.
    """
    looked_at = evidence(raw)
    try:
        seal = read_nc(raw)
    except SealUnreadable as unreadable:
        return whole((wrong_format("seal.format", unreadable),), looked_at, {})
    certificate = seal.certificate
    name = certificate.subject[:80]
    named = {"signer": name, "reference": f"{certificate.serial:X}", "country": seal.issuer[:3]}
    children = (
        Check("seal.format", Result.SUCCESSFUL, "", {"version": "NC"}, looked_at),
        _content(seal),
        check_signer(certificate, seal.issuer, named),
        check_signature(certificate, ALGORITHMS[seal.algorithm], seal.signature, seal.signed),
        *_document_type(seal),
        check_chain(certificate, trust, at, "seal.chain"),
    )
    detail = {"profile": seal.kind[:40], "country": seal.issuer[:3], "signer": name}
    return whole(children, looked_at, detail)


def nc_bytes(
    kind: str,
    issuer: str,
    message: Mapping[str, Any],
    certificate: bytes,
    sign: Callable[[bytes], bytes],
    algorithm: str = "ES256",
) -> bytes:
    """The text of the barcode, version 1. `sign` gives r||s; raises SealUnreadable where nobody could read it back."""
    data = {"hdr": {"t": kind, "v": 1, "is": issuer}, "msg": dict(message)}
    try:
        signature = sign(canonical(data))
    except JsonRefused as refused:
        raise SealUnreadable("not_json", "msg", "", refused.code) from None
    raw = canonical({"data": data, "sig": {"alg": algorithm, "cer": _base64(certificate), "sigvl": _base64(signature)}})
    read_nc(raw)
    return raw


def _content(seal: NcSeal) -> Check:
    if seal.kind not in KINDS or seal.version != 1:
        detail = {"reference": f"{seal.kind[:40]} {seal.version}"}
        return Check("seal.content", Result.UNDETERMINED, "seal_profile_unknown", detail)
    return Check("seal.content", Result.SUCCESSFUL, "", {"profile": seal.kind})


def _document_type(seal: NcSeal) -> list[Check]:
    allowed = seal.certificate.document_types
    if not allowed or seal.kind not in KINDS:
        return []
    detail = {"found": KINDS[seal.kind], "allowed": " ".join(allowed)}
    if KINDS[seal.kind] in allowed:
        return [Check("seal.document_type", Result.SUCCESSFUL, "", detail)]
    return [Check("seal.document_type", Result.FAILED, "seal_document_type", detail)]


def _members(value: object, field: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        raise SealUnreadable("bad_value", field, ", ".join(sorted(names)))
    return value


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise SealUnreadable("bad_value", field, "text")
    return value


def _bytes(value: object, field: str) -> bytes:
    """Base64 for addresses (RFC 4648, 5), with or without its padding."""
    text = _text(value, field).rstrip("=")
    try:
        return base64.b64decode((text + "=" * (-len(text) % 4)).encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        raise SealUnreadable("bad_value", field, "base64") from None


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
