"""Repair of what optical reading confuses: the one way that every check digit allows, or none."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.mrz import read_mrz
from jiwar.documents.logic.mrz_layout import LAYOUTS
from jiwar.documents.logic.mrz_repair import Change, repair_mrz
from tests.documents.test_mrz import AT, LONG_TD1, SAMPLES, SPECIMEN, TD1

ALIKE = ("0ODQ", "1IL", "2Z", "5S", "6G", "7T", "8B", "K<")


@pytest.mark.parametrize(
    ("right", "misread", "change"),
    [
        ("7408122", "74O8122", Change(2, 16, "O", "0")),
        ("L898902C36", "L8989O2C36", Change(2, 6, "O", "0")),
        ("UTO74", "UT074", Change(2, 13, "0", "O")),
        ("ERIKSSON", "ERIK5SON", Change(1, 10, "5", "S")),
        ("<<<<<10", "<<<<<I0", Change(2, 43, "I", "1")),
        ("MARIA<<<<<", "MARIA<<<K<", Change(1, 29, "K", "<")),
        ("MARIA<<<", "MARIA<<", Change(1, 44, "", "<")),
        ("MARIA<<", "MARIA<<<", Change(1, 45, "<", "")),
    ],
)
def test_one_misread_character_is_mended_and_shown(right: str, misread: str, change: Change) -> None:
    repair = repair_mrz(SPECIMEN.replace(right, misread, 1), AT)
    assert repair is not None
    assert (repair.text, repair.changes) == (SPECIMEN, (change,))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_zone_that_is_right_is_left_alone(name: str) -> None:
    assert repair_mrz(SAMPLES[name], AT) is None


def test_where_two_letters_may_be_meant_nothing_is_suggested() -> None:
    assert repair_mrz(SPECIMEN.replace("ERIKSSON", "ER1KSSON"), AT) is None  # I or L


def test_where_two_repairs_satisfy_the_digits_nothing_is_suggested() -> None:
    # The first and the fourth place weigh the same: 5 for S makes the digit right in either.
    zone = "I<UTO5AASAA<<<0<<<<<<<<<<<<<<<\n" + TD1.split("\n", 1)[1]
    number = next(check for check in read_mrz(zone, AT).checks if check.field == "number").expected
    right = zone.replace("<<<0", f"<<<{number}", 1)
    digit = read_mrz(right, AT).checks[-1].expected
    right = right.replace("UTO<<<<<<<<<<<6", f"UTO<<<<<<<<<<<{digit}")
    assert read_mrz(right, AT).failed == ()
    misread = right.replace("5AAS", "SAAS", 1)
    assert read_mrz(misread, AT).failed
    assert repair_mrz(misread, AT) is None


@pytest.mark.parametrize("text", ["", "NOT A ZONE", "<" * 2000, SPECIMEN.replace("7408122", "7X08122")])
def test_what_cannot_be_mended_is_left(text: str) -> None:
    assert repair_mrz(text, AT) is None


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_a_repair_is_the_zone_that_was_printed_or_none(name: str, data: st.DataObject) -> None:
    """One look-alike in a checked field: the print is one of the ways, so where there is one way it is the print."""
    zone = SAMPLES[name].replace("\n", "")
    layout = LAYOUTS[read_mrz(zone, AT).format]
    fields = [field for field in ("number", "birth_date", "expiry") if field in layout.fields]
    places = [place for field in fields for place in range(layout.fields[field].start, layout.fields[field].stop)]
    place = data.draw(st.sampled_from([p for p in places if any(zone[p] in group for group in ALIKE)]))
    group = next(group for group in ALIKE if zone[place] in group)
    other = data.draw(st.sampled_from(group.replace(zone[place], "")))
    repair = repair_mrz(zone[:place] + other + zone[place + 1 :], AT)
    assert repair is None or (repair.text.replace("\n", ""), len(repair.changes)) == (zone, 1)


def test_every_letter_in_a_date_is_mended() -> None:
    for zone in SAMPLES.values():
        joined = zone.replace("\n", "")
        layout = LAYOUTS[read_mrz(zone, AT).format]
        for field in ("birth_date", "expiry"):
            for place in range(layout.fields[field].start, layout.fields[field].stop):
                for other in next((group[1:] for group in ALIKE if group[0] == joined[place]), ""):
                    repair = repair_mrz(joined[:place] + other + joined[place + 1 :], AT)
                    assert repair is not None
                    assert repair.text == zone


@given(st.text(alphabet="<K0O1IP\nUTO8B5S", min_size=60, max_size=100))
def test_whatever_is_mended_agrees_with_itself(text: str) -> None:
    repair = repair_mrz(text, date(2026, 1, 1))
    assert repair is None or not read_mrz(repair.text, AT).failed


def test_a_long_number_is_mended_in_its_end_too() -> None:
    repair = repair_mrz(LONG_TD1.replace("<7349", "<73A9"), AT)
    assert repair is None  # A is like nothing here
