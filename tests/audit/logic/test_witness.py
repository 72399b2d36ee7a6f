"""witness: neighbours that follow each other's ledgers, over links that lose words; forks, restores, quorums."""

import copy
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.audit.logic import forks, witness
from jiwar.audit.logic.book import Talk, Tree
from jiwar.audit.logic.checkpoint import Epoch
from jiwar.audit.logic.forks import EvidenceInvalid
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.audit.logic.witness import AGE, MAX_BYTES, quorum, witnessed
from jiwar.wire.strict_json import canonical
from tests.audit.books import START, Log, Node, meet


def states(*codes: str) -> list[Node]:
    made = [Node(code) for code in codes]
    for node in made:
        node.append(5)
    return made


def evidence(node: Node) -> list[forks.Evidence]:
    return [each for outcome in node.outcomes for each in outcome.forks]


def accused(node: Node) -> set[str]:
    """Whom the evidence proves a fork of, judged by someone else."""
    return {forks.judge(forks.read(forks.write(each)), node.believed).node for each in evidence(node)}


class TestTwo:
    def test_follow_each_other_and_cosign(self):
        lby, ner = states("LBY", "NER")
        for _ in range(3):
            lby.append(7)
            ner.append(2)
            meet(lby, ner)
        meet(lby, ner)
        assert ner.held("LBY").tree == lby.offered().tree == Tree(1, 26)
        assert lby.held("NER").tree == ner.offered().tree == Tree(1, 11)
        assert lby.witnesses["NER"][0] == lby.offered().tree
        assert ner.witnesses["LBY"][0] == ner.offered().tree
        assert not evidence(lby)
        assert not evidence(ner)

    def test_say_almost_nothing_when_nothing_changed(self):
        lby, ner = states("LBY", "NER")
        for _ in range(3):
            meet(lby, ner)
        talks = copy.deepcopy(lby.talks)
        said = lby.says_to("NER")
        assert said.keys() == {"v", "n", "got"}
        assert lby.talks == talks  # nothing to write either

    def test_a_checkpoint_that_grew_comes_with_its_proof_alone(self):
        lby, ner = states("LBY", "NER")
        meet(lby, ner)
        meet(lby, ner)
        lby.append(1000)
        said = lby.says_to("NER")
        assert said["proofs"]["size"] == 1005
        assert [each["size"] for each in said["proofs"]["from"]] == [5]
        assert "held" not in said

    @given(st.lists(st.sampled_from(["", "word", "answer"]), max_size=12), st.lists(st.integers(0, 9), max_size=12))
    @settings(max_examples=60)
    def test_nothing_hangs_on_a_lost_contact(self, losses, growth):
        lby, ner = states("LBY", "NER")
        for loss, count in zip(losses, growth, strict=False):
            lby.append(count)
            meet(*((lby, ner) if count % 2 else (ner, lby)), lost=loss)
        for _ in range(3):
            meet(lby, ner)
        assert ner.held("LBY").tree == lby.offered().tree
        assert lby.witnesses["NER"][0] == lby.offered().tree
        assert not evidence(ner)
        assert lby.says_to("NER").keys() == {"v", "n", "got"}

    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=15))
    @settings(max_examples=60)
    def test_words_that_come_late_or_twice_change_nothing(self, deliveries):
        """A pouch arrives after the wire: the words of weeks ago."""
        lby, ner = states("LBY", "NER")
        words = []
        for growth, which in deliveries:
            lby.append(growth)
            words.append(lby.says_to("NER"))
            ner.hears("LBY", json.loads(json.dumps(words[which % len(words)])))
        for _ in range(3):
            meet(lby, ner)
        assert ner.held("LBY").tree == lby.offered().tree
        assert not evidence(ner)
        assert not any(outcome.behind for outcome in ner.outcomes)

    def test_a_node_that_lost_what_it_held_is_given_the_proof_that_it_needs(self):
        """NER was restored from an old copy: LBY still thinks that it holds the newer tree."""
        lby, ner = states("LBY", "NER")
        meet(lby, ner)
        meet(lby, ner)
        old = copy.deepcopy((ner.kept_of, ner.talks))
        lby.append(10)
        meet(lby, ner)
        meet(lby, ner)
        ner.kept_of, ner.talks = old
        lby.append(10)
        for _ in range(4):
            meet(lby, ner)
        assert ner.held("LBY").tree == lby.offered().tree == Tree(1, 25)
        assert not evidence(ner)

    def test_a_quiet_ledger_is_cosigned_anew_each_day(self):
        lby, ner = states("LBY", "NER")
        meet(lby, ner)
        meet(lby, ner)
        first = lby.witnesses["NER"]
        ner.now += timedelta(hours=25)
        lby.now += timedelta(hours=25)
        meet(lby, ner)
        meet(lby, ner)
        assert lby.witnesses["NER"][0] == first[0]
        assert lby.witnesses["NER"][1] - first[1] >= timedelta(days=1)


