"""Roots and keys at the console: read by two people, installed, rotated, revoked; by forms alone."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from jiwar.identity.cards import CardInvalid
from jiwar.identity.keys import ring
from jiwar.identity.logic.bundles import write_bundle
from jiwar.identity.logic.certificates import certify, read_request
from jiwar.identity.logic.revocations import write_by_root
from jiwar.identity.logic.roots import Root as RootKey
from jiwar.identity.logic.roots import write_root
from jiwar.identity.models import Root
from jiwar.identity.papers import read_root
from jiwar.identity.queries import KeyRefused, root_of, signing_key
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, make_own_keys
from jiwar.identity.trust import meet_root, take_list
from jiwar.wire.ids import uuid7
from tests.console import SignIn, text
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db
LIBYA, NIGER, OTHER = RootKey.of("LBY", bytes(32)), RootKey.of("NER", bytes(32)), RootKey.of("NER", bytes([1] * 32))


@pytest.fixture
def own_node(db: None, settings: Any, tmp_path: Path) -> None:
    """Keys of this test alone: it changes them."""
    settings.KEYS = tmp_path / "keys"
    make_own_keys()


@pytest.fixture
def niger() -> ForeignNode:
    node = ForeignNode("NER")
    node.certify(NIGER)
    return node


def sitting(client: Client, root: RootKey = LIBYA) -> SimpleUploadedFile:
    """What a sitting signs for the request that the console gives."""
    now = timezone.now()
    of = read_request(json.loads(client.get("/neighbours/keys/request/").content)).of
    bundle = write_bundle(write_root(root, now), certify(root, of, now, 180, uuid7(now)))
    return SimpleUploadedFile("LBY.certificate.json", json.dumps(bundle).encode())


def install(client: Client, file: SimpleUploadedFile, heard: str = LIBYA.public.fingerprint) -> Any:
    return client.post("/neighbours/keys/", {"act": "install", "file": file, "fingerprint": heard})


def test_a_node_without_a_certificate_is_called_so_on_every_page(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    for address in ("/", "/neighbours/", "/neighbours/keys/", "/neighbours/card/", "/people/"):
        assert "not certified" in text(client.get(address)), address
    assert install(client, sitting(client)).status_code == 302
    for address in ("/", "/neighbours/", "/people/"):
        assert "not certified" not in text(client.get(address)), address
    assert LIBYA.public.fingerprint in text(client.get("/neighbours/card/"))


def test_the_fingerprint_of_the_root_is_asked_for_once(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    refused = install(client, sitting(client), "0000")
    assert refused.status_code == 422
    assert "fingerprint has not been read" in text(refused)
    assert root_of("LBY") is None
    install(client, sitting(client))
    assert 'name="fingerprint"' not in client.get("/neighbours/keys/").content.decode()
    assert install(client, sitting(client), "").status_code == 302


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "cannot be read"),
        (b"{}", "another format"),
        (b"\xff\xfe", "cannot be read"),
        (b"[" * 300, "cannot be read"),
        (b" " * 300_001, "too large"),
    ],
)
def test_a_file_that_no_sitting_signed_is_refused_in_words(sign_in: SignIn, data: bytes, says: str) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    response = install(client, SimpleUploadedFile("x.json", data or b"x"))
    assert response.status_code == 422
    assert says in text(response)
    assert client.post("/neighbours/keys/", {"act": "install"}).status_code == 422
    assert client.post("/neighbours/keys/", {"act": "fly"}).status_code == 404


def test_new_keys_wait_and_a_post_is_revoked(sign_in: SignIn, settings: Any) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    revoke = {"act": "revoke", "subject": "LBY-GHAT", "reason": "compromised"}
    assert "Only a certified national node" in text(client.post("/neighbours/keys/", revoke))
    install(client, sitting(client))
    before = ring(settings.KEYS).signing[0].id
    assert client.post("/neighbours/keys/", {"act": "rotate"}).status_code == 302
    assert "new keys wait" in text(client.get("/neighbours/keys/"))
    install(client, sitting(client))
    assert ring(settings.KEYS).signing[0].id != before
    post = ForeignNode("LBY-GHAT", role="post")
    post.certify(LIBYA)
    add_node(post.card())
    for wrong in (revoke | {"reason": "x"}, revoke | {"subject": " "}, revoke | {"subject": "LBY"}):
        assert client.post("/neighbours/keys/", wrong).status_code == 422
    assert client.post("/neighbours/keys/", revoke).status_code == 302
    with pytest.raises(KeyRefused, match="key_revoked"):
        signing_key("LBY-GHAT", post.ring.signing[0].id)
    assert "revoked" in text(client.get("/neighbours/LBY-GHAT/"))


def test_a_certificate_near_its_end_waits_for_the_administrator(sign_in: SignIn) -> None:
    client, officer = sign_in(Role.ADMINISTRATOR), sign_in(Role.CONTACT_OFFICER)
    install(client, sitting(client))
    assert "certificate" not in text(client.get("/"))
    with time_machine.travel(timezone.now() + dt.timedelta(days=155)):
        for one, seen in ((sign_in(Role.ADMINISTRATOR, name="late"), True), (officer, False)):
            assert ("This node’s certificate is over or ends soon" in text(one.get("/"))) == seen
    with time_machine.travel(timezone.now() + dt.timedelta(days=181)):
        assert "certificate over" in text(sign_in(Role.ADMINISTRATOR, name="later").get("/neighbours/keys/"))


def test_another_root_is_an_alarm_that_two_people_settle(sign_in: SignIn, niger: ForeignNode) -> None:
    first, second = sign_in(Role.ADMINISTRATOR, name="one"), sign_in(Role.ADMINISTRATOR, name="two")
    add_node(niger.card())
    thief = ForeignNode("NER")
    thief.certify(OTHER)
    with pytest.raises(CardInvalid):
        add_node(thief.card())
    for page in (first.get("/neighbours/directory/"), sign_in(Role.OVERSIGHT).get("/neighbours/directory/")):
        assert "Alarm: another root" in text(page)
        assert OTHER.public.fingerprint in text(page)
    assert "Two roots claimed for one state" in text(first.get("/"))
    said = {"root": OTHER.public.hash, "heard": OTHER.public.fingerprint, "reason": "the safe burned", "what": "lost"}
    assert sign_in(Role.CONTACT_OFFICER).post("/neighbours/directory/", said).status_code == 403
    for wrong in (said | {"heard": "0000"}, said | {"reason": ""}):
        assert first.post("/neighbours/directory/", wrong).status_code == 422
    assert first.post("/neighbours/directory/", said | {"root": "0" * 64}).status_code == 404
    assert first.post("/neighbours/directory/", said).status_code == 302
    assert root_of("NER").hash == NIGER.public.hash
    again = first.post("/neighbours/directory/", said)
    assert (again.status_code, "Another person" in text(again)) == (422, True)
    assert second.post("/neighbours/directory/", said).status_code == 302
    assert root_of("NER").hash == OTHER.public.hash
    assert Root.objects.get(hash=NIGER.public.hash).status == "replaced"
    assert "Alarm" not in text(first.get("/neighbours/directory/"))
    assert "Roots of the past" in text(first.get("/neighbours/directory/"))


def test_a_root_that_others_stand_for_is_read_by_one(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    meet_root(read_root(write_root(NIGER, timezone.now())), "TUN", uuid7(timezone.now()))
    assert "countersigned" in text(client.get("/neighbours/directory/"))
    said = {"root": NIGER.public.hash, "heard": NIGER.public.fingerprint}
    assert client.post("/neighbours/directory/", said | {"heard": ""}).status_code == 422
    assert client.post("/neighbours/directory/", said).status_code == 302
    assert (root_of("NER").hash, root_of("NER").how) == (NIGER.public.hash, "read")


def test_a_certified_card_of_a_known_root_needs_no_reading(sign_in: SignIn, niger: ForeignNode) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    shown = client.post("/neighbours/add/", {"card": niger.card()})
    assert NIGER.public.fingerprint in text(shown)
    heard = {"card": niger.card(), "heard": NIGER.public.fingerprint}
    assert client.post("/neighbours/add/", heard).status_code == 302
    niger.certify(NIGER)
    shown = client.post("/neighbours/add/", {"card": niger.card()})
    assert "nobody need read anything" in text(shown)
    assert client.post("/neighbours/add/", {"card": niger.card(), "heard": ""}).status_code == 302
    assert "is not certified by a root" in text(client.post("/neighbours/add/", {"card": ForeignNode("TUN").card()}))


def test_a_links_page_says_how_keys_stand_and_that_a_list_is_out_of_date(sign_in: SignIn, niger: ForeignNode) -> None:
    client = sign_in(Role.CONTACT_OFFICER)
    add_node(niger.card())
    add_node(ForeignNode("TUN").card())
    assert "Its keys certified until" in text(client.get("/neighbours/NER/"))
    assert "Its keys not certified" in text(client.get("/neighbours/TUN/"))
    old = timezone.now() - dt.timedelta(days=30)
    take_list(write_by_root(NIGER, 1, old, [], days=20), by="NER")
    for address in ("/neighbours/NER/", "/neighbours/directory/"):
        assert "revocation list is out of date: known keys still count" in text(client.get(address)), address


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_the_pages_speak_each_language(sign_in: SignIn, niger: ForeignNode, language: str) -> None:
    client = sign_in(Role.ADMINISTRATOR, language=language)
    add_node(niger.card())
    for address in ("/neighbours/directory/", "/neighbours/keys/"):
        assert f'lang="{language}"' in client.get(address).content.decode()
