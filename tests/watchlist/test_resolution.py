"""Duplicates: two people join records to one subject and take them apart; a discreet check leaks through nothing."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.access.services import SYSTEM
from jiwar.audit.queries import leaves
from jiwar.identity.roles import Clearance
from jiwar.identity.services import add_node
from jiwar.records.arrivals import receive
from jiwar.records.kinds import WITHDRAWAL
from jiwar.records.services import Record, terms
from jiwar.watchlist import likely_pairs, resolution
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.models import Entry, LikelyPair, Looked, Member, Resolution
from jiwar.watchlist.screening import PartialDate, Query, Screening, screen
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode
from tests.post import DISCREET, alert_body

PROPOSE, CONFIRM = Permission.WATCHLIST_RESOLUTION_PROPOSE, Permission.WATCHLIST_RESOLUTION_CONFIRM
NODE = Grant(SYSTEM, Permission.EXCHANGE_LINK_READ)
REASON = "same mother, same passport, asked of both issuers"
SALEM = Query(names=("Salem Ould Khattar",), birth_date=PartialDate.parse("1984-03-09"))
Alerting = Callable[..., Record]
Granting = Callable[..., Grant]
REFUSE_ENTRY = {
    "type": "refused_entry",
    "action": "refuse_entry_by_decision",
    "warrant": {"authority": "Ministry", "number": "3/2026", "date": "2026-02-01", "country": "NER"},
}


def subject(name: str, born: str = "1984-03-09", number: str = "") -> dict[str, Any]:
    documents = [{"type": "passport", "country": "NER", "number": number}] if number else []
    return {"names": [{"text": name}], "birth_dates": [{"date": born}], "documents": documents}


@pytest.fixture
def niger(node: None) -> ForeignNode:
    neighbour = ForeignNode("NER")
    add_node(neighbour.card())
    return neighbour


@pytest.fixture
def alert(niger: ForeignNode) -> Alerting:
    """`alert(**body)`: an alert of Niger's that reached us."""

    def make(**body: Any) -> Record:
        content = terms("criminal_investigation", "art. 21", 200, alert_body(**body))
        plain = ALERT.content.model_validate(content).model_dump(mode="json")
        return receive(NODE, *niger.statement(ALERT, plain), "NER")

    return make


@pytest.fixture
def by() -> Granting:
    """`by(permission, actor, clearance)`"""

    def make(permission: Permission, actor: str = "one", clearance: Clearance = Clearance.STANDARD) -> Grant:
        who = Actor(actor, "console", frozenset(Permission), clearance)
        return allow(who, permission, Purpose.CRIMINAL_INVESTIGATION, "LBY/2026/7")

    return make


@pytest.fixture
def ask(by: Granting) -> Callable[..., Screening]:
    def make(clearance: Clearance = Clearance.STANDARD, query: Query = SALEM) -> Screening:
        return screen(by(Permission.WATCHLIST_PERSON_SCREEN, "officer", clearance), query)

    return make


@pytest.fixture
def join(by: Granting) -> Callable[..., Resolution]:
    """`join(uids, clearance)`: one proposes, another confirms what she saw."""

    def make(*uids: UUID, clearance: Clearance = Clearance.STANDARD, what: str = "merge") -> Resolution:
        row = resolution.propose(by(PROPOSE, "one", clearance), what, uids, REASON)
        return confirm(by(CONFIRM, "two", clearance), row)

    return make


def confirm(by: Grant, row: Resolution, *, yes: bool = True) -> Resolution:
    opened = resolution.open_resolution(by, row.pk)
    assert opened is not None
    assert opened[1] is not None
    return resolution.decide(by, row.pk, opened[1].digest, confirm=yes, reason=REASON)


def shown(answer: Screening) -> list[tuple[str, list[str]]]:
    return [(match.action, [other.action for other in match.others]) for match in answer.candidates]


