"""Pairs of names of our own making, in several scripts: one person's spellings, and other people's names.

`true_pairs.csv` and `hard_negatives.csv` have (one, other, reason): what a native reader takes for the same name, and
what she does not.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

import pytest

from jiwar.watchlist.logic.evidence import Name, Query, Subject
from jiwar.watchlist.logic.index import THRESHOLD, Index

HERE = Path(__file__).parent
Pair = tuple[str, str, str]


def pairs(file: str) -> list[Pair]:
    with (HERE / file).open(encoding="utf-8", newline="") as rows:
        return [(row["one"], row["other"], row["reason"]) for row in csv.DictReader(rows)]


TRUE, OTHER = pairs("true_pairs.csv"), pairs("hard_negatives.csv")


def listing(names: Iterable[str]) -> Index:
    return Index.build(Subject(name, (Name(name),)) for name in dict.fromkeys(names))


@pytest.fixture(scope="module")
def listed() -> Index:
    """Every name of both tables is listed, each as a person of its own."""
    return listing(name for one, other, _ in TRUE + OTHER for name in (one, other))


def scores(index: Index, name: str) -> dict[str, float]:
    found = index.search(Query((name,)), limit=len(index), threshold=0.0001)
    return {candidate.key: candidate.score for candidate in found}


def test_the_tables_are_large_and_say_why() -> None:
    assert len(TRUE) >= 200
    assert len(OTHER) >= 200
    assert all(one != other and reason for one, other, reason in TRUE + OTHER)
    assert not {frozenset(pair[:2]) for pair in TRUE} & {frozenset(pair[:2]) for pair in OTHER}


@pytest.mark.parametrize(("one", "other", "reason"), TRUE)
def test_a_name_is_found_in_another_spelling(one: str, other: str, reason: str) -> None:
    index = listing([one, other])
    assert scores(index, one).get(other, 0) >= THRESHOLD, reason
    assert scores(index, other).get(one, 0) >= THRESHOLD, reason


@pytest.mark.parametrize(("one", "other", "reason"), OTHER)
def test_a_namesake_walks_on(listed: Index, one: str, other: str, reason: str) -> None:
    """Among many and where only the two are listed."""
    for index in (listed, listing([one, other])):
        assert scores(index, one).get(other, 0) < THRESHOLD, reason
        assert scores(index, other).get(one, 0) < THRESHOLD, reason
        assert scores(index, one)[one] > scores(index, one).get(other, 0)
