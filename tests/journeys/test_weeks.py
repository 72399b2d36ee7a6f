"""Three weeks without a line between four real nodes: what is carried, what waits, and who finds what is false.

A pouch goes and comes back, with new and revoked keys in it and a suspended agreement about it; a disk dies and an old
backup stands in for it; and a node that runs twice is caught by the state that saw only one of the two.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jiwar.identity.node import NodeSettings
from jiwar.operation.demo import PASSWORD, wait_for
from jiwar.operation.node_folder import read_settings, write_settings
from jiwar.operation.processes import Node
from tests.clock import ahead
from tests.journeys.conftest import Nodes
from tests.journeys.test_keys import DOUBT, HELD, NOTE, OPEN, jiwar, rotate, sitting, until

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(900)]
NAME = "Salem Ould Khattar"
WEEKS = 21 * 24
ALERT = """
from jiwar.access.permissions import Permission as P, Purpose
from jiwar.access.policy import allow
from jiwar.access.services import actor_of_person
from jiwar.identity.queries import person
from jiwar.watchlist import services
from tests.watchlist.alerts.conftest import alert_content, submitted
def by(name, permission):
    return allow(actor_of_person(person(name), "cli"), permission, Purpose.CRIMINAL_INVESTIGATION)
draft = submitted(by("amal", P.WATCHLIST_ALERT_DRAFT), alert_content())
services.approve_alert(by("salem", P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)
"""
AGREEMENT = """
from django.utils import timezone
from jiwar.access.permissions import Permission as P
from jiwar.access.policy import allow
from jiwar.access.services import actor_of_person
from jiwar.agreements import services
from jiwar.identity.queries import person
from jiwar.records.models import Record
def by(name, permission):
    return allow(actor_of_person(person(name), "cli"), permission)
[target] = [r.uid for r in Record.objects.filter(kind="agreement") if r.body["reference"] == "LBY-NER-2026-01"]
"""
SUSPEND = AGREEMENT + 'services.suspend(by("salem", P.AGREEMENTS_AGREEMENT_SUSPEND), target, "under review")'
RESUME = (
    AGREEMENT
    + """
suspension = Record.objects.get(kind="agreement.suspension").uid
draft = services.resume(by("amal", P.AGREEMENTS_AGREEMENT_DRAFT), suspension, "reviewed")
services.approve(by("salem", P.AGREEMENTS_AGREEMENT_APPROVE), draft, draft.content_hash)
"""
)
OWN = (
    "from jiwar.records.models import Record; "
    "print(*sorted(r.body['reference'] for r in Record.objects.filter(kind='agreement', node='{own}')))"
)
BEYOND = "from jiwar.exchange.last_words import beyond_us; print(*(w.node for w in beyond_us() if w.ours and w.theirs))"
SEEN = (
    "from jiwar.audit.models import Checkpoint; "
    "print(max(Checkpoint.objects.filter(node='{node}').values_list('epoch', 'size')))"
)
FORKS = (
    "from jiwar.audit.models import Fork; "
    "print(*(f'{f.node} {f.source}' for f in Fork.objects.filter(accepted_at=None)))"
)
WANTED = (
    "from jiwar.audit.models import Conversation, Fork; "
    "print(bool(Conversation.objects.get(node='NER').talk.get('wants')) or Fork.objects.exists())"
)
EVIDENCE = "from jiwar.audit.models import Fork; print(Fork.objects.get().evidence)"


class Days:
    """The clock of all nodes, ahead of the machine's; a node that is started or asked sees the new time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._set, self._hours = monkeypatch.setenv, 0
        self.pass_(0)

    def pass_(self, hours: int) -> None:
        self._hours += hours
        for name, value in ahead(self._hours).items():
            self._set(name, value)


def up(*nodes: Node) -> None:
    for node in nodes:
        node.start()
    wait_for(list(nodes))


def down(*nodes: Node) -> None:
    for node in nodes:
        node.stop()


def note(nodes: Nodes, code: str, number: str) -> None:
    nodes.python(code, NOTE.format(reference=f"2032-{number}"))


def holds(nodes: Nodes, code: str, *numbers: str) -> None:
    """Wait until a node has these agreements of the others."""
    there = {f"LBY-NER-2032-{number}" for number in numbers}
    until(
        lambda: there <= set(nodes.python(code, HELD.format(own=code)).split()),
        f"{sorted(there)} at {code}",
        120,
    )


def settled(nodes: Nodes) -> None:
    """Wait until Libya and Niger have receipts for all that they said to each other."""
    for node, other in (("LBY", "NER"), ("NER", "LBY")):
        until(
            lambda node=node, other=other: nodes.python(node, OPEN.format(node=other)) == "",
            f"receipts for all that {node} said to {other}",
            120,
        )


def image(node: Node, folder: Path, database: Callable[[], str]) -> Node:
    """A disk copied while its node is off, and the database where that is elsewhere."""
    shutil.copytree(node.folder, folder, ignore=shutil.ignore_patterns("*.bell"))  # a named pipe
    settings: NodeSettings = replace(node.settings, database_url=database())
    if settings.database_url:
        import psycopg

        server, _, name = settings.database_url.rpartition("/")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}"')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{node.settings.database_url.rpartition("/")[2]}"')
    (folder / "node.toml").unlink()
    write_settings(folder, settings)
    return Node(folder, settings)


