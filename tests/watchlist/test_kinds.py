"""The facts about a listed subject: what they may say, and that screening compares just that."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jiwar.watchlist.kinds import BirthDate, Listing, SubjectFacts, is_complete, to_subject
from jiwar.watchlist.logic import evidence
from jiwar.watchlist.logic.dates import PartialDate
from tests.watchlist.conftest import SAMPLE

FULL = {
    "names": [
        {"text": "Youssef El Megaryef"},
        {"text": "يوسف المقريف", "kind": "original_script", "script": "Arab"},
        {"text": "Abu Salim", "kind": "alias", "quality": "low"},
    ],
    "birth_dates": [{"date": "1984-06-17"}, {"date": "1980/1985"}, {"date": "1983", "approximate": True}],
    "sexes": ["M"],
    "nationalities": ["LBY"],
    "documents": [{"type": "passport", "country": "LBY", "number": "LY0042817"}],
    "place_of_birth": "Benghazi",
}


def facts(**changes: Any) -> SubjectFacts:
    return SubjectFacts.model_validate(FULL | changes)


def test_screening_compares_what_the_record_says() -> None:
    assert to_subject("k", facts()) == evidence.Subject(
        "k",
        (
            evidence.Name("Youssef El Megaryef", "primary", "good"),
            evidence.Name("يوسف المقريف", "original_script", "good"),
            evidence.Name("Abu Salim", "alias", "low"),
        ),
        (PartialDate(1984, 6, 17), PartialDate(1980, to_year=1985), PartialDate(1983, approximate=True)),
        ("M",),
        ("LBY",),
        (evidence.Document("passport", "LBY", "LY0042817"),),
        birth_places=("Benghazi",),
    )


def test_screening_compares_a_thing_by_its_numbers_alone() -> None:
    """What describes a thing names nobody, and a number that can be none of its kind stops nobody (rule R16)."""
    numbers = [
        {"kind": "plate", "country": "LBY", "number": "5-123456"},
        {"kind": "vin", "number": "1M8GDM9A0KP042788"},
    ]
    car = facts(type="vehicle", names=[{"text": "Youssef White Hilux"}], identifiers=numbers, birth_dates=[])
    found = to_subject("k", car, card="seize")
    assert (found.type, found.card, found.names) == ("vehicle", "seize", ())
    assert found.identifiers == (evidence.Identifier("plate", "LBY", "5-123456"),)
    ship = facts(type="vessel", names=[{"text": "Al Nour"}], identifiers=[{"kind": "imo", "number": "9074729"}])
    assert [name.text for name in to_subject("k", ship).names] == ["Al Nour"]


@given(st.dates(), st.sampled_from([1, 2, 3]), st.booleans())
def test_a_date_of_birth_survives_the_record(day: Any, precision: int, approximate: bool) -> None:
    if not 1850 <= day.year <= 2200:
        return
    date = PartialDate(*(day.year, day.month, day.day)[:precision], approximate=approximate)
    assert BirthDate.model_validate(BirthDate.of(date).model_dump(mode="json")).partial == date


@pytest.mark.parametrize(
    "changes",
    [
        {"names": []},
        {"names": [{"text": ""}]},
        {"names": [{"text": "x" * 201}]},
        {"names": [{"text": "a name"}] * 51},
        {"names": [{"text": "Youssef\x00"}]},
        {"names": [{"text": "Youssef", "kind": "nickname"}]},
        {"birth_dates": [{"date": "1984-13"}]},
        {"birth_dates": [{"date": "1984-02-30"}]},
        {"birth_dates": [{"date": "1985/1980"}]},
        {"birth_dates": [{"date": "١٩٨٤"}]},
        {"birth_dates": [{"date": "17.06.1984"}]},
        {"nationalities": ["Libya"]},
        {"documents": [{"number": ""}]},
        {"type": "tribe"},
        {"identifiers": [{"kind": "plate", "number": ""}]},
        {"identifiers": [{"kind": "postcode", "number": "1234"}]},
        {"identifiers": [{"kind": "plate", "number": "1" * 101}]},
        {"identifiers": [{"kind": "plate", "number": "5-1"}] * 51},
        {"places": [{"kind": "birth", "text": ""}]},
        {"places": [{"kind": "birth", "country": "Libya", "text": "Sabha"}]},
        {"relations": [{"kind": "owner"}]},
        {"relations": [{"kind": "tribesman", "name": "Salem"}]},
        {"relations": [{"kind": "owner", "target": "12"}]},
        {"religion": "none of our concern"},
        {"ethnicity": "none of our concern"},
        {"health": "none of our concern"},
    ],
)
def test_what_a_record_may_not_say(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        facts(**changes)


NAMELESS = {"birth_dates": [], "documents": []}


@pytest.mark.parametrize(
    ("changes", "complete"),
    [
        ({}, True),
        (NAMELESS, True),  # two parts of a name
        (NAMELESS | {"names": [{"text": "Zulfikar"}]}, False),
        (NAMELESS | {"names": [{"text": "Zulfikar"}], "nationalities": ["LBY"], "sexes": ["M"]}, False),
        (NAMELESS | {"names": [{"text": "Zulfikar"}], "birth_dates": [{"date": "1984"}]}, True),
        (NAMELESS | {"names": [{"text": "Zulfikar"}], "documents": [{"number": "LY0042817"}]}, True),
        (NAMELESS | {"names": [{"text": "Zulfikar"}], "documents": [{"number": "-12-"}]}, False),
        (NAMELESS | {"names": [{"text": "Abu Salim", "quality": "low"}]}, False),
        (NAMELESS | {"names": [{"text": "1234 ..."}], "birth_dates": [{"date": "1984"}]}, False),
        (NAMELESS | {"names": [{"text": "Zulfikar"}], "type": "organisation"}, True),
        (NAMELESS | {"names": [{"text": "Zulfikar"}], "type": "armed_group"}, True),
        (NAMELESS | {"type": "vehicle"}, False),
        (NAMELESS | {"type": "vehicle", "identifiers": [{"kind": "plate", "number": "5-123456"}]}, True),
        (NAMELESS | {"type": "vehicle", "identifiers": [{"kind": "plate", "number": "unknown"}]}, False),
        (NAMELESS | {"type": "vessel", "identifiers": [{"kind": "imo", "number": "9074720"}]}, False),
        (NAMELESS | {"type": "vessel", "identifiers": [{"kind": "imo", "number": "9074729"}]}, True),
        (NAMELESS | {"type": "device", "identifiers": [{"kind": "imei", "number": "000000000000000"}]}, False),
        (FULL | {"type": "vehicle"}, False),  # a document number names its holder, not a car
        (FULL | {"type": "document"}, True),
        (NAMELESS | {"type": "document"}, False),
    ],
)
def test_the_least_that_may_stop_anyone(changes: dict[str, Any], complete: bool) -> None:
    assert is_complete(facts(**changes)) is complete


def test_a_listing_reads_like_the_list(node: None, importer: Any) -> None:
    """What screening finds after an import is what the reader of the list would compare."""
    from jiwar.records.queries import held
    from jiwar.watchlist.lists import import_un_list
    from jiwar.watchlist.logic.un_list import Entry, read_un_list

    content = SAMPLE.read_bytes()
    import_un_list(importer, io.BytesIO(content), "list.xml")
    read = {entry.reference: entry for entry in read_un_list(io.BytesIO(content)) if isinstance(entry, Entry)}
    records = [*held("listing.person"), *held("listing.entity")]
    assert len(records) == len(read)
    for record in records:
        listing = Listing.model_validate(record.body)
        expected = read[listing.reference].subject()
        found = to_subject(listing.reference, listing.subject)
        assert [name.text for name in found.names] == [name.text for name in expected.names]
        assert [name.quality == "low" for name in found.names] == [name.quality == "low" for name in expected.names]
        assert (found.birth_dates, found.sexes, found.nationalities, found.documents) == (
            expected.birth_dates,
            expected.sexes,
            expected.nationalities,
            expected.documents,
        )
