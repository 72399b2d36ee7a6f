"""Benchmarks of the room `exchange`: two real nodes on loopback, durable at both ends, on SQLite and on PostgreSQL.

What is measured is what people see: records issued at Libya, held and receipted at Niger. The kind `bench.note` has a
text of two kilobytes and no table of its own; a letter between contact points is measured beside it, with all that it
does. The console does not run: two cores are for the two nodes.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench import peers
from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import Node, command, environment
from tests.journeys.conftest import free_ports
from tests.postgres import PostgresUnavailable, server

Row = dict[str, object]
HERE = Path(__file__).resolve().parent.parent
MESSAGES = 10_000
BACKLOG = 100_000
SINGLES = 300

# The peer keeps what it is given in memory, unsigned and unsealed: no disk, no receipt, no ledger.
MEDALLION = ["medallion==3.0.0", "Flask==2.2.5", "Werkzeug==2.2.3", "requests"]
MEDALLION_PROGRAM = """
import json, sys, tempfile, threading, time, uuid
import medallion, requests
from werkzeug.serving import make_server
taxii = "application/taxii+json;version=2.1"
collection = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
data = {"api": {"information": {"title": "t", "versions": [taxii], "max_content_length": 10**8},
                "status": [], "collections": [{"id": collection, "title": "t", "can_read": True, "can_write": True,
                "media_types": ["application/stix+json;version=2.1"], "objects": [], "manifest": []}]}}
def kept(what):
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(what, file)
    return file.name
memory = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": kept(data)}
app = medallion.load_app(kept({"backend": memory, "users": {"a": "b"}, "taxii": {"max_page_size": 1000}}))
running = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=running.serve_forever, daemon=True).start()
root = f"http://127.0.0.1:{running.server_port}/api/"
session = requests.Session()
session.auth = ("a", "b")
session.headers.update({"Accept": taxii, "Content-Type": taxii})
now, count = "2026-11-25T12:00:00.000Z", int(sys.argv[1])
objects = [{"type": "note", "spec_version": "2.1", "id": f"note--{uuid.uuid4()}", "created": now, "modified": now,
            "content": "x" * 1800, "object_refs": [f"note--{uuid.uuid4()}"]} for _ in range(count)]
start = time.perf_counter()
for first in range(0, count, 250):
    answer = session.post(f"{root}collections/{collection}/objects/", json={"objects": objects[first:first + 250]})
    assert answer.status_code == 202, answer.text
    while answer.json()["status"] != "complete":
        answer = session.get(f"{root}status/{answer.json()['id']}/")
print(json.dumps(count / (time.perf_counter() - start)))
"""
ISSUE = """
import sys
from django.db import transaction
from bench.notes import issue_{what}
left = {count}
while left:
    with transaction.atomic():
        issue_{what}(min(left, 100))
    left -= min(left, 100)
"""
DONE = """
import json, time
from django.db.models import Max
from jiwar.exchange.models import Outgoing
rows = Outgoing.objects.filter(record__kind="{kind}", state="acknowledged")
while rows.count() < {count}:
    time.sleep(0.5)
last = rows.aggregate(last=Max("acknowledged_at"))["last"]
print(json.dumps([rows.count(), last.timestamp() if last else 0]))
"""
FIRST = """
import json
from django.db.models import Min
from jiwar.exchange.models import Incoming
print(json.dumps(Incoming.objects.filter(record__kind="{kind}").aggregate(t=Min("received_at"))["t"].timestamp()))
"""
# By the node's own clock. One after another: each is issued when the one before it is receipted.
SINGLE = """
import json, time
from bench.notes import issue_notes
from jiwar.exchange.models import Outgoing
from jiwar.sql import rows
receipted, issued = "SELECT acknowledged_at IS NOT NULL FROM exchange_outgoing WHERE id = %s", []
for n in range({count}):
    issue_notes(1)
    [[last]] = rows("SELECT MAX(id) FROM exchange_outgoing")
    while not rows(receipted, [last])[0][0]:
        time.sleep(0.002)
    issued.append(last)
