"""Who is refused, with which words, and that the ledger knows."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from jiwar.access.bearer import BAD_TOKENS
from jiwar.access.models import ApiToken
from jiwar.access.permissions import OF_TOKENS, Purpose
from jiwar.access.permissions import Permission as P
from jiwar.audit.models import Leaf
from jiwar.watchlist.models import Entry

Ask = Callable[..., Client]
QUESTION = {"names": ["Muhammad Salem al-Barasi"], "birth_date": "1974-08-12", "case": "LBY/2026/7"}
LANGUAGE_WORDS = {"ar": "هذا الحقل مطلوب.", "fr": "Ce champ est obligatoire.", "en": "This field is required."}
ADDRESSES = {
    "/api/v1/links": P.EXCHANGE_LINK_READ,
    "/api/v1/agreements": P.AGREEMENTS_AGREEMENT_READ,
    "/api/v1/agreements/gaps": P.AGREEMENTS_AGREEMENT_READ,
    "/api/v1/consents/requests": P.AGREEMENTS_AGREEMENT_READ,
    "/api/v1/verdict?kind=alert.person&purpose=border_check&neighbour=NER": P.AGREEMENTS_AGREEMENT_READ,
}


def rows() -> dict[str, int]:
    """How many rows each table holds, but for the ledger's, to which a refusal may add."""
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.app_label != "audit"
    }


@pytest.fixture
def unchanged() -> Iterator[Callable[[], None]]:
    before: list[dict[str, int]] = []

    def mark() -> None:
        before.append(rows())

    yield mark
    assert before
    assert rows() == before[-1]


def screen(client: Client, body: Any = None, **extra: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(QUESTION if body is None else body)
    return client.post("/api/v1/screenings", data, content_type="application/json", **extra)


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(fault["field"], fault["code"]) for fault in answer.json()["faults"]}


# --- who asks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer jiwar_no-such-token", "Basic YTpi", "jiwar_x", "Bearer \xe9"])
def test_no_good_token_no_answer(node: None, client: Client, header: str) -> None:
    answer = screen(client, headers={"Authorization": header})
    assert (answer.status_code, codes(answer)) == (401, {("", "not_signed_in")})
    assert answer["WWW-Authenticate"] == "Bearer"
    assert Leaf.objects.get(act="access_refused").actor == "anonymous"


def test_a_token_ends(listed: None, ask: Ask) -> None:
    client = ask(P.WATCHLIST_PERSON_SCREEN)
    assert screen(client).status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert screen(client).status_code == 401


def test_a_revoked_token_ends_at_once(listed: None, ask: Ask) -> None:
    client = ask(P.WATCHLIST_PERSON_SCREEN)
    assert screen(client).status_code == 200
    ApiToken.objects.update(revoked_at=timezone.now())
    assert screen(client).status_code == 401


def test_a_permission_of_a_later_program_allows_nothing(listed: None, ask: Ask) -> None:
    client = ask(P.WATCHLIST_PERSON_SCREEN)
    ApiToken.objects.update(permissions=["watchlist:person:clone"])
    assert screen(client).status_code == 403


@pytest.mark.parametrize(("address", "permission"), ADDRESSES.items())
def test_each_address_takes_its_permission(ask: Ask, address: str, permission: P) -> None:
    assert ask(permission).get(address).status_code == 200
    answer = ask(*(set(OF_TOKENS) - {permission})).get(address)
    assert (answer.status_code, answer.json()["faults"]) == (
        403,
        [
            {
                "code": "permission_missing",
                "field": "",
                "detail": permission,
                "message": "Your roles do not allow this.",
            }
        ],
    )
    leaf = Leaf.objects.get(act="access_refused")
    assert leaf.actor.startswith("token:")


def test_screening_takes_its_permission(listed: None, ask: Ask) -> None:
    answer = screen(ask(*(set(OF_TOKENS) - {P.WATCHLIST_PERSON_SCREEN})))
    assert (answer.status_code, codes(answer)) == (403, {("", "permission_missing")})
    assert not Leaf.objects.filter(act="person_screened").exists()


def test_the_purpose_is_the_tokens(listed: None, ask: Ask) -> None:
    """A caller cannot state another purpose: neither in the body nor in the address."""
    client = ask(P.WATCHLIST_PERSON_SCREEN, purpose=Purpose.SANCTIONS)
    assert codes(screen(client, QUESTION | {"purpose": "border_check"})) == {("purpose", "unknown_field")}
    answer = client.post("/api/v1/screenings?purpose=border_check", json.dumps(QUESTION), "application/json")
    assert answer.status_code == 200
    assert Leaf.objects.get(act="person_screened").purpose == "sanctions"


def test_a_token_without_a_purpose_reaches_no_personal_data(listed: None, ask: Ask) -> None:
    client = ask(P.WATCHLIST_PERSON_SCREEN)
    ApiToken.objects.update(purpose="no_longer_known")
    answer = screen(client)
    assert (answer.status_code, codes(answer)) == (403, {("", "purpose_missing")})


