"""Record bodies of trust: what a state changes in what it trusts, for its posts; what it shows to its neighbours."""

import base64
import binascii
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from jiwar.records.content import Body, Content, Line
from jiwar.records.kinds import YEAR, Kind, nobody, register
from jiwar.wire.faults import Fault

LONGEST_CERTIFICATE: Final = 16_000
"""Bytes; the longest of the German and the Dutch master lists is 2,400."""
LONGEST_CRL: Final = 400_000
"""Bytes: a record must fit into one message."""
MOST_DEFECTS: Final = 1_000

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Alpha2 = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


def _is_base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("wrong_form") from None
    return text


def _base64(longest: int, least: int = 1) -> object:
    return Annotated[
        str, StringConstraints(min_length=least, max_length=(longest + 2) // 3 * 4), AfterValidator(_is_base64)
    ]


Role = Literal["anchor", "publisher", "signer"]
"""``anchor``: a CSCA. ``publisher``: a root whose master lists are believed. ``signer``: one that signs seals."""
Handed = Literal["carried", "diplomatic", "in_person", "neighbour", "other", "published"]
"""How a certificate came that a person vouches for."""


class Added(Body):
    """A certificate that holds from now on; `der` is empty where an earlier record of the source's state had it."""

    fingerprint: Hash
    role: Role = "anchor"
    der: _base64(LONGEST_CERTIFICATE, 0) = ""  # type: ignore[valid-type]


class Ended(Body):
    """A source says of a certificate no longer that it holds."""

    fingerprint: Hash
    role: Role = "anchor"


class Defect(Body):
    """What is known to be wrong with documents of a state; `about` names signers, none: all of them."""

    country: Alpha2
    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.]{1,80}$")]
    about: Annotated[tuple[Annotated[str, StringConstraints(min_length=1, max_length=300)], ...], Field(max_length=50)]
    text: Annotated[str, StringConstraints(max_length=1000)] = ""


class TrustChange(Body):
    """One change of what this state trusts, complete in itself.

    `source` says who vouches: ``list:DE`` the publisher of a list, ``pkd`` ICAO's directory, ``authority`` one that is
    trusted already, ``bilateral:LY`` a state from which two persons here have a certificate, ``own`` these two alone.
    `by_hand`: they vouch, not a list. `handed` and `checked` say how it
    came and how it was compared. `publisher`: the pinned root under which a list was believed; `file`: its SHA-256.
    `defects`, where it is not None, replaces all that the source said of defects.
    """

    model_config = ConfigDict(title="Change of trust in issuers of documents")
    source: Annotated[str, StringConstraints(pattern=r"^(authority|bilateral:[A-Z]{2}|list:[A-Z]{2}|own|pkd)$")]
    by_hand: bool
    reason: Line
    handed: Handed | None = None
    checked: Annotated[str, StringConstraints(max_length=200)] = ""
    file: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    publisher: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    added: Annotated[tuple[Added, ...], Field(max_length=100)] = ()
    ended: Annotated[tuple[Ended, ...], Field(max_length=1000)] = ()
    crls: Annotated[tuple[_base64(LONGEST_CRL), ...], Field(max_length=20)] = ()  # type: ignore[valid-type]
    defects: Annotated[tuple[Defect, ...], Field(max_length=MOST_DEFECTS)] | None = None


class OfferedCertificate(Body):
    """A certificate of this state's own issuing authority, shown to a neighbour; who trusts it decides there."""

    model_config = ConfigDict(title="Certificate of a state's issuing authority")
    der: _base64(LONGEST_CERTIFICATE)  # type: ignore[valid-type]
    fingerprint: Hash
    note: Annotated[str, StringConstraints(max_length=200)] = ""


class HeldTrust(Body):
    """A post says what it trusts: `version` is the hash of all of it."""

    model_config = ConfigDict(title="Trust that a post holds")
    version: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
    certificates: Annotated[int, Field(ge=0, le=1_000_000)]
    crls: Annotated[int, Field(ge=0, le=100_000)]


def by_hand(content: Content) -> bool:
    """Two persons vouch for what no list does (rule R2)."""
    assert isinstance(content.body, TrustChange)
    return content.body.by_hand


def _check(content: Content) -> list[Fault]:
    assert isinstance(content.body, TrustChange)
    return check_change(content.body)


def check_change(body: TrustChange) -> list[Fault]:
    """What is wrong with a change as a whole."""
    faults = []
    if not (body.added or body.ended or body.crls or body.defects is not None):
        faults.append(Fault("missing", "body.added"))
    if body.by_hand:
        needed = {"handed": body.handed, "checked": body.checked} if body.added else {}
        faults += [Fault("missing", f"body.{name}") for name, said in needed.items() if not said]
    elif "publisher" in {*(each.role for each in body.added), *(each.role for each in body.ended)}:
        # Whoever may vouch for hundreds is never named by a file alone.
        faults.append(Fault("trust_by_hand_only", "body.added"))
    return faults


# Certificates of authorities name no person. What this state trusts goes to its own posts, and to no other state.
TRUST = register(
    Kind(
        "document.trust",
        1,
        TrustChange,
        personal=False,
        four_eyes=by_hand,
        posts=True,
        addressees=nobody,
        longest=10 * YEAR,
        review=10 * YEAR,
        check=_check,
        priority=2,
    )
)
OFFERED = register(
    Kind(
        "document.authority",
        1,
        OfferedCertificate,
        personal=False,
        four_eyes=True,
        longest=10 * YEAR,
        review=10 * YEAR,
        priority=4,
    )
)
HELD = register(Kind("document.trust_held", 1, HeldTrust, personal=False, addressees=nobody, longest=YEAR, priority=7))
