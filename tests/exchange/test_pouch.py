"""What a pouch may move: receipts, what is believed of a neighbour, files, ledgers; after a restore too."""

import dataclasses
import datetime as dt
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.models import Leaf
from jiwar.audit.queries import newest_checkpoints
from jiwar.exchange import attached, attachments, last_words, links, restore
from jiwar.exchange.attachments import Descriptor
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic.hello import Hello, Problem, Sent
from jiwar.exchange.logic.receipt import Result
from jiwar.exchange.logic.streams import Cursor
from jiwar.exchange.models import LastWord, Outgoing, Pouch, Restore, Sealed, Stream
from jiwar.exchange.pouch import LEAST
from jiwar.exchange.standing import epoch, restoring
from jiwar.exchange.this_node import CHUNK_PLACE
from jiwar.records.content import Body, Line
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.models import Record
from jiwar.records.services import issue, read_content, terms
from jiwar.wire.faults import Refused
from tests.audit.peers import Peer
from tests.exchange.carrier import (
    BY,
    CARRIER,
    Packing,
    notes,
    opened,
    receipt,
    refused,
    said,
    sealed_for_us,
    word,
)
from tests.exchange.test_exchange import Channel, content
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


def test_receipts_are_proofs_and_move_what_they_prove(packed: Packing, niger: ForeignNode, kind: Kind) -> None:
    for n in range(3):
        issue(BY, kind, content(kind, str(n)))
    packed()
    tunisia = ForeignNode("TUN")
    wrong = [receipt(tunisia, 2), receipt(niger, 2, head="00" * 32), receipt(niger, 3, 1, stream="routine.1.0")[:-1]]
    row = opened(sealed_for_us(niger, [said(niger, items={"receipts": [*wrong, receipt(niger, 2)]})]))
    assert (row.contents["settled"], row.contents["receipts_passed"]) == (2, 3)
    assert Stream.objects.get(incoming=False).acked == 2
    assert sorted(Outgoing.objects.filter(node="NER").values_list("state", flat=True)) == [
        "acknowledged", "acknowledged", "sealed",
    ]  # fmt: skip


def test_have_in_a_pouch_only_raises_what_is_believed(packed: Packing, niger: ForeignNode, kind: Kind) -> None:
    for n in range(5):
        issue(BY, kind, content(kind, str(n)))
    hashes = [envelope.hash for envelope in packed().envelopes]

    def says(seq: int) -> None:
        have = {"routine.1.0": Cursor(seq, hashes[seq - 1])} if seq else {}
        opened(sealed_for_us(niger, [said(niger, have=have)]))

    for seq, first in ((2, 3), (1, 3), (0, 3), (4, 5)):
        says(seq)
        assert packed().places[0] == ("routine.1.0", first)


def test_have_of_what_we_never_sealed_skips_nothing(packed: Packing, niger: ForeignNode, kind: Kind) -> None:
    issue(BY, kind, content(kind, "1"))
    packed()
    opened(sealed_for_us(niger, [said(niger, have={"routine.1.0": Cursor(9, "ab" * 32)})]))
    issue(BY, kind, content(kind, "2"))
    assert packed().places == [("routine.1.0", 2)]


def test_a_new_epoch_of_the_neighbour_lowers_what_is_believed(packed: Packing, niger: ForeignNode, kind: Kind) -> None:
    """It lost what it had: its receipts of before prove nothing any more."""
    for n in range(4):
        issue(BY, kind, content(kind, str(n)))
    hashes = [envelope.hash for envelope in packed().envelopes]
    mine = notes(niger, Channel(niger), kind, *"abc")
    have = {"routine.1.0": Cursor(4, hashes[3])}
    opened(
        sealed_for_us(
            niger,
            [said(niger, *mine, items={"receipts": [receipt(niger, 4)]}, have=have, sent={"routine.1.0": Sent(3, 0)})],
        )
    )
    assert packed().places == []
    # It was restored from a copy in which it had taken two of ours and said one of its own.
    lost = {"have": {"routine.1.0": Cursor(2, hashes[1])}, "sent": {"routine.1.0": Sent(1, 1)}, "epoch": 2}
    row = opened(sealed_for_us(niger, [said(niger, **lost)]))
    assert row.contents["given_back"] == 2
    assert links.of("NER").epoch == 2
    found = packed()
    assert [place for place in found.places if place[0] == "routine.1.0"][:2] == [
        ("routine.1.0", 3),
        ("routine.1.0", 4),
    ]
    assert Outgoing.objects.filter(node="NER", returned=True).count() == 2
    # A pouch of before, that was on its way all the time, says nothing about now.
    opened(sealed_for_us(niger, [said(niger, have=have)]))
    assert packed().places[0] == ("routine.1.0", 3)