def whole(answer: Screening) -> list[tuple[object, ...]]:
    """All that an officer is shown."""
    return [
        (m.names, m.action, m.alert_type, m.strength, m.score, m.reasons, m.differences, m.unknown, len(m.others))
        for match in answer.candidates
        for m in (match, *match.others)
    ]


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {fault.code for fault in error.value.faults}


def test_one_candidate_for_one_subject_the_most_urgent_action_first(
    alert: Alerting, ask: Any, join: Any, by: Granting
) -> None:
    entry, arrest = alert(**REFUSE_ENTRY).uid, alert().uid
    elsewhere = alert(**REFUSE_ENTRY, subject=subject("Bilal Ag Intalla", "1979-01-02")).uid
    assert len(ask().candidates) == 2
    row = resolution.propose(by(PROPOSE), "merge", [entry, arrest, elsewhere], REASON)
    assert len(ask().candidates) == 2, "a proposal changes no search"
    with pytest.raises(Refused) as error:
        confirm(by(CONFIRM, "one"), row)
    assert codes(error) == {"approver_is_author"}
    confirm(by(CONFIRM, "two"), row)
    [match] = ask().candidates
    assert (match.record_uid, match.action) == (arrest, "arrest_for_extradition")
    assert {other.record_uid for other in match.others} == {entry, elsewhere}, "also what this name does not find"
    assert match.reasons
    assert match.strength == "strong"
    [found] = ask(query=Query(names=("Bilal Ag Intalla",), birth_date=PartialDate.parse("1979-01-02"))).candidates
    assert (found.record_uid, len(found.others)) == (arrest, 2)
    newest = leaves(act="person_screened").order_by("-index")[0].content
    assert all(str(uid) in newest for uid in (entry, arrest, elsewhere)), "the ledger keeps all that was shown"
    acts = [leaf.act for leaf in leaves().order_by("index") if leaf.act.startswith("resolution")]
    assert [act for act in acts if act != "resolution_read"] == ["resolution_proposed", "resolution_confirmed"]


def test_taken_apart_by_two_people_each_is_shown_again(alert: Alerting, ask: Any, join: Any, by: Granting) -> None:
    one, other, third = alert(**REFUSE_ENTRY).uid, alert().uid, alert().uid
    join(one, other)
    join(other, third)
    assert len(ask().candidates[0].others) == 2
    with pytest.raises(Refused) as error:
        join(one, other, third)
    assert codes(error) == {"already_together"}
    join(one, what="split")
    assert sorted(len(match.others) for match in ask().candidates) == [0, 1]
    join(other, what="split")
    assert [len(match.others) for match in ask().candidates] == [0, 0, 0]
    assert not Member.objects.exists()
    with pytest.raises(Refused) as error:
        join(one, what="split")
    assert codes(error) == {"not_together"}
    assert Record.objects.filter(kind="alert.person").count() == 3, "no record was changed"


def test_what_was_not_seen_is_not_confirmed(alert: Alerting, join: Any, by: Granting) -> None:
    one, other, third = alert().uid, alert().uid, alert().uid
    row = resolution.propose(by(PROPOSE), "merge", [one, other], REASON)
    _, seen = resolution.open_resolution(by(CONFIRM, "two"), row.pk)  # type: ignore[misc]
    join(other, third)
    with pytest.raises(Refused) as error:
        resolution.decide(by(CONFIRM, "two"), row.pk, seen.digest, confirm=True, reason=REASON)
    assert codes(error) == {"resolution_changed"}
    confirm(by(CONFIRM, "two"), row)
    assert len(set(resolution.together([one]).values())) == 1
    assert set(resolution.together([one])) == {one, other, third}


