"""What is counted of searches, and how many one actor may make."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from jiwar.access.policy import Grant
from jiwar.audit.queries import leaves
from jiwar.watchlist import asking, rates, screening
from jiwar.watchlist.models import SearchCount
from jiwar.watchlist.rates import Taken, take
from jiwar.watchlist.screening import Query, Screening, screen_many, search, tell
from jiwar.wire.faults import Refused
from tests.watchlist.test_screening import REASON, YOUSSEF, Searcher

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
AT = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
LIMITS = ((MINUTE, 10), (DAY, 25))


def after(seconds: float) -> dt.datetime:
    return AT + dt.timedelta(seconds=seconds)


@pytest.mark.django_db
class TestTake:
    def test_allows_what_fits_and_counts_only_that(self) -> None:
        assert take("amal", LIMITS, AT, 8) == Taken(8, 25)
        assert take("amal", LIMITS, AT, 8) == Taken(2, 10)
        assert take("amal", LIMITS, AT, 1) == Taken(0, 10)
        assert {row.seconds: row.number for row in SearchCount.objects.all()} == {60: 10, 86400: 10}
        assert take("badis", LIMITS, AT, 10).number == 10

    @pytest.mark.parametrize(("seconds", "allowed"), [(59, 0), (60, 0), (66, 1), (90, 5), (119, 9), (120, 10)])
    def test_what_was_asked_a_span_ago_counts_by_the_part_still_in_reach(self, seconds: int, allowed: int) -> None:
        take("amal", LIMITS, AT, 10)
        assert take("amal", LIMITS, after(seconds), 10).number == allowed

    def test_no_minute_across_the_turn_of_two_has_twice_the_limit(self) -> None:
        take("amal", LIMITS, after(59), 10)
        assert sum(take("amal", LIMITS, after(60 + second), 1).number for second in range(50)) <= 9

    def test_the_day_holds_where_the_minute_would_let_more_pass(self) -> None:
        for minute in (0, 2):
            take("amal", LIMITS, after(60 * minute), 10)
        assert take("amal", LIMITS, after(60 * 4), 10) == Taken(5, 25)
        assert take("amal", LIMITS, after(60 * 6), 10) == Taken(0, 25)

    def test_costs_one_statement_whatever_was_asked_before(self, django_assert_num_queries: object) -> None:
        take("amal", LIMITS, AT, 5)
        with django_assert_num_queries(1):  # type: ignore[operator]
            take("amal", LIMITS, after(1), 2)


class TestTogether:
    def test_everyone_is_answered_in_one_transaction_and_each_search_is_a_leaf(
        self,
        listed: None,
        searcher: Searcher,
        django_assert_max_num_queries: Any,
    ) -> None:
        search(searcher(), YOUSSEF)
        with django_assert_max_num_queries(2 * 6):
            asked = [search(searcher(case=f"C/{n}"), YOUSSEF, channel="api") for n in range(6)]
        beside = 2  # the savepoint of this test's transaction
        with django_assert_max_num_queries(9 + beside):
            answers = tell(asked)
        with django_assert_max_num_queries(7 + beside):
            nobody = tell([replace(one, found=[]) for one in asked])
        assert [[m.source_reference for m in a.candidates] for a in answers if isinstance(a, Screening)] == [
            ["JWi.001"]
        ] * 6
        held = {leaf.subject: leaf.case for leaf in leaves(act="person_screened")}
        told = [answer for answer in (*answers, *nobody) if isinstance(answer, Screening)]
        assert held == {str(answer.id): f"C/{n % 6}" for n, answer in enumerate(told)}

    def test_who_asks_too_many_is_refused_for_what_is_beyond_and_nobody_else(
        self,
        listed: None,
        searcher: Searcher,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(asking, "RATES", ((MINUTE, 2),))
        other = searcher(actor="a7a94f62-35ac-4dd7-a0d5-5dd1b0f1f0b4")
        answers = tell([search(by, YOUSSEF) for by in (searcher(), searcher(), other, searcher(), searcher())])
        assert [isinstance(answer, Refused) for answer in answers] == [False, False, False, True, True]
        [leaf] = leaves(act="screening_refused")
        assert '"questions":2' in leaf.content
        assert leaves(act="person_screened").count() == 3

    def test_many_are_all_answered_or_none(
        self,
        listed: None,
        searcher: Searcher,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with pytest.raises(Refused) as refused:
            screen_many(searcher(), [YOUSSEF, Query(names=("*",)), Query()])
        assert [(f.code, f.field) for f in refused.value.faults] == [("wildcard", "1.names.0"), ("query_empty", "2")]
        monkeypatch.setattr(asking, "RATES", ((MINUTE, 3),))
        with pytest.raises(Refused):
            screen_many(searcher(), [YOUSSEF] * 4)
        assert not leaves(act="person_screened").exists()
        assert leaves(act="screening_refused").count() == 1
        assert len(screen_many(searcher(), [YOUSSEF] * 3, reason=REASON)) == 3
        with pytest.raises(Refused):
            screen_many(searcher(), [YOUSSEF] * (screening.MANY + 1))

    def test_a_program_may_ask_what_a_desk_may_not(self, listed: None, searcher: Searcher) -> None:
        import dataclasses

        person = searcher()
        program = dataclasses.replace(person, actor=dataclasses.replace(person.actor, id="token:1", via="api"))
        most: dict[Grant, int] = {}
        for by in (person, program):
            with transaction.atomic():
                limits = asking.RATES_OF_PROGRAMS if by.via == "api" else asking.RATES
                most[by] = rates.take(by.actor_id, limits, AT, 1_000_000).number
        assert (most[person], most[program]) == (120, 15_000)
