"""The door for other nodes: one address, one method, a frame for a frame. The courier lives behind it."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from django.conf import settings

from jiwar.exchange.courier import LISTEN, Courier
from jiwar.exchange.line import ADDRESS
from jiwar.exchange.logic.conversation import Answer, NotUnderstood, answer, later
from jiwar.exchange.logic.frame import MAX_BYTES
from jiwar.exchange.standing import Moment, one_moment
from jiwar.exchange.this_node import CONTACTS, ThisNode
from jiwar.exchange.where import where
from jiwar.identity.queries import one_look
from jiwar.sql import renew

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]


class Refused(Exception):
    """A request that is not answered with a frame: an HTTP status and a code."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        self.body = b'{"problem":"%s"}' % problem.encode()


class Listener:
    """Answers other nodes while it runs, and keeps a question open where a peer asks for that."""

    def __init__(self) -> None:
        self._questions = Questions()
        self._moment = Moment()
        self._courier: Courier | None = None

    def start(self) -> None:
        """Begin to visit neighbours."""
        self._courier = Courier(self._questions.ring)
        self._courier.start()

    def close(self) -> None:
        """The process was told to end: no question stays open, for the server waits for each answer. Any thread."""
        self._questions.close()

    def stop(self) -> None:
        """Visit nobody any more."""
        if self._courier is not None:
            self._courier.stop()

    async def answer(self, scope: dict[str, Any], receive: Receive) -> bytes:
        """The frame that answers a request; raises Refused."""
        body = await _body(scope, receive)
        wait = _wait(scope)
        said = await asyncio.to_thread(self._hear, body, listening=wait > 0)
        if wait and said.idle and await self._questions.wait(said.peer, wait):
            said = await asyncio.to_thread(self._later, said.peer)
        return said.data

    def _hear(self, body: bytes, *, listening: bool) -> Answer:
        said = self._frame(lambda: answer(ThisNode(reaching=False), CONTACTS, body))
        if self._courier is not None:
            # A post takes what there is in our answers: it keeps a question open, or the bus wakes it.
            is_post = said.peer.startswith(f"{settings.NODE.state}-")
            self._courier.heard(said.peer, listening=listening or is_post)
        return said

    def _later(self, peer: str) -> Answer:
        return self._frame(lambda: later(ThisNode(reaching=False), CONTACTS, peer))

    def _frame(self, say: Callable[[], Answer]) -> Answer:
        renew()
        try:
            with one_look(), one_moment(self._moment):
                return say()
        except NotUnderstood as error:
            raise Refused(400, error.code) from None
        except Exception as error:  # noqa: BLE001 - a peer learns that it failed here, and nothing else
            log.error("exchange: a request failed: %s", where(error))  # noqa: TRY400 - no content
            raise Refused(503, "internal_error") from None
        finally:
            renew()


class Questions:
    """Questions that peers keep open until there is something to say to them."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: dict[str, set[asyncio.Event]] = {}
        self._closed = False

    async def wait(self, peer: str, seconds: float) -> bool:
        """Whether something came up for the peer within so many seconds."""
        if self._closed:
            return False
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        self._open.setdefault(peer, set()).add(event)
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return False
        finally:
            self._open[peer].discard(event)
        return True

    def close(self) -> None:
        """Answer whoever waits, and let nobody wait any more; called from any thread."""
        self._closed = True
        self.ring(list(self._open))

    def ring(self, peers: Iterable[str]) -> None:
        """Something waits for these peers; called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ring, list(peers))

    def _ring(self, peers: list[str]) -> None:
        for peer in peers:
            for event in self._open.get(peer, ()):
                event.set()


async def _body(scope: dict[str, Any], receive: Receive) -> bytes:
    if scope["path"] != ADDRESS:
        raise Refused(404, "no such address")
    if scope["method"] != "POST":
        raise Refused(405, "POST only")
    body = bytearray()
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Refused(400, "cut")
        body += event.get("body", b"")
        if len(body) > MAX_BYTES:
            raise Refused(413, "too large")
        more = event.get("more_body", False)
    return bytes(body)


def _wait(scope: dict[str, Any]) -> int:
    """Seconds that the peer lets us think, from its header; nonsense is none."""
    stated = next((value for name, value in scope["headers"] if name == b"jiwar-wait"), b"0")
    return min(int(stated), LISTEN) if re.fullmatch(rb"[0-9]{1,3}", stated) else 0
