"""Passive authentication (Doc 9303-11, 5.1): the data of a chip are what a state signed, and that state is trusted.

What states do otherwise than the standard says is borne where it costs no trust, and said: each such deviation is a
check that is successful, with the code of the deviation.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Final

from jiwar.documents.logic import cms, tlv
from jiwar.documents.logic.cms import SignedData
from jiwar.documents.logic.codes import alpha_2
from jiwar.documents.logic.lds_files import LdsUnreadable, read_zone
from jiwar.documents.logic.mrz_layout import FILLER
from jiwar.documents.logic.pki import Certificate, CertificateUnreadable, SignatureWrong
from jiwar.documents.logic.report import Check, Result, evidence, group
from jiwar.documents.logic.sod import CONTENT_TYPES, LDS_SECURITY_OBJECT, Sod, SodUnreadable, read_sod
from jiwar.documents.logic.tlv import TlvInvalid
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
SECURITY_OBJECTS: Final = frozenset(["0.4.0.127.0.7.3.2.1"])
"""Content type of EF.CardSecurity (TR-03110-3, A.1.2.5)."""
_OPEN = frozenset(["algorithm_unknown"])


def check_passive(sod: bytes, groups: Mapping[int, bytes], trust: Trust, at: dt.datetime) -> Check:
    """EF.SOD against the files that were read (by number of the data group, whole, with their tags)."""
    looked_at = evidence(sod)
    try:
        read = read_sod(sod)
    except SodUnreadable as unreadable:
        detail = {"found": " ".join([unreadable.code, *map(str, unreadable.detail.values())])}
        return group(ID, (Check(f"{ID}.sod", Result.ABORTED, "sod_unreadable", detail, looked_at),))
    found = [Check(f"{ID}.sod", Result.SUCCESSFUL, evidence=looked_at)]
    checks, signer, deviations = _signed(ID, read.signed, CONTENT_TYPES, groups.get(1), trust, at)
    found += [*checks, _groups(read, groups, signer, trust)]
    if deviations := [*deviations, *_deviations(read)]:
        said = [Check(f"{ID}.{code}", Result.SUCCESSFUL, code, {"found": what}) for code, what in deviations]
        found.append(group(f"{ID}.deviations", said))
    return group(ID, found)


def check_card_security(data: bytes, zone: bytes | None, trust: Trust, at: dt.datetime) -> Check:
    """EF.CardSecurity (Doc 9303-11, 9.2.11; TR-03110-3, A.1.2.5): the keys in it are what the state of `zone`, DG1,
    signed."""
    name, looked_at = "chip.card_security", evidence(data)
    try:
        signed = cms.read_signed_data(tlv.read(bytes(data)))
    except TlvInvalid as invalid:
        return Check(name, Result.ABORTED, "card_security_unreadable", {"found": invalid.code}, looked_at)
    if len(signed.signers) != 1:
        return Check(name, Result.ABORTED, "card_security_unreadable", {"found": "signers"}, looked_at)
    return group(name, _signed(name, signed, SECURITY_OBJECTS, zone, trust, at)[0])


def _signed(
    id: str,  # noqa: A002
    signed: SignedData,
    types: frozenset[str],
    zone: bytes | None,
    trust: Trust,
    at: dt.datetime,
) -> tuple[list[Check], Certificate | None, list[tuple[str, str]]]:
    """Content, signature, chain, and what DG1 says of the signer; the signer; what is odd about how it is named."""
    content = _content(f"{id}.content", signed, types)
    signer, (code, detail), deviations = _signer(signed, trust)
    if signer is None:
        return [content, Check(f"{id}.signature", Result.UNDETERMINED, code, detail)], None, deviations
    signature = _signature(f"{id}.signature", signed, signer, trust)
    chain = check_chain(signer, trust, at, f"{id}.chain")
    return [content, signature, chain, *_zone(id, zone, signer)], signer, deviations


def _content(name: str, signed: SignedData, types: frozenset[str]) -> Check:
    """The signed attributes speak of this content, and of its kind."""
    looked_at = evidence(signed.content)
    if signed.content_type not in types:
        return Check(name, Result.FAILED, "content_type_wrong", {"found": signed.content_type}, looked_at)
    match cms.speaks_of(signed, signed.signers[0]):
        case "":
            return Check(name, Result.SUCCESSFUL, evidence=looked_at)
        case "type":
            found = signed.signers[0].content_type
            return Check(name, Result.FAILED, "content_type_wrong", {"found": found}, looked_at)
        case "hash":
            return Check(name, Result.UNDETERMINED, "algorithm_unknown", {"found": "hash"}, looked_at)
        case _:
            return Check(name, Result.FAILED, "content_wrong", {}, looked_at)


def _signer(
    signed: SignedData, trust: Trust
) -> tuple[Certificate | None, tuple[str, Mapping[str, str | int]], list[tuple[str, str]]]:
    """The certificate of the signer; why there is none; what is odd about how it is named."""
    held: list[Certificate] = []
    unreadable: CertificateUnreadable | None = None
    for der in signed.certificates:
        try:
            held.append(trust.read_signer(der))
        except CertificateUnreadable as failure:
            unreadable = failure
    for certificate in (*held, *trust.signers):
        if signed.signers[0].names(certificate):
            return certificate, ("", {}), []
    if len(held) == 1 and unreadable is None:
        # Malaysia, Ukraine: what the signature names is not in the list. The chain must hold all the same.
        return held[0], ("", {}), [("defect_signer_id", "")]
    if unreadable:
        found = " ".join([unreadable.code, *map(str, unreadable.detail.values())])
        return None, ("certificate_unreadable", {"found": found}), []
    return None, ("signer_missing", {}), []


def _signature(name: str, signed: SignedData, signer: Certificate, trust: Trust) -> Check:
    looked_at = evidence(signed.signers[0].signature)
    try:
        cms.verify_signer(signed, signed.signers[0], signer)
    except SignatureWrong as wrong:
        result = Result.UNDETERMINED if wrong.code in _OPEN else Result.FAILED
        return forgiven(Check(name, result, wrong.code, {"found": wrong.found}, looked_at), signer, trust)
    return Check(name, Result.SUCCESSFUL, evidence=looked_at)


def _zone(id: str, data: bytes | None, signer: Certificate) -> list[Check]:  # noqa: A002
    """What DG1 says against what the signer may sign: the state, and the type of document (Doc 9303-12, table 5).

    Without the first, whoever holds the key of one trusted state makes passports of all of them.
    """
    if data is None:
        return []
    try:
        text = read_zone(data).text
    except LdsUnreadable:
        text = ""
    checks = [_state(f"{id}.state", text[2:5].rstrip(FILLER), signer)]
    if signer.document_types and text:
        checks.append(_type(f"{id}.type", text[:2].rstrip(FILLER), signer))
    return checks


def _state(name: str, code: str, signer: Certificate) -> Check:
    country = alpha_2(code)
    detail = {"state": code or "?", "country": signer.country}
    if not country:
        return Check(name, Result.UNDETERMINED, "state_unknown", detail, signer.fingerprint)
    if signer.country in {country, *ALSO_SIGNED_BY.get(country, ())}:
        return Check(name, Result.SUCCESSFUL, "", detail, signer.fingerprint)
    return Check(name, Result.FAILED, "signer_of_other_state", detail, signer.fingerprint)


def _type(name: str, code: str, signer: Certificate) -> Check:
    """A second letter is the state's own: a signer for ``P`` signs ``PD`` too."""
    detail = {"type": code, "allowed": ", ".join(signer.document_types)[:100]}
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


def _deviations(sod: Sod) -> list[tuple[str, str]]:
    found = []
    if sod.signed.content_type in CONTENT_TYPES - {LDS_SECURITY_OBJECT}:
        found.append(("defect_content_type", sod.signed.content_type))
    if sod.signed.indefinite:
        found.append(("defect_indefinite_length", ""))
    if sod.signed.version != 3 or sod.version not in {0, 1}:
        found.append(("defect_version", f"{sod.signed.version}, {sod.version}"))
    if "sha1" in {sod.hash_name, sod.signed.signers[0].hash_name, sod.signed.signers[0].algorithm.hash_name}:
        found.append(("defect_hash_weak", "SHA-1"))
    return found