class TestRefused:
    @pytest.fixture
    def said(self):
        lby, ner = states("LBY", "NER")
        meet(lby, ner)
        meet(lby, ner)
        lby.append(20)
        return ner, lby.says_to("NER")

    def code(self, ner: Node, said: object) -> str:
        before = copy.deepcopy(ner)
        with pytest.raises(CheckpointInvalid) as caught:
            ner.hears("LBY", said)
        assert (ner.talks, ner.kept_of) == (before.talks, before.kept_of)
        return caught.value.code

    def test_a_checkpoint_by_another_hand(self, said):
        ner, word = said
        assert self.code(ner, word | {"checkpoint": word["checkpoint"].replace("\n25\n", "\n26\n")}) == "signature"

    def test_the_checkpoint_of_another(self, said):
        ner, word = said
        [tun] = states("TUN")
        assert self.code(ner, word | {"checkpoint": tun.offer().text}) == "origin"

    def test_a_proof_of_nothing(self, said):
        ner, word = said
        [proof] = word["proofs"]["from"]
        for changed in (
            proof | {"path": proof["path"][:-1]},
            proof | {"path": proof["path"][::-1]},
            proof | {"root": proof["path"][0]},
            proof | {"path": []},
        ):
            assert self.code(ner, word | {"proofs": word["proofs"] | {"from": [changed]}}) == "proof"

    def test_a_missing_proof_is_asked_for_and_the_checkpoint_waits(self, said):
        ner, word = said
        outcome = ner.hears("LBY", word | {"proofs": word["proofs"] | {"from": []}})
        assert outcome.keep is None
        assert ner.says_to("LBY")["asks"] == [{"epoch": 1, "size": 5}]

    def test_a_cosignature_that_does_not_hold_does_not_count(self):
        lby, ner = states("LBY", "NER")
        meet(lby, ner)
        word = ner.says_to("LBY")
        word["cosignature"]["line"] = lby.cosign(lby.offered().text, lby.now)
        assert lby.hears("NER", word).witnessed is None

    @pytest.mark.parametrize(
        "change",
        [
            {"v": 2}, {"v": True}, {"n": -1}, {"n": "1"}, {"n": 2**53}, {"got": None}, {"more": 1}, {"checkpoint": 1},
            {"checkpoint": "x" * 16_385}, {"proofs": []}, {"proofs": {"epoch": 1, "size": 9}},
            {"proofs": {"epoch": 0, "size": 9, "from": []}}, {"proofs": {"epoch": 1, "size": 9, "from": [{}]}},
            {"proofs": {"epoch": 1, "size": 9, "from": [{"size": 1, "root": "AA==", "path": []}]}},
            {"proofs": {"epoch": 1, "size": 9, "from": [{"size": 1, "root": "A" * 43 + "=", "path": ["AA=="] * 65}]}},
            {"proofs": {"epoch": 1, "size": 9, "from": [{"size": 1, "root": "A" * 43 + "=", "path": []}] * 6}},
            {"held": {"epoch": 1, "size": 1}}, {"held": {"epoch": 1, "size": 1, "root": "A" * 43 + "=", "note": 1}},
            {"cosignature": {"epoch": 1, "size": 1, "line": "x" * 1001}}, {"asks": {}}, {"asks": [1]},
            {"asks": [{"epoch": 1, "size": 1}] * 5}, {"gossip": "x"}, {"gossip": [1]}, {"gossip": [""] * 13},
            {"show": 1},
        ],
    )  # fmt: skip
    def test_a_member_of_another_form(self, said, change):
        ner, word = said
        assert self.code(ner, word | change) == "member"

    @pytest.mark.parametrize("data", [None, [], "x", 1, {}, {"v": 1}])
    def test_no_member_at_all(self, said, data):
        assert self.code(said[0], data) == "member"


