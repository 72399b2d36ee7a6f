"""Certificates: what a root signs holds, for its state, its subject, its keys and its time, and nothing else does."""

import copy
import datetime as dt
from typing import Any

import pytest

from jiwar.identity.keys import KeyRing
from jiwar.identity.logic.certificates import Subject, certify, read_certificate, read_request, write_request
from jiwar.identity.logic.roots import Root
from jiwar.identity.logic.signed import PaperRefused
from jiwar.wire.ids import uuid7

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
ROOT, OTHER = Root.of("LBY", bytes(32)), Root.of("LBY", bytes([1] * 32))
RING = KeyRing.make()
OFFICER = "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b"


def of(subject: str = "LBY", role: str = "national", ring: KeyRing = RING) -> Subject:
    keys = {"signing": ring.signing[0].public, "sealing": ring.sealing[0].public, "cosigning": ring.cosigning[0].public}
    return Subject("LBY", subject, role, keys)


def officer(role: str = "approver") -> Subject:
    return Subject("LBY", OFFICER, role, {"approval": RING.signing[0].public})


def certificate(subject: Subject | None = None, days: int = 180) -> dict[str, Any]:
    return certify(ROOT, subject or of(), NOW, days, uuid7(NOW))


def signed(**changes: Any) -> dict[str, Any]:
    """A certificate genuinely signed by the root, with members of our choice."""
    plain = {name: value for name, value in certificate().items() if name != "signatures"}
    return ROOT.sign("jiwar-certificate/1", plain | changes)


def code_of(data: Any, root: Root = ROOT) -> tuple[str, str]:
    with pytest.raises(PaperRefused) as error:
        read_certificate(data).verify(root.public)
    return error.value.code, error.value.field


@pytest.mark.parametrize("subject", [of(), of("LBY-GHAT", "post"), of("LBY", "secretariat"), officer()])
def test_a_certificate_says_who_as_what_and_until_when(subject: Subject) -> None:
    read = read_certificate(copy.deepcopy(certificate(subject, 90)))
    read.verify(ROOT.public)
    assert (read.of, read.root) == (subject, ROOT.public.hash)
    assert (read.not_before, read.not_after) == (NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=90))


def test_another_root_or_another_byte_is_refused() -> None:
    assert code_of(certificate(), OTHER)[0] == "certificate_of_other_root"
    assert code_of(certificate() | {"root": OTHER.public.hash}, OTHER)[0] == "paper_signature_wrong"
    stranger = of(ring=KeyRing.make())
    for changes in (
        {"not_after": "2027-11-23T12:00:00Z"},
        {"keys": certificate(stranger)["keys"]},
        {"role": "secretariat"},
        {"serial": str(uuid7(NOW))},
    ):
        assert code_of(certificate() | changes)[0] == "paper_signature_wrong", changes


def test_a_root_certifies_its_own_state_alone() -> None:
    with pytest.raises(PaperRefused, match="certificate_of_other_state"):
        certify(Root.of("NER", bytes(32)), of(), NOW, 180, uuid7(NOW))
    assert code_of(signed(subject="NER"))[0] == "certificate_of_other_state"
    foreign = Root.of("NER", bytes(32))
    plain = {name: value for name, value in certificate().items() if name != "signatures"}
    forged = foreign.sign("jiwar-certificate/1", plain | {"root": foreign.public.hash})
    assert code_of(forged, foreign)[0] == "certificate_of_other_root"


@pytest.mark.parametrize("days", [0, -1, 400, 10_000])
def test_no_certificate_stands_for_longer_than_400_days(days: int) -> None:
    with pytest.raises(PaperRefused, match="certificate_too_long"):
        certificate(days=days)
    end = (NOW + dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    start = NOW.strftime("%Y-%m-%dT%H:%M:%SZ") if days <= 0 else "2026-11-22T12:00:00Z"
    assert code_of(signed(not_before=start, not_after=end))[0] == "certificate_too_long"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": "LBY-GHAT"}, "subject"),
        ({"subject": "lby"}, "subject"),
        ({"role": "post"}, "subject"),
        ({"role": "king"}, "role"),
        ({"role": "approver"}, "subject"),
        ({"keys": {}}, "keys"),
        ({"keys": {"signing": "AAAA", "sealing": "", "cosigning": ""}}, "signing"),
        ({"serial": "7"}, "serial"),
        ({"root": "abc"}, "root"),
        ({"not_after": 5}, "not_after"),
        ({"state": ["LBY"]}, "state"),
    ],
)
def test_a_wrong_member_is_named_though_it_is_signed(changes: dict[str, Any], field: str) -> None:
    assert code_of(signed(**changes)) == ("paper_field_wrong", field)


def test_an_officers_certificate_holds_no_nodes_keys_and_a_nodes_no_officers() -> None:
    plain = {name: value for name, value in certificate(officer()).items() if name != "signatures"}
    assert code_of(ROOT.sign("jiwar-certificate/1", plain | {"keys": certificate()["keys"]}))[1] == "keys"
    assert code_of(signed(keys=plain["keys"]))[1] == "keys"


def test_a_request_proves_that_the_keys_are_held() -> None:
    asked = write_request(of(), NOW, RING.signing[0], RING.cosigning[0])
    assert read_request(copy.deepcopy(asked)).of == of()
    mine = write_request(officer(), NOW, RING.signing[0])
    assert read_request(copy.deepcopy(mine)).of == officer()
    thief = KeyRing.make()
    for forged in (
        write_request(of(), NOW, thief.signing[0], RING.cosigning[0]),
        write_request(of(), NOW, RING.signing[0], thief.cosigning[0]),
        write_request(officer(), NOW, thief.signing[0]),
        asked | {"subject": "LBY-GHAT", "role": "post"},
        mine | {"role": "contact_officer"},
    ):
        with pytest.raises(PaperRefused, match="paper_signature_wrong"):
            read_request(forged)
    for broken in (write_request(of(), NOW, RING.signing[0]), mine | {"signatures": asked["signatures"]}):
        with pytest.raises(PaperRefused, match="paper_field_wrong"):
            read_request(broken)
    for other in (certificate(), [], asked | {"v": 9}, {"format": "jiwar-certificate-request", "v": 1}):
        with pytest.raises(PaperRefused):
            read_request(other)
