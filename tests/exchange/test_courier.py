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
import time_machine
from django.conf import settings
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Grant
from jiwar.access.services import as_node
from jiwar.audit.models import Leaf
from jiwar.exchange import courier as couriers
from jiwar.exchange import departure, services
from jiwar.exchange import line as lines
from jiwar.exchange import listener as listeners
from jiwar.exchange.arrival import take
from jiwar.exchange.courier import Courier, Way
from jiwar.exchange.links import LONG_PATIENCE, PATIENCE
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic.conversation import ROOM, answer
from jiwar.exchange.logic.frame import Frame
from jiwar.exchange.logic.hello import Problem
from jiwar.exchange.logic.streams import FIRST
from jiwar.exchange.models import Incoming, Link, Outgoing, Stream
from jiwar.exchange.queries import links
from jiwar.exchange.this_node import CONTACTS, ThisNode
from jiwar.identity.keys import make_tls, ring
from jiwar.identity.services import add_node, make_own_keys
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.models import Record
from jiwar.records.services import issue, terms
from jiwar.wire.faults import Fault, Refused
from tests.exchange.test_exchange import Channel, Note, content, open_between
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
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

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


def says(node: ForeignNode, **hello: Any) -> Answer:
    return lambda asked: iter([node.answer(asked, **hello)])


def heard(listener: Listener) -> list[Frame]:
    """The frames that the listener was sent."""
    return [frames.read(body) for body in listener.asked]


def visit(node: str = "NER") -> Courier:
    """A courier that went to a node once."""
    courier = Courier()
    courier.visit(node)
    return courier


def due(courier: Courier) -> list[str]:
    courier._retry()
    nodes, _ = courier.due()
    return nodes


def failure(code: str = "NER") -> str:
    return Link.objects.get(node=code).failure


@pytest.fixture(autouse=True)
def _nobody_is_remembered() -> None:
    CONTACTS.clear()


def test_a_visit_reaches_a_node_by_its_pinned_certificate(listener: Listener, niger: ForeignNode) -> None:
    listener.answer = says(niger)
    visit()
    [link] = links()
    assert (link.state, link.failure) == ("up", "")
    assert abs(link.clock_difference or 99) < 5
    assert [frame.envelopes for frame in heard(listener)] == [[], []]


def test_a_pinned_certificate_serves_whatever_the_clock_says(tmp_path: Path) -> None:
    make_own_keys()
    old = Listener(tmp_path, timezone.now() - dt.timedelta(days=20 * 365))
    try:
        old.answer = says(known("NER", old.url, old.certificate))
        visit()
    finally:
        old.stop()
    assert links()[0].state == "up"


def test_another_certificate_is_refused_and_nothing_is_said(listener: Listener) -> None:
    make_own_keys()
    add_node(ForeignNode("NER", url=listener.url).card())
    visit()
    assert failure() == "wrong_certificate SSLCertVerificationError"
    assert listener.asked == []


def test_nobody_at_the_address_is_tried_again_every_second_or_so(monkeypatch: pytest.MonkeyPatch) -> None:
    make_own_keys()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    add_node(ForeignNode("NER", url=f"https://127.0.0.1:{port}").card())
    courier = visit()
    assert failure() == "unreachable ConnectionRefusedError"
    assert due(courier) == []
    courier.heard("NER", listening=False)  # its own word ends the wait
    assert due(courier) == ["NER"]
    for _ in range(20):
        courier.visit("NER")
        assert courier._ways["NER"].wait <= PATIENCE[1]


def test_a_node_that_listens_to_us_is_not_visited(niger: ForeignNode) -> None:
    courier = Courier()
    assert due(courier) == ["NER"]
    courier.heard("NER", listening=True)
    assert due(courier) == []


def test_an_answer_past_the_limit_is_not_read_on(listener: Listener, niger: ForeignNode) -> None:
    sent = []

    def endless(_: bytes) -> Iterator[bytes]:
        while len(sent) < 100:
            sent.append(1)
            yield bytes(1_000_000)

    listener.answer = endless
    visit()
    assert failure() == "answer_too_large"
    time.sleep(0.2)
    assert len(sent) < 50


def test_a_peer_that_drips_is_left(listener: Listener, niger: ForeignNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "ANSWER_WITHIN", 0.2)
    monkeypatch.setattr(lines, "SLOWEST", 10_000)

    def drip(_: bytes) -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.05)
            yield b" "

    listener.answer = drip
    visit()
    assert failure() == "too_slow"