class TestForks:
    def forked(self, size: int, other: int, shown: int = 5) -> tuple[Node, Node]:
        """LBY as NER knows it, and LBY with another history after `shown` leaves."""
        [lby] = states("LBY")
        twin = copy.deepcopy(lby)
        lby.append(size - lby.log.size)
        twin.rewrite([*lby.log.leaves[:shown], *(b"other %d" % n for n in range(other - shown))])
        return lby, twin

    @pytest.mark.parametrize(("size", "other"), [(9, 9), (9, 12), (8, 13), (7, 700), (256, 300)])
    @pytest.mark.parametrize("shown", [0, 3, 5])
    def test_another_past_is_evidence_for_everyone(self, size, other, shown):
        lby, twin = self.forked(size, other, shown)
        [ner] = states("NER")
        meet(lby, ner)
        twin.talks = copy.deepcopy(lby.talks) if size != other else {}
        for _ in range(3):
            meet(twin, ner)
        assert accused(ner) == {"LBY"}
        assert ner.held("LBY").tree == Tree(1, size)

    def test_a_third_state_detects_it_by_gossip(self):
        """LBY shows NER one tree and TUN another of the same size; TUN learns from NER."""
        lby, twin = self.forked(9, 9)
        ner, tun = states("NER", "TUN")
        meet(lby, ner)
        meet(twin, tun)
        assert not evidence(tun)
        meet(ner, tun)
        assert accused(tun) == {"LBY"}

    @pytest.mark.parametrize(("size", "other"), [(9, 14), (14, 9), (8, 31), (16, 9)])
    def test_trees_of_two_sizes_are_compared_by_a_proof_that_is_asked_for(self, size, other):
        lby, twin = self.forked(size, other)
        ner, tun = states("NER", "TUN")
        meet(lby, ner)
        meet(twin, tun)
        meet(ner, tun)
        assert not evidence(tun)
        twin.append(max(0, size - other) + 3)  # it goes on, and so shows a tree as large
        for _ in range(3):
            meet(tun, twin)
        assert accused(tun) == {"LBY"}
        assert {e.older for e in evidence(tun)} | {e.newer for e in evidence(tun)} >= {ner.held("LBY").text}

    def test_different_sizes_of_an_honest_node_are_settled_and_forgotten(self):
        lby, ner, tun = states("LBY", "NER", "TUN")
        meet(lby, ner)
        lby.append(4)
        lby.offer()
        meet(lby, tun)
        meet(ner, tun)
        assert tun.talks["LBY"].wants
        for _ in range(3):
            lby.append(1)
            meet(lby, tun)
        assert not tun.talks["LBY"].wants
        assert not evidence(tun)
        meet(lby, tun)
        assert "asks" not in tun.says_to("LBY")

    def test_a_larger_tree_that_others_saw_waits_until_it_is_shown(self):
        lby, ner, tun = states("LBY", "NER", "TUN")
        meet(lby, tun)
        lby.append(4)
        meet(lby, ner)
        meet(ner, tun)
        assert tun.talks["LBY"].wants
        assert "asks" not in tun.says_to("LBY")
        meet(lby, tun)
        assert not tun.talks["LBY"].wants

    def test_gossip_that_nobody_signed_is_passed_over(self):
        lby, ner, tun = states("LBY", "NER", "TUN")
        meet(lby, tun)
        word = ner.says_to("TUN") | {"gossip": [lby.sign(5, bytes(32)).replace("/LBY", "/TCD")]}
        tun.hears("NER", word)
        assert not evidence(tun)
        assert not tun.outcomes[-1].wants

    @given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 40))
    @settings(max_examples=60)
    def test_whatever_the_sizes(self, size, other, shown):
        shown = min(shown, size, other)
        one, two = Node("LBY"), Node("LBY")
        one.append(size)
        two.rewrite([*one.log.leaves[:shown], *(b"other %d" % n for n in range(other - shown))])
        ner = Node("NER")
        ner.append()
        meet(one, ner)
        two.talks = copy.deepcopy(one.talks)
        two.log.append(*(b"later %d" % n for n in range(size)))  # so that it must say what it thinks of the smaller
        for _ in range(4):
            meet(two, ner)
        assert bool(evidence(ner)) == (shown < size)
        assert accused(ner) <= {"LBY"}


