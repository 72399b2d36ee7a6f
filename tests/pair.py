"""Two real nodes, each other's neighbours, each on a machine of its own that a test may kill, cut and set wrong."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import command, environment
from tests.journeys.conftest import free_ports
from tests.ready import Ready

ISSUE = """
from django.utils import timezone
from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.demo import demo_agreement
from jiwar.records.kinds import KINDS
from jiwar.records.statement import Approval, content_hash
from jiwar.records.services import issue, read_content, terms
kind, now = KINDS["agreement", max(v for n, v in KINDS if n == "agreement")], timezone.now()
for number in range({first}, {first} + {count}):
    body = demo_agreement(now.date()) | {{"reference": f"LBY-NER-{{2000 + number // 100}}-{{number % 100:02}}"}}
    data = terms("border_check", "treaty", 300, body, tlp="GREEN")
    content = read_content(kind, kind.content.model_validate(data).model_dump(mode="json"), now)
    digest = content_hash(kind.name, kind.version, content.model_dump(mode="json"))
    issue(as_node(Permission.EXCHANGE_MESSAGE_PASS), kind, content, approval=Approval("one", "two", digest))
    print(number, flush=True)
"""
WAIT = """
import time
from jiwar.exchange.models import Incoming, Link, Outgoing, Restore, Sealed, Stream
from jiwar.exchange.queries import links
from jiwar.records.models import Record
deadline = time.monotonic() + {seconds}
while not ({condition}):
    assert time.monotonic() < deadline, (links(), list(Outgoing.objects.values_list("state", "reason")[:20]))
    time.sleep(0.05)
{after}
"""
TAKEN = """
import json
from jiwar.audit.models import Leaf
from jiwar.exchange.models import Incoming
from jiwar.records.models import Record
rows = Incoming.objects.filter(record__kind="agreement").order_by("stream_id", "seq").select_related("record")
held = Record.objects.filter(origin="LBY", kind="agreement")
print(json.dumps([
    [row.record.body["reference"] for row in rows],
    held.count(),
    Leaf.objects.filter(act="record_received", subject__in=[str(r.uid) for r in held]).count(),
]))
"""


@dataclass
class Machine:
    """One node on a machine of its own. `prefix`: what its supervisor is started by; `env`: what its processes see."""

    folder: Path
    settings: NodeSettings
    prefix: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    _process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self._ready = Ready(self.folder)

    def start(self, *, wait: bool = True) -> None:
        """Switch it on."""
        told = [*self.prefix, sys.executable, "-m", "jiwar", "--data", str(self.folder), "up"]
        log = (self.log or self.folder.parent / f"{self.settings.code}.log").open("ab")
        self._process = subprocess.Popen(
            told, env=environment(self.folder) | self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        log.close()
        if wait:
            self.wait()

    def wait(self, seconds: float = 60) -> None:
        """Until the console answers: the node is up."""
        deadline = time.monotonic() + seconds
        while not self._answers():
            assert self._process is not None
            assert self._process.poll() is None, f"{self.settings.code} ended"
            assert time.monotonic() < deadline, f"{self.settings.code} does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        url = urlsplit(self.settings.console_url)
        if self.prefix:  # in a network of its own
            look = f"import urllib.request as u; u.urlopen('{self.settings.console_url}/health', timeout=5)"
            told = [*self.prefix, sys.executable, "-c", look]
            return subprocess.run(told, capture_output=True, check=False).returncode == 0
        connection = HTTPConnection("127.0.0.1", url.port, timeout=5)
        try:
            connection.request("GET", "/health", headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Switch it off as an administrator does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=60)
            self._process = None

    def kill(self) -> None:
        """Every process of it ends in this instant, whatever it does."""
        if self._process is None:
            return
        for pid in _tree(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def python(self, program: str) -> str:
        """Run a program inside the node's environment, Django ready; its standard output."""
        return self._ready.run(program, environment(self.folder) | self.env)

    def jiwar(self, *arguments: str) -> str:
        """Run a verb of the command line there; its standard output."""
        return self._ready.jiwar(arguments, environment(self.folder) | self.env)

    def close(self) -> None:
        """End whatever runs for it."""
        self.kill()
        self._ready.close()


