"""Links as they are: narrow, lossy, cut. Two nodes on hosts of their own, joined by a wire that a test spoils."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pair import Pair, expected, two_nodes

HOSTS = {"LBY": "10.77.0.1", "NER": "10.77.0.2"}


def _run(*command: str, check: bool = True) -> bool:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return done.returncode == 0


def _can_make_hosts() -> bool:
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("ip", "tc", "iptables")):
        return False
    name = f"jiwar-try-{os.getpid()}"
    made = _run("ip", "netns", "add", name, check=False)
    _run("ip", "netns", "del", name, check=False)
    return made


pytestmark = [
    pytest.mark.fault,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not _can_make_hosts(), reason="no network of its own may be made here (root, iproute2, iptables)"
    ),
]

LETTERS = """
from django.db import transaction
from bench.notes import issue_letters
from jiwar.exchange.wake import ring
with transaction.atomic():
    issue_letters({count})
ring()
"""


class Wire:
    """Two hosts on this machine (network namespaces) and the wire between them."""

    def __init__(self) -> None:
        self.spaces = {code: f"jiwar-{code}-{os.getpid()}" for code in HOSTS}
        self.ends = {code: f"jw{n}{os.getpid() % 10000}" for n, code in enumerate(HOSTS)}
        first, second = self.ends.values()
        for space in self.spaces.values():
            _run("ip", "netns", "add", space)
        _run("ip", "link", "add", first, "type", "veth", "peer", "name", second)
        for code, space in self.spaces.items():
            _run("ip", "link", "set", self.ends[code], "netns", space)
            self._in(code, "ip", "addr", "add", f"{HOSTS[code]}/24", "dev", self.ends[code])
            self._in(code, "ip", "link", "set", self.ends[code], "up")
            self._in(code, "ip", "link", "set", "lo", "up")

    def _in(self, code: str, *command: str) -> None:
        _run("ip", "netns", "exec", self.spaces[code], *command)

    def prefix(self, code: str) -> tuple[str, ...]:
        """What runs a program on a host."""
        return ("ip", "netns", "exec", self.spaces[code])

    def narrow(self, rate: str) -> None:
        """Let each direction carry so much: `64kbit`."""
        for code, end in self.ends.items():
            self._in(
                code, "tc", "qdisc", "replace", "dev", end, "root", "tbf", "rate", rate, "burst", "4kb", "latency", "2s"
            )

    def lose(self, share: float) -> None:
        """Lose this share of all packets."""
        for code in self.ends:
            self._in(code, "iptables", "-F")
            if share:
                told = ("-m", "statistic", "--mode", "random", "--probability", str(share), "-j", "DROP")
                self._in(code, "iptables", "-A", "INPUT", "-i", self.ends[code], *told)

    def cut(self) -> None:
        """No packet passes; nobody is told."""
        self.lose(1.0)

    def mend(self) -> None:
        self.lose(0)

    def remove(self) -> None:
        for space in self.spaces.values():
            with contextlib.suppress(RuntimeError):
                _run("ip", "netns", "del", space)


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.remove()


@pytest.fixture
def pair(tmp_path: Path, wire: Wire) -> Iterator[Pair]:
    machines = {code: {"host": host, "prefix": wire.prefix(code)} for code, host in HOSTS.items()}
    with two_nodes(tmp_path, lambda _: "", **machines) as nodes:
        yield nodes


def test_a_narrow_lossy_wire_that_is_cut_again_and_again_carries_everything_once(pair: Pair, wire: Wire) -> None:
    count = 150
    wire.narrow("64kbit")
    wire.lose(0.05)
    pair.issue(1, count)
    for _ in range(4):
        time.sleep(12)
        wire.cut()
        time.sleep(8)
        wire.lose(0.05)
    pair.acknowledged(count, seconds=500)
    assert pair.taken() == expected(count)
    pair.verified()


def test_an_urgent_message_overtakes_a_backlog_on_a_narrow_wire(pair: Pair, wire: Wire) -> None:
    """What is routine waits in frames that the wire carries in some seconds: the urgent one goes next."""
    for code, act in (("LBY", "propose"), ("NER", "sign"), ("LBY", "wait_until_open")):
        pair[code].python(f"from bench.notes import {act}; {act}()")
    wire.narrow("64kbit")
    pair["LBY"].python(LETTERS.format(count=400))
    pair.wait("NER", "Record.objects.filter(kind='letter').count() > 5", 120)
    started = time.monotonic()
    pair.issue(1, 1)
    pair.wait("NER", "Record.objects.filter(kind='agreement', origin='LBY').count() == 2", 60)
    waited = time.monotonic() - started
    left = int(pair.wait("LBY", "True", after="print(Outgoing.objects.exclude(state='acknowledged').count())"))
    print(f"urgent after {waited:.1f} s, {left} routine messages still under way")
    assert left > 100


def test_a_wire_that_comes_back_is_used_within_seconds(pair: Pair, wire: Wire) -> None:
    pair.issue(1, 1)
    pair.acknowledged(1)
    wire.cut()
    pair.issue(2, 20)
    time.sleep(30)
    wire.mend()
    started = time.monotonic()
    pair.acknowledged(21, seconds=60)
    print(f"everything acknowledged {time.monotonic() - started:.1f} s after the wire came back")
    assert pair.taken() == expected(21)
