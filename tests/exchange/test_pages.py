"""The neighbours at the console: links in words, cards by fingerprint, keys revoked; by forms alone."""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jiwar.audit.models import Leaf
from jiwar.exchange import departure
from jiwar.exchange import links as noted
from jiwar.exchange.arrival import take
from jiwar.exchange.logic.advice import advise
from jiwar.exchange.models import Link, Outgoing
from jiwar.exchange.queries import failure_code, links
from jiwar.identity.cards import read_card
from jiwar.identity.models import Agency, Node, NodeKey
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, add_person, make_own_keys
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.services import issue
from jiwar.records.words import LANGUAGES, words
from tests.exchange.test_exchange import BY, Channel, Note, content, open_between
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
PASSWORD = "a long walk in the Fezzan"
QUERIES = 15
"""Of the list: six of the exchange, one of the keys; the others are the session, the person and her roles."""


@pytest.fixture
def sign_in(settings: Any) -> SignIn:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    make_own_keys()
    agency = Agency.objects.create(code="contact-point", name="Contact point")

    def signed_in(role: Role, language: str = "en") -> Client:
        person = add_person(role.value, role.value, PASSWORD, agency=agency, roles=[role])
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        client.cookies["jiwar_language"] = language
        return client

    return signed_in


@pytest.fixture
def kind() -> Any:
    new = register(Kind("test.note", 1, Note))
    yield new
    del KINDS["test.note", 1]


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def test_a_link_is_told_in_words_with_what_to_do(sign_in: SignIn, kind: Kind) -> None:
    niger = ForeignNode("NER")
    add_node(niger.card())
    Node.objects.filter(code="NER").update(contact={"name": "Moussa Abdou", "telephone": "+227 00 00 00 02"})
    client = sign_in(Role.CONTACT_OFFICER)
    page = text(client.get("/neighbours/"))
    assert "never reached" in page
    assert "Ask by telephone" in page
    assert "Moussa Abdou +227 00 00 00 02" in page
    issue(BY, kind, content(kind))
    noted.heard(noted.of("NER"), timezone.now() + dt.timedelta(minutes=10), 1)
    noted.missed("NER", "http", "400 key_unknown")
    page = text(client.get("/neighbours/"))
    assert "link down" in page
    assert "A signature is of an unknown key." in page
    assert "ahead of ours by" in page
    assert "Check the clock" in page
    assert "1 : No agreement binds the two states." in page
    noted.reached(noted.of("NER"), timezone.now(), 1)
    page = text(client.get("/neighbours/"))
    assert "link up" in page
    assert "the same as ours" in page


def test_the_list_asks_as_many_questions_for_one_neighbour_as_for_seven(sign_in: SignIn, kind: Kind) -> None:
    client = sign_in(Role.CONTACT_OFFICER)
    add_node(ForeignNode("NER").card())
    client.get("/neighbours/")
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get("/neighbours/")
    for code in ("TUN", "DZA", "EGY", "MLI", "SDN", "TCD"):
        add_node(ForeignNode(code).card())
        noted.missed(code, "unreachable")
    issue(BY, kind, content(kind))
    client.get("/neighbours/")
    with CaptureQueriesContext(connection) as seven:
        client.get("/neighbours/")
    assert len(seven) == len(one) <= QUERIES, "\n".join(query["sql"] for query in seven)


def test_one_neighbour_shows_what_passed_and_its_receipts(sign_in: SignIn, kind: Kind) -> None:
    niger = ForeignNode("NER")
    add_node(niger.card())
    open_between(niger, "test.note")
    record = issue(BY, kind, content(kind))
    departure.seal("NER")
    take("NER", [Channel(niger).envelope(niger.statement(kind, content(kind, "secret words")))])
    response = sign_in(Role.OVERSIGHT).get("/neighbours/NER/")
    page = text(response)
    assert str(record.uid) in page
    assert "on its way" in page
    assert "LBY-NER-2026-01" in page
    assert "applied" in page
    assert "secret words" not in page
    assert read_card(niger.card()).fingerprint in page
    assert "Revoke" not in page
    assert sign_in(Role.ANALYST).get("/neighbours/XXX/").status_code == 404


