"""The neighbours at the console: links in words, cards by fingerprint, keys revoked; by forms alone."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jiwar.audit.models import Leaf
from jiwar.exchange import departure
from jiwar.exchange import links as noted
from jiwar.exchange.arrival import take
from jiwar.exchange.logic import advice
from jiwar.exchange.logic.advice import Facts, Trouble, advise, trouble
from jiwar.exchange.models import Link, Outgoing
from jiwar.exchange.queries import failure_code, links
from jiwar.identity.cards import read_card
from jiwar.identity.models import Node, NodeKey
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node
from jiwar.records.kinds import Kind
from jiwar.records.services import issue
from jiwar.records.words import LANGUAGES, words
from tests.console import SignIn, text
from tests.exchange.carrier import receipt
from tests.exchange.test_exchange import BY, Channel, content, open_between
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db
QUERIES = 21
"""Of the list: six of the exchange, six of the ledger, two of the keys; the others are the session and the person."""


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
    assert "ask for a new card" in page
    assert "A signature is of an unknown key." in page
    assert "ahead of ours by" in page
    assert "and more: 2" in page
    page = text(client.get("/neighbours/NER/"))
    assert "ask for a new card" in page
    assert "Check the clock" in page
    assert "1 : No agreement binds the two states." in page
    noted.reached(noted.of("NER"), timezone.now(), 1)
    assert "link up" in text(client.get("/neighbours/"))
    assert "the same as ours" in text(client.get("/neighbours/NER/"))


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
    departure.settle("NER", [receipt(niger, 1)])
    client = sign_in(Role.OVERSIGHT)
    sent, received, receipts, keys = (
        text(client.get(f"/neighbours/NER/{name}/")) for name in ("sent", "received", "receipts", "keys")
    )
    assert str(record.uid) in sent
    assert "LBY-NER-2026-01" in sent
    assert "applied" in received
    assert "secret words" not in received
    assert "routine.1.0" in receipts
    assert '"results":[[1,"applied","",""]]' in receipts
    assert read_card(niger.card()).fingerprint in keys
    assert "Revoke" not in keys
    for page in ("", "sent/", "received/", "receipts/", "keys/", "pouches/"):
        assert client.get(f"/neighbours/XXX/{page}").status_code == 404


def test_messages_are_paged_and_narrowed_by_their_state(sign_in: SignIn, kind: Kind) -> None:
    niger = ForeignNode("NER")
    add_node(niger.card())
    open_between(niger, "test.note")
    for n in range(60):
        issue(BY, kind, content(kind, str(n)))
    departure.seal("NER")
    for n in range(3):
        issue(BY, kind, content(kind, f"later {n}"))
    client = sign_in(Role.CONTACT_OFFICER)
    page = client.get("/neighbours/NER/sent/")
    assert "Page 1 of 2" in text(page)
    assert page.content.decode().count("<tr>") == 1 + 50
    assert client.get("/neighbours/NER/sent/?page=2").content.decode().count("<tr>") == 1 + 13
    assert client.get("/neighbours/NER/sent/?state=queued").content.decode().count("<tr>") == 1 + 3
    for wrong in ("page=x", "page=-1", "page=99", "state=lost", "state=%00", "q=%FF"):
        assert client.get(f"/neighbours/NER/sent/?{wrong}").status_code in {200, 400}


def test_sixty_posts_can_be_searched_and_counted_and_the_worst_stands_first(sign_in: SignIn, kind: Kind) -> None:
    card = ForeignNode("LBY-P00", role="post")
    add_node(card.card())
    post = Node.objects.get(code="LBY-P00")
    for n in range(1, 60):
        post.code, post.name = f"LBY-P{n:02}", f"Post {n}"
        post.save(force_insert=True)
        noted.reached(noted.of(f"LBY-P{n:02}"), timezone.now(), 1)
    noted.missed("LBY-P30", "wrong_certificate")
    noted.heard(noted.of("LBY-P41"), timezone.now() + dt.timedelta(minutes=9), 1)
    client = sign_in(Role.CONTACT_OFFICER)
    with CaptureQueriesContext(connection) as asked:
        page = client.get("/neighbours/")
    assert len(asked) <= QUERIES + 4  # the book of keys is read once, for what was added since
    words_ = text(page)
    order = re.findall(r"LBY-P[0-9]{2}", words_)
    assert order[:3] == ["LBY-P30", "LBY-P41", "LBY-P00"]
    assert len(set(order)) == 60
    assert "All 60 act now 3 see to it 0 well 57" in words_
    assert set(re.findall(r"LBY-P[0-9]{2}", text(client.get("/neighbours/?show=now")))) == set(order[:3])
    assert set(re.findall(r"LBY-P[0-9]{2}", text(client.get("/neighbours/?q=post+47")))) == {"LBY-P47"}
    assert set(re.findall(r"LBY-P[0-9]{2}", text(client.get("/neighbours/?q=p41&show=now")))) == {"LBY-P41"}
    assert "No node answers to that." in text(client.get("/neighbours/?q=nowhere"))


def test_the_speed_of_a_link_is_limited_by_an_administrator(sign_in: SignIn) -> None:
    add_node(ForeignNode("NER").card())
    contact = sign_in(Role.CONTACT_OFFICER)
    assert "Kilobytes a second" not in text(contact.get("/neighbours/NER/"))
    assert contact.post("/neighbours/NER/cap/", {"cap": "8"}).status_code == 403
    client = sign_in(Role.ADMINISTRATOR)
    for wrong in ("0", "-1", "fast", "٨", "9999999999", "99999999"):
        answer = client.post("/neighbours/NER/cap/", {"cap": wrong})
        assert answer.status_code == 422, wrong
        assert 'aria-invalid="true"' in answer.content.decode()
    assert not Link.objects.exists()
    assert client.post("/neighbours/NER/cap/", {"cap": "8"}).status_code == 302
    assert Link.objects.get().cap == 8_000
    noted.carried("NER", 7_700.0)
    page = text(client.get("/neighbours/NER/")).replace("\xa0", " ")
    assert "Speed seen 7.5 KB a second Speed allowed 7.8 KB a second" in page
    assert client.post("/neighbours/NER/cap/", {"cap": ""}).status_code == 302
    assert Link.objects.get().cap is None
    assert client.post("/neighbours/XXX/cap/", {"cap": ""}).status_code == 404


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
    assert sign_in(Role.CONTACT_OFFICER).post("/neighbours/NER/keys/", {"key": key.id, "why": "x"}).status_code == 403
    client = sign_in(Role.ADMINISTRATOR)
    assert client.post("/neighbours/NER/keys/", {"key": key.id, "why": " "}).status_code == 422
    own = NodeKey.objects.get(node_id="LBY", use="signing")
    assert client.post("/neighbours/NER/keys/", {"key": own.id, "why": "x"}).status_code == 404
    assert client.post("/neighbours/NER/keys/", {"key": key.id, "why": "stolen"}).status_code == 302
    assert client.post("/neighbours/NER/keys/", {"key": key.id, "why": "again"}).status_code == 422
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
    of_one = [f"/neighbours/NER/{page}" for page in ("", "sent/", "received/", "receipts/", "pouches/", "keys/")]
    for address in ("/neighbours/", *of_one, "/neighbours/card/", "/neighbours/add/"):
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


def test_there_is_advice_for_every_failure_and_words_for_every_advice() -> None:
    assert set(words()["message_state"]) == set(Outgoing.State.values)
    assert set(advice._BY_FAILURE) == set(words()["link_failure"])
    assert {*advice._BY_FAILURE.values(), *advice._BY_KEYS.values()} - {""} <= set(advice.ADVICE)
    assert set(advice.ADVICE) == set(words()["link_advice"])
    assert set(advice._BY_KEYS) <= set(words()["standing"])
    assert set(Trouble) == set(words()["link_trouble"])


def test_advice_follows_what_is_wrong() -> None:
    def of(state: str = "up", silent: int = 0, failure: str = "", **facts: Any) -> list[str]:
        return advise(Facts(state, dt.timedelta(minutes=silent), failure, **facts))

    assert of() == of(clock_difference=-120) == ["nothing"]
    assert of(clock_difference=-121) == ["check_clock"]
    assert of("down", 2, "unreachable") == of("down", 2, "sequence_gap") == ["wait"]
    assert of("down", 11, "unreachable") == of("down", 11) == ["call"]
    assert of("down", 2, "something_new") == ["tell_administrator"]
    assert of("never") == ["never_answered"]
    assert of("never", failure="sender_unknown") == ["give_card"]
    assert of("down", 2, "ledger_forked", held=1, refused=1) == ["ledger_forked", "see_refused", "policy_holds"]
    assert of("down", 2, "restoring") == ["restored_there"]
    assert of("down", 2, "restoring", restoring=True) == of(restoring=True) == ["end_restore"]
    assert of("down", 99, "unreachable", restoring=True) == ["call"]
    assert of(held=3) == ["policy_holds"]
    assert of(forked=True) == ["ledger_forked"]
    assert of(keys="ends_soon", list_stale=True) == ["certificate_ends", "list_stale"]
    assert of(keys="certified") == ["nothing"]
    day = dt.timedelta(days=1)
    assert of(waiting=3, oldest=day) == ["nothing"]
    assert of(waiting=3, oldest=2 * day) == ["backlog"]
    assert of("down", 3000, waiting=3, oldest=2 * day) == ["call", "carry_pouch"]
    assert of("never", waiting=3, oldest=2 * day) == ["never_answered", "carry_pouch"]


@given(
    st.sampled_from(["up", "down", "never"]),
    st.sampled_from(["", *advice._BY_FAILURE]),
    st.floats(-1e6, 1e6),
    st.tuples(*[st.integers(0, 2)] * 4),
    st.sampled_from(["", "certified", *advice._BY_KEYS]),
    st.tuples(*[st.booleans()] * 3),
)
def test_advice_is_never_lacking_and_the_most_pressing_comes_first(
    state: str, failure: str, clock: float, counts: tuple[int, ...], keys: str, flags: tuple[bool, ...]
) -> None:
    waiting, days, held, refused = counts
    facts = Facts(
        state,
        dt.timedelta(hours=waiting),
        failure,
        clock,
        waiting,
        dt.timedelta(days=days),
        held,
        refused,
        keys,
        *flags,
    )
    found = advise(facts)
    order = [list(advice.ADVICE).index(code) for code in found]
    assert order == sorted(set(order))
    assert ("nothing" in found) == (found == ["nothing"])
    assert trouble(found) == advice.ADVICE[found[0]]
    if state == "up" and not (flags[1] or flags[2] or flags[0] or keys or held or refused or abs(clock) > 120):
        assert set(found) <= {"nothing", "backlog"}


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
