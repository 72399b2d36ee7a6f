"""Whom a node trusts: chains of one step, revocation by state, what is remembered, and what is never called forged."""

import datetime as dt
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from jiwar.documents.logic.crl import Crl
from jiwar.documents.logic.pki import SignatureWrong
from jiwar.documents.logic.report import Check, Result, group
from jiwar.documents.logic.trust import CRL_DAYS, Anchor, Defect, Trust, beside_missing_lists, check_chain
from jiwar.records.words import words
from tests.documents.states import AT, DAY, YEAR, Authority

NIGER = Authority("NE")
LIBYA = Authority("LY")
KEY, SIGNER = NIGER.signer()
ANCHORS = (Anchor(NIGER.certificate, "bilateral"), Anchor(LIBYA.certificate, "DE 2026-05-28"))
FRESH = NIGER.crl(12, 13)


def trust(*anchors: Anchor, **told: object) -> Trust:
    return Trust(anchors or ANCHORS, **{"crls": (FRESH,), **told})  # type: ignore[arg-type]


def leaf(check: Check, name: str) -> tuple[Result, str]:
    found = check.find(f"chain.{name}")
    assert found
    assert not found.code or found.code in words()["document_check"]
    return found.result, found.code


def test_a_signer_of_a_trusted_state_is_good_in_all_four() -> None:
    check = check_chain(SIGNER, trust(), AT)
    assert check.result is Result.SUCCESSFUL
    assert [child.id for child in check.children] == [
        "chain.signature",
        "chain.validity",
        "chain.revocation",
        "chain.extensions",
    ]
    assert check.children[0].detail["source"] == "bilateral"


def test_a_state_that_is_not_here_is_undetermined_and_never_failed() -> None:
    check = check_chain(SIGNER, trust(ANCHORS[1]), AT)
    assert check.result is Result.UNDETERMINED
    assert leaf(check, "signature") == (Result.UNDETERMINED, "issuer_unknown")


def test_a_newer_key_of_a_state_that_never_came_here_is_no_forgery() -> None:
    newer = Authority("NE")
    _, signer = newer.signer()
    assert leaf(check_chain(signer, trust(), AT), "signature") == (Result.UNDETERMINED, "issuer_unknown")
    _, signer = newer.signer(authority_key=False)
    assert leaf(check_chain(signer, trust(), AT), "signature") == (Result.UNDETERMINED, "issuer_unknown")


def test_a_certificate_that_names_a_trusted_key_which_never_signed_it_fails() -> None:
    forged = replace(
        SIGNER, signature=SIGNER.signature[:-1] + bytes([SIGNER.signature[-1] ^ 1]), fingerprint="f", der=b"f"
    )
    assert leaf(check_chain(forged, trust(), AT), "signature") == (Result.FAILED, "certificate_signature_wrong")
    other = replace(SIGNER, signed=SIGNER.signed.replace(b"DS", b"DT"), fingerprint="g", der=b"g")
    assert leaf(check_chain(other, trust(), AT), "signature") == (Result.FAILED, "certificate_signature_wrong")


def test_two_keys_with_one_key_id_are_both_tried() -> None:
    other = Authority("NE", "CSCA 2").certificate
    same = replace(other, subject_key_id=NIGER.certificate.subject_key_id)
    for anchors in ((Anchor(same, "x"), *ANCHORS), (*ANCHORS, Anchor(same, "x"))):
        assert check_chain(SIGNER, trust(*anchors), AT).result is Result.SUCCESSFUL


def test_a_signer_without_key_ids_is_found_by_the_state() -> None:
    _, signer = NIGER.signer(authority_key=False)
    assert check_chain(signer, trust(), AT).result is Result.SUCCESSFUL
    renamed = replace(
        signer, issuer_name=Authority("NE", "CSCA old").certificate.subject_name, fingerprint="r", der=b"r"
    )
    assert check_chain(renamed, trust(), AT).result is Result.SUCCESSFUL


def test_a_link_is_no_intermediate() -> None:
    """A second step is none: who is signed by a link that is not itself an anchor is unknown."""
    below = Authority("NE", "CSCA below")
    between = NIGER.certify(below.key.public_key(), "CSCA below", ca=True)
    _, signer = below.signer()
    assert check_chain(signer, trust(), AT).result is Result.UNDETERMINED
    assert check_chain(signer, trust(*ANCHORS, Anchor(between, "link")), AT).result is Result.SUCCESSFUL


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (SIGNER.not_before - DAY, (Result.FAILED, "certificate_not_yet_valid")),
        (SIGNER.not_before, (Result.SUCCESSFUL, "")),
        (SIGNER.not_after, (Result.SUCCESSFUL, "")),
        (SIGNER.not_after + dt.timedelta(seconds=1), (Result.FAILED, "certificate_expired")),
    ],
)
def test_a_signer_is_good_in_its_time(at: dt.datetime, expected: tuple[Result, str]) -> None:
    assert leaf(check_chain(SIGNER, trust(), at), "validity") == expected


