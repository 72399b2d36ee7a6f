"""Whom this node trusts, as a value: the authorities of states, their lists of revocations, what is known to be wrong.

A chain has two links, no more: an authority (CSCA) that two people or a verified list brought in, and the signer that
it signed (Doc 9303-12, 4: path length one). A link certificate is an anchor like another, never a step to another.
"""

import datetime as dt
import hashlib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

from jiwar.documents.logic import pki
from jiwar.documents.logic.crl import Crl
from jiwar.documents.logic.pki import Certificate, SignatureWrong
from jiwar.documents.logic.report import Check, Result, group, worst

CRL_DAYS: Final = 90
"""A state makes a list at least as often (Doc 9303-12, 6.1): an older one says nothing."""
MOST_REMEMBERED: Final = 4_096
_CLOCK: Final = dt.timedelta(days=1)
"""How far ahead of ours the clock of an authority may be."""
OTHER_USES: Final[Mapping[str, str]] = {
    "2.23.136.1.1.3": "master_list",
    "2.23.136.1.1.8": "deviation_list",
    "2.23.136.1.1.10": "document_list",
}
"""Uses of a certificate that are not the signing of documents (Doc 9303-12, table 5)."""
FORGIVABLE: Final = frozenset(
    ["signature_out_of_range", "signature_wrong", "group_hash_wrong", "group_not_signed", "certificate_expired"]
)
"""What a known defect can turn from failed to undetermined; nothing turns it to successful."""


_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Anchor:
    """An authority, and where it came from: the name of a list, or the record by which two people brought it in."""

    certificate: Certificate
    source: str


@dataclass(frozen=True, slots=True)
class Defect:
    """What is known to be wrong with documents of a state: a deviation (Doc 9303-3, 9303-12) or a defect.

    `code` is that of the check which fails for it (one of FORGIVABLE), or "certificate_revoked" for a signer that is
    not to be believed. `signer` names one signer: its fingerprint, or as lists have it ``sha …``, ``key …`` (its key
    id) or ``CN=…,C=DE 142`` (issuer and serial in hex); "" means all of `country`.
    """

    country: str
    code: str
    signer: str = ""
    source: str = ""


