"""Benchmarks of the room `audit`: leaves appended and exports verified per second, beside the package `pymerkle`."""

import json
import subprocess
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

PEERS = ("pymerkle 6.1.0", "pymerkle 7.0.0")  # both run; the quicker one is the row's peer
APPEND_GOAL = 250_000  # above what the quicker peer did when the goal was set
VERIFY_GOAL = 40_000  # a post's ledger of a year, half a million acts, in a quarter of a minute
LEAVES = 20_000
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


def benchmarks() -> Iterator[dict]:
    """Two rows: leaves per second in one thread, the best of five rounds over the same 20,000 leaves."""
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