def test_who_guesses_is_made_to_wait_and_fills_no_ledger(listed: None, ask: Ask, client: Client) -> None:
    answers = [
        client.get("/api/v1/node", headers={"Authorization": f"Bearer jiwar_{n}"}) for n in range(BAD_TOKENS + 5)
    ]
    assert [answer.status_code for answer in answers] == [401] * BAD_TOKENS + [429] * 5
    assert answers[-1]["Retry-After"] == "60"
    assert Leaf.objects.filter(act="access_refused").count() == BAD_TOKENS
    # A good token of the same address is not made to suffer.
    assert ask().get("/api/v1/node").status_code == 200


def test_forwarded_headers_are_not_believed(node: None, client: Client) -> None:
    """Neither a new address to guess from, nor a host, nor a scheme."""
    told = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Real-IP": "10.0.0.1"}
    statuses = [
        client.get("/api/v1/node", headers=told | {"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(BAD_TOKENS + 1)
    ]
    assert statuses[-1] == 429
    schema = client.get("/schemas/listing.person/1", headers=told).json()
    assert schema["$id"].startswith("http://testserver/")


def test_a_console_session_opens_no_api(listed: None, client: Client) -> None:
    from jiwar.identity.roles import Role
    from jiwar.identity.services import add_person

    person = add_person("samira", "Samira", "a long walk in the Fezzan", agency=_agency(), roles=[Role.CONTACT_OFFICER])
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert screen(client).status_code == 401


def _agency() -> Any:
    from jiwar.identity.models import Agency

    return Agency.objects.create(code="border", name="Border")


# --- what is asked ----------------------------------------------------------------------------------------------------

BAD_BODIES: dict[str, tuple[bytes, int, str]] = {
    "nan": (b'{"names": [NaN]}', 400, "not_a_number"),
    "infinity": (b'{"names": [-Infinity]}', 400, "not_a_number"),
    "float beyond double": (b'{"names": [1e999]}', 400, "number_too_large"),
    "duplicate key": (b'{"names": ["a"], "names": ["b"]}', 400, "duplicate_name"),
    "deep arrays": (b"[" * 50_000, 400, "too_deep"),
    "deep objects": (b'{"a":' * 50_000, 400, "too_deep"),
    "huge integer": (b'{"names": [' + b"9" * 5_000 + b"]}", 400, "integer_too_long"),
    "not utf-8": (b'{"names": ["\xff\xfe"]}', 400, "not_utf8"),
    "utf-16": ('{"names": ["a"]}'.encode("utf-16"), 400, "not_utf8"),
    "byte order mark": (b'\xef\xbb\xbf{"names": ["a"]}', 400, "byte_order_mark"),
    "lone surrogate": (rb'{"names": ["\ud800"]}', 400, "lone_surrogate"),
    "nul": (rb'{"names": ["a\u0000b"]}', 400, "nul"),
    "nul byte": (b'{"names": ["a\0b"]}', 400, "nul"),
    "many items": (b"[" + b"1," * 200_000 + b"1]", 400, "too_many_items"),
    "oversized": (b'{"names": ["' + b"a" * 1_000_001 + b'"]}', 413, "too_large"),
    "no json": (b"names=Salem", 400, "syntax"),
    "two texts": (b"{} {}", 400, "trailing_data"),
    "an array": (b"[]", 422, "wrong_form"),
    "null": (b"null", 422, "missing"),
    "a number": (b"1", 422, "wrong_form"),
    "empty": (b"", 422, "missing"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_bodies_are_refused_in_words(listed: None, ask: Ask, unchanged: Callable[[], None], name: str) -> None:
    body, status, code = BAD_BODIES[name]
    client = ask(P.WATCHLIST_PERSON_SCREEN, language="fr")
    unchanged()
    answer = screen(client, body)
    assert answer.status_code == status
    (fault,) = answer.json()["faults"]
    assert fault["code"] == code
    assert fault["message"] not in ("", code)
    assert answer["Content-Language"] == "fr"
    assert not Leaf.objects.filter(act="person_screened").exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"names": "Salem"}, ("names", "wrong_form")),
        ({"names": [1]}, ("names.0", "wrong_form")),
        ({"names": ["a" * 201]}, ("names.0", "too_long")),
        ({"names": ["Salem"] * 6}, ("names", "too_many")),
        ({"names": ["Sal*"]}, ("names.0", "wildcard")),
        ({"names": [], "documents": []}, ("", "query_empty")),
        ({"birth_date": "12.8.1974"}, ("birth_date", "wrong_form")),
        ({"birth_date": "1974-13-01"}, ("birth_date", "wrong_form")),
        ({"birth_date": "١٩٧٤"}, ("birth_date", "wrong_form")),
        ({"birth_date": 1974}, ("birth_date", "wrong_form")),
        ({"sex": "female"}, ("sex", "not_in_list")),
        ({"nationality": "Libya"}, ("nationality", "wrong_form")),
        ({"documents": [{"type": "passport"}]}, ("documents.0.number", "missing")),
        ({"documents": [{"number": "A1", "colour": "blue"}]}, ("documents.0.colour", "unknown_field")),
        ({"case": ""}, ("case", "case_missing")),
        ({"case": "x" * 81}, ("case", "too_long")),
        ({"birth_date": None}, ("reason", "reason_missing")),
        ({"religion": "none"}, ("religion", "unknown_field")),
    ],
    ids=str,
)
def test_each_wrong_field_is_named(
    listed: None, ask: Ask, unchanged: Callable[[], None], changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    client = ask(P.WATCHLIST_PERSON_SCREEN)
    unchanged()
    answer = screen(client, QUESTION | changes)
    assert (answer.status_code, codes(answer)) == (422, {expected})
    assert all(fault["message"] != fault["code"] for fault in answer.json()["faults"])


def test_every_wrong_field_is_named_at_once(listed: None, ask: Ask) -> None:
    body = {"names": ["a" * 201], "birth_date": "x", "sex": "?", "documents": [{}], "tribe": "x"}
    assert codes(screen(ask(P.WATCHLIST_PERSON_SCREEN), body)) == {
        ("names.0", "too_long"),
        ("birth_date", "wrong_form"),
        ("sex", "not_in_list"),
        ("documents.0.number", "missing"),
        ("tribe", "unknown_field"),
    }


def test_a_hundred_thousand_wrong_fields_are_not_all_told(listed: None, ask: Ask) -> None:
    body = {f"field{n}": n for n in range(20_000)}
    answer = screen(ask(P.WATCHLIST_PERSON_SCREEN), body)
    assert (answer.status_code, len(answer.json()["faults"])) == (422, 100)


@pytest.mark.parametrize(("language", "words"), LANGUAGE_WORDS.items())
def test_faults_speak_the_callers_language(listed: None, ask: Ask, language: str, words: str) -> None:
    answer = screen(ask(P.WATCHLIST_PERSON_SCREEN, language=language), {"documents": [{}], "case": "x"})
    assert [fault["message"] for fault in answer.json()["faults"]] == [words]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "", "x"])