def test_who_ends_leaves(alert: Alerting, join: Any, by: Granting, niger: ForeignNode) -> None:
    one, other, third = alert(), alert(), alert()
    join(one.uid, other.uid, third.uid)
    waiting = resolution.propose(by(PROPOSE), "split", [one.uid], REASON)

    def withdraw(record: Record) -> None:
        body = {"target": str(record.uid), "reason": "found"}
        receive(NODE, *niger.statement(WITHDRAWAL, terms("criminal_investigation", "art. 21", 300, body)), "NER")

    withdraw(one)
    waiting.refresh_from_db()
    assert waiting.state == "ended"
    assert set(resolution.together([other.uid])) == {other.uid, third.uid}
    opened = resolution.open_resolution(by(CONFIRM, "two"), waiting.pk)
    assert opened is not None
    assert opened[1] is None, "what an ended entry said is shown no longer"
    withdraw(other)
    assert resolution.together([third.uid]) == {}
    assert not Member.objects.exists()
    assert leaves(act="resolution_left").count() == 2


def test_who_is_amended_stays(alert: Alerting, join: Any, niger: ForeignNode) -> None:
    plain = ALERT.content.model_validate(terms("criminal_investigation", "art. 21", 200, alert_body()))
    first = niger.statement(ALERT, plain.model_dump(mode="json"))
    one, other = receive(NODE, *first, "NER"), alert()
    join(one.uid, other.uid)
    changed = terms("criminal_investigation", "art. 21", 200, alert_body(remarks="seen with a brother"))
    second = ALERT.content.model_validate(changed).model_dump(mode="json")
    receive(NODE, *niger.statement(ALERT, second, supersedes=first[0]), "NER")
    assert set(resolution.together([one.uid])) == {one.uid, other.uid}


class TestADiscreetCheck:
    """What an officer without clearance is shown is the same, whatever a discreet check is together with."""

    def test_changes_nothing_for_the_uncleared(self, alert: Alerting, ask: Any, join: Any) -> None:
        arrest, discreet = alert(**REFUSE_ENTRY).uid, alert(**DISCREET).uid
        alias = alert(**DISCREET, subject=subject("Bilal Ag Intalla", "1979-01-02")).uid
        other_name = Query(names=("Bilal Ag Intalla",), birth_date=PartialDate.parse("1979-01-02"))
        before, before_alias = whole(ask()), whole(ask(query=other_name))
        join(arrest, discreet, alias, clearance=Clearance.COVERT)
        assert whole(ask()) == before
        assert whole(ask(query=other_name)) == before_alias
        assert shown(ask(Clearance.COVERT)) == [("check_discreetly", ["check_discreetly", "refuse_entry_by_decision"])]
        assert resolution.together([arrest, discreet]) == {}

    def test_is_on_no_page_of_theirs(self, alert: Alerting, join: Any, by: Granting) -> None:
        arrest, twin, discreet = alert().uid, alert().uid, alert(**DISCREET).uid
        likely_pairs.look(NODE, timezone.now())
        plain, cleared = by(PROPOSE), by(PROPOSE, "one", Clearance.COVERT)
        assert resolution.likely(cleared.actor).count() == 3
        assert [{p.one_id, p.other_id} for p in resolution.likely(plain.actor)] == [{arrest, twin}]
        row = resolution.propose(cleared, "merge", [arrest, discreet], REASON)
        assert not resolution.resolutions(plain.actor).exists()
        assert resolution.open_resolution(plain, row.pk) is None
        for act in (
            lambda: resolution.propose(plain, "merge", [arrest, discreet], REASON),
            lambda: resolution.propose(plain, "merge", [arrest, uuid4()], REASON),
            lambda: resolution.decide(by(CONFIRM, "two"), row.pk, "", confirm=True, reason=REASON),
            lambda: resolution.decide(by(CONFIRM, "two"), uuid4(), "", confirm=True, reason=REASON),
        ):
            with pytest.raises(Refused) as error:
                act()
            assert codes(error) <= {"entry_unknown", "resolution_unknown"}
        confirm(by(CONFIRM, "two", Clearance.COVERT), row)
        assert resolution.clusters(plain.actor) == []
        assert resolution.compare_entries(plain, [arrest, discreet]) is None
        found = resolution.compare_entries(plain, [arrest])
        assert found is not None
        assert [entry.uid for entry in found.entries] == [arrest]
        # An uncleared pair joins what the cleared joined before, and learns nothing of it.
        join(arrest, twin)
        assert set(resolution.together([twin])) == {arrest, twin}
        assert set(resolution.together([twin], cleared=True)) == {arrest, twin, discreet}


