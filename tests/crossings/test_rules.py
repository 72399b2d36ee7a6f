"""The desk's rules and readings without a database."""

import datetime as dt
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jiwar.crossings import kinds
from jiwar.crossings.demo import mrz_samples
from jiwar.crossings.logic import desk
from jiwar.crossings.logic.age import age_code
from jiwar.crossings.logic.desk import Candidate, Finding, Outcome, StopCard
from jiwar.crossings.logic.traveller import Traveller, read_birth_date, typed
from jiwar.crossings.services import of_mrz
from jiwar.documents.services import known_codes, read
from jiwar.records.words import words
from jiwar.watchlist import hit_kinds
from jiwar.wire.faults import Refused

TODAY = dt.date(2026, 11, 23)
ANSWERS = st.sampled_from([True, False, None])
FIELDS = ("name", "birth_date", "document", "nationality", "sex")
OUTCOMES = st.sampled_from([None, Outcome("confirmed", ("document", "name")), Outcome("rejected", reason="other_name")])


def candidate(uid: str = "a", agree: tuple[str, ...] = FIELDS, code: str = "same") -> Candidate:
    reasons = tuple(Finding(code, field, "x", "x") for field in agree)
    return Candidate(uid, "alert", "missing", "x", False, False, "strong", reasons, (), (), ("N",), (), (), "LBY", "")


@given(agree=st.sets(st.sampled_from(FIELDS)), chosen=st.lists(st.sampled_from(FIELDS), max_size=6))
def test_a_confirmation_rests_on_two_identifiers_that_agree_or_there_is_none(
    agree: set[str], chosen: list[str]
) -> None:
    try:
        outcome = desk.confirmation(candidate(agree=tuple(sorted(agree))), chosen)
    except Refused:
        return
    assert len(set(outcome.identifiers)) >= 2
    assert set(outcome.identifiers) <= agree & set(chosen) & set(desk.IDENTIFIERS)


@pytest.mark.parametrize("code", ["birth_year_near", "name_low_quality"])
def test_what_only_comes_near_is_no_agreement(code: str) -> None:
    assert candidate(code=code).identifiers == ()


@given(
    st.lists(OUTCOMES, max_size=5),
    st.sampled_from([*desk.DECISIONS, "", "arrest"]),
    st.sampled_from(["", "let_pass", "detained", "entry_refused", "handed_over", "referred"]),
    st.builds(StopCard, ANSWERS, ANSWERS, ANSWERS, st.sampled_from(["", *desk.REFERRALS])),
)
@example(
    [Outcome("confirmed", ("document", "name"))], "refused_by_officer", "entry_refused", StopCard(True, False, False)
)
def test_what_may_be_recorded(said: list[Outcome | None], decision: str, action_taken: str, card: StopCard) -> None:
    """Every way through the form, against the rules in words."""
    candidates = [candidate(str(i)) for i in range(len(said))]
    outcomes = {str(i): outcome for i, outcome in enumerate(said) if outcome}
    faults = desk.faults_of_record(
        candidates, outcomes, decision=decision, direction="in", action_taken=action_taken, stop_card=card
    )
    hit = any(outcome.verdict == "confirmed" for outcome in outcomes.values())
    if faults:
        return
    assert None not in said
    assert decision in desk.DECISIONS
    if hit:
        assert action_taken
        if decision != "passed":
            assert None not in (card.asylum_claim, card.child, card.trafficking_victim)
        if card.asylum_claim or card.child or card.trafficking_victim:
            assert decision != "refused_by_officer"
            assert action_taken not in {"entry_refused", "handed_over"}
            assert card.referral


def test_with_no_candidate_every_decision_is_open() -> None:
    for decision in desk.DECISIONS:
        assert (
            desk.faults_of_record([], {}, decision=decision, direction="out", action_taken="", stop_card=StopCard())
            == []
        )


def test_a_candidate_survives_the_desk() -> None:
    found = candidate()
    assert Candidate.of_dict(found.as_dict()) == found