def test_json_is_wanted(listed: None, ask: Ask, content_type: str) -> None:
    answer = ask(P.WATCHLIST_PERSON_SCREEN).post("/api/v1/screenings", b"{}", content_type=content_type)
    assert (answer.status_code, codes(answer)) == (415, {("", "not_json")})


@pytest.mark.parametrize(
    ("method", "address"), [("put", "screenings"), ("delete", "links"), ("get", "mrz"), ("post", "node")]
)
def test_other_methods_are_named(ask: Ask, method: str, address: str) -> None:
    answer = getattr(ask(*OF_TOKENS), method)(f"/api/v1/{address}")
    assert (answer.status_code, codes(answer)) == (405, {("", "method_not_allowed")})
    assert answer["Allow"] in {"GET", "POST"}


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("", "kind", "missing"),
        ("kind=alert.person&neighbour=NER&purpose=fun", "purpose", "not_in_list"),
        ("kind=alert.person&neighbour=N%00R&purpose=border_check", "neighbour", "control_character"),
        ("kind=alert.%FF&neighbour=NER&purpose=border_check", "kind", "wrong_form"),
    ],
)
def test_addresses_are_checked_too(ask: Ask, query: str, field: str, code: str) -> None:
    answer = ask(P.AGREEMENTS_AGREEMENT_READ).get(f"/api/v1/verdict?{query}")
    assert answer.status_code == 422
    assert (field, code) in codes(answer)


def test_an_unknown_host_is_refused_in_json(node: None, client: Client) -> None:
    answer = client.get("/api/v1/node", headers={"Host": "evil.example"})
    assert (answer.status_code, codes(answer)) == (400, {("", "bad_request")})


def test_nothing_here_is_kept_by_a_cache(ask: Ask) -> None:
    answer = ask().get("/api/v1/node")
    assert answer["Cache-Control"] == "no-store"
    assert {"Accept-Language", "Authorization"} <= {part.strip() for part in answer["Vary"].split(",")}


def test_a_withdrawn_listing_is_no_longer_found(listed: None, ask: Ask) -> None:
    entry = Entry.objects.filter(active=True).exclude(facts__birth_dates=[]).first()
    assert entry is not None
    body = QUESTION | {
        "names": [entry.facts["names"][0]["text"]],
        "birth_date": entry.facts["birth_dates"][0]["date"],
    }
    client = ask(P.WATCHLIST_PERSON_SCREEN)
    assert screen(client, body).json()["candidates"]
    Entry.objects.filter(pk=entry.pk).update(active=False)
    assert str(entry.uid) not in {found["record"] for found in screen(client, body).json()["candidates"]}
