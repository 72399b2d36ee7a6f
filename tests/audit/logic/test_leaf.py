"""leaf: one content for one act, and nothing else is taken for it."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.audit.logic.leaf import MAX_CONTENT, Leaf, LeafInvalid, content, read
from jiwar.audit.logic.merkle import leaf_hash

AT = datetime(2026, 11, 23, 12, 0, 0, 1, UTC)
SALT = "00112233445566778899aabbccddeeff"
PARTS = {"index": 7, "at": AT, "node": "LBY", "actor": "p1", "via": "console", "act": "alert_withdrawn", "salt": SALT}

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=300)
leaves = st.builds(
    Leaf,
    index=st.integers(0, 2**53 - 1),
    at=st.datetimes(timezones=st.just(UTC)),
    node=st.from_regex(r"[A-Z]{3}(-[A-Z]{1,9})?", fullmatch=True),
    actor=texts,
    via=texts,
    act=st.sampled_from(["signed_in", "records.record_issued", "watchlist:alert:withdraw"]),
    salt=st.binary(min_size=16, max_size=16).map(bytes.hex),
    purpose=st.none() | texts,
    case=st.none() | texts,
    subject=st.none() | texts,
    detail=st.dictionaries(texts, texts | st.integers(-9, 9) | st.lists(st.booleans()), max_size=3),
)


def test_known_answer():
    """Computed by hand from the description: names in order, no spaces, SHA-256 over 0x00 and the content."""
    data = content(Leaf(**PARTS, subject="ليبيا", detail={"b": 1, "a": None}))
    assert data.decode() == (
        '{"act":"alert_withdrawn","actor":"p1","at":"2026-11-23T12:00:00.000001Z","case":null,'
        '"detail":{"a":null,"b":1},"index":7,"node":"LBY","purpose":null,"salt":"00112233445566778899aabbccddeeff",'
        '"subject":"ليبيا","v":1,"via":"console"}'
    )
    assert leaf_hash(data).hex() == "fe3dd0b9779979442fd6ca3e187d2c1b9a3d5470358497ebd25a586eddbf92d5"


@given(leaves)
def test_reads_back(leaf):
    assert read(content(leaf)) == leaf


def test_one_content_per_instant():
    elsewhere = AT.astimezone(timezone(timedelta(hours=-3)))
    assert content(Leaf(**PARTS | {"at": elsewhere})) == content(Leaf(**PARTS))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"index": -1}, "index"),
        ({"index": True}, "index"),
        ({"index": 2**53}, "index"),
        ({"at": datetime(2026, 1, 1)}, "at"),
        ({"node": "lby"}, "node"),
        ({"node": "LBY-"}, "node"),
        ({"node": "LBY\n"}, "node"),
        ({"actor": ""}, "actor"),
        ({"actor": None}, "actor"),
        ({"actor": "x" * 301}, "actor"),
        ({"act": "Alert withdrawn"}, "act"),
        ({"salt": SALT.upper()}, "salt"),
        ({"salt": SALT[2:]}, "salt"),
        ({"purpose": 5}, "purpose"),
        ({"case": ""}, "case"),
        ({"detail": ["a"]}, "detail"),
        ({"detail": {"score": float("nan")}}, "detail"),
        ({"detail": {"text": "\ud800"}}, "detail"),
        ({"actor": "a\0"}, "detail"),
        ({"detail": {"text": "x" * MAX_CONTENT}}, "too_long"),
    ],
)
def test_what_no_leaf_holds(change, code):
    with pytest.raises(LeafInvalid) as caught:
        content(Leaf(**PARTS | change))
    assert caught.value.code == code


def changed(**change: object) -> bytes:
    members = json.loads(content(Leaf(**PARTS))) | change
    return json.dumps(members, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json"),
        (b"[]", "fields"),
        (b"{}", "fields"),
        (changed().replace(b":7,", b": 7,"), "not_canonical"),
        (changed().replace(b":7,", b":7.0,"), "not_canonical"),
        (changed().replace(b'"index":7', b'"index":7,"index":7'), "json"),
        (changed() + b"\n", "not_canonical"),
        (changed(extra=1), "fields"),
        (changed(v=2), "version"),
        (changed(v=True), "version"),
        (changed(v="1"), "version"),
        (changed(at="2026-11-23T12:00:00Z"), "at"),
        (changed(at=5), "at"),
        (changed(index="7"), "index"),
        (changed(index=0.5), "index"),
        (changed(node=None), "node"),
        (changed(detail="text"), "detail"),
        (changed(detail={"x": "x" * MAX_CONTENT}), "json"),
    ],
)
def test_what_is_no_content(data, code):
    with pytest.raises(LeafInvalid) as caught:
        read(data)
    assert caught.value.code == code


@given(st.binary(max_size=100))
def test_arbitrary_bytes_raise_nothing_else(data):
    with pytest.raises(LeafInvalid):
        read(data)
