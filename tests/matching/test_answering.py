"""A neighbour asks: what it learns, what it does not, how much it may ask, and that the ledger knows."""

import base64
import datetime as dt
import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.queries import leaves
from jiwar.exchange.models import Outgoing
from jiwar.matching import services
from jiwar.matching.kinds import PART_BYTES, REQUEST, RESULT
from jiwar.matching.logic import filters, oprf
from jiwar.matching.logic.key_types import KeyType
from jiwar.matching.logic.keys import message
from jiwar.matching.models import Arrived, Hit, Inquiry, MonthKey
from jiwar.matching.queries import allowances, waiting
from jiwar.records.models import Record
from jiwar.wire.faults import Refused
from tests.matching.conftest import OFFICER, Niger

K = KeyType
PLATES = [f"NER 8A{number:04}" for number in range(40)]
Granting = Callable[..., Grant]


def enter(by: Granting, key_type: KeyType, lines: str, *, answers: bool = True, purpose: Purpose | None = None) -> Any:
    grant = by(P.MATCHING_LIST_MANAGE, **({"purpose": purpose} if purpose else {}))
    until = timezone.now().date() + dt.timedelta(days=90)
    return services.add_list(grant, key_type, "stolen", lines.encode(), until, answers=answers)


@pytest.fixture
def stolen(by: Granting) -> Any:
    """A list of stolen vehicles of which the neighbour asks about some."""
    return enter(by, K.PLATE, "\n".join(f"NER;8A{n:04};file {n}" for n in range(0, 40, 4)))


def acts(name: str) -> list[dict[str, Any]]:
    return [json.loads(leaf.content)["detail"] for leaf in reversed(leaves(act=name))]


def test_the_asker_learns_what_both_hold_and_the_responder_too(niger: Niger, stolen: Any, by: Granting) -> None:
    question = niger.ask(K.PLATE, PLATES[:10])
    services.work()
    found, outputs, _ = niger.open(question)
    assert [plate for plate, hit in zip(PLATES, found, strict=False) if hit] == [PLATES[0], PLATES[4], PLATES[8]]
    niger.tell(question, [output for output, hit in zip(outputs, found, strict=True) if hit])
    services.work()
    inquiry = Inquiry.objects.get()
    assert (inquiry.state, inquiry.hits, inquiry.compared) == ("answered", 3, 10)
    assert [(hit.normal, hit.owners) for hit in inquiry.found.all()] == [
        (plate, [{"list": "stolen", "reference": f"file {n}"}])
        for plate, n in ((PLATES[0], 0), (PLATES[4], 4), (PLATES[8], 8))
    ]
    opened = services.open_inquiry(by(P.MATCHING_REQUEST_READ), inquiry.pk)
    assert opened == inquiry
    assert services.open_inquiry(by(P.MATCHING_REQUEST_READ, purpose=Purpose.BORDER_CHECK), inquiry.pk) is None


def test_no_key_stands_in_any_record_or_leaf(niger: Niger, stolen: Any) -> None:
    question = niger.ask(K.PLATE, PLATES[:10])
    services.work()
    found, outputs, _ = niger.open(question)
    niger.tell(question, [output for output, hit in zip(outputs, found, strict=True) if hit])
    said = "".join(Record.objects.values_list("statement", flat=True)) + "".join(leaf.content for leaf in leaves())
    assert "8A0004" not in said
    assert "file 4" not in said
    assert acts("match_inquired") == [
        {"from": "NER", "question": question, "type": "plate", "mode": "online", "count": 10}
    ]
    assert acts("match_inquiry_answered")[0]["compared"] == 10
    assert acts("match_result_taken")[0] | {} == acts("match_inquired")[0] | {"hits": 3, "unknown": 0}
    assert {leaf.purpose for leaf in leaves(act="match_inquired")} == {"criminal_investigation"}


