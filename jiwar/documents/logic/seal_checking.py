"""Check a visible digital seal: a tree of checks, with the status codes of ICAO Doc 9303-13, appendix D.

What proves nothing against the paper (no certificate here, no authority, an unknown kind of seal) is undetermined,
though the appendix calls it invalid too: the root's `detail` has its ``status`` and ``fraud`` (potential) as there.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TypeAlias

from jiwar.documents.logic import seal_icb, seal_nc
from jiwar.documents.logic.pki import Certificate
from jiwar.documents.logic.report import Check, Result, evidence
from jiwar.documents.logic.seal import DECIMAL_LENGTH, MAGIC, Seal, SealUnreadable, read_seal
from jiwar.documents.logic.seal_coding import SealValue
from jiwar.documents.logic.seal_parts import check_content, check_signature, check_signer, hash_for, sha1_of
from jiwar.documents.logic.seal_profiles import Content, Profile, Profiles, profile_of
from jiwar.documents.logic.seal_status import whole, wrong_format
from jiwar.documents.logic.seal_zone import check_printed, check_zone, zone_in
from jiwar.documents.logic.trust import Trust, check_chain

Revoked: TypeAlias = Callable[[Seal], bool | None]
"""Whether its issuer revoked this very document; None where no list of that issuer is here."""

_CLOCK = dt.timedelta(days=1)  # how far ahead of ours the calendar of an issuer may be


def is_seal(raw: bytes) -> bool:
    """Whether the bytes begin as a seal of any form; another barcode on a page is nothing to check."""
    return raw.startswith((bytes([MAGIC]), seal_nc.OPENS, *seal_icb.OPENS))


def check_seal(
    raw: bytes,
    trust: Trust,
    at: dt.datetime,
    profiles: Profiles,
    revoked: Revoked = lambda seal: None,
    printed: str = "",
) -> Check:
    """The check ``seal`` with children ``seal.format``, ``.content``, ``.certificate``, ``.signature``,
    ``.document_type``, ``.chain``, ``.dates``, ``.validity``, ``.mrz``, ``.issuer``, ``.printed`` and ``.revocation``,
    each only where it can be asked. `printed` is the zone on the paper, as read. Seals of JSON are checked by
    `seal_nc.check_nc`, those of the ICAO Datastructure for Barcode by `seal_icb.check_icb`.

    The root's `detail`: ``status`` ("" where the standard has none), ``fraud`` (``none``, ``medium``, ``high`` or ""),
    ``profile`` ("" where unknown), ``country``, ``signer``. Never raises on what the bytes are.
    """
    if raw.startswith(seal_nc.OPENS):
        return seal_nc.check_nc(raw, trust, at)
    if raw.startswith(seal_icb.OPENS):
        return seal_icb.check_icb(raw, trust, at, profiles, printed)
    looked_at = evidence(raw)
    try:
        seal = read_seal(raw)
    except SealUnreadable as unreadable:
        return whole((wrong_format("seal.format", unreadable),), looked_at, {})
    children = [Check("seal.format", Result.SUCCESSFUL, "", {"version": seal.header.version}, looked_at)]
    profile = profile_of(profiles, seal.header.profile)
    content, said = check_content(seal.messages, profile, seal.header.profile)
    children.append(said)
    certificate, found, signature = _signed(seal, trust)
    children += [found, *signature]
    if certificate is not None:
        children += [
            *_document_type(certificate, profile, content),
            check_chain(certificate, trust, at, "seal.chain"),
        ]
    children.append(_dates(seal, certificate, at))
    if content is not None:
        children += check_zone(content.values, seal.header.country, at.date())
        children += check_printed(content.values, printed, at.date())
        children += _validity(content.values, at.date()) if profile and profile.document_code else ()
    children += _revocation(revoked(seal), revocable=profile is not None and profile.revocable)
    detail: dict[str, str | int] = {
        "profile": profile.name if profile else "",
        "country": seal.header.country,
        "signer": f"{seal.header.signer} {seal.header.certificate}",
    }
    return whole(tuple(children), looked_at, detail)


def seal_signers(trust: Trust, signer: str, reference: str) -> tuple[Certificate, ...]:
    """The certificates that a seal's header may mean: subject's country and common name, and serial number.

    More than one where a signer used a number twice. A reference of zeros alone is for tests (2.2.1): none. One signer
    refers to a certificate by its SHA-1 (BSI TR-03171); it is a name there and protects nothing.
    """
    if signer in DECIMAL_LENGTH:
        return tuple(one for one in trust.signers if sha1_of(one).hex().upper() == reference)
    try:
        serial = int(reference, 16)
    except ValueError:
        return ()
    return tuple(
        certificate
        for certificate in trust.signers
        if serial
        and certificate.serial == serial
        and certificate.country == signer[:2]
        and f"CN={signer[2:]}" in certificate.subject.split(",")
    )


def _signed(seal: Seal, trust: Trust) -> tuple[Certificate | None, Check, list[Check]]:
    """The certificate whose key signed it, else the first that it may mean."""
    header = seal.header
    detail = {"signer": header.signer, "reference": header.certificate, "country": header.country}
    candidates = seal_signers(trust, header.signer, header.certificate)
    if not candidates:
        return None, Check("seal.certificate", Result.UNDETERMINED, "seal_certificate_unknown", detail), []
    certificate, signature = candidates[0], Check("seal.signature", Result.FAILED)
    for candidate in reversed(candidates):
        curve = candidate.key.curve
        name = hash_for(curve.n.bit_length()) if curve else ""
        certificate, signature = candidate, check_signature(candidate, name, seal.signature, seal.signed)
        if signature.result is Result.SUCCESSFUL:
            break
    return certificate, check_signer(certificate, header.country, detail), [signature]


def _document_type(certificate: Certificate, profile: Profile | None, content: Content | None) -> list[Check]:
    """Where the certificate says which documents its key signs (Doc 9303-12, 7.1.1.6), this is one of them."""
    if not certificate.document_types or profile is None or content is None:
        return []
    kind = profile.document_code or zone_in(content.values)[:2].rstrip("<")
    if not kind:
        return []
    allowed = " ".join(certificate.document_types)
    detail = {"found": kind, "allowed": allowed}
    if kind in certificate.document_types:
        return [Check("seal.document_type", Result.SUCCESSFUL, "", detail)]
    return [Check("seal.document_type", Result.FAILED, "seal_document_type", detail)]


def _dates(seal: Seal, certificate: Certificate | None, at: dt.datetime) -> Check:
    """Signed after it was issued or before, but not tomorrow, and while the signer's certificate was valid."""
    signed = seal.header.signed
    detail: dict[str, str | int] = {"issued": seal.header.issued.isoformat(), "signed": signed.isoformat()}
    if max(signed, seal.header.issued) > (at + _CLOCK).date():
        return Check("seal.dates", Result.FAILED, "seal_signed_later", detail)
    if certificate and not certificate.not_before.date() <= signed <= certificate.not_after.date():
        detail |= {"from": f"{certificate.not_before:%Y-%m-%d}", "until": f"{certificate.not_after:%Y-%m-%d}"}
        return Check("seal.dates", Result.FAILED, "seal_signed_outside", detail)
    return Check("seal.dates", Result.SUCCESSFUL, "", detail)


