"""Four real nodes for a journey: processes, databases, keys and listeners of their own, on loopback."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jiwar.operation.demo import NODES, agree, make, wait_for
from jiwar.operation.processes import Node, environment
from tests.ready import Ready


class Nodes(dict[str, Node]):
    """Running nodes by code."""

    def __init__(self, **nodes: Node) -> None:
        super().__init__(nodes)
        self._ready: dict[Path, Ready] = {}

    def python(self, code: str, program: str) -> str:
        """Run a program inside a node's environment, Django ready; its standard output."""
        folder = self[code].folder
        return self._ready.setdefault(folder, Ready(folder)).run(program, environment(folder))

    def close(self) -> None:
        """Stop them, and whatever runs for them."""
        for node in self.values():
            node.stop()
        for ready in self._ready.values():
            ready.close()

    def holds(self, code: str, text: str) -> bool:
        """Whether any byte of a node's folder or database says `text`."""
        folder = self[code].folder
        for path in folder.rglob("*"):
            if path.is_file() and text.encode() in path.read_bytes():
                return True
        everything = (
            "from django.apps import apps\nfrom django.core import serializers\n"
            "print(*(serializers.serialize('json', m.objects.all()) for m in apps.get_models()))"
        )
        return text in self.python(code, everything)


def free_ports(count: int) -> int:
    """First of `count` neighbouring ports that nobody listens on, apart from those of another test process."""
    for first in range(20_000 + os.getpid() * count % 12_000, 32_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as listener:
                    listener.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError("no free ports")


@pytest.fixture
def nodes(tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[Nodes]:
    """Libya, Niger, Tunisia and a post of Niger, with the agreement LBY-NER in force."""
    running = Nodes()
    folders = (tmp_path / code for code, *_ in NODES)
    try:
        for node in make(tmp_path, free_ports(8), lambda: migrated(next(folders))):
            running[node.settings.code] = node
            node.start()
        wait_for(list(running.values()))
        agree(tmp_path)
        yield running
    finally:
        running.close()
