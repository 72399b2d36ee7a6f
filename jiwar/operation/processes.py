"""The process tree of a node: a small supervisor, the console, the exchange listener with the courier.

The supervisor loads no framework. A child that dies is started again; when one cannot stay up, the node
stops and says so.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from jiwar.identity.node import NodeSettings

DEATHS_ALLOWED = 5
"""Deaths of one child within a minute before the node gives up."""
GRACE = 20
"""Seconds that a child has to finish what it has in hand."""


class Node:
    """One running node."""

    def __init__(self, folder: Path, settings: NodeSettings) -> None:
        self.folder, self.settings = folder, settings
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._deaths: dict[str, list[float]] = {}
        # Never written to: children read its end when this process is gone (jiwar.operation.child).
        self._lifeline = os.pipe()

    def prepare(self) -> None:
        """Bring the folder up to this program: migrations, keys."""
        command(self.folder, "prepare", check=True)

    def start(self) -> None:
        """Start the children of a prepared node."""
        for name in ("console", "exchange"):
            self._start(name)

    def watch(self) -> None:
        """Start again what died; raises RuntimeError when a child cannot stay up."""
        now = time.monotonic()
        for name, child in list(self._children.items()):
            if child.poll() is None:
                continue
            deaths = [t for t in self._deaths.get(name, []) if now - t < 60] + [now]
            self._deaths[name] = deaths
            if len(deaths) > DEATHS_ALLOWED:
                raise RuntimeError(
                    f"{self.settings.code}: the {name} process ended {len(deaths)} times within a minute"
                )
            print(
                f"{self.settings.code}: the {name} process ended ({child.returncode}); starting it again",
                file=sys.stderr,
            )
            _end_group(child.pid)
            self._start(name)

    def stop(self) -> None:
        """End the children: politely, then firmly."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + GRACE
        for child in self._children.values():
            try:
                child.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            _end_group(child.pid)
        self._children.clear()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped since."""
        return bool(self._children)

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the children, for tests of faults."""
        return {name: child.pid for name, child in self._children.items()}

    def _start(self, name: str) -> None:
        url = urlsplit(self.settings.console_url if name == "console" else self.settings.exchange_url)
        host = "127.0.0.1" if url.hostname == "localhost" else url.hostname
        arguments = [
            *(sys.executable, "-m", "jiwar.operation.child", str(self._lifeline[0])),
            *(f"jiwar.asgi:{name}", "--interface", "asgi", "--no-ws"),
            *("--host", str(host), "--port", str(url.port or 443), "--workers", "1", "--log-level", "warning"),
            *("--workers-kill-timeout", str(GRACE // 2), "--respawn-failed-workers"),
        ]
        if url.scheme == "https":
            keys = self.folder / "keys"
            arguments += ["--ssl-certificate", str(keys / "tls.crt"), "--ssl-keyfile", str(keys / "tls.key")]
        self._children[name] = subprocess.Popen(
            arguments, env=environment(self.folder), start_new_session=True, pass_fds=(self._lifeline[0],)
        )


def _end_group(leader: int) -> None:
    """End what a dead child left behind: its workers would go on holding the port."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def environment(folder: Path) -> dict[str, str]:
    """Environment of a process of the node in `folder`."""
    return os.environ | {"JIWAR_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "jiwar.settings"}


def command(
    folder: Path, *arguments: str, check: bool = False, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `jiwar ARGUMENTS` for the node in `folder`, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "jiwar", *arguments],
        env=environment(folder),
        check=check,
        text=True,
        input=text,
        stdout=subprocess.PIPE,
    )


def run_until_told(nodes: list[Node], each_round: Callable[[], None] = lambda: None) -> int:
    """Keep nodes running until SIGINT or SIGTERM; returns an exit status."""
    told = False

    def tell(_signal: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, tell)
    try:
        while not told:
            time.sleep(0.5)
            each_round()
            for node in nodes:
                node.watch()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        for node in nodes:
            node.stop()
    return 0
