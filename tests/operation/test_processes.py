"""The process tree: no child outlives its supervisor."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from tests.journeys.conftest import free_ports

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def within(seconds: int, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


@pytest.fixture
def up(tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[tuple[subprocess.Popen[bytes], list[int], int]]:
    """`jiwar up`, its children's ids, and the first of its two ports, both of which listen."""
    port = free_ports(2)
    settings = NodeSettings(
        code="LBY",
        role="national",
        name="Libya",
        console_url=f"http://localhost:{port}",
        exchange_url=f"https://127.0.0.1:{port + 1}",
        database_url=migrated(tmp_path / "node"),
    )
    write_settings(tmp_path / "node", settings)
    children: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-m", "jiwar", "--data", str(tmp_path / "node"), "up"],
        env={k: v for k, v in os.environ.items() if k not in {"JIWAR_DATA", "DJANGO_SETTINGS_MODULE"}},
        stdout=subprocess.DEVNULL,
    ) as supervisor:
        try:
            assert within(60, lambda: listens(port) and listens(port + 1))
            told = subprocess.run(["pgrep", "-P", str(supervisor.pid)], capture_output=True, text=True, check=True)
            children += [pid for pid in map(int, told.stdout.split()) if os.getpgid(pid) == pid]
            assert len(children) == 2
            yield supervisor, children, port
        finally:
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
            supervisor.kill()


def test_a_supervisor_that_is_killed_leaves_no_child_on_its_ports(
    up: tuple[subprocess.Popen[bytes], list[int], int],
) -> None:
    supervisor, children, port = up
    supervisor.kill()
    assert within(15, lambda: not listens(port) and not listens(port + 1))
    assert within(5, lambda: not any(map(_exists, children)))


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_is_killed_alone_leaves_no_worker_on_its_port_and_is_started_again(
    up: tuple[subprocess.Popen[bytes], list[int], int],
) -> None:
    supervisor, children, port = up
    for child in children:
        os.kill(child, signal.SIGKILL)
    assert within(60, lambda: len(_children(supervisor.pid) - set(children)) == 2)
    assert within(60, lambda: listens(port) and listens(port + 1))
    children[:] = _children(supervisor.pid)


def _children(pid: int) -> set[int]:
    told = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    found = set()
    for child in map(int, told.stdout.split()):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(child) == child:
                found.add(child)
    return found
