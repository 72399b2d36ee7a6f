"""Pairs of names of our own making, in several scripts: one person's spellings, and other people's names.

`true_pairs.csv` has (one, other, reason): what a native reader takes for the same name.
"""

import csv
from pathlib import Path

import pytest

from jiwar.watchlist.logic.evidence import Name, Query, Subject
from jiwar.watchlist.logic.index import THRESHOLD, Index

HERE = Path(__file__).parent


def pairs(file: str) -> list[tuple[str, str, str]]:
    with (HERE / file).open(encoding="utf-8", newline="") as rows:
        return [(row["one"], row["other"], row["reason"]) for row in csv.DictReader(rows)]


TRUE = pairs("true_pairs.csv")


@pytest.fixture(scope="module")
def listed() -> Index:
    """Every name of the table is listed, each as a person of its own."""
    names = dict.fromkeys(name for one, other, _ in TRUE for name in (one, other))
    return Index.build(Subject(name, (Name(name),)) for name in names)


def found(index: Index, name: str) -> dict[str, float]:
    candidates = index.search(Query((name,)), limit=len(index), threshold=0.0001)
    return {candidate.key: candidate.score for candidate in candidates}


def test_the_table_is_large_and_says_why() -> None:
    assert len(TRUE) >= 200
    assert all(one != other and reason for one, other, reason in TRUE)


@pytest.mark.parametrize(("one", "other", "reason"), TRUE, ids=lambda text: text)
def test_a_name_is_found_in_another_spelling(listed: Index, one: str, other: str, reason: str) -> None:
    assert found(listed, one).get(other, 0) >= THRESHOLD, reason
    assert found(listed, other).get(one, 0) >= THRESHOLD, reason
