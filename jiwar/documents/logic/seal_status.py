"""What the standard calls the outcome of a seal: its status and the potential of fraud (Doc 9303-13, appendix D)."""

from collections.abc import Mapping
from typing import Final

from jiwar.documents.logic.report import Check, Result, worst
from jiwar.documents.logic.seal import SealUnreadable

HIGH, MEDIUM, NONE = "high", "medium", "none"
STATUS: Final[Mapping[str, str]] = {
    "seal_not_read": "READ_ERROR",
    "seal_wrong_format": "WRONG_FORMAT",
    "seal_profile_unknown": "WRONG_FORMAT",
    "seal_certificate_unknown": "UNKNOWN_CERTIFICATE",
    "seal_signer_of_another_state": "UNTRUSTED_CERTIFICATE",
    "seal_zone_of_another_state": "UNTRUSTED_CERTIFICATE",
    "issuer_unknown": "UNTRUSTED_CERTIFICATE",
    "certificate_signature_wrong": "UNTRUSTED_CERTIFICATE",
    "seal_document_type": "INVALID_DOCUMENTTYPE",
    "certificate_expired": "EXPIRED_CERTIFICATE",
    "certificate_revoked": "REVOKED_CERTIFICATE",
    "seal_signature_wrong": "INVALID_SIGNATURE",
    "seal_mrz_wrong": "INVALID_SEAL_MRZ",
    "seal_document_mismatch": "SEAL_DOCUMENT_MISMATCH",
}
"""By the code of a check, the status that the standard gives it (appendix D, rules 1 to 3; 9303-8, appendix A)."""
FRAUD: Final[Mapping[str, str]] = {"READ_ERROR": MEDIUM, "EXPIRED_CERTIFICATE": MEDIUM, "VALID": NONE, "": ""}
"""Table D.1; every other status is of high potential. An expired permit, or one whose list of revocations is not here,
has no status there: neither valid nor a fraud."""
VALID = "VALID"


def whole(children: tuple[Check, ...], looked_at: str, detail: Mapping[str, str | int]) -> Check:
    result = worst(child.result for child in children)
    status = _status(children) or (VALID if result is Result.SUCCESSFUL else "")
    said = {"status": status, "fraud": FRAUD.get(status, HIGH), **detail}
    return Check("seal", result, "", said, looked_at, sum(child.duration for child in children), children)


def _status(children: tuple[Check, ...]) -> str:
    """The first status of high potential, else the first one; "" where no check that did not succeed has one."""
    found = [
        STATUS[check.code]
        for child in children
        for check in child.walk()
        if check.code in STATUS and check.result is not Result.SUCCESSFUL
    ]
    high = [status for status in found if FRAUD.get(status, HIGH) == HIGH]
    return next(iter(high or found), "")


def wrong_format(name: str, unreadable: SealUnreadable) -> Check:
    detail = {"reason": unreadable.code, "field": unreadable.field, **unreadable.detail}
    return Check(name, Result.FAILED, "seal_wrong_format", detail)


def unread_seal(code: str, looked_at: str = "") -> Check:
    """What `check_seal` would give where no barcode could be read: READ_ERROR; `code` says in `detail` why."""
    return whole((Check("seal.format", Result.ABORTED, "seal_not_read", {"found": code}),), looked_at, {})
