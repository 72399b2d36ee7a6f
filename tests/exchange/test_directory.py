"""Keys travel as records: what a node hears of its neighbours, what it says by itself, what a post comes to believe."""

import dataclasses
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.audit.models import Leaf
from jiwar.exchange import directory_kinds as kinds
from jiwar.exchange.directory import tend
from jiwar.exchange.logic.conversation import Contact, NotUnderstood
from jiwar.exchange.logic.hello import Hello
from jiwar.exchange.models import Outgoing
from jiwar.exchange.pouch import open_pouch
from jiwar.exchange.this_node import ThisNode
from jiwar.identity import certification, revoking, trust
from jiwar.identity.cards import read_card
from jiwar.identity.keys import ring
from jiwar.identity.logic.bundles import write_bundle
from jiwar.identity.logic.certificates import Subject, certify, read_request
from jiwar.identity.logic.revocations import Entry, write_by_root
from jiwar.identity.logic.roots import Root as RootKey
from jiwar.identity.logic.roots import write_root
from jiwar.identity.logic.signed import key_hash
from jiwar.identity.models import Certificate, Node, RevocationList, Root
from jiwar.identity.queries import KeyRefused, root_of, sealing_key, signing_key
from jiwar.identity.services import add_node, hear_card, make_own_keys
from jiwar.records.arrivals import receive
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.models import Record
from jiwar.records.services import terms
from jiwar.wire.faults import Refused
from jiwar.wire.ids import uuid7
from tests.exchange import carrier
from tests.exchange.test_exchange import Note
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db
BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
LIBYA, NIGER, TUNISIA = (RootKey.of(state, bytes(32)) for state in ("LBY", "NER", "TUN"))
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def own(settings: Any, tmp_path: Path) -> None:
    settings.KEYS = tmp_path / "keys"
    make_own_keys()


@pytest.fixture
def niger() -> ForeignNode:
    node = ForeignNode("NER")
    node.certify(NIGER)
    add_node(node.card(), heard=NIGER.public.fingerprint)
    return node


def say(node: ForeignNode, kind: Kind, body: dict[str, Any], delivered_by: str = "") -> Record:
    """A record of a foreign node, received."""
    content = kind.content.model_validate(terms("judicial_cooperation", "keys", 300, body, tlp="GREEN"))
    return receive(BY, *node.statement(kind, content), delivered_by or node.node.code)


def said(kind: Kind, node: str | None = None) -> list[Record]:
    """What this node has said and what stands, oldest first."""
    own = Record.objects.filter(kind=kind.name, node=node or "LBY", state="in_force")
    return list(own.order_by("id"))


def to(node: str) -> list[str]:
    """Kinds of what is on its way to a node."""
    return [row.record.kind for row in Outgoing.objects.filter(node=node, state="queued").select_related("record")]


def refusals() -> list[str]:
    leaves = Leaf.objects.filter(act="key_paper_refused").order_by("index").values_list("content", flat=True)
    return [json.loads(leaf)["detail"]["code"] for leaf in leaves]


def refusal(node: str, key: str) -> str:
    try:
        signing_key(node, key)
    except KeyRefused as refused:
        return refused.code
    return ""


def card(node: ForeignNode) -> dict[str, Any]:
    return {"card": json.loads(node.card())}


def install(root: RootKey = LIBYA) -> None:
    """A sitting certifies this node."""
    now = timezone.now()
    of = read_request(certification.request_certificate()).of
    bundle = write_bundle(write_root(root, now), certify(root, of, now, 180, uuid7(now)))
    certification.install(bundle, heard=root.public.fingerprint, by="admin")


