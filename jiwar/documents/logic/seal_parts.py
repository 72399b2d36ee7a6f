"""What is asked alike of every form of seal: its content, who signed it, its signature."""

import hashlib
from collections.abc import Mapping

from jiwar.documents.logic.codes import alpha_2
from jiwar.documents.logic.pki import Certificate, SignatureWrong, verify_raw
from jiwar.documents.logic.report import Check, Result, evidence
from jiwar.documents.logic.seal import SealUnreadable
from jiwar.documents.logic.seal_profiles import Content, Profile, read_messages
from jiwar.documents.logic.seal_status import wrong_format

_HASHES = ((224, "sha224"), (256, "sha256"), (384, "sha384"), (521, "sha512"))


def hash_for(bits: int) -> str:
    """The hash that goes with an order of so many bits (Doc 9303-13, 2.4)."""
    return next((name for most, name in _HASHES if bits <= most), "")


def sha1_of(certificate: Certificate) -> bytes:
    """By which some seals name a certificate; nothing rests on it."""
    return hashlib.sha1(certificate.der, usedforsecurity=False).digest()


def check_content(
    messages: Mapping[int, bytes], profile: Profile | None, reference: str
) -> tuple[Content | None, Check]:
    """``seal.content``, and what the messages say; `reference` names the profile where it is not known."""
    if profile is None:
        return None, Check("seal.content", Result.UNDETERMINED, "seal_profile_unknown", {"reference": reference})
    try:
        content = read_messages(messages, profile)
    except SealUnreadable as unreadable:
        return None, wrong_format("seal.content", unreadable)
    if content.unknown:
        tags = " ".join(f"{tag:02x}" for tag in content.unknown)
        return content, Check("seal.content", Result.SUCCESSFUL, "seal_unknown_feature", {"tags": tags})
    return content, Check("seal.content", Result.SUCCESSFUL, "", {"profile": profile.name})


def check_signer(certificate: Certificate, issuer: str, detail: Mapping[str, str | int]) -> Check:
    """``seal.certificate``: the signer is of the state that issued the document. Another may sign for it (Doc 9303-13,
    A.3), which a machine cannot know."""
    if not certificate.country or alpha_2(issuer) != certificate.country:
        code = "seal_signer_of_another_state"
        return Check("seal.certificate", Result.UNDETERMINED, code, detail, certificate.fingerprint)
    return Check("seal.certificate", Result.SUCCESSFUL, "", detail, certificate.fingerprint)


def check_signature(certificate: Certificate, hash_name: str, signature: bytes, signed: bytes) -> Check:
    """``seal.signature``: r||s over what the seal says."""
    looked_at = evidence(signed)
    try:
        verify_raw(certificate, hash_name, signature, signed)
    except SignatureWrong as wrong:
        return Check("seal.signature", Result.FAILED, "seal_signature_wrong", {"reason": wrong.code}, looked_at)
    curve = certificate.key.curve
    return Check("seal.signature", Result.SUCCESSFUL, "", {"curve": curve.name if curve else ""}, looked_at)
