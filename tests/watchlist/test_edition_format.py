"""The file of an edition and the rules of the chain: every property from values alone."""

import datetime as dt
import random
import struct
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.exchange.logic import edition_chain
from jiwar.exchange.logic.edition_chain import EditionRefused, Held, Manifest, Verdict, judge
from jiwar.watchlist.kinds import SubjectFacts, to_subject
from jiwar.watchlist.logic import edition
from jiwar.watchlist.logic.edition import EditionInvalid, Said
from jiwar.watchlist.logic.generate import person
from jiwar.wire.ids import uuid7

NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b_2", "names"]), inner, max_size=3)
    ),
    max_leaves=8,
)
said = st.dictionaries(st.sampled_from(["facts", "card", "x"]), values, max_size=3)
wholes = st.dictionaries(st.uuids(), said, max_size=12)


def rising(items: dict[UUID, Any]) -> list[tuple[UUID, Any]]:
    return sorted(items.items(), key=lambda pair: pair[0])


def file_of(put: dict[UUID, Said], removed: set[UUID] = frozenset()) -> bytes:  # type: ignore[assignment]
    return b"".join(edition.write(sorted(removed), rising(put)))


def shred(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(wholes, st.sets(st.uuids(), max_size=5), st.integers(1, 4000))
def test_what_was_written_is_read_however_it_comes(put: dict[UUID, Said], gone: set[UUID], size: int) -> None:
    gone -= put.keys()
    data = file_of(put, gone)
    assert list(edition.read(shred(data, size))) == [(uid, None) for uid in sorted(gone)] + rising(put)
    asked = {*list(put)[:3], *list(gone)[:1], UUID(int=7)}
    assert edition.among([data], asked) == asked & put.keys()


@given(wholes, wholes, st.data())
def test_changes_put_on_the_old_whole_make_the_new_one(
    old: dict[UUID, Said], more: dict[UUID, Said], data: st.DataObject
) -> None:
    amended = data.draw(st.lists(st.sampled_from(sorted(old)), unique=True) if old else st.just([]))
    removed = data.draw(st.lists(st.sampled_from(sorted(old)), unique=True) if old else st.just([]))
    new: dict[UUID, Said] = old | more | {uid: {"x": "amended"} for uid in amended}
    new = {uid: one for uid, one in new.items() if uid not in removed}
    told = file_of({uid: one for uid, one in new.items() if old.get(uid) != one}, set(removed))
    changes = dict(edition.read([told]))
    assert list(edition.merged(rising(old), changes)) == rising(new)
    # Twice is as once.
    assert list(edition.merged(rising(new), changes)) == rising(new)


@given(wholes, st.data())
def test_a_file_that_was_cut_or_lengthened_is_never_read_to_its_end(put: dict[UUID, Said], data: st.DataObject) -> None:
    whole = file_of(put)
    for wrong in (whole[: data.draw(st.integers(0, len(whole) - 1))], whole + b"x"):
        with pytest.raises(EditionInvalid):
            list(edition.read([wrong]))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda a, b: edition.write([], [(b, {}), (a, {})]), id="not rising"),
        pytest.param(lambda a, b: edition.write([], [(a, {}), (a, {})]), id="twice"),
        pytest.param(lambda a, b: edition.write([b, a], []), id="removals not rising"),
        pytest.param(
            lambda a, b: [
                edition.FORMAT,
                *list(edition.write([], [(a, {})]))[1:2],
                *list(edition.write([b], []))[1:2],
                edition._block(b".", 0, struct.pack(">QQ", 1, 1)),
            ],
            id="removals last",
        ),
        pytest.param(
            lambda a, b: [*list(edition.write([], [(a, {})]))[:-1], *list(edition.write([], []))[-1:]], id="count"
        ),
        pytest.param(lambda a, b: [b"jiwar-edition/2\n", *list(edition.write([], []))[1:]], id="version"),
        pytest.param(lambda a, b: [edition.FORMAT, struct.pack(">cII", b"+", 1, 1 << 30)], id="huge block"),
    ],
)
def test_what_is_not_a_file_is_refused(wrong: Any) -> None:
    first, second = sorted([uuid7(NOW), uuid7(NOW)])
    with pytest.raises(EditionInvalid):
        list(edition.read(wrong(first, second)))


@pytest.mark.parametrize("one", [{"a": "nul\0"}, {"a": 1.5}, {"a": object()}, {"a": b"bytes"}])
def test_what_cannot_be_said_is_not_written(one: Said) -> None:
    with pytest.raises(ValueError, match="cannot say"):
        list(edition.write([], [(uuid7(NOW), one)]))


def test_a_column_that_unpacks_to_more_than_a_block_may_hold_is_refused() -> None:
    bomb = file_of({uuid7(NOW): {"a": "x" * (25 << 20)}})
    assert len(bomb) < 1000
    with pytest.raises(EditionInvalid, match="edition_too_large"):
        list(edition.read([bomb]))


