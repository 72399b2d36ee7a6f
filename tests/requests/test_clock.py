"""The clock of a letter, from values alone."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.requests.logic.clock import Phase, due, half_of, phase

ISSUED = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
MOMENTS = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))


@pytest.mark.parametrize(
    ("urgency", "answer_by", "expected"),
    [
        ("urgent", None, dt.datetime(2026, 11, 24, 16, 0, tzinfo=dt.UTC)),
        ("three_days", None, dt.datetime(2026, 11, 27, 8, 0, tzinfo=dt.UTC)),
        ("seven_days", None, dt.datetime(2026, 12, 1, 8, 0, tzinfo=dt.UTC)),
        (None, dt.datetime(2027, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC)),
        (None, None, None),
    ],
)
def test_when_an_answer_is_due(urgency: str | None, answer_by: dt.datetime | None, expected: dt.datetime) -> None:
    assert due(ISSUED, urgency, answer_by) == expected


def test_an_urgent_letter_hour_by_hour() -> None:
    end = due(ISSUED, "urgent", None)
    assert end is not None
    half = half_of(ISSUED, end)
    stands = [phase(ISSUED + dt.timedelta(hours=hours), half, end, None) for hours in (0, 3.99, 4, 7.99, 8, 100)]
    assert stands == ["running", "running", "half_gone", "half_gone", "overdue", "overdue"]
    assert phase(ISSUED + dt.timedelta(hours=100), half, end, ISSUED) is Phase.ANSWERED
    assert phase(ISSUED, None, None, None) is Phase.NO_CLOCK


@given(MOMENTS, MOMENTS, MOMENTS, MOMENTS)
def test_a_letter_only_moves_on(issued: dt.datetime, end: dt.datetime, one: dt.datetime, other: dt.datetime) -> None:
    order = [Phase.RUNNING, Phase.HALF_GONE, Phase.OVERDUE]
    half = half_of(issued, end)
    assert half <= end
    early, late = sorted((one, other))
    assert order.index(phase(early, half, end, None)) <= order.index(phase(late, half, end, None))
    assert phase(end, half, end, None) is Phase.OVERDUE
