"""Benchmarks of the room `exchange`: envelopes sealed and taken per second, a node's start and its memory at rest."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import Node, environment

# In a process of its own, on a real SQLite file with synchronous=FULL. The peer of sealing is plain HPKE (RFC 9180,
# X25519 alone, no post-quantum part, no padding, no chain) with the same signature, of the same library.
PROGRAM = """
import json, time
import django
django.setup()
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from django.utils import timezone
from jiwar.agreements.demo import demo_agreement
from jiwar.exchange.services import take
from jiwar.identity.services import add_node
from jiwar.records.kinds import newest
from jiwar.records.services import read_content, terms
from tests.exchange.test_exchange import Channel
from tests.foreign import ForeignNode

niger = ForeignNode("NER")
add_node(niger.card())
kind, now = newest("agreement"), timezone.now()
signed = []
for n in range(500):
    body = demo_agreement(now.date()) | {"reference": f"LBY-NER-{2000 + n // 100}-{n % 100:02}"}
    data = kind.content.model_validate(terms("border_check", "treaty", 300, body, tlp="GREEN"))
    signed.append(niger.statement(kind, read_content(kind, data.model_dump(mode="json"), now)))
channel = Channel(niger)
start = time.perf_counter()
envelopes = [channel.envelope(each) for each in signed]
sealed = len(signed) / (time.perf_counter() - start)
suite, other = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM), X25519PrivateKey.generate().public_key()
key = Ed25519PrivateKey.generate()
start = time.perf_counter()
for statement, *_ in signed:
    key.sign(suite.encrypt(statement, other, info=b"peer"))
peer = len(signed) / (time.perf_counter() - start)
start = time.perf_counter()
for first in range(0, len(envelopes), 100):
    taken = take("NER", envelopes[first : first + 100])
    assert len(taken.receipts) == 100 and taken.problem is None
print(json.dumps([sealed, peer, len(envelopes) / (time.perf_counter() - start)]))
"""


def benchmarks() -> Iterator[dict]:
    """Four rows; the node is a really started one, left alone for five seconds before its memory is summed (PSS)."""
    from jiwar.operation.demo import wait_for
    from tests.journeys.conftest import free_ports

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
        variables = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent), "JIWAR_DATABASE_URL": ""}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment(folder) | variables, stdout=subprocess.PIPE, check=True
        )
        sealed, peer, taken = json.loads(done.stdout)
        yield {
            "name": "exchange.seal_per_s",
            "value": round(sealed),
            "unit": "1/s",
            "better": "higher",
            "peer": "cryptography HPKE X25519",
            "peer_value": round(peer),
        }
        yield {"name": "exchange.take_per_s", "value": round(taken), "unit": "1/s", "better": "higher", "goal": 200}
        start = time.perf_counter()
        try:
            node.prepare()
            node.start()
            wait_for([node])
            yield {
                "name": "exchange.node_ready_s",
                "value": round(time.perf_counter() - start, 2),
                "unit": "s",
                "goal": 10,
            }
            time.sleep(5)
            memory = sum(map(_pss, _tree(set(node.pids.values())))) / 1e6
            yield {"name": "exchange.idle_node_pss_mb", "value": round(memory, 1), "unit": "MB", "goal": 250}
        finally:
            node.stop()


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