def _validity(values: Mapping[str, SealValue], today: dt.date) -> list[Check]:
    """The days and seasons of a permit of ours. A day of ISO 8601 sorts as it is written."""
    first, last = str(values["valid_from"]), str(values["valid_until"])
    if today.isoformat() > last:
        return [Check("seal.validity", Result.FAILED, "document_expired", {"date": last})]
    if today.isoformat() < first:
        return [Check("seal.validity", Result.FAILED, "document_not_yet_valid", {"date": first})]
    seasons = values.get("seasons")
    if isinstance(seasons, list) and not any(_in_season(season, f"{today:%m-%d}") for season in seasons):
        said = ", ".join(f"{season['from']}/{season['until']}" for season in seasons if not isinstance(season, str))
        return [Check("seal.validity", Result.FAILED, "permit_out_of_season", {"seasons": said})]
    return [Check("seal.validity", Result.SUCCESSFUL, "", {"from": first, "until": last})]


def _in_season(season: object, today: str) -> bool:
    if not isinstance(season, Mapping):
        return False
    first, last = str(season["from"]), str(season["until"])
    return first <= today <= last if first <= last else today >= first or today <= last


def _revocation(answer: bool | None, *, revocable: bool) -> list[Check]:
    """Asked of every seal; without a list, only what its state would list is left open."""
    if answer is None:
        return [Check("seal.revocation", Result.UNDETERMINED, "seal_revocations_missing")] if revocable else []
    if answer:
        return [Check("seal.revocation", Result.FAILED, "seal_revoked")]
    return [Check("seal.revocation", Result.SUCCESSFUL)]
