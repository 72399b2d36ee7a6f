"""The ledger as oversight reads it: every access found in a few fields, and the proof taken home."""

import base64
import dataclasses
import datetime as dt
import json
import re

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.audit.logic import merkle
from jiwar.audit.logic.proof import verify_proof
from jiwar.audit.queries import leaves, witnessing
from jiwar.audit.services import append_as, begin_epoch
from jiwar.identity.keys import fingerprint, ring, signing_public
from jiwar.identity.models import Agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person, make_own_keys
from jiwar.records.kinds import KINDS
from jiwar.records.services import issue, read_content, terms, withdraw
from tests.audit.authors import Judge
from tests.audit.peers import Peer, meet

pytestmark = pytest.mark.django_db


@pytest.fixture
def clients(settings):
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    make_own_keys()
    agency = Agency.objects.create(code="contact-point", name="Contact point")
    found = {}
    for role in Role:
        person = add_person(role.value, role.value, "a long walk in the Fezzan", agency=agency, roles=[role])
        found[role] = Client(HTTP_HOST="localhost", headers={"Accept-Language": "en"})
        found[role].force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return found


def acts_shown(response) -> list[str]:
    return re.findall(r'<td data-label="Act">([^<]*)</td>', response.content.decode())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OVERSIGHT])
@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "/ledger/"),
        ("get", "/ledger/0"),
        ("get", "/ledger/witnesses/"),
        ("get", "/ledger/checkpoint"),
        ("get", "/ledger/tile/0/000.p/1"),
        ("post", "/ledger/0/proof"),
        ("post", "/ledger/export"),
    ],
)
def test_no_other_role_reads_or_takes_the_ledger(clients, role, method, address):
    assert getattr(clients[role], method)(address).status_code == 403
    assert leaves(act="access_refused").count() == 1
    assert not leaves(act="ledger_exported").exists()


def test_what_a_record_said_is_for_oversight_when_its_use_is_over(clients):
    kind = KINDS["listing.entity", 1]
    body = {"list": "un_security_council", "reference": "QDe.004"}
    body |= {"subject": {"type": "organisation", "names": [{"text": "Al-Qaida"}]}}
    content = read_content(kind, terms("sanctions", "Charter", 300, body, tlp="CLEAR"), timezone.now())
    record = issue(as_node(Permission.WATCHLIST_LIST_IMPORT), kind, content)
    address = f"/ledger/records/{record.uid}/"
    page = clients[Role.OVERSIGHT].get(address).content.decode()
    assert ("Al-Qaida" in page, record.hash in page) == (False, True)
    for role in set(Role) - {Role.OVERSIGHT}:
        assert clients[role].get(address).status_code == 403
    withdraw(as_node(Permission.WATCHLIST_LIST_IMPORT), record, "no longer")
    assert "Al-Qaida" in clients[Role.OVERSIGHT].get(address).content.decode()
    looks = leaves(act="record_inspected", subject=str(record.uid))
    assert [look.purpose for look in looks] == ["oversight", "oversight"]
    assert clients[Role.OVERSIGHT].get("/ledger/records/0197a000-0000-7000-8000-000000000000/").status_code == 404
    issued = leaves(act="record_issued", subject=str(record.uid)).get()
    assert address in clients[Role.OVERSIGHT].get(f"/ledger/{issued.index}").content.decode()


def test_a_discreet_check_that_has_ended_is_for_the_cleared_alone(clients, monkeypatch):
    kind = KINDS["listing.entity", 1]
    body = {"list": "un_security_council", "reference": "QDe.004"}
    body |= {"subject": {"type": "organisation", "names": [{"text": "Al-Qaida"}]}}
    content = read_content(kind, terms("sanctions", "Charter", 300, body, tlp="CLEAR"), timezone.now())
    record = issue(as_node(Permission.WATCHLIST_LIST_IMPORT), kind, content)
    monkeypatch.setattr(kind, "covert", lambda _: True)
    assert clients[Role.OVERSIGHT].get(f"/ledger/records/{record.uid}/").status_code == 404


def test_what_one_person_did_is_found_by_her_user_name(clients):
    clients[Role.ADMINISTRATOR].get("/ledger/")
    response = clients[Role.OVERSIGHT].get("/ledger/?person=administrator")
    assert acts_shown(response) == ["act refused", "signed in"]
    assert acts_shown(clients[Role.OVERSIGHT].get("/ledger/?person=nobody")) == []
    assert acts_shown(clients[Role.OVERSIGHT].get("/ledger/?act=own_keys_made")) == ["node’s own keys made"]
    assert acts_shown(clients[Role.OVERSIGHT].get("/ledger/?subject=LBY")) == ["node’s own keys made"]


def test_to_look_is_an_act_with_the_purpose_of_oversight(clients):
    clients[Role.OVERSIGHT].get("/ledger/?act=person_added&case=LBY-7")
    leaf = leaves(act="ledger_read").get()
    assert leaf.purpose == "oversight"
    assert json.loads(leaf.content)["detail"] == {"act": "person_added", "case": "LBY-7"}
    response = clients[Role.OVERSIGHT].get("/ledger/0")
    assert "own_keys_made" in response.content.decode()
    assert leaves(act="ledger_leaf_read").get().subject == "0"
    assert clients[Role.OVERSIGHT].get("/ledger/99999").status_code == 404