class TestHearing:
    def test_a_rotated_key_comes_by_a_card_that_the_old_key_signed(self, niger: ForeignNode) -> None:
        old = dataclasses.replace(niger.ring)
        niger.rotate()
        niger.certify(NIGER)
        new, niger.ring = niger.ring, old
        turned = ForeignNode("NER")
        turned.tls_certificate, turned.ring = niger.tls_certificate, new
        say(niger, kinds.NODE_CARD, card(turned))
        assert refusal("NER", new.signing[0].id) == refusal("NER", old.signing[0].id) == ""
        assert sealing_key("NER")[0] == new.sealing[0].id

    def test_two_rotations_while_we_were_silent_are_followed_in_any_order(self, niger: ForeignNode) -> None:
        first = niger.ring
        niger.rotate()
        niger.certify(NIGER)
        second, late = niger.ring, niger.card()
        with time_machine.travel(timezone.now() + dt.timedelta(hours=1)):
            niger.rotate()
            niger.certify(NIGER)
            newest = niger.ring
            hear_card(niger.card(), by="NER")  # its card of now came with a hello
            niger.ring = first
            say(niger, kinds.NODE_CARD, {"card": json.loads(late)})
        for ring_ in (first, second, newest):
            assert refusal("NER", ring_.signing[0].id) == ""
        assert sealing_key("NER")[0] == newest.sealing[0].id
        assert read_card(Node.objects.get(code="NER").card).key_ids["signing"] == newest.signing[0].id

    def test_an_address_comes_by_card(self, niger: ForeignNode) -> None:
        niger.node = dataclasses.replace(niger.node, exchange_url="https://127.0.0.1:9999")
        say(niger, kinds.NODE_CARD, card(niger))
        assert Node.objects.get(code="NER").exchange_url == "https://127.0.0.1:9999"

    def test_nobody_says_anothers_card(self, niger: ForeignNode) -> None:
        tunisia = ForeignNode("TUN")
        say(niger, kinds.NODE_CARD, card(tunisia))
        assert not Node.objects.filter(code="TUN").exists()
        say(niger, kinds.INTRODUCTION, card(tunisia))
        assert not Node.objects.filter(code="TUN").exists()
        assert refusals() == ["card_of_other", "not_the_origin"]

    def test_a_card_of_another_root_changes_nothing_and_is_an_alarm(self, niger: ForeignNode) -> None:
        other = ForeignNode("NER")
        other.certify(RootKey.of("NER", bytes([1] * 32)))
        say(niger, kinds.NODE_CARD, card(other))
        assert refusals() == ["card_root_differs"]
        assert root_of("NER").hash == NIGER.public.hash
        assert refusal("NER", other.ring.signing[0].id) == "key_unknown"

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            (kinds.NODE_CARD, {"card": {}}),
            (kinds.NODE_CARD, {"card": {"format": "jiwar-node-card", "v": 9}}),
            (kinds.CERTIFICATE, {"bundle": {"format": "jiwar-certified", "v": 1}}),
            (kinds.REVOCATIONS, {"list": {}}),
            (kinds.COUNTERSIGNATURE, {"state": "TUN", "root": {}, "how": "read", "at": "2026-11-23T12:00:00Z"}),
        ],
    )
    def test_what_is_no_paper_is_refused_by_its_form(
        self, niger: ForeignNode, kind: Kind, body: dict[str, Any]
    ) -> None:
        plain = terms("judicial_cooperation", "keys", 300, Note(text="x"), tlp="GREEN")
        content = {**json.loads(json.dumps(plain, default=str)), "body": body}
        content |= {name: plain[name].model_dump(mode="json") for name in ("handling", "grading")}
        content["valid_until"] = plain["valid_until"].isoformat()
        with pytest.raises(Refused) as refused:
            receive(BY, *niger.statement(kind, content), "NER")
        assert refused.value.faults[0].code.startswith(("card_", "paper_", "missing"))

    def test_a_list_is_of_its_own_state(self, niger: ForeignNode) -> None:
        entry = [Entry(key_hash(niger.ring.signing[0].public), "compromised", timezone.now())]
        say(niger, kinds.REVOCATIONS, {"list": write_by_root(TUNISIA, 1, timezone.now(), [])})
        say(niger, kinds.REVOCATIONS, {"list": write_by_root(NIGER, 2, timezone.now(), [])})
        say(niger, kinds.REVOCATIONS, {"list": write_by_root(NIGER, 1, timezone.now(), entry)})
        assert refusals() == ["not_the_origin", "revocations_older"]
        assert refusal("NER", niger.ring.signing[0].id) == ""
        say(niger, kinds.REVOCATIONS, {"list": write_by_root(NIGER, 3, timezone.now(), entry)})
        with pytest.raises(Refused, match="key_revoked"):
            say(niger, kinds.REVOCATIONS, {"list": write_by_root(NIGER, 4, timezone.now(), [])})

    def test_an_officers_certificate_comes_from_its_own_state_alone(self, niger: ForeignNode) -> None:
        def bundle(root: RootKey, state: str) -> dict[str, Any]:
            now = timezone.now()
            of = Subject(state, "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b", "approver", {"approval": bytes(32)})
            return {"bundle": write_bundle(write_root(root, now), certify(root, of, now, 90, uuid7(now)))}

        say(niger, kinds.CERTIFICATE, bundle(TUNISIA, "TUN"))
        assert refusals() == ["not_the_origin"]
        say(niger, kinds.CERTIFICATE, bundle(NIGER, "NER"))
        assert Certificate.objects.get(role="approver").state == "NER"

    def test_a_word_on_a_root_is_kept_and_believed_by_nobody(self, niger: ForeignNode) -> None:
        at = timezone.now().isoformat()
        root = write_root(TUNISIA, timezone.now())
        say(niger, kinds.COUNTERSIGNATURE, {"state": "TUN", "root": root, "how": "read", "at": at})
        claimed = Root.objects.get(state="TUN")
        assert (claimed.status, [word.node for word in claimed.words.all()]) == ("claimed", ["NER"])
        say(niger, kinds.COUNTERSIGNATURE, {"state": "DZA", "root": root, "how": "read", "at": at})
        assert refusals() == ["not_the_origin"]


