"""Letters at the JSON API: listed, read, downloaded by a program that was given so much, and written by none."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from jiwar.access.permissions import OF_TOKENS, Permission, Purpose
from jiwar.access.policy import Actor, allow
from jiwar.access.services import make_token
from jiwar.audit.models import Leaf
from jiwar.exchange.attachments import store
from jiwar.identity.models import Agency, Person
from tests.foreign import ForeignNode
from tests.requests.conftest import letter_from, take

P = Permission
Ask = Callable[..., Client]


@pytest.fixture
def ask(people: dict[str, Person]) -> Ask:
    """`ask(*permissions)`: a client that carries a token with these permissions."""
    cache.clear()

    def client(*permissions: Permission, language: str = "en") -> Client:
        administrator = Actor(str(people["amal"].pk), "console", frozenset(P))
        by = allow(administrator, P.ACCESS_TOKEN_MANAGE)
        agency = Agency.objects.get(code="ncb")
        _, secret = make_token(by, agency, "program", permissions, Purpose.CRIMINAL_INVESTIGATION)
        return Client(headers={"Authorization": f"Bearer {secret}", "Accept-Language": language})

    return client


def test_letters_are_listed_by_their_clock(ask: Ask, niger: ForeignNode, tunisia: ForeignNode) -> None:
    take(letter_from(niger, subject="no clock", urgency=None))
    take(letter_from(tunisia, subject="urgent", flow="13"), "TUN")
    client = ask(P.REQUESTS_LETTER_READ)
    rows = client.get("/api/v1/letters").json()
    assert [(row["subject"], row["origin"], row["addressee"]["phase"]["code"]) for row in rows] == [
        ("urgent", "TUN", "running"), ("no clock", "NER", "no_clock"),
    ]  # fmt: skip
    assert rows[0]["flow"] == {"code": "13", "text": "drug trafficking"}
    assert [row["subject"] for row in client.get("/api/v1/letters?flow=13").json()] == ["urgent"]
    assert [row["subject"] for row in client.get("/api/v1/letters?neighbour=NER").json()] == ["no clock"]
    assert client.get("/api/v1/letters?whose=sent").json() == []
    french = ask(P.REQUESTS_LETTER_READ, language="fr").get("/api/v1/letters?flow=13").json()
    assert french[0]["flow"]["text"] == "trafic de drogues"


@pytest.mark.parametrize("query", ["flow=17", "phase=soon", "neighbour=niger", "whose=all"])
def test_what_is_not_asked_well_is_named(ask: Ask, niger: ForeignNode, query: str) -> None:
    answer = ask(P.REQUESTS_LETTER_READ).get(f"/api/v1/letters?{query}")
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["field"] == query.partition("=")[0]


def test_one_letter_is_read_whole_without_the_keys_of_its_files(ask: Ask, niger: ForeignNode) -> None:
    file = store("محضر.pdf", "", io.BytesIO(b"%PDF-1.7 report"))
    record = take(letter_from(niger, attachments=[file.model_dump(mode="json")]))
    client = ask(P.REQUESTS_LETTER_READ)
    answer = client.get(f"/api/v1/letters/{record.uid}")
    said = answer.json()
    assert said["text"].startswith("Three lorries")
    assert said["files"] == [
        {"number": 0, "name": "محضر.pdf", "media_type": "application/pdf", "size": 15, "arrived": 1.0, "complete": True}
    ]
    assert said["addressees"][0]["read_at"] is None  # a program is no person
    assert file.key not in answer.content.decode()
    saved = client.get(f"/api/v1/letters/{record.uid}/files/0")
    assert b"".join(saved.streaming_content) == b"%PDF-1.7 report"  # type: ignore[attr-defined]
    assert saved["Content-Disposition"].startswith("attachment")
    assert {leaf.act for leaf in Leaf.objects.filter(actor__startswith="token:")} == {"letter_read", "letter_file_read"}
    assert client.get(f"/api/v1/letters/{record.uid}/files/1").status_code == 404
    assert client.get("/api/v1/letters/01a20885-a2c1-73e1-907a-a354ac35e27a").status_code == 404


def test_a_file_that_is_not_whole_is_refused_in_words(ask: Ask, niger: ForeignNode) -> None:
    from jiwar.exchange.attachments import drop

    file = store("a.pdf", "", io.BytesIO(b"%PDF-1.7 report"))
    drop(file.blob)
    record = take(letter_from(niger, attachments=[file.model_dump(mode="json")]))
    answer = ask(P.REQUESTS_LETTER_READ).get(f"/api/v1/letters/{record.uid}/files/0")
    assert answer.status_code == 422
    assert json.loads(answer.content)["faults"][0]["code"] == "attachment_not_here"


def test_the_signed_statement_is_read_with_the_same_permission(ask: Ask, niger: ForeignNode) -> None:
    record = take(letter_from(niger))
    assert ask(P.REQUESTS_LETTER_READ).get(f"/api/v1/records/{record.uid}").json()["kind"] == "letter"
    assert ask(P.WATCHLIST_ALERT_READ).get(f"/api/v1/records/{record.uid}").status_code == 403


def test_people_alone_write(ask: Ask, niger: ForeignNode) -> None:
    assert {P.REQUESTS_LETTER_WRITE, P.REQUESTS_LETTER_APPROVE}.isdisjoint(OF_TOKENS)
    record = take(letter_from(niger))
    client = ask(P.WATCHLIST_ALERT_READ)
    addresses = ("/api/v1/letters", f"/api/v1/letters/{record.uid}", f"/api/v1/letters/{record.uid}/files/0")
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403]
    post: Any = ask(P.REQUESTS_LETTER_READ).post("/api/v1/letters", "{}", content_type="application/json")
    assert post.status_code == 405
