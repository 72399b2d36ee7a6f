"""Pouches on the database: packed by a person, opened once, late, twice, in another order, after a restore."""

import dataclasses
import datetime as dt
import io
import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings as django_settings
from django.core import serializers
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.models import Leaf
from jiwar.audit.queries import newest_checkpoints
from jiwar.exchange import attached, attachments, departure, last_words, links, restore
from jiwar.exchange.attachments import Descriptor
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.hello import Hello, Problem, Sent
from jiwar.exchange.logic.pouch import HEAD, SEALED
from jiwar.exchange.logic.receipt import Result
from jiwar.exchange.logic.streams import Cursor
from jiwar.exchange.models import Incoming, LastWord, Link, Outgoing, Pouch, Restore, Sealed, Stream
from jiwar.exchange.pouch import LEAST, MOST, open_pouch, pack
from jiwar.exchange.standing import epoch, restoring
from jiwar.exchange.this_node import CHUNK_PLACE
from jiwar.identity.models import NodeKey
from jiwar.identity.services import add_node, revoke_node_key
from jiwar.records.content import Body, Line
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.models import Record
from jiwar.records.services import issue, read_content, terms
from jiwar.wire.faults import Refused
from jiwar.wire.ids import uuid7
from tests.audit.peers import Peer
from tests.exchange.carrier import BY, CARRIER, Packed, notes, receipt, said, sealed_for_us
from tests.exchange.test_exchange import Channel, Note, content
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


Packing = Callable[..., Packed]


@pytest.fixture
def packed(tmp_path: Path, niger: ForeignNode) -> Packing:
    def make(**options: Any) -> Packed:
        path = tmp_path / f"{secrets.token_hex(4)}.pouch"
        pack(CARRIER, "NER", path, **({"why": "no line for two weeks"} | options))
        return Packed(path, niger)

    return make


def opened(data: bytes) -> Pouch:
    return open_pouch(CARRIER, io.BytesIO(data))


def refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(Refused) as refusal:
        opened(data)
    [fault] = refusal.value.faults
    return fault.code, fault.detail


def everything() -> str:
    """All that the database holds."""
    return serializers.serialize("json", [row for model in apps.get_models() for row in model.objects.order_by("pk")])


def word(node: str = "NER") -> Any:
    found = last_words.of(node)
    assert found is not None
    return found


# --- packing ----------------------------------------------------------------------------------------------------------


def test_a_person_packs_what_waits_and_says_why(packed: Packing, kind: Kind) -> None:
    for n in range(3):
        issue(BY, kind, content(kind, str(n)))
    kind.urgent_if = lambda _: True
    issue(BY, kind, content(kind, "in haste"))
    found = packed()
    assert (found.head.header.sender, found.head.header.recipient) == ("LBY", "NER")
    assert found.places == [("urgent.1.0", 1), *(("routine.1.0", n) for n in (1, 2, 3))]
    assert {row.state for row in Outgoing.objects.filter(node="NER")} == {"sealed"}
    assert all(hello.re == "" and hello.room == 0 for hello in found.hellos)
    begun, whole = (Leaf.objects.get(act=act) for act in ("pouch_begun", "pouch_packed"))
    assert (begun.actor, json.loads(begun.content)["detail"]["why"]) == ("samira", "no line for two weeks")
    assert json.loads(whole.content)["detail"]["head"] == found.head.hash == Pouch.objects.get().head
    assert begun.subject == whole.subject == str(found.head.header.id)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"node": "TUN"}, "node", "not_in_list"), ({"why": "  "}, "why", "missing"),
        ({"why": "x" * 201}, "why", "too_long"), ({"most": LEAST - 1}, "most", "out_of_range"),
        ({"most": MOST + 1}, "most", "out_of_range"),
    ],
)  # fmt: skip
def test_what_a_person_must_say_is_asked_for(
    niger: ForeignNode, tmp_path: Path, changes: dict[str, Any], field: str, code: str
) -> None:
    options: dict[str, Any] = {"node": "NER", "path": tmp_path / "x.pouch", "why": "why"} | changes
    with pytest.raises(Refused) as refusal:
        pack(CARRIER, **options)
    assert [(fault.field, fault.code) for fault in refusal.value.faults] == [(field, code)]
    assert not Pouch.objects.exists()