class TestHello:
    """A key that is new to its reader is proven by the card in the hello that it signs."""

    def code(self, hello: bytes) -> str:
        try:
            ThisNode(reaching=False).believe(hello)
        except NotUnderstood as error:
            return error.code
        return ""

    def test_a_rotated_key_is_proven_by_its_certificate(self, niger: ForeignNode) -> None:
        assert self.code(niger.hello()) == ""
        niger.rotate()
        niger.certify(NIGER)
        assert self.code(niger.hello()) == "key_unknown"
        assert self.code(niger.hello(card=json.loads(niger.card()))) == ""
        assert self.code(niger.hello()) == ""

    def test_a_card_proves_no_strangers_key(self, niger: ForeignNode) -> None:
        thief = ForeignNode("NER")
        for root in (None, RootKey.of("NER", bytes([1] * 32))):
            if root is not None:
                thief.certify(root)
            assert self.code(thief.hello(card=json.loads(thief.card()))) == "key_unknown"
            assert self.code(thief.hello(card=json.loads(niger.card()))) == "key_unknown"
        assert self.code(thief.hello(card={"code": "NER"})) == "key_unknown"
        assert self.code(thief.hello(card={"x": [0] * 5})) == "key_unknown"
        assert root_of("NER").hash == NIGER.public.hash

    def test_a_clock_that_is_400_days_off_closes_the_link_with_the_reason(self, niger: ForeignNode) -> None:
        hello = niger.hello()
        for days, code in ((400, "key_expired"), (-400, "key_not_yet_valid")):
            with time_machine.travel(timezone.now() + days * DAY):
                assert self.code(hello) == code

    def test_a_pouch_is_judged_by_when_it_was_written(self, niger: ForeignNode) -> None:
        hello = niger.hello()
        with time_machine.travel(timezone.now() + 300 * DAY):
            assert ThisNode(reaching=False, live=False).believe(hello).sender == "NER"
            assert self.code(hello) == "key_expired"

    def test_a_key_that_is_new_since_the_line_broke_the_card_in_a_pouch_proves(
        self, niger: ForeignNode, settings: Any, tmp_path: Path
    ) -> None:
        settings.DATA = tmp_path

        def opened(by: ForeignNode, card: ForeignNode | None) -> str:
            told = {"card": json.loads(card.card())} if card else {}
            data = carrier.sealed_for_us(by, [carrier.said(by, **told)])
            try:
                return open_pouch(carrier.CARRIER, io.BytesIO(data)).state
            except Refused as refused:
                return refused.faults[0].code

        niger.rotate()
        niger.certify(NIGER)
        thief = ForeignNode("NER")
        thief.certify(RootKey.of("NER", bytes([1] * 32)))
        assert opened(niger, None) == "key_unknown"
        assert opened(thief, thief) == opened(thief, niger) == "key_unknown"
        assert opened(niger, niger) == opened(niger, None) == "whole"

    def test_our_card_goes_with_each_hello_until_the_key_is_known(self, niger: ForeignNode) -> None:
        contact, node = Contact(), ThisNode(reaching=True)

        def greet() -> Hello:
            return node.greet("NER", contact, room=0, problem=None, re="")[1]

        first, second = greet(), greet()
        assert read_card(json.dumps(first.card)).code == read_card(json.dumps(second.card)).code == "LBY"
        contact.knows = contact.keys[second.nonce]
        assert greet().card == {}
        certification.rotate(by="admin")
        turned = greet()
        assert read_card(json.dumps(turned.card)).key_ids["signing"] == contact.keys[turned.nonce] != contact.knows


