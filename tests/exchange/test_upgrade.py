"""A node of the first protocol is upgraded: what was under way is sealed anew, what was receipted stays so."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import environment

BEFORE = """
import json
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
call_command("migrate", "exchange", "0002_attached", verbosity=0)
call_command("migrate", "records", "0002_cosignature", verbosity=0)
executor = MigrationExecutor(connection)
nodes = [("exchange", "0002_attached"), ("records", "0002_cosignature")]
apps = executor.loader.project_state(nodes).apps
Record, Outgoing = apps.get_model("records", "Record"), apps.get_model("exchange", "Outgoing")
Stream, Incoming = apps.get_model("exchange", "Stream"), apps.get_model("exchange", "Incoming")
now = timezone.now()
def record(n):
    return Record.objects.create(
        uid=f"01a20885-a2c1-73e1-907a-a354ac35e2{n:02}", kind="alert.person", kind_version=1, origin="LBY", node="LBY",
        purpose="border_check", tlp="AMBER", onward="no", issued_at=now, valid_until=now, review_on=now.date(),
        statement="{}", hash=f"{n:064}", signing_key="k", signature="s")
rows = [("acknowledged", False, 1, "a receipt"), ("sealed", True, 2, ""), ("queued", False, None, ""),
        ("held", False, None, ""), ("refused", False, 3, "another")]
for n, (state, urgent, seq, receipt) in enumerate(rows):
    Outgoing.objects.create(node="NER", record=record(n), state=state, urgent=urgent, seq=seq, hash="h",
        envelope=b"old", receipt=receipt, acknowledged_at=now if receipt else None)
Stream.objects.create(node="NER", incoming=False, seq=3, head="x")
Stream.objects.create(node="NER", incoming=True, seq=1, head="y")
Incoming.objects.create(node="NER", seq=1, hash="z", record=record(50), status="applied", receipt="r")
"""
AFTER = """
import json
from django.core.management import call_command
call_command("migrate", verbosity=0)
from jiwar.exchange.models import Incoming, Outgoing, Stream
print(json.dumps([
    [[r.state, r.lane, r.receipt and r.receipt.text] for r in Outgoing.objects.order_by("id")],
    Stream.objects.count(), Incoming.objects.count(),
]))
"""


def run(folder: Path, program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{program}"],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(180)
def test_what_was_under_way_begins_anew(tmp_path: Path, node_database: Callable[[], str]) -> None:
    folder = tmp_path / "LBY"
    write_settings(folder, NodeSettings(code="LBY", role="national", name="Libya", database_url=node_database()))
    run(folder, BEFORE)
    rows, streams, taken = json.loads(run(folder, AFTER))
    assert rows == [
        ["acknowledged", "routine", "a receipt"],
        ["queued", "urgent", None],
        ["queued", "routine", None],
        ["held", "routine", None],
        ["refused", "routine", "another"],
    ]
    assert (streams, taken) == (0, 0)
