"""Benchmark of the room `crossings`: how long after its approval in one state an alert can hit at a post of another."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jiwar.operation.demo import agree, make, wait_for
from jiwar.operation.processes import environment

TIMES = 5
# Drafted and approved as people do it, in Libya's own environment; looked for in the post's. All read one clock.
APPROVE = f"""
import django; django.setup()
import time
from jiwar.access.permissions import Permission as P, Purpose
from jiwar.access.policy import allow
from jiwar.access.services import actor_of_person
from jiwar.identity.queries import person
from jiwar.watchlist import services
from tests.watchlist.alerts.conftest import alert_content
def grant(name, permission):
    return allow(actor_of_person(person(name), "cli"), permission, Purpose.CRIMINAL_INVESTIGATION)
for _ in range({TIMES}):
    draft = services.draft_alert(grant("amal", P.WATCHLIST_ALERT_DRAFT), alert_content())
    draft = services.submit_alert(grant("amal", P.WATCHLIST_ALERT_DRAFT), draft.pk)
    services.approve_alert(grant("salem", P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)
    time.sleep(1.7)
"""
HELD = f"""
import django; django.setup()
import json, time
from jiwar.watchlist.models import Entry
deadline = time.monotonic() + 30
while (entries := Entry.objects.filter(active=True).select_related("record")).count() < {TIMES}:
    if time.monotonic() > deadline:
        raise TimeoutError("the alerts did not arrive")
    time.sleep(0.1)
print(json.dumps([(e.record.stored_at - e.record.issued_at).total_seconds() for e in entries]))
"""


def benchmarks() -> Iterator[dict]:
    """One row: four really started nodes, as the demonstration makes them; the slowest of five alerts counts."""
    from tests.journeys.conftest import free_ports

    with tempfile.TemporaryDirectory(prefix="jiwar-bench-") as scratch:
        folder = Path(scratch)
        nodes = make(folder, free_ports(8))
        try:
            for node in nodes:
                node.start()
            wait_for(nodes)
            agree(folder)
            _python(folder / "LBY", APPROVE)
            waits = json.loads(_python(folder / "NER-MADAMA", HELD))
        finally:
            for node in nodes:
                node.stop()
    yield {
        "name": "crossings.alert_to_post_s",
        "value": round(max(waits), 2),
        "unit": "s",
        "goal": 3,
        "note": f"the slowest of {TIMES}; median {statistics.median(waits):.2f}",
    }


def _python(folder: Path, program: str) -> str:
    variables = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(folder) | variables,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout
