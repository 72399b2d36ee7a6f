"""The courier against real TLS listeners on loopback: pinned certificates, limits, slow peers, what may leave when."""

import dataclasses
import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from jiwar import asgi
from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Grant
from jiwar.access.services import as_node
from jiwar.exchange import courier as couriers
from jiwar.exchange import protocol, services
from jiwar.exchange.courier import Courier, due
from jiwar.exchange.logic import greeting as greetings
from jiwar.exchange.models import Link, Outgoing
from jiwar.exchange.queries import links
from jiwar.identity.keys import make_tls
from jiwar.identity.models import Node
from jiwar.identity.services import add_node, make_own_keys
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.services import issue
from jiwar.wire.strict_json import canonical, parse
from tests.exchange.test_exchange import Note, content, open_between
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db
BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
Answer = Callable[[bytes], Iterator[bytes]]


class Listener:
    """A TLS listener that answers a POST with what `answer` yields; `asked` are the requests that it heard."""

    def __init__(self, folder: Path, at: dt.datetime) -> None:
        self.asked: list[bytes] = []
        self.status = 200
        self.answer: Answer = lambda _: iter([b"{}"])
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.asked.append(body)
                self.send_response(listener.status)
                self.end_headers()
                try:
                    for piece in listener.answer(body):
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:
                    pass  # the courier hung up: what several tests want to see

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a refused handshake
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        make_tls(folder, "NER", self.url, at)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.certificate = (folder / "tls.crt").read_text()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    made = Listener(tmp_path, timezone.now())
    yield made
    made.stop()


@pytest.fixture
def niger(listener: Listener) -> ForeignNode:
    make_own_keys()
    return known("NER", listener.url, listener.certificate)


@pytest.fixture
def kind() -> Iterator[Kind]:
    new = register(Kind("test.note", 1, Note))
    yield new
    del KINDS["test.note", 1]


def known(code: str, url: str, certificate: str) -> ForeignNode:
    node = ForeignNode(code, url=url)
    node.tls_certificate = certificate
    add_node(node.card())
    return node


def greeting(node: ForeignNode) -> dict[str, Any]:
    """A genuine greeting of a foreign node, with the checkpoint of an empty ledger."""
    from jiwar.audit.logic.checkpoint import sign_checkpoint
    from jiwar.audit.logic.merkle import CompactRange, root

    key, now = node.ring.signing[0], timezone.now()
    note = sign_checkpoint(f"jiwar/{node.node.code}", 0, root(CompactRange()), now, key.private)
    said = greetings.Greeting(node.node.code, settings.NODE.code, now.isoformat(), note)
    return greetings.sign(said, key.id, key.private)


def says(node: ForeignNode, **more: Any) -> Answer:
    return lambda _: iter(
        [canonical({"greeting": greeting(node), "receipts": [], "expected": 1, "problem": None} | more)]
    )


def failure(code: str = "NER") -> str:
    return Link.objects.get(node=code).failure


def test_a_visit_reaches_a_node_by_its_pinned_certificate(listener: Listener, niger: ForeignNode) -> None:
    listener.answer = says(niger)
    Courier().visit("NER")
    [link] = links()
    assert (link.state, link.failure) == ("up", "")
    assert abs(link.clock_difference or 99) < 5
    assert len(listener.asked) == 1


def test_a_pinned_certificate_serves_whatever_the_clock_says(tmp_path: Path) -> None:
    make_own_keys()
    old = Listener(tmp_path, timezone.now() - dt.timedelta(days=20 * 365))
    try:
        old.answer = says(known("NER", old.url, old.certificate))
        Courier().visit("NER")
    finally:
        old.stop()
    assert links()[0].state == "up"


def test_another_certificate_is_refused_and_nothing_is_said(listener: Listener) -> None:
    make_own_keys()
    add_node(ForeignNode("NER", url=listener.url).card())
    Courier().visit("NER")
    assert failure() == "wrong_certificate ConnectError"
    assert listener.asked == []


def test_nobody_at_the_address_is_unreachable() -> None:
    make_own_keys()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    add_node(ForeignNode("NER", url=f"https://127.0.0.1:{port}").card())
    Courier().visit("NER")
    assert failure() == "unreachable ConnectError"
    assert due(timezone.now()) == {}
    assert due(timezone.now() + dt.timedelta(minutes=2)) == {"NER": True}


def test_an_answer_past_the_limit_is_not_read_on(listener: Listener, niger: ForeignNode) -> None:
    sent = []

    def endless(_: bytes) -> Iterator[bytes]:
        while len(sent) < 100:
            sent.append(1)
            yield bytes(1_000_000)

    listener.answer = endless
    Courier().visit("NER")
    assert failure() == "answer_too_large"
    time.sleep(0.2)
    assert len(sent) < 50