def test_only_roles_that_may_try_now_can(sign_in: SignIn) -> None:
    add_node(ForeignNode("NER").card())
    noted.missed("NER", "unreachable")
    field = sign_in(Role.FIELD_OFFICER)
    assert "Try now" not in text(field.get("/neighbours/"))
    assert field.post("/neighbours/NER/retry/").status_code == 403
    assert Link.objects.get(node="NER").retry_asked_at is None
    contact = sign_in(Role.CONTACT_OFFICER)
    assert "Try now" in text(contact.get("/neighbours/"))
    assert contact.post("/neighbours/NER/retry/").status_code == 302
    assert Link.objects.get(node="NER").retry_asked_at is not None
    assert Leaf.objects.filter(act="link_retried").count() == 1
    assert contact.post("/neighbours/XXX/retry/").status_code == 404


@pytest.mark.parametrize("address", ["/neighbours/card/", "/neighbours/card/file/", "/neighbours/add/"])
def test_cards_are_the_administrators(sign_in: SignIn, address: str) -> None:
    assert sign_in(Role.CONTACT_OFFICER).get(address).status_code == 403
    assert sign_in(Role.ADMINISTRATOR).get(address).status_code == 200


def test_the_own_card_is_read_aloud_and_handed_over(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    card = read_card(client.get("/neighbours/card/file/").content.decode())
    assert card.code == "LBY"
    assert card.fingerprint in text(client.get("/neighbours/card/"))


def test_the_contact_point_is_checked_field_by_field(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    wrong = {"name": " ", "telephone": "call me", "email": "x", "hours": "a" * 201, "languages": "ar\u202efr"}
    response = client.post("/neighbours/card/", wrong)
    assert response.status_code == 422
    assert response.content.decode().count('aria-invalid="true"') == 5
    good = {"name": "Amal", "telephone": "+218 21 000 0001", "email": "a@b.ly", "hours": "24/7", "languages": ""}
    assert client.post("/neighbours/card/", good).status_code == 302
    card = read_card(client.get("/neighbours/card/file/").content.decode())
    assert card.contact == {name: value for name, value in good.items() if value}


def test_a_card_is_entered_by_the_fingerprint_that_was_heard(sign_in: SignIn) -> None:
    client, niger = sign_in(Role.ADMINISTRATOR), ForeignNode("NER")
    shown = client.post("/neighbours/add/", {"card": niger.card()})
    fingerprint = read_card(niger.card()).fingerprint
    assert fingerprint in text(shown)
    assert "NER (test)" in text(shown)
    assert not Node.objects.filter(code="NER").exists()
    wrong = client.post("/neighbours/add/", {"card": niger.card(), "heard": "0000"})
    assert wrong.status_code == 422
    assert "not the fingerprint of this card" in text(wrong)
    assert not Node.objects.filter(code="NER").exists()
    done = client.post("/neighbours/add/", {"card": niger.card(), "heard": fingerprint.upper().replace(" ", "")})
    assert (done.status_code, done.url) == (302, "/neighbours/NER/")
    [leaf] = Leaf.objects.filter(act="node_added", subject="NER")
    assert leaf.actor != "system"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"card": ""}, "required"),
        ({"card": "{}"}, "not the card"),
        ({"card": "[" * 9000}, "cannot be read"),
        ({"card": "x" * 50_000}, "too large"),
        ({"file": SimpleUploadedFile("c.json", b"\xff\xfe")}, "cannot be read"),
        ({"file": SimpleUploadedFile("c.json", b"x" * 50_000)}, "too large"),
    ],
)
def test_what_is_no_card_is_refused_in_words(sign_in: SignIn, data: dict[str, Any], says: str) -> None:
    response = sign_in(Role.ADMINISTRATOR).post("/neighbours/add/", data)
    assert response.status_code == 422
    assert says in text(response)


def test_a_card_comes_as_a_file_too(sign_in: SignIn) -> None:
    file = SimpleUploadedFile("card.json", ForeignNode("NER").card().encode())
    assert "NER (test)" in text(sign_in(Role.ADMINISTRATOR).post("/neighbours/add/", {"file": file}))