def test_a_refusal_keeps_its_code_and_nothing_that_a_stranger_wrote(listener: Listener, niger: ForeignNode) -> None:
    listener.status, listener.answer = 400, lambda _: iter([b'{"problem":"key_revoked"}'])
    visit()
    assert failure() == "http 400 key_revoked"
    listener.answer = lambda _: iter([b"<script>alert(1)</script>"])
    visit()
    assert failure() == "http 400"


def test_a_node_that_forgot_our_key_gets_our_card_at_once(listener: Listener, niger: ForeignNode) -> None:
    listener.status, listener.answer = 400, lambda _: iter([b'{"problem":"key_unknown"}'])
    CONTACTS["NER"].knows = ring(settings.KEYS).signing[0].id
    courier = visit()
    assert courier._ways["NER"].wait <= PATIENCE[1]
    courier.visit("NER")
    assert [hello.card.get("code") for hello in map(_hello, listener.asked)] == [None, "LBY"]
    assert courier._ways["NER"].wait == LONG_PATIENCE  # that was no reason: now each minute


def _hello(body: bytes) -> hellos.Hello:
    return hellos.read(frames.read(body).hello)[0]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda niger: says(ForeignNode("NER")), "key_unknown"),
        (lambda niger: says(niger, re="0" * 32), "hello_stale"),
        (lambda niger: says(niger, recipient="TUN"), "hello_of_other"),
        (lambda niger: says(niger, sender="LBY"), "key_of_other_node"),
        (lambda niger: lambda _: iter([b"<html>"]), "frame_form"),
    ],
    ids=["another key", "a kept answer", "for another", "as another", "no frame"],
)
def test_an_answer_that_is_not_of_the_node_to_us_now_is_not_understood(
    listener: Listener, niger: ForeignNode, answer: Callable[[ForeignNode], Answer], code: str
) -> None:
    listener.answer = answer(niger)
    visit()
    assert failure() == f"not_understood {code}"
    assert [link.state for link in links()] != ["up"]


