"""A pouch is opened: once, late, twice, cut, altered, in another order, and never as a bomb."""

import datetime as dt
import io
from pathlib import Path

import pytest
from django.utils import timezone

from jiwar.audit.models import Leaf
from jiwar.exchange.logic.pouch import HEAD, SEALED
from jiwar.exchange.models import Incoming, Link, Pouch
from jiwar.exchange.pouch import open_pouch
from jiwar.exchange.this_node import CHUNK_PLACE
from jiwar.identity.models import NodeKey
from jiwar.identity.services import add_node, revoke_node_key
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.models import Record
from jiwar.records.services import terms
from jiwar.wire.ids import uuid7
from tests.exchange.carrier import (
    CARRIER,
    everything,
    notes,
    opened,
    refused,
    said,
    sealed_for_us,
)
from tests.exchange.test_exchange import Channel, Note, content
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


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
