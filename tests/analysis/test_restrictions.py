"""Rule R10: what its origin keeps for border checks is found at the desk, and for no other purpose anywhere."""

from typing import Any

import pytest

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Actor, Grant, allow
from jiwar.analysis import services
from jiwar.bridges.leaving import may_leave
from jiwar.bridges.readers import recipient
from jiwar.records.models import Record
from jiwar.records.reading import is_for, not_for
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.finding import Narrow
from jiwar.watchlist.screening import PartialDate, Query, screen
from jiwar.watchlist.watching import Mark, changed_since
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content, grant, issued, niger, people, take  # noqa: F401
from tests.watchlist.conftest import live_index, own_keys  # noqa: F401

MARIAMA = {"names": [{"text": "Mariama Abdou"}], "birth_dates": [{"date": "1979-01-24"}]}
HER = Query(("Mariama Abdou",), PartialDate(1979, 1, 24))
CHECK, INVESTIGATION = Purpose.BORDER_CHECK, Purpose.CRIMINAL_INVESTIGATION


def by(permission: P, purpose: Purpose) -> Grant:
    actor = Actor("0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f6", "console", frozenset(P))
    return allow(actor, permission, purpose, "LBY/2026/7")


def received(niger: ForeignNode, *restrictions: str) -> Record:  # noqa: F811
    content = alert_content()
    content["handling"] = {"tlp": "AMBER", "onward": "yes", "restrictions": list(restrictions)}
    content["body"]["subject"] = MARIAMA
    return take(niger.statement(ALERT, ALERT.content.model_validate(content)))


def ways(record: Record, purpose: Purpose) -> dict[str, bool]:
    """By which ways a record is reached for a purpose."""
    searching, reading = by(P.ANALYSIS_SUBJECT_SEARCH, purpose), by(P.ANALYSIS_SUBJECT_READ, purpose)
    return {
        "desk": bool(screen(by(P.WATCHLIST_PERSON_SCREEN, purpose), HER).candidates),
        "analysis": bool(services.search(searching, HER, Narrow()).rows),
        "reference": bool(services.look_up(searching, str(record.uid))),
        "saved": bool(changed_since(searching, HER, Mark(), reason="")),
        "dossier": services.open_dossier(reading, record.uid) is not None,
        "links": services.open_chart(reading, record.uid, (), rtl=False) is not None,
        "export": may_leave(record, recipient("", purpose), reading.actor) == "open",
    }


@pytest.mark.parametrize("restrictions", [("border_check_only",), ("no_arrest", "border_check_only")])
def test_for_border_checks_alone(niger: ForeignNode, live_index: Any, restrictions: tuple[str, ...]) -> None:  # noqa: F811
    record = received(niger, *restrictions)
    assert set(ways(record, CHECK).values()) == {True}
    assert set(ways(record, INVESTIGATION).values()) == {False}
    assert not_for(INVESTIGATION) == {record.uid}
    assert not_for(INVESTIGATION, []) == not_for(CHECK) == frozenset()


@pytest.mark.parametrize("restrictions", [(), ("no_arrest", "no_evidence", "contact_before_action")])
def test_what_people_alone_can_keep_to_is_shown_and_hides_nothing(
    niger: ForeignNode,  # noqa: F811
    live_index: Any,  # noqa: F811
    restrictions: tuple[str, ...],
) -> None:
    record = received(niger, *restrictions)
    assert set(ways(record, INVESTIGATION).values()) == {True}
    [match] = screen(by(P.WATCHLIST_PERSON_SCREEN, INVESTIGATION), HER).candidates
    assert match.restrictions == restrictions


def test_a_text_that_has_the_word_restricts_nothing_and_an_own_alert_binds_others(
    niger: ForeignNode,  # noqa: F811
    issued: Any,  # noqa: F811
    live_index: Any,  # noqa: F811
) -> None:
    content = alert_content()
    content["body"]["remarks"] = 'she said "border_check_only"'
    talks = take(niger.statement(ALERT, ALERT.content.model_validate(content)))
    mine = alert_content()
    mine["handling"] = {"tlp": "AMBER", "onward": "no", "restrictions": ["border_check_only"]}
    own = issued(mine)
    assert not_for(INVESTIGATION) == frozenset()
    assert is_for(talks, INVESTIGATION)
    assert is_for(own, INVESTIGATION)