found = Outgoing.objects.in_bulk(issued[20:]).values()
print(json.dumps([(row.acknowledged_at - row.queued_at).total_seconds() * 1000 for row in found]))
"""
# One each 60 ms: both nodes have fallen asleep before it.
SELDOM = """
import json, time
from bench.notes import issue_notes, wait_for
from jiwar.exchange.models import Outgoing
before = Outgoing.objects.filter(record__kind="bench.note").count()
for n in range({count}):
    issue_notes(1)
    time.sleep(0.06)
wait_for(before + {count})
rows = Outgoing.objects.filter(record__kind="bench.note").order_by("id")[before + 20:]
print(json.dumps([(row.acknowledged_at - row.queued_at).total_seconds() * 1000 for row in rows]))
"""
POLL = """
import json, time
from jiwar.exchange.line import Line
from jiwar.exchange.logic.conversation import visit
from jiwar.exchange.this_node import CONTACTS, ThisNode
from jiwar.identity.queries import known_neighbours
node = known_neighbours()["NER"]
line = Line(node.exchange_url, node.tls_certificate)
times = []
for n in range(120):
    frames = visit(ThisNode(reaching=True), CONTACTS["NER"], "NER", push=lambda: 64_000)
    try:
        data = next(frames)
        while True:
            start = time.perf_counter()
            answer = line.ask([data], len(data))
            times.append((time.perf_counter() - start) * 1000)
            data = frames.send(answer.body)
    except StopIteration:
        pass