class TestRestore:
    def restored(self) -> tuple[Node, Node, Node]:
        """LBY from a copy that has 5 of its 9 leaves, and NER, which holds 9."""
        lby, ner = states("LBY", "NER")
        meet(lby, ner)
        meet(lby, ner)
        copied = copy.deepcopy(lby)
        lby.append(4)
        meet(lby, ner)
        meet(lby, ner)
        copied.now = lby.now + timedelta(hours=1)
        return lby, copied, ner

    def test_is_noticed_by_both_sides_and_is_no_fork(self):
        _, copied, ner = self.restored()
        copied.append(1)  # it works on before it meets anyone
        meet(copied, ner)
        assert ner.outcomes[-1].behind == ner.held("LBY").text
        assert copied.outcomes[-1].restored == ner.held("LBY").text
        assert not evidence(ner)
        meet(copied, ner)
        assert copied.outcomes[-1].restored  # until a new epoch begins
        copied.begin_epoch(2)
        meet(copied, ner)
        assert copied.outcomes[-1].restored is None

    def test_a_copy_that_did_nothing_is_told_too(self):
        _, copied, ner = self.restored()
        for _ in range(3):
            meet(copied, ner)
        assert copied.outcomes[-1].restored == ner.held("LBY").text

    def test_a_copy_that_hears_before_it_speaks_is_told_too(self):
        """It goes on from the number that the other took, which sees nothing amiss."""
        _, copied, ner = self.restored()
        for _ in range(3):
            meet(ner, copied)
        assert copied.outcomes[-1].restored == ner.held("LBY").text

    def test_a_copy_whose_clock_goes_behind_is_told_where_it_speaks_now(self):
        """Its word is no older one that comes late: it answers ours."""
        _, copied, ner = self.restored()
        copied.now = START - timedelta(days=1)
        copied.append(1)
        word = copied.says_to("NER")
        assert ner.hears("LBY", word).behind is None
        assert ner.hears("LBY", word, fresh=True).behind == ner.held("LBY").text
        copied.hears("NER", ner.says_to("LBY"))
        assert copied.outcomes[-1].restored == ner.held("LBY").text

    def test_a_copy_has_nothing_confirmed_that_it_did_not_say(self):
        """It counts on from where it was, and what it says then is not what had those numbers."""
        _, copied, ner = self.restored()
        for _ in range(3):
            copied.append(1)
            copied.offer()
            copied.says_to("NER")  # and is not heard
            copied.hears("NER", ner.says_to("LBY") | {"got": ner.talks["LBY"].took})
            assert "checkpoint" in copied.says_to("NER")

    def test_a_witness_whose_clock_was_ahead_signs_again(self):
        lby, ner = states("LBY", "NER")
        ner.now = START + timedelta(days=400)
        for _ in range(2):
            meet(lby, ner)
        ner.now = START
        for _ in range(2):
            meet(lby, ner)
        assert lby.witnesses["NER"][1] == START

    def test_a_new_epoch_is_a_new_log_whose_past_is_proven(self):
        _, copied, ner = self.restored()
        meet(copied, ner)
        copied.begin_epoch(2)
        copied.append(3)
        for _ in range(3):
            meet(copied, ner)
        assert ner.held("LBY").tree == copied.offered().tree == Tree(2, 9)
        [begun] = [outcome.begun for outcome in ner.outcomes if outcome.begun]
        assert (begun.epoch, begun.size, begun.before, begun.proven) == (2, 5, Tree(1, 9), 5)
        assert copied.witnesses["NER"][0] == Tree(2, 9)
        assert not evidence(ner)
        copied.append(300)
        meet(copied, ner)
        assert ner.held("LBY").tree == Tree(2, 309)

    def test_a_new_epoch_cannot_rewrite_what_came_before_it(self):
        """Under cover of a restore: the first five leaves are others."""
        _, copied, ner = self.restored()
        copied.rewrite([b"rewritten", *copied.log.leaves[1:]])
        copied.begin_epoch(2)
        for _ in range(3):
            meet(copied, ner)
        assert accused(ner) == {"LBY"}
        assert ner.held("LBY").tree == Tree(1, 9)

    def test_an_epoch_of_which_nothing_is_kept_begins_unproven(self):
        _, copied, ner = self.restored()
        ner.kept_of["LBY"] = ner.kept_of["LBY"][-1:]  # nothing as old as the copy
        copied.begin_epoch(2)
        meet(copied, ner)
        begun = ner.outcomes[0 - 1].begun
        assert begun.proven is None
        assert begun.size == 5

    def test_an_epoch_is_proven_from_what_is_kept_of_any_before_it(self):
        """It forgot its second epoch too, and under cover of that the first: nothing of the second is old enough."""
        _, copied, ner = self.restored()
        copied.begin_epoch(2)
        copied.append(9)
        for _ in range(2):
            meet(copied, ner)
        again = copy.deepcopy(copied)
        again.epochs, again.notes = [], []
        again.rewrite([b"rewritten", *copied.log.leaves[1:9]])
        again.begin_epoch(3)
        for _ in range(3):
            meet(again, ner)
        assert accused(ner) == {"LBY"}

    def test_two_restores(self):
        _, copied, ner = self.restored()
        copied.begin_epoch(2)
        for _ in range(2):
            meet(copied, ner)
        again = copy.deepcopy(copied)
        copied.append(5)
        for _ in range(2):
            meet(copied, ner)
        again.now = copied.now
        again.begin_epoch(3)
        for _ in range(3):
            meet(again, ner)
        assert ner.held("LBY").tree == again.offered().tree
        assert [(e.number, e.size) for e in ner.held("LBY").says.epochs] == [(2, 5), (3, 6)]
        assert not evidence(ner)

    def test_the_word_of_an_older_epoch_that_comes_late_is_passed_over(self):
        lby, copied, ner = self.restored()
        late = lby.says_to("NER")
        copied.begin_epoch(2)
        for _ in range(3):
            meet(copied, ner)
        outcome = ner.hears("LBY", late)
        assert (outcome.keep, outcome.behind, outcome.forks) == (None, None, [])

    def test_a_copy_that_grew_past_what_was_held_is_a_fork(self):
        """Nobody can tell it from a rewritten past: so it is one, until an administrator says what it was."""
        _, copied, ner = self.restored()
        copied.rewrite([*copied.log.leaves, *(b"new %d" % n for n in range(30))])
        for _ in range(2):
            meet(copied, ner)
        assert accused(ner) == {"LBY"}

    def test_a_node_does_not_take_a_neighbour_s_word_for_its_own_restore(self):
        _, copied, ner = self.restored()
        word = ner.says_to("LBY")
        word["held"] = {"epoch": 1, "size": 99, "root": "A" * 43 + "="}
        assert copied.hears("NER", word).restored is None
        word["held"]["note"] = copied.sign(98, bytes(32))
        with pytest.raises(CheckpointInvalid, match="signature"):
            copied.hears("NER", word)


