"""Two real nodes: cards by the command line, records over TLS, receipts; kills, wrong certificates, silence."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import Node, command
from tests.journeys.conftest import Nodes, free_ports

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

ISSUE = """
import datetime as dt
from django.utils import timezone
from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.demo import demo_agreement
from jiwar.records.kinds import newest
from jiwar.records.statement import Approval, content_hash
from jiwar.records.services import issue, read_content, terms
kind, now = newest("agreement"), timezone.now()
for number in range({first}, {first} + {count}):
    body = demo_agreement(now.date()) | {{"reference": f"LBY-NER-{{2000 + number // 100}}-{{number % 100:02}}"}}
    data = terms("border_check", "treaty", 300, body, tlp="GREEN")
    content = read_content(kind, kind.content.model_validate(data).model_dump(mode="json"), now)
    digest = content_hash(kind.name, kind.version, content.model_dump(mode="json"))
    issue(as_node(Permission.EXCHANGE_MESSAGE_PASS), kind, content, approval=Approval("one", "two", digest))
"""
WAIT = """
import time
{before}
from jiwar.exchange.models import Incoming, Link, Outgoing, Stream
from jiwar.exchange.queries import links
deadline = time.monotonic() + {seconds}
while not ({condition}):
    assert time.monotonic() < deadline, (links(), list(Outgoing.objects.values_list("state", "reason")))
    time.sleep(0.02)
{after}
"""
AGREEMENTS = "Outgoing.objects.filter(record__kind='agreement')"
"""The others are the nodes' cards."""
TAKEN = """
import json
from jiwar.audit.models import Leaf
from jiwar.exchange.models import Incoming
from jiwar.records.models import Record
rows = Incoming.objects.order_by("id").select_related("record")
streams = {}
for row in rows:
    streams.setdefault(row.stream_id, []).append(row.seq)
said = [row.record for row in rows if row.record.kind == "agreement"]
uids = {str(record.uid) for record in said}
print(json.dumps([
    all(numbers == list(range(1, len(numbers) + 1)) for numbers in streams.values()),
    [record.body["reference"] for record in said],
    Record.objects.filter(origin="LBY", kind="agreement").count(),
    Leaf.objects.filter(act="record_received", subject__in=uids).count(),
]))
"""


class Pair(Nodes):
    """Libya and Niger, each other's neighbours."""

    def issue(self, first: int, count: int) -> None:
        """Libya issues records that need no agreement: agreements."""
        self.python("LBY", ISSUE.format(first=first, count=count))

    def wait(self, code: str, condition: str, seconds: int = 60, after: str = "", before: str = "") -> str:
        """Wait inside a node's environment until a condition holds."""
        return self.python(code, WAIT.format(condition=condition, seconds=seconds, after=after, before=before))

    def acknowledged(self, count: int) -> None:
        """Wait until Libya has receipts for so many messages."""
        self.wait("LBY", f"{AGREEMENTS}.filter(state='acknowledged').exclude(receipt=None).count() == {count}")

    def taken(self) -> list[list[int | str]]:
        """Whether Niger's numbers have no gap, its references in order, counts of its records and of leaves on them."""
        import json

        return json.loads(self.python("NER", TAKEN))  # type: ignore[no-any-return]


@pytest.fixture
def pair(tmp_path: Path, node_database: Callable[[], str]) -> Iterator[Pair]:
    nodes = Pair()
    port = free_ports(4)
    try:
        for number, code in enumerate(("LBY", "NER")):
            settings = NodeSettings(
                code=code,
                role="national",
                name=code,
                console_url=f"http://localhost:{port + 2 * number}",
                exchange_url=f"https://127.0.0.1:{port + 2 * number + 1}",
                database_url=node_database(),
            )
            write_settings(tmp_path / code, settings)
            nodes[code] = Node(tmp_path / code, settings)
            nodes[code].prepare()
            nodes[code].start()
        for own, other in (("LBY", "NER"), ("NER", "LBY")):
            card = tmp_path / f"{own}.json"
            card.write_text(command(tmp_path / own, "keys", "card", check=True).stdout)
            printed = command(tmp_path / own, "keys", "fingerprint", check=True).stdout
            fingerprint = re.search(r"([0-9a-f]{4} ){7}[0-9a-f]{4}", printed)[0]  # type: ignore[index]
            command(tmp_path / other, "neighbours", "add", str(card), "--fingerprint", fingerprint, check=True)
        yield nodes
    finally:
        for node in nodes.values():
            node.stop()


