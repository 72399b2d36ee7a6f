"""Every page of the console and the exchange's listener under bad input: 4xx with words, nothing written, never a 500.

The pages are found in the map of addresses and the fields in the forms themselves: a later page is tried too.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from jiwar.exchange.logic import frame as frames
from jiwar.identity.models import Agency, RoleGrant
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person, make_own_keys
from tests.console import client_of
from tests.loop import run

PASSWORD = "a long walk in the Fezzan"
ARGUMENTS = {"uuid": "0197a000-0000-7000-8000-000000000000", "int": "1", "str": "x", "slug": "x", "path": "x"}
XML_BOMB = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">%s]><l>&z;</l>""" % b"".join(
    b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (b, a, a, a, a)
    for a, b in zip(b"abcdefghijklmnopqrstuvwxy", b"bcdefghijklmnopqrstuvwxyz", strict=True)
)
FORM = "application/x-www-form-urlencoded"
# A sign-in's pages of allauth that need a state of their own, and what is no page.
_APART = ("/api/", "/static/", "/sign-in/logout")


def addresses(patterns: Any = None, before: str = "/") -> Iterator[str]:
    """Every address of the console, with arguments that fit its form."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = re.sub(r"\\Z|[\^$]", "", str(pattern.pattern))
        here = before + re.sub(r"<(?:(\w+):)?\w+>", lambda found: ARGUMENTS.get(found[1] or "str", "x"), route)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern) and not here.startswith(_APART) and "(" not in here:
            yield here


ADDRESSES = sorted(set(addresses()))


def rows() -> dict[str, int]:
    """How many rows each table holds; a refusal may add to the ledger, a sign-in's session is renewed."""
    apart = {"audit", "sessions"}
    return {m._meta.label: m._default_manager.count() for m in apps.get_models() if m._meta.app_label not in apart}


@pytest.fixture
def clients(db: None, settings: Any, tmp_path: Path) -> list[Client]:
    """Somebody who has not signed in, and a person who may do everything."""
    cache.clear()
    settings.KEYS = tmp_path / "keys"
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    make_own_keys()
    agency = Agency.objects.create(code="contact-point", name="Contact point")
    person = add_person("amina", "Amina", PASSWORD, agency=agency, roles=[Role.ADMINISTRATOR])
    for role in set(Role) - {Role.ADMINISTRATOR}:
        RoleGrant.objects.create(person=person, role=role)
    signed_in = client_of(person)
    return [Client(), signed_in]


def fields_of(page: bytes) -> dict[str, str]:
    """The fields of a page's own forms, with the values that they hold."""
    main = page.decode().partition("<main")[2]
    found = {}
    for tag in re.findall(r"<(?:input|select|textarea|button)\b[^>]*>", main):
        told = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if name := told.get("name"):
            found.setdefault(name, told.get("value", ""))
    found.pop("csrfmiddlewaretoken", None)
    return found


BAD_FORMS: dict[str, tuple[bytes, str]] = {
    "oversized": (b"a=" + b"x" * 1_100_000, FORM),
    "10,000 fields": (urlencode([(f"f{n}", "x") for n in range(10_000)]).encode(), FORM),
    "one field 10,000 times": (b"&".join([b"roles=x"] * 10_000), FORM),
    "nul": (b"title=a%00b&purpose=border_check", FORM),
    "a nul in a name": (b"ti%00tle=a", FORM),
    "multipart without a boundary": (b"x", "multipart/form-data"),
    "multipart of another boundary": (b"--a\r\n\r\nx\r\n--a--", "multipart/form-data; boundary=b"),
    "multipart with a nul": (
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\na\0b\r\n--b--\r\n',
        "multipart/form-data; boundary=b",
    ),
    "multipart cut off": (b'--b\r\nContent-Disposition: form-data; name="x', "multipart/form-data; boundary=b"),
    "json bomb": (b'{"a":' * 100_000, "application/json"),
    "xml bomb": (XML_BOMB, "application/xml"),
    "not utf-8": (b"name=\xff\xfe", FORM),
    "a charset of its own": (b"name=x", f"{FORM}; charset=utf-7"),
    "no such charset": (b"name=x", f"{FORM}; charset=nonsense"),
}


def answered(client: Client, address: str, send: Callable[..., Any]) -> Any:
    response = send(address)
    assert response.status_code < 500, f"{address}: {response.status_code}"
    if response.status_code >= 400:
        assert response.content or response.status_code == 405, address
        if "html" in response.get("Content-Type", ""):
            assert len(re.sub(rb"<[^>]+>|\s", b"", response.content)) > 40, f"{address}: no words"
    return response