def test_a_pouch_of_a_new_epoch_takes_back_what_was_acknowledged_and_no_other_does(
    packed: Packing, niger: ForeignNode, kind: Kind
) -> None:
    for n in range(4):
        issue(BY, kind, content(kind, str(n)))
    hashes = [envelope.hash for envelope in packed().envelopes]
    receipts_of_old = {"receipts": [receipt(niger, 4)]}

    def has(number: int) -> dict[str, Any]:
        return {"have": {"routine.1.0": Cursor(number, hashes[number - 1])}}

    def states() -> list[str]:
        return list(Outgoing.objects.filter(node="NER", returned=False).order_by("pk").values_list("state", flat=True))

    before = sealed_for_us(niger, [said(niger, items=receipts_of_old, **has(4))])
    opened(before)
    assert (states(), Stream.objects.get(incoming=False).acked) == (["acknowledged"] * 4, 4)
    # What it said before, in the epoch that is known, takes nothing back: it may be a pouch that was long on its way.
    opened(sealed_for_us(niger, [said(niger, **has(1))]))
    opened(sealed_for_us(niger, [said(niger)]))
    assert (states(), Leaf.objects.filter(act="messages_lost").count()) == (["acknowledged"] * 4, 0)
    # It was restored from a copy in which it had taken two.
    opened(sealed_for_us(niger, [said(niger, epoch=2, **has(2))]))
    assert (states(), Stream.objects.get(incoming=False).acked) == (["acknowledged"] * 2 + ["sealed"] * 2, 2)
    [leaf] = Leaf.objects.filter(act="messages_lost")
    assert json.loads(leaf.content)["detail"] == {"stream": "routine.1.0", "first": 3, "last": 4}
    # Receipts that it gave before it lost them prove nothing past what it has kept, whoever finds the stick now.
    opened(sealed_for_us(niger, [said(niger, items=receipts_of_old, **has(4))]))
    assert Stream.objects.get(incoming=False).acked == 2
    # The second time it refuses one.
    again = receipt(niger, 4, first=3, results=(Result("refused", "suspended"), Result("applied")))
    opened(sealed_for_us(niger, [said(niger, epoch=2, items={"receipts": [again]}, **has(4))]))
    assert states() == ["acknowledged", "acknowledged", "held", "acknowledged"]
    # Pouches of the new epoch that come late, and in another order, take nothing back again.
    for number in (1, 2, 3):
        opened(sealed_for_us(niger, [said(niger, epoch=2, **has(number))]))
    assert (Stream.objects.get(incoming=False).acked, Leaf.objects.filter(act="messages_lost").count()) == (4, 1)


def test_receipts_of_an_epoch_that_ended_count_for_what_its_writer_has_kept(
    packed: Packing, niger: ForeignNode, kind: Kind
) -> None:
    for n in range(3):
        issue(BY, kind, content(kind, str(n)))
    hashes = [envelope.hash for envelope in packed().envelopes]
    have = {"routine.1.0": Cursor(2, hashes[1])}
    opened(sealed_for_us(niger, [said(niger, epoch=2, have=have)]))
    row = opened(sealed_for_us(niger, [said(niger, items={"receipts": [receipt(niger, 2), receipt(niger, 3)]})]))
    assert (row.contents["settled"], row.contents["receipts_passed"]) == (2, 1)
    assert Stream.objects.get(incoming=False).acked == 2


def test_a_pouch_of_before_its_writers_restore_is_taken_and_given_back(niger: ForeignNode, kind: Kind) -> None:
    channel = Channel(niger)
    forgotten = sealed_for_us(niger, [said(niger, *notes(niger, channel, kind, "a", "b"))])
    opened(sealed_for_us(niger, [said(niger, epoch=2, sent={})]))
    row = opened(forgotten)
    assert (row.contents["applied"], row.contents["given_back"]) == (2, 2)
    assert links.of("NER").epoch == 2
    assert Outgoing.objects.filter(node="NER", returned=True).count() == 2
    assert word().epoch == 2