def expected(count: int) -> list[object]:
    numbers = list(range(1, count + 1))
    return [True, [f"LBY-NER-{2000 + n // 100}-{n % 100:02}" for n in numbers], count, count]


def verified(pair: Pair, code: str, folder: Path) -> None:
    """The node's ledger, exported, is proven whole where no node is."""
    file = folder / f"{code}.ledger"
    command(pair[code].folder, "ledger", "export", str(file), check=True)
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "jiwar", "ledger", "verify", str(file), "--card", str(folder / f"{code}.json")],
        cwd=empty,
        env={k: v for k, v in os.environ.items() if k not in {"JIWAR_DATA", "DJANGO_SETTINGS_MODULE"}},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "proven whole" in done.stdout) == (0, True), done.stderr


def test_records_pass_wait_for_who_is_silent_and_go_to_nobody_else(pair: Pair, tmp_path: Path) -> None:
    pair.issue(1, 1)
    pair.acknowledged(1)
    assert pair.taken() == expected(1)

    pair["NER"].stop()
    pair.issue(2, 3)
    pair.wait("LBY", f"{AGREEMENTS}.exclude(state='acknowledged').count() == 3 and links()[0].failure == 'unreachable'")
    pair["NER"].start()
    pair.acknowledged(4)
    assert pair.taken() == expected(4)

    # Another certificate at Niger's address, as good as any: Libya says nothing there, until Niger, whose keys are its
    # own, has come itself and said its new card.
    pair["NER"].stop()
    pair.python(
        "NER",
        "from django.conf import settings; from django.utils import timezone\n"
        "from jiwar.identity.keys import make_tls\n"
        "make_tls(settings.KEYS, 'NER', settings.NODE.exchange_url, timezone.now())",
    )
    pair["NER"].start()
    same = (pair["NER"].folder / "keys" / "tls.crt").read_text()
    known = f"Node.objects.get(code='NER').tls_certificate == {same!r}"
    pair.wait("LBY", known, before="from jiwar.identity.models import Node")
    pair.issue(5, 1)
    pair.acknowledged(5)
    assert pair.taken() == expected(5)
    for code in pair:
        verified(pair, code, tmp_path)


@pytest.mark.fault
def test_a_receiver_killed_in_the_middle_takes_everything_once_and_in_order(pair: Pair, tmp_path: Path) -> None:
    niger, count = pair["NER"], 200
    _kill(niger)
    pair.issue(1, count)
    some = "Incoming.objects.filter(record__kind='agreement')"
    killer = f"import os; os.killpg({{pid}}, {int(signal.SIGKILL)}); print({some}.count())"
    niger.watch()
    # First death: as soon as the first batch is on the disk, its receipts perhaps not yet sent.
    taken = int(
        pair.wait(
            "NER",
            "Incoming.objects.filter(record__kind='agreement').exists()",
            after=killer.format(pid=niger.pids["exchange"]),
        )
    )
    assert 0 < taken <= count
    # Two more, soon after it listens again: inside a batch, or before one.
    for pause in (0.2, 0.5):
        niger.watch()
        _listens(niger)
        time.sleep(pause)
        _kill(niger)
    niger.watch()
    pair.acknowledged(count)
    assert pair.taken() == expected(count)
    for code in pair:
        verified(pair, code, tmp_path)


def _kill(node: Node) -> None:
    os.killpg(node.pids["exchange"], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while node._children["exchange"].poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _listens(node: Node) -> None:
    import socket
    from urllib.parse import urlsplit

    address = ("127.0.0.1", urlsplit(node.settings.exchange_url).port)
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


def test_a_main_process_killed_alone_leaves_no_worker_on_its_port(pair: Pair) -> None:
    os.kill(pair["NER"].pids["exchange"], signal.SIGKILL)
    time.sleep(0.5)
    pair["NER"].watch()
    pair.issue(1, 1)
    pair.acknowledged(1)
    pair["NER"].watch()
    assert len(pair["NER"]._deaths["exchange"]) == 1
