"""An analyst's search: how far it reaches, what narrows it, what each lenience lets through, and who may know."""

import datetime as dt
from dataclasses import replace

import pytest

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.audit.models import Leaf
from jiwar.identity.roles import Clearance
from jiwar.watchlist.entries import put
from jiwar.watchlist.finding import MOST, Narrow, find
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.logic.spelling import agrees
from jiwar.watchlist.models import Entry
from jiwar.watchlist.screening import Document, Query
from jiwar.watchlist.telling import CANDIDATES
from jiwar.wire.faults import Refused
from tests.watchlist.conftest import OFFICER

ALL = Narrow()
WHY = "Who is behind the convoy of 3 November"


def by(clearance: Clearance = Clearance.STANDARD, case: str = "LBY/2026/7") -> Grant:
    actor = Actor(OFFICER, "console", frozenset(Permission), clearance)
    return allow(actor, Permission.ANALYSIS_SUBJECT_SEARCH, Purpose.COUNTER_TERRORISM, case)


def names(query: str, narrow: Narrow = ALL, **grant: object) -> list[str]:
    return [match.names[0] for match in find(by(**grant), Query((query,)), narrow, reason=WHY).candidates]


@pytest.mark.parametrize(
    ("asked", "listed", "both", "sound_alone", "inexact_alone", "neither"),
    [
        ("Mohamed Salem", "محمد سالم", True, True, False, False),
        ("Salem Khattar", "Salem Ould Khattar", True, True, True, True),
        ("Salem Khattar", "SÀLEM khattar", True, True, True, True),
        ("Salem Ould Khattar", "Salem Khattar", True, True, True, False),
        ("Youssef El Megaryef", "يوسف المقريف", True, True, False, False),
        ("Salem Khattar", "Salem Khattra", True, False, True, False),
        ("Salem Khattar", "Salim Khatar", True, True, True, False),
        ("Salem Salem", "Salem Khattar", True, False, True, False),
    ],
)
def test_what_each_lenience_lets_through(asked, listed, both, sound_alone, inexact_alone, neither):
    said = [agrees(asked, [listed], by_sound=s, inexact=i) for s, i in ((1, 1), (1, 0), (0, 1), (0, 0))]
    assert said == [both, sound_alone, inexact_alone, neither]


def test_nothing_agrees_with_no_name() -> None:
    assert not agrees("Salem", [], by_sound=False, inexact=False)
    assert not agrees("…", ["…"], by_sound=True, inexact=False)


@pytest.fixture
def brothers(listed: None) -> None:
    """Eight more of one family, so that more are alike than a desk is shown."""
    entry = Entry.objects.select_related("record").filter(record__kind="listing.person").first()
    for number in range(8):
        facts = SubjectFacts(
            names=({"text": f"Salem Khattar {'abcdefgh'[number]}ouna"},), birth_dates=({"date": str(1970 + number)},)
        )
        copy = replace_record(entry, number)
        put(copy, facts, category="listing", action="refer_to_contact_point", reference=f"Q.{number}")


def replace_record(entry: Entry, number: int):
    from jiwar.records.models import Record

    row = Record.objects.get(pk=entry.record_id)
    row.pk, row.uid, row.hash = None, f"0190{number:04}-0000-7000-8000-000000000000", f"{number:064}"
    row.save(force_insert=True)
    return row


def test_an_analyst_sees_further_than_a_desk_and_narrows_by_what_is_known(brothers) -> None:
    assert CANDIDATES < len(names("Salem Khattar")) <= MOST
    found = names("Salem Khattar", Narrow(born_from=1972, born_to=1973))
    assert sorted(found) == ["Salem Khattar couna", "Salem Khattar douna"]
    assert names("Salem Khattar", Narrow(source="own")) == []
    assert names("Salem Khattar", Narrow(issuer="NER")) == []
    assert len(names("Salem Khattar", Narrow(issuer="LBY", source="public_list", type="person"))) == 8
    assert names("Salem Khattar", Narrow(since=dt.date(2999, 1, 1))) == []
    assert names("Salim Khatar", Narrow(by_sound=False, inexact=False)) == []
    [leaf] = Leaf.objects.filter(act="person_screened").order_by("-index")[:1]
    assert (leaf.case, '"channel":"analysis"' in leaf.content, WHY in leaf.content) == ("LBY/2026/7", True, True)


def test_a_discreet_check_is_for_the_cleared(brothers) -> None:
    Entry.objects.filter(reference="Q.3").update(covert=True)
    assert "Salem Khattar douna" not in names("Salem Khattar")
    assert "Salem Khattar douna" in names("Salem Khattar", clearance=Clearance.COVERT)


def test_it_is_as_lawful_as_a_desk(listed) -> None:
    for grant, code in ((by(case=""), "case_missing"), (by(), "reason_missing")):
        with pytest.raises(Refused) as refused:
            find(grant, Query(("Salem Khattar",)), Narrow())
        assert [fault.code for fault in refused.value.faults] == [code]
    desk = replace(by(), permission=Permission.WATCHLIST_PERSON_SCREEN)
    with pytest.raises(AccessRefused):
        find(desk, Query(documents=(Document("", "", "K0451187"),)), Narrow())