def test_the_codes_are_those_of_the_records() -> None:
    assert set(desk.DECISIONS) == set(get_args(kinds.Decision))
    assert set(desk.DIRECTIONS) == set(get_args(kinds.Direction))
    assert set(desk.REFERRALS) == set(get_args(hit_kinds.Referral))
    assert set(hit_kinds.REMOVALS) == desk.REMOVALS
    assert {str(action) for action in hit_kinds.ActionTaken} >= desk.STOPS


def test_every_code_has_its_word() -> None:
    known = words()
    for group, codes in {
        "decision": desk.DECISIONS,
        "crossing_direction": desk.DIRECTIONS,
        "reject_reason": desk.REJECT_REASONS,
        "referral": desk.REFERRALS,
        "stop_card": desk.STOP_QUESTIONS,
        "match_field": FIELDS,
        "action_taken": hit_kinds.ActionTaken,
        "list_age": ("fresh", "old", "stale", "never"),
        "mrz_check": ("number", "birth_date", "expiry", "optional", "composite"),
    }.items():
        assert {str(code) for code in codes} <= set(known[group]), group


class TestTheAgeOfTheList:
    NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)

    @pytest.mark.parametrize(
        ("hours", "code"), [(0, "fresh"), (23.9, "fresh"), (24, "old"), (71.9, "old"), (72, "stale"), (9000, "stale")]
    )
    def test_it_is_said_in_three_steps(self, hours: float, code: str) -> None:
        assert age_code(self.NOW - dt.timedelta(hours=hours), self.NOW) == code

    def test_nothing_heard_is_no_list_and_a_clock_set_back_no_age(self) -> None:
        assert age_code(None, self.NOW) == "never"
        assert age_code(self.NOW + dt.timedelta(hours=1), self.NOW) == "fresh"


class TestWhatIsTyped:
    @pytest.mark.parametrize(
        ("text", "edtf"),
        [
            ("", ""),
            ("1974", "1974"),
            ("١٩٧٤", "1974"),
            ("1974-8", "1974-08"),
            ("1974-08-12", "1974-08-12"),
            ("12/8/1974", "1974-08-12"),
            ("12.08.1974", "1974-08-12"),
            ("١٢/٨/١٩٧٤", "1974-08-12"),
        ],
    )
    def test_a_date_of_birth_as_people_write_it(self, text: str, edtf: str) -> None:
        assert read_birth_date(text, TODAY) == edtf

    @pytest.mark.parametrize(
        "text", ["74", "31/2/1974", "1974-13", "2027", "24/11/2026", "1800", "yesterday", "1974-08-12x"]
    )
    def test_no_date_of_a_living_person(self, text: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - the standard library words some of them
            read_birth_date(text, TODAY)

    @given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=10), st.text(max_size=300))
    def test_any_text_is_taken_clean_or_refused_by_field(self, name: str, born: str, state: str, number: str) -> None:
        try:
            taken = typed(name, born, state, number, codes=known_codes(), today=TODAY)
        except Refused as refused:
            at = {fault.field for fault in refused.faults}
        else:
            at = set()
            assert len(taken.name) <= 200
            assert taken.number.isascii()
            assert taken.nationality in known_codes() | {""}
            assert Traveller.of_dict(taken.as_dict()) == taken
        assert at <= {"name", "birth_date", "nationality", "number"}


class TestTheDemosPapers:
    def test_each_zone_agrees_with_itself_and_the_spoiled_one_does_not(self) -> None:
        text = "\n".join(mrz_samples(TODAY))
        zones = [block.split("\n", 1)[1] for block in text.split("\n\n")]
        travellers = [of_mrz(read(zone, TODAY)) for zone in zones]
        assert [traveller.doubtful for traveller in travellers] == [()] * 5 + [("number",)]
        assert travellers[0].birth_date == "1984-03-09"
        assert not travellers[0].expired_on(TODAY)
        assert travellers[0].expired_on(dt.date(2030, 1, 1))

    def test_an_unknown_month_stays_unknown(self) -> None:
        zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO74<<<<1F1204159ZE184226B<<<<<10"
        assert of_mrz(read(zone, TODAY)).birth_date == "1974"