def test_an_answer_of_many_parts_fits_the_envelope(niger: Niger, by: Granting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jiwar.matching.kinds.PART_BYTES", 1000)
    enter(by, K.VIN, "\n".join(f"WVWZZZ1JZXW{n:06}" for n in range(500)))
    asked = [f"WVWZZZ1JZXW{n:06}" for n in range(450, 550)]
    question = niger.ask(K.VIN, asked, "bulk")
    services.work()
    answers = niger.answers(question)
    assert len(answers) == answers[0].piece.parts > 5  # type: ignore[union-attr]
    assert niger.open(question)[0] == [n < 500 for n in range(450, 550)]


def test_the_largest_part_fits_a_bucket_of_the_envelope() -> None:
    text = base64.b64encode(bytes(PART_BYTES)).decode()
    assert len(text) + 4000 < 2**18


def test_online_each_answer_has_a_key_of_its_own_that_nothing_keeps(niger: Niger, stolen: Any) -> None:
    publics, outputs = set(), set()
    for _ in range(2):
        question = niger.ask(K.PLATE, PLATES[:2])
        services.work()
        _, made, public = niger.open(question)
        publics.add(public)
        outputs.update(made)
        assert {body.month for body in niger.answers(question)} == {""}
    assert len(publics) == 2
    assert len(outputs) == 4
    assert not MonthKey.objects.exists()


def test_in_bulk_one_key_serves_the_month_and_what_it_made_is_not_made_again(
    niger: Niger, by: Granting, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []
    real = oprf.Key.outputs

    def counting(self: oprf.Key, inputs: Any) -> Any:
        inputs = list(inputs)
        made.extend(inputs)
        return real(self, inputs)

    monkeypatch.setattr(oprf.Key, "outputs", counting)
    with time_machine.travel("2026-11-20T09:00:00Z", tick=True):
        enter(by, K.VIN, "\n".join(f"WVWZZZ1JZXW{n:06}" for n in range(30)))
        first = niger.ask(K.VIN, ["WVWZZZ1JZXW000007"], "bulk")
        services.work()
        enter(by, K.VIN, "WVWZZZ1JZXW000099")
        second = niger.ask(K.VIN, ["WVWZZZ1JZXW000099", "WVWZZZ1JZXW000098"], "bulk")
        services.work()
        assert len(made) == 31
        assert niger.open(first)[0] == [True]
        assert niger.open(second)[0] == [True, False]
        assert niger.open(first)[2] == niger.open(second)[2]
        assert {body.month for body in niger.answers(second)} == {"2026-11"}
    with time_machine.travel("2026-12-01T09:00:00Z", tick=True):
        services.keep_house(by(P.MATCHING_REQUEST_READ), timezone.now())
        assert not MonthKey.objects.exists()
        third = niger.ask(K.VIN, ["WVWZZZ1JZXW000007"], "bulk")
        services.work()
        assert niger.open(third)[2] != niger.open(first)[2]


def test_nothing_to_compare_with_looks_like_no_hit(niger: Niger) -> None:
    question = niger.ask(K.PLATE, PLATES[:3])
    services.work()
    data = b"".join(body.piece.plain for body in niger.answers(question) if body.piece)
    assert filters.entries(data[32 + 64 + 32 * 3 :]) == filters.LEAST_ENTRIES
    assert niger.open(question)[0] == [False] * 3


# --- whose keys take part ---------------------------------------------------------------------------------------------


def test_a_list_answers_for_its_purpose_alone_until_its_day_and_only_if_it_may(niger: Niger, by: Granting) -> None:
    enter(by, K.PLATE, "NER;8A0000", purpose=Purpose.BORDER_CHECK)
    enter(by, K.PLATE, "NER;8A0001", answers=False)
    old = enter(by, K.PLATE, "NER;8A0002")
    removed = enter(by, K.PLATE, "NER;8A0003")
    enter(by, K.PLATE, "NER;8A0004")
    type(old).objects.filter(pk=old.pk).update(valid_until=timezone.now().date() - dt.timedelta(days=1))
    services.remove_list(by(P.MATCHING_LIST_MANAGE), removed.pk)
    question = niger.ask(K.PLATE, PLATES[:5])
    services.work()
    assert niger.open(question)[0] == [False, False, False, False, True]


# --- quotas -----------------------------------------------------------------------------------------------------------


def test_beyond_the_quota_a_neighbour_is_refused_until_the_day_ends(niger: Niger, stolen: Any, by: Granting) -> None:
    with time_machine.travel("2026-11-25T22:00:00Z", tick=True):
        quota = by(P.MATCHING_QUOTA_MANAGE)
        services.set_allowance(quota, "NER", K.PLATE, 12, 0, by_hand=False)
        first, second, third = (
            niger.ask(K.PLATE, PLATES[:10]),
            niger.ask(K.PLATE, PLATES[:3]),
            niger.ask(K.PLATE, PLATES[:2]),
        )
        services.work()
        assert niger.open(first)
        assert niger.open(third)  # a refused question uses nothing up
        [refused] = niger.answers(second)
        assert refused.refusal == "match_quota"
        assert refused.again_at == dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
        assert acts("match_inquiry_refused")[0]["code"] == "match_quota"
        [used] = [row for row in allowances("NER") if row.key_type == K.PLATE]
        assert (used.online, used.online_used, used.refused) == (12, 12, 3)
    with time_machine.travel("2026-11-26T00:00:01Z", tick=True):
        again = niger.ask(K.PLATE, PLATES[:10])
        services.work()
        assert niger.open(again)


def test_what_is_more_than_a_day_allows_may_never_be_asked(niger: Niger, by: Granting) -> None:
    services.set_allowance(by(P.MATCHING_QUOTA_MANAGE), "NER", K.PLATE, 0, 0, by_hand=False)
    question = niger.ask(K.PLATE, PLATES[:1])
    services.work()
    [refused] = niger.answers(question)
    assert (refused.refusal, refused.again_at) == ("match_quota", None)


def test_quotas_are_of_one_neighbour_and_one_type(niger: Niger, by: Granting) -> None:
    services.set_allowance(by(P.MATCHING_QUOTA_MANAGE), "NER", K.PLATE, 1, 0, by_hand=False)
    services.set_allowance(by(P.MATCHING_QUOTA_MANAGE), "TUN", K.PHONE, 0, 0, by_hand=False)
    questions = [niger.ask(K.PLATE, PLATES[:1]), niger.ask(K.PHONE, ["+22790123456"]), niger.ask(K.PLATE, PLATES[:1])]
    services.work()
    assert [niger.answers(question)[0].refusal for question in questions] == [None, None, "match_quota"]


def test_a_quota_has_bounds_and_needs_its_permission(by: Granting) -> None:
    with pytest.raises(Refused, match=r"out_of_range plate\.online"):
        services.set_allowance(by(P.MATCHING_QUOTA_MANAGE), "NER", K.PLATE, 2001, 0, by_hand=False)
    with pytest.raises(AccessRefused):
        services.set_allowance(by(P.MATCHING_REQUEST_READ), "NER", K.PLATE, 1, 0, by_hand=False)


# --- by hand ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_hand(by: Granting) -> None:
    services.set_allowance(by(P.MATCHING_QUOTA_MANAGE), "NER", K.PLATE, 100, 0, by_hand=True)


def test_where_the_setting_says_so_an_officer_decides(niger: Niger, stolen: Any, by: Granting, by_hand: None) -> None:
    yes, no = niger.ask(K.PLATE, PLATES[:5]), niger.ask(K.PLATE, PLATES[:5])
    services.work()
    assert not niger.answers(yes)
    grant = by(P.MATCHING_REQUEST_ANSWER)
    assert [(item.what, item.count) for item in waiting(grant.actor)] == [("match_inquiries", 2)]
    services.release(grant, Inquiry.objects.get(question=yes).pk)
    services.decline(grant, Inquiry.objects.get(question=no).pk)
    services.work()
    assert niger.open(yes)[0][0]
    assert niger.answers(no)[0].refusal == "match_by_officer"
    assert Inquiry.objects.get(question=no).decided_by == OFFICER
    assert leaves(act="match_inquiry_released").get().actor == OFFICER
    assert leaves(act="match_inquiry_refused").get().actor == OFFICER
    for act in (services.release, services.decline):
        with pytest.raises(Refused, match="match_not_waiting"):
            act(grant, Inquiry.objects.get(question=no).pk)


def test_an_officer_of_another_purpose_decides_nothing(niger: Niger, by: Granting, by_hand: None) -> None:
    niger.ask(K.PLATE, PLATES[:1])
    with pytest.raises(Refused, match="match_not_waiting"):
        services.release(by(P.MATCHING_REQUEST_ANSWER, purpose=Purpose.BORDER_CHECK), Inquiry.objects.get().pk)
    with pytest.raises(AccessRefused):
        services.release(by(P.MATCHING_REQUEST_READ), Inquiry.objects.get().pk)


# --- questions that are not right -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mode": "bulk"}, "match_online_only"),
        ({"count": 101}, "too_many_keys"),
        ({"count": 0}, "out_of_range"),
        ({"key_type": "fingerprint"}, "not_in_list"),
        ({"piece": {"part": 2, "parts": 1, "sha256": "0" * 64, "data": "AAAA"}}, "match_part_wrong"),
        ({"piece": {"part": 1, "parts": 1, "sha256": "0" * 64, "data": "AAA*"}}, "not_base64"),
        ({"piece": {"part": 1, "parts": 1, "sha256": "0" * 64, "data": "AAB="}}, "not_base64"),
        ({"piece": {"part": 1, "parts": 9, "sha256": "0" * 64, "data": "AAAA"}}, "out_of_range"),
    ],
)
def test_a_question_that_is_not_allowed_is_refused_with_its_receipt(
    niger: Niger, changes: dict[str, Any], code: str
) -> None:
    body = {"question": secrets.token_hex(16), "addressee": "LBY", "key_type": "plate", "mode": "online", "count": 1}
    body["piece"] = {"part": 1, "parts": 1, "sha256": "0" * 64, "data": "AAAA"}
    statement = niger.node.statement(REQUEST, _unchecked(niger, body | changes))
    with pytest.raises(Refused) as refused:
        niger.deliver(statement)
    assert code in {fault.code for fault in refused.value.faults}
    assert not Inquiry.objects.exists()