class TestLikelyPairs:
    def test_are_found_as_entries_come_and_go_when_they_end(self, alert: Alerting, by: Granting) -> None:
        actor = by(PROPOSE).actor
        alert(subject=subject("Moussa Diallo", "1970-05-05", "X123456"))
        far = alert(subject=subject("Somebody Else Entirely", "1991-12-12", "X123456")).uid
        alert(subject=subject("Moussa Diallo", "1999-09-09"))
        assert likely_pairs.look(NODE, timezone.now()) == 1, "the same document, and no namesake"
        assert likely_pairs.look(NODE, timezone.now()) == 0
        [pair] = resolution.likely(actor)
        assert pair.document_same
        assert far in {pair.one_id, pair.other_id}
        with pytest.raises(Refused) as error:
            resolution.dismiss(by(PROPOSE), pair.one_id, pair.other_id, "no")
        assert codes(error) == {"reason_too_short"}
        resolution.dismiss(by(PROPOSE), pair.other_id, pair.one_id, "a forged passport, two men")
        assert not resolution.likely(actor).exists()
        Entry.objects.filter(uid=far).update(revision=10_000)
        from jiwar.watchlist.models import Revision

        Revision.objects.update(value=10_000)
        assert likely_pairs.look(NODE, timezone.now()) == 1
        assert LikelyPair.objects.count() == 1, "what a person settled is not asked again"
        assert not resolution.likely(actor).exists()

    def test_what_takes_long_is_left_to_the_next_minute(
        self, alert: Alerting, by: Granting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(likely_pairs, "PATIENCE", 0)
        alert(), alert()
        last = Entry.objects.order_by("revision")[1].revision
        for reached in (last - 1, last):
            likely_pairs.look(NODE, timezone.now())
            assert Looked.objects.get().revision == reached
        assert resolution.likely(by(PROPOSE).actor).count() == 1

    def test_a_proposal_settles_them_and_taking_it_back_does_not(self, alert: Alerting, by: Granting) -> None:
        one, other = alert().uid, alert().uid
        likely_pairs.look(NODE, timezone.now())
        row = resolution.propose(by(PROPOSE), "merge", [one, other], REASON)
        assert not resolution.likely(by(PROPOSE).actor).exists()
        with pytest.raises(Refused) as error:
            resolution.take_back(by(PROPOSE, "two"), row.pk)
        assert codes(error) == {"not_the_author"}
        resolution.take_back(by(PROPOSE), row.pk)
        assert resolution.likely(by(PROPOSE).actor).count() == 1


def test_rules_of_a_proposal(alert: Alerting, by: Granting) -> None:
    one, other = alert().uid, alert().uid
    for uids, reason, code in (
        ([one], REASON, "two_entries"),
        ([one, one], REASON, "two_entries"),
        ([one, other], "same", "reason_too_short"),
        ([one, uuid4()], REASON, "entry_unknown"),
    ):
        with pytest.raises(Refused) as error:
            resolution.propose(by(PROPOSE), "merge", uids, reason)
        assert codes(error) == {code}
    resolution.propose(by(PROPOSE), "merge", [one, other], REASON)
    with pytest.raises(Refused) as error:
        resolution.propose(by(PROPOSE, "two"), "merge", [other, one], REASON)
    assert codes(error) == {"resolution_waits"}
    with pytest.raises(AccessRefused):
        resolution.propose(by(CONFIRM), "merge", [one, other], REASON)
    with pytest.raises(AccessRefused):
        resolution.decide(by(PROPOSE), one, "", confirm=True, reason=REASON)