print(json.dumps(times[20:]))
"""


class Pair:
    """Libya and Niger: exchange listeners of real nodes, and programs in their environment."""

    def __init__(self, scratch: Path, database: Callable[[str], str], *, between: Sequence[int] = ()) -> None:
        """`between`: ports of the wires by which they reach Libya and Niger, each other otherwise."""
        port = free_ports(4)
        self.nodes: dict[str, Exchange] = {}
        for number, code in enumerate(("LBY", "NER")):
            reached = between[number] if between else port + 2 * number + 1
            settings = NodeSettings(
                code=code,
                role="national",
                name=code,
                console_url=f"http://localhost:{port + 2 * number}",
                exchange_url=f"https://127.0.0.1:{reached}",
                database_url=database(code),
            )
            folder = scratch / code
            write_settings(folder, settings)
            self.nodes[code] = Exchange(folder, settings, port + 2 * number + 1)
            command(folder, "prepare", check=True)
        cards = {code: command(node.folder, "keys", "card", check=True).stdout for code, node in self.nodes.items()}
        for code, node in self.nodes.items():
            for other, card in cards.items():
                if other != code:
                    node.python(f"from jiwar.identity.services import add_node\nadd_node({card!r})")

    def start(self) -> None:
        for node in self.nodes.values():
            node.start()

    def agree(self) -> None:
        """An agreement in force that opens notes and letters."""
        self.nodes["LBY"].python("from bench.notes import propose\npropose()")
        self.nodes["NER"].python("from bench.notes import sign\nsign()")
        self.nodes["LBY"].python("from bench.notes import wait_until_open\nwait_until_open()")

    def stop(self) -> None:
        for node in self.nodes.values():
            node.stop()

    def rate(self, what: str, kind: str, count: int) -> tuple[float, float]:
        """Messages a second and seconds after a silence of Niger: from the first message taken to the last receipt."""
        self.nodes["NER"].stop()
        self.nodes["LBY"].python(ISSUE.format(what=what, count=count))
        with ThreadPoolExecutor(1) as pool:
            # Begun before: to start a program that looks takes a core for seconds.
            done = pool.submit(self.nodes["LBY"].python, DONE.format(kind=kind, count=count))
            time.sleep(5)
            self.nodes["NER"].start()
            count, last = json.loads(done.result())
        first = json.loads(self.nodes["NER"].python(FIRST.format(kind=kind)))
        return count / (last - first), last - first


class Exchange(Node):
    """The exchange process of a node, with the kind `bench.note`."""

    def __init__(self, folder: Path, settings: NodeSettings, port: int) -> None:
        super().__init__(folder, settings)
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        keys = self.folder / "keys"
        told = [
            *(sys.executable, "-m", "granian", "bench.notes:exchange", "--interface", "asgi", "--no-ws"),
            *("--host", "127.0.0.1", "--port", str(self._port), "--workers", "1", "--log-level", "warning"),
            *("--ssl-certificate", str(keys / "tls.crt"), "--ssl-keyfile", str(keys / "tls.key")),
        ]
        self._process = subprocess.Popen(told, env=_environment(self.folder), cwd=HERE)
        while True:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def python(self, program: str) -> str:
        """Run a program in the node's environment; its standard output."""
        done = subprocess.run(
            [sys.executable, "-c", f"import bench.notes\n{program}"],
            env=_environment(self.folder),
            cwd=HERE,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip()


def _environment(folder: Path) -> dict[str, str]:
    return environment(folder) | {"PYTHONPATH": str(HERE), "JIWAR_DATABASE_URL": "", "JIWAR_LOG": "WARNING"}


def benchmarks() -> Iterator[Row]:
    """The figures of both engines; then what does not depend on the engine."""
    yield from _of_engine("sqlite", lambda _: "")
    try:
        with server(durable=True) as url:
            yield from _of_engine("postgresql", _databases(url))
    except PostgresUnavailable as why:
        yield {"name": "exchange.messages_per_s_postgresql", "value": 0, "unit": "1/s", "note": str(why)}
    yield from _resume()
    yield from _sealing()
    yield from _node()


def _of_engine(engine: str, database: Callable[[str], str]) -> Iterator[Row]:
    with _pair(database) as pair:
        pair.start()
        pair.agree()
        rate, _ = pair.rate("notes", "bench.note", MESSAGES)
        row = {"name": f"exchange.messages_per_s_{engine}", "value": round(rate), "unit": "1/s", "better": "higher"}
        yield row | {"goal": 1000} | _medallion()
        for name, program in (("single", SINGLE), ("seldom", SELDOM)):
            times = json.loads(pair.nodes["LBY"].python(program.format(count=SINGLES)))
            cuts = statistics.quantiles(times, n=100)
            yield {"name": f"exchange.{name}_p50_ms_{engine}", "value": round(cuts[49], 2), "unit": "ms", "goal": 10}
            yield {"name": f"exchange.{name}_p99_ms_{engine}", "value": round(cuts[98], 2), "unit": "ms", "goal": 30}
        pair.nodes["LBY"].stop()
        polls = json.loads(pair.nodes["LBY"].python(POLL))
        value = round(statistics.median(polls), 2)
        yield {"name": f"exchange.empty_poll_ms_{engine}", "value": value, "unit": "ms", "goal": 5}
        pair.nodes["LBY"].start()
        rate, _ = pair.rate("letters", "letter", 500)
        yield {"name": f"exchange.letters_per_s_{engine}", "value": round(rate), "unit": "1/s", "better": "higher"}
    with _pair(database) as pair:
        pair.start()
        pair.agree()
        _, seconds = pair.rate("notes", "bench.note", BACKLOG)
        yield {"name": f"exchange.backlog_100k_s_{engine}", "value": round(seconds, 1), "unit": "s", "goal": 120}


def _resume() -> Iterator[Row]:
    """Wires between the two that are cut for a while and come back; what waited is receipted so many seconds later."""
    first = free_ports(2)
    wires = {"LBY": Wire(first), "NER": Wire(first + 1)}
    with _pair(lambda _: "", between=[wire.port for wire in wires.values()]) as pair:

        def join() -> None:
            for code, wire in wires.items():
                wire.join(pair.nodes[code]._port)

        join()
        pair.start()
        pair.agree()
        seconds = []
        for _ in range(5):
            for wire in wires.values():
                wire.cut()
            time.sleep(8)
            pair.nodes["LBY"].python(ISSUE.format(what="notes", count=20))
            before = json.loads(pair.nodes["LBY"].python(DONE.format(kind="bench.note", count=0)))[0]
            join()
            start = time.perf_counter()
            told = f"from bench.notes import wait_for; wait_for({before + 20})"
            pair.nodes["LBY"].python(told)
            seconds.append(time.perf_counter() - start)
        # Starting the program that looks takes a second or so of each figure.
        idle = time.perf_counter()
        pair.nodes["LBY"].python("from bench.notes import wait_for; wait_for(0)")
        look = time.perf_counter() - idle
        value = round(max(0.0, statistics.median(seconds) - look), 2)
        yield {"name": "exchange.resume_s", "value": value, "unit": "s", "goal": 2}


class Wire:
    """A relay on loopback that can be cut."""

    def __init__(self, port: int) -> None:
        self.port, self._to, self._open = port, 0, False
        self._ends: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def join(self, to: int) -> None:
        self._to, self._open = to, True
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        self._open = False
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)  # else who waits in it keeps it open
            self._listener.close()
        for end in self._ends:
            end.close()
        self._ends.clear()

    def _accept(self, listener: socket.socket) -> None:
        while self._open:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        finally:
            for end in (one, other):
                end.close()


