"""Benchmarks of the room `audit`: leaves appended and exports verified per second, beside the package `pymerkle`.

In memory, and through a node's real database with every transaction on disk before it answers.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench import peers
from jiwar.audit.logic import merkle
from jiwar.audit.logic.export import MAX_LINE, export, verify_export
from jiwar.audit.logic.leaf import Leaf, content
from tests.postgres import PostgresUnavailable, server

PEERS = ("pymerkle 6.1.0", "pymerkle 7.0.0")  # both run; the quicker one is the row's peer
APPEND_GOAL = 250_000  # above what the quicker peer did when the goal was set
VERIFY_GOAL = 40_000  # a post's ledger of a year, half a million acts, in a quarter of a minute
GROUPS_GOAL = 15_000
ONE_GOAL = {"": 1.03, "_postgresql": 1.77}  # what one leaf took before there were tiles
MILLION_GOAL = 60
LEAVES = 20_000
SINGLES, GROUP, MILLION, POSTGRESQL_LEAVES = 1000, 256, 1_000_000, 102_400
ROUNDS = 5

# The peer keeps its leaves in memory, as our row does. Its verifier is the least that rebuilds the tree of an export:
# it reads each line, checks the index and compares the root, and looks neither at the form nor at the signature.
PEER_PROGRAM = """
import json, sys, time
from pymerkle import InmemoryTree

def appended(lines):
    tree = InmemoryTree(algorithm="sha256")
    for line in lines:
        tree.append_entry(line)
    return root_of(tree)

def root_of(tree):
    return (tree.get_root if hasattr(tree, "get_root") else tree.get_state)().hex()

def verified(path):
    tree = InmemoryTree(algorithm="sha256")
    with open(path, "rb") as file:
        next(file)
        for index, line in enumerate(file):
            leaf = json.loads(line)
            if "checkpoint" in leaf:
                return root_of(tree)
            assert leaf["index"] == index
            tree.append_entry(line[:-1])

def rate(measured, argument):
    best = 0.0
    for _ in range(rounds):
        start = time.perf_counter()
        assert measured(argument) == root
        best = max(best, count / (time.perf_counter() - start))
    return best

path, root, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(path, "rb") as file:
    lines = [line[:-1] for line in file][1:-1]
count = len(lines)
print(json.dumps([rate(appended, lines), rate(verified, path)]))
"""


# A node of its own, its database migrated. Each group is one transaction; the figures are those of the whole run, in
# which the indexes grow and the write-ahead log is written back. Every act is on a record of its own, as a message is.
NODE_PROGRAM = """
import json, sys, time
from pathlib import Path
from tests.node import throwaway
folder = throwaway()
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from jiwar.audit.services import Act, append, append_all, export_lines
from jiwar.identity.keys import ring
from jiwar.identity.services import make_own_keys
from tests.audit.authors import Judge

call_command("migrate", verbosity=0)
make_own_keys()
singles, leaves, group, path = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

def act(number):
    detail = {"from": "NER", "seq": number, "hash": f"{number:064x}", "code": ""}
    return Act("message_taken", f"01a20885-a2c1-73e1-907a-{number:012x}", detail)

times = []
for number in range(singles):
    start = time.perf_counter()
    with transaction.atomic():
        append(act(number).act, Judge(), act(number).subject, act(number).detail)
    times.append(time.perf_counter() - start)
start = time.perf_counter()
for first in range(0, leaves, group):
    with transaction.atomic():
        append_all(Judge(), [act(singles + first + n) for n in range(group)])
rate = leaves / (time.perf_counter() - start)
if path:
    with Path(path).open("wb") as file:
        file.writelines(export_lines(Judge()))
