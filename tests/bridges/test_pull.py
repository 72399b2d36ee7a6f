"""The TAXII client: against our own server over real HTTP, and against servers that are wrong in every way."""

import dataclasses
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.models import Leaf
from jiwar.bridges import pull as pulling
from jiwar.bridges import services
from jiwar.bridges.holdings import records_of
from jiwar.bridges.models import Reading, Source
from jiwar.identity.keys import make_tls
from jiwar.identity.models import Agency
from jiwar.records.models import Record
from jiwar.wire.faults import Refused
from tests.bridges.conftest import MEDIA_TYPE, Secret
from tests.bridges.logic.test_coming_in import person, thing

Granting = Callable[..., Grant]
Answer = Callable[[dict[str, str]], "Told"]


@dataclasses.dataclass
class Told:
    """What a server answers."""

    body: Any = dataclasses.field(default_factory=dict)
    status: int = 200
    content_type: str = MEDIA_TYPE
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    drip: float = 0


class Listener:
    """A TAXII server of one collection that answers each request with what `answer` says; `asked` are the queries."""

    def __init__(self, folder: Path | None, answer: Answer) -> None:
        self.asked: list[dict[str, str]] = []
        self.authorizations: list[str] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                listener.asked.append(query)
                listener.authorizations.append(self.headers.get("authorization", ""))
                told = answer(query)
                body = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
                self.send_response(told.status)
                for name, value in {"content-type": told.content_type, **told.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for i in range(0, len(body), 100_000) if not told.drip else range(len(body)):
                        self.wfile.write(body[i : i + (1 if told.drip else 100_000)])
                        self.wfile.flush()
                        time.sleep(told.drip)
                except OSError:
                    pass  # the client hung up: what several tests want to see

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a refused handshake
        port, self.certificate = self._server.server_address[1], ""
        if folder:
            make_tls(folder, "NER", f"https://127.0.0.1:{port}", timezone.now())
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.certificate = (folder / "tls.crt").read_text()
        self.url = f"{'https' if folder else 'http'}://127.0.0.1:{port}/root/"
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Listener]]:
    """`serve(answer, tls=…)`: a running listener."""
    running: list[Listener] = []

    def make(answer: Answer, *, tls: bool = False) -> Listener:
        running.append(Listener(tmp_path if tls else None, answer))
        return running[-1]

    yield make
    for listener in running:
        listener.stop()


@pytest.fixture
def fetch(source: Callable[..., Source], reading_lists: Granting) -> Callable[..., Any]:
    """`fetch(listener, …)`: pull a source that stands at this listener."""

    def make(listener: Listener, **typed: str) -> Any:
        if not Source.objects.exists():
            source(url=listener.url, collection="one", **typed)
        return services.pull(reading_lists(), "interpol")

    return make


def last(minute: int) -> str:
    return f"2026-01-01T00:{minute:02}:00.000000Z"


def dated(minute: int) -> dict[str, str]:
    return {"X-TAXII-Date-Added-Last": last(minute)}


# --- our own server ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_our_client_reads_our_server_page_by_page_and_goes_on_where_it_was(
    live_server: Any,
    agency: Agency,
    confirm: Any,
    secret: Secret,
    issued: Callable[..., Record],
    source: Callable[..., Source],
    reading_lists: Granting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    confirm(agency)
    records = {str(issued().uid) for _ in range(3)}
    token = secret(agency, P.BRIDGES_COLLECTION_READ, P.WATCHLIST_ALERT_READ)
    monkeypatch.setenv("JIWAR_TAXII_CREDENTIAL", f"bearer {token}")
    source(url=f"{live_server.url}/taxii2/jiwar/", collection=str(records_of("LBY", "alert.person").id))
    pulled = services.pull(reading_lists(), "interpol")
    assert (pulled.objects, pulled.pages, pulled.failure) == (11, 1, "")
    assert pulled.reading is not None
    held = pulled.reading.statements.all()
    assert {str(one.uid) for one in held} == records
    assert {one.standing for one in held} == {"held"}
    assert services.pull(reading_lists(), "interpol").reading is None
    late = issued()
    again = services.pull(reading_lists(), "interpol")
    assert (again.objects, [one.uid for one in again.reading.statements.all()]) == (1, [late.uid])
    monkeypatch.setenv("JIWAR_TAXII_CREDENTIAL", "basic any:jiwar_wrong")
    assert services.pull(reading_lists(), "interpol").failure == "http 401"


