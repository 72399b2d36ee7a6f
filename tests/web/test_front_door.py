"""The console behind its real front: a granian process, a real socket, forms sent by POST."""

import gc
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from jiwar.watchlist import this_index
from jiwar.watchlist.live_index import LiveIndex
from jiwar.watchlist.models import Revision
from tests.loop import run
from tests.node import NODE_TOML

PASSWORD = "a long walk in the Fezzan"
MAKE_PERSON = f"""
import django; django.setup()
from jiwar.identity.models import Agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person, make_own_keys
make_own_keys()
agency = Agency.objects.create(code="ncb", name="NCB")
add_person("samira", "Samira", {PASSWORD!r}, agency=agency, roles=[Role.CONTACT_OFFICER])
"""


@pytest.fixture
def console(tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[str]:
    """The address of a running console with one person, on a data folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path / "node"
    database = migrated(folder)
    url = f"http://127.0.0.1:{port}"
    told = f'{NODE_TOML}console_url = "{url}"\nrequire_second_factor = false\n'
    (folder / "node.toml").write_text(told, encoding="utf-8")
    environment = os.environ | {
        "JIWAR_DATA": str(folder),
        "JIWAR_DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "jiwar.settings",
    }
    subprocess.run([sys.executable, "-c", MAKE_PERSON], env=environment, check=True)
    arguments = ["-m", "granian", "jiwar.asgi:console", "--interface", "asgi", "--no-ws", "--host", "127.0.0.1"]
    front = subprocess.Popen(
        [sys.executable, *arguments, "--port", str(port), "--workers", "1", "--log-level", "warning"],
        env=environment,
        start_new_session=True,
    )
    try:
        for _ in range(300):
            try:
                httpx.get(f"{url}/health", timeout=1)
                break
            except httpx.TransportError:
                assert front.poll() is None, "the front ended"
                time.sleep(0.1)
        yield url
    finally:
        os.killpg(front.pid, signal.SIGTERM)
        try:
            front.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(front.pid, signal.SIGKILL)
            front.wait()


@pytest.mark.journey
def test_a_person_signs_in_by_post_and_the_front_refuses_in_words(console: str) -> None:
    with httpx.Client(base_url=console, headers={"Accept-Language": "en"}, timeout=20) as client:
        way = client.get("/")
        assert way.status_code == 302
        page = client.get(way.headers["location"])
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None
        sign_in = {"login": "samira", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        answer = client.post(way.headers["location"], data=sign_in, headers={"Origin": console})
        assert (answer.status_code, answer.headers["location"]) == (302, "/")
        home = client.get("/")
        assert home.status_code == 200
        assert "Samira" in home.text
        # The same door under bad input: a body past the limit, a form from elsewhere, and the JSON API.
        # An answer before the whole body was read ends its connection, so that one has a connection of its own.
        with httpx.Client(base_url=console, cookies=client.cookies, timeout=20) as other:
            assert other.post("/language/", content=b"x=" + b"y" * 1_100_000).status_code in {403, 413}
        assert client.post("/language/", data={"language": "fr"}).status_code == 403
        refused = client.post("/api/v1/screenings", json={"names": ["Salem"]})
        assert (refused.status_code, refused.json()["faults"][0]["code"]) == (401, "not_signed_in")
        assert client.get("/").status_code == 200


# --- the console's start ----------------------------------------------------------------------------------------------


def begun() -> list[str]:
    """Start and stop the console as a server does; what it said, after the work that it began has ended."""
    from jiwar.asgi import console

    told = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))
    said: list[str] = []

    async def receive() -> dict[str, str]:
        return next(told)

    async def send(message: dict[str, str]) -> None:
        said.append(message["type"])

    run(console({"type": "lifespan"}, receive, send))
    gc.unfreeze()  # for a server: the tests go on
    for thread in threading.enumerate():
        if thread.name == "warm-up":
            thread.join()
    return said


STARTED = ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.django_db(transaction=True)
def test_a_console_that_starts_makes_the_index_before_anyone_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveIndex(tmp_path / "index")
    monkeypatch.setattr(this_index, "_live_index", lambda: live)
    series = Revision.objects.create(pk=1).series
    assert begun() == STARTED
    assert [file.name for file in (tmp_path / "index").glob("*.idx")] == [f"{series}.idx"]


def test_a_console_starts_where_the_index_cannot_be_made(caplog: pytest.LogCaptureFixture) -> None:
    """Here by the lack of a database, which the test is not given."""
    assert begun() == STARTED
    assert "index is not ready" in caplog.text
