"""Which threshold holds for which entry, and which word a score has."""

from hypothesis import given
from hypothesis import strategies as st

from jiwar.records.words import words
from jiwar.watchlist.accuracy import rates
from jiwar.watchlist.logic.thresholds import LISTING, STRENGTHS, Thresholds, strength

SCORES = st.floats(0, 1)
TYPES, STATES = st.sampled_from(["", "wanted_for_arrest", "missing"]), st.sampled_from(["LBY", "NER", "TCD"])
RULES = Thresholds(
    0.4, {("missing", ""): 0.2, ("missing", "NER"): 0.1, ("", "TCD"): 0.7, (LISTING, ""): 0.5, ("missing", "TCD"): 0.9}
)


def test_the_narrowest_rule_holds() -> None:
    assert RULES.of("wanted_for_arrest", "LBY") == 0.4
    assert RULES.of("missing", "LBY") == 0.2
    assert RULES.of("missing", "NER") == 0.1
    assert RULES.of("wanted_for_arrest", "TCD") == 0.7
    assert RULES.of("missing", "TCD") == 0.9


def test_what_no_alert_names_is_a_listing_and_a_type_goes_before_a_state() -> None:
    assert RULES.of("", "LBY") == 0.5
    assert RULES.of("", "TCD") == 0.5


@given(st.dictionaries(st.tuples(TYPES, STATES), SCORES, max_size=6), SCORES, TYPES, STATES)
def test_a_search_down_to_the_lowest_misses_nothing_that_any_rule_shows(
    exceptions: dict[tuple[str, str], float], default: float, alert_type: str, state: str
) -> None:
    found = Thresholds(default, exceptions)
    assert found.lowest <= found.of(alert_type, state)


def test_every_threshold_is_changed_by_itself() -> None:
    raised = RULES.each(lambda threshold: min(0.95, 2 * threshold))
    assert (raised.default, raised.lowest) == (0.8, 0.2)
    assert (raised.of("missing", "NER"), raised.of("missing", "TCD")) == (0.2, 0.95)


@given(SCORES, SCORES)
def test_a_higher_score_never_has_a_weaker_word(one: float, other: float) -> None:
    order = [word for word, _ in STRENGTHS]
    low, high = sorted((one, other))
    assert order.index(strength(high)) <= order.index(strength(low))


def test_the_words_begin_where_they_say() -> None:
    assert [strength(score) for score in (1.0, 0.9, 0.8999, 0.6, 0.5999, 0.0)] == [
        "strong", "strong", "fair", "fair", "weak", "weak",
    ]  # fmt: skip
    assert {word for word, _ in STRENGTHS} == set(words()["match_strength"])


def test_a_measurement_answers_for_the_nearest_threshold_below(tmp_path: object) -> None:
    file = tmp_path / "rates.json"  # type: ignore[operator]
    assert rates(file) is None
    file = tmp_path / "more.json"  # type: ignore[operator]
    file.write_text('{"measured_on": "2026-11-26", "people": 186, "points": [[0.5, 0.9, 0.1], [0.25, 0.95, 0.4]]}')
    found = rates(file)
    assert found is not None
    assert (found.at(0.2), found.at(0.25), found.at(0.49), found.at(0.95)) == (
        None, (0.95, 0.4), (0.95, 0.4), (0.9, 0.1),
    )  # fmt: skip