HELD = ("10,000 fields", "one field 10,000 times", "nul", "a nul in a name", "multipart with a nul", "not utf-8")
"""The forms whose odd content a view may hand to a database; of the others it sees nothing, or an x."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in HELD else pytest.mark.one_engine) for n in BAD_FORMS]
)
def test_no_bad_form_is_taken(clients: list[Client], name: str) -> None:
    body, content_type = BAD_FORMS[name]
    before = rows()
    for client in clients:
        client.handler.enforce_csrf_checks = True  # as the console has it: what holds no form holds no token either
        for address in ADDRESSES:
            answer = answered(client, address, lambda at, to=client: to.generic("POST", at, body, content_type))
            # Programs are told 401, and 429 once an address has tried too often.
            assert answer.status_code in {302, 400, 401, 403, 404, 405, 413, 422, 429}, address
    assert rows() == before


NASTY = {
    "nul": "a\0b",
    "long": "ض" * 3_000,
    "controls": "a\x01\x1f\x7f\u202e\ufeff",
    "marks": "<script>alert(1)</script>'\";--{{7*7}}%s%n",
    "no number": "١٢٣",
    "vast number": "-" + "9" * 400,
    "no date": "2026-02-31",
    "wide": "\ufdfa" * 200,
}


@pytest.mark.parametrize("name", NASTY)
def test_every_field_of_every_form_may_hold_anything(clients: list[Client], name: str) -> None:
    tried = 0
    for client in clients:
        for address in ADDRESSES:
            page = client.get(address, {"purpose": "border_check"})
            fields = fields_of(page.content) if page.status_code == 200 and "html" in page["Content-Type"] else {}
            if not fields:
                continue
            tried += len(fields)
            before = rows()
            worst = dict.fromkeys(fields, NASTY[name]) | {n: fields[n] for n in ("act", "purpose") if fields.get(n)}
            answer = answered(client, address, partial(client.post, data=worst))
            if name == "nul":
                assert answer.status_code in {302, 400, 405, 422}, address
                assert rows() == before, address
            answered(client, address, partial(client.get, data=worst))
    assert tried > 30


@pytest.mark.parametrize(
    "query",
    ["x=%00", "page=%FF", "page=" + "9" * 3000, "page=١&next=//evil"],
    ids=lambda q: q[:12],
)
def test_no_address_line_breaks_a_page(clients: list[Client], query: str) -> None:
    for client in clients:
        for address in ADDRESSES:
            answered(client, address, lambda at, client=client: client.get(f"{at}?{query}&purpose=border_check"))


@pytest.mark.parametrize("name", ["nul", "oversized"])
def test_a_refusal_has_words_in_three_languages(clients: list[Client], name: str) -> None:
    body, content_type = BAD_FORMS[name]
    said = set()
    for language in ("ar", "fr", "en"):
        client = Client(headers={"Accept-Language": language})
        answer = client.post(reverse("account_login"), body, content_type=content_type)
        assert answer.status_code in {400, 413}
        said.add(re.sub(r"<[^>]+>", "", answer.content.decode().partition("<main")[2]))
    assert len(said) == 3


# --- the exchange's listener ------------------------------------------------------------------------------------------


def exchange(
    body: bytes | list[bytes], method: str = "POST", path: str = "/exchange/2", leave: bool = False
) -> tuple[int, bytes]:
    """One request, as a server hands it over in pieces; `leave`: the caller goes away before its end.

    Pieces that were read are taken out of a list.
    """
    from jiwar.asgi import exchange as application

    pieces = [body] if isinstance(body, bytes) else list(body)
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": leave or n + 1 < len(pieces)}
        for n, piece in enumerate(pieces)
    ]
    if leave:
        events.append({"type": "http.disconnect"})
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if isinstance(body, list) and body:
            body.pop(0)
        return events.pop(0)

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "path": path, "method": method, "headers": [], "query_string": b""}
    run(application(scope, receive, send))
    return said[0]["status"], said[1]["body"]


def item(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "big") + data


def hello(text: bytes) -> bytes:
    """A frame whose hello has this text, under a key and a signature of nobody."""
    return frames.MAGIC + item(b"h", bytes(72) + text)


BAD_FRAMES = {
    "empty": b"",
    "no frame": b"hello",
    "another version": b"JWF\x01" + item(b"h", b""),
    "no hello": frames.MAGIC,
    "hello is empty": frames.MAGIC + item(b"h", b""),
    "hello is cut": hello(b"{}")[:-1],
    "no json": hello(b"hello"),
    "bad utf-8": hello(b'{"v":"\xff"}'),
    "nul": hello(rb'{"v":"\u0000"}'),
    "lone surrogate": hello(rb'{"v":"\ud800"}'),
    "nan": hello(b'{"v":NaN}'),
    "duplicate": hello(b'{"v":2,"v":2}'),
    "json bomb": hello(b"[" * 60_000),
    "long json": hello(b"[" * 1_000_000),
    "huge integer": hello(b'{"v":' + b"9" * 60_000 + b"}"),
    "other names": hello(b'{"hello":1,"v":2}'),
    "a list": hello(b"[]"),
    "length of four gigabytes": frames.MAGIC + b"h\xff\xff\xff\xff",
    "item of no kind": hello(b"{}") + item(b"?", b""),
    "two hellos": hello(b"{}") + item(b"h", b""),
    "many items": hello(b"{}") + item(b"e", b"") * 100_000,
    "xml bomb": XML_BOMB,
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", BAD_FRAMES)
def test_the_listener_refuses_what_is_no_frame(name: str) -> None:
    before = rows()
    status, body = exchange(BAD_FRAMES[name])
    assert status in {400, 413}
    assert b"problem" in body
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_the_listener_stops_reading_at_its_limit() -> None:
    piece = b"x" * 500_000
    pieces = [piece] * 100
    status, _ = exchange(pieces)
    assert status == 413
    assert len(pieces) == 100 - (frames.MAX_BYTES // len(piece) + 1)  # what is left was never taken in


@pytest.mark.django_db(transaction=True)
def test_the_listener_has_one_address_and_one_method() -> None:
    assert exchange(b"{}", method="GET")[0] == 405
    assert exchange(b"{}", path="/")[0] == 404
    assert exchange([b"{", b"}"], leave=True)[0] == 400