public = ring(settings.KEYS).signing[0].public.hex()
print(json.dumps([sorted(times)[singles // 2] * 1000, rate, public]))
"""

# Groups as large, each on disk (SQLite's default is synchronous=FULL); the peer keeps contents and hashes and no index.
PEER_DISK_PROGRAM = """
import json, sys, time
from pymerkle import SqliteTree
leaves, group, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
contents = [f"{n:064x}".encode() * 6 for n in range(leaves)]  # as long as a leaf of ours
with SqliteTree(path, algorithm="sha256") as tree:
    start = time.perf_counter()
    for first in range(0, leaves, group):
        tree.append_entries(contents[first:first + group])
    print(json.dumps(leaves / (time.perf_counter() - start)))
"""


def benchmarks() -> Iterator[dict]:
    """In memory, in one thread, the best of five rounds over the same 20,000 leaves; then the database's rows."""
    yield from _in_memory()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.jsonl")
        yield from _on_disk("", "", MILLION, path)
        yield _verify_a_million(path)
    try:
        with server(durable=True) as url:
            yield from _on_disk("_postgresql", url, POSTGRESQL_LEAVES, None)
    except PostgresUnavailable as why:
        yield {"name": "audit.append_groups_postgresql_per_s", "value": 0, "unit": "1/s", "note": str(why)}


def _on_disk(suffix: str, url: str, leaves: int, export_to: Path | None) -> Iterator[dict]:
    """Leaves by one and in groups through the database; the export's key is kept beside it."""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent), "JIWAR_DATABASE_URL": url}
    arguments = [str(part) for part in (SINGLES, leaves, GROUP, export_to or "")]
    program = [sys.executable, "-c", NODE_PROGRAM, *arguments]
    one, rate, public = json.loads(subprocess.run(program, env=env, stdout=subprocess.PIPE, check=True).stdout)
    if export_to:
        export_to.with_suffix(".key").write_text(public)
    yield {"name": f"audit.append_one{suffix}_p50", "value": round(one, 2), "unit": "ms", "goal": ONE_GOAL[suffix]}
    row = {"name": f"audit.append_groups{suffix}_per_s", "value": round(rate), "unit": "1/s", "better": "higher"}
    yield row | {"goal": GROUPS_GOAL} | ({} if suffix else _disk_peer())


def _disk_peer() -> dict:
    peer = PEERS[0]
    try:
        python = peers.python("pymerkle", [peer.replace(" ", "==")])
    except peers.PeerUnavailable as why:
        return {"note": str(why)}
    with tempfile.TemporaryDirectory() as folder:
        arguments = [python, "-c", PEER_DISK_PROGRAM, str(GROUP * 400), str(GROUP), str(Path(folder, "tree.sqlite3"))]
        answer = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return {"peer": f"{peer} SqliteTree", "peer_value": round(json.loads(answer.stdout))}


def _verify_a_million(path: Path) -> dict:
    """Verify offline the file that the node really exported."""
    start = time.perf_counter()
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(MAX_LINE + 1), b"")
        summary = verify_export(lines, bytes.fromhex(path.with_suffix(".key").read_text()))
    assert summary.size >= MILLION
    seconds = time.perf_counter() - start
    return {"name": "audit.verify_million_leaves_s", "value": round(seconds, 1), "unit": "s", "goal": MILLION_GOAL}


def _in_memory() -> Iterator[dict]:
    contents = [_content(index) for index in range(LEAVES)]
    tree = _appended(contents)
    rows = [
        {"name": "audit.append_per_s", "value": _rate(lambda: _appended(contents)), "goal": APPEND_GOAL},
        {"name": "audit.verify_export_per_s", "goal": VERIFY_GOAL},
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        key = Ed25519PrivateKey.generate()
        with path.open("wb") as file:
            file.writelines(export(contents, node="LBY", tree=tree, exported_at=datetime.now(UTC), private_key=key))
        public = key.public_key().public_bytes_raw()
        rows[1]["value"] = _rate(lambda: _verified(path, public))
        compared = _peer_columns(path, merkle.root(tree).hex())
    for row, columns in zip(rows, compared, strict=True):
        yield {"unit": "1/s", "better": "higher"} | row | columns


def _content(index: int) -> bytes:
    return content(
        Leaf(
            index=index,
            at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=index),
            node="LBY",
            actor=f"officer-{index % 50}",
            via="console",
            act="search_made",
            salt=f"{index:032x}",
            purpose="border-check",
            case=f"case-{index % 900}",
            subject="محمد علي",
            detail={"fields": ["name", "birth_date"], "candidates": index % 5},
        )
    )


def _appended(contents: list[bytes]) -> merkle.CompactRange:
    """Append all, and keep the nodes as a ledger would."""
    tree = merkle.CompactRange()
    nodes = {}
    for each in contents:
        tree, completed = merkle.append(tree, merkle.leaf_hash(each))
        for level, position, value in completed:
            nodes[level, position] = value
    assert len(nodes) >= len(contents)
    return tree


def _verified(path: Path, public: bytes) -> None:
    with path.open("rb") as file:
        summary = verify_export(iter(lambda: file.readline(MAX_LINE + 1), b""), public)
    assert summary.size == LEAVES


def _rate(measured: Callable[[], object]) -> int:
    best = 0.0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        measured()
        best = max(best, LEAVES / (time.perf_counter() - start))
    return round(best)


def _peer_columns(path: Path, root: str) -> list[dict]:
    """For each row the columns `peer` and `peer_value` of the quicker peer, or a `note` why there is none."""
    measured = []
    for peer in PEERS:
        try:
            python = peers.python("pymerkle", [peer.replace(" ", "==")])
        except peers.PeerUnavailable as why:
            return [{"note": str(why)}] * 2
        arguments = [python, "-c", PEER_PROGRAM, path, root, str(ROUNDS)]
        answer = subprocess.run(arguments, capture_output=True, text=True, check=True)
        measured.append([(rate, peer) for rate in json.loads(answer.stdout)])
    quickest = [max(rates) for rates in zip(*measured, strict=True)]
    return [{"peer": peer, "peer_value": round(rate)} for rate, peer in quickest]
