"""Benchmarks of the room `bridges`: records written as STIX and MISP per second, a TAXII page of 1,000 objects.

The peers of writing build the same objects with their own classes, out of values that are already mapped. The peer of
serving is medallion, OASIS' own TAXII server, with the same objects in its memory and on the same web server; it checks
a password, and neither who may read an object nor whether that is still so, and keeps no ledger. It is spared the one
extension-definition, whose `version`, which the standard wants, it takes for a time and fails.
"""

import base64
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from bench import peers
from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import Node, environment

PAGE = 1_000
SERVED = 9
"""Pages asked for; the median counts."""
MEDIA_TYPE = "application/taxii+json;version=2.1"
PEER = "medallion 3.0.0"
PEER_PACKAGES = ["medallion==3.0.0", "Flask==2.2.5", "Werkzeug==2.2.3", f"granian=={version('granian')}"]
WRITTEN, BUILT = 2_000, 500

# In a process of its own, on a real SQLite file with synchronous=FULL: alerts of a neighbour, a program that may read.
FILL = """
import json, sys
import django
django.setup()
from jiwar.access.permissions import Permission as P, Purpose
from jiwar.access.policy import Actor, Grant, allow
from jiwar.access.services import SYSTEM, make_token
from jiwar.bridges.holdings import records_of
from jiwar.bridges.services import confirm_reader
from jiwar.identity.models import Agency, Person
from jiwar.identity.services import add_node
from jiwar.records.arrivals import receive
from jiwar.records.kinds import newest
from tests.bridges.statements import ALERT
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import terms_of

niger = ForeignNode("NER")
add_node(niger.card())
kind = newest("alert.person")
for n in range(int(sys.argv[1])):
    paper = {"type": "passport", "country": "LBY", "number": f"K{n:07}"}
    body = ALERT | {"subject": ALERT["subject"] | {"documents": [paper]}}
    content = kind.content.model_validate(terms_of(body))
    receive(Grant(SYSTEM, P.EXCHANGE_LINK_READ), *niger.statement(kind, content), "NER")
agency = Agency.objects.create(code="border-police", name="Border police")
person = Person.objects.create(username="salem", full_name="Salem", agency=agency, password="!")
by = Actor(str(person.pk), "console", frozenset(P))
may = P.BRIDGES_COLLECTION_READ, P.WATCHLIST_ALERT_READ
_, secret = make_token(allow(by, P.ACCESS_TOKEN_MANAGE), agency, "bench", may, Purpose.CRIMINAL_INVESTIGATION)
confirm_reader(allow(by, P.BRIDGES_READER_CONFIRM), agency.code, "")
print(json.dumps([secret, str(records_of("NER", "alert.person").id)]))
"""

WRITE = """
import json, sys, time
import django
django.setup()
import stix2
from pymisp import MISPEvent
from jiwar.bridges.logic import ftm, misp, stix
from jiwar.wire.strict_json import canonical
from tests.bridges.statements import ALERT, say, statement

ours, theirs = map(int, sys.argv[1:])

def per_s(count, work):
    work()
    start = time.perf_counter()
    for _ in range(count):
        work()
    return count / (time.perf_counter() - start)

alert = statement("alert.person", ALERT)
[thing] = stix.write(alert, say).objects
event = json.dumps(misp.write(alert, say).objects[0])

def pymisp_event():
    made = MISPEvent()
    made.load(event)
    made.to_json()

print(json.dumps({
    "stix": per_s(ours, lambda: canonical(stix.write(alert, say).objects)),
    "misp": per_s(ours, lambda: canonical(misp.write(alert, say).objects)),
    "ftm": per_s(ours, lambda: ftm.file_of(ftm.write(alert, say).objects)),
    "stix2": per_s(theirs, lambda: stix2.parse(thing, allow_custom=False).serialize()),
    "pymisp": per_s(theirs, pymisp_event),
}))
"""


