"""A line to one node: an HTTPS connection kept open, which trusts the certificate of the node's card and no other.

By the standard library's client: every message waits for it, and general ones take half as long again.
"""

import select
import socket
import ssl
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from urllib.parse import urlsplit

from jiwar.exchange.logic.frame import MAX_BYTES

ADDRESS = "/exchange/2"
CONNECT_WITHIN, READ_WITHIN = 4.0, 30.0
"""Seconds for a connection to come about, and between two pieces of an answer."""
ANSWER_WITHIN, SLOWEST = 30.0, 500
"""Seconds, and bytes a second beyond them: a peer whose answer drips slower is a peer that is not there."""
_PIECE = 65_536
_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL: the certificate is pinned, and a post that woke with a wrong clock must get
through to learn of it."""
_DROP = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
"""A connection that is given up ends at once: what it still had to send would hold up the next on a narrow way."""


class Missed(Exception):
    """A visit that brought no answer; `code` is of the words group `link_failure`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node said. `began`: when it began to say it, by the monotonic clock."""

    status: int
    body: bytes
    began: float


class Line:
    """One conversation at a time. `leads_to`: the address and the certificate for which it was made."""

    def __init__(self, url: str, certificate: str) -> None:
        self.leads_to = url, certificate
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False  # the certificate itself is pinned, wherever the node moves
        context.verify_flags |= _NO_CHECK_TIME
        context.load_verify_locations(cadata=certificate)
        parts = urlsplit(url)
        self._path = parts.path.rstrip("/") + ADDRESS
        self._https = HTTPSConnection(parts.hostname or "", parts.port, timeout=CONNECT_WITHIN, context=context)

    def ask(self, frame: Iterable[bytes], size: int, wait: int = 0) -> Answer:
        """Send a frame of so many bytes and hear what is answered, after `wait` seconds at most; raises Missed."""
        headers = {"content-type": "application/octet-stream", "content-length": str(size), "user-agent": "jiwar"}
        if wait:
            headers["jiwar-wait"] = str(wait)
        whole = False
        try:
            self._open().settimeout(READ_WITHIN + wait)
            self._https.request("POST", self._path, frame, headers)
            with self._https.getresponse() as response:
                began = time.monotonic()
                answer = Answer(response.status, b"".join(_pieces(response, began)), began)
            whole = True
        except TimeoutError as error:
            raise Missed("too_slow", type(error).__name__) from None
        except (HTTPException, OSError) as error:
            code = "wrong_certificate" if isinstance(error, ssl.SSLCertVerificationError) else "unreachable"
            raise Missed(code, type(error).__name__) from None
        finally:
            if not whole:
                self.close()
        return answer

    def close(self) -> None:
        self._https.close()

    def _open(self) -> ssl.SSLSocket:
        """The connection, made anew where the node has ended it."""
        if self._https.sock is not None and _is_over(self._https.sock):
            self._https.close()
        if self._https.sock is None:
            self._https.connect()
            self._https.sock.setsockopt(*_DROP)  # type: ignore[attr-defined]
        return self._https.sock


def _is_over(connection: ssl.SSLSocket) -> bool:
    """Whether a resting connection has something to read: its end, or what nobody asked for."""
    look = select.poll()
    look.register(connection, select.POLLIN)
    return bool(connection.pending() or look.poll(0))


def _pieces(response: HTTPResponse, began: float) -> Iterator[bytes]:
    """The bytes of an answer as they come: raw, nothing that a peer compressed is unpacked."""
    size = 0
    while piece := response.read1(_PIECE):
        size += len(piece)
        if size > MAX_BYTES:
            raise Missed("answer_too_large")
        if time.monotonic() - began > ANSWER_WITHIN + size / SLOWEST:
            raise Missed("too_slow")
        yield piece
    if response.length:  # `read1` says nothing of an answer that was cut
        raise IncompleteRead(b"", response.length)