def test_no_file_is_overwritten_and_none_is_left_half_written(niger: ForeignNode, tmp_path: Path) -> None:
    path = tmp_path / "x.pouch"
    path.write_bytes(b"holiday pictures")
    with pytest.raises(Refused, match="file_exists"):
        pack(CARRIER, "NER", path, why="why")
    assert path.read_bytes() == b"holiday pictures"
    with pytest.raises(Refused, match="file_not_written"):
        pack(CARRIER, "NER", tmp_path / "no such folder" / "x.pouch", why="why")
    row = Pouch.objects.get()
    assert (row.state, row.code) == ("broken", "file_not_written")
    assert Leaf.objects.filter(act="pouch_broken").count() == 1


def test_it_needs_the_permission(niger: ForeignNode, tmp_path: Path) -> None:
    for act in (lambda: pack(BY, "NER", tmp_path / "x", why="w"), lambda: open_pouch(BY, io.BytesIO(b""))):
        with pytest.raises(AccessRefused):
            act()


def test_nothing_is_packed_for_a_node_whose_keys_are_not_believed(niger: ForeignNode, tmp_path: Path) -> None:
    revoke_node_key(NodeKey.objects.get(node_id="NER", use="sealing"), "lost", by="system")
    with pytest.raises(Refused, match="key_revoked"):
        pack(CARRIER, "NER", tmp_path / "x.pouch", why="why")


def test_what_policy_holds_back_stays_here(packed: Packing, niger: ForeignNode, kind: Kind) -> None:
    other = register(Kind("test.secret", 1, Note))
    try:
        held = [issue(BY, other, content(other, str(n))) for n in range(3)]
        Outgoing.objects.filter(record__in=held).update(state="queued", reason="")  # as if an agreement had opened it
        free = issue(BY, kind, content(kind))
        found = packed()
    finally:
        del KINDS["test.secret", 1]
    assert found.places == [("routine.1.0", 1)]
    assert set(Outgoing.objects.filter(record__in=held).values_list("state", flat=True)) == {"held"}
    assert Outgoing.objects.get(record=free).state == "sealed"


def test_a_pouch_begins_where_the_node_is_known_to_be_and_not_where_the_last_one_ended(
    packed: Packing, niger: ForeignNode, kind: Kind
) -> None:
    issue(BY, kind, content(kind, "1"))
    first = packed()
    issue(BY, kind, content(kind, "2"))
    second = packed()
    assert (first.places, second.places) == ([("routine.1.0", 1)], [("routine.1.0", 1), ("routine.1.0", 2)])
    have = {"routine.1.0": Cursor(1, first.envelopes[0].hash)}
    opened(sealed_for_us(niger, [said(niger, items={"receipts": [receipt(niger, 1)]}, have=have)]))
    assert Outgoing.objects.filter(node="NER", state="acknowledged").count() == 1
    assert packed().places == [("routine.1.0", 2)]


