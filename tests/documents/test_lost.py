"""Lost, stolen and invalid documents: reported, taken back, looked up; at a national node."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused
from jiwar.access.services import as_node
from jiwar.audit.queries import leaves
from jiwar.documents import lost
from jiwar.documents.logic.lost import (
    LostStatus,
    NumberInvalid,
    check_series,
    fold,
    is_in_series,
    plain_number,
)
from jiwar.documents.logic.lost_checking import check_lost
from jiwar.documents.logic.report import Result
from jiwar.documents.lost import look_up, report_lost, take_back
from jiwar.documents.lost_kinds import LOST
from jiwar.documents.models import LostDocument
from jiwar.exchange.models import Outgoing
from jiwar.identity.services import add_node
from jiwar.records.arrivals import receive
from jiwar.records.kinds import WITHDRAWAL
from jiwar.records.services import expire, terms
from jiwar.wire.faults import Refused
from tests.documents.registry import ask, fact, grant, node, report
from tests.exchange.test_exchange import open_between
from tests.foreign import ForeignNode

__all__ = ["ask", "node", "report"]


# Numbers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "number"),
    [("ab 12-34", "AB1234"), ("P<<123", "P123"), ("١٢٣٤", "1234"), ("ＡＢ１", "AB1"), (" a/1.2 ", "A12")],
)
def test_a_number_compares_without_blanks_and_marks(written: str, number: str) -> None:
    assert plain_number(written) == number


@pytest.mark.parametrize(
    ("written", "code"), [("", "wrong_form"), ("АВ12", "wrong_form"), ("1" * 25, "too_long"), ("é1", "wrong_form")]
)
def test_what_no_document_has_is_refused(written: str, code: str) -> None:
    with pytest.raises(NumberInvalid) as raised:
        plain_number(written)
    assert raised.value.code == code


@given(st.text(max_size=200))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        number = plain_number(text)
    except NumberInvalid:
        return
    assert plain_number(number) == number
    assert fold(fold(number)) == fold(number)


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("A100", "A099", "series_invalid"),
        ("A100", "A100", "series_invalid"),
        ("A100", "B200", "series_invalid"),
        ("A100", "A1000", "series_invalid"),
        ("ABC", "ABD", "series_invalid"),
        ("A0000000", "A9999999", "series_too_wide"),
    ],
)
def test_ends_that_make_no_series_are_refused(first: str, last: str, code: str) -> None:
    with pytest.raises(NumberInvalid) as raised:
        check_series(first, last)
    assert raised.value.code == code


@given(st.integers(0, 9998), st.integers(1, 9999), st.integers(0, 9999))
def test_a_series_holds_what_lies_between_its_ends(low: int, high: int, asked: int) -> None:
    if high <= low:
        low, high = high - 1, low + 1
    first, last = f"A{low:05}", f"A{high:05}"
    assert check_series(first, last) == high - low + 1
    assert is_in_series(f"A{asked:05}", first, last) == (low <= asked <= high)
    assert not is_in_series(f"B{asked:05}", first, last)
    assert not is_in_series(f"A{asked:04}"[:5], first, last)


# The registry ---------------------------------------------------------------------------------------------------------


def codes(error: pytest.ExceptionInfo[Refused]) -> set[tuple[str, str]]:
    return {(fault.code, fault.field) for fault in error.value.faults}


def test_a_reported_passport_is_found_as_written_and_as_a_zone_has_it(report: Any, ask: Any) -> None:
    record = report(fact("pa 1234567"))
    for number in ("PA1234567", "pa-123 4567", "PA1234567<"):
        answer = ask(number)
        assert (answer.status, answer.since, answer.record) == (LostStatus.STOLEN, dt.date(2026, 10, 1), record.uid)
    assert check_lost(ask("PA1234567")).result is Result.FAILED
    assert check_lost(ask("PA1234567")).code == "document_stolen"


def test_another_document_is_not_found(report: Any, ask: Any) -> None:
    report(fact("PA1234567"))
    for answer in (ask("PA1234568"), ask("PA123456"), ask("PA1234567", issuer="NER")):
        assert (answer.entries, answer.hints) == ((), ())
        assert check_lost(answer).result is Result.SUCCESSFUL


def test_lookalikes_and_other_types_are_hints_and_decide_nothing(report: Any, ask: Any) -> None:
    report(fact("AO1I5"), fact("B77", type="visa"))
    for number in ("A01I5", "AO115", "A0II5"):
        answer = ask(number)
        assert answer.status is None
        assert [(hint.why, hint.entry.number) for hint in answer.hints] == [("lookalike", "AO1I5")]
        check = check_lost(answer)
        assert (check.result, check.children[0].code) == (Result.SUCCESSFUL, "lost_lookalike")
    assert [hint.why for hint in ask("B77").hints] == ["other_type"]
    assert ask("B77", "").status == ask("B77", "V").status == ask("B77", "visa").status == LostStatus.STOLEN


def test_stolen_blanks_are_a_series(report: Any, ask: Any) -> None:
    report(fact("LY000100", last="LY000199", status="stolen_blank"))
    assert ask("LY000100").status == ask("LY000199").status == ask("LY000150").status == LostStatus.STOLEN_BLANK
    assert (ask("LY000200").status, ask("LY00015").status, ask("LX000150").status) == (None, None, None)
    assert [hint.why for hint in ask("LYOOO150").hints] == ["lookalike"]


def test_the_gravest_report_comes_first(report: Any, ask: Any) -> None:
    report(fact("X1", status="lost"))
    report(fact("X1", status="stolen"))
    assert [entry.status for entry in ask("X1").entries] == [LostStatus.STOLEN, LostStatus.LOST]


def test_a_question_is_in_the_ledger_with_what_it_found_and_without_the_number(report: Any, ask: Any) -> None:
    record = report(fact("ZX81ZX81"))
    ask("ZX81ZX81")
    leaf = next(leaf for leaf in leaves() if leaf.act == "document_looked_up")
    assert leaf.subject == str(record.uid)
    assert json.loads(leaf.content)["detail"] == {"issuer": "LBY", "status": "stolen", "hints": 0, "registry": "in_use"}
    assert "ZX81" not in leaf.content


def test_a_question_is_two_queries_and_its_leaf(report: Any, ask: Any) -> None:
    report(fact("A1"), fact("B100", last="B199", status="stolen_blank"))
    ask("A1")
    with CaptureQueriesContext(connection) as asked:
        ask("B150")
    assert sum('FROM "documents_' in query["sql"] for query in asked.captured_queries) == 2
    assert not [query for query in asked.captured_queries if 'FROM "records_' in query["sql"]]


def test_whoever_asks_for_all_numbers_is_stopped(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(lost, "RATE", 3)
    for number in range(3):
        ask(f"A{number}")
    with pytest.raises(Refused) as raised:
        ask("A4")
    assert codes(raised) == {("too_many_searches", "")}
    cache.clear()


def test_who_may_not_is_refused() -> None:
    with pytest.raises(AccessRefused):
        look_up(grant(P.DOCUMENTS_LOST_REPORT), "LBY", "P", "X1")
    with pytest.raises(AccessRefused):
        report_lost(grant(P.DOCUMENTS_LOST_SEARCH), [fact("X1")])


def test_a_question_that_is_none_is_refused(ask: Any) -> None:
    with pytest.raises(Refused) as raised:
        ask("", issuer="ZZZ")
    assert codes(raised) == {("not_in_list", "issuer"), ("missing", "number")}


@pytest.mark.parametrize(
    ("documents", "fault"),
    [
        ([], ("missing", "documents")),
        ([fact("é")], ("wrong_form", "documents.0.number")),
        ([fact("A1"), fact("A1")], ("twice", "documents.1.number")),
        ([fact("A1", last="A9")], ("series_not_allowed", "documents.0.last")),
        ([fact("A9", last="A1", status="invalid")], ("series_invalid", "documents.0.last")),
        ([fact("A1", since="2099-01-01")], ("out_of_range", "documents.0.since")),
        ([fact("A1", status="gone")], ("not_in_list", "documents.0.status")),
    ],
)
def test_a_report_that_is_wrong_names_each_fault(report: Any, documents: list[Any], fault: tuple[str, str]) -> None:
    with pytest.raises(Refused) as raised:
        report(*documents)
    assert fault in {(code, field.removeprefix("body.")) for code, field in codes(raised)}
    assert not LostDocument.objects.exists()


def test_a_post_reports_nothing(report: Any, settings: Any) -> None:
    settings.NODE = dataclasses.replace(settings.NODE, code="LBY-SEBHA", role="post")
    with pytest.raises(Refused) as raised:
        report(fact("X1"))
    assert codes(raised) == {("not_the_national_node", "")}


def test_what_turns_up_again_is_taken_back_alone(report: Any, ask: Any) -> None:
    record = report(fact("A1"), fact("A2"))
    by = grant(P.DOCUMENTS_LOST_REPORT)
    take_back(by, record.uid, "A1", "", "found at home")
    assert (ask("A1").status, ask("A2").status) == (None, LostStatus.STOLEN)
    assert ask("A2").record == record.uid
    with pytest.raises(Refused) as raised:
        take_back(by, record.uid, "A1", "", "again")
    assert codes(raised) == {("document_not_in_report", "number")}
    take_back(by, record.uid, "A2", "", "found at home")
    assert ask("A2").status is None
    with pytest.raises(Refused) as raised:
        take_back(by, record.uid, "A2", "", "again")
    assert codes(raised) == {("not_in_force", "")}


def test_a_report_that_runs_out_says_nothing_any_longer(report: Any, ask: Any) -> None:
    record = report(fact("A1"))
    expire(grant(P.DOCUMENTS_LOST_REPORT), timezone.now() + dt.timedelta(days=3651))
    assert ask("A1").status is None
    assert not LostDocument.objects.filter(record=record, active=True).exists()


# Neighbours -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def niger(node: None) -> ForeignNode:
    known = ForeignNode("NER")
    add_node(known.card())
    return known


def said(*documents: dict[str, str]) -> dict[str, object]:
    return terms("border_check", "a test", 900, {"documents": list(documents), "reference": ""})


def test_a_report_leaves_where_an_agreement_opens_it(niger: ForeignNode, report: Any) -> None:
    held_back = report(fact("A1"))
    assert [row.state for row in Outgoing.objects.filter(record=held_back)] == ["held"]
    open_between(niger, "document.lost")
    assert [row.state for row in Outgoing.objects.filter(record=report(fact("A2")))] == ["queued"]


def test_a_neighbours_report_is_answered_from_and_ends_with_its_withdrawal(niger: ForeignNode, ask: Any) -> None:
    open_between(niger, "document.lost")
    by = as_node(P.EXCHANGE_MESSAGE_PASS)
    first = niger.statement(LOST, said(fact("N1"), fact("N2")))
    record = receive(by, *first, "NER")
    assert ask("N1", issuer="NER").record == record.uid
    assert ask("N1", issuer="LBY").status is None  # a state speaks for its own documents
    receive(by, *niger.statement(LOST, said(fact("N2"), fact("N3")), supersedes=first[0]), "NER")
    found = {number: ask(number, issuer="NER").status for number in ("N1", "N2", "N3")}
    assert found == {"N1": None, "N2": LostStatus.STOLEN, "N3": LostStatus.STOLEN}
    withdrawal = niger.statement(
        WITHDRAWAL, terms("border_check", "a test", 900, {"target": record.uid, "reason": "x"})
    )
    receive(by, *withdrawal, "NER")
    assert ask("N2", issuer="NER").status is None
    assert not LostDocument.objects.filter(active=True).exists()


def test_own_posts_are_not_sent_each_report(node: None, report: Any) -> None:
    add_node(ForeignNode("LBY-SEBHA", role="post").card())
    assert not Outgoing.objects.filter(record=report(fact("A1"))).exists()