def realistic(chance: random.Random, number: int, version: int = 1) -> Said:
    """What the national node says of a generated person: facts as a listing has them, and a card."""
    made = person(chance, "x")
    kinds = {"primary": "name"}
    facts = {
        "names": [
            {"text": name.text, "kind": kinds.get(name.kind, name.kind), "quality": "good"} for name in made.names
        ],
        "birth_dates": [
            {"date": str(born).removeprefix("~"), "approximate": born.approximate} for born in made.birth_dates
        ],
        "sexes": list(made.sexes),
        "nationalities": list(made.nationalities),
        "documents": [{"type": d.type, "country": d.country, "number": d.number} for d in made.documents],
    }
    to_subject("x", SubjectFacts.model_validate({"type": "person", **facts}))
    card = {
        "kind": "listing.person", "origin": "LBY", "reference": f"LBi.{number:06}", "action": "freeze_assets_report",
        "version": version, "valid_until": "2031-11-25T10:11:12Z", "review_on": "2027-11-26",
    }  # fmt: skip
    return {"facts": {"type": "person", **facts}, "card": card}


def people(chance: random.Random, count: int, first: int, version: int = 1) -> Iterator[tuple[UUID, Said]]:
    for number in range(first, first + count):
        made_at = NOW - dt.timedelta(seconds=chance.random() * 3e7 if version > 1 else number / 100)
        yield uuid7(made_at, chance.randbytes(10)), realistic(chance, number, version)


def test_a_thousand_changes_take_less_than_forty_kilobytes() -> None:
    """600 added, 250 amended and 150 removed of generated people, whatever the seed."""
    for seed in (1, 2):
        chance = random.Random(seed)
        put = dict([*people(chance, 600, 900_000), *people(chance, 250, 1000, version=2)])
        gone = {uuid7(NOW - dt.timedelta(seconds=chance.random() * 3e7), chance.randbytes(10)) for _ in range(150)}
        data = file_of(put, gone)
        assert len(data) <= 36_000
        assert len(list(edition.read([data]))) == 1000


# The chain ------------------------------------------------------------------------------------------------------------


def manifest(sequence: int, name: str, previous: str = "", **more: Any) -> Manifest:
    said = {"origin": "LBY", "form": "changes", "expires_at": NOW + dt.timedelta(days=1)} | more
    return Manifest(sequence=sequence, name=name, previous=previous, **said)


@pytest.mark.parametrize(
    ("told", "held", "verdict"),
    [
        (manifest(1, "a", form="whole"), None, Verdict.APPLY),
        (manifest(9, "i", "h", form="whole"), None, Verdict.APPLY),
        (manifest(9, "i", "h", form="whole"), Held(5, "e"), Verdict.APPLY),
        (manifest(6, "f", "e"), Held(5, "e"), Verdict.APPLY),
        (manifest(7, "g", "f"), Held(5, "e"), Verdict.WAIT),
        (manifest(2, "b", "a"), None, Verdict.WAIT),
        (manifest(5, "e", "d"), Held(5, "e"), Verdict.NOT_NEEDED),
        (manifest(5, "e", "d", form="whole"), Held(5, "e"), Verdict.NOT_NEEDED),
        (manifest(6, "f", "another"), Held(5, "e"), "edition_other_past"),
        (manifest(5, "another", "d"), Held(5, "e"), "edition_rolled_back"),
        (manifest(4, "d", "c"), Held(5, "e"), "edition_rolled_back"),
        (manifest(4, "d", "c", form="whole"), Held(5, "e"), "edition_rolled_back"),
        (manifest(6, "f", "e", expires_at=NOW), Held(5, "e"), "edition_expired"),
        (manifest(6, "f", "e", origin="NER"), Held(5, "e"), "edition_of_other_state"),
        (manifest(1, "a", form="whole", origin="NER"), None, "edition_of_other_state"),
    ],
)
def test_what_becomes_of_an_edition(told: Manifest, held: Held | None, verdict: str) -> None:
    try:
        found: str = judge(told, held, state="LBY", now=NOW)
    except EditionRefused as refused:
        found = refused.code
    assert found == verdict


@given(st.permutations(list(range(2, 9))), st.integers(0, 6))
def test_in_whatever_order_changes_come_they_are_put_on_in_theirs(order: list[int], lost: int) -> None:
    """And with one lost nothing after it is, until a whole one ends the gap."""
    chain = {number: manifest(number, str(number), str(number - 1)) for number in range(2, 9)}
    held, waiting = Held(1, "1"), [chain[number] for number in order]
    missing = waiting.pop(lost)

    def put_on() -> None:
        nonlocal held
        while ready := [one for one in waiting if judge(one, held, state="LBY", now=NOW) is Verdict.APPLY]:
            held = Held(ready[0].sequence, ready[0].name)
            waiting.remove(ready[0])

    put_on()
    assert held.sequence == missing.sequence - 1
    waiting.append(missing)
    put_on()
    assert held == Held(8, "8")
    assert edition_chain.Held(8, "8") == held