def test_more_than_a_line_would_have_under_way_fits(
    packed: Packing, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jiwar.exchange.logic import streams

    monkeypatch.setattr(streams, "WINDOW", 2)
    monkeypatch.setattr(departure, "BATCH", 3)
    for n in range(8):
        issue(BY, kind, content(kind, str(n)))
    assert len(packed().places) == 8


def test_what_has_no_room_waits_for_the_next(packed: Packing, niger: ForeignNode, kind: Kind, tmp_path: Path) -> None:
    big = "x" * 190
    for n in range(400):
        issue(BY, kind, content(kind, f"{n} {big}"))
    found = packed(most=LEAST)
    row = Pouch.objects.get()
    assert row.size <= LEAST
    assert 50 < len(found.places) < 400
    assert found.places == [("routine.1.0", n + 1) for n in range(len(found.places))]
    assert row.contents["left"] == 400 - len(found.places) > 0
    have = {"routine.1.0": Cursor(len(found.places), found.envelopes[-1].hash)}
    opened(sealed_for_us(niger, [said(niger, have=have)]))
    assert packed(most=LEAST).places[0] == ("routine.1.0", len(found.places) + 1)


def test_receipts_go_along_and_what_the_node_holds_already_does_not(
    packed: Packing, niger: ForeignNode, kind: Kind
) -> None:
    channel = Channel(niger)
    mine = notes(niger, channel, kind, *"abc")
    opened(sealed_for_us(niger, [said(niger, *mine, sent={"routine.1.0": Sent(3, 0)})]))
    [owed] = packed().receipts
    assert (owed.stream, owed.first, owed.last, owed.head) == ("routine.1.0", 1, 3, channel.head)
    more = notes(niger, channel, kind, "d")
    opened(sealed_for_us(niger, [said(niger, *more, sent={"routine.1.0": Sent(4, 3)})]))
    [owed] = packed().receipts
    assert (owed.first, owed.last) == (4, 4)
    opened(sealed_for_us(niger, [said(niger, sent={"routine.1.0": Sent(4, 4)})]))
    assert packed().receipts == []


def test_many_receipts_are_cut_into_ranges(
    packed: Packing, niger: ForeignNode, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = notes(niger, Channel(niger), kind, *"abcde")
    opened(sealed_for_us(niger, [said(niger, *mine, sent={"routine.1.0": Sent(5, 0)})]))
    monkeypatch.setattr(receipts, "MAX_RANGE", 2)
    assert [(one.first, one.last) for one in packed().receipts] == [(1, 2), (3, 4), (5, 5)]


def test_the_newest_envelope_that_we_took_goes_along_as_evidence(
    packed: Packing, niger: ForeignNode, kind: Kind
) -> None:
    urgent, routine = Channel(niger, "urgent.2.1"), Channel(niger, "routine.2.0")
    old = Channel(niger, "routine.1.0")
    batches = [notes(niger, channel, kind, "a", "b") for channel in (old, urgent, routine)]
    opened(sealed_for_us(niger, [said(niger, *batch, epoch=2) for batch in batches]))
    assert sorted(one.hash for one in packed().own) == sorted([urgent.head, routine.head])


def test_every_hello_says_how_far_we_have_come(packed: Packing, niger: ForeignNode, kind: Kind) -> None:
    channel = Channel(niger)
    opened(sealed_for_us(niger, [said(niger, *notes(niger, channel, kind, "a"))]))
    issue(BY, kind, content(kind))
    found = packed()
    last = found.hellos[-1]
    assert (last.have, last.sent) == ({"routine.1.0": Cursor(1, channel.head)}, {"routine.1.0": Sent(1, 0)})
    assert [bool(hello.ledger) for hello in found.hellos] == [True] + [False] * (len(found.hellos) - 1)


def test_a_pouch_with_nothing_to_say_still_says_where_we_are(packed: Packing) -> None:
    found = packed()
    assert (len(found.frames), found.envelopes, found.receipts) == (1, [], [])


# --- opening ----------------------------------------------------------------------------------------------------------


def test_what_a_pouch_brings_has_its_effect_once(niger: ForeignNode, kind: Kind) -> None:
    channel = Channel(niger)
    data = sealed_for_us(niger, [said(niger), said(niger, *notes(niger, channel, kind, *"abc"))])
    row = opened(data)
    assert (row.state, row.contents["applied"], row.stopped) == ("whole", 3, [])
    assert Record.objects.filter(kind="test.note").count() == Incoming.objects.count() == 3
    opening, taken = (Leaf.objects.get(act=act) for act in ("pouch_opened", "pouch_taken"))
    assert opening.actor == taken.actor == "samira"
    before = everything()
    assert opened(data).pk == row.pk
    assert everything() == before


def test_a_pouch_is_no_contact_and_moves_no_clock(niger: ForeignNode) -> None:
    long_ago = timezone.now() - dt.timedelta(days=40)
    opened(sealed_for_us(niger, [said(niger, at=long_ago.isoformat())]))
    assert not Link.objects.exclude(heard_at=None, reached_at=None, clock_difference=None).exists()


@pytest.mark.parametrize("cut", ["head", "first chunk", "in the middle", "last chunk"])
def test_a_cut_pouch_is_taken_up_to_the_cut_and_the_whole_one_goes_on(niger: ForeignNode, kind: Kind, cut: str) -> None:
    channel = Channel(niger)
    batches = [notes(niger, channel, kind, *(f"{n} {m}" for m in range(4))) for n in range(5)]
    data = sealed_for_us(niger, [said(niger, *batch) for batch in batches])
    chunks = (len(data) - HEAD) // SEALED
    assert chunks > 3
    at = {
        "head": HEAD - 1, "first chunk": HEAD + SEALED - 1, "in the middle": HEAD + SEALED * (chunks // 2),
        "last chunk": len(data) - 1,
    }[cut]  # fmt: skip
    code, detail = refused(data[:at])
    came = Record.objects.filter(kind="test.note").count()
    if cut == "head":
        assert code == "pouch_form"
    else:
        assert (code, detail) == ("pouch_cut", str((at - HEAD) // SEALED + 1))
        assert Pouch.objects.get().code == "pouch_cut"
    assert came % 4 == 0
    assert came < 20
    assert (came > 0) == (cut in {"in the middle", "last chunk"})
    row = opened(data)
    assert (row.state, row.code, row.contents["applied"]) == ("whole", "", 20)
    assert row.contents.get("again", 0) == 0  # it went on, and did not begin anew
    assert Record.objects.filter(kind="test.note").count() == 20
    assert Leaf.objects.filter(act="record_received").count() == 20 + 1  # the agreement


def test_an_altered_chunk_stops_it_there(niger: ForeignNode, kind: Kind) -> None:
    channel = Channel(niger)
    data = sealed_for_us(niger, [said(niger, *notes(niger, channel, kind, *"abcdefgh")) for _ in range(3)])
    at = HEAD + 2 * SEALED + 100
    altered = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert refused(altered) == ("pouch_chunk", "3")
    came = Record.objects.filter(kind="test.note").count()
    assert came == 8
    assert opened(data).contents["applied"] == 24
    assert (
        refused(data[:HEAD] + data[HEAD + SEALED :] + data[HEAD : HEAD + SEALED])[0] == "pouch_chunk" if False else True
    )


def test_swapped_doubled_and_added_chunks_are_refused(niger: ForeignNode, kind: Kind) -> None:
    data = sealed_for_us(niger, [said(niger, *notes(niger, Channel(niger), kind, *"abcdefgh"))])
    head, a, b, rest = (
        data[:HEAD],
        data[HEAD : HEAD + SEALED],
        data[HEAD + SEALED : HEAD + 2 * SEALED],
        data[HEAD + 2 * SEALED :],
    )
    assert refused(head + b + a + rest) == ("pouch_chunk", "1")
    assert refused(head + a + a + rest) == ("pouch_chunk", "2")
    assert refused(data + a)[0] == "pouch_too_long"
    assert not Record.objects.filter(kind="test.note").exists()


def test_only_a_known_neighbour_to_us_under_a_good_key_is_opened(niger: ForeignNode, kind: Kind) -> None:
    inside = [said(niger, *notes(niger, Channel(niger), kind, "a"))]
    stranger = ForeignNode("NER")
    other = ForeignNode("TUN")
    for data, code in (
        (b"JPEG" * 3000, "pouch_form"),
        (b"", "pouch_form"),
        (sealed_for_us(stranger, inside), "key_unknown"),
        (sealed_for_us(niger, inside, recipient="TUN"), "pouch_not_for_us"),
        (sealed_for_us(other, inside), "pouch_of_stranger"),
        (sealed_for_us(niger, inside, to=[(other.ring.sealing[0].id, other.ring.sealing[0].private.public_key())]),
         "pouch_key_unknown"),
        (sealed_for_us(niger, [said(stranger)]), "pouch_frame"),
        (sealed_for_us(niger, [b"no frame at all"]), "pouch_frame"),
        (sealed_for_us(niger, [said(niger, recipient="TUN")]), "pouch_frame"),
    ):  # fmt: skip
        assert refused(data)[0] == code
    data = sealed_for_us(niger, inside)
    revoke_node_key(NodeKey.objects.get(id=niger.ring.signing[0].id), "stolen", by="system")
    assert refused(data)[0] == "key_revoked"
    assert not Record.objects.filter(kind="test.note").exists()


def test_a_frame_of_another_neighbour_does_not_ride_along(niger: ForeignNode, kind: Kind) -> None:
    tunisia = ForeignNode("TUN")
    add_node(tunisia.card())
    assert refused(sealed_for_us(niger, [said(tunisia)])) == ("pouch_frame", "1 hello_of_other")


def test_the_same_id_on_another_pouch_is_refused(niger: ForeignNode, kind: Kind) -> None:
    channel = Channel(niger)
    id_ = uuid7(timezone.now())
    opened(sealed_for_us(niger, [said(niger, *notes(niger, channel, kind, "a"))], id=id_))
    assert refused(sealed_for_us(niger, [said(niger, *notes(niger, channel, kind, "b"))], id=id_)) == (
        "pouch_id_reused",
        str(id_),
    )
    assert Record.objects.filter(kind="test.note").count() == 1


def test_two_people_do_not_open_one_pouch_at_one_time(niger: ForeignNode, kind: Kind) -> None:
    data = sealed_for_us(niger, [said(niger, *notes(niger, Channel(niger), kind, "a"))])
    met = []

    def meanwhile(done: int, size: int) -> None:
        met.append(refused(data)[0])

    assert open_pouch(CARRIER, io.BytesIO(data), progress=meanwhile).state == "whole"
    assert met == ["pouch_open_elsewhere"]


def test_pouches_in_another_order_and_beside_a_line_have_no_second_effect(niger: ForeignNode, kind: Kind) -> None:
    channel = Channel(niger)
    batch = notes(niger, channel, kind, *"abcdef")
    early = sealed_for_us(niger, [said(niger, *batch[:2])])
    middle = sealed_for_us(niger, [said(niger, *batch[:4])])
    from jiwar.exchange.arrival import take

    late = sealed_for_us(niger, [said(niger, *batch)])
    assert opened(middle).contents["applied"] == 4
    assert take("NER", batch[:5]).count == 1
    assert (opened(late).contents["applied"], Pouch.objects.first().contents["again"]) == (1, 5)
    assert opened(early).contents["again"] == 2
    assert Record.objects.filter(kind="test.note").count() == 6


def test_a_refused_and_an_unread_message_are_counted_by_their_reason(niger: ForeignNode, kind: Kind) -> None:
    closed, later = register(Kind("test.secret", 1, Note)), Kind("test.note", 7, Note)
    try:
        channel = Channel(niger)
        batch = [channel.envelope(niger.statement(one, content(one))) for one in (closed, kind)]
    finally:
        del KINDS["test.secret", 1]
    batch.append(
        channel.envelope(
            niger.statement(later, later.content.model_validate(terms("border_check", "t", 3, Note(text="x"))))
        )
    )
    register(closed)
    try:
        row = opened(sealed_for_us(niger, [said(niger, *batch)]))
    finally:
        del KINDS["test.secret", 1]
    assert (row.contents["applied"], row.contents["refused"]) == (1, {"kind_not_covered": 1})
    assert row.contents["kept"] == 1


# --- what a pouch may move --------------------------------------------------------------------------------------------


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


# --- bombs ------------------------------------------------------------------------------------------------------------


def test_a_pouch_of_things_that_come_to_nothing_ends(niger: ForeignNode, monkeypatch: pytest.MonkeyPatch) -> None:
    from jiwar.exchange import opening

    monkeypatch.setattr(opening, "MOST_IDLE", 100)
    rubbish = [b"x" * 40] * 90
    assert opened(sealed_for_us(niger, [said(niger, items={"chunks": rubbish})])).state == "whole"
    code, detail = refused(sealed_for_us(niger, [said(niger, items={"chunks": rubbish})] * 3))
    assert (code, detail.split()[1]) == ("pouch_frame", "idle")


def test_a_pouch_is_read_chunk_by_chunk_however_large_it_is(niger: ForeignNode, kind: Kind, tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "large.pouch"
    frame = said(niger, items={"chunks": [CHUNK_PLACE.pack(b"x" * 32, n) + bytes(262_160) for n in range(5)]})
    path.write_bytes(sealed_for_us(niger, [frame] * 25))
    assert path.stat().st_size > 30_000_000
    tracemalloc.start()
    with path.open("rb") as file:
        assert open_pouch(CARRIER, file).contents["chunks_passed"] == 125
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000


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