class TestEvidence:
    def fork(self) -> tuple[Node, forks.Evidence]:
        lby, ner = states("LBY", "NER")
        meet(lby, ner)
        twin = copy.deepcopy(lby)
        twin.rewrite([b"x", *lby.log.leaves, b"y"])
        meet(twin, ner)
        [found] = evidence(ner)
        return ner, found

    def code(self, node: Node, found: forks.Evidence) -> str:
        with pytest.raises(EvidenceInvalid) as caught:
            forks.judge(found, node.believed)
        return caught.value.code

    def test_says_who_signed_what(self):
        ner, found = self.fork()
        fork = forks.judge(found, ner.believed)
        assert (fork.node, fork.older.size, fork.newer.size) == ("LBY", 5, 7)

    def test_an_honest_pair_proves_nothing(self):
        [lby] = states("LBY")
        older = lby.offer()
        lby.append(9)
        root, path = lby.prove(5, 14)
        assert self.code(lby, forks.Evidence(older.text, lby.offer().text, root, tuple(path))) == "no_fork"
        assert self.code(lby, forks.Evidence(older.text, older.text, root)) == "no_fork"

    @given(st.binary(min_size=32, max_size=32), st.lists(st.binary(min_size=32, max_size=32), max_size=6))
    @settings(max_examples=40)
    def test_nobody_can_frame_an_honest_node(self, root, path):
        [lby] = states("LBY")
        older = lby.offer()
        lby.append(9)
        newer = lby.offer()
        assert self.code(lby, forks.Evidence(older.text, newer.text, root, tuple(path))) in {"path", "no_fork"}

    def test_changes(self):
        ner, found = self.fork()
        [tun] = states("TUN")
        other = tun.offer().text
        change = forks.Evidence
        assert self.code(ner, change(found.newer, found.older, found.root, found.path)) == "epochs"
        assert self.code(ner, change(other, found.newer, found.root, found.path)) == "nodes"
        assert self.code(ner, change(found.older, found.newer, found.root, ())) == "path"
        assert self.code(ner, change(found.older.replace("\n5\n", "\n6\n"), found.newer, found.root)) == "signature"

    def test_epochs_that_need_not_agree(self):
        [lby] = states("LBY")
        older = lby.offer()
        lby.rewrite(lby.log.leaves[:3])
        lby.begin_epoch(2)
        lby.append(9)
        newer = lby.offer()
        root, path = lby.prove(5, lby.log.size)
        assert self.code(lby, forks.Evidence(older.text, newer.text, root, tuple(path))) == "epochs"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"v": 2}, "version"), ({"v": True}, "version"), ({"format": "x"}, "form"), ({"more": 1}, "form"),
            ({"older": 1}, "form"), ({"root": "AA=="}, "form"), ({"path": ["?"]}, "form"), ({"path": [1]}, "form"),
            ({"path": ["A" * 43 + "="] * 65}, "form"),
        ],
    )  # fmt: skip
    def test_form(self, change, code):
        data = json.loads(forks.write(self.fork()[1])) | change
        with pytest.raises(EvidenceInvalid) as caught:
            forks.read(canonical(data))
        assert caught.value.code == code

    @pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"{}" + b" " * 64_000])
    def test_no_evidence_at_all(self, data):
        with pytest.raises(EvidenceInvalid):
            forks.read(data)