def benchmarks() -> Iterator[dict]:
    """Writing in memory, then pages over HTTP from a really started node and from the peer, one after the other."""
    from jiwar.operation.demo import wait_for
    from tests.journeys.conftest import free_ports

    with tempfile.TemporaryDirectory(prefix="jiwar-bench-") as scratch:
        folder, port = Path(scratch) / "LBY", free_ports(3)
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
        wrote = _run(folder, WRITE, WRITTEN, BUILT)
        for name, peer in (("stix", "stix2"), ("misp", "pymisp"), ("ftm", "")):
            row = {"name": f"bridges.{name}_per_s", "value": round(wrote[name]), "unit": "1/s", "better": "higher"}
            yield row | ({"peer": f"{peer} {version(peer)}", "peer_value": round(wrote[peer])} if peer else {})
        secret, collection = _run(folder, FILL, PAGE)
        url, headers = f"http://127.0.0.1:{port}/taxii2/jiwar", {"Authorization": f"Bearer {secret}"}
        try:
            node.start()
            wait_for([node])
            start = time.perf_counter()
            _page(url, collection, headers)
            first = (time.perf_counter() - start) * 1e3
            took, page = _pages(url, collection, headers)
        finally:
            node.stop()
        objects = page.json()["objects"]
        assert len(objects) == PAGE
        size = len(page.content) / 1e6
        note = {"note": f"({size:.1f} MB; {first:.0f} ms where all of it became visible since)"}
        try:
            simple = [one for one in objects if one["type"] != "extension-definition"]
            peer = _medallion(Path(scratch), port + 2, simple)
            beside = {"peer": PEER, "peer_value": round(peer, 1)}
        except peers.PeerUnavailable as why:
            beside = {"note": str(why)}
    yield {"name": "bridges.taxii_page_ms", "value": round(took, 1), "unit": "ms"} | note | beside


def _run(folder: Path, program: str, *numbers: int) -> Any:
    """What a program of the node's prints last."""
    variables = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent), "JIWAR_DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, numbers)],
        env=environment(folder) | variables,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def _page(url: str, collection: str, headers: dict[str, str]) -> httpx.Response:
    answer = httpx.get(
        f"{url}/collections/{collection}/objects/?limit={PAGE}", headers={"Accept": MEDIA_TYPE} | headers, timeout=120
    )
    answer.raise_for_status()
    return answer


def _pages(url: str, collection: str, headers: dict[str, str]) -> tuple[float, httpx.Response]:
    """Milliseconds of one page, and the page."""
    times = []
    for _ in range(SERVED):
        start = time.perf_counter()
        page = _page(url, collection, headers)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times), page


def _medallion(scratch: Path, port: int, objects: list[dict[str, Any]]) -> float:
    """The same page from medallion; raises PeerUnavailable."""
    python = peers.python("medallion", PEER_PACKAGES)
    collection = str(uuid4())
    known = [
        {
            "id": one["id"],
            "date_added": f"2026-11-03T09:30:15.{n:06}Z",
            "version": one.get("modified", one["created"]),
            "media_type": "application/stix+json;version=2.1",
        }
        for n, one in enumerate(objects)
    ]
    held = {
        "id": collection,
        "title": "alerts",
        "can_read": True,
        "can_write": False,
        "media_types": ["application/stix+json;version=2.1"],
        "objects": objects,
        "manifest": known,
    }
    root = {"information": {"title": "Jiwar", "versions": [MEDIA_TYPE], "max_content_length": 10_000_000}}
    data, config = scratch / "data.json", scratch / "medallion.json"
    data.write_text(json.dumps({"jiwar": root | {"status": [], "collections": [held]}}))
    memory = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": str(data)}
    told = {"backend": memory, "users": {"bench": "bench"}, "taxii": {"max_page_size": PAGE}}
    config.write_text(json.dumps(told))
    (scratch / "served.py").write_text(f"import medallion\napp = medallion.load_app({str(config)!r})\n")
    arguments = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(
        [python, "-m", "granian", "served:app", *arguments, "--log-level", "warning"], cwd=scratch
    )
    try:
        _wait(port)
        told = base64.b64encode(b"bench:bench").decode()
        took, page = _pages(f"http://127.0.0.1:{port}/jiwar", collection, {"Authorization": f"Basic {told}"})
        assert len(page.json()["objects"]) == len(objects)
        return took
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(port: int) -> None:
    """Until something listens; raises PeerUnavailable."""
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise peers.PeerUnavailable(f"{PEER} does not listen")