def _unchecked(niger: Niger, body: dict[str, Any]) -> dict[str, Any]:
    good = json.loads(niger.signed(RESULT, {"question": body["question"], "addressee": "LBY", "hits": 0})[0])["content"]
    return good | {"body": body}


def test_elements_that_are_not_what_was_announced_are_answered_with_a_refusal(niger: Niger) -> None:
    for data in (b"\xff" * 32, bytes(64)):
        question = secrets.token_hex(16)
        from jiwar.matching.kinds import cut

        niger.say(
            REQUEST,
            {
                "question": question,
                "addressee": "LBY",
                "key_type": "plate",
                "mode": "online",
                "count": 1,
                "piece": cut(data)[0],
            },
        )
        services.work()
        inquiry = Inquiry.objects.get(question=question)
        assert (inquiry.state, inquiry.code) == ("refused", "match_elements_wrong")


def test_a_question_to_another_state_a_second_one_and_parts_of_another_whole_are_left(niger: Niger) -> None:
    niger.ask(K.PLATE, PLATES[:1], addressee="TUN")
    question = niger.ask(K.PLATE, PLATES[:1])
    niger.ask(K.PLATE, PLATES[:2], question=question)
    services.work()
    assert [leaf["code"] for leaf in acts("match_part_ignored")] == ["match_not_for_us", "match_already_asked"]
    assert len(niger.answers(question)) == 1
    assert Arrived.objects.count() == 1


