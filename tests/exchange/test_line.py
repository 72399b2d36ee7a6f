"""The line to a node, against a TLS listener that answers what each test wants, byte by byte."""

import re
import ssl
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from django.utils import timezone

from jiwar.exchange import line as lines
from jiwar.exchange.line import Line, Missed
from jiwar.identity.keys import make_tls

WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nheard"


class Peer(ThreadingTCPServer):
    """Gives its answers in their order, the last again and again, and hangs up after one that is not WHOLE.

    `met`: how many connections came about; `asked`: each request's body and its headers.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.url = f"https://127.0.0.1:{self.server_address[1]}"
        make_tls(folder, "NER", self.url, timezone.now())
        self.certificate = (folder / "tls.crt").read_text()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.answers: Sequence[bytes] = [WHOLE]
        self.hangs_up = False
        self.met = 0
        self.asked: list[tuple[bytes, bytes]] = []
        self.over = threading.Event()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.over.set()

    def handle_error(self, *_: Any) -> None:
        """A line that is cut is what several tests want to see."""


class Conversation(StreamRequestHandler):
    server: Peer

    def handle(self) -> None:
        self.server.met += 1
        while head := b"".join(iter(self.rfile.readline, b"\r\n") if self.rfile.peek(1) else ()):
            found = re.search(rb"content-length: (\d+)", head)
            assert found
            self.server.asked.append((self.rfile.read(int(found[1])), head))
            answer = self.server.answers[min(len(self.server.asked), len(self.server.answers)) - 1]
            self.wfile.write(answer)
            if answer != WHOLE or self.server.hangs_up:
                break


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    with Peer(tmp_path) as made:
        threading.Thread(target=made.serve_forever, args=[0.02], daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def line(peer: Peer) -> Iterator[Line]:
    made = Line(peer.url, peer.certificate)
    yield made
    made.close()


def ask(line: Line, *frame: bytes, wait: int = 0) -> bytes:
    return line.ask(iter(frame), sum(map(len, frame)), wait).body


def missed(line: Line) -> str:
    with pytest.raises(Missed) as found:
        ask(line, b"frame")
    return str(found.value)


def test_what_is_asked_goes_out_as_it_is(peer: Peer, line: Line) -> None:
    assert ask(line, b"one", b"", b"two", wait=7) == b"heard"
    [(body, head)] = peer.asked
    assert body == b"onetwo"
    assert head.startswith(b"POST /exchange/2 HTTP/1.1\r\n")
    assert b"jiwar-wait: 7\r\n" in head
    assert b"accept-encoding: identity\r\n" in head.lower()
    assert b"python" not in head.lower()


def test_an_address_may_have_a_path(peer: Peer) -> None:
    line = Line(f"{peer.url}/node/", peer.certificate)
    assert ask(line, b"frame") == b"heard"
    line.close()
    assert peer.asked[0][1].startswith(b"POST /node/exchange/2 HTTP/1.1\r\n")


def test_one_connection_serves_as_long_as_it_holds(peer: Peer, line: Line) -> None:
    assert {ask(line, b"frame") for _ in range(5)} == {b"heard"}
    assert (peer.met, len(peer.asked)) == (1, 5)


def test_a_line_that_the_node_ended_is_made_anew_and_nothing_is_missed(peer: Peer, line: Line) -> None:
    peer.hangs_up = True
    for _ in range(3):
        assert ask(line, b"frame") == b"heard"
        assert peer.over.wait(5)
        peer.over.clear()
    assert (peer.met, len(peer.asked)) == (3, 3)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "unreachable RemoteDisconnected"),
        (b"SSH-2.0-OpenSSH\r\n", "unreachable BadStatusLine"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhear", "unreachable IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhear", "unreachable IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", "unreachable HTTPException"),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n", "unreachable LineTooLong"),
    ],
)
def test_an_answer_that_is_none_is_missed_and_the_next_is_heard(
    peer: Peer, line: Line, answer: bytes, why: str
) -> None:
    peer.answers = [WHOLE, answer, WHOLE]
    ask(line, b"frame")
    assert missed(line) == why
    assert ask(line, b"frame") == b"heard"
    assert peer.met == 2


def test_an_answer_in_chunks_is_put_together(peer: Peer, line: Line) -> None:
    peer.answers = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nard\r\n0\r\n\r\n"]
    assert ask(line, b"frame") == b"heard"


def test_an_answer_past_the_limit_is_left(peer: Peer, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_BYTES", 4)
    assert missed(line) == "answer_too_large"


def test_a_node_that_says_nothing_is_left(peer: Peer, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "READ_WITHIN", 0.2)
    monkeypatch.setattr(Conversation, "handle", lambda self: self.rfile.read())
    assert missed(line) == "too_slow TimeoutError"


def test_what_nobody_asked_for_is_not_taken_for_an_answer(peer: Peer, line: Line) -> None:
    peer.answers = [WHOLE + b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged", WHOLE]
    assert ask(line, b"frame") == b"heard"
    assert peer.over.wait(5)
    assert ask(line, b"frame") == b"heard"


def test_another_certificate_hears_nothing(peer: Peer, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make_tls(other, "NER", peer.url, timezone.now())
    assert missed(Line(peer.url, (other / "tls.crt").read_text())) == "wrong_certificate SSLCertVerificationError"
    assert peer.asked == []