def test_an_expired_envelope_stops_its_stream_alone_and_the_next_pouch_says_so(
    packed: Packing, niger: ForeignNode, kind: Kind
) -> None:
    routine, urgent = Channel(niger), Channel(niger, "urgent.1.0")
    year = timezone.now() + dt.timedelta(days=365)
    batch = [
        *notes(niger, routine, kind, "a", expires=year),
        *notes(niger, routine, kind, "b", expires=timezone.now() + dt.timedelta(days=1)),
        *notes(niger, routine, kind, "c", expires=year),
        *notes(niger, urgent, kind, "d", expires=year),
    ]
    data = sealed_for_us(niger, [said(niger, *batch), said(niger, *notes(niger, routine, kind, "e", expires=year))])
    with time_machine.travel(timezone.now() + dt.timedelta(days=2)):
        row = opened(data)
        assert row.contents["applied"] == 2
        [[stream, code, _]] = row.stopped
        assert (row.state, stream, code, row.contents["stopped"]) == ("whole", "routine.1.0", "envelope_expired", 3)
        assert packed().hellos[0].problem.code == "envelope_expired"
    # The clock was wrong here, say: the same pouch is looked at again.
    assert opened(data).stopped == []
    assert Record.objects.filter(kind="test.note").count() == 5
    assert packed().hellos[0].problem is None


def test_what_the_neighbour_could_not_take_is_sealed_anew(packed: Packing, niger: ForeignNode, kind: Kind) -> None:
    for n in range(3):
        issue(BY, kind, content(kind, str(n)))
    hashes = [envelope.hash for envelope in packed().envelopes]
    have = {"routine.1.0": Cursor(1, hashes[0])}
    with time_machine.travel(timezone.now() + dt.timedelta(days=30)):
        problem = Problem("envelope_expired", "routine.1.0 2")
        data = sealed_for_us(niger, [said(niger, have=have, problem=problem)])
        assert opened(data).contents["sealed_anew"] == 1
        assert packed().places == [("routine.1.1", 1), ("routine.1.1", 2)]
        opened(data)
        assert not Stream.objects.filter(name="routine.1.2").exists()


def test_a_gap_is_said_and_nothing_behind_it_is_taken(packed: Packing, niger: ForeignNode, kind: Kind) -> None:
    """A pouch that was made before we were restored builds on what we lost."""
    channel = Channel(niger)
    batch = notes(niger, channel, kind, *"abcd")
    row = opened(sealed_for_us(niger, [said(niger, *batch[2:])]))
    assert row.stopped == [["routine.1.0", "sequence_gap", "routine.1.0 1"]]
    found = packed()
    assert (found.hellos[0].problem.code, found.hellos[0].have["routine.1.0"].seq) == ("sequence_gap", 0)
    assert opened(sealed_for_us(niger, [said(niger, *batch)])).contents["applied"] == 4


def test_evidence_in_a_pouch_shows_that_we_run_from_an_old_copy(
    packed: Packing, niger: ForeignNode, kind: Kind
) -> None:
    issue(BY, kind, content(kind, "1"))
    issue(BY, kind, content(kind, "2"))
    newest = Sealed.objects.filter(pk__gt=0)
    found = packed()
    data = bytes(newest.get(hash=found.envelopes[-1].hash).envelope)
    opened(sealed_for_us(niger, [said(niger, items={"own": [data]})]))
    assert restoring() is None
    # The second message was made after the backup that this node was restored from.
    newest.filter(hash=found.envelopes[-1].hash).delete()
    Stream.objects.filter(incoming=False).update(seq=1, head=found.envelopes[0].hash)
    mine = notes(niger, Channel(niger), kind, "a")
    pouch = sealed_for_us(niger, [said(niger, *mine, items={"own": [data]})])
    assert refused(pouch)[0] == "node_restoring"
    assert Restore.objects.get().by == "NER"
    assert not Record.objects.filter(kind="test.note", received_from="NER").exists()
    assert refused(pouch)[0] == "node_restoring"
    with pytest.raises(Refused, match="node_restoring"):
        packed()
    ender = Grant(CARRIER.actor, Permission.EXCHANGE_RESTORE_END)
    restore.end_restore(ender, "the newest backup that there was")
    assert opened(pouch).contents["applied"] == 1
    assert (restoring(), epoch()) == (None, 2)  # the same evidence, of an epoch that has ended, says nothing new
    assert packed().hellos[0].epoch == 2