def test_half_a_question_is_not_answered_and_ends(niger: Niger, by: Granting, monkeypatch: pytest.MonkeyPatch) -> None:
    from jiwar.matching import kinds

    monkeypatch.setattr(kinds, "PART_BYTES", 320)
    asked: list[Any] = []
    real = niger.say
    monkeypatch.setattr(niger, "say", lambda kind, body: asked.append((kind, body)))
    niger.ask(K.PLATE, PLATES[:30])
    assert len(asked) == 3
    real(*asked[2])
    real(*asked[0])
    services.work()
    assert Inquiry.objects.get().state == "arriving"
    other = asked[1][1]["piece"].model_copy(update={"sha256": "1" * 64})
    real(REQUEST, asked[1][1] | {"piece": other})
    assert acts("match_part_ignored")[-1]["code"] == "match_part_wrong"
    with time_machine.travel(timezone.now() + dt.timedelta(days=31), tick=True):
        services.keep_house(by(P.MATCHING_REQUEST_READ), timezone.now())
    assert Inquiry.objects.get().state == "expired"


def test_half_a_question_is_answered_when_the_rest_comes(niger: Niger, monkeypatch: pytest.MonkeyPatch) -> None:
    from jiwar.matching import kinds

    monkeypatch.setattr(kinds, "PART_BYTES", 320)
    question = niger.ask(K.PLATE, PLATES[:30])
    services.work()
    assert len(niger.open(question)[0]) == 30


# --- results that are not right ---------------------------------------------------------------------------------------