def test_an_authority_past_its_time_leaves_it_open() -> None:
    old = Authority("NE", key=NIGER.key, ends=AT - DAY)
    check = check_chain(SIGNER, trust(Anchor(old.certificate, "old")), AT)
    assert leaf(check, "validity") == (Result.UNDETERMINED, "anchor_expired")


@pytest.mark.parametrize(
    ("crls", "expected"),
    [
        ((), (Result.UNDETERMINED, "crl_missing")),
        ((FRESH,), (Result.SUCCESSFUL, "")),
        ((NIGER.crl(made=AT - CRL_DAYS * DAY),), (Result.SUCCESSFUL, "")),
        ((NIGER.crl(made=AT - (CRL_DAYS + 1) * DAY),), (Result.UNDETERMINED, "crl_old")),
        ((NIGER.crl(made=AT + 2 * DAY),), (Result.UNDETERMINED, "crl_not_yet_valid")),
        ((NIGER.crl(SIGNER.serial),), (Result.FAILED, "certificate_revoked")),
        ((NIGER.crl(SIGNER.serial, made=AT - YEAR),), (Result.FAILED, "certificate_revoked")),
        ((NIGER.crl(SIGNER.serial, common="CSCA of 2019"),), (Result.FAILED, "certificate_revoked")),
        ((LIBYA.crl(SIGNER.serial),), (Result.UNDETERMINED, "crl_missing")),
        # A list in Niger's name that no key of Niger signed is no list.
        ((Authority("NE").crl(SIGNER.serial),), (Result.UNDETERMINED, "crl_missing")),
        ((FRESH, Authority("NE").crl(made=AT)), (Result.SUCCESSFUL, "")),
        # What is revoked stays revoked, in whatever order the lists came.
        ((NIGER.crl(SIGNER.serial), NIGER.crl(made=AT - 9 * DAY)), (Result.FAILED, "certificate_revoked")),
        ((NIGER.crl(SIGNER.serial, made=AT - 9 * DAY), FRESH), (Result.FAILED, "certificate_revoked")),
        ((NIGER.crl(made=AT - 200 * DAY), FRESH), (Result.SUCCESSFUL, "")),
    ],
)
def test_revocation(crls: tuple[object, ...], expected: tuple[Result, str]) -> None:
    assert leaf(check_chain(SIGNER, trust(crls=crls), AT), "revocation") == expected


def test_a_list_of_an_older_key_counts_for_its_own_signers_alone() -> None:
    """What a key revoked stays revoked when the state's newer key begins its own list; a serial may be given twice."""
    newer = Authority("NE", "CSCA 2")
    anchors = (*ANCHORS, Anchor(newer.certificate, "bilateral"))
    lists = (NIGER.crl(SIGNER.serial, made=AT - 30 * DAY), newer.crl(5))
    old = check_chain(SIGNER, trust(*anchors, crls=lists), AT)
    assert leaf(old, "revocation") == (Result.FAILED, "certificate_revoked")
    _, twin = newer.signer(serial=SIGNER.serial)
    assert check_chain(twin, trust(*anchors, crls=lists), AT).result is Result.SUCCESSFUL
    # The newest list of the state speaks of the signers of all its keys.
    lists = (NIGER.crl(made=AT - 30 * DAY), newer.crl(SIGNER.serial))
    assert leaf(check_chain(SIGNER, trust(*anchors, crls=lists), AT), "revocation")[1] == "certificate_revoked"


def test_a_signer_that_a_defect_list_withdraws_is_revoked_without_a_crl() -> None:
    withdrawn = Defect("NE", "certificate_revoked", SIGNER.fingerprint, "notice 7")
    check = check_chain(SIGNER, trust(defects=(withdrawn,)), AT)
    assert leaf(check, "revocation") == (Result.FAILED, "certificate_revoked")
    other = Defect("NE", "certificate_revoked", "00", "notice 7")
    assert check_chain(SIGNER, trust(defects=(other,)), AT).result is Result.SUCCESSFUL


@pytest.mark.parametrize(
    ("named", "revoked"),
    [
        (SIGNER.fingerprint, True),
        (f"sha {SIGNER.fingerprint}", True),
        (f"key {SIGNER.subject_key_id.hex()}", True),
        (f"C=NE,CN=CSCA {SIGNER.serial:x}", True),
        (f"C=NE,CN=CSCA {SIGNER.serial + 1:x}", False),
        (f"C=LY,CN=CSCA {SIGNER.serial:x}", False),
        ("key ", False),
        ("NE", False),
    ],
    ids=["fingerprint", "sha", "key", "serial", "other serial", "other state", "no key", "state"],
)
def test_a_defect_names_its_signer_as_lists_do(named: str, revoked: bool) -> None:
    """A list that does not say the state names the signer all the same."""
    check = check_chain(SIGNER, trust(defects=(Defect("", "certificate_revoked", named),)), AT)
    assert (check.result is Result.FAILED) == revoked


