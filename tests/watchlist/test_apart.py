"""Processes of their own apply large lists, build the index and make editions: in the midst of it the old index
answers, and after a kill nothing is lost or done twice."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.node import NODE_TOML

# A process of a real node: what it starts must find the same database.
SCRIPT = r"""
import io, logging, os, signal, sys, time
from pathlib import Path
import django
django.setup()
from django.conf import settings
from django.utils import timezone
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Actor, allow
from jiwar.identity.services import make_own_keys
from jiwar.identity.services import add_node
from django.db import connection
from jiwar.audit.queries import leaves
from jiwar.watchlist import edition_work, list_work, lists
from jiwar.watchlist.list_readings import read_list
from jiwar.watchlist.lists import import_un_list
from jiwar.watchlist.live_index import LiveIndex
from jiwar.watchlist.logic.evidence import Query
from jiwar.watchlist.models import Edition, Entry
from tests.foreign import ForeignNode

make_own_keys()
by = allow(Actor("0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5", "console", frozenset(Permission)),
           Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)

def take(text):
    import_un_list(by, io.BytesIO(text.encode()), "list.xml")

def child():
    while True:
        for task in Path("/proc/self/task").iterdir():
            if pids := (task / "children").read_text().split():
                return int(pids[0])
        time.sleep(0.01)

def found(name):
    return len(live.current().search(Query((name,))))

text = Path(sys.argv[1]).read_text()

# A list is applied in parts. The process that does it is killed in the midst of one, which is as if it had not been.
lists.AT_ONCE, list_work.PAUSE, really = 3, 0, lists._apply
reading = read_list(by, "un_security_council", {"list.xml": io.BytesIO(text.encode())})
lists.accept(by, reading.pk)
connection.close()
if not os.fork():
    calls = []
    def then_killed(*given):
        really(*given)
        calls.append(given)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
    lists._apply = then_killed
    list_work.work()
assert os.wait()[1] == signal.SIGKILL
reading.refresh_from_db()
assert (reading.state, reading.applied, Entry.objects.count()) == ("applying", 6, 6)
assert list_work.progress_of(reading) == (6, reading.changes) and reading.changes > 9
assert list_work.work() == 1
reading.refresh_from_db()
assert (reading.state, reading.applied, Entry.objects.count()) == ("applied", *[reading.changes] * 2)
issued = [leaf.subject for leaf in leaves(act="record_issued")]
assert len(issued) == len(set(issued)) == reading.changes
assert leaves(act="list_imported").count() == 1 and not reading.rows.exclude(name="").exists()
lists.AT_ONCE = 500

live = LiveIndex(settings.DATA / "index", most_changes=1)
before = live.current()
[file] = (settings.DATA / "index").glob("*.idx")
first = file.stat().st_ino
live._not_before = float("inf")
take(text.replace("2026-01-15", "2026-01-16").replace("1984-06-17", "1984-07-17").replace("K0451187", "K0451188"))
assert live.current() is before and before.changes > 1
live._little, live._not_before = 1, 0
assert live.current() is before         # begins to build it anew, and answers
os.kill(child(), signal.SIGKILL)
live.wait()
assert live.current() is before and found("Youssef El Megaryef") == 1 and live._rebuilding is None
assert file.stat().st_ino == first
live._not_before = 0                    # the time after which it is tried again
assert live.current() is before
live.wait()
assert live.current() is not before and found("Youssef El Megaryef") == 1 and live.current().changes == 0
assert file.stat().st_ino != first and live._not_before > time.monotonic()

edition_work.WORK.little = 0
add_node(ForeignNode("LBY-SEBHA", role="post").card())
edition_work.WORK.keep(by, timezone.now())      # returns at once: nothing is made here
assert not Edition.objects.exists()
while not Edition.objects.exists():
    time.sleep(0.05)
assert Edition.objects.get().state == "held"
print("all of it")
"""


def test_a_process_of_its_own_builds_it_and_may_be_killed(migrated: Callable[[Path], str], tmp_path: Path) -> None:
    folder = tmp_path / "node"
    url = migrated(folder)
    (folder / "node.toml").write_text(NODE_TOML, encoding="utf-8")
    told = {"JIWAR_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "jiwar.settings", "JIWAR_DATABASE_URL": url}
    sample = Path(__file__).resolve().parents[2] / "jiwar/watchlist/data/un_sample.xml"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(sample)], env=os.environ | told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "jiwar lists index --behind=0: ended with -9; the old one goes on with what was added" in done.stderr
    assert done.stdout.endswith("all of it\n")
