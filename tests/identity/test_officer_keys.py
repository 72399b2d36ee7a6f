"""Officers' own keys: hers alone, certified by her state, on what she approved and nothing else."""

import base64
import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant, allow
from jiwar.access.services import actor_of_person, as_node
from jiwar.identity.certification import install_paper, request_certificate
from jiwar.identity.keys import key_id
from jiwar.identity.logic.bundles import write_bundle
from jiwar.identity.logic.certificates import Subject, certify, read_request
from jiwar.identity.logic.revocations import Entry, write_by_root
from jiwar.identity.logic.roots import Root as RootKey
from jiwar.identity.logic.roots import write_root
from jiwar.identity.logic.signed import key_hash
from jiwar.identity.logic.wrapping import OfficerSigner, PasswordWrong, unwrap, wrap
from jiwar.identity.models import Agency, OfficerKey, Person
from jiwar.identity.officer_keys import TRIES, make_officer_key, request_of, unlock
from jiwar.identity.papers import read_bundle
from jiwar.identity.queries import signs
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, add_person, make_own_keys
from jiwar.identity.trust import meet_root, take_certificate, take_list
from jiwar.records.arrivals import check
from jiwar.records.content import Body, Line
from jiwar.records.drafts import approve_draft, save_draft, submit_draft
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.models import Record
from jiwar.records.services import terms
from jiwar.records.statement import Approval, content_hash
from jiwar.wire.faults import Refused
from jiwar.wire.ids import uuid7
from tests.console import client_of, text
from tests.foreign import ForeignNode

LIBYA, NIGER = RootKey.of("LBY", bytes(32)), RootKey.of("NER", bytes(32))
PASSWORD = "two camels and a well"
OFFICER = "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b"
PRIVATE = Ed25519PrivateKey.generate()
WRAPPED = wrap(PRIVATE, OFFICER, PASSWORD)
PUBLIC = PRIVATE.public_key().public_bytes_raw()


class Note(Body):
    """A body of a kind that exists in these tests alone."""

    text: Line


@pytest.fixture
def kind() -> Any:
    new = register(Kind("test.approved", 1, Note, four_eyes=True))
    yield new
    del KINDS["test.approved", 1]


@pytest.fixture
def own(db: None, settings: Any, tmp_path: Path) -> None:
    settings.KEYS = tmp_path / "keys"
    cache.clear()
    make_own_keys()


def person(name: str, role: Role) -> Person:
    agency, _ = Agency.objects.get_or_create(code="cp", defaults={"name": "Contact point"})
    return add_person(name, name.title(), "a long walk in the Fezzan", agency=agency, roles=[role])


def certified(of: Subject, root: RootKey = LIBYA, days: int = 90) -> dict[str, Any]:
    now = timezone.now()
    return write_bundle(write_root(root, now), certify(root, of, now, days, uuid7(now)))


def install_key(officer: Person) -> OfficerKey:
    row = make_officer_key(officer, PASSWORD)
    install_paper(certified(read_request(request_of(officer)).of), heard=LIBYA.public.fingerprint, by="admin")
    return row


def grant(officer: Person) -> Grant:
    return allow(actor_of_person(officer), Permission.AGREEMENTS_AGREEMENT_READ)


def code_of(work: Any) -> str:
    with pytest.raises(Refused) as refused:
        work()
    return refused.value.faults[0].code


class TestWrapping:
    def test_the_password_opens_the_key_and_another_does_not(self) -> None:
        signer = unwrap(WRAPPED, OFFICER, PUBLIC, PASSWORD)
        assert signer.public == PUBLIC
        for officer, public, password in (
            (OFFICER, PUBLIC, PASSWORD + " "),
            (OFFICER, PUBLIC, ""),
            (OFFICER.replace("0", "1", 1), PUBLIC, PASSWORD),
            (OFFICER, bytes(32), PASSWORD),
        ):
            with pytest.raises(PasswordWrong):
                unwrap(WRAPPED, officer, public, password)
        assert PRIVATE.private_bytes_raw() not in WRAPPED
        assert wrap(PRIVATE, OFFICER, PASSWORD) != WRAPPED

    @hypothesis_settings(max_examples=10)
    @given(st.integers(0, len(WRAPPED) - 1), st.integers(1, 255))
    def test_altered_bytes_open_nothing(self, at: int, flip: int) -> None:
        altered = bytearray(WRAPPED)
        altered[at] ^= flip
        with pytest.raises(PasswordWrong):
            unwrap(bytes(altered), OFFICER, PUBLIC, PASSWORD)

    @pytest.mark.parametrize("length", [0, 5, 28, 60])
    def test_cut_bytes_open_nothing(self, length: int) -> None:
        with pytest.raises(PasswordWrong):
            unwrap(WRAPPED[:length], OFFICER, PUBLIC, PASSWORD)