def test_a_peer_that_drips_is_left(listener: Listener, niger: ForeignNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "ANSWER_WITHIN", 0.2)

    def drip(_: bytes) -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.05)
            yield b" "

    listener.answer = drip
    Courier().visit("NER")
    assert failure() == "too_slow"


def test_a_refusal_keeps_its_code_and_nothing_that_a_stranger_wrote(listener: Listener, niger: ForeignNode) -> None:
    listener.status, listener.answer = 400, lambda _: iter([b'{"problem":"key_revoked"}'])
    Courier().visit("NER")
    assert failure() == "http 400 key_revoked"
    listener.answer = lambda _: iter([b"<script>alert(1)</script>"])
    Courier().visit("NER")
    assert failure() == "http 400"


def test_an_answer_that_is_not_of_the_node_is_not_understood(listener: Listener, niger: ForeignNode) -> None:
    listener.answer = says(ForeignNode("NER"))
    Courier().visit("NER")
    assert failure() == "not_understood key_unknown"


def test_nothing_is_sealed_before_a_silent_node_answers(listener: Listener, niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    issue(BY, kind, content(kind))
    listener.status = 503
    Courier().visit("NER")
    assert Outgoing.objects.get().state == "queued"
    listener.status, listener.answer = 200, says(niger)
    Courier().visit("NER")
    assert [len(parse(body)["messages"]) for body in listener.asked] == [0, 0, 1]
    assert Outgoing.objects.get().state == "sealed"


def test_a_peer_that_never_takes_what_it_is_sent_is_left(listener: Listener, niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    issue(BY, kind, content(kind))
    listener.answer = says(niger)
    Courier().visit("NER")
    assert failure() == "no_progress"
    assert len(listener.asked) == 2


def test_a_peer_may_ask_again_once_in_a_visit(listener: Listener, niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    for n in range(2):
        issue(BY, kind, content(kind, str(n)))
    services.depart("NER")
    Outgoing.objects.filter(seq=1).update(state=Outgoing.State.ACKNOWLEDGED)
    listener.answer = says(niger, expected=1)
    services.reached("NER", None)
    Courier().visit("NER")
    assert [len(parse(body)["messages"]) for body in listener.asked] == [1, 2]
    assert failure() == "no_progress"


def test_slow_peers_keep_only_each_other_waiting(listener: Listener, niger: ForeignNode) -> None:
    courier = Courier()
    release = threading.Event()
    for _ in range(couriers.PATIENT * 3):
        courier._patient.submit(release.wait, 30)
    done = courier._quick.submit(lambda: "went")
    assert done.result(timeout=5) == "went"
    release.set()
    services.missed("NER", "too_slow")
    assert due(timezone.now() + dt.timedelta(minutes=2)) == {"NER": True}
    services.reached("NER", None)
    assert due(timezone.now() + dt.timedelta(minutes=2)) == {"NER": False}


def test_an_unexpected_failure_answers_503_and_logs_no_content(
    niger: ForeignNode, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: bytes) -> bytes:
        raise RuntimeError("Ahmed Ahmed, born 1980")

    monkeypatch.setattr(protocol, "answer", fails)
    monkeypatch.setattr(asgi, "close_old_connections", lambda: None)  # the test's own connection stays
    assert asgi._answer(b"{}") == (503, b'{"problem":"internal_error"}')
    assert "RuntimeError" in caplog.text
    assert "Ahmed" not in caplog.text


def test_a_message_that_fails_here_stops_the_batch_and_is_asked_for_again(
    niger: ForeignNode, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jiwar.exchange.services import take
    from tests.exchange.test_exchange import Channel

    open_between(niger, "test.note")
    channel = Channel(niger)
    one, two = (channel.envelope(niger.statement(kind, content(kind, str(n)))) for n in range(2))
    whole = services._apply

    def fails_once(sender: str, payload: dict[str, object]) -> Any:
        if '"text":"1"' in str(payload["statement"]):
            raise ZeroDivisionError
        return whole(sender, payload)

    monkeypatch.setattr(services, "_apply", fails_once)
    taken = take("NER", [one, two])
    assert (len(taken.receipts), taken.expected, taken.problem.code) == (1, 2, "internal_error")
    monkeypatch.undo()
    assert len(take("NER", [two]).receipts) == 1


def test_try_now_needs_its_permission_and_ends_the_wait(niger: ForeignNode) -> None:
    from jiwar.audit.models import Leaf

    services.missed("NER", "unreachable")
    with pytest.raises(AccessRefused):
        services.retry(BY, "NER")
    assert due(timezone.now()) == {}
    grant = Grant(dataclasses.replace(BY.actor, id="someone"), Permission.EXCHANGE_LINK_RETRY)
    services.retry(grant, "NER")
    assert due(timezone.now()) == {"NER": True}
    assert Leaf.objects.filter(act="link_retried", actor="someone", subject="NER").count() == 1
    assert Node.objects.filter(code="NER").exists()
