"""Benchmarks of screening over HTTP: programs that ask one by one at a million subjects, each answer in the ledger.

A node as it runs (granian, SQLite, the index built by the console itself) is asked by this process. Questions come at
their time whether or not the ones before are answered, and each is timed from the moment it was due, so that a stall
counts for all that it holds up. The peer is what a caller had before: `POST /api/v1/screenings`, such questions at the
same rate. The node is kept in bench/.data and used again while its tables and whom it lists stay the same; its
index is made anew by the console where its rules changed. The rows say what of a core each question took there, and
what this process took beside it.
"""

import contextlib
import datetime as dt
import hashlib
import json
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from jiwar.watchlist.logic.generate import person, subjects

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "bench" / ".data"
SUBJECTS = int(os.environ.get("JIWAR_BENCH_SUBJECTS", "1000000"))
A_SECOND = int(os.environ.get("JIWAR_BENCH_RATE", "200"))
SECONDS = 20
LINES = 64
"""Connections that stay open."""
NODE = """\
code = "LBY"
role = "national"
name = "Libya (bench)"
"""
PREPARE = """
import django; django.setup()
import sys
from bench.watchlist_http import fill, token
if int(sys.argv[1]):
    fill(int(sys.argv[1]))
print(token())
"""


def benchmarks() -> Iterator[dict]:
    """Ask both addresses of a filled node one by one, then the batch."""
    with _console() as (port, secret, ready, pids):
        native, each, own = _measured(port, secret, "/screen", pids, seed=99)
        api, each_of_api, _ = _measured(port, secret, "/api/v1/screenings", pids, seed=97)
        batch = _ask_batches(port, secret)
    size = f"{SUBJECTS / 1e6:g}m"
    note = f"(half under {native.at(0.5):.1f} ms, p99 {native.at(0.99):.1f}; {native.said()}; "
    note += f"this process took {own:.0%} of a core beside it; ready in {ready:.0f} s)"
    yield {
        "name": f"watchlist_http.screen_p95_ms_{size}_{A_SECOND}_a_second",
        "value": round(native.at(0.95), 1),
        "unit": "ms",
        "goal": 20,
        "peer": "POST /api/v1/screenings",
        "peer_value": round(api.at(0.95), 1),
        "note": note,
    }
    yield {
        "name": f"watchlist_http.screen_ms_of_a_core_{size}",
        "value": round(each, 2),
        "unit": "ms of a core",
        "peer": "POST /api/v1/screenings",
        "peer_value": round(each_of_api, 2),
        "note": "(all of a question: search, ledger, disk, HTTP)",
    }
    yield {
        "name": f"watchlist_http.batch_per_s_{size}",
        "value": round(batch),
        "unit": "1/s",
        "better": "higher",
        "note": "(500 questions each, one batch after the other)",
    }


def _measured(port: int, secret: str, address: str, pids: list[int], seed: int) -> tuple["Times", float, float]:
    """The times; milliseconds of a core for each question at the node; how much of a core this process took.

    A `seed` of its own: who is asked about a second time is found faster, for the names are remembered.
    """
    asked = [_request(address, secret, one) for one in questions(A_SECOND * SECONDS, seed)]
    before, start = _worked(pids), time.process_time()
    times = Load(port, asked).run()
    own = (time.process_time() - start) / SECONDS
    return times, (_worked(pids) - before) / len(asked) * 1e3, own


@dataclass
class Times:
    """Milliseconds from when each question was due to its answer, and what was answered otherwise than by 200."""

    taken: list[float] = field(default_factory=list)
    others: dict[int, int] = field(default_factory=dict)

    def add(self, status: int, seconds: float) -> None:
        """One more answer."""
        if status == 200:
            self.taken.append(seconds * 1000)
        else:
            self.others[status] = self.others.get(status, 0) + 1

    def at(self, part: float) -> float:
        """A quantile."""
        return sorted(self.taken)[int(len(self.taken) * part)]

    def said(self) -> str:
        """How many were answered, and how many were not."""
        return f"{len(self.taken)} answers" + "".join(f", {n} of status {s}" for s, n in self.others.items())


