"""Counts of decisions: no number tells what one person was, and the rates are those of who could tell."""

from hypothesis import given
from hypothesis import strategies as st

from jiwar.records.words import words
from jiwar.watchlist.logic.outcomes import (
    CONFIRMED,
    ENOUGH,
    REJECTED,
    SMALL,
    UNSURE,
    Decided,
    effects,
    region,
    review,
    scripts,
    told,
    verdict_of,
)


def cell(band: int, verdict: str, number: int) -> Decided:
    return Decided(band, "Latn", "sahel", "missing", verdict, number, number * (10 * band + 5))


CELLS = [
    cell(2, REJECTED, 60), cell(2, CONFIRMED, 3), cell(5, REJECTED, 20), cell(5, CONFIRMED, 20), cell(5, UNSURE, 7),
    cell(9, CONFIRMED, 88), cell(9, REJECTED, 2), cell(7, CONFIRMED, 6),
]  # fmt: skip


def test_the_observed_rate_stands_beside_the_predicted() -> None:
    rows = {row.what: row for row in review(CELLS, lambda found: str(found.band))}
    assert (rows["5"].number, rows["5"].unsure, rows["5"].observed, rows["5"].predicted) == (40, 5, 50, 55)
    assert (rows["9"].observed, rows["9"].predicted) == (100, 95)
    assert (rows["7"].number, rows["7"].observed) == (5, None)  # six are too few for a rate


def test_each_threshold_says_whom_it_would_have_spared_and_missed() -> None:
    found = {row.threshold: (row.spared, row.missed) for row in effects(CELLS, 25)}
    assert min(found) == 30
    assert (found[30], found[60], found[90]) == ((60, None), (80, 20), (80, 25))


@given(st.integers(0, 10_000), st.integers(-1, 1))
def test_one_person_more_or_less_shows_only_at_the_steps(number: int, more: int) -> None:
    one, other = told(number), told(max(0, number + more))
    assert one is None or one % SMALL == 0
    assert one is not None or 0 < number < SMALL
    if number // SMALL == max(0, number + more) // SMALL and number and number + more:
        assert one == other


@given(st.lists(st.builds(cell, st.integers(0, 9), st.sampled_from([CONFIRMED, REJECTED, UNSURE]), st.integers(1, 60))))
def test_no_rate_comes_from_few(cells: list[Decided]) -> None:
    for row in review(cells, lambda found: str(found.band)):
        decided = sum(c.number for c in cells if str(c.band) == row.what and c.verdict != UNSURE)
        assert (row.observed is None) == (decided < ENOUGH)
        assert row.observed is None or 0 <= row.observed <= 100


def test_who_could_not_tell_counts_for_neither_side() -> None:
    assert verdict_of("rejected", "cannot_tell") == UNSURE
    assert verdict_of("rejected", "other_name") == REJECTED


def test_scripts_are_those_of_both_names() -> None:
    assert scripts("Salem Khattar", "سالم خطار") == "Arab-Latn"
    assert scripts("Salem", "Sélim") == "Latn"
    assert scripts("سالم", "سالم") == "Arab"
    assert scripts("ⵙⴰⵍⵎ", "Салем") == "Tfng-Zyyy"
    assert scripts("", "") == ""
    assert {"Arab", "Latn", "Tfng", "Zyyy"} == set(words()["script"])


def test_every_region_has_a_word() -> None:
    codes = {region(state) for state in ("LBY", "NER", "SEN", "SYR", "FRA", "")}
    assert codes == set(words()["region"])
