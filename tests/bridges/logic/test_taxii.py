"""TAXII without a network: media types, parameters, places."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.bridges.logic.taxii import (
    Asked,
    BadRequest,
    accepts,
    envelope,
    instant,
    is_ours,
    place,
    read_asked,
    read_place,
    stamp,
)

moments = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1), timezones=st.just(dt.UTC))


@given(moments)
def test_a_place_and_a_timestamp_come_back(moment: dt.datetime) -> None:
    assert read_place(place(moment)) == moment
    assert instant(stamp(moment), "x") == moment


@given(moments, moments)
def test_timestamps_sort_as_moments_do(one: dt.datetime, two: dt.datetime) -> None:
    assert (stamp(one) < stamp(two)) == (one < two)


@given(st.dictionaries(st.sampled_from(["added_after", "next", "limit", "match[id]", "match[version]"]), st.text()))
def test_any_parameter_is_understood_or_refused_by_its_name(given_: dict[str, str]) -> None:
    assert attempt(given_) in {*given_, ""}


def attempt(given_: dict[str, str]) -> str:
    """The parameter that is refused, "" where all are understood."""
    try:
        return "" if 1 <= read_asked(given_).limit <= 1000 else "limit out of range"
    except BadRequest as wrong:
        return wrong.field


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ("", True),
        ("*/*", True),
        ("application/*;q=0.5", True),
        ("application/taxii+json", True),
        ("APPLICATION/TAXII+JSON; Version=2.1", True),
        ("text/html, application/taxii+json;version=2.1", True),
        ("application/taxii+json;version=2.0", False),
        ("application/vnd.oasis.taxii+json; version=2.0", False),
        ("application/stix+json;version=2.1", False),
        ("text/*", False),
    ],
)
def test_accept(header: str, good: bool) -> None:
    assert accepts(header) == good


def test_a_message_says_its_version() -> None:
    assert is_ours("application/taxii+json; version=2.1")
    assert not is_ours("application/taxii+json")
    assert not is_ours("application/json;version=2.1")


def test_parameters_are_read() -> None:
    asked = read_asked(
        {
            "added_after": "2026-11-03T09:30:15.1234567Z",
            "limit": "0050",
            "match[id]": "identity--5d0092c5-5f74-4287-9642-33f4c354e56d,note--5d0092c5-5f74-4287-9642-33f4c354e56d",
            "match[type]": "identity",
            "match[version]": "first,2026-11-03T09:30:15Z",
            "match[spec_version]": "2.1",
            "api_key": "left alone",
        }
    )
    assert asked == Asked(
        after=dt.datetime(2026, 11, 3, 9, 30, 15, 123456, dt.UTC),
        limit=50,
        ids=("identity--5d0092c5-5f74-4287-9642-33f4c354e56d", "note--5d0092c5-5f74-4287-9642-33f4c354e56d"),
        types=("identity",),
        versions=("first", dt.datetime(2026, 11, 3, 9, 30, 15, tzinfo=dt.UTC)),
        spec_versions=("2.1",),
    )
    later = read_asked({"added_after": stamp(asked.after), "next": place(asked.after + dt.timedelta(seconds=1))})
    assert (later.after, later.paged) == (asked.after + dt.timedelta(seconds=1), True)


def test_empty_members_are_left_out() -> None:
    assert envelope([], "") == {}
    assert envelope([1], "x") == {"objects": [1], "more": True, "next": "x"}
    assert envelope([], "x", "versions") == {"more": True, "next": "x"}
