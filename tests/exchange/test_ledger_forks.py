"""A fork goes round as a record: its finder tells every neighbour, who judges for itself; and people see it."""

import json
import re
from typing import Any

import pytest

from jiwar.audit.models import Fork, Leaf
from jiwar.audit.services import LedgerForked, told
from jiwar.exchange.ledger_kinds import FORK, ForkBody
from jiwar.exchange.models import Outgoing
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, make_own_keys
from jiwar.records.arrivals import receive
from jiwar.records.kinds import KINDS
from jiwar.records.models import Record
from jiwar.records.services import terms
from tests.audit.peers import Peer, meet
from tests.console import SignIn, text
from tests.exchange.test_exchange import BY
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_keys() -> None:
    make_own_keys()


@pytest.fixture
def tunisia() -> ForeignNode:
    node = ForeignNode("TUN")
    add_node(node.card())
    return node


def fork_of(code: str) -> Peer:
    """A node that shows us two histories, and is caught."""
    peer = Peer(code)
    peer.append(5)
    meet(peer)
    twin = peer.twin()
    twin.rewrite([b"another", *peer.log.leaves])
    with pytest.raises(LedgerForked):
        told(code, twin.says_to("LBY"))
    return peer


def statement(tunisia: ForeignNode, node: str, evidence: str) -> Any:
    plain = terms("oversight", "witnessing", 3650, ForkBody(node=node, evidence=evidence), tlp="GREEN")
    content = FORK.content.model_validate(plain)
    return tunisia.statement(FORK, content)


def test_who_finds_a_fork_tells_every_neighbour_and_needs_no_agreement(tunisia):
    fork_of("NER")
    record = Record.objects.get(kind="ledger.fork")
    assert record.body == {"node": "NER", "evidence": Fork.objects.get().evidence}
    rows = Outgoing.objects.filter(record=record)
    assert {(row.node, row.state, row.lane) for row in rows} == {
        ("NER", "queued", "urgent"), ("TUN", "queued", "urgent"),
    }  # fmt: skip
    assert not KINDS["ledger.fork", 1].personal


def test_who_is_told_judges_and_tells_nobody_again(tunisia):
    fork_of("NER")
    evidence = Fork.objects.get().evidence
    for rows in (Fork, Outgoing):
        rows.objects.all().delete()
    Record.objects.all().delete()
    receive(BY, *statement(tunisia, "NER", evidence), "TUN")
    fork = Fork.objects.get()
    assert (fork.node, fork.source, fork.evidence) == ("NER", "TUN", evidence)
    assert Leaf.objects.filter(act="ledger_forked").count() == 2
    assert not Outgoing.objects.exists()
    with pytest.raises(LedgerForked):
        told("NER", {})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace('"path":["', '"path":["AAAA', 1), "form"),
        (lambda text: text.replace(r"\n5\n", r"\n4\n", 1), "signature"),
        (lambda text: "not evidence", "json"),
        (lambda text: json.dumps(json.loads(text) | {"newer": json.loads(text)["older"], "path": []}), "path"),
    ],
)
def test_evidence_that_proves_nothing_accuses_nobody(tunisia, change, why):
    peer = fork_of("NER")
    evidence = Fork.objects.get().evidence
    Fork.objects.all().delete()
    receive(BY, *statement(tunisia, "NER", change(evidence)), "TUN")
    assert not Fork.objects.exists()
    leaf = Leaf.objects.get(act="evidence_rejected")
    assert json.loads(leaf.content)["detail"] == {"from": "TUN", "node": "NER", "why": why}
    meet(peer)  # the exchange goes on


def test_evidence_against_a_stranger_accuses_nobody(tunisia):
    fork_of("NER")
    evidence = Fork.objects.get().evidence.replace("jiwar/NER", "jiwar/MLI")
    receive(BY, *statement(tunisia, "MLI", evidence), "TUN")
    assert Fork.objects.get().node == "NER"
    assert json.loads(Leaf.objects.get(act="evidence_rejected").content)["detail"]["why"] == "key_unknown"


class TestPages:
    def test_oversight_and_administrators_have_it_on_their_home_page(self, sign_in: SignIn):
        fork_of("NER")
        for role, where in ((Role.OVERSIGHT, "/ledger/"), (Role.ADMINISTRATOR, "/neighbours/")):
            html = sign_in(role).get("/").content.decode()
            assert "nodes that signed two histories of their ledger" in html
            assert f'<a href="{where}" class="panel urgent">' in html
        assert "two histories" not in sign_in(Role.CONTACT_OFFICER).get("/").content.decode()

    def test_the_neighbours_page_shows_it_to_all_and_the_form_to_administrators(self, sign_in: SignIn):
        fork_of("NER")
        for role in (Role.CONTACT_OFFICER, Role.OVERSIGHT, Role.ADMINISTRATOR):
            page = sign_in(role).get("/neighbours/NER/")
            assert "This node signed two histories of its ledger" in text(page)
            assert ("/neighbours/NER/fork/" in page.content.decode()) == (role is Role.ADMINISTRATOR)

    def test_it_is_accepted_for_a_reason_that_stays(self, sign_in: SignIn):
        peer = fork_of("NER")
        client = sign_in(Role.ADMINISTRATOR)
        refused = client.post("/neighbours/NER/fork/", {"reason": " "})
        assert refused.status_code == 422
        assert "This field is required." in text(refused)
        assert Fork.objects.get().accepted_at is None
        assert client.post("/neighbours/NER/fork/", {"reason": "copied back"}).status_code == 302
        fork = Fork.objects.get()
        assert (fork.reason, bool(fork.accepted_at)) == ("copied back", True)
        assert Leaf.objects.get(act="fork_accepted").subject == "NER"
        assert "This node signed two histories" not in text(client.get("/neighbours/NER/"))
        meet(peer)
        again = client.post("/neighbours/NER/fork/", {"reason": "twice"})
        assert (again.status_code, "No fork of this node is open." in text(again)) == (422, True)

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
    def test_no_other_role_accepts_it(self, sign_in: SignIn, role):
        fork_of("NER")
        assert sign_in(role).post("/neighbours/NER/fork/", {"reason": "why"}).status_code == 403
        assert Fork.objects.get().accepted_at is None

    def test_the_evidence_is_taken_home(self, sign_in: SignIn):
        fork_of("NER")
        client = sign_in(Role.OVERSIGHT)
        page = client.get("/ledger/").content.decode()
        [address] = re.findall(r'href="(/neighbours/forks/[0-9]+/)"', page)
        response = client.get(address)
        assert response.content.decode() == Fork.objects.get().evidence
        assert response.headers["Content-Disposition"].startswith('attachment; filename="NER-fork-')
        assert client.get("/neighbours/forks/999/").status_code == 404

    def test_what_is_known_of_a_ledger_stands_with_its_node(self, sign_in: SignIn):
        niger = Peer("NER")
        niger.append(123)
        client = sign_in(Role.OVERSIGHT)
        assert "Leaves of its ledger that we witnessed none yet" in text(client.get("/neighbours/NER/"))
        for _ in range(2):
            meet(niger)
        page = text(client.get("/neighbours/NER/"))
        assert "Leaves of its ledger that we witnessed 123" in page
        assert "Its epoch 1" in page
