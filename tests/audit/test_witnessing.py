"""Contacts through the database, with real keys on both sides: cosignatures, forks, epochs, and what they cost."""

import base64
import datetime as dt
import json

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.audit import alarms
from jiwar.audit.logic import forks, merkle
from jiwar.audit.logic.book import Talk, Tree
from jiwar.audit.logic.checkpoint import open_checkpoint
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.audit.models import Checkpoint, Conversation, Cosignature, Epoch, Fork, Leaf
from jiwar.audit.queries import epoch, tree_now
from jiwar.audit.services import (
    Act,
    LedgerForked,
    Told,
    accept_fork,
    append_all,
    begin_epoch,
    keep_checkpoint,
    sign_tree,
    take_evidence,
    tell,
    told,
)
from jiwar.audit.signing import offer
from jiwar.audit.thinning import thin
from jiwar.identity.keys import ring
from jiwar.identity.queries import KeyRefused, keys_of
from jiwar.identity.services import make_own_keys, revoke_node_key
from jiwar.wire.faults import Refused
from jiwar.wire.strict_json import canonical
from tests.audit.authors import Judge
from tests.audit.peers import Peer, meet
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(db):
    make_own_keys()


@pytest.fixture
def niger() -> Peer:
    peer = Peer("NER")
    peer.append(5)
    return peer


def grow(count: int = 1) -> None:
    append_all(Judge(), [Act("done")] * count)


def later(minutes: float = 2):
    return time_machine.travel(timezone.now() + dt.timedelta(minutes=minutes), tick=False)


class TestCheckpoints:
    def test_for_witnesses_carry_both_signatures_of_the_node(self):
        grow(3)
        row, keys = offer(), ring(settings.KEYS)
        cosigning = keys.cosigning[0].private.public_key()
        opened = open_checkpoint(row.note, keys.signing[0].private.public_key(), "jiwar/LBY", cosigning)
        assert (opened.size, opened.root) == (tree_now().size, merkle.root(tree_now()))
        assert row.offered

    def test_are_new_once_a_minute_at_most(self):
        first = offer()
        grow()
        assert offer() == first
        with later(0.9):
            assert offer() == first
        with later(1.1):
            second = offer()
            assert second.size == first.size + 1
        with later(5):
            assert offer() == second  # nothing was appended since

    def test_a_clock_that_was_set_back_holds_nothing_up(self):
        with later(60 * 24):
            first = offer()
        grow()
        assert offer().size == first.size + 1

    def test_in_passing_are_not_kept_and_cost_two_queries(self, django_assert_max_num_queries):
        grow()
        with django_assert_max_num_queries(2):
            note = sign_tree()
        assert sign_tree() == note
        grow()
        assert sign_tree().size == tree_now().size == note.size + 1
        assert not Checkpoint.objects.exists()

    def test_old_ones_are_thinned_to_the_best_of_a_day(self):
        day = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
        rows = []
        for hour in range(20):
            with time_machine.travel(day + dt.timedelta(hours=hour), tick=False):
                grow()
                rows.append(offer())
                if hour == 3:
                    Cosignature.objects.create(checkpoint=rows[3], witness="NER", at=timezone.now(), line="x")
        left = list(Checkpoint.objects.values_list("id", flat=True))
        assert left == [rows[3].id, rows[18].id, rows[19].id]  # two of the last hour
        with time_machine.travel(day + dt.timedelta(hours=30), tick=False):
            thin("LBY")
            assert set(Checkpoint.objects.values_list("id", flat=True)) >= {rows[3].id}