# --- pages ------------------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def three_pages(query: dict[str, str]) -> Told:
    number = int(query.get("next", "0"))
    one = thing("identity", number, name=f"Person {number} X", identity_class="individual")
    more = {"more": True, "next": str(number + 1)} if number < 2 else {}
    return Told({"objects": [one], **more}, headers=dated(number))


def test_all_pages_become_one_reading_and_the_place_is_kept(serve: Any, fetch: Any) -> None:
    listener = serve(three_pages)
    pulled = fetch(listener)
    assert (pulled.pages, pulled.reading.found, pulled.reading.via) == (3, 3, "pull")
    assert [query.get("next") for query in listener.asked] == [None, "1", "2"]
    assert {query["limit"] for query in listener.asked} == {"1000"}
    source = Source.objects.get()
    assert (source.added_after, source.next, source.failure) == (last(2), "", "")
    assert Leaf.objects.get(act="source_pulled").subject == "interpol"
    fetch(listener)
    assert listener.asked[3]["added_after"] == last(2)


def test_a_page_that_fails_leaves_the_whole_ones_and_is_fetched_again(serve: Any, fetch: Any) -> None:
    broken = [True]

    def answer(query: dict[str, str]) -> Told:
        if query.get("next") == "2" and broken[0]:
            return Told(b'{"objects":[{"type":', headers=dated(2))
        return three_pages(query)

    listener = serve(answer)
    pulled = fetch(listener)
    assert (pulled.pages, pulled.reading.found, pulled.failure) == (2, 2, "not_taxii")
    source = Source.objects.get()
    assert (source.added_after, source.next, source.failure) == ("", "2", "not_taxii")
    broken[0] = False
    again = fetch(listener)
    assert (again.pages, again.reading.found, again.failure) == (1, 1, "")
    assert listener.asked[-1]["next"] == "2"
    assert Source.objects.get().added_after == last(2)


def test_a_place_that_the_server_has_forgotten_begins_the_listing_anew(serve: Any, fetch: Any) -> None:
    def answer(query: dict[str, str]) -> Told:
        return Told({}, status=400) if query.get("next") == "gone" else three_pages(query)

    listener = serve(answer)
    fetch(listener)
    Source.objects.update(next="gone", added_after=last(1))
    assert fetch(listener).pages == 3
    assert listener.asked[-3].get("next") is None
    assert listener.asked[-3]["added_after"] == last(1)


def test_a_server_without_next_is_paged_by_time(serve: Any, fetch: Any) -> None:
    def answer(query: dict[str, str]) -> Told:
        number = int(query["added_after"][14:16]) if "added_after" in query else 0
        one = thing("identity", number, name=f"Person {number} X", identity_class="individual")
        return Told({"objects": [one], "more": number < 3}, headers=dated(number + 1))

    assert fetch(serve(answer)).pages == 4
    assert Source.objects.get().added_after == last(4)


def test_a_server_that_goes_round_in_circles_is_left(serve: Any, fetch: Any) -> None:
    pulled = fetch(serve(lambda _: Told({"objects": [person()], "more": True, "next": "same"}, headers=dated(1))))
    assert (pulled.failure, pulled.pages) == ("no_progress", 2)
    assert Reading.objects.get().found == 1


def test_a_pull_has_an_end_and_goes_on_from_there(serve: Any, fetch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "MOST_PAGES", 2)
    listener = serve(three_pages)
    assert fetch(listener).pages == 2
    assert Source.objects.get().next == "2"
    assert fetch(listener).pages == 1
    assert (Source.objects.get().next, Source.objects.get().added_after) == ("", last(2))


