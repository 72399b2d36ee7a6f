"""A person packs a pouch: what goes into it, what waits, and what no file may hold."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from jiwar.access.policy import AccessRefused
from jiwar.audit.models import Leaf
from jiwar.exchange import departure
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.hello import Sent
from jiwar.exchange.logic.streams import Cursor
from jiwar.exchange.models import Outgoing, Pouch
from jiwar.exchange.pouch import LEAST, MOST, open_pouch, pack
from jiwar.identity.models import NodeKey
from jiwar.identity.services import revoke_node_key
from jiwar.records.kinds import KINDS, Kind, register
from jiwar.records.services import issue
from jiwar.wire.faults import Refused
from tests.exchange.carrier import BY, CARRIER, Packing, notes, opened, receipt, said, sealed_for_us
from tests.exchange.test_exchange import Channel, Note, content
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


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
