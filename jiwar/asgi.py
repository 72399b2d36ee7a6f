"""The front doors of a node: the console, and the exchange listener with the courier.

Django runs on WSGI in a small pool of threads behind a native front; the exchange is served without the framework.
"""

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiwar.settings")

import django

django.setup()

from a2wsgi import WSGIMiddleware  # noqa: E402 - Django must be set up first
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections  # noqa: E402

from jiwar.exchange.listener import Listener, Refused  # noqa: E402
from jiwar.exchange.where import where  # noqa: E402
from jiwar.watchlist.native import BATCH, ONE, Front  # noqa: E402
from jiwar.watchlist.this_index import warm_up  # noqa: E402

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_console = WSGIMiddleware(get_wsgi_application(), workers=8)
_listener = Listener()
_front = Front()


async def console(scope: Scope, receive: Receive, send: Send) -> None:
    """People, the JSON API, and the questions of programs, which do without the framework's requests."""
    if scope["type"] == "lifespan":
        _leave_alone()
        await _lifespan(receive, send, _warm_up, _front.stop)
    elif scope["type"] == "http" and scope["path"] in {ONE, BATCH}:
        await _front.serve(scope, receive, send)
    elif scope["type"] == "http":
        # The server's own awaitables are no coroutines, which the bridge to WSGI needs.
        async def take() -> dict[str, Any]:
            return await receive()

        async def give(message: dict[str, Any]) -> None:
            await send(message)

        await _console(scope, take, give)  # type: ignore[arg-type]


async def exchange(scope: Scope, receive: Receive, send: Send) -> None:
    """Other nodes."""
    if scope["type"] == "lifespan":
        _leave_alone()
        _at_the_end(_listener.close)
        await _lifespan(receive, send, _listener.start, _listener.stop)
    elif scope["type"] == "http":
        try:
            status, kind, body = 200, b"application/octet-stream", await _listener.answer(scope, receive)
        except Refused as refused:
            status, kind, body = refused.status, b"application/json", refused.body
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _leave_alone() -> None:
    """What was loaded stays: to look through it for garbage again and again took a tenth of each message's time, and
    all that asked waited for it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _warm_up() -> None:
    """Make the watchlist's index ready for the first officer. The console answers meanwhile, and without it."""

    def work() -> None:
        try:
            warm_up()
        except Exception as error:  # noqa: BLE001 - the first search tries again, and says what fails
            log.warning("console: the watchlist's index is not ready: %s", where(error))
        finally:
            connections.close_all()

    threading.Thread(target=work, name="warm-up", daemon=True).start()


def _at_the_end(act: Callable[[], None]) -> None:
    """Do `act` when the process is told to end. The server says so too late: after every open answer."""
    before = signal.getsignal(signal.SIGTERM)

    def end(number: int, frame: FrameType | None) -> None:
        act()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, end)


async def _lifespan(receive: Receive, send: Send, start: Callable[[], None], stop: Callable[[], None]) -> None:
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            await asyncio.to_thread(start)
            await send({"type": "lifespan.startup.complete"})
        else:
            await asyncio.to_thread(stop)
            await send({"type": "lifespan.shutdown.complete"})
            return