def test_three_weeks_without_a_line(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node_database: Callable[[], str]
) -> None:
    for name, value in (("JIWAR_PASSWORD", PASSWORD), ("JIWAR_PASSPHRASE", "three weeks without a line")):
        monkeypatch.setenv(name, value)
    libya, niger, tunisia = nodes["LBY"], nodes["NER"], nodes["TUN"]

    # The first day: everything passes. Niger makes its backup, the last one for long; more passes after it.
    note(nodes, "LBY", "01")
    note(nodes, "NER", "02")
    holds(nodes, "NER", "01")
    holds(nodes, "LBY", "02")
    backup = tmp_path / "niger.backup"
    jiwar(nodes, "NER", "backup", str(backup))
    note(nodes, "LBY", "03")
    note(nodes, "NER", "04")
    holds(nodes, "NER", "03")
    holds(nodes, "LBY", "04")
    settled(nodes)

    # Then no line reaches Niger. Libya suspends the agreement; its alert stays. It turns its keys and revokes the old.
    down(niger)
    nodes.python("LBY", SUSPEND)
    nodes.python("LBY", ALERT)
    note(nodes, "LBY", "05")
    note(nodes, "NER", "06")
    old, new = rotate(nodes, "LBY", tmp_path)
    asked = tmp_path / "list.request"
    jiwar(nodes, "LBY", "keys", "revoke", old, "--reason", "retired", "--request", str(asked))
    [signed] = sitting(tmp_path, "LBY", asked)
    jiwar(nodes, "LBY", "keys", "install", str(signed))
    down(libya, tunisia, nodes["NER-MADAMA"])

    # Three weeks later an officer carries a pouch there, and another one back. What the agreement held stays held.
    days = Days(monkeypatch)
    days.pass_(WEEKS)
    up(libya)
    note(nodes, "LBY", "07")
    there, back = str(tmp_path / "NER.pouch"), str(tmp_path / "LBY.pouch")
    jiwar(nodes, "LBY", "pouch", "pack", "NER", there, "--user", "amal", "--reason", "no line for three weeks")
    jiwar(nodes, "NER", "pouch", "open", there, "--user", "moussa")
    holds(nodes, "NER", "05", "07")
    assert nodes.python("NER", DOUBT.format(node="LBY", key=new)) == "believed"
    assert nodes.python("NER", DOUBT.format(node="LBY", key=old)) == "key_revoked"
    assert not nodes.holds("NER", NAME)
    jiwar(nodes, "NER", "pouch", "pack", "LBY", back, "--user", "moussa", "--reason", "no line for three weeks")
    jiwar(nodes, "LBY", "pouch", "open", back, "--user", "amal")
    holds(nodes, "LBY", "06")
    kind, _, reason = nodes.python("LBY", OPEN.format(node="NER")).split()
    assert (kind, reason) == ("alert.person", "suspended")

    # The line is back. The suspension ends, and what it held goes on its way; nothing else was left to say.
    up(niger)
    nodes.python("LBY", RESUME)
    until(lambda: nodes.holds("NER", NAME), "the alert that the suspension held", 120)
    settled(nodes)

    # Niger's disk dies. The copy of the first day takes nothing and says nothing before an administrator ended that;
    # then it has from its neighbours all that it had said and taken, also over keys that it had never seen.
    down(niger)
    said = nodes.python("NER", OWN.format(own="NER"))
    note(nodes, "LBY", "08")
    restored = tmp_path / "restored"
    nodes["NER"] = Node(restored, niger.settings)
    jiwar(nodes, "NER", "restore", str(backup), "--database-url", node_database())
    niger = nodes["NER"] = Node(restored, read_settings(restored))
    up(niger, tunisia)
    until(lambda: "LBY" in nodes.python("NER", BEYOND), "what Libya has beyond the old copy", 120)
    assert "LBY-NER-2032-08" not in nodes.python("NER", HELD.format(own="NER"))
    jiwar(nodes, "NER", "restore-end", "--user", "admin", "--reason", "the disk died; the backup is of the first day")
    holds(nodes, "NER", "01", "03", "05", "07", "08")
    until(lambda: nodes.python("NER", OWN.format(own="NER")) == said, "what Niger had said", 120)
    until(lambda: nodes.holds("NER", NAME), "the alert at Niger", 120)
    settled(nodes)

    # An image of that disk is run as well: Libya sees the one, Tunisia the other. Neither of them is shown two pasts.
    down(niger)
    twin = nodes["TWIN"] = image(niger, tmp_path / "twin", node_database)
    days.pass_(1)
    down(libya)
    seen = nodes.python("TUN", SEEN.format(node="NER"))
    note(nodes, "NER", "09")
    up(niger)
    until(lambda: nodes.python("TUN", SEEN.format(node="NER")) != seen, "Niger's ledger at Tunisia", 120)
    down(niger, tunisia)
    up(libya)
    seen = nodes.python("LBY", SEEN.format(node="NER"))
    note(nodes, "TWIN", "10")
    up(twin)
    until(lambda: nodes.python("LBY", SEEN.format(node="NER")) != seen, "its twin's ledger at Libya", 120)
    down(twin)
    assert {nodes.python(code, FORKS) for code in ("LBY", "TUN")} == {""}

    # Tunisia hears from Libya of a ledger that it never saw, and asks Niger, which Libya does not reach, to prove it.
    # What comes is evidence: Tunisia tells everyone, and Libya judges it for itself.
    days.pass_(1)
    up(tunisia)
    until(lambda: nodes.python("TUN", WANTED) == "True", "what Libya saw, at Tunisia", 120)
    down(libya)
    up(niger)
    until(lambda: nodes.python("TUN", FORKS) != "", "the fork at Tunisia", 120)
    down(niger)
    up(libya)
    until(lambda: nodes.python("LBY", FORKS) == "NER TUN", "the evidence at Libya", 120)
    evidence, card = tmp_path / "fork.json", tmp_path / "NER.card"
    evidence.write_text(nodes.python("LBY", EVIDENCE), encoding="utf-8")
    card.write_text(jiwar(nodes, "NER", "keys", "card"), encoding="utf-8")
    assert "signed two histories" in jiwar(nodes, "LBY", "ledger", "judge", str(evidence), "--card", str(card))