def test_a_result_of_what_nobody_computed_maps_to_nothing_and_is_counted(niger: Niger, stolen: Any) -> None:
    question = niger.ask(K.PLATE, PLATES[:1])
    services.work()
    _, outputs, _ = niger.open(question)
    niger.tell(question, [outputs[0], secrets.token_bytes(64)])
    assert Inquiry.objects.get().hits == 1
    assert acts("match_result_taken")[0]["unknown"] == 1


def test_a_second_result_and_one_of_no_question_are_left(niger: Niger, stolen: Any) -> None:
    question = niger.ask(K.PLATE, PLATES[:1])
    services.work()
    _, outputs, _ = niger.open(question)
    niger.tell(question, [])
    niger.tell(question, outputs)
    niger.tell("01890000-0000-7000-8000-000000000000", [])
    assert Inquiry.objects.get().hits == 0
    assert not Hit.objects.exists()
    assert [leaf["code"] for leaf in acts("match_part_ignored")] == ["match_result_unknown"] * 2


def test_tokens_are_forgotten_with_the_result_or_in_time(niger: Niger, stolen: Any, by: Granting) -> None:
    told, silent = niger.ask(K.PLATE, PLATES[:1]), niger.ask(K.PLATE, PLATES[:1])
    services.work()
    assert all(inquiry.normals for inquiry in Inquiry.objects.all())
    niger.tell(told, [])
    assert Inquiry.objects.get(question=told).normals == ""
    with time_machine.travel(timezone.now() + dt.timedelta(days=31), tick=True):
        services.keep_house(by(P.MATCHING_REQUEST_READ), timezone.now())
    assert Inquiry.objects.get(question=silent).normals == ""
    assert bytes(Inquiry.objects.get(question=silent).tokens) == b""


# --- agreements -------------------------------------------------------------------------------------------------------


def test_an_answer_leaves_under_the_clause_that_opens_it(niger: Niger, stolen: Any) -> None:
    niger.ask(K.PLATE, PLATES[:1])
    services.work()
    [row] = Outgoing.objects.filter(record__kind="match.answer")
    assert (row.state, row.agreement) == ("queued", "LBY-NER-2026-01")


def test_the_message_is_of_the_asker_and_the_responder(niger: Niger) -> None:
    """Niger's question about a plate is not the same as Libya's: an output of one way says nothing in the other."""
    key = oprf.Key(b"k" * 32)
    ways = [message(K.PLATE, "NER", "LBY", PLATES[0]), message(K.PLATE, "LBY", "NER", PLATES[0])]
    assert len(set(key.outputs(ways))) == 2


# --- work -------------------------------------------------------------------------------------------------------------


def test_what_is_due_is_weighed_and_done_once(niger: Niger, stolen: Any) -> None:
    assert services.weigh() is None
    question = niger.ask(K.PLATE, PLATES[:3])
    assert services.weigh() == 3 + 10
    services.work()
    assert services.weigh() is None
    _, outputs, _ = niger.open(question)
    niger.tell(question, outputs[:1])
    assert services.weigh() == 3 + 10
    services.work()
    assert services.weigh() is None
    assert [hit.owners for hit in Hit.objects.all()] == [[{"list": "stolen", "reference": "file 0"}]]


def test_a_key_that_went_from_the_list_meanwhile_has_no_owner(niger: Niger, stolen: Any, by: Granting) -> None:
    question = niger.ask(K.PLATE, PLATES[:1])
    services.work()
    _, outputs, _ = niger.open(question)
    services.remove_list(by(P.MATCHING_LIST_MANAGE), stolen.pk)
    niger.tell(question, outputs)
    services.work()
    assert [hit.owners for hit in Hit.objects.all()] == [[]]


def test_what_fails_keeps_nothing_else_waiting(niger: Niger, stolen: Any) -> None:
    first, second = niger.ask(K.PLATE, PLATES[:1]), niger.ask(K.PLATE, PLATES[:2])
    broken = Arrived.objects.get(question=first)
    statement = broken.record.statement
    Record.objects.filter(pk=broken.record_id).update(statement="{}")
    with pytest.raises(KeyError):
        services.work()
    assert niger.open(second)[0] == [True, False]
    assert services.weigh() is not None
    Record.objects.filter(pk=broken.record_id).update(statement=statement)
    services.work()
    assert niger.open(first)[0] == [True]
