"""The front doors of a node: the console, and the exchange listener with the courier.

Django runs on WSGI in a small pool of threads behind a native front; the exchange is served without the framework.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiwar.settings")

import django

django.setup()

from a2wsgi import WSGIMiddleware  # noqa: E402 - Django must be set up first
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import close_old_connections, connections  # noqa: E402

from jiwar.exchange import protocol  # noqa: E402
from jiwar.exchange.courier import Courier  # noqa: E402
from jiwar.exchange.services import where  # noqa: E402
from jiwar.watchlist.screening import warm_up  # noqa: E402

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_console = WSGIMiddleware(get_wsgi_application(), workers=8)
_courier: Courier | None = None


async def console(scope: Scope, receive: Receive, send: Send) -> None:
    """People and the JSON API."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send, _warm_up, lambda: None)
    elif scope["type"] == "http":
        # The server's own awaitables are no coroutines, which the bridge to WSGI needs.
        async def take() -> dict[str, Any]:
            return await receive()

        async def give(message: dict[str, Any]) -> None:
            await send(message)

        await _console(scope, take, give)  # type: ignore[arg-type]


async def exchange(scope: Scope, receive: Receive, send: Send) -> None:
    """Other nodes. One address, one method."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send, _start, _stop)
    elif scope["type"] == "http":
        status, body = await _exchange(scope, receive)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _exchange(scope: Scope, receive: Receive) -> tuple[int, bytes]:
    if scope["path"] != "/exchange/1":
        return 404, b'{"problem":"no such address"}'
    if scope["method"] != "POST":
        return 405, b'{"problem":"POST only"}'
    body = bytearray()
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return 400, b""
        body += event.get("body", b"")
        if len(body) > protocol.MAX_BYTES:
            return 413, b'{"problem":"too large"}'
        more = event.get("more_body", False)
    return await asyncio.to_thread(_answer, bytes(body))


def _answer(body: bytes) -> tuple[int, bytes]:
    close_old_connections()
    try:
        return 200, protocol.answer(body)
    except protocol.NotUnderstood as error:
        return 400, b'{"problem":"%s"}' % error.code.encode()
    except Exception as error:  # noqa: BLE001 - a peer learns that it failed here, and nothing else
        log.error("exchange: a request failed: %s", where(error))  # noqa: TRY400 - no content in the log
        return 503, b'{"problem":"internal_error"}'
    finally:
        close_old_connections()


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


def _start() -> None:
    global _courier  # noqa: PLW0603 - one courier per process, made when the listener is up
    _courier = Courier()
    _courier.start()


def _stop() -> None:
    if _courier is not None:
        _courier.stop()


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