def test_nothing_is_sealed_before_a_silent_node_answers(listener: Listener, niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    issue(BY, kind, content(kind))
    listener.status = 503
    visit()
    assert Outgoing.objects.get().state == "queued"
    listener.status, listener.answer = 200, says(niger)
    visit()
    assert [len(frame.envelopes) for frame in heard(listener)][:3] == [0, 0, 1]
    assert Outgoing.objects.get().state == "sealed"


def test_nothing_is_sealed_on_the_word_of_an_answer_that_somebody_kept(niger: ForeignNode, kind: Kind) -> None:
    """Who replays a neighbour's request learns nothing and moves nothing."""
    open_between(niger, "test.note")
    issue(BY, kind, content(kind))
    node, request = ThisNode(reaching=False), frames.write(Frame(niger.hello(room=10**6)))
    assert frames.read(answer(node, CONTACTS, request).data).envelopes == []
    assert Outgoing.objects.get().state == "queued"
    nonce = hellos.read(frames.read(answer(node, CONTACTS, request).data).hello)[0].nonce
    fresh = frames.write(Frame(niger.hello(room=10**6, re=nonce)))
    assert len(frames.read(answer(node, CONTACTS, fresh).data).envelopes) == 1
    assert Outgoing.objects.get().state == "sealed"


def test_a_peer_that_never_takes_what_it_is_sent_is_left(listener: Listener, niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    issue(BY, kind, content(kind))
    listener.answer = says(niger)
    visit()
    assert failure() == "no_progress"
    assert [len(frame.envelopes) for frame in heard(listener)] == [0, 1, 1]


def test_a_peer_that_cannot_take_them_says_why(listener: Listener, niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    issue(BY, kind, content(kind))
    listener.answer = says(niger, problem=Problem("chain_broken", "routine.1.0 1"))
    visit()
    assert failure() == "chain_broken routine.1.0 1"


def test_an_old_envelope_that_cannot_be_taken_is_sealed_anew_at_once(
    listener: Listener, niger: ForeignNode, kind: Kind
) -> None:
    open_between(niger, "test.note")
    with time_machine.travel(timezone.now() - dt.timedelta(days=400)):
        issue_sealed_long_ago(kind)
    expired = Problem("envelope_expired", "2025")
    listener.answer = lambda asked: iter([niger.answer(asked, problem=None if len(heard(listener)) == 1 else expired)])
    visit()
    sent = [envelopes.read(data).header.stream for frame in heard(listener) for data in frame.envelopes]
    assert sent == ["routine.1.0", "routine.1.1"]


def issue_sealed_long_ago(kind: Kind) -> None:
    """A record whose envelope has expired by now, as a wrong clock leaves it."""
    far = terms("border_check", "test", 1000, Note(text="old"))
    record = issue(BY, kind, kind.content.model_validate(far))
    Outgoing.objects.filter(record=record).update(state="queued", reason="")
    stream = Stream.objects.create(node="NER", incoming=False, name="routine.1.0", head=FIRST)
    departure._seal(stream, list(Outgoing.objects.filter(record=record).select_related("record")))


def test_slow_peers_keep_only_each_other_waiting(niger: ForeignNode) -> None:
    courier, release = Courier(), threading.Event()
    for _ in range(couriers.VISITS - 1):
        courier._pool.submit(release.wait, 30)
    done = courier._pool.submit(lambda: "went")
    assert done.result(timeout=5) == "went"
    release.set()


def test_an_unexpected_failure_answers_503_and_logs_no_content(
    niger: ForeignNode, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> bytes:
        raise RuntimeError("Ahmed Ahmed, born 1980")

    monkeypatch.setattr(listeners, "answer", fails)
    monkeypatch.setattr(listeners, "renew", lambda: None)  # the test's own connection stays
    with pytest.raises(listeners.Refused) as refused:
        listeners.Listener()._hear(b"", listening=False)
    assert (refused.value.status, refused.value.body) == (503, b'{"problem":"internal_error"}')
    assert "RuntimeError" in caplog.text
    assert "Ahmed" not in caplog.text


def test_a_message_that_fails_here_stops_the_batch_and_is_asked_for_again(
    niger: ForeignNode, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_between(niger, "test.note")
    channel = Channel(niger)
    one, two, three = (channel.envelope(niger.statement(kind, content(kind, str(n)))) for n in range(3))

    def fails(record: Any, content_: Any) -> None:
        if content_.body.text == "1":
            raise ZeroDivisionError

    kind.projections.append(fails)
    taken = take("NER", [one, two, three])
    assert (taken.count, taken.problem) == (1, Problem("internal_error"))
    assert (Record.objects.filter(kind="test.note").count(), Incoming.objects.count()) == (1, 1)
    kind.projections.clear()
    assert take("NER", [two, three]).count == 2
    assert Leaf.objects.filter(act="record_received").count() == 3 + 1  # the agreement


def test_a_record_that_its_kind_refuses_is_refused_alone(niger: ForeignNode, kind: Kind) -> None:
    open_between(niger, "test.note")
    channel = Channel(niger)
    batch = [channel.envelope(niger.statement(kind, content(kind, str(n)))) for n in range(5)]

    def refuses(record: Any, content_: Any) -> None:
        if content_.body.text in {"1", "3"}:
            raise Refused(Fault("wrong_form", "content.body.text"))

    kind.projections.append(refuses)
    taken = take("NER", batch)
    assert (taken.count, taken.problem) == (5, None)
    assert [each.result.status for each in taken.arrivals if each.result] == [
        "applied", "refused", "applied", "refused", "applied",
    ]  # fmt: skip
    assert Record.objects.filter(kind="test.note").count() == 3


def test_try_now_needs_its_permission_and_ends_the_wait(niger: ForeignNode) -> None:
    courier = Courier()
    courier._missed("NER", "http", "400 key_unknown", patient=True)
    with pytest.raises(AccessRefused):
        services.retry(BY, "NER")
    assert due(courier) == []
    grant = Grant(dataclasses.replace(BY.actor, id="someone"), Permission.EXCHANGE_LINK_RETRY)
    services.retry(grant, "NER")
    assert due(courier) == ["NER"]
    assert Leaf.objects.filter(act="link_retried", actor="someone", subject="NER").count() == 1


def test_a_cap_is_set_by_an_administrator_within_reason(niger: ForeignNode) -> None:
    grant = Grant(dataclasses.replace(BY.actor, id="admin"), Permission.EXCHANGE_LINK_MANAGE)
    for wrong in (0, 999, 2**31):
        with pytest.raises(Refused, match="out_of_range"):
            services.set_cap(grant, "NER", wrong)
    services.set_cap(grant, "NER", 8_000)
    assert Link.objects.get(node="NER").cap == 8_000
    services.set_cap(grant, "NER", None)
    assert Link.objects.get(node="NER").cap is None


def test_frames_grow_with_the_speed_of_the_way() -> None:
    way = Way()
    assert way.carries() == couriers.FIRST_PUSH
    way.rate = 8_000  # 64 kbit/s
    assert way.carries() == 32_000
    way.rate = 10**8
    assert way.carries() == ROOM


def test_frames_are_small_after_one_that_did_not_pass() -> None:
    way = Way()
    way.rate = 10**8
    sizes = []
    for _ in range(4):
        way.slow_down()
        sizes.append(way.carries())
    assert sizes == [32_000, couriers.LEAST_PUSH, couriers.LEAST_PUSH, couriers.LEAST_PUSH]
