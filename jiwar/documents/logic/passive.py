"""Passive authentication (Doc 9303-11, 5.1): the data of a chip are what a state signed, and that state is trusted.

What states do otherwise than the standard says is borne where it costs no trust, and said: each such deviation is a
check that is successful, with the code of the deviation.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Final

from jiwar.documents.logic import cms
from jiwar.documents.logic.codes import alpha_2
from jiwar.documents.logic.lds_files import LdsUnreadable, read_zone
from jiwar.documents.logic.mrz_layout import FILLER
from jiwar.documents.logic.pki import Certificate, CertificateUnreadable, SignatureWrong
from jiwar.documents.logic.report import Check, Result, evidence, group
from jiwar.documents.logic.sod import CONTENT_TYPES, LDS_SECURITY_OBJECT, Sod, SodUnreadable, read_sod
from jiwar.documents.logic.trust import Trust, check_chain, forgiven

ID: Final = "chip.passive"
ALSO_SIGNED_BY: Final[Mapping[str, frozenset[str]]] = {
    "BM": frozenset(["GB"]),
    "CN": frozenset(["HK", "MO"]),
    "GB": frozenset(["BM"]),
    "HK": frozenset(["CN"]),
    "KS": frozenset(["XK"]),
    "MO": frozenset(["CN"]),
    "XK": frozenset(["KS"]),
}
"""Authorities that sign for a state beside its own; the United Kingdom's and Bermuda's vouch for each other."""
_OPEN = frozenset(["algorithm_unknown"])


def check_passive(sod: bytes, groups: Mapping[int, bytes], trust: Trust, at: dt.datetime) -> Check:
    """EF.SOD against the files that were read (by number of the data group, whole, with their tags)."""
    looked_at = evidence(sod)
    try:
        read = read_sod(sod)
    except SodUnreadable as unreadable:
        detail = {"found": " ".join([unreadable.code, *map(str, unreadable.detail.values())])}
        return group(ID, (Check(f"{ID}.sod", Result.ABORTED, "sod_unreadable", detail, looked_at),))
    content = _content(read)
    signer, missing, defects = _signer(read, trust)
    if signer is None:
        checks = [content, Check(f"{ID}.signature", Result.UNDETERMINED, *missing, evidence=looked_at)]
    else:
        checks = [content, _signature(read, signer, trust), check_chain(signer, trust, at, f"{ID}.chain")]
        checks += _zone(groups.get(1), signer)
    found = [Check(f"{ID}.sod", Result.SUCCESSFUL, evidence=looked_at), *checks, _groups(read, groups, signer, trust)]
    if defects := [*defects, *_defects(read)]:
        said = [Check(f"{ID}.{code}", Result.SUCCESSFUL, code, {"found": what}) for code, what in defects]
        found.append(group(f"{ID}.deviations", said))
    return group(ID, found)


def _content(sod: Sod) -> Check:
    """The signed attributes speak of this list of hashes, and of a list of hashes."""
    name, signed = f"{ID}.content", sod.signed
    if signed.content_type not in CONTENT_TYPES:
        return Check(name, Result.FAILED, "sod_content_type_wrong", {"found": signed.content_type})
    match cms.speaks_of(signed, sod.signer):
        case "":
            return Check(name, Result.SUCCESSFUL, evidence=evidence(signed.content))
        case "type":
            return Check(name, Result.FAILED, "sod_content_type_wrong", {"found": sod.signer.content_type})
        case "hash":
            return Check(name, Result.UNDETERMINED, "algorithm_unknown", {"found": "hash"})
        case _:
            return Check(name, Result.FAILED, "sod_content_wrong", {}, evidence(signed.content))


def _signer(
    sod: Sod, trust: Trust
) -> tuple[Certificate | None, tuple[str, Mapping[str, str | int]], list[tuple[str, str]]]:
    """The certificate of the signer; why there is none; what is odd about how it is named."""
    held: list[Certificate] = []
    unreadable: CertificateUnreadable | None = None
    for der in sod.signed.certificates:
        try:
            held.append(trust.read_signer(der))
        except CertificateUnreadable as failure:
            unreadable = failure
    for certificate in (*held, *trust.signers):
        if sod.signer.names(certificate):
            return certificate, ("", {}), []
    if len(held) == 1 and unreadable is None:
        # Malaysia, Ukraine: what the signature names is not in the list. The chain must hold all the same.
        return held[0], ("", {}), [("defect_signer_id", "")]
    if unreadable:
        found = " ".join([unreadable.code, *map(str, unreadable.detail.values())])
        return None, ("certificate_unreadable", {"found": found}), []
    return None, ("signer_missing", {}), []


def _signature(sod: Sod, signer: Certificate, trust: Trust) -> Check:
    name = f"{ID}.signature"
    try:
        cms.verify_signer(sod.signed, sod.signer, signer)
    except SignatureWrong as wrong:
        result = Result.UNDETERMINED if wrong.code in _OPEN else Result.FAILED
        check = Check(name, result, wrong.code, {"found": wrong.found}, evidence(sod.signer.signature))
        return forgiven(check, signer, trust)
    return Check(name, Result.SUCCESSFUL, evidence=evidence(sod.signer.signature))


def _zone(data: bytes | None, signer: Certificate) -> list[Check]:
    """What DG1 says against what the signer may sign: the state, and the type of document (Doc 9303-12, table 5).

    Without the first, whoever holds the key of one trusted state makes passports of all of them.
    """
    try:
        text = read_zone(data).text if data is not None else ""
    except LdsUnreadable:
        text = ""  # what cannot be read there is said by the check of the files
    if not text:
        return []
    checks = [_state(text[2:5].rstrip(FILLER), signer)]
    if signer.document_types:
        checks.append(_type(text[:2].rstrip(FILLER), signer))
    return checks


def _state(code: str, signer: Certificate) -> Check:
    name, country = f"{ID}.state", alpha_2(code)
    detail = {"state": code, "country": signer.country}
    if not country:
        return Check(name, Result.UNDETERMINED, "state_unknown", detail, signer.fingerprint)
    if signer.country in {country, *ALSO_SIGNED_BY.get(country, ())}:
        return Check(name, Result.SUCCESSFUL, "", detail, signer.fingerprint)
    return Check(name, Result.FAILED, "signer_of_other_state", detail, signer.fingerprint)


def _type(code: str, signer: Certificate) -> Check:
    """A second letter is the state's own: a signer for ``P`` signs ``PD`` too."""
    name, detail = f"{ID}.type", {"type": code, "allowed": ", ".join(signer.document_types)[:100]}
    allowed = {said.rstrip(FILLER) for said in signer.document_types}
    if allowed & {code, code[:1]}:
        return Check(name, Result.SUCCESSFUL, "", detail, signer.fingerprint)
    return Check(name, Result.UNDETERMINED, "document_type_not_allowed", detail, signer.fingerprint)