class TestSaying:
    def test_a_card_is_said_once_and_again_when_it_changes(self, niger: ForeignNode) -> None:
        tend(BY, timezone.now())
        tend(BY, timezone.now())
        [first] = said(kinds.NODE_CARD)
        assert to("NER").count("node.card") == 1
        install()
        [second] = said(kinds.NODE_CARD)
        assert (second.uid, second.version) == (first.uid, 2)
        assert read_card(json.dumps(second.body["card"])).certificate is not None
        tend(BY, timezone.now())
        assert said(kinds.NODE_CARD) == [second]

    def test_a_card_is_said_again_before_its_record_ends(self, niger: ForeignNode) -> None:
        tend(BY, timezone.now())
        [first] = said(kinds.NODE_CARD)
        with time_machine.travel(first.valid_until - 170 * DAY):
            tend(BY, timezone.now())
            assert said(kinds.NODE_CARD)[0].version == 2

    def test_new_keys_are_said_by_the_old_ones(self, niger: ForeignNode) -> None:
        install()
        old = ring(certification.settings.KEYS).signing[0].id
        certification.rotate(by="admin")
        install()
        new = ring(certification.settings.KEYS).signing[0].id
        *_, record = said(kinds.NODE_CARD)
        assert record.signing_key == old != new
        assert read_card(json.dumps(record.body["card"])).key_ids["signing"] == new

    def test_a_verified_root_is_countersigned_for_the_other_states(self, niger: ForeignNode) -> None:
        install()
        add_node(ForeignNode("TUN").card())
        tend(BY, timezone.now())
        [word] = said(kinds.COUNTERSIGNATURE)
        assert (word.body["state"], word.body["how"]) == ("NER", "read")
        assert "root.countersignature" in to("TUN")
        assert {word.node for word in Root.objects.get(state="NER").words.all()} == {"LBY", "NER"}

    def test_a_revocation_leaves_at_once_and_reaches_posts_and_neighbours(self, niger: ForeignNode) -> None:
        install()
        post = ForeignNode("LBY-GHAT", role="post")
        post.certify(LIBYA)
        add_node(post.card())
        revoking.revoke(["LBY-GHAT"], "compromised", by="admin")
        [record] = said(kinds.REVOCATIONS)
        assert record.body["list"]["supplement"] == 1
        assert to("NER") == ["node.card", "key.revocations"]
        trust.take_list(write_by_root(LIBYA, 1, timezone.now(), []), by="admin")
        assert [record.body["list"]["number"] for record in said(kinds.REVOCATIONS)] == [0, 1]

    def test_a_neighbour_that_comes_later_hears_what_was_said_before(self, niger: ForeignNode) -> None:
        install()
        trust.take_list(write_by_root(LIBYA, 1, timezone.now(), []), by="admin")
        say(niger, kinds.REVOCATIONS, {"list": write_by_root(NIGER, 1, timezone.now(), [])})
        tend(BY, timezone.now())
        add_node(ForeignNode("TUN").card())
        post = ForeignNode("LBY-GHAT", role="post")
        add_node(post.card())
        assert to("TUN") == to("LBY-GHAT") == []
        tend(BY, timezone.now())
        assert sorted(to("TUN")) == ["key.revocations", "node.card", "root.countersignature"]
        introduced = [r.body["card"]["code"] for r in said(kinds.INTRODUCTION)]
        assert sorted(introduced) == ["LBY", "NER", "TUN"]
        assert sorted(to("LBY-GHAT")) == ["key.revocations"] * 2 + ["node.introduction"] * 3
        before = Outgoing.objects.count()
        tend(BY, timezone.now())
        assert Outgoing.objects.count() == before

    def test_no_introduction_goes_abroad(self, niger: ForeignNode) -> None:
        tend(BY, timezone.now())
        assert "node.introduction" not in to("NER")