@pytest.mark.usefixtures("own")
class TestOwn:
    def test_a_key_is_hers_and_is_of_use_when_it_is_certified(self) -> None:
        salem = person("salem", Role.APPROVER)
        assert unlock(str(salem.id), "") is None
        row = make_officer_key(salem, PASSWORD)
        asked = read_request(request_of(salem)).of
        assert (asked.subject, asked.role) == (str(salem.id), "approver")
        assert not signs(str(salem.id))
        assert unlock(str(salem.id), "") is None
        install_paper(certified(asked), heard=LIBYA.public.fingerprint, by="admin")
        assert signs(str(salem.id))
        signer = unlock(str(salem.id), PASSWORD)
        assert signer is not None
        assert key_id(signer.public) == row.id
        with time_machine.travel(timezone.now().replace(year=timezone.now().year + 1)):
            assert unlock(str(salem.id), "") is None

    def test_a_new_key_ends_the_one_before(self) -> None:
        salem = person("salem", Role.APPROVER)
        install_key(salem)
        make_officer_key(salem, PASSWORD + "!")
        assert OfficerKey.objects.filter(dropped_at=None).count() == 1
        assert not signs(str(salem.id))

    def test_a_wrong_password_is_counted_and_closes_the_key_for_a_while(self) -> None:
        salem = person("salem", Role.APPROVER)
        install_key(salem)
        assert code_of(lambda: unlock(str(salem.id), "")) == "officer_password_missing"
        for _ in range(TRIES):
            assert code_of(lambda: unlock(str(salem.id), "wrong")) == "officer_password_wrong"
        assert code_of(lambda: unlock(str(salem.id), PASSWORD)) == "officer_key_locked"
        cache.clear()
        assert unlock(str(salem.id), PASSWORD) is not None

    def test_a_role_without_keys_and_a_weak_password_are_refused(self) -> None:
        assert code_of(lambda: make_officer_key(person("zara", Role.FIELD_OFFICER), PASSWORD)) == "role_has_no_key"
        assert code_of(lambda: make_officer_key(person("salem", Role.APPROVER), "short")) == "password_weak"
        assert not OfficerKey.objects.exists()

    def test_an_approval_carries_her_signature_and_without_her_password_there_is_none(self, kind: Kind) -> None:
        amal, salem = person("amal", Role.CONTACT_OFFICER), person("salem", Role.APPROVER)
        row = install_key(salem)
        plain = kind.content.model_validate(terms("border_check", "law", 30, Note(text="x"))).model_dump(mode="json")
        draft = submit_draft(grant(amal), save_draft(grant(amal), kind, plain))
        by = grant(salem)
        assert code_of(lambda: approve_draft(by, draft, draft.content_hash)) == "officer_password_missing"
        record = approve_draft(by, draft, draft.content_hash, "", unlock(str(salem.id), PASSWORD))
        approval = Approval(**record.data["approval"])
        assert (approval.key, approval.approver) == (row.id, str(salem.id))
        checked = check(record.statement.encode(), record.signing_key, record.signature)
        assert checked.data["approval"]["key"] == row.id

    def test_without_a_key_an_approval_is_as_it_was(self, kind: Kind) -> None:
        amal, salem = person("amal", Role.CONTACT_OFFICER), person("salem", Role.APPROVER)
        plain = kind.content.model_validate(terms("border_check", "law", 30, Note(text="x"))).model_dump(mode="json")
        draft = submit_draft(grant(amal), save_draft(grant(amal), kind, plain))
        record = approve_draft(grant(salem), draft, draft.content_hash)
        assert set(record.data["approval"]) == {"author", "approver", "content_hash"}

    def test_the_account_page_says_what_a_forgotten_password_means(self, settings: Any) -> None:
        settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
        salem, client = person("salem", Role.APPROVER), Client()
        assert client.get("/account/signature-key/").status_code == 302
        client.force_login(salem, backend="django.contrib.auth.backends.ModelBackend")
        client.cookies["jiwar_language"] = "en"
        assert "If you forget it, the key is useless" in text(client.get("/account/signature-key/"))
        assert client.get("/account/signature-key/request/").status_code == 404
        for wrong in ({"password": PASSWORD, "again": "x"}, {"password": "short", "again": "short"}, {}):
            assert client.post("/account/signature-key/", wrong).status_code == 422
        assert client.post("/account/signature-key/", {"password": PASSWORD, "again": PASSWORD}).status_code == 302
        assert "not certified" in text(client.get("/account/signature-key/"))
        asked = json.loads(client.get("/account/signature-key/request/").content)
        install_paper(certified(read_request(asked).of), heard=LIBYA.public.fingerprint, by="admin")
        assert "certified until" in text(client.get("/account/signature-key/"))
        zara = client_of(person("zara", Role.FIELD_OFFICER))
        assert zara.get("/account/signature-key/").status_code == 404

    def test_no_private_key_and_no_password_is_in_the_database_or_the_ledger(self) -> None:
        salem = person("salem", Role.APPROVER)
        install_key(salem)
        signer = unlock(str(salem.id), PASSWORD)
        raw = signer.private.private_bytes_raw()
        with connection.cursor() as cursor:
            everything = []
            for table in connection.introspection.table_names():
                cursor.execute(f'SELECT * FROM "{table}"')
                everything += [str(row) for row in cursor.fetchall()]
        for secret in (PASSWORD, raw.hex(), base64.b64encode(raw).decode()):
            assert not any(secret in row for row in everything)


