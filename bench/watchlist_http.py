"""Benchmarks of screening over HTTP: programs that ask one by one at a million subjects, each answer in the ledger.

A node as it runs (granian, SQLite, the index built by the console itself) is asked by this process. Questions come at
their time whether or not the ones before are answered, and each is timed from the moment it was due, so that a stall
counts for all that it holds up. The peer is what a caller had before: `POST /api/v1/screenings`, the same questions at
the same rate.
"""

import asyncio
import contextlib
import datetime as dt
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jiwar.watchlist.logic.generate import person, subjects

ROOT = Path(__file__).resolve().parent.parent
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
from bench.watchlist_http import fill
print(fill(int(sys.argv[1])))
"""


def benchmarks() -> Iterator[dict]:
    """Fill a node, ask both addresses one by one, then the batch."""
    with tempfile.TemporaryDirectory(prefix="jiwar-bench-") as scratch:
        folder = Path(scratch)
        with _console(folder) as (port, secret, ready, pids):
            before = _worked(pids)
            native = asyncio.run(_ask(port, secret, "/screen"))
            each = (_worked(pids) - before) / len(native.taken) * 1e3
            api = asyncio.run(_ask(port, secret, "/api/v1/screenings"))
            batch = asyncio.run(_ask_batches(port, secret))
        size = f"{SUBJECTS / 1e6:g}m"
        note = f"(half under {native.at(0.5):.1f} ms, p99 {native.at(0.99):.1f}; {native.said()}; "
        note += f"{each:.1f} ms of a core for each; ready in {ready:.0f} s)"
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
            "name": f"watchlist_http.batch_per_s_{size}",
            "value": round(batch),
            "unit": "1/s",
            "better": "higher",
            "note": "(500 questions each, one batch after the other)",
        }


@dataclass
class Times:
    """Milliseconds from when each question was due to its answer, and what was answered otherwise than by 200."""

    taken: list[float] = field(default_factory=list)
    others: dict[int, int] = field(default_factory=dict)

    def at(self, part: float) -> float:
        """A quantile."""
        return sorted(self.taken)[int(len(self.taken) * part)]

    def said(self) -> str:
        """How many were answered, and how many were not."""
        return f"{len(self.taken)} answers" + "".join(f", {n} of status {s}" for s, n in self.others.items())


def questions(count: int) -> list[dict]:
    """Nine strangers to one listed person, each in a case of its own; a third without a date of birth."""
    chance = random.Random(99)
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


async def _ask(port: int, secret: str, address: str) -> Times:
    bodies = [json.dumps(one, ensure_ascii=False).encode() for one in questions(A_SECOND * SECONDS)]
    times = Times()
    waiting: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    workers = [asyncio.create_task(_line(port, secret, address, waiting, times)) for _ in range(LINES)]
    start = time.perf_counter() + 0.2
    for number, body in enumerate(bodies):
        due = start + number / A_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        waiting.put_nowait((due, body))
    for _ in workers:
        waiting.put_nowait(None)
    await asyncio.gather(*workers)
    return times


async def _line(port: int, secret: str, address: str, waiting: asyncio.Queue, times: Times) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (asked := await waiting.get()) is not None:
        due, body = asked
        status, _ = await _exchange(reader, writer, secret, address, body)
        if status == 200:
            times.taken.append((time.perf_counter() - due) * 1000)
        else:
            times.others[status] = times.others.get(status, 0) + 1
    writer.close()


async def _ask_batches(port: int, secret: str, batches: int = 4) -> float:
    asked = questions(500 * batches)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    start = time.perf_counter()
    for first in range(0, len(asked), 500):
        body = json.dumps({"questions": asked[first : first + 500]}).encode()
        status, answer = await _exchange(reader, writer, secret, "/screen/batch", body)
        assert status == 200, answer[:500]
        assert all("screening" in one for one in json.loads(answer)["answers"])
    writer.close()
    return len(asked) / (time.perf_counter() - start)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: str, address: str, body: bytes
) -> tuple[int, bytes]:
    head = f"POST {address} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    status = int((await reader.readline()).split()[1])
    length = 0
    while (line := await reader.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, await reader.readexactly(length)


# The node -------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _console(folder: Path) -> Iterator[tuple[int, str, float, list[int]]]:
    """A running console of a filled node: port, token, seconds until its index was ready, processes."""
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
    made = subprocess.run(
        [sys.executable, "-c", PREPARE, str(SUBJECTS)], env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    secret = made.stdout.split()[-1]
    start = time.perf_counter()
    served = [sys.executable, "-m", "granian", "jiwar.asgi:console", "--interface", "asgi", "--no-ws"]
    served += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--log-level", "warning"]
    front = subprocess.Popen(served, env=env, start_new_session=True)
    try:
        asyncio.run(_until_ready(port, secret, front))
        yield port, secret, time.perf_counter() - start, _of_group(front.pid)
    finally:
        os.killpg(front.pid, signal.SIGTERM)
        front.wait()


def _of_group(leader: int) -> list[int]:
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if os.getpgid(pid) == leader]


def _worked(pids: list[int]) -> float:
    """Seconds of a core that processes have had so far."""
    stats = [Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split() for pid in pids]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


async def _until_ready(port: int, secret: str, front: subprocess.Popen) -> None:
    """One question waits for the index; twenty more make what is made at the first use."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            break
        except OSError:
            assert front.poll() is None, "the console ended"
            await asyncio.sleep(0.1)
    for one in questions(21):
        body = json.dumps(one).encode()
        for address in ("/screen", "/api/v1/screenings"):
            status, answer = await _exchange(reader, writer, secret, address, body)
            assert status == 200, answer[:500]
    writer.close()


def fill(count: int) -> str:
    """A node with so many made-up listed people and a token; runs in a process of the node."""
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.utils import timezone

    from jiwar.access.permissions import Permission, Purpose
    from jiwar.access.policy import Actor, allow
    from jiwar.access.services import make_token
    from jiwar.identity.models import Agency
    from jiwar.identity.services import make_own_keys
    from jiwar.records.models import Record
    from jiwar.watchlist.models import Entry, Revision
    from jiwar.wire.ids import uuid7

    call_command("migrate", verbosity=0)
    make_own_keys()
    now = timezone.now()
    ends = now + dt.timedelta(days=365)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous = OFF")
    made = subjects(count)
    done = 0
    while done < count:
        some = [(uuid7(now), subject) for _, subject in zip(range(min(20_000, count - done)), made, strict=False)]
        records = [
            Record(
                uid=uid, kind="listing.person", kind_version=1, origin="LBY", node="LBY", purpose="sanctions",
                tlp="GREEN", onward="no", issued_at=now, valid_until=ends, review_on=ends.date(), statement="{}",
                hash=uid.hex * 2, signing_key="", signature="", stored_at=now,
            )
            for uid, _ in some
        ]  # fmt: skip
        with transaction.atomic():
            kept = Record.objects.bulk_create(records, batch_size=1_000)
            Entry.objects.bulk_create(
                [
                    Entry(
                        uid=uid, record=record, category="listing", reference=subject.key, action="identify_and_record",
                        facts=_facts(subject), complete=True, revision=done + number, changed_at=now,
                    )
                    for number, ((uid, subject), record) in enumerate(zip(some, kept, strict=True), 1)
                ],
                batch_size=1_000,
            )  # fmt: skip
        done += len(some)
    Revision.objects.create(pk=1, value=done)
    by = allow(Actor("bench", "console", frozenset(Permission)), Permission.ACCESS_TOKEN_MANAGE)
    agency = Agency.objects.create(code="bench", name="Bench")
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