def _groups(sod: Sod, groups: Mapping[int, bytes], signer: Certificate | None, trust: Trust) -> Check:
    """Each file against its hash. What was signed and not read is said; without DG1 the holder is not known."""
    checks = []
    for number in sorted({*sod.hashes, *groups}):
        name, detail = f"{ID}.group.{number}", {"group": f"DG{number}"}
        data, signed = groups.get(number), sod.hashes.get(number)
        if data is None:
            result = Result.UNDETERMINED if number == 1 else Result.NOT_SUPPORTED
            check = Check(name, result, "group_not_read", detail)
        else:
            looked_at = evidence(data)
            # What was looked at is told by SHA-256: most states sign the same hash, and it is made once.
            hashed = looked_at if sod.hash_name == "sha256" else hashlib.new(sod.hash_name, data).hexdigest()
            code = "group_not_signed" if signed is None else "" if hashed == signed.hex() else "group_hash_wrong"
            check = Check(name, Result.FAILED if code else Result.SUCCESSFUL, code, detail, looked_at)
        checks.append(forgiven(check, signer, trust) if signer else check)
    return group(f"{ID}.groups", checks)


def _defects(sod: Sod) -> list[tuple[str, str]]:
    found = []
    if sod.signed.content_type in CONTENT_TYPES - {LDS_SECURITY_OBJECT}:
        found.append(("defect_content_type", sod.signed.content_type))
    if sod.signed.indefinite:
        found.append(("defect_indefinite_length", ""))
    if sod.signed.version != 3 or sod.version not in {0, 1}:
        found.append(("defect_version", f"{sod.signed.version}, {sod.version}"))
    if "sha1" in {sod.hash_name, sod.signer.hash_name, sod.signer.algorithm.hash_name}:
        found.append(("defect_hash_weak", "SHA-1"))
    return found