@dataclass(frozen=True)
class Trust:
    """What checks are made against. Never changed: another content is another value with another `version`.

    It remembers which signers an authority of its own signed, and nothing else: times, revocations and defects are
    asked anew at each check. So what is remembered ends with the value, and cannot outlive a time that it states.
    """

    anchors: tuple[Anchor, ...]
    crls: tuple[Crl, ...] = ()
    signers: tuple[Certificate, ...] = ()
    defects: tuple[Defect, ...] = ()

    @cached_property
    def version(self) -> str:
        """SHA-256 in hex of all that is trusted, in whatever order it was given."""
        said = [
            *(f"anchor {anchor.certificate.fingerprint}" for anchor in self.anchors),
            *(f"crl {crl.fingerprint}" for crl in self.crls),
            *(f"signer {signer.fingerprint}" for signer in self.signers),
            *(f"defect {one.country} {one.code} {one.signer}" for one in self.defects),
        ]
        return hashlib.sha256("\n".join(sorted(set(said))).encode()).hexdigest()

    def issuers_of(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """The anchors that may have signed it, the likeliest first: by key id, by name, then others of its state.

        Which one did, only its signature says: key ids are shared by different keys, names change, ids are left out.
        """
        found = [
            *self._by_key_id.get(certificate.authority_key_id, ()),
            *self._by_name.get(certificate.issuer_name, ()),
            *self._by_country.get(certificate.issuer_country, ()),
        ]
        return tuple({issuer.fingerprint: issuer for issuer in found}.values())

    def anchor_of(self, certificate: Certificate) -> Anchor:
        """The anchor that signed it. Raises SignatureWrong; with "issuer_unknown" where no anchor has its issuer's key.

        A signature is called wrong only where an anchor has the very key id that the certificate names: an authority
        of the same name may have a newer key that never came here.
        """
        if known := self._signed.get(certificate.der):
            return known[1]
        anchor = self._anchor_of(certificate)
        if len(self._signed) >= MOST_REMEMBERED:
            self._signed.clear()
        self._signed[certificate.der] = certificate, anchor
        return anchor

    def read_signer(self, der: bytes) -> Certificate:
        """As `pki.read_certificate`, from memory where an anchor signed it. Raises pki.CertificateUnreadable."""
        known = self._signed.get(der)
        return known[0] if known else pki.read_certificate(der)

    def _anchor_of(self, certificate: Certificate) -> Anchor:
        named = {one.fingerprint for one in self._by_key_id.get(certificate.authority_key_id, ())}
        wrong: SignatureWrong | None = None
        for issuer in self.issuers_of(certificate):
            try:
                certificate.verify_issued_by(issuer)
                return self._anchors[issuer.fingerprint]
            except SignatureWrong as failure:
                if issuer.fingerprint in named and failure.code != "algorithm_unknown":
                    wrong = failure
        raise wrong or SignatureWrong("issuer_unknown", certificate.issuer_country)

    def crls_of(self, anchor: Certificate) -> tuple[Crl, ...]:
        """The lists that speak of signers of this anchor, the newest first: the newest of its state, whichever key of
        that state signed it (Doc 9303-12, 6.1.3), and those that its own key signed. Not every list of the state: two
        keys may have given the same serial number."""
        lists = self._crls.get(anchor.country, [])
        return tuple(crl for place, (crl, issuer) in enumerate(lists) if place == 0 or issuer.key == anchor.key)

    def defect_of(self, certificate: Certificate, code: str) -> Defect | None:
        known = self._defects.get(code)
        if not known:
            return None
        names = (
            certificate.fingerprint,
            f"sha {certificate.fingerprint}",
            f"key {certificate.subject_key_id.hex() or '?'}",
            f"{certificate.issuer} {certificate.serial:x}",
            f"state {certificate.country}",
            f"state {certificate.issuer_country}",
        )
        return next((known[name] for name in names if name in known), None)

    @cached_property
    def _defects(self) -> Mapping[str, Mapping[str, Defect]]:
        """By code, and then by what they name."""
        found: dict[str, dict[str, Defect]] = {}
        for one in self.defects:
            found.setdefault(one.code, {})[one.signer or f"state {one.country or '?'}"] = one
        return found

    @cached_property
    def _signed(self) -> dict[bytes, tuple[Certificate, Anchor]]:
        """By the bytes of the signer's certificate, all of them."""
        return {}

    @cached_property
    def _anchors(self) -> Mapping[str, Anchor]:
        return {anchor.certificate.fingerprint: anchor for anchor in reversed(self.anchors)}

    @cached_property
    def _by_key_id(self) -> Mapping[bytes, list[Certificate]]:
        return _grouped((c.subject_key_id, c) for c in self._certificates if c.subject_key_id)

    @cached_property
    def _by_name(self) -> Mapping[bytes, list[Certificate]]:
        return _grouped((c.subject_name, c) for c in self._certificates)

    @cached_property
    def _by_country(self) -> Mapping[str, list[Certificate]]:
        return _grouped((c.country, c) for c in self._certificates)

    @property
    def _certificates(self) -> list[Certificate]:
        return [anchor.certificate for anchor in self._anchors.values()]

    @cached_property
    def _crls(self) -> Mapping[str, list[tuple[Crl, Certificate]]]:
        """By country, the newest first; each with the anchor that signed it."""
        found: dict[str, list[tuple[Crl, Certificate]]] = {}
        for crl in sorted(self.crls, key=lambda crl: (crl.this_update, crl.fingerprint), reverse=True):
            issuer = None if crl.unknown_critical else self._issuer(crl)
            if issuer:
                found.setdefault(crl.country, []).append((crl, issuer))
        return found

    def _issuer(self, crl: Crl) -> Certificate | None:
        for issuer in self._by_country.get(crl.country, ()):
            try:
                crl.verify_issued_by(issuer)
            except SignatureWrong:
                continue
            return issuer
        return None


def _grouped(pairs: Iterable[tuple[_K, Certificate]]) -> dict[_K, list[Certificate]]:
    found: dict[_K, list[Certificate]] = {}
    for key, certificate in pairs:
        found.setdefault(key, []).append(certificate)
    return found


def check_chain(certificate: Certificate, trust: Trust, at: dt.datetime, id: str = "chain") -> Check:  # noqa: A002
    """Whether a state that is trusted here vouches for the signer: signature, validity, revocation, extensions."""
    anchor: Anchor | None = None
    try:
        anchor = trust.anchor_of(certificate)
        signature = _signed_by(anchor, f"{id}.signature", certificate)
    except SignatureWrong as wrong:
        signature = _not_signed(wrong, f"{id}.signature", certificate, trust)
    return group(
        id,
        (
            signature,
            _validity(certificate, anchor, trust, at, f"{id}.validity"),
            _revocation(certificate, anchor, trust, at, f"{id}.revocation"),
            _extensions(certificate, anchor, f"{id}.extensions"),
        ),
    )


def forgiven(check: Check, certificate: Certificate, trust: Trust) -> Check:
    """The check, undetermined where it failed by what is known to be wrong with such documents."""
    if check.result is not Result.FAILED or check.code not in FORGIVABLE:
        return check
    known = trust.defect_of(certificate, check.code)
    if not known and check.code == "signature_out_of_range":
        known = trust.defect_of(certificate, "signature_wrong")  # lists know no finer word
    if not known:
        return check
    detail = {**check.detail, "defect": check.code, "source": known.source}
    return Check(check.id, Result.UNDETERMINED, "known_defect", detail, check.evidence)


def beside_missing_lists(check: Check) -> Result:
    """What the check comes to beside states of which no list of revocations was ever here: for the colour that an
    officer sees (decision 0046). A list that was here and has grown old counts."""
    if not check.children or check.result is not worst(child.result for child in check.children):
        return check.result
    counted = [child for child in check.children if child.code != "crl_missing"]
    return worst(beside_missing_lists(child) for child in counted)


def _signed_by(anchor: Anchor, name: str, certificate: Certificate) -> Check:
    issuer = anchor.certificate
    detail = {"country": issuer.country, "anchor": issuer.fingerprint, "source": anchor.source}
    return Check(name, Result.SUCCESSFUL, "", detail, certificate.fingerprint)


def _not_signed(wrong: SignatureWrong, name: str, certificate: Certificate, trust: Trust) -> Check:
    detail = {"country": certificate.issuer_country, "issuer": certificate.issuer[:200]}
    if wrong.code == "issuer_unknown":
        return Check(name, Result.UNDETERMINED, "issuer_unknown", detail, certificate.fingerprint)
    return Check(name, Result.FAILED, "certificate_signature_wrong", detail, certificate.fingerprint)


def _validity(certificate: Certificate, anchor: Anchor | None, trust: Trust, at: dt.datetime, name: str) -> Check:
    detail = {"from": f"{certificate.not_before:%Y-%m-%d}", "until": f"{certificate.not_after:%Y-%m-%d}"}
    if at < certificate.not_before:
        return Check(name, Result.FAILED, "certificate_not_yet_valid", detail, certificate.fingerprint)
    if at > certificate.not_after:
        check = Check(name, Result.FAILED, "certificate_expired", detail, certificate.fingerprint)
        return forgiven(check, certificate, trust)
    if anchor and not anchor.certificate.not_before <= at <= anchor.certificate.not_after:
        issuer = anchor.certificate
        detail = {"from": f"{issuer.not_before:%Y-%m-%d}", "until": f"{issuer.not_after:%Y-%m-%d}"}
        return Check(name, Result.UNDETERMINED, "anchor_expired", detail, issuer.fingerprint)
    return Check(name, Result.SUCCESSFUL, "", detail, certificate.fingerprint)


def _revocation(certificate: Certificate, anchor: Anchor | None, trust: Trust, at: dt.datetime, name: str) -> Check:
    country = anchor.certificate.country if anchor else certificate.issuer_country
    detail: dict[str, str | int] = {"country": country}
    if known := trust.defect_of(certificate, "certificate_revoked"):
        return Check(name, Result.FAILED, "certificate_revoked", detail | {"source": known.source})
    lists = trust.crls_of(anchor.certificate) if anchor else ()
    if not lists:
        return Check(name, Result.UNDETERMINED, "crl_missing", detail)
    newest = lists[0]
    age = (at - newest.this_update).days
    detail |= {"days": age, "most": CRL_DAYS}
    for crl in lists:
        if since := crl.revoked.get(certificate.serial):
            # Also of a list that is old: what is revoked stays revoked.
            detail |= {"since": f"{since:%Y-%m-%d}"}
            return Check(name, Result.FAILED, "certificate_revoked", detail, crl.fingerprint)
    if newest.this_update > at + _CLOCK:
        return Check(name, Result.UNDETERMINED, "crl_not_yet_valid", detail, newest.fingerprint)
    if age > CRL_DAYS:
        return Check(name, Result.UNDETERMINED, "crl_old", detail, newest.fingerprint)
    return Check(name, Result.SUCCESSFUL, "", detail, newest.fingerprint)


def _extensions(certificate: Certificate, anchor: Anchor | None, name: str) -> Check:
    """What the certificate says that it is for (Doc 9303-12, table 5)."""
    code, found = "", ""
    other = [OTHER_USES[use] for use in certificate.extended if use in OTHER_USES]
    if certificate.is_ca:
        code, found = "certificate_of_authority", "CA"
    elif certificate.key_usage is not None and pki.DIGITAL_SIGNATURE not in certificate.key_usage:
        code, found = "certificate_for_other_use", str(sorted(certificate.key_usage))
    elif other:
        code, found = "certificate_for_other_use", other[0]
    elif anchor and certificate.country != anchor.certificate.country:
        code, found = "country_differs", f"{certificate.country} {anchor.certificate.country}"
    elif certificate.unknown_critical:
        code, found = "extension_unknown", certificate.unknown_critical[0]
        return Check(name, Result.UNDETERMINED, code, {"found": found}, certificate.fingerprint)
    if code:
        return Check(name, Result.FAILED, code, {"found": found}, certificate.fingerprint)
    return Check(name, Result.SUCCESSFUL, evidence=certificate.fingerprint)