def test_what_is_known_to_be_wrong_is_undetermined_and_never_good() -> None:
    late = SIGNER.not_after + DAY
    known = Defect("NE", "certificate_expired", SIGNER.fingerprint, "deviation list")
    found = check_chain(SIGNER, trust(defects=(known,)), late)
    assert leaf(found, "validity") == (Result.UNDETERMINED, "known_defect")
    elsewhere = Defect("LY", "certificate_expired")
    assert leaf(check_chain(SIGNER, trust(defects=(elsewhere,)), late), "validity")[0] is Result.FAILED


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"ca": True}, (Result.FAILED, "certificate_of_authority")),
        ({"country": "LY"}, (Result.FAILED, "country_differs")),
        (
            {"extensions": ((x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.23.136.1.1.3")]), True),)},
            (Result.FAILED, "certificate_for_other_use"),
        ),
        (
            {"extensions": ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\0"), True),)},
            (Result.UNDETERMINED, "extension_unknown"),
        ),
        (
            {"extensions": ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\0"), False),)},
            (Result.SUCCESSFUL, ""),
        ),
    ],
)
def test_a_certificate_is_used_for_what_it_is_for(told: dict[str, object], expected: tuple[Result, str]) -> None:
    _, signer = NIGER.signer(**told)
    assert leaf(check_chain(signer, trust(), AT), "extensions") == expected


def test_the_version_follows_the_content_and_not_its_order() -> None:
    one = trust()
    assert one.version == trust(*reversed(ANCHORS)).version
    assert len({one.version, trust(ANCHORS[0]).version, trust(crls=()).version, trust(signers=(SIGNER,)).version,
                trust(defects=(Defect("NE", "certificate_expired"),)).version}) == 5  # fmt: skip


def test_what_is_remembered_ends_with_the_anchor_and_never_hides_a_time() -> None:
    before = trust()
    assert check_chain(SIGNER, before, AT).result is Result.SUCCESSFUL
    # The same value, later: the signer is remembered, its time is over.
    assert leaf(check_chain(SIGNER, before, SIGNER.not_after + DAY), "validity")[1] == "certificate_expired"
    # Another value without the anchor remembers nothing.
    assert check_chain(SIGNER, trust(ANCHORS[1]), AT).result is Result.UNDETERMINED
    # With a list that revokes it.
    assert check_chain(SIGNER, trust(crls=(NIGER.crl(SIGNER.serial),)), AT).result is Result.FAILED


def test_only_what_an_anchor_signed_is_remembered() -> None:
    store = trust()
    forged = replace(SIGNER, signature=b"\x30\x06\x02\x01\x01\x02\x01\x01", fingerprint="f", der=b"forged")
    with pytest.raises(SignatureWrong):
        store.anchor_of(forged)
    store.anchor_of(SIGNER)
    assert list(store._signed) == [SIGNER.der]


def test_keys_of_other_kinds() -> None:
    state = Authority("TN", key=rsa.generate_private_key(65537, 2048))
    _, signer = state.signer(key=ec.generate_private_key(ec.BrainpoolP384R1()))
    assert check_chain(signer, Trust((Anchor(state.certificate, ""),), (state.crl(),)), AT).result is Result.SUCCESSFUL


# The colour (decision 0046) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("crls", "at", "expected"),
    [
        ((), AT, Result.SUCCESSFUL),
        ((FRESH,), AT, Result.SUCCESSFUL),
        ((FRESH,), AT + 100 * DAY, Result.UNDETERMINED),
        ((NIGER.crl(SIGNER.serial),), AT, Result.FAILED),
        ((), SIGNER.not_after + DAY, Result.FAILED),
    ],
)
def test_a_list_that_was_never_here_leaves_the_colour_alone(
    crls: tuple[Crl, ...], at: dt.datetime, expected: Result
) -> None:
    check = check_chain(SIGNER, trust(crls=crls), at)
    assert beside_missing_lists(check) is expected
    assert beside_missing_lists(group("chip", (group("chip.passive", (check,)),))) is expected


def test_a_state_that_is_not_here_stays_undetermined_whatever_lists_there_are() -> None:
    assert beside_missing_lists(check_chain(SIGNER, trust(ANCHORS[1], crls=()), AT)) is Result.UNDETERMINED
