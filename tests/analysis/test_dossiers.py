"""The search and the dossier as services: what they find, what they tell whom, what the ledger keeps."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.analysis import services
from jiwar.audit.models import Leaf
from jiwar.identity.roles import Clearance
from jiwar.records.models import Record
from jiwar.watchlist import services as watchlist
from jiwar.watchlist.finding import Narrow
from jiwar.watchlist.screening import Document, Query
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content, grant, issued, niger, people, take  # noqa: F401
from tests.watchlist.alerts.test_cases import hit_of
from tests.watchlist.conftest import live_index, own_keys  # noqa: F401

PAPER = Query(documents=(Document("", "LBY", "K0451187"),))
ANALYST = "0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f6"
READING = frozenset({P.ANALYSIS_SUBJECT_READ, P.ANALYSIS_SUBJECT_SEARCH, P.WATCHLIST_ALERT_READ, P.WATCHLIST_CASE_READ})


def by(
    permission: P, clearance: Clearance = Clearance.STANDARD, may: frozenset[P] = READING, case: str = "LBY/2026/7"
) -> Grant:
    return allow(Actor(ANALYST, "console", may, clearance), permission, Purpose.CRIMINAL_INVESTIGATION, case)


@pytest.fixture
def alert(issued: Callable[..., Record], niger: ForeignNode, live_index: Any) -> Record:  # noqa: F811
    """An own alert with a hit of Niger."""
    record = issued()
    take(hit_of(niger, record))
    return record


def read(uid: UUID, **grant_: Any) -> Any:
    return services.open_dossier(by(P.ANALYSIS_SUBJECT_READ, **grant_), uid)


def test_a_search_says_where_each_candidate_is_from_and_what_was_seen_of_it(alert: Record) -> None:
    found = services.search(by(P.ANALYSIS_SUBJECT_SEARCH), PAPER, Narrow())
    [row] = found.rows
    assert (row.match.record_uid, row.type, row.hits, row.sightings) == (alert.uid, "person", 1, 0)
    [source] = row.sources
    assert (source.what, source.node, source.grading, source.tlp) == ("own_alert", "LBY", "A1", "AMBER")


def test_a_dossier_has_every_fact_with_its_sources_and_what_happened(
    alert: Record, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(32):
        dossier = read(alert.uid)
    assert (dossier.name, dossier.type, dossier.alert_type) == ("Salem Ould Khattar", "person", "wanted_for_arrest")
    assert [source.what for source in dossier.sources] == ["own_alert", "hit"]
    assert {event.what for event in dossier.events} == {"born", "warrant", "issued", "hit", "case_opened"}
    [hit] = [event for event in dossier.events if event.what == "hit"]
    assert (hit.where, hit.who, hit.detail) == ("Madama, lane 2", "NER-MADAMA", ("action_taken", "held_for_contact"))
    [leaf] = Leaf.objects.filter(act="dossier_read")
    assert (leaf.subject, leaf.case, leaf.actor) == (str(alert.uid), "LBY/2026/7", ANALYST)


def test_a_sighting_is_told_until_it_is_taken_back(alert: Record, grant: Callable[..., Grant]) -> None:  # noqa: F811
    seen = {"at": timezone.now().isoformat(), "place": "Well of Toummo", "country": "NER", "seen": "In a white Hilux"}
    reporting = grant(P.WATCHLIST_SIGHTING_REPORT)
    sighting = watchlist.report_sighting(reporting, alert.uid, seen, source="B", information="2")
    dossier = read(alert.uid)
    [event] = [event for event in dossier.events if event.what == "sighted"]
    assert (event.where, event.note) == ("Well of Toummo, NER", "In a white Hilux")
    [source] = [source for source in dossier.sources if source.number == event.source]
    assert (source.what, source.grading) == ("sighting", "B2")
    search = by(P.ANALYSIS_SUBJECT_SEARCH)
    assert [row.sightings for row in services.search(search, PAPER, Narrow()).rows] == [1]
    watchlist.withdraw_sighting(reporting, sighting.uid, "Somebody else")
    assert "sighted" not in {event.what for event in read(alert.uid).events}
    assert [row.sightings for row in services.search(search, PAPER, Narrow()).rows] == [0]


def test_who_may_not_read_cases_reads_of_no_hit(alert: Record) -> None:
    dossier = read(alert.uid, may=READING - {P.WATCHLIST_CASE_READ})
    assert [source.what for source in dossier.sources] == ["own_alert"]
    assert "hit" not in {event.what for event in dossier.events}
    assert read(alert.uid, may=READING - {P.WATCHLIST_ALERT_READ}) is None
    assert read(uuid4()) is None


def test_what_has_ended_is_shown_no_longer(alert: Record, grant: Callable[..., Grant]) -> None:  # noqa: F811
    watchlist.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), alert.uid, "Arrested at home")
    dossier = read(alert.uid)
    assert (dossier.name, dossier.facts, dossier.alert_type) == ("", (), "")
    assert "withdrawn" in {event.what for event in dossier.events}
    assert "born" not in {event.what for event in dossier.events}
    assert services.search(by(P.ANALYSIS_SUBJECT_SEARCH), PAPER, Narrow()).rows == ()


@pytest.mark.parametrize("field", ["valid_until", "review_on"])
def test_what_has_run_out_says_nothing_from_that_second(alert: Record, field: str) -> None:
    """Nothing waits for the duty that ends records (rule R9)."""
    past = timezone.now() - dt.timedelta(days=1)
    Record.objects.filter(pk=alert.pk).update(**{field: past})
    dossier = read(alert.uid)
    assert (dossier.name, dossier.facts, dossier.alert_type) == ("", (), "")
    assert [source.standing for source in dossier.sources if source.what == "own_alert"] == ["expired"]
    assert services.open_chart(by(P.ANALYSIS_SUBJECT_READ), alert.uid, (), rtl=False) is None
    assert [row.name for row in services.look_up(by(P.ANALYSIS_SUBJECT_SEARCH), str(alert.uid))] == [""]
    reading = by(P.WATCHLIST_ALERT_READ)
    assert (
        [row.name for row in watchlist.browse_alerts(reading)]
        == [watchlist.open_alert(reading, alert.uid).name]
        == [""]
    )


def test_a_reference_finds_what_stands_and_what_stands_no_longer(
    alert: Record,
    grant: Callable[..., Grant],  # noqa: F811
) -> None:
    looked = by(P.ANALYSIS_SUBJECT_SEARCH)
    [row] = services.look_up(looked, f" {alert.uid} ")
    assert (row.uid, row.name, row.used) == (alert.uid, "Salem Ould Khattar", True)
    watchlist.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), alert.uid, "The warrant was lifted")
    [row] = services.look_up(looked, str(alert.uid))
    assert (row.name, row.source.standing, row.used) == ("", "withdrawn", False)
    assert services.look_up(looked, "QDi.404") == []
    leaf = Leaf.objects.filter(act="reference_looked_up").first()
    assert leaf is not None
    assert str(alert.uid) in leaf.content


@pytest.mark.parametrize(
    ("text", "case", "fault"), [("QD", "A/1", "too_short"), (" ", "A/1", "missing"), ("QDi.001", "", "case_missing")]
)
def test_a_reference_is_a_question_about_somebody(db: None, text: str, case: str, fault: str) -> None:
    with pytest.raises(Refused) as refused:
        services.look_up(by(P.ANALYSIS_SUBJECT_SEARCH, case=case), text)
    assert [found.code for found in refused.value.faults] == [fault]
    with pytest.raises(AccessRefused):
        services.look_up(by(P.ANALYSIS_SUBJECT_READ), "QDi.001")


def test_a_discreet_check_is_for_the_cleared_alone(issued: Callable[..., Record], live_index: Any) -> None:  # noqa: F811
    record = issued(alert_content(type="discreet_check", action="check_discreetly"))
    assert read(record.uid) is None
    assert not Leaf.objects.filter(act="dossier_read").exists()
    assert services.search(by(P.ANALYSIS_SUBJECT_SEARCH), PAPER, Narrow()).rows == ()
    assert read(record.uid, clearance=Clearance.COVERT).name == "Salem Ould Khattar"
    cleared = by(P.ANALYSIS_SUBJECT_SEARCH, Clearance.COVERT)
    assert len(services.search(cleared, PAPER, Narrow()).rows) == 1


def test_it_needs_its_own_permission_and_a_case(alert: Record) -> None:
    with pytest.raises(AccessRefused):
        services.open_dossier(by(P.WATCHLIST_ALERT_READ), alert.uid)
    with pytest.raises(Refused) as refused:
        services.open_dossier(replace(by(P.ANALYSIS_SUBJECT_READ), case=""), alert.uid)
    assert [fault.code for fault in refused.value.faults] == ["case_missing"]