def test_receipts_for_what_we_lost_are_passed_over(packed: Packing, niger: ForeignNode, kind: Kind) -> None:
    issue(BY, kind, content(kind, "1"))
    issue(BY, kind, content(kind, "2"))
    packed()
    lost = receipt(niger, 2)
    Sealed.objects.filter(seq=2).delete()
    Stream.objects.filter(incoming=False).update(seq=1)
    mine = notes(niger, Channel(niger), kind, "a")
    row = opened(sealed_for_us(niger, [said(niger, *mine, items={"receipts": [lost]})]))
    assert (row.contents["receipts_passed"], row.contents["applied"]) == (1, 1)


# --- attachments ------------------------------------------------------------------------------------------------------


class Letter(Body):
    """A body that brings files."""

    text: Line
    files: tuple[Descriptor, ...] = ()


@pytest.fixture
def letter() -> Iterator[Kind]:
    new = register(Kind("test.note", 2, Letter))
    attached.carry(new)
    yield new
    del KINDS["test.note", 2]


def with_files(kind: Kind, *sizes: int) -> Any:
    files = tuple(attachments.store(f"{n}.bin", "", io.BytesIO(os.urandom(size))) for n, size in enumerate(sizes))
    body = Letter(text="see the files", files=files)
    return files, read_content(kind, terms("border_check", "test", 30, body), timezone.now())


def test_files_go_along_with_their_records(packed: Packing, niger: ForeignNode, kind: Kind, letter: Kind) -> None:
    (one, two), about = with_files(letter, 600_000, 10)
    issue(BY, letter, about)
    found = packed()
    assert [(blob.hex(), n) for blob, n in found.chunks] == [(one.blob, 0), (one.blob, 1), (one.blob, 2), (two.blob, 0)]
    assert (Pouch.objects.get().contents["files"], Pouch.objects.get().contents["files_left"]) == (2, 0)


def test_files_that_have_no_room_are_said_and_go_when_they_are_asked_for(
    packed: Packing, niger: ForeignNode, kind: Kind, letter: Kind
) -> None:
    (one, two), about = with_files(letter, 1_300_000, 900_000)
    issue(BY, letter, about)
    found = packed(most=LEAST)
    assert len(found.chunks) == 3
    assert Pouch.objects.first().contents["files_left"] == 2
    envelope = found.envelopes[0]
    have = {"routine.1.0": Cursor(1, envelope.hash)}
    assert packed(most=10 * LEAST).chunks[0][1] == 0  # nothing is known of the first pouch yet
    opened(
        sealed_for_us(niger, [said(niger, have=have, lack={one.blob: 3}), said(niger, have=have, lack={two.blob: 0})])
    )
    # One file after the other, in no order of theirs.
    asked = [(blob.hex(), n) for blob, n in packed(most=10 * LEAST).chunks]
    files = [(one.blob, 3), (one.blob, 4)], [(two.blob, n) for n in range(4)]
    assert asked in ([*files[0], *files[1]], [*files[1], *files[0]])
    opened(sealed_for_us(niger, [said(niger, have=have)]))
    assert packed().chunks == []


def test_nobody_is_given_a_file_that_was_not_sealed_to_him(packed: Packing, niger: ForeignNode, letter: Kind) -> None:
    (one,), about = with_files(letter, 10)
    issue(BY, letter, about)
    Outgoing.objects.filter(node="NER").update(state="held")
    opened(sealed_for_us(niger, [said(niger, lack={one.blob: 0})]))
    assert packed().chunks == []


def test_chunks_of_a_pouch_are_kept_and_asked_for_where_they_lack(
    packed: Packing, niger: ForeignNode, kind: Kind, letter: Kind, settings: Any, tmp_path: Path
) -> None:
    ours, settings.DATA = settings.DATA, tmp_path / "NER"
    settings.DATA.mkdir()
    descriptors, about = [], []
    for _ in range(10):
        (one,), content_ = with_files(letter, 300_000)
        descriptors.append(one)
        about.append(content_)
    chunks = [
        CHUNK_PLACE.pack(bytes.fromhex(one.blob), n) + attachments.chunk(one.blob, n)
        for one in descriptors
        for n in (0, 1)
    ]
    settings.DATA = ours
    channel = Channel(niger)
    batch = [channel.envelope(niger.statement(letter, one)) for one in about]
    brought = [*chunks[:2], *chunks[6:9], chunks[1]]
    data = sealed_for_us(niger, [said(niger, *batch), *(said(niger, items={"chunks": [chunk]}) for chunk in brought)])
    row = opened(data)
    assert (row.contents["chunks"], row.contents["chunks_passed"]) == (5, 1)
    assert [attachments.held(one) for one in descriptors] == [2, 0, 0, 2, 1, 0, 0, 0, 0, 0]
    hellos_ = packed().hellos
    assert len(hellos_) == 1 or {len(hello.lack) for hello in hellos_} <= {0, 1, 8}
    lack = {blob: number for hello in hellos_ for blob, number in hello.lack.items()}
    assert lack == {
        one.blob: number for one, number in zip(descriptors, [2, 0, 0, 2, 1, 0, 0, 0, 0, 0], strict=True) if number < 2
    }


