"""Revocation lists, and what is believed of a key."""

import copy
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.identity.keys import KeyRing
from jiwar.identity.logic.belief import Known, doubt
from jiwar.identity.logic.revocations import (
    Entry,
    Place,
    Revocations,
    in_force,
    read_request,
    read_revocations,
    write_by_node,
    write_by_root,
    write_request,
)
from jiwar.identity.logic.roots import Root
from jiwar.identity.logic.signed import PaperRefused

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
ROOT, OTHER = Root.of("LBY", bytes(32)), Root.of("LBY", bytes([1] * 32))
RING, THIEF = KeyRing.make(), KeyRing.make()
KEY, SECOND = "ab" * 32, "cd" * 32


def entry(key: str = KEY, reason: str = "compromised") -> Entry:
    return Entry(key, reason, NOW)


def by_root(number: int = 1, *entries: Entry) -> Revocations:
    return read_revocations(write_by_root(ROOT, number, NOW, entries))


def by_node(number: int, supplement: int, *entries: Entry, ring: KeyRing = RING) -> Revocations:
    place = Place(number, supplement)
    return read_revocations(write_by_node("LBY", place, NOW, entries, ring.signing[0], ring.cosigning[0]))


def verify_node(one: Revocations, ring: KeyRing = RING) -> None:
    one.verify_node(ring.signing[0].private.public_key(), ring.cosigning[0].private.public_key())


def test_a_list_says_which_keys_why_and_until_when_it_is_fresh() -> None:
    read = by_root(7, entry(), entry(SECOND, "retired"))
    read.verify_root(ROOT.public)
    assert (str(read.place), read.by_root, read.issued_at, read.next_update) == ("7", True, NOW, NOW + 200 * DAY)
    assert read.entries == {KEY: entry(), SECOND: entry(SECOND, "retired")}
    supplement = by_node(7, 3, entry())
    verify_node(supplement)
    assert (str(supplement.place), supplement.by_root) == ("7.3", False)
    assert supplement.by == {"node": "LBY", "signing": RING.signing[0].id, "cosigning": RING.cosigning[0].id}


def test_a_list_that_another_signed_is_refused() -> None:
    with pytest.raises(PaperRefused, match="revocations_of_other_root"):
        by_root().verify_root(OTHER.public)
    with pytest.raises(PaperRefused, match="revocations_of_other_root"):
        by_node(1, 1).verify_root(ROOT.public)
    data = write_by_root(OTHER, 1, NOW, [entry()]) | {"by": {"root": ROOT.public.hash}}
    with pytest.raises(PaperRefused, match="paper_signature_wrong"):
        read_revocations(data).verify_root(ROOT.public)
    for ring in (
        THIEF,
        KeyRing(RING.signing, RING.sealing, THIEF.cosigning),
        KeyRing(THIEF.signing, (), RING.cosigning),
    ):
        with pytest.raises(PaperRefused, match="paper_signature_wrong"):
            verify_node(by_node(1, 1, ring=ring))


@pytest.mark.parametrize("changes", [{"entries": []}, {"number": 8}, {"next_update": "2027-11-23T12:00:00Z"}])
def test_an_altered_list_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PaperRefused, match="paper_signature_wrong"):
        read_revocations(write_by_root(ROOT, 7, NOW, [entry()]) | changes).verify_root(ROOT.public)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": 0}, "by"),
        ({"supplement": 1}, "by"),
        ({"number": -1}, "number"),
        ({"number": True}, "number"),
        ({"number": 2**31}, "number"),
        ({"by": {"root": 5}}, "by"),
        ({"by": None}, "by"),
        ({"next_update": "2026-11-23T12:00:00Z"}, "next_update"),
        ({"next_update": "2028-11-23T12:00:00Z"}, "next_update"),
        ({"entries": {}}, "entries"),
        ({"entries": [{"key": KEY, "reason": "bored", "at": "2026-11-23T12:00:00Z"}]}, "entries"),
        ({"entries": [{"key": KEY[:16], "reason": "retired", "at": "2026-11-23T12:00:00Z"}]}, "key"),
        ({"entries": [{"key": KEY, "reason": "retired", "at": "2026-11-23T12:00:00Z"}] * 2}, "entries"),
        ({"entries": [{"key": KEY, "reason": "retired", "at": "then"}]}, "at"),
        ({"entries": [{}] * 1001}, "entries"),
    ],
)
def test_a_wrong_member_of_a_list_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(PaperRefused) as error:
        read_revocations(write_by_root(ROOT, 7, NOW, []) | changes)
    assert (error.value.code, error.value.field) == ("paper_field_wrong", field)