@pytest.mark.usefixtures("own")
class TestReceived:
    @pytest.fixture
    def niger(self) -> ForeignNode:
        node = ForeignNode("NER")
        node.certify(NIGER)
        add_node(node.card())
        return node

    def know(self, role: str = "approver", state: RootKey = NIGER, subject: str = OFFICER) -> None:
        of = Subject(state.state, subject, role, {"approval": PUBLIC})
        file, certificate = read_bundle(certified(of, state))
        take_certificate(certificate, meet_root(file, state.state), by=state.state)

    def said(self, niger: ForeignNode, kind: Kind, *, signer: Any = None, origin: str = "NER", **changes: Any) -> Any:
        content = kind.content.model_validate(terms("border_check", "law", 30, Note(text="x"))).model_dump(mode="json")
        approval = Approval("NER-author", OFFICER, content_hash(kind.name, 1, content), key_id(PUBLIC))
        signature = (signer or OfficerSigner(PRIVATE)).sign(approval.signed(origin))
        plain = approval.as_json() | {"signature": base64.b64encode(signature).decode()} | changes
        return niger.statement(kind, content, approval=plain)

    def refusal(self, signed: Any) -> str:
        try:
            check(*signed)
        except Refused as refused:
            return refused.faults[0].code
        return ""

    def test_an_approvers_own_signature_is_verified(self, niger: ForeignNode, kind: Kind) -> None:
        assert self.refusal(self.said(niger, kind)) == "key_unknown"
        self.know()
        assert self.refusal(self.said(niger, kind)) == ""
        stranger = OfficerSigner(Ed25519PrivateKey.generate())
        for signed in (
            self.said(niger, kind, signer=stranger),
            self.said(niger, kind, origin="LBY"),
            self.said(niger, kind, signature="AAAA"),
            self.said(niger, kind, signature="?"),
            self.said(niger, kind, author="another"),
        ):
            assert self.refusal(signed) == "approval_signature_wrong"
        assert self.refusal(self.said(niger, kind, approver=OFFICER.replace("0", "1", 1))) == "key_of_other_person"

    def test_a_signer_in_another_role_is_refused(self, niger: ForeignNode, kind: Kind) -> None:
        self.know("contact_officer")
        assert self.refusal(self.said(niger, kind)) == "key_of_other_role"

    def test_a_nodes_key_is_no_officers(self, niger: ForeignNode, kind: Kind) -> None:
        self.know()
        node_key = niger.ring.signing[0]
        assert self.refusal(self.said(niger, kind, signer=node_key, key=node_key.id)) == "key_unknown"

    def test_an_officer_of_another_state_approves_nothing_here(self, niger: ForeignNode, kind: Kind) -> None:
        tunisia = RootKey.of("TUN", bytes(32))
        node = ForeignNode("TUN")
        node.certify(tunisia)
        add_node(node.card())
        self.know(state=tunisia)
        assert self.refusal(self.said(niger, kind)) == "key_of_other_person"

    def test_a_revoked_officer_approves_no_longer(self, niger: ForeignNode, kind: Kind) -> None:
        self.know()
        retired = [Entry(key_hash(PUBLIC), "retired", timezone.now() - dt.timedelta(hours=1))]
        take_list(write_by_root(NIGER, 1, timezone.now(), retired), by="NER")
        assert self.refusal(self.said(niger, kind)) == "key_revoked"

    @pytest.mark.parametrize(
        "changes", [{"key": ""}, {"key": 5}, {"signature": None}, {"more": "x"}, {"key": "0" * 16}]
    )
    def test_half_an_approval_is_refused(self, niger: ForeignNode, kind: Kind, changes: dict[str, Any]) -> None:
        self.know()
        assert self.refusal(self.said(niger, kind, **changes)) in {"approval_missing", "key_unknown"}


@pytest.mark.usefixtures("own")
def test_the_node_says_its_officers_certificates_to_the_neighbours() -> None:
    from jiwar.exchange.directory import tend

    add_node(ForeignNode("NER").card())
    of = read_request(request_certificate()).of
    install_paper(certified(of, days=180), heard=LIBYA.public.fingerprint, by="admin")
    install_key(person("salem", Role.APPROVER))
    tend(as_node(Permission.EXCHANGE_MESSAGE_PASS), timezone.now())
    [record] = Record.objects.filter(kind="key.certificate")
    assert record.body["bundle"]["certificate"]["role"] == "approver"