class TestQuorum:
    def test_six_of_nine_and_two_thirds_where_fewer_are_known(self):
        assert [quorum(n) for n in range(10)] == [0, 1, 2, 2, 3, 4, 4, 5, 6, 6]

    def test_what_six_signed_is_witnessed_whatever_the_others_do(self):
        others = [f"S{n}" for n in range(9)]
        signed = {f"S{n}": (100 + n, START) for n in range(6)}
        assert witnessed(signed, others, START) == 100
        assert witnessed(signed | {"S6": (200, START)}, others, START) == 101
        assert witnessed(dict(list(signed.items())[:5]), others, START) is None

    def test_age(self):
        others = ["TUN", "NER", "TCD"]
        signed = {"TUN": (5, START), "NER": (9, START - AGE)}
        assert witnessed(signed, others, START) == 5
        assert witnessed(signed, others, START + timedelta(seconds=1)) is None

    def test_a_clock_of_the_future_does_not_count(self):
        signed = {"TUN": (5, START + timedelta(days=400))}
        assert witnessed(signed, ["TUN"], START) is None
        assert witnessed({"TUN": (5, START + timedelta(hours=1))}, ["TUN"], START) == 5

    def test_who_is_no_state_does_not_count(self):
        signed = {"LBY-GHAT": (5, START), "NER": (5, START)}
        assert witnessed(signed, ["TUN", "NER"], START) is None
        assert witnessed(signed, [], START) is None