def test_a_request_for_a_list_is_the_whole_next_list() -> None:
    asked = read_request(copy.deepcopy(write_request("LBY", 8, NOW, [entry(), entry(SECOND, "retired")])))
    assert (asked.state, asked.number, set(asked.entries)) == ("LBY", 8, {KEY, SECOND})
    with pytest.raises(PaperRefused, match="number"):
        read_request(write_request("LBY", 0, NOW, []))


def test_the_root_goes_before_the_node_and_a_new_list_of_the_root_ends_supplements() -> None:
    assert in_force([]) == (None, {})
    base, supplement = by_root(7, entry(KEY, "retired")), by_node(7, 1, entry(KEY), entry(SECOND))
    newest, entries = in_force([supplement, base])
    assert newest is supplement
    assert entries == {KEY: entry(KEY, "retired"), SECOND: entry(SECOND)}
    after = by_root(8, entry(KEY, "retired"))
    assert in_force([base, supplement, after]) == (after, {KEY: entry(KEY, "retired")})
    assert in_force([by_node(0, 2, entry()), by_node(0, 1)])[1] == {KEY: entry()}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=2, unique=True))
def test_every_list_of_the_root_is_newer_than_supplements_to_the_one_before(pair: list[tuple[int, int]]) -> None:
    a, b = (Place(*one) for one in pair)
    assert (a < b) == (pair[0] < pair[1])
    assert Place(a.number + 1, 0) > Place(a.number, a.supplement)


WINDOW = (NOW - 10 * DAY, NOW + 10 * DAY)
LATER = (NOW + 20 * DAY, NOW + 40 * DAY)


@pytest.mark.parametrize(
    ("key", "at", "code"),
    [
        (Known(by_hand=True), 0, ""),
        (Known(), 0, "key_uncertified"),
        (Known(by_hand=True, refused_here=True), 0, "key_revoked"),
        (Known([WINDOW]), 0, ""),
        (Known([WINDOW]), 10, ""),
        (Known([WINDOW]), 11, "key_expired"),
        (Known([WINDOW], by_hand=True), 11, "key_expired"),
        (Known([WINDOW]), -11, "key_not_yet_valid"),
        (Known([WINDOW, LATER]), 15, "key_expired"),
        (Known([LATER, WINDOW]), 30, ""),
        (Known([WINDOW], waits=True), 0, "key_waits"),
        (Known([WINDOW], entry=entry()), -5, "key_revoked"),
        (Known([WINDOW], entry=entry(reason="retired")), -5, ""),
        (Known([WINDOW], entry=entry(reason="retired")), 0, ""),
        (Known([WINDOW], entry=entry(reason="retired")), 1, "key_revoked"),
        (Known([WINDOW], refused_here=True), -5, "key_revoked"),
    ],
)
def test_a_key_is_believed_for_its_time(key: Known, at: int, code: str) -> None:
    assert doubt(key, NOW + at * DAY, require_certificates=False) == code


def test_where_certificates_are_required_a_fingerprint_is_not_enough() -> None:
    assert doubt(Known(by_hand=True), NOW, require_certificates=True) == "key_uncertified"
    assert doubt(Known([WINDOW]), NOW, require_certificates=True) == ""
