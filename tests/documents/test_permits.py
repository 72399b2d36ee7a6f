"""Permits: two people, one blank, one seal that is read back; printed, revoked, replaced; and what is refused."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused
from jiwar.access.services import actor_of_person, as_node
from jiwar.audit.models import Leaf
from jiwar.documents import permit_papers, permits, revoked_seals, signer, stock
from jiwar.documents.barcodes import barcodes_of
from jiwar.documents.logic import permits as said
from jiwar.documents.logic import seal_signers
from jiwar.documents.logic.mrz import read_mrz
from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.logic.report import Check, Result
from jiwar.documents.logic.seal import read_seal
from jiwar.documents.logic.seal_checking import check_seal
from jiwar.documents.logic.seal_profiles import read_content
from jiwar.documents.logic.trust import Anchor, Trust
from jiwar.documents.models import Blank, Permit
from jiwar.documents.queries import waiting
from jiwar.documents.seal_catalogue import profiles
from jiwar.records.models import Record
from jiwar.records.services import expire
from jiwar.wire.faults import Refused
from tests.documents.issuing import TYPES, Office, convoy, crossing, emergency
from tests.documents.paper import Shot, photographed, printed

CHILD = {"role": "child", "name": "Idrissa", "birth": "2015"}
CAMEL = {"species": "camel", "count": 1}
LETTERS = {"convoy": "CV", "crossing": "CP", "emergency": "EM"}
needs_pango = pytest.mark.skipif(
    not permit_papers.is_available(), reason="no Pango on this machine (`make test` installs it)"
)


@pytest.fixture
def office(db: None, settings: Any, tmp_path: Path) -> Office:
    settings.KEYS = tmp_path / "keys"
    made = Office.make(settings.KEYS)
    for type_, letters in LETTERS.items():
        made.blanks(type_, f"{letters}000001", f"{letters}000009")
    return made


@pytest.fixture
def today() -> dt.date:
    return timezone.localdate()


def codes(refused: Any) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in refused.value.faults]


def test_a_permit_takes_two_people_one_blank_and_a_seal_that_is_read_back(office: Office, today: dt.date) -> None:
    for type_, letters in LETTERS.items():
        body = TYPES[type_](f"{letters}000001", today)
        draft = office.submitted(body)
        alone = office.by(P.DOCUMENTS_PERMIT_APPROVE, office.approver)
        with pytest.raises(AccessRefused):
            office.by(P.DOCUMENTS_PERMIT_APPROVE, office.author)
        with pytest.raises(Refused) as refused:
            permits.approve_permit(alone, draft.pk, "0" * 64)
        assert codes(refused) == [("approval_of_other_content", "")]
        permit = permits.approve_permit(alone, draft.pk, draft.content_hash)
        seal = read_seal(bytes(permit.seal))
        profile = profiles()[said.PROFILES[type_]]
        assert read_content(seal, profile).values == said.seal_values(permit.record.body)
        assert (seal.header.country, seal.header.signer) == ("LBY", "LY01")
        assert seal.header.certificate == signer.current().reference
        public = signer.current().certificate.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        r, s = (int.from_bytes(part, "big") for part in (seal.signature[:32], seal.signature[32:]))
        public.verify(utils.encode_dss_signature(r, s), seal.signed, ec.ECDSA(hashes.SHA256()))
        blank = Blank.objects.get(permit=permit.uid)
        assert (str(blank), blank.state) == (f"{letters}000001", Blank.State.USED)
        leaf = Leaf.objects.get(act="permit_issued", subject=str(permit.uid))
        assert leaf.purpose == "document_issuing"
        assert permit.digest in leaf.content
        # The blank is used: the same number is not issued again.
        with pytest.raises(Refused) as refused:
            office.submitted(body)
        assert codes(refused) == [("blank_not_yours", "body.number")]


def test_an_emergency_document_has_a_zone_that_any_reader_takes(office: Office, today: dt.date) -> None:
    permit = office.issued(emergency("EM000001", today))
    zone = read_mrz(said.zone(permit.record.body), today)
    assert (zone.document_code, zone.issuer, zone.number, zone.surname) == ("PU", "LBY", "EM000001", "BEN ALI")
    assert not zone.problems
    assert all(check.ok for check in zone.checks)


@pytest.mark.parametrize(
    ("make", "more", "fault"),
    [
        (crossing, {"zones": []}, ("missing", "body.zones")),
        (crossing, {"kind": ""}, ("missing", "body.kind")),
        (crossing, {"route": ["SEBHA"]}, ("not_of_this_type", "body.route")),
        (crossing, {"valid_until": "2020-01-01"}, ("ends_before_start", "body.valid_until")),
        (crossing, {"zones": ["KAWAR", "KAWAR"]}, ("said_twice", "body.zones")),
        (crossing, {"seasons": [{"start": "02-30", "end": "03-31"}]}, ("wrong_form", "body.seasons.0")),
        (crossing, {"family": [CHILD | {"birth": "2015-13"}]}, ("wrong_form", "body.family.0.birth")),
        (crossing, {"herd": [CAMEL, CAMEL | {"count": 2}]}, ("said_twice", "body.herd")),
        (convoy, {"crew": []}, ("missing", "body.crew")),
        (convoy, {"days": 100}, ("permit_too_long", "body.valid_until")),
        (emergency, {"destination": ""}, ("missing", "body.destination")),
        (emergency, {"blank": "CP000002"}, ("blank_not_yours", "body.number")),
        (emergency, {"blank": "EM000099"}, ("blank_not_yours", "body.number")),
        (crossing, {"replaces": "CP000009"}, None),
    ],
)  # fmt: skip
def test_what_no_second_person_is_asked_about(
    make: Any, more: dict[str, Any], fault: Any, office: Office, today: dt.date
) -> None:
    letters = {"convoy": "CV", "crossing": "CP", "emergency": "EM"}[make.__name__]
    if days := more.pop("days", None):
        more["valid_until"] = (today + dt.timedelta(days=days)).isoformat()
    body = make(more.pop("blank", f"{letters}000001"), today, **more)
    if fault is None:  # nothing is there to replace: the approval fails whole
        draft = office.submitted(body)
        with pytest.raises(Refused) as refused:
            permits.approve_permit(office.by(P.DOCUMENTS_PERMIT_APPROVE), draft.pk, draft.content_hash)
        assert codes(refused) == [("permit_not_valid", "body.replaces")]
        assert not Permit.objects.exists()
        assert not Blank.objects.filter(state=Blank.State.USED).exists()
        return
    with pytest.raises(Refused) as refused:
        office.submitted(body)
    assert fault in codes(refused)


def test_without_a_signer_nothing_is_issued(office: Office, today: dt.date, settings: Any) -> None:
    draft = office.submitted(crossing("CP000001", today))
    (settings.KEYS / signer.FILE).unlink()
    with pytest.raises(Refused) as refused:
        permits.approve_permit(office.by(P.DOCUMENTS_PERMIT_APPROVE), draft.pk, draft.content_hash)
    assert codes(refused) == [("signer_missing", "")]
    assert not Record.objects.filter(kind="document.permit").exists()


def test_a_seal_that_does_not_read_back_is_not_issued(
    office: Office, today: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = office.submitted(crossing("CP000001", today))
    # A module that answers with a signature of something else.
    honest = signer.Signer.sign
    monkeypatch.setattr(signer.Signer, "sign", lambda self, data: honest(self, data + b"."))
    with pytest.raises(Refused) as refused:
        permits.approve_permit(office.by(P.DOCUMENTS_PERMIT_APPROVE), draft.pk, draft.content_hash)
    assert codes(refused) == [("seal_not_proven", "")]
    assert not Permit.objects.exists()


@needs_pango
def test_a_paper_is_printed_in_both_languages_and_its_own_barcode_is_the_seal(office: Office, today: dt.date) -> None:
    every = os.environ.get("SHOTS")
    for type_, form, language in (
        [(t, f, code) for t in LETTERS for f in permit_papers.FORMS for code in permit_papers.LANGUAGES]
        if every
        else [("crossing", "a4", "ar"), ("emergency", "card", "fr")]
    ):
        number = f"{LETTERS[type_]}000001"
        permit = Permit.objects.filter(number=number).first() or office.issued(TYPES[type_](number, today))
        made = permits.print_permit(office.by(P.DOCUMENTS_PERMIT_READ), permit.uid, form, language)
        assert made is not None
        assert permit_papers.seal_in(made.pdf) == bytes(permit.seal)
        assert made.file_name == f"{number}.pdf"
        assert Leaf.objects.filter(act="permit_printed", subject=str(permit.uid)).exists()
        if every:
            Path(every, f"{type_}-{form}-{language}.pdf").write_bytes(made.pdf)


@needs_pango
def test_a_paper_whose_barcode_says_something_else_is_not_handed_out(
    office: Office, today: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = office.issued(emergency("EM000001", today))
    other = bytes(office.issued(emergency("EM000002", today)).seal)
    honest = permit_papers.barcode
    monkeypatch.setattr(permit_papers, "barcode", lambda _raw: honest(other))
    with pytest.raises(Refused) as refused:
        permits.print_permit(office.by(P.DOCUMENTS_PERMIT_READ), permit.uid, "card", "fr")
    assert codes(refused) == [("paper_unreadable", "")]
    for form, language in (("a5", "fr"), ("a4", "en")):
        with pytest.raises(Refused) as refused:
            permits.print_permit(office.by(P.DOCUMENTS_PERMIT_READ), permit.uid, form, language)
        assert codes(refused) == [("not_in_list", "form")]


def test_a_revoked_permit_is_withdrawn_and_listed_and_not_printed(office: Office, today: dt.date) -> None:

    permit, other = (
        office.issued(crossing(f"CP00000{i}", today, valid_until=str(today + dt.timedelta(days=i)))) for i in (1, 2)
    )
    by = office.by(P.DOCUMENTS_PERMIT_REVOKE)
    assert revoked_seals.is_revoked(read_seal(bytes(permit.seal))) is None  # no list yet: not known
    revoked_seals.keep_list(by, timezone.now())
    revoked_seals.keep_list(by, timezone.now())
    assert Record.objects.get(kind="document.revoked").body["count"] == 0
    assert revoked_seals.is_revoked(read_seal(bytes(permit.seal))) is False
    with pytest.raises(Refused) as refused:
        permits.revoke_permit(by, permit.uid, "dislike")
    assert codes(refused) == [("not_in_list", "reason")]
    permits.revoke_permit(by, permit.uid, "stolen")
    permit.refresh_from_db()
    assert permit.state == Permit.State.REVOKED
    assert permit.record.state == Record.State.WITHDRAWN
    assert revoked_seals.is_revoked(read_seal(bytes(permit.seal)))
    assert revoked_seals.is_revoked(read_seal(bytes(other.seal))) is False
    for act in (
        lambda: permits.revoke_permit(by, permit.uid, "stolen"),
        lambda: permits.print_permit(office.by(P.DOCUMENTS_PERMIT_READ), permit.uid, "a4", "fr"),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert codes(refused) == [("permit_not_valid", "")]


@needs_pango
def test_a_photographed_paper_is_verified_offline_and_refused_once_a_list_says_so(
    office: Office, today: dt.date
) -> None:
    """The barcode of the file, printed at 300 dpi, in a hand that shakes; the journey of its name has the nodes."""
    permit = office.issued(crossing("CP000001", today))
    revoked_seals.keep_list(office.by(P.DOCUMENTS_PERMIT_READ), timezone.now())
    made = permits.print_permit(office.by(P.DOCUMENTS_PERMIT_READ), permit.uid, "a4", "fr")
    assert made is not None
    photo = photographed(printed(modules_of(made.pdf), 5), Shot(degrees=17, tilt=0.04, blur=0.1))
    [barcode] = barcodes_of(photo)
    now = signer.current()
    authority = read_certificate(seal_signers.der(now.authority))
    trust = Trust((Anchor(authority, "bilateral:LBY"),), (), (read_certificate(now.der),))

    def check(at: dt.datetime) -> Check:
        return check_seal(barcode.data, trust, at, profiles(), revoked_seals.is_revoked)

    tomorrow = timezone.now() + dt.timedelta(days=1)
    leaves = {each.id: each for each in check(tomorrow).walk() if not each.children}
    assert not [each for each in leaves.values() if each.result == Result.FAILED]
    for name in ("seal.signature", "seal.document_type", "seal.validity", "seal.revocation"):
        assert leaves[name].result == Result.SUCCESSFUL
    permits.revoke_permit(office.by(P.DOCUMENTS_PERMIT_REVOKE), permit.uid, "stolen")
    found = check(tomorrow)
    assert found.result == Result.FAILED
    assert [each.code for each in found.walk() if each.result == Result.FAILED and not each.children] == [
        "seal_revoked"
    ]


def modules_of(pdf: bytes) -> Any:
    """The modules of the barcode in a PDF."""
    [picture] = permit_papers.pictures(pdf)
    side = permit_papers.MODULE
    return np.asarray(picture)[side // 2 :: side, side // 2 :: side]


def test_who_must_sign_and_approve_is_told_at_home(office: Office, today: dt.date) -> None:
    author, approver = (actor_of_person(person) for person in (office.author, office.approver))
    office.submitted(crossing("CP000001", today))
    stock.hand_over(office.by(P.DOCUMENTS_STOCK_MANAGE), "CP000005", "CP000006", approver.id)
    assert [(each.what, each.count) for each in waiting(approver) if each.count] == [("permits", 1), ("blanks", 1)]
    assert not [each for each in waiting(author) if each.count]


def test_a_replacement_revokes_what_it_replaces_in_one_act(office: Office, today: dt.date) -> None:
    first = office.issued(crossing("CP000001", today))
    second = office.issued(crossing("CP000002", today, replaces="CP000001"))
    first.refresh_from_db()
    assert (first.state, second.state) == (Permit.State.REVOKED, Permit.State.VALID)
    leaf = Leaf.objects.get(act="permit_revoked", subject=str(first.uid))
    assert "CP000002" in leaf.content


def test_what_is_read_is_in_the_ledger_and_what_is_over_is_gone(office: Office, today: dt.date) -> None:
    kept, revoked = office.issued(crossing("CP000001", today)), office.issued(crossing("CP000002", today))
    reading = office.by(P.DOCUMENTS_PERMIT_READ)
    assert [row.number for row in permits.list_permits(reading, "ould kh")] == ["CP000002", "CP000001"]
    assert [row.number for row in permits.list_permits(reading, "cp000001")] == ["CP000001"]
    assert permits.open_permit(reading, kept.uid) is not None
    assert Leaf.objects.filter(act="permits_listed").count() == 2
    assert Leaf.objects.get(act="permit_read").subject == str(kept.uid)
    permits.revoke_permit(office.by(P.DOCUMENTS_PERMIT_REVOKE), revoked.uid, "error")
    last = timezone.now() + dt.timedelta(days=200 + 60 + 2)
    expire(as_node(P.RECORDS_ENDED_READ), last)
    permits.forget(as_node(P.RECORDS_ENDED_READ), last)
    assert not Permit.objects.exists()
    assert Leaf.objects.filter(act="permits_forgotten").exists()
    assert Blank.objects.filter(state=Blank.State.USED).count() == 2  # the count of blanks stays


NAMES = st.text(alphabet=st.characters(whitelist_categories=("Lu", "Ll"), max_codepoint=0x17F), min_size=1, max_size=40)


@given(NAMES, NAMES)
def test_a_name_in_a_seal_is_capitals_and_fillers_alone(surname: str, given_names: str) -> None:
    name = said.mrz_name(surname, given_names)
    assert len(name) <= said.MOST_NAME
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ<")
    assert not name.endswith("<")


@pytest.mark.parametrize(
    ("birth", "masked"),
    [("", "XXXX-XX-XX"), ("1984", "1984-XX-XX"), ("1984-03", "1984-03-XX"), ("1984-03-09", "1984-03-09")],
)
def test_what_is_not_known_of_a_birth_is_said_to_be_unknown(birth: str, masked: str) -> None:
    assert said.masked(birth) == masked


def test_a_name_loses_its_accents_and_apostrophes_and_keeps_its_parts() -> None:
    assert said.latin("N’Guessan-Bâ  Éloïse") == "NGUESSAN BA ELOISE"
    assert said.mrz_name("Ould Khattar", "Salem") == "OULD<KHATTAR<<SALEM"
