"""The ledger as oversight reads it: every access found in a few fields, and the proof taken home."""

import dataclasses
import json
import re

import pytest
from django.conf import settings
from django.test import Client

from jiwar.audit.queries import leaves
from jiwar.identity.keys import fingerprint, ring
from jiwar.identity.models import Agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person, make_own_keys

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
@pytest.mark.parametrize(("method", "address"), [("get", "/ledger/"), ("get", "/ledger/0"), ("post", "/ledger/export")])
def test_no_other_role_reads_or_takes_the_ledger(clients, role, method, address):
    assert getattr(clients[role], method)(address).status_code == 403
    assert leaves(act="access_refused").count() == 1
    assert not leaves(act="ledger_exported").exists()


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
    html = clients[Role.OVERSIGHT].get("/ledger/").content.decode()
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
