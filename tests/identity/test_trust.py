"""Whose root, whose key: what a node comes to believe, what it refuses, and what it does when two things differ."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.audit.models import Leaf
from jiwar.identity.cards import CardInvalid, read_card
from jiwar.identity.logic.revocations import Entry, Place, write_by_node, write_by_root
from jiwar.identity.logic.roots import Root as RootKey
from jiwar.identity.logic.signed import PaperRefused, key_hash
from jiwar.identity.models import Certificate, Node, NodeKey, RevocationList, Root, RootWord
from jiwar.identity.queries import KeyRefused, is_stale, root_of, sealing_key, signing_key
from jiwar.identity.services import add_node, hear_card, make_own_keys, needs_reading, revoke_node_key
from jiwar.identity.trust import confirm_root, read_anew, take_list
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db
ROOT, OTHER = RootKey.of("NER", bytes(32)), RootKey.of("NER", bytes([1] * 32))
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _own_keys() -> None:
    make_own_keys()


@pytest.fixture
def niger() -> ForeignNode:
    node = ForeignNode("NER")
    node.certify(ROOT)
    return node


def refusal(node: str, key: str, at: dt.datetime | None = None) -> str:
    try:
        signing_key(node, key, at)
    except KeyRefused as refused:
        return refused.code
    return ""


def acts(*names: str) -> list[str]:
    return list(Leaf.objects.filter(act__in=names).order_by("index").values_list("act", flat=True))


class TestRoots:
    def test_the_roots_fingerprint_is_read_once_for_all_nodes_of_the_state(self, niger: ForeignNode) -> None:
        card = read_card(niger.card())
        assert card.fingerprint == ROOT.public.fingerprint
        assert needs_reading(card)
        with pytest.raises(CardInvalid, match="card_fingerprint_wrong"):
            add_node(niger.card(), heard=" ".join(["0000"] * 8))
        assert not Root.objects.exists()
        add_node(niger.card(), heard=ROOT.public.fingerprint)
        assert root_of("NER").hash == ROOT.public.hash
        assert refusal("NER", niger.ring.signing[0].id) == ""
        post = ForeignNode("NER-MADAMA", role="post")
        post.certify(ROOT)
        assert not needs_reading(read_card(post.card()))
        hear_card(post.card(), by="NER")
        assert refusal("NER-MADAMA", post.ring.signing[0].id) == ""

    def test_a_card_of_a_root_that_nobody_read_enters_nothing_over_the_exchange(self, niger: ForeignNode) -> None:
        with pytest.raises(CardInvalid, match="card_key_changed"):
            hear_card(niger.card(), by="NER")
        assert not Node.objects.filter(code="NER").exists()
        assert not Root.objects.exists()

    def test_another_root_for_a_state_is_an_alarm_and_changes_nothing(self, niger: ForeignNode) -> None:
        add_node(niger.card())
        thief = ForeignNode("NER")
        thief.certify(OTHER)
        with pytest.raises(CardInvalid, match="card_root_differs"):
            add_node(thief.card(), heard=OTHER.public.fingerprint)
        assert root_of("NER").hash == ROOT.public.hash
        assert refusal("NER", thief.ring.signing[0].id) == "key_unknown"
        assert list(RootWord.objects.filter(root=OTHER.public.hash).values_list("node", flat=True)) == ["LBY"]
        assert acts("root_disputed") == ["root_disputed"]
        with pytest.raises(CardInvalid, match="card_root_differs"):
            hear_card(thief.card(), by="NER")

    def test_a_root_that_the_one_before_names_takes_its_place(self, niger: ForeignNode) -> None:
        add_node(niger.card())
        before = niger.ring.signing[0].id
        niger.rotate()
        niger.certify(OTHER, previous=ROOT)
        hear_card(niger.card(), by="NER")
        assert (root_of("NER").hash, root_of("NER").how) == (OTHER.public.hash, "signed")
        assert Root.objects.get(hash=ROOT.public.hash).status == Root.Status.REPLACED
        assert refusal("NER", niger.ring.signing[0].id) == refusal("NER", before) == ""

    @pytest.mark.parametrize("stolen", [True, False])
    def test_a_root_that_is_lost_or_stolen_is_replaced_by_two_people_with_a_reason(
        self, niger: ForeignNode, stolen: bool
    ) -> None:
        add_node(niger.card())
        before = niger.ring.signing[0].id
        niger.rotate()
        niger.certify(OTHER)
        with pytest.raises(CardInvalid, match="card_root_differs"):
            add_node(niger.card())
        claimed, heard = Root.objects.get(hash=OTHER.public.hash), OTHER.public.fingerprint
        for wrong in (
            lambda: confirm_root(claimed, heard, by="one"),
            lambda: read_anew(claimed, "0000", "stolen", ends_old=stolen, by="one"),
            lambda: read_anew(claimed, heard, " ", ends_old=stolen, by="one"),
        ):
            with pytest.raises(Refused):
                wrong()
        read_anew(claimed, heard, "the safe was opened", ends_old=stolen, by="one")
        assert root_of("NER").hash == ROOT.public.hash
        with pytest.raises(Refused, match="same_person"):
            confirm_root(claimed, heard, by="one")
        confirm_root(claimed, heard.upper(), by="two")
        root = root_of("NER")
        assert (root.hash, root.by, root.second_by, root.reason) == (claimed.hash, "one", "two", "the safe was opened")
        hear_card(niger.card(), by="NER")
        assert refusal("NER", niger.ring.signing[0].id) == ""
        assert refusal("NER", before) == ("key_uncertified" if stolen else "")
        with pytest.raises(Refused, match="root_is_settled"):
            read_anew(root, heard, "again", ends_old=False, by="one")

    def test_a_node_that_was_known_by_its_own_fingerprint_becomes_certified_when_its_root_is_read(self) -> None:
        niger = ForeignNode("NER")
        add_node(niger.card(), heard=read_card(niger.card()).fingerprint)
        niger.certify(ROOT)
        hear_card(niger.card(), by="NER")
        assert root_of("NER") is None
        assert Certificate.objects.get().subject == "NER"
        late = timezone.now() + 300 * DAY
        assert refusal("NER", niger.ring.signing[0].id, late) == ""
        add_node(niger.card(), heard=ROOT.public.fingerprint)
        assert refusal("NER", niger.ring.signing[0].id, late) == "key_expired"

    def test_where_certificates_are_required_no_card_enters_without(self, settings: Any, niger: ForeignNode) -> None:
        add_node(ForeignNode("TUN").card())
        tunisia = NodeKey.objects.get(node="TUN", use="signing").id
        settings.NODE = dataclasses.replace(settings.NODE, require_certificates=True)
        with pytest.raises(CardInvalid, match="card_uncertified"):
            add_node(ForeignNode("TCD").card())
        assert refusal("TUN", tunisia) == "key_uncertified"
        add_node(niger.card(), heard=ROOT.public.fingerprint)
        assert refusal("NER", niger.ring.signing[0].id) == ""


class TestTime:
    def test_a_key_counts_for_what_was_signed_in_its_certificates_time(self, niger: ForeignNode) -> None:
        add_node(niger.card())
        key, now = niger.ring.signing[0].id, timezone.now()
        assert refusal("NER", key, now - 2 * DAY) == "key_not_yet_valid"
        assert refusal("NER", key, now + 179 * DAY) == ""
        assert refusal("NER", key, now + 181 * DAY) == "key_expired"
        with time_machine.travel(now + 181 * DAY):
            assert refusal("NER", key) == "key_expired"
            assert refusal("NER", key, now) == ""
            with pytest.raises(KeyRefused, match="key_expired"):
                sealing_key("NER")
        with time_machine.travel(now - 400 * DAY):
            assert refusal("NER", key) == "key_not_yet_valid"

    def test_a_renewed_certificate_carries_the_same_key_on(self, niger: ForeignNode) -> None:
        add_node(niger.card())
        later = timezone.now() + 170 * DAY
        with time_machine.travel(later):
            niger.certify(ROOT)
            hear_card(niger.card(), by="NER")
            assert Certificate.objects.filter(subject="NER").count() == 2
            assert refusal("NER", niger.ring.signing[0].id, later + 100 * DAY) == ""

    def test_a_rotation_brings_new_keys_and_the_old_ones_stay_known(self, niger: ForeignNode) -> None:
        add_node(niger.card())
        old = niger.ring
        niger.rotate()
        niger.certify(ROOT)
        hear_card(niger.card(), by="NER")
        assert refusal("NER", old.signing[0].id) == refusal("NER", niger.ring.signing[0].id) == ""
        assert sealing_key("NER")[0] == niger.ring.sealing[0].id != old.sealing[0].id

    def test_an_uncertified_node_rotates_by_the_signature_of_its_old_key(self) -> None:
        niger = ForeignNode("NER")
        add_node(niger.card())
        niger.rotate()
        hear_card(niger.card(), by="NER")
        assert sealing_key("NER")[0] == niger.ring.sealing[0].id
        thief = ForeignNode("NER")
        thief.rotate()
        with pytest.raises(CardInvalid, match="card_key_changed"):
            hear_card(thief.card(), by="NER")
        stolen = json.loads(thief.card())
        stolen["previous"] = json.loads(niger.card())["previous"]
        with pytest.raises(CardInvalid, match="card_key_changed"):
            hear_card(json.dumps(stolen), by="NER")


class TestCardsWithCertificates:
    @pytest.mark.parametrize("foreign", ["keys", "node", "root"])
    def test_a_certificate_of_other_keys_another_node_or_another_root_is_refused(
        self, niger: ForeignNode, foreign: str
    ) -> None:
        other = ForeignNode("NER") if foreign != "node" else ForeignNode("NER-MADAMA", role="post")
        other.certify(OTHER if foreign == "root" else ROOT)
        certificate = niger.ring.certificate if foreign == "root" else other.ring.certificate
        other.ring = dataclasses.replace(other.ring, certificate=certificate)
        niger.ring = dataclasses.replace(niger.ring, certificate=certificate, root=other.ring.root)
        with pytest.raises(CardInvalid, match="card_certificate_wrong"):
            read_card(niger.card())

    def test_a_root_without_a_certificate_is_half_a_card(self, niger: ForeignNode) -> None:
        niger.ring = dataclasses.replace(niger.ring, certificate=None)
        with pytest.raises(CardInvalid, match="card_field_missing: certificate"):
            read_card(niger.card())
        niger.ring = dataclasses.replace(niger.ring, root={"format": "jiwar-root"}, certificate={})
        with pytest.raises(CardInvalid, match="card_root_wrong"):
            read_card(niger.card())


def entries(node: ForeignNode, reason: str = "compromised", at: dt.datetime | None = None) -> list[Entry]:
    return [Entry(key_hash(node.ring.signing[0].public), reason, at or timezone.now())]


class TestRevocations:
    @pytest.fixture(autouse=True)
    def _known(self, niger: ForeignNode) -> None:
        add_node(niger.card())

    @pytest.fixture
    def post(self) -> ForeignNode:
        node = ForeignNode("NER-MADAMA", role="post")
        node.certify(ROOT)
        hear_card(node.card(), by="NER")
        return node

    def supplement(self, node: ForeignNode, place: Place, listed: list[Entry], days: int = 60, **at: Any) -> Any:
        now = at.get("at", timezone.now())
        return write_by_node("NER", place, now, listed, node.ring.signing[0], node.ring.cosigning[0], days)

    def test_a_compromised_key_counts_for_nothing_from_the_arrival_on(self, niger: ForeignNode) -> None:
        key, before = niger.ring.signing[0].id, timezone.now() - dt.timedelta(hours=1)
        assert refusal("NER", key, before) == ""
        take_list(write_by_root(ROOT, 1, timezone.now(), entries(niger)), by="NER")
        assert refusal("NER", key) == refusal("NER", key, before) == "key_revoked"
        with pytest.raises(CardInvalid, match="card_key_revoked"):
            hear_card(niger.card(), by="NER")

    def test_a_retired_key_counts_for_what_it_signed_before(self, niger: ForeignNode) -> None:
        key, at = niger.ring.signing[0].id, timezone.now() - dt.timedelta(hours=1)
        take_list(write_by_root(ROOT, 1, timezone.now(), entries(niger, "retired", at)), by="NER")
        assert refusal("NER", key, at - dt.timedelta(minutes=1)) == ""
        assert refusal("NER", key) == refusal("NER", key, at + dt.timedelta(minutes=1)) == "key_revoked"

    def test_a_rollback_and_two_lists_of_one_number_are_refused(self, niger: ForeignNode) -> None:
        now = timezone.now()
        take_list(write_by_root(ROOT, 7, now, entries(niger)), by="NER")
        for number, code in ((6, "revocations_older"), (7, "revocations_differ")):
            with pytest.raises(PaperRefused, match=code):
                take_list(write_by_root(ROOT, number, now, []), by="NER")
        assert refusal("NER", niger.ring.signing[0].id) == "key_revoked"
        take_list(RevocationList.objects.get().data, by="NER")
        take_list(write_by_root(ROOT, 8, now, []), by="NER")
        assert refusal("NER", niger.ring.signing[0].id) == ""
        assert [str(row) for row in RevocationList.objects.all()] == ["NER 8.0"]

    def test_a_list_of_a_strange_root_or_an_unknown_state_is_refused(self) -> None:
        with pytest.raises(PaperRefused, match="revocations_of_other_root"):
            take_list(write_by_root(OTHER, 1, timezone.now(), []), by="NER")
        with pytest.raises(PaperRefused, match="revocations_of_unknown_root"):
            take_list(write_by_root(RootKey.of("TUN", bytes(32)), 1, timezone.now(), []), by="TUN")
        assert not RevocationList.objects.exists()

    def test_the_national_node_revokes_its_posts_at_once_and_not_itself(
        self, niger: ForeignNode, post: ForeignNode
    ) -> None:
        take_list(self.supplement(niger, Place(0, 1), entries(post)), by="NER")
        assert refusal("NER-MADAMA", post.ring.signing[0].id) == "key_revoked"
        with pytest.raises(PaperRefused, match="revocations_beyond_root: entries"):
            take_list(self.supplement(niger, Place(0, 2), entries(niger)), by="NER")
        for thief in (post, ForeignNode("NER")):
            with pytest.raises((KeyRefused, PaperRefused)):
                take_list(self.supplement(thief, Place(0, 2), []), by="NER")
        assert refusal("NER-MADAMA", post.ring.signing[0].id) == "key_revoked"

    def test_the_roots_list_ends_supplements_that_a_thief_made(self, niger: ForeignNode, post: ForeignNode) -> None:
        take_list(write_by_root(ROOT, 1, timezone.now(), []), by="NER")
        take_list(self.supplement(niger, Place(1, 99), entries(post)), by="NER")
        assert refusal("NER-MADAMA", post.ring.signing[0].id) == "key_revoked"
        take_list(write_by_root(ROOT, 2, timezone.now(), []), by="NER")
        assert refusal("NER-MADAMA", post.ring.signing[0].id) == ""
        with pytest.raises(PaperRefused, match="revocations_older"):
            take_list(self.supplement(niger, Place(1, 100), entries(post)), by="NER")

    def test_a_supplement_is_fresh_no_longer_than_the_roots_list(self, niger: ForeignNode) -> None:
        take_list(write_by_root(ROOT, 1, timezone.now(), [], days=30), by="NER")
        with pytest.raises(PaperRefused, match="revocations_beyond_root: next_update"):
            take_list(self.supplement(niger, Place(1, 1), [], days=60), by="NER")
        take_list(self.supplement(niger, Place(1, 1), [], days=20), by="NER")

    def test_a_list_that_comes_after_its_supplement_is_taken(self, niger: ForeignNode, post: ForeignNode) -> None:
        base = write_by_root(ROOT, 3, timezone.now(), entries(niger, "retired", timezone.now() + DAY))
        take_list(self.supplement(niger, Place(3, 1), entries(post)), by="NER")
        take_list(base, by="NER")
        assert [str(row) for row in RevocationList.objects.all()] == ["NER 3.0", "NER 3.1"]
        assert refusal("NER", niger.ring.signing[0].id, timezone.now() + 2 * DAY) == "key_revoked"
        assert refusal("NER-MADAMA", post.ring.signing[0].id) == "key_revoked"

    def test_a_stale_list_cuts_nobody_off_and_lets_no_new_key_in_until_a_fresh_one_comes(
        self, niger: ForeignNode
    ) -> None:
        take_list(write_by_root(ROOT, 1, timezone.now(), [], days=30), by="NER")
        old = niger.ring.signing[0].id
        with time_machine.travel(timezone.now() + 40 * DAY):
            assert is_stale("NER")
            assert refusal("NER", old) == ""
            niger.rotate()
            niger.certify(ROOT)
            hear_card(niger.card(), by="NER")
            new = niger.ring.signing[0].id
            assert (refusal("NER", old), refusal("NER", new)) == ("", "key_waits")
            assert sealing_key("NER")[0] == niger.ring.sealing[1].id
            take_list(write_by_root(ROOT, 2, timezone.now(), []), by="NER")
            assert not is_stale("NER")
            assert refusal("NER", new) == ""
            assert sealing_key("NER")[0] == niger.ring.sealing[0].id

    def test_a_list_that_comes_late_itself_lets_nobody_in(self, niger: ForeignNode) -> None:
        now = timezone.now()
        take_list(write_by_root(ROOT, 1, now, [], days=30), by="NER")
        with time_machine.travel(now + 100 * DAY):
            niger.rotate()
            niger.certify(ROOT)
            hear_card(niger.card(), by="NER")
            take_list(write_by_root(ROOT, 2, now, [], days=60), by="NER")
            assert refusal("NER", niger.ring.signing[0].id) == "key_waits"

    def test_this_node_alone_may_distrust_a_key_that_its_state_stands_by(self, niger: ForeignNode) -> None:
        revoke_node_key(NodeKey.objects.get(id=niger.ring.signing[0].id), "seen in a market", by="admin")
        take_list(write_by_root(ROOT, 1, timezone.now(), []), by="NER")
        assert refusal("NER", niger.ring.signing[0].id) == "key_revoked"


def test_every_step_is_a_leaf(niger: ForeignNode) -> None:
    add_node(niger.card(), heard=ROOT.public.fingerprint, by="someone")
    take_list(write_by_root(ROOT, 1, timezone.now(), []), by="NER")
    steps = ("root_believed", "certificate_taken", "node_added", "revocations_taken")
    assert acts(*steps) == list(steps)
    leaf = json.loads(Leaf.objects.get(act="root_believed").content)
    assert (leaf["actor"], leaf["subject"], leaf["detail"]["root"]) == ("someone", "NER", ROOT.public.hash)