def test_a_wrong_chunk_and_a_strangers_file_are_passed_over(niger: ForeignNode, kind: Kind) -> None:
    wrong = [CHUNK_PLACE.pack(b"x" * 32, 0) + b"data", b"short"]
    row = opened(sealed_for_us(niger, [said(niger, items={"chunks": wrong})]))
    assert (row.state, row.contents["chunks_passed"]) == ("whole", 2)
    assert not list((django_settings.DATA / "attachments").glob("*"))


# --- ledgers ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ledger(niger: ForeignNode) -> Peer:
    """The neighbour's ledger, as its program would keep it."""
    peer = Peer("NER", foreign=niger)
    peer.append(5)
    return peer


def offered(peer: Peer) -> bytes:
    """A pouch with what the neighbour says of ledgers now."""
    peer.offer()
    return sealed_for_us(peer.foreign, [said(peer.foreign, ledger=peer.says_to("LBY"))])


def test_nodes_that_no_line_reaches_witness_each_other_all_the_same(packed: Packing, ledger: Peer) -> None:
    opened(offered(ledger))
    held = newest_checkpoints()["NER"]
    assert held.size == 5
    heard = ledger.hears("LBY", packed().hellos[0].ledger)
    assert heard.witnessed is not None
    ledger.append(3)
    opened(offered(ledger))
    assert newest_checkpoints()["NER"].size == 8


def test_a_ledger_that_a_pouch_shows_late_is_no_fork(packed: Packing, ledger: Peer) -> None:
    early = offered(ledger)
    ledger.hears("LBY", packed().hellos[0].ledger)
    ledger.append(3)
    late = offered(ledger)
    opened(late)
    assert opened(early).state == "whole"
    assert newest_checkpoints()["NER"].size == 8
    assert not Leaf.objects.filter(act="ledger_forked").exists()


def test_a_rewritten_ledger_stops_the_pouch_and_every_other(packed: Packing, ledger: Peer, kind: Kind) -> None:
    opened(offered(ledger))
    ledger.hears("LBY", packed().hellos[0].ledger)
    twin = ledger.twin()
    twin.rewrite([b"another", *ledger.log.leaves[1:], b"more"])
    mine = notes(ledger.foreign, Channel(ledger.foreign), kind, "a")
    twin.offer()
    rewritten = said(ledger.foreign, *mine, ledger=twin.says_to("LBY"))
    assert refused(sealed_for_us(ledger.foreign, [rewritten])) == ("ledger_forked", "NER")
    assert refused(sealed_for_us(ledger.foreign, [said(ledger.foreign, *mine)])) == ("ledger_forked", "NER")
    assert not Record.objects.filter(kind="test.note").exists()
    with pytest.raises(Refused, match="ledger_forked"):
        packed()


def test_a_word_on_ledgers_that_proves_nothing_is_passed_over(niger: ForeignNode, kind: Kind) -> None:
    mine = notes(niger, Channel(niger), kind, "a")
    row = opened(sealed_for_us(niger, [said(niger, *mine, ledger={"v": 1, "nonsense": True})]))
    assert (row.contents["applied"], row.contents["ledger_passed"]) == (1, 1)


# --- last words -------------------------------------------------------------------------------------------------------


def test_a_fresh_hello_is_kept_for_the_next_pouch(niger: ForeignNode) -> None:
    from jiwar.exchange.this_node import ThisNode

    said_ = hellos.read(niger.hello(have={"routine.1.0": Cursor(7, "ab" * 32)}, sent={"routine.1.0": Sent(3, 1)}))[0]
    ThisNode(reaching=False).heard(said_, {})
    assert word().have == {"routine.1.0": 7}
    assert last_words.owed("NER") == {"routine.1.0": Sent(3, 1)}
    lower: Hello = dataclasses.replace(said_, have={"routine.1.0": Cursor(5, "ab" * 32)})
    last_words.note(lower, fresh=False)
    assert word().have == {"routine.1.0": 7}
    last_words.note(lower, fresh=True)
    assert word().have == {"routine.1.0": 5}
    assert LastWord.objects.count() == 1