class TestPost:
    """A post knows its national node alone, and comes to verify what other states signed."""

    @pytest.fixture
    def national(self, settings: Any, own: None) -> ForeignNode:
        settings.NODE = dataclasses.replace(settings.NODE, code="NER-MADAMA", role="post", name="Madama")
        make_own_keys()
        node = ForeignNode("NER")
        add_node(node.card())
        return node

    @pytest.fixture
    def kind(self) -> Any:
        new = register(Kind("test.note", 1, Note, posts=True))
        yield new
        del KINDS["test.note", 1]

    def note(self, node: ForeignNode, kind: Kind) -> Record:
        content = kind.content.model_validate(terms("border_check", "test", 30, Note(text="a text")))
        return receive(BY, *node.statement(kind, content), "NER")

    @pytest.mark.parametrize("certified", [True, False])
    def test_a_neighbour_that_its_national_node_introduces_is_verified(
        self, national: ForeignNode, kind: Kind, certified: bool
    ) -> None:
        libya = ForeignNode("LBY")
        if certified:
            libya.certify(LIBYA)
        with pytest.raises(Refused, match="key_unknown"):
            self.note(libya, kind)
        say(national, kinds.INTRODUCTION, card(libya))
        assert self.note(libya, kind).state == "in_force"
        libya.rotate()
        if certified:
            libya.certify(LIBYA)
        say(national, kinds.INTRODUCTION, card(libya))
        assert self.note(libya, kind).state == "in_force"
        assert ("introduced" if certified else None) == (root_of("LBY").how if certified else None)

    def test_a_stolen_root_of_another_state_ends_by_the_national_nodes_word(
        self, national: ForeignNode, kind: Kind
    ) -> None:
        libya, other = ForeignNode("LBY"), RootKey.of("LBY", bytes([1] * 32))
        libya.certify(LIBYA)
        say(national, kinds.INTRODUCTION, card(libya))
        thief = dataclasses.replace(libya.ring)
        libya.rotate()
        libya.certify(other)
        say(national, kinds.INTRODUCTION, card(libya) | {"old_root": "ends"})
        assert root_of("LBY").hash == other.public.hash
        assert self.note(libya, kind).state == "in_force"
        libya.ring = thief
        with pytest.raises(Refused, match="key_uncertified"):
            self.note(libya, kind)

    def test_the_root_of_its_own_state_does_not_change_by_a_word(self, national: ForeignNode) -> None:
        national.certify(NIGER)
        say(national, kinds.INTRODUCTION, card(national))
        assert root_of("NER").hash == NIGER.public.hash
        taken = ForeignNode("NER")
        taken.certify(RootKey.of("NER", bytes([1] * 32)))
        say(national, kinds.INTRODUCTION, card(taken))
        assert root_of("NER").hash == NIGER.public.hash
        assert refusals() == ["card_root_differs"]

    def test_nobody_else_introduces(self, national: ForeignNode) -> None:
        libya = ForeignNode("LBY")
        libya.certify(LIBYA)
        say(national, kinds.INTRODUCTION, card(libya))
        say(libya, kinds.INTRODUCTION, card(ForeignNode("TUN")), "NER")
        assert refusals() == ["not_the_origin"]
        assert not Node.objects.filter(code="TUN").exists()

    def test_a_foreign_list_that_the_national_node_passes_on_counts(self, national: ForeignNode, kind: Kind) -> None:
        libya = ForeignNode("LBY")
        libya.certify(LIBYA)
        say(national, kinds.INTRODUCTION, card(libya))
        entry = [Entry(key_hash(libya.ring.signing[0].public), "compromised", timezone.now())]
        say(libya, kinds.REVOCATIONS, {"list": write_by_root(LIBYA, 1, timezone.now(), entry)}, "NER")
        assert RevocationList.objects.get().state == "LBY"
        with pytest.raises(Refused, match="key_revoked"):
            self.note(libya, kind)

    def test_a_post_says_its_own_card_to_its_national_node_and_nothing_else(self, national: ForeignNode) -> None:
        tend(BY, timezone.now())
        assert [record.node for record in said(kinds.NODE_CARD, "NER-MADAMA")] == ["NER-MADAMA"]
        assert to("NER") == ["node.card"]
        assert Record.objects.count() == 1
