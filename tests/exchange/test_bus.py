"""The bus, on a real NATS server: it wakes posts by one word; nothing depends on it."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from jiwar.exchange.bus import Bus

SERVER = shutil.which("nats-server") or str(Path(sys.executable).with_name("nats-server"))


class Server:
    """A NATS server on loopback that asks for a password."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"nats://jiwar:secret@127.0.0.1:{self.port}"
        self._log = folder / "log"
        self.start()

    def start(self) -> None:
        told = ["-a", "127.0.0.1", "-p", str(self.port), "--user", "jiwar", "--pass", "secret", "-l", str(self._log)]
        self._process = subprocess.Popen([SERVER, *told], stdin=subprocess.DEVNULL)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    if not Path(SERVER).exists():
        pytest.skip("no nats-server")
    made = Server(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def join(server: Server) -> Iterator[Callable[[str], tuple[Bus, "SimpleQueue[set[str]]"]]]:
    buses = []

    def make(state: str, url: str = "") -> tuple[Bus, "SimpleQueue[set[str]]"]:
        heard: SimpleQueue[set[str]] = SimpleQueue()
        bus = Bus(url or server.url, state, heard.put)
        bus.start()
        buses.append(bus)
        return bus, heard

    yield make
    for bus in buses:
        bus.stop()


def until(done: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_word_wakes_every_post_of_the_state_and_no_other(
    join: Callable[..., tuple[Bus, "SimpleQueue[set[str]]"]],
) -> None:
    national, _ = join("NER")
    posts = [join("NER") for _ in range(3)]
    _, stranger = join("LBY")
    until(lambda: all(bus.is_up for bus, _ in [(national, 0), *posts]))
    time.sleep(0.2)  # subscriptions reach the server
    national.wake(["NER-MADAMA", "NER-DIRKOU"])
    for _, heard in posts:
        assert heard.get(timeout=10) == {"NER-MADAMA", "NER-DIRKOU"}
    with pytest.raises(Empty):
        stranger.get(timeout=0.3)


def test_a_bus_that_went_away_is_joined_again_and_harms_nobody(
    server: Server, join: Callable[..., tuple[Bus, "SimpleQueue[set[str]]"]]
) -> None:
    national, _ = join("NER")
    post, heard = join("NER")
    until(lambda: national.is_up and post.is_up)
    server.stop()
    until(lambda: not national.is_up and not post.is_up)
    national.wake(["NER-MADAMA"])  # nobody hears it, and nothing breaks
    server.start()
    until(lambda: national.is_up and post.is_up)
    time.sleep(0.2)
    national.wake(["NER-DIRKOU"])
    assert heard.get(timeout=10) == {"NER-DIRKOU"}


def test_a_wrong_password_is_no_way_in(
    server: Server, join: Callable[..., tuple[Bus, "SimpleQueue[set[str]]"]]
) -> None:
    bus, _ = join("NER", f"nats://jiwar:guess@127.0.0.1:{server.port}")
    time.sleep(1)
    assert not bus.is_up
    bus.wake(["NER-MADAMA"])