class TestContacts:
    def test_both_hold_and_cosign(self, niger):
        grow(10)
        meet(niger)
        meet(niger)
        row = Cosignature.objects.get()
        assert (row.witness, row.checkpoint.node, row.checkpoint.size) == ("NER", "LBY", tree_now().size)
        assert niger.held("LBY").says.size == tree_now().size
        held = Checkpoint.objects.get(node="NER", offered=True)
        assert (held.size, held.root) == (5, base64.b64encode(niger.log.root(5)).decode())
        assert niger.witnesses["LBY"][0] == Tree(1, 5)

    def test_are_no_acts(self, niger):
        """A leaf for each would make each ledger grow by the other's, for ever."""
        before = tree_now().size
        for _ in range(3):
            meet(niger)
        assert tree_now().size == before

    def test_that_bring_nothing_new_are_a_few_bytes_and_write_nothing(self, niger, django_assert_max_num_queries):
        for _ in range(3):
            meet(niger)
        word, state = niger.says_to("LBY"), Conversation.objects.get().talk
        with django_assert_max_num_queries(4):
            said = tell("NER")
        with django_assert_max_num_queries(2):
            told("NER", word)
        assert len(canonical(said)) < 40
        assert Conversation.objects.get().talk == state

    def test_follow_a_ledger_as_it_grows(self, niger):
        for n in range(1, 5):
            grow(100 * n)
            niger.append(70 * n)
            with later(2 * n):
                niger.now = timezone.now()
                meet(niger)
                meet(niger)
                assert niger.held("LBY").says.size == tree_now().size
                assert Checkpoint.objects.filter(node="NER").last().size == niger.log.size
        assert not Fork.objects.exists()

    def test_whoever_signs_with_one_key_alone_is_refused(self, niger):
        word = niger.says_to("LBY") | {"checkpoint": niger.sign(5, niger.log.root(5), cosigned=False)}
        with pytest.raises(CheckpointInvalid, match="uncosigned"):
            told("NER", word)
        assert not Checkpoint.objects.filter(node="NER").exists()

    def test_who_says_nothing_of_ledgers_is_no_stranger(self, niger):
        assert told("NER", {}) == Told()
        assert not Conversation.objects.exists()

    def test_a_revoked_key_is_refused(self, niger):
        word = niger.says_to("LBY")
        revoke_node_key(keys_of("NER").get(use="signing"), "stolen", by="system")
        with pytest.raises(KeyRefused, match="key_revoked"):
            told("NER", word)

    def test_a_stranger_is_refused(self, niger):
        word = niger.says_to("LBY") | {"checkpoint": niger.sign(5, bytes(32)).replace("NER", "TUN")}
        with pytest.raises(KeyRefused, match="key_unknown"):
            told("NER", word)

    def test_nothing_is_kept_of_a_word_that_is_refused(self, niger):
        meet(niger)
        state = Conversation.objects.get().talk
        niger.append(3)
        word = niger.says_to("LBY")
        word["proofs"]["from"][0]["path"].reverse()
        word["n"] += 5
        with pytest.raises(CheckpointInvalid, match="proof"):
            told("NER", word)
        assert Conversation.objects.get().talk == state
        assert Checkpoint.objects.get(node="NER").size == 5

    def test_gossip_is_of_states_and_for_states(self, niger):
        tunisia, post = Peer("TUN"), Peer("LBY-GHAT", "post")
        for peer in (tunisia, post):
            peer.append(3)
        for _ in range(2):
            for peer in (niger, tunisia, post):
                meet(peer)
        known = {peer.code: set(peer.talks["LBY"].said) for peer in (niger, tunisia, post)}
        assert known
        assert Talk.from_json(Conversation.objects.get(node="TUN").talk).known["gossip"] == {"NER": [1, 5]}
        assert Talk.from_json(Conversation.objects.get(node="LBY-GHAT").talk).known["gossip"] == {}

    def test_a_checkpoint_in_passing_is_compared_when_the_node_proves_it(self, niger):
        meet(niger)
        niger.append(4)
        key = niger.foreign.ring.signing[0]
        keep_checkpoint("NER", key.id, niger.sign(9, niger.log.root(9), cosigned=False))
        assert len(Talk.from_json(Conversation.objects.get().talk).wants) == 1
        niger.append(4)
        for _ in range(3):
            meet(niger)
        assert not Talk.from_json(Conversation.objects.get().talk).wants
        assert not Fork.objects.exists()