class TestTen:
    CODES = ("LBY", "NER", "TCD", "TUN", "DZA", "EGY", "SDN", "MAR", "MRT", "MLI")

    @given(st.randoms(use_true_random=False))
    @settings(max_examples=5, deadline=None)
    def test_meet_at_random_and_witness_each_other(self, chance):
        nodes = states(*self.CODES)
        for _ in range(250):
            one, other = chance.sample(nodes, 2)
            one.append(chance.randrange(3))
            meet(one, other, lost=chance.choice(["", "", "", "word", "answer"]))
        for _ in range(3):
            for one in nodes:
                for other in nodes:
                    if one is not other:
                        meet(one, other)
        for node in nodes:
            assert not evidence(node)
            assert not any(outcome.behind or outcome.restored for outcome in node.outcomes)
            signed = {code: (tree.size, at) for code, (tree, at) in node.witnesses.items()}
            others = [other.code for other in nodes if other is not node]
            assert witnessed(signed, others, max(other.now for other in nodes)) == node.offered().tree.size

    def test_all_that_is_said_has_a_limit(self):
        nodes = states(*self.CODES)
        lby = nodes[0]
        for other in nodes[1:]:
            meet(lby, other)
        lby.append(100_000)
        lby.talks["NER"] = Talk(
            holds=Tree(1, 5),
            asked=tuple(Tree(1, n) for n in (7, 77, 777, 7777)),
            wants=tuple(lby.talks["NER"].wants),
            remind=True,
        )
        lby.now += timedelta(minutes=1)
        said = lby.says_to("NER")
        assert len(canonical(said)) <= MAX_BYTES
        assert len(said["gossip"]) == 8


def test_a_talk_is_kept_as_json():
    talk = Talk(
        Tree(1, 2), (Tree(1, 1),), ("note",), (1, 2, "at", "line"), True, True, "theirs", 3, {"a": [1]}, {"b": [2]}, 4
    )
    assert Talk.from_json(json.loads(json.dumps(talk.to_json()))) == talk
    assert Talk.from_json({}) == Talk()


def test_epochs_are_in_rising_order():
    [lby] = states("LBY")
    lby.epochs = [Epoch(2, 3, bytes(32)), Epoch(3, 3, bytes(32))]
    with pytest.raises(CheckpointInvalid, match="epoch"):
        lby.offer()
    assert Log([b"a"]).size == 1
    assert witness.quorum(9) == 6


def test_who_lost_every_checkpoint_of_a_node_gets_the_newest_again() -> None:
    one, other = Node("LBY"), Node("NER")
    one.append(3)
    for _ in range(3):
        meet(one, other)
    assert other.held("LBY").says.size == 3
    other.kept_of.clear()  # an old copy of it, which nobody has noticed
    for _ in range(2):
        meet(one, other)
    assert other.held("LBY").says.size == 3


def test_who_begins_an_epoch_says_everything_again() -> None:
    one, other = Node("LBY"), Node("NER")
    other.append()
    meet(one, other)
    kept, talks = dict(other.kept_of), dict(other.talks)
    one.append(3)
    for _ in range(3):
        meet(one, other)
    assert one.talks["NER"].holds.size == 3
    other.kept_of, other.talks = kept, {node: talk.forgotten() for node, talk in talks.items()}
    for _ in range(3):
        meet(one, other)
    assert other.held("LBY").says.size == 3
