"""The bus inside one state (NATS, optional): a national node wakes its posts, all of them by one word.

A wake-up says which posts have something waiting, and nothing else: what waits goes as it always does, sealed and
receipted. A wake-up that is lost costs some seconds, one that somebody forges costs a visit. Without the bus, or while
it is away, posts keep a question open at their national node instead.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

log = logging.getLogger(__name__)
MAX_BYTES = 32_000
"""Of one wake-up: some thousand posts."""
REST = 2.0
"""Seconds between two attempts to join."""


class Bus:
    """A connection that is kept up in a thread of its own until `stop`; `heard` is told the codes in a wake-up."""

    def __init__(self, url: str, state: str, heard: Callable[[set[str]], None]) -> None:
        self._url, self._subject, self._heard = url, f"jiwar.{state}.wake", heard
        self._loop = asyncio.new_event_loop()
        self._client: Client | None = None
        self._leaving = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)

    @property
    def is_up(self) -> bool:
        """Whether a wake-up can come or go now."""
        return self._client is not None and self._client.is_connected

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Leave the bus."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leaving.set)
            self._thread.join(timeout=10)

    def wake(self, posts: Iterable[str]) -> None:
        """Wake these posts, if the bus is up; from any thread."""
        codes = " ".join(sorted(posts)).encode()
        if codes and self.is_up:
            asyncio.run_coroutine_threadsafe(self._publish(codes), self._loop)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._stay())

    async def _stay(self) -> None:
        """Join, and be there until we leave."""
        while not self._leaving.is_set():
            client = Client()
            try:
                await client.connect(
                    self._url,
                    allow_reconnect=False,
                    connect_timeout=4,
                    ping_interval=10,
                    error_cb=_quiet,
                )
                await client.subscribe(self._subject, cb=self._hear)
                self._client = client
                while client.is_connected and not self._leaving.is_set():
                    await self._pause(0.5)
            except (nats.errors.Error, OSError, TimeoutError) as error:
                log.warning("bus: not reached (%s); trying again", type(error).__name__)
            finally:
                self._client = None
                with contextlib.suppress(nats.errors.Error, OSError):
                    await client.close()
            await self._pause(REST)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._leaving.wait(), seconds)

    async def _hear(self, message: Msg) -> None:
        if len(message.data) <= MAX_BYTES:
            self._heard(set(message.data.decode("ascii", "replace").split()))

    async def _publish(self, codes: bytes) -> None:
        with contextlib.suppress(nats.errors.Error):
            if self._client is not None:
                await self._client.publish(self._subject, codes[:MAX_BYTES])


async def _quiet(_: Exception) -> None:
    """The client's own log would say so each time."""