class Pair(dict[str, Machine]):
    """Libya and Niger, each other's neighbours. `paper`: a folder that no fault reaches."""

    def __init__(self, paper: Path) -> None:
        super().__init__()
        self.paper = paper

    def issue(self, first: int, count: int) -> None:
        """Libya issues records that need no agreement: agreements."""
        self["LBY"].python(ISSUE.format(first=first, count=count))

    def wait(self, code: str, condition: str, seconds: int = 60, after: str = "") -> str:
        """Wait inside a node's environment until a condition holds."""
        return self[code].python(WAIT.format(condition=condition, seconds=seconds, after=after))

    def acknowledged(self, count: int, seconds: int = 60) -> None:
        """Wait until Libya has receipts for so many agreements."""
        acknowledged = "Outgoing.objects.filter(state='acknowledged', record__kind='agreement').exclude(receipt=None)"
        self.wait("LBY", f"{acknowledged}.count() == {count}", seconds)

    def taken(self) -> list[object]:
        """References of agreements by their numbers at Niger, count of its records, of its ledger's leaves on them."""
        return json.loads(self["NER"].python(TAKEN))  # type: ignore[no-any-return]

    def introduce(self) -> None:
        """Each hands the other its card, and reads its fingerprint."""
        for own, other in (("LBY", "NER"), ("NER", "LBY")):
            card = self.paper / f"{own}.json"
            card.write_text(self[own].jiwar("keys", "card"))
            printed = self[own].jiwar("keys", "fingerprint")
            fingerprint = re.search(r"([0-9a-f]{4} ){7}[0-9a-f]{4}", printed)[0]  # type: ignore[index]
            self[other].jiwar("neighbours", "add", str(card), "--fingerprint", fingerprint)

    def verified(self) -> None:
        """Both ledgers, exported, are proven whole where no node is."""
        for code, machine in self.items():
            file = self.paper / f"{code}.ledger"
            machine.jiwar("ledger", "export", str(file))
            told = ("ledger", "verify", str(file), "--card", str(file.with_suffix(".json")))
            done = subprocess.run(
                [sys.executable, "-m", "jiwar", *told],
                cwd=self.paper,
                env={k: v for k, v in os.environ.items() if k not in {"JIWAR_DATA", "DJANGO_SETTINGS_MODULE"}},
                check=False,
                capture_output=True,
                text=True,
            )
            assert (done.returncode, "proven whole" in done.stdout) == (0, True), done.stderr


@contextmanager
def two_nodes(
    paper: Path,
    database: Callable[[Path], str],
    *,
    folders: Mapping[str, Path] | None = None,
    start: bool = True,
    **more: Mapping[str, object],
) -> Iterator[Pair]:
    """Libya and Niger, introduced and started, in folders of `paper` unless others are said.

    `database`: the URL of the database of the node in a folder. `more`: fields of each one's Machine, by its code.
    """
    pair, port = Pair(paper), free_ports(4)
    # Where a node has a database of its own, the one that the suite runs on is none of its business.
    named = os.environ.pop("JIWAR_DATABASE_URL", None)
    try:
        for number, code in enumerate(("LBY", "NER")):
            folder = (folders or {}).get(code, paper / code)
            host = more.get(code, {}).get("host", "127.0.0.1")
            settings = NodeSettings(
                code=code,
                role="national",
                name=code,
                console_url=f"http://localhost:{port + 2 * number}",
                exchange_url=f"https://{host}:{port + 2 * number + 1}",
                database_url=database(folder),
            )
            write_settings(folder, settings)
            fields = {name: value for name, value in more.get(code, {}).items() if name != "host"}
            pair[code] = Machine(folder, settings, log=paper / f"{code}.log", **fields)  # type: ignore[arg-type]
        with ThreadPoolExecutor(2) as both:
            list(both.map(lambda machine: command(machine.folder, "prepare", check=True), pair.values()))
        pair.introduce()
        if start:
            for machine in pair.values():
                machine.start(wait=False)
            for machine in pair.values():
                machine.wait()
        yield pair
    finally:
        for machine in pair.values():
            machine.close()
        if named is not None:
            os.environ["JIWAR_DATABASE_URL"] = named


def expected(count: int) -> list[object]:
    """What `Pair.taken` says when so many messages came, once each and in their order."""
    return [[f"LBY-NER-{2000 + n // 100}-{n % 100:02}" for n in range(1, count + 1)], count, count]


def _tree(root: int) -> list[int]:
    """A process and all its descendants, by /proc; the root first, so that it starts nothing again."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found, at = [root], 0
    while at < len(found):
        found += parents.get(found[at], [])
        at += 1
    return found