class TestForks:
    def forked(self, niger: Peer) -> Peer:
        """Niger with another history."""
        meet(niger)
        meet(niger)
        twin = niger.twin()
        twin.rewrite([b"another", *niger.log.leaves[1:], b"more"])
        return twin

    def caught(self, twin: Peer) -> Fork:
        with pytest.raises(LedgerForked):
            told("NER", twin.says_to("LBY"))
        return Fork.objects.get()

    def test_are_evidence_and_an_alarm_and_stop_the_exchange(self, niger):
        twin = self.forked(niger)
        row = self.caught(twin)
        leaf = Leaf.objects.get(act="ledger_forked")
        assert (leaf.subject, leaf.actor, json.loads(leaf.content)["detail"]["evidence"]) == (
            "NER", "system", alarms.digest(row),
        )  # fmt: skip
        fork = forks.judge(forks.read(row.evidence.encode()), niger.believed)
        assert (fork.node, fork.older.size, fork.newer.size) == ("NER", 5, 6)
        for word in (niger.says_to("LBY"), twin.says_to("LBY"), {}):  # whatever it says, and if it says nothing
            with pytest.raises(LedgerForked):
                told("NER", word)
        assert Leaf.objects.filter(act="ledger_forked").count() == 1
        assert Checkpoint.objects.get(node="NER", offered=True).size == 5

    def test_are_told_to_whoever_listens_once(self, niger, monkeypatch):
        heard = []
        monkeypatch.setattr(alarms, "FOUND", [heard.append])
        row = self.caught(self.forked(niger))
        assert heard == [row]
        assert take_evidence(row.evidence.encode(), "TUN") is None  # known
        assert len(heard) == 1

    def test_that_another_brings_are_judged_here(self, niger):
        row = self.caught(self.forked(niger))
        Fork.objects.all().delete()
        data = row.evidence.encode()
        for changed in (data.replace(b"5\\n", b"6\\n"), data.replace(b'"path":["', b'"path":["AAAA'), b"{}"):
            with pytest.raises(forks.EvidenceInvalid):
                take_evidence(changed, "TUN")
        assert take_evidence(data, "TUN").source == "TUN"
        with pytest.raises(LedgerForked):
            meet(niger)

    def test_hold_though_the_key_was_revoked_since(self, niger):
        """A state must not be able to end an alarm by revoking its key."""
        row = self.caught(self.forked(niger))
        Fork.objects.all().delete()
        revoke_node_key(keys_of("NER").get(use="signing"), "lost", by="system")
        assert take_evidence(row.evidence.encode(), "TUN").node == "NER"

    def test_of_a_third_state_come_by_gossip(self, niger):
        """Tunisia saw another tree of Niger than we did; our contact with Tunisia goes on."""
        tunisia = Peer("TUN")
        tunisia.append(2)
        tunisia.known["NER"] = niger.foreign.ring
        twin = niger.twin()
        twin.rewrite([b"another", *niger.log.leaves[1:]])
        meet(niger)
        tunisia.hears("NER", twin.says_to("TUN"))
        meet(tunisia)
        assert Fork.objects.get().node == "NER"
        assert Fork.objects.get().source == "TUN"
        assert meet(tunisia).behind is None
        with pytest.raises(LedgerForked):
            meet(niger)

    def test_are_accepted_for_a_reason(self, niger):
        twin = self.forked(niger)
        row = self.caught(twin)
        for reason, code in (("", "missing"), ("  ", "missing"), ("x" * 1001, "too_long")):
            with pytest.raises(Refused) as refused:
                accept_fork(Judge(), "NER", reason)
            assert refused.value.faults[0].code == code
        accept_fork(Judge(), "NER", "its disk was copied back; their minister wrote to ours")
        leaf = Leaf.objects.get(act="fork_accepted")
        assert (leaf.subject, leaf.actor) == ("NER", "judge")
        with pytest.raises(Refused):
            accept_fork(Judge(), "NER", "again")
        for _ in range(3):
            meet(twin)
        assert Checkpoint.objects.filter(node="NER", offered=True).last().size == 6
        assert take_evidence(row.evidence.encode(), "TUN") is None  # the same again is no new alarm
        twin.now = timezone.now() + dt.timedelta(hours=1)
        twin.append(4)
        meet(twin)
        twin.rewrite([b"a third", *twin.log.leaves[1:], b"x"])
        with pytest.raises(LedgerForked):
            meet(twin)

    def test_of_our_own_are_alarms_too(self, niger):
        """Someone signs with our key: the others tell us."""
        grow(3)
        first = offer()
        keys = ring(settings.KEYS)
        thief = Peer("LBY", foreign=ForeignNode("LBY"))
        thief.foreign.ring = keys
        other = thief.sign(first.size, bytes(32))
        evidence = forks.Evidence(first.note, other, bytes(32))
        assert take_evidence(forks.write(evidence), "NER").node == "LBY"
        assert meet(niger).behind is None  # it stops nothing here: the others stop