def test_a_key_is_revoked_with_a_reason_by_an_administrator(sign_in: SignIn) -> None:
    add_node(ForeignNode("NER").card())
    key = NodeKey.objects.get(node_id="NER", use="signing")
    assert sign_in(Role.CONTACT_OFFICER).post("/neighbours/NER/", {"key": key.id, "why": "x"}).status_code == 403
    client = sign_in(Role.ADMINISTRATOR)
    assert client.post("/neighbours/NER/", {"key": key.id, "why": " "}).status_code == 422
    own = NodeKey.objects.get(node_id="LBY", use="signing")
    assert client.post("/neighbours/NER/", {"key": own.id, "why": "x"}).status_code == 404
    assert client.post("/neighbours/NER/", {"key": key.id, "why": "stolen"}).status_code == 302
    assert client.post("/neighbours/NER/", {"key": key.id, "why": "again"}).status_code == 422
    key.refresh_from_db()
    assert (key.revoked_why, key.revoked_at is not None) == ("stolen", True)
    [leaf] = Leaf.objects.filter(act="node_key_revoked")
    assert json.loads(leaf.content)["detail"] == {"key": key.id, "why": "stolen"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_each_language(sign_in: SignIn, kind: Kind, language: str) -> None:
    niger = ForeignNode("NER")
    add_node(niger.card())
    open_between(niger, "test.note")
    issue(BY, kind, content(kind))
    noted.missed("NER", "wrong_certificate")
    client = sign_in(Role.ADMINISTRATOR, language)
    for address in ("/neighbours/", "/neighbours/NER/", "/neighbours/card/", "/neighbours/add/"):
        response = client.get(address)
        assert response.status_code == 200
        assert f'lang="{language}"' in response.content.decode()


def test_a_refresh_does_not_put_off_the_sessions_end(sign_in: SignIn) -> None:
    client = sign_in(Role.CONTACT_OFFICER)
    client.get("/neighbours/")
    before = client.session.get_expiry_date()
    from django.contrib.sessions.models import Session

    Session.objects.update(expire_date=timezone.now() + dt.timedelta(minutes=1))
    client.get("/neighbours/", headers={"HX-Request": "true", "X-Refresh": "1"})
    assert Session.objects.get().expire_date < timezone.now() + dt.timedelta(minutes=2)
    client.get("/neighbours/")
    assert Session.objects.get().expire_date > before - dt.timedelta(minutes=2)
    Session.objects.all().delete()
    answer = client.get("/neighbours/", headers={"HX-Request": "true", "X-Refresh": "1"})
    assert answer.headers["HX-Redirect"].startswith("/sign-in/")


def test_every_code_of_a_link_has_words() -> None:
    from jiwar.exchange.logic import advice

    assert set(words()["message_state"]) == set(Outgoing.State.values)
    assert set(advice._BY_FAILURE) <= set(words()["link_failure"])
    told = {"never_answered", "call", "wait", "check_clock", "see_refused", "policy_holds", "nothing"}
    assert told | set(advice._BY_FAILURE.values()) == set(words()["link_advice"])


def test_advice_follows_what_is_wrong() -> None:
    def of(state: str = "up", silent: int = 0, failure: str = "", clock: float = 0, held: int = 0, refused: int = 0):
        wait = dt.timedelta(minutes=silent)
        return advise(state=state, silent=wait, failure=failure, clock_difference=clock, held=held, refused=refused)

    assert of() == of(clock=-120) == ["nothing"]
    assert of(clock=-121) == ["check_clock"]
    assert of("down", 2, "unreachable") == ["wait"]
    assert of("down", 11, "unreachable") == ["call"]
    assert of("never") == ["never_answered"]
    assert of("never", failure="sender_unknown") == ["give_card"]
    assert of("down", 2, "ledger_forked", held=1, refused=1) == ["ledger_forked", "see_refused", "policy_holds"]
    assert of(held=3) == ["policy_holds"]


def test_a_failure_is_told_by_its_most_telling_code() -> None:
    assert failure_code("http 400 key_unknown") == "key_unknown"
    assert failure_code("http 502") == "http"
    assert failure_code("unreachable ConnectError") == "unreachable"
    assert failure_code("not_understood ledger_forked") == "ledger_forked"
    assert failure_code("of_a_newer_program 7") == "of_a_newer_program"
    assert failure_code("") == ""


def test_what_waits_is_counted_by_reason(sign_in: SignIn, kind: Kind) -> None:
    for code in ("NER", "TUN"):
        add_node(ForeignNode(code).card())
    for n in range(3):
        issue(BY, kind, content(kind, str(n)))
    Outgoing.objects.filter(node="NER", pk=Outgoing.objects.filter(node="NER").first().pk).update(state="sealed")
    [niger, tunisia] = links()
    assert (niger.waiting, niger.held, tunisia.waiting, tunisia.held) == (
        {"routine": 1},
        {"no_agreement": 2},
        {},
        {"no_agreement": 3},
    )
    assert niger.oldest_at is not None