def questions(count: int, seed: int = 99) -> list[dict]:
    """Nine strangers to one listed person, each in a case of its own; a third without a date of birth."""
    chance = random.Random(seed)
    listed = list(subjects(count // 10 + 1))
    asked = []
    for number in range(count):
        someone = listed[number // 10] if number % 10 == 0 else person(chance, "x")
        question = {
            "names": [someone.names[0].text],
            "sex": someone.sexes[0],
            "nationality": someone.nationalities[0],
            "case": f"BENCH/{number}",
            "reason": "measured by the benchmark",
        }
        if chance.random() < 2 / 3:
            question["birth_date"] = str(someone.birth_dates[0])
        asked.append(question)
    return asked


def _request(address: str, secret: str, body: dict) -> bytes:
    said = json.dumps(body, ensure_ascii=False).encode()
    head = f"POST {address} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
    return head.encode() + said


class Line:
    """A connection that stays open, with one question under way at most."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self._came = b""

    def ask(self, request: bytes, due: float) -> None:
        """Send a question; it is small enough to go at once."""
        self.due, self._came = due, b""
        self.socket.sendall(request)

    def take(self) -> tuple[int, bytes] | None:
        """Status and body, once the whole has come."""
        came = self.socket.recv(1 << 20)
        assert came, "the console closed a connection"
        self._came += came
        head, end, body = self._came.partition(b"\r\n\r\n")
        if not end:
            return None
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        return (int(head[9:12]), body) if len(body) >= length else None


class Load:
    """Sends each request when it is due, on a connection that is free, or else as soon as one is."""

    def __init__(self, port: int, requests: list[bytes]) -> None:
        self._requests = requests
        self._free = [Line(port) for _ in range(LINES)]
        self._selector = selectors.DefaultSelector()
        for line in self._free:
            self._selector.register(line.socket, selectors.EVENT_READ, line)

    def run(self) -> "Times":
        """Until all are answered."""
        times = Times()
        start = time.perf_counter() + 0.2
        coming = deque((start + number / A_SECOND, request) for number, request in enumerate(self._requests))
        while coming or len(self._free) < LINES:
            now = time.perf_counter()
            while coming and self._free and coming[0][0] <= now:
                due, request = coming.popleft()
                self._free.pop().ask(request, due)
            wait = max(0.0, coming[0][0] - time.perf_counter()) if coming and self._free else None
            for key, _ in self._selector.select(wait):
                if (answer := key.data.take()) is not None:
                    times.add(answer[0], time.perf_counter() - key.data.due)
                    self._free.append(key.data)
        for line in self._free:
            line.socket.close()
        return times


def _ask_now(line: Line, request: bytes) -> bytes:
    """The body of the answer, which must be one."""
    line.ask(request, 0.0)
    while (answer := line.take()) is None:
        pass
    assert answer[0] == 200, answer[1][:500]
    return answer[1]


def _ask_batches(port: int, secret: str, batches: int = 4) -> float:
    asked = questions(500 * batches)
    some = [asked[first : first + 500] for first in range(0, len(asked), 500)]
    requests = [_request("/screen/batch", secret, {"questions": part}) for part in some]
    line = Line(port)
    start = time.perf_counter()
    answers = [_ask_now(line, request) for request in requests]
    took = time.perf_counter() - start
    line.socket.close()
    assert all("screening" in one for answer in answers for one in json.loads(answer)["answers"])
    return len(asked) / took


# The node -------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _console() -> Iterator[tuple[int, str, float, list[int]]]:
    """A running console of a filled node: port, token, seconds until its index was ready, processes."""
    folder = KEPT / f"watchlist_http-{SUBJECTS}-{_made_of()}"
    for old in KEPT.glob(f"watchlist_http-{SUBJECTS}-*"):
        if old != folder or not (old / "filled").exists():
            shutil.rmtree(old)
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = f'{NODE}console_url = "http://127.0.0.1:{port}"\nrequire_second_factor = false\n'
    (folder / "node.toml").write_text(told, encoding="utf-8")
    env = os.environ | {
        "JIWAR_DATA": str(folder),
        "JIWAR_DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "jiwar.settings",
        "PYTHONPATH": str(ROOT),
    }
    there = (folder / "filled").exists()
    prepare = [sys.executable, "-c", PREPARE, "0" if there else str(SUBJECTS)]
    made = subprocess.run(prepare, env=env, check=True, stdout=subprocess.PIPE, text=True)
    (folder / "filled").touch()
    secret = made.stdout.split()[-1]
    start = time.perf_counter()
    served = [sys.executable, "-m", "granian", "jiwar.asgi:console", "--interface", "asgi", "--no-ws"]
    served += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--log-level", "warning"]
    front = subprocess.Popen(served, env=env, start_new_session=True)
    try:
        _wait_until_ready(port, secret, front)
        yield port, secret, time.perf_counter() - start, _of_group(front.pid)
    finally:
        os.killpg(front.pid, signal.SIGTERM)
        front.wait()


def _made_of() -> str:
    """A fingerprint of whom a node lists and of its tables."""
    tables = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("jiwar/*/migrations/0*.py"))
    digest = hashlib.sha256(repr(tables).encode())
    for path in (Path(__file__), ROOT / "jiwar/watchlist/logic/generate.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _of_group(leader: int) -> list[int]:
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if os.getpgid(pid) == leader]


def _worked(pids: list[int]) -> float:
    """Seconds of a core that processes have had so far."""
    stats = [Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split() for pid in pids]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def _wait_until_ready(port: int, secret: str, front: subprocess.Popen) -> None:
    """One question waits for the index; two hundred more make what is made at the first use."""
    while True:
        try:
            line = Line(port)
            break
        except OSError:
            assert front.poll() is None, "the console ended"
            time.sleep(0.1)
    for one in questions(201, seed=98):
        for address in ("/screen", "/api/v1/screenings"):
            _ask_now(line, _request(address, secret, one))
    line.socket.close()


def fill(count: int) -> None:
    """Make a node with so many made-up listed people; runs in a process of the node."""
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.utils import timezone

    from jiwar.identity.services import make_own_keys
    from jiwar.records.models import Record
    from jiwar.watchlist.models import Entry, Revision
    from jiwar.wire.ids import uuid7

    call_command("migrate", verbosity=0)
    make_own_keys()
    now = timezone.now()
    ends = now + dt.timedelta(days=365)
    listed = Record(
        kind="listing.person", kind_version=1, origin="LBY", node="LBY", purpose="sanctions", tlp="GREEN", onward="no",
        issued_at=now, valid_until=ends, review_on=ends.date(), statement="{}", signing_key="", signature="",
        stored_at=now,
    )  # fmt: skip
    entry = Entry(category="listing", action="identify_and_record", complete=True, changed_at=now)
    records, entries = _Rows(listed), _Rows(entry)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous = OFF")
    made = enumerate(subjects(count), 1)
    while some := list(islice(made, 20_000)):
        uids = [(uuid7(now).hex, number, subject) for number, subject in some]
        with transaction.atomic():
            records.add({"id": number, "uid": uid, "hash": uid * 2} for uid, number, _ in uids)
            entries.add(
                {
                    "uid": uid,
                    "record_id": number,
                    "reference": subject.key,
                    "facts": json.dumps(_facts(subject), ensure_ascii=False),
                    "revision": number,
                }
                for uid, number, subject in uids
            )
    Revision.objects.create(pk=1, value=count)


class _Rows:
    """Rows of a table that are as a pattern says but for some columns: the ORM would take most of the time."""

    def __init__(self, pattern) -> None:
        from django.db import connection

        fields = pattern._meta.concrete_fields
        self._values = {f.column: f.get_db_prep_save(getattr(pattern, f.attname), connection) for f in fields}
        columns = ", ".join(f'"{name}"' for name in self._values)
        places = ", ".join(["%s"] * len(fields))
        self._text = f"INSERT INTO {pattern._meta.db_table} ({columns}) VALUES ({places})"

    def add(self, rows) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.executemany(self._text, ([*(self._values | row).values()] for row in rows))


def token() -> str:
    """A token that may screen, the only one; so no run is held to what another asked today."""
    from jiwar.access.models import ApiToken
    from jiwar.access.permissions import Permission, Purpose
    from jiwar.access.policy import Actor, allow
    from jiwar.access.services import make_token
    from jiwar.identity.models import Agency

    ApiToken.objects.all().delete()
    by = allow(Actor("bench", "console", frozenset(Permission)), Permission.ACCESS_TOKEN_MANAGE)
    agency, _ = Agency.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    return make_token(by, agency, "bench", [Permission.WATCHLIST_PERSON_SCREEN], Purpose.BORDER_CHECK)[1]


def _facts(subject) -> dict:
    born = subject.birth_dates[0]
    return {
        "type": "person",
        "names": [
            {"text": n.text, "kind": "original_script" if n.kind == "original_script" else "name"}
            for n in subject.names
        ],
        "birth_dates": [{"date": str(born).removeprefix("~"), "approximate": born.approximate}],
        "sexes": list(subject.sexes),
        "nationalities": list(subject.nationalities),
        "documents": [{"type": d.type, "country": d.country, "number": d.number} for d in subject.documents],
    }