_SEALING = """
import json, time
from bench.notes import seal_rates
print(json.dumps(seal_rates()))
"""


def _sealing() -> Iterator[Row]:
    """Envelopes sealed a second, beside plain HPKE (X25519 alone: no post-quantum part, padding or chain), signed."""
    with _pair(lambda _: "") as pair:
        sealed, peer = json.loads(pair.nodes["LBY"].python(_SEALING))
    yield {
        "name": "exchange.seal_per_s",
        "value": round(sealed),
        "unit": "1/s",
        "better": "higher",
        "peer": "cryptography HPKE X25519",
        "peer_value": round(peer),
    }


def _node() -> Iterator[Row]:
    """How soon a whole node is up, and its memory (PSS) five seconds later."""
    from jiwar.operation.demo import wait_for

    with tempfile.TemporaryDirectory(prefix="jiwar-bench-") as scratch:
        folder, port = Path(scratch) / "LBY", free_ports(2)
        settings = NodeSettings(
            code="LBY",
            role="national",
            name="Libya",
            console_url=f"http://localhost:{port}",
            exchange_url=f"https://127.0.0.1:{port + 1}",
        )
        write_settings(folder, settings)
        node = Node(folder, settings)
        node.prepare()
        start = time.perf_counter()
        try:
            node.prepare()
            node.start()
            wait_for([node])
            ready = round(time.perf_counter() - start, 2)
            yield {"name": "exchange.node_ready_s", "value": ready, "unit": "s", "goal": 10}
            time.sleep(5)
            memory = sum(map(_pss, _tree(set(node.pids.values())))) / 1e6
            yield {"name": "exchange.idle_node_pss_mb", "value": round(memory, 1), "unit": "MB", "goal": 250}
        finally:
            node.stop()


def _medallion() -> Row:
    try:
        python = peers.python("medallion", MEDALLION)
    except peers.PeerUnavailable as why:
        return {"note": str(why)}
    done = subprocess.run([python, "-c", MEDALLION_PROGRAM, str(MESSAGES)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {"note": f"medallion: {done.stderr.strip().splitlines()[-1:]}"}
    return {"peer": "medallion 3.0.0 (in memory)", "peer_value": round(json.loads(done.stdout.splitlines()[-1]))}


def _databases(url: str) -> Callable[[str], str]:
    import psycopg

    made = []

    def make(code: str) -> str:
        name = f"bench_{code.lower()}_{len(made)}"
        made.append(name)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"{url.rpartition('/')[0]}/{name}"

    return make


@contextmanager
def _pair(database: Callable[[str], str], *, between: Sequence[int] = ()) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="jiwar-bench-", dir=os.environ.get("BENCH_FOLDER")) as scratch:
        pair = Pair(Path(scratch), database, between=between)
        try:
            yield pair
        finally:
            pair.stop()


def _tree(roots: set[int]) -> set[int]:
    """Processes and all their descendants, by /proc."""
    found = set(roots)
    while True:
        more = {
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _parent(int(entry.name)) in found and int(entry.name) not in found
        }
        if not more:
            return found
        found |= more


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def _pss(pid: int) -> int:
    """Proportional set size in bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
