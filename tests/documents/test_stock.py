"""Numbered blanks: one keeper at each moment, two signatures for each change of hands, and no number twice."""

from pathlib import Path
from typing import Any

import pytest

from jiwar.access.permissions import Permission as P
from jiwar.audit.models import Leaf
from jiwar.documents import stock
from jiwar.documents.models import Blank, BlankHandover, LostDocument
from jiwar.wire.faults import Refused
from tests.documents.issuing import Office


@pytest.fixture
def office(db: None, settings: Any, tmp_path: Path) -> Office:
    settings.KEYS = tmp_path / "keys"
    return Office.make(settings.KEYS)


def codes(refused: Any) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in refused.value.faults]


def counted(**where: Any) -> int:
    return Blank.objects.filter(**where).count()


def test_blanks_change_hands_with_two_signatures(office: Office) -> None:
    giver, taker = (office.by(P.DOCUMENTS_STOCK_MANAGE, who) for who in (office.author, office.approver))
    office.blanks("crossing", "CP000001", "CP000100")
    offer = stock.hand_over(giver, "CP000001", "CP000040", taker.actor_id)
    # On their way they are nobody's to use, to spoil, or to hand over again.
    assert stock.next_blank(giver.actor_id, "crossing") == "CP000041"
    assert stock.next_blank(taker.actor_id, "crossing") == ""
    for act in (
        lambda: stock.spoil(giver, "CP000001", "torn"),
        lambda: stock.hand_over(giver, "CP000040", "CP000050", taker.actor_id),
        lambda: stock.lose(taker, "CP000001", "CP000001", "theft"),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert codes(refused) == [("blank_not_yours", "first")]
    with pytest.raises(Refused) as refused:
        stock.answer(giver, offer.pk, takes=True)  # the giver cannot sign for the taker
    assert codes(refused) == [("handover_unknown", "")]
    stock.answer(taker, offer.pk, takes=True)
    assert stock.next_blank(taker.actor_id, "crossing") == "CP000001"
    assert (counted(keeper=taker.actor_id), counted(keeper=giver.actor_id)) == (40, 60)
    with pytest.raises(Refused):
        stock.answer(taker, offer.pk, takes=False)  # signed is signed
    acts = list(Leaf.objects.filter(act__startswith="blanks_").order_by("pk").values_list("act", "actor"))
    assert acts == [
        ("blanks_received", giver.actor_id),
        ("blanks_handed_over", giver.actor_id),
        ("blanks_taken", taker.actor_id),
    ]


def test_what_the_taker_refuses_stays_with_the_giver(office: Office) -> None:
    giver, taker = (office.by(P.DOCUMENTS_STOCK_MANAGE, who) for who in (office.author, office.approver))
    office.blanks("crossing", "CP000001", "CP000010")
    offer = stock.hand_over(giver, "CP000001", "CP000010", taker.actor_id)
    assert stock.answer(taker, offer.pk, takes=False).state == BlankHandover.State.REFUSED
    assert counted(keeper=giver.actor_id, state=Blank.State.KEPT) == 10


@pytest.mark.parametrize(
    ("first", "last", "fault"),
    [
        ("CP000050", "CP000150", ("blanks_known", "first")),
        ("CP000100", "CP000100", ("blanks_known", "first")),
        ("CP0000101", "CP0000120", None),  # seven digits, yet numbers 101 to 120 are free
        ("CP000101", "DV000120", ("out_of_range", "last")),
        ("CP000120", "CP000101", ("out_of_range", "last")),
        ("CP000101", "CP0000120", ("out_of_range", "last")),
        ("CP000101", "CP020000", ("out_of_range", "last")),
        ("cp000101", "CP000120", ("number_wrong_form", "first")),
        ("CP00010１", "CP000120", ("number_wrong_form", "first")),
    ],
)
def test_no_number_is_received_twice(first: str, last: str, fault: Any, office: Office) -> None:
    office.blanks("crossing", "CP000001", "CP000100")
    if fault is None:
        assert str(office.blanks("crossing", first, last)) == f"{first} - {last}"
        return
    with pytest.raises(Refused) as refused:
        office.blanks("emergency", first, last)
    assert codes(refused) == [fault]
    assert counted() == 100


def test_lost_blanks_are_a_series_of_the_register_of_lost_documents(office: Office) -> None:
    office.blanks("crossing", "CP000001", "CP000100")
    by = office.by(P.DOCUMENTS_STOCK_MANAGE)
    with pytest.raises(Refused) as refused:
        stock.lose(by, "CP000010", "CP000019", "  ")
    assert codes(refused) == [("missing", "reason")]
    stock.lose(by, "CP000010", "CP000019", "the car was taken at Arlit")
    row = LostDocument.objects.get()
    assert (row.issuer, row.number, row.last) == ("LBY", "CP000010", "CP000019")
    assert counted(state=Blank.State.LOST) == 10
    with pytest.raises(Refused):
        stock.lose(by, "CP000010", "CP000019", "again")
    stock.spoil(by, "CP000020", "printed askew")
    assert stock.next_blank(by.actor_id, "crossing") == "CP000001"
    assert not stock.keeps(by.actor_id, "crossing", "CP000020")
    assert {(row.state, row.count) for row in stock.kept()} == {("kept", 89), ("lost", 10), ("spoiled", 1)}


def test_only_people_of_the_stock_keep_blanks(office: Office) -> None:
    by = office.by(P.DOCUMENTS_STOCK_MANAGE)
    office.blanks("crossing", "CP000001", "CP000010")
    for taker in (by.actor_id, "system", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(Refused) as refused:
            stock.hand_over(by, "CP000001", "CP000005", taker)
        assert codes(refused) == [("not_in_list", "taker")]