class TestEpochs:
    def test_begin_beyond_all_that_anyone_knows_of(self, niger):
        grow(5)
        note = offer().note
        size, root = tree_now().size, merkle.root(tree_now())
        assert epoch() == 1
        Conversation.objects.create(node="NER", talk=Talk(theirs=note).to_json())
        assert begin_epoch(Judge(), 2, "the disk died", {"seq": 7}) == 2
        row = Epoch.objects.get()
        assert (row.number, row.size, row.root) == (2, size, base64.b64encode(root).decode())
        detail = json.loads(Leaf.objects.get(act="epoch_begun").content)["detail"]
        assert (detail["epoch"], detail["size"], detail["reason"]) == (2, size, "the disk died")
        assert (detail["evidence"], list(detail["checkpoints"])) == ({"seq": 7}, ["NER"])
        for signed in (sign_tree(), offer()):
            assert signed.note.startswith(f"jiwar/LBY/2\n{size + 1}\n")
            assert f"\nepoch 2 {size} {row.root}\n" in signed.note
        seventh = offer().note.replace("jiwar/LBY/2", "jiwar/LBY/7").replace("epoch 2", "epoch 7")
        Conversation.objects.create(node="TUN", talk=Talk(theirs=seventh).to_json())
        assert begin_epoch(Judge(), 3, "again") == 8
        assert begin_epoch(Judge(), 1, "again") == 9
        assert begin_epoch(Judge(), 20, "again") == 20
        assert epoch() == 20

    def test_of_ours_are_followed_by_a_neighbour(self, niger):
        grow(5)
        for _ in range(2):
            meet(niger)
        begin_epoch(Judge(), 2, "why")
        size = tree_now().size
        grow(2)
        for _ in range(3):
            meet(niger)
        assert niger.held("LBY").tree == Tree(2, size)  # shown at once; the next in a minute
        [begun] = [outcome.begun for outcome in niger.outcomes if outcome.begun]
        assert begun.proven is not None
        assert Cosignature.objects.filter(checkpoint__epoch=2).exists()

    def test_of_a_neighbour_are_leaves(self, niger):
        for _ in range(2):
            meet(niger)
        niger.append(9)
        niger.now = timezone.now()
        meet(niger)
        niger.rewrite(niger.log.leaves[:8])
        niger.notes.clear()
        niger.begin_epoch(2)
        said = [meet(niger).begun for _ in range(3)]
        assert [number for number in said if number] == [2]
        leaf = Leaf.objects.get(act="peer_epoch_begun")
        assert (leaf.subject, json.loads(leaf.content)["detail"]) == (
            "NER", {"epoch": 2, "size": 8, "before": {"epoch": 1, "size": 14}, "proven": 5},
        )  # fmt: skip

    def test_an_old_copy_shows_nothing_and_asks_what_others_hold_of_it(self, niger):
        grow(9)
        for _ in range(2):
            meet(niger)
        note = niger.held("LBY").text
        Checkpoint.objects.all().delete()
        Conversation.objects.all().delete()
        _cut(6)
        asked = tell("NER", old=True)
        assert asked.keys() == {"v", "n", "got", "show"}
        niger.hears("LBY", asked)
        assert told("NER", niger.says_to("LBY"), old=True).restored == note
        assert not Checkpoint.objects.filter(node="NER").exists()  # it takes in nothing else
        assert begin_epoch(Judge(), 2, "why") == 2
        assert Epoch.objects.get().evidence["NER"].startswith("jiwar/LBY\n")

    def test_a_neighbour_from_an_old_copy_is_told_so(self, niger):
        old = niger.twin()
        old.append(1)
        niger.append(9)
        for _ in range(2):
            meet(niger)
        old.now = timezone.now() + dt.timedelta(hours=1)
        said = meet(old)
        assert said.behind == Checkpoint.objects.get(node="NER", offered=True).note
        assert old.outcomes[-1].restored == said.behind
        assert not Fork.objects.exists()

    def test_this_node_learns_that_it_was_restored(self, niger):
        """Niger holds a larger tree of ours than we have."""
        grow(9)
        for _ in range(2):
            meet(niger)
        note = niger.held("LBY").text
        Checkpoint.objects.all().delete()
        Conversation.objects.all().delete()
        _cut(6)
        found = [meet(niger).restored for _ in range(4)]
        assert found[-1] == note
        begin_epoch(Judge(), 2, "an old copy")
        assert list(Epoch.objects.get().evidence) == ["NER"]
        assert [meet(niger).restored for _ in range(3)][-1] is None
        assert niger.held("LBY").tree == Tree(2, 7)
        assert not Fork.objects.exists()


def _cut(size: int) -> None:
    """The ledger as an old copy has it."""
    from jiwar.audit.logic.tiles import Place, width
    from jiwar.audit.models import Edge, Tile
    from jiwar.audit.queries import tree_at

    tree = tree_at(size)
    Leaf.objects.filter(index__gte=size).delete()
    for tile in Tile.objects.all():
        kept = width(Place(tile.level, tile.index), size) * 32
        Tile.objects.filter(level=tile.level, index=tile.index).update(hashes=bytes(tile.hashes)[:kept])
    Edge.objects.update(size=tree.size, peaks=b"".join(tree.peaks))


def test_leaves_of_a_talk_stand_with_it(niger):
    """What a contact proves stands or falls with the transaction that keeps it."""
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert meet(niger).begun or 1 // 0
    assert not Checkpoint.objects.filter(node="NER").exists()
