"""Keys in four real nodes: certified, rotated while a neighbour is silent, revoked; nothing is lost on the way."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.conftest import Nodes

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(900)]

ROOTS = (
    "from jiwar.identity.models import Root; "
    "print(*sorted(f'{r.state} {r.how}' for r in Root.objects.filter(status='believed')))"
)
NOTE = """
from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.demo import demo_agreement
from jiwar.records.kinds import KINDS
from jiwar.records.services import issue, read_content, terms
from jiwar.records.statement import Approval, content_hash
from django.conf import settings
from django.utils import timezone
kind, now = KINDS["agreement", max(v for n, v in KINDS if n == "agreement")], timezone.now()
body = demo_agreement(now.date()) | {{"reference": "LBY-NER-{reference}"}}
data = terms("border_check", "treaty", 300, body, tlp="GREEN")
content = read_content(kind, kind.content.model_validate(data).model_dump(mode="json"), now)
digest = content_hash(kind.name, kind.version, content.model_dump(mode="json"))
issue(as_node(Permission.EXCHANGE_MESSAGE_PASS), kind, content, approval=Approval("one", "two", digest))
"""
HELD = (
    "from jiwar.records.models import Record; "
    "print(*sorted(r.body['reference'] for r in Record.objects.filter(kind='agreement') if r.node != '{own}'))"
)
SIGNING = (
    "from django.conf import settings; from jiwar.identity.keys import ring; print(ring(settings.KEYS).signing[0].id)"
)
DOUBT = """
from jiwar.identity.queries import KeyRefused, signing_key
try:
    signing_key("{node}", "{key}")
    print("believed")
except KeyRefused as refused:
    print(refused.code)
"""
OPEN = (
    "from jiwar.exchange.models import Outgoing; "
    "print(*sorted({{f'{{o.record.kind}} {{o.state}} {{o.reason}}' for o in Outgoing.objects.filter(node='{node}')"
    ".exclude(state='acknowledged').select_related('record')}}))"
)


def until(done: Callable[[], bool], what: str, seconds: float = 60) -> None:
    started = time.monotonic()
    while not done():
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.3)


def jiwar(nodes: Nodes, code: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "jiwar", "--data", str(nodes[code].folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sitting(folder: Path, state: str, *requests: Path) -> list[Path]:
    """Two of the three holders of the demonstration's shares sign."""
    table = folder / "ceremony" / state
    shares = [str(table / f"{state}-share-{number}-of-3.html") for number in (2, 3)]
    out = folder / "signed"
    command = [sys.executable, "-m", "jiwar", "keys", "certify", *map(str, requests), "--yes", "--out", str(out)]
    root = str(table / f"{state}-root.json")
    done = subprocess.run([*command, "--root", root, "--shares", *shares], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return sorted(out.iterdir())


def rotate(nodes: Nodes, code: str, folder: Path) -> tuple[str, str]:
    """New keys, certified at a sitting and installed; the ids of the old and of the new signing key."""
    old = nodes.python(code, SIGNING)
    jiwar(nodes, code, "keys", "rotate")
    request = folder / f"{code}.rotation"
    jiwar(nodes, code, "keys", "request", "--out", str(request))
    for path in sitting(folder, code[:3], request):
        jiwar(nodes, code, "keys", "install", str(path))
        path.unlink()
    return old, nodes.python(code, SIGNING)


def test_keys_are_rotated_and_revoked_and_nothing_is_lost(nodes: Nodes, tmp_path: Path) -> None:
    # The post learned of Libya and Tunisia from Niger, without a card in anybody's hand.
    until(lambda: nodes.python("NER-MADAMA", ROOTS) == "LBY introduced NER hands TUN introduced", "roots at the post")

    # Niger is silent. Both sides have something for the other, sealed or not; Libya turns its keys, twice.
    nodes["NER"].stop()
    nodes.python("LBY", NOTE.format(reference="2031-01"))
    first = nodes.python("LBY", SIGNING)
    nodes.python("NER", NOTE.format(reference="2031-02"))
    for number in ("03", "04"):
        old, new = rotate(nodes, "LBY", tmp_path)
        assert old != new
        nodes.python("LBY", NOTE.format(reference=f"2031-{number}"))

    # Niger wakes, and turns its own keys while Libya's messages arrive: Libya's new key came with the first hello.
    nodes["NER"].start()
    rotate(nodes, "NER", tmp_path)
    nodes.python("NER", NOTE.format(reference="2031-05"))
    until(
        lambda: (
            nodes.python("NER", HELD.format(own="NER"))
            == "LBY-NER-2026-01 LBY-NER-2031-01 LBY-NER-2031-03 LBY-NER-2031-04"
        ),
        "what Libya said at Niger",
        90,
    )
    until(
        lambda: nodes.python("LBY", HELD.format(own="LBY")) == "LBY-NER-2031-02 LBY-NER-2031-05",
        "what Niger said at Libya",
        90,
    )
    for node, other in (("LBY", "NER"), ("NER", "LBY"), ("NER", "NER-MADAMA")):
        until(
            lambda node=node, other=other: nodes.python(node, OPEN.format(node=other)) == "",
            f"receipts for all that {node} said to {other}",
            90,
        )
    assert nodes.python("NER", DOUBT.format(node="LBY", key=first)) == "believed"
    newest = nodes.python("LBY", SIGNING)
    until(
        lambda: nodes.python("NER-MADAMA", DOUBT.format(node="LBY", key=newest)) == "believed",
        "Libya's new key at the post",
        120,
    )

    # The post is stolen: Niger revokes it, and says no more to it; Libya and the post's own node hear of it too.
    stolen = nodes.python("NER-MADAMA", SIGNING)
    jiwar(nodes, "NER", "keys", "revoke", "NER-MADAMA", "--reason", "compromised")
    assert nodes.python("NER", DOUBT.format(node="NER-MADAMA", key=stolen)) == "key_revoked"
    lists = "from jiwar.identity.models import RevocationList; print(*RevocationList.objects.filter(state='NER'))"
    until(lambda: nodes.python("LBY", lists) == "NER 0.1", "the list at Libya")
    links = "from jiwar.exchange.queries import links; print(links('NER-MADAMA')[0].failure)"
    until(lambda: "key_revoked" in nodes.python("NER", links), "the stolen post is answered with the reason", 90)

    # Tunisia's administrator asks the root to revoke the node's own old key; the list goes out by itself.
    old, _ = rotate(nodes, "TUN", tmp_path)
    asked = tmp_path / "list.request"
    jiwar(nodes, "TUN", "keys", "revoke", old, "--reason", "retired", "--request", str(asked))
    [signed] = sitting(tmp_path, "TUN", asked)
    assert json.loads(signed.read_text())["number"] == 1
    jiwar(nodes, "TUN", "keys", "install", str(signed))
    until(lambda: nodes.python("LBY", DOUBT.format(node="TUN", key=old)) == "key_revoked", "the root's list at Libya")