# --- what a server may not do -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (Told({}, status=302, headers={"location": "http://127.0.0.1:1/"}), "redirected"),
        (Told({}, status=307, headers={"location": "/elsewhere"}), "redirected"),
        (Told({}, status=403), "http 403"),
        (Told({}, status=500), "http 500"),
        (Told({}, status=204), "http 204"),
        (Told({"objects": []}, content_type="application/json"), "not_taxii"),
        (Told(b"<html>", content_type="text/html"), "not_taxii"),
        (Told(b"not json"), "not_taxii"),
        (Told([1]), "not_taxii"),
        (Told({"objects": {}}), "not_taxii"),
        (Told({"objects": [], "more": True, "next": 7}), "not_taxii"),
        (Told({"objects": [], "more": True, "next": "x" * 1001}), "not_taxii"),
        (Told({"objects": [], "more": True, "next": "a\u202eb"}), "not_taxii"),
        (Told({"objects": [], "more": True}), "no_progress"),
        (Told(b'{"objects":[],"objects":[]}'), "not_taxii"),
        (Told(b"\x1f\x8b" + bytes(50), headers={"content-encoding": "gzip"}), "not_taxii"),
        (Told(b'{"x":"' + bytes([120]) * 10_000_001 + b'"}'), "answer_too_large"),
    ],
    ids=range(17),
)
def test_a_wrong_answer_changes_nothing_but_says_why(serve: Any, fetch: Any, told: Told, failure: str) -> None:
    listener = serve(lambda _: told)
    pulled = fetch(listener)
    assert (pulled.failure, pulled.reading) == (failure, None)
    assert not Reading.objects.exists()
    source = Source.objects.get()
    assert (source.failure, source.next, source.added_after) == (failure, "", "")
    assert len(listener.asked) <= 2


def test_a_server_that_drips_is_left(serve: Any, fetch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "WITHIN", 0.3)
    assert fetch(serve(lambda _: Told({"objects": [person()]}, drip=0.05))).failure == "too_slow"


def test_nobody_at_the_address(source: Any, reading_lists: Granting) -> None:
    source(url="http://127.0.0.1:9/x/", collection="one")
    assert services.pull(reading_lists(), "interpol").failure == "unreachable"


def test_a_hostile_object_refuses_the_pull_and_the_place_stays(serve: Any, fetch: Any) -> None:
    from jiwar.bridges.logic.stix import EXTENSION

    bad = person(extensions={EXTENSION: {"extension_type": "property-extension", "statement": "{}"}})
    with pytest.raises(Refused, match="statement_damaged"):
        fetch(serve(lambda _: Told({"objects": [bad]}, headers=dated(1))))
    assert (Source.objects.get().added_after, Reading.objects.count()) == ("", 0)
    assert Source.objects.get().failure == "unreadable statement_damaged"


# --- who speaks -------------------------------------------------------------------------------------------------------


def test_a_pinned_certificate_is_trusted_and_no_other(
    serve: Any, fetch: Any, tmp_path: Path, reading_lists: Granting
) -> None:
    listener = serve(three_pages, tls=True)
    assert fetch(listener, certificate=listener.certificate).failure == ""
    other = tmp_path / "other"
    other.mkdir()
    make_tls(other, "NER", listener.url, timezone.now())
    Source.objects.update(certificate=(other / "tls.crt").read_text())
    before = len(listener.asked)
    assert services.pull(reading_lists(), "interpol").failure == "wrong_certificate"
    Source.objects.update(certificate="")
    assert services.pull(reading_lists(), "interpol").failure == "wrong_certificate"
    assert len(listener.asked) == before


def test_a_credential_comes_from_a_file_that_nobody_else_may_read(
    serve: Any, fetch: Any, settings: Any, reading_lists: Granting
) -> None:
    listener = serve(three_pages)
    fetch(listener)
    assert listener.authorizations[0] == ""
    folder = settings.KEYS / "taxii"
    folder.mkdir()
    (folder / "interpol").write_text("bearer secret-1\n")
    (folder / "interpol").chmod(0o640)
    with pytest.raises(Refused, match="file_is_open credential keys/taxii/interpol"):
        services.pull(reading_lists(), "interpol")
    (folder / "interpol").chmod(0o600)
    services.pull(reading_lists(), "interpol")
    assert listener.authorizations[-1] == "Bearer secret-1"
    (folder / "interpol").write_text("basic amal:a b:c")
    services.pull(reading_lists(), "interpol")
    assert listener.authorizations[-1] == "Basic YW1hbDphIGI6Yw=="
    (folder / "interpol").write_text("bearer two\r\nX-Other: 1")
    with pytest.raises(Refused, match="wrong_form credential"):
        services.pull(reading_lists(), "interpol")


def test_who_may_pull_and_what_a_source_without_an_address_says(
    source: Any, reading_lists: Granting, grant: Granting
) -> None:
    source()
    with pytest.raises(Refused, match="missing url"):
        services.pull(reading_lists(), "interpol")
    with pytest.raises(AccessRefused, match="purpose_not_allowed"):
        services.pull(reading_lists(purpose=Purpose.SANCTIONS), "interpol")
    with pytest.raises(AccessRefused, match="permission_missing"):
        services.pull(grant(P.WATCHLIST_LIST_READ), "interpol")