def test_a_long_ledger_is_read_page_by_page_without_gap(clients):
    watcher = clients[Role.OVERSIGHT]
    for _ in range(60):
        watcher.get("/ledger/?act=none")
    seen, address = [], "/ledger/?act=ledger_read"
    while address:
        html = watcher.get(address).content.decode()
        seen += [int(index) for index in re.findall(r'href="/ledger/([0-9]+)"', html)]
        older = re.search(r'rel="next" href="([^"]+)"', html)
        address = "/ledger/" + older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == 61
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize("before", ["x", "-1", "٣", "9" * 40, ""])
def test_a_place_in_the_ledger_that_is_none_is_passed_over(clients, before):
    assert clients[Role.OVERSIGHT].get("/ledger/", {"before": before}).status_code == 200


def test_the_checkpoint_stands_with_the_fingerprint_that_is_read_aloud(clients):
    html = clients[Role.OVERSIGHT].get("/ledger/witnesses/").content.decode()
    assert fingerprint(ring(settings.KEYS).signing[0].public) in html
    assert "jiwar/LBY" in html


def test_the_export_is_the_whole_ledger_signed_and_its_own_last_leaf(clients):
    response = clients[Role.OVERSIGHT].post("/ledger/export")
    assert response.streaming
    lines = b"".join(response.streaming_content).splitlines()
    size = leaves().count()
    assert response.headers["Content-Disposition"] == f'attachment; filename="LBY-ledger-{size}.jsonl"'
    assert sum(b'"act":' in line for line in lines) == size
    assert b"ledger_exported" in b"".join(lines)
    assert clients[Role.OVERSIGHT].get("/ledger/export").status_code == 405


def test_whoever_looked_at_something_is_found_where_it_was_only_shown(clients):
    """A search that showed an alert names it in its detail, not as its subject."""
    with transaction.atomic():
        append_as("person_screened", "zara", "console", "s-1", {"candidates": ["alert-7"]}, purpose="border_check")
        append_as("alert_read", "amal", "console", "alert-7", purpose="border_check")
        append_as("alert_read", "amal", "console", "alert-8", purpose="border_check")
    watcher = clients[Role.OVERSIGHT]
    assert acts_shown(watcher.get("/ledger/?subject=alert-7")) == ["alert read"]
    # Her own look, which is an act by then, names it too.
    assert acts_shown(watcher.get("/ledger/?mention=alert-7"))[-2:] == ["alert read", "person screened"]


def test_the_proof_of_a_leaf_is_taken_home(clients):
    watcher = clients[Role.OVERSIGHT]
    assert "/ledger/0/proof" in watcher.get("/ledger/0").content.decode()
    response = watcher.post("/ledger/0/proof")
    assert response.headers["Content-Disposition"] == 'attachment; filename="LBY-leaf-0.tlog-proof"'
    proven = verify_proof(response.content.decode(), signing_public(ring(settings.KEYS).signing[0].public))
    assert (proven.leaf.index, proven.leaf.act) == (0, "own_keys_made")
    assert leaves(act="ledger_leaf_proven").get().subject == "0"
    assert watcher.get("/ledger/0/proof").status_code == 405
    assert watcher.post("/ledger/99999/proof").status_code == 404


def test_who_vouches_for_the_ledger_is_said_in_words(clients):
    watcher = clients[Role.OVERSIGHT]

    def says(address: str) -> str:
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", watcher.get(address).content.decode()))

    assert "No other state is known yet that could witness this ledger." in says("/ledger/")
    peers = [Peer(code) for code in ("NER", "TUN", "TCD")]
    assert "Not witnessed yet: 0 of 3 states vouch for a part of it, 2 are needed." in says("/ledger/")
    for peer in peers[:2]:
        peer.append(4)
        for _ in range(2):
            meet(peer)
    found = witnessing(timezone.now())
    assert f"The first {found.size} leaves are witnessed: by 2 of 3 states (2 are needed)." in says(
        "/ledger/witnesses/"
    )
    page = says("/ledger/witnesses/")
    assert page.count("no signature yet") == 1
    with time_machine.travel(timezone.now() + dt.timedelta(days=8)):
        old = witnessing(timezone.now())
        assert (old.size, old.by) == (None, 0)


def test_the_tree_is_served_as_the_standard_asks_and_no_leaf_with_it(clients):
    watcher, peer = clients[Role.OVERSIGHT], Peer("NER")
    peer.append(1)
    for _ in range(2):
        meet(peer)
    note = watcher.get("/ledger/checkpoint").content.decode()
    size = int(note.split("\n")[1])
    assert "— jiwar/NER " in note
    tile = watcher.get(f"/ledger/tile/0/000.p/{size}")
    assert tile.headers["Content-Type"] == "application/octet-stream"
    tree = merkle.CompactRange()
    for at in range(0, len(tile.content), 32):
        tree, _ = merkle.append(tree, tile.content[at : at + 32])
    assert base64.b64encode(merkle.root(tree)).decode() == note.split("\n")[2]
    for path in ("0/000", "0/001.p/1", "entries/000.p/1", "0/0", "1/000.p/1"):
        assert watcher.get(f"/ledger/tile/{path}").status_code == 404


def test_epochs_and_the_reason_of_each_are_shown(clients):
    with transaction.atomic():
        begin_epoch(Judge(), 2, "the disk of the ministry died")
    page = clients[Role.OVERSIGHT].get("/ledger/witnesses/").content.decode()
    assert "the disk of the ministry died" in page
    assert "jiwar/LBY/2" in page
