"""Libya asks: what is needed to ask, what it learns, what it believes, what stays of it."""

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
from jiwar.identity.services import add_node
from jiwar.matching import services
from jiwar.matching.asking import A_DAY
from jiwar.matching.kinds import ANSWER, RESULT, ResultBody
from jiwar.matching.logic import oprf
from jiwar.matching.logic.key_types import KeyType, Mode
from jiwar.matching.models import Element, Question, SeenKey
from jiwar.matching.queries import waiting
from jiwar.records.models import Record
from jiwar.records.queries import held
from jiwar.records.words import fault_text
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode
from tests.matching.conftest import OFFICER, Niger

K = KeyType
Granting = Callable[..., Grant]
PLATES = b"NER;8A0000;file 0\nNER;8A0001;file 1\nNER;8A0002;file 2\n"


def asked(**changes: Any) -> services.Asked:
    plain = {
        "node": "NER",
        "key_type": K.PLATE,
        "mode": Mode.ONLINE,
        "legal_basis": "agreement, art. 5",
        "typed": PLATES,
    }
    return services.Asked(**plain | changes)


@pytest.fixture
def ask(by: Granting) -> Callable[..., Question]:
    """Ask Niger, and let what is due be done."""

    def make(**changes: Any) -> Question:
        question = services.ask(by(P.MATCHING_REQUEST_MAKE), asked(**changes))
        services.work()
        question.refresh_from_db()
        return question

    return make


Ask = Callable[..., Question]


def acts(name: str) -> list[dict[str, Any]]:
    return [json.loads(leaf.content)["detail"] for leaf in reversed(leaves(act=name))]


def settle(niger: Niger, question: Question, *keys: str, **how: Any) -> Question:
    """Niger answers with what it holds."""
    for signed in niger.answer(keys, **how):
        niger.deliver(signed)
    services.work()
    question.refresh_from_db()
    return question


def test_a_question_is_asked_answered_and_its_result_told(niger: Niger, ask: Ask, by: Granting) -> None:
    question = ask()
    assert (question.state, question.count) == ("asked", 3)
    settle(niger, question, "NER 8A0002", "NER 8A0007")
    assert (question.state, question.hits) == ("answered", 1)
    [hit] = question.found.all()
    assert (hit.normal, hit.owners) == ("NER 8A0002", [{"reference": "file 2"}])
    result = ResultBody.model_validate(held(RESULT.name).get(node="LBY").body)
    assert result.hits == 1
    # Niger finds it by what its own key makes of its own key.
    assert len(result.plain) == 16
    reader = by(P.MATCHING_REQUEST_READ)
    assert [(item.what, item.count) for item in waiting(reader.actor)] == [("match_results", 1)]
    assert services.open_question(reader, question.pk) == question
    assert waiting(reader.actor) == []
    assert services.open_question(by(P.MATCHING_REQUEST_READ, purpose=Purpose.BORDER_CHECK), question.pk) is None


def test_the_result_maps_to_the_responders_keys(niger: Niger, ask: Ask) -> None:
    question, key = ask(), oprf.Key(b"k" * 32)
    settle(niger, question, "NER 8A0001", key=key)
    result = ResultBody.model_validate(held(RESULT.name).get(node="LBY").body)
    [output] = key.outputs([b"jiwar-match/1\nplate\nLBY\nNER\nNER 8A0001"])
    assert result.plain == output[16:32]


def test_nothing_stays_of_keys_that_did_not_match_and_the_blinds_are_gone(niger: Niger, ask: Ask) -> None:
    question = ask()
    assert Element.objects.count() == 3
    assert len(bytes(question.seed or b"")) == 32
    settle(niger, question, "NER 8A0002")
    assert not Element.objects.exists()
    assert question.seed is None
    said = "".join(Record.objects.values_list("statement", flat=True)) + "".join(leaf.content for leaf in leaves())
    assert "8A000" not in said
    assert "file" not in said


def test_the_ledger_has_what_was_asked_and_never_of_whom(niger: Niger, ask: Ask) -> None:
    question = settle(niger, ask(), "NER 8A0002")
    leaf = leaves(act="match_asked").get()
    assert (leaf.actor, leaf.purpose, leaf.case) == (OFFICER, "criminal_investigation", "LBY/2026/7")
    assert acts("match_asked") == [{"to": "NER", "type": "plate", "mode": "online", "count": 3, "source": "typed"}]
    assert acts("match_answered") == [{"from": "NER", "type": "plate", "count": 3, "hits": 1}]
    assert leaves(act="match_answered").get().subject == str(question.pk)


def test_the_same_key_twice_is_asked_once_with_both_references(niger: Niger, ask: Ask) -> None:
    question = ask(typed=b"NER;8A0002;one\nNER;8a-0002;two\n")
    assert question.count == 1
    settle(niger, question, "NER 8A0002")
    assert question.found.get().owners == [{"reference": "one"}, {"reference": "two"}]


def test_a_bulk_question_in_parts(niger: Niger, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jiwar.matching.kinds.PART_BYTES", 1000)
    typed = "\n".join(f"WVWZZZ1JZXW{n:06}" for n in range(120)).encode()
    question = ask(key_type=K.VIN, mode=Mode.BULK, typed=typed, reason="Stolen vehicles of November")
    assert len(niger.inquiries()) == 4
    keys = [f"WVWZZZ1JZXW{n:06}" for n in range(100, 200)]
    answers = niger.answer(keys, month=f"{timezone.now():%Y-%m}")
    assert len(answers) > 4
    for signed in reversed(answers):
        services.work()
        question.refresh_from_db()
        assert question.state == "asked"
        niger.deliver(signed)
    services.work()
    question.refresh_from_db()
    assert (question.state, question.hits) == ("answered", 20)


# --- what may be asked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"node": "TCD"}, "not_in_list", "node"),
        ({"node": "LBY"}, "not_in_list", "node"),
        ({"mode": Mode.BULK, "reason": "a good reason"}, "match_online_only", "mode"),
        ({"legal_basis": " "}, "missing", "legal_basis"),
        ({"legal_basis": "x" * 201}, "too_long", "legal_basis"),
        ({"reason": "x" * 201}, "too_long", "reason"),
        ({"mode": Mode.BULK, "key_type": K.VIN, "typed": b"WVWZZZ1JZXW000001"}, "reason_missing", "reason"),
        ({"typed": b""}, "missing", "source"),
        ({"watchlist": True}, "missing", "source"),
        ({"typed": b"", "watchlist": True}, "match_not_on_watchlist", "source"),
        ({"typed": b"", "watchlist": True, "key_type": K.DOCUMENT}, "match_nothing_to_ask", "source"),
        ({"typed": b"NER;8A0001\nNER;8\n"}, "number_wrong_form", "keys.2.plate"),
        ({"typed": b"\n".join(b"NER;8A%04d" % n for n in range(101))}, "too_many_lines", "keys.101"),
    ],
)
def test_what_is_wrong_with_a_question_is_said_and_nothing_is_asked(
    niger: Niger, by: Granting, changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        services.ask(by(P.MATCHING_REQUEST_MAKE), asked(**changes))
    assert (code, field) in {(fault.code, fault.field) for fault in refused.value.faults}
    assert not Question.objects.exists()
    assert not leaves(act="match_asked").exists()


def test_a_case_is_needed_and_a_permission_and_a_purpose(niger: Niger, by: Granting) -> None:
    with pytest.raises(Refused, match="case_missing"):
        services.ask(by(P.MATCHING_REQUEST_MAKE, case=""), asked())
    with pytest.raises(AccessRefused):
        services.ask(by(P.MATCHING_REQUEST_READ), asked())


def test_without_an_agreement_nothing_is_asked(by: Granting) -> None:
    Niger()
    with pytest.raises(Refused, match="no_agreement node"):
        services.ask(by(P.MATCHING_REQUEST_MAKE), asked())


def test_why_the_way_is_closed_is_said_in_words(by: Granting) -> None:
    Niger()
    with pytest.raises(Refused) as refused:
        services.ask(by(P.MATCHING_REQUEST_MAKE), asked())
    [fault] = refused.value.faults
    assert fault_text(fault.code, fault.detail, "en") == "No agreement binds the two states."


def test_an_agreement_that_opens_the_question_but_no_answer_is_not_enough(by: Granting) -> None:
    from tests.matching.conftest import agree

    agree(Niger(), "match.request", "match.result")
    with pytest.raises(Refused, match="kind_not_covered node LBY-NER-2026-01"):
        services.ask(by(P.MATCHING_REQUEST_MAKE), asked())


def test_a_purpose_that_no_clause_has_is_refused(niger: Niger, by: Granting) -> None:
    with pytest.raises(Refused, match="purpose_not_covered"):
        services.ask(by(P.MATCHING_REQUEST_MAKE, purpose=Purpose.SANCTIONS), asked())


def test_a_post_asks_nobody(niger: Niger, by: Granting, settings: Any) -> None:
    import dataclasses

    settings.NODE = dataclasses.replace(settings.NODE, code="LBY-SEBHA", role="post")
    with pytest.raises(Refused, match="not_the_national_node"):
        services.ask(by(P.MATCHING_REQUEST_MAKE), asked())


def test_nobody_asks_without_end(niger: Niger, by: Granting, monkeypatch: pytest.MonkeyPatch) -> None:
    assert A_DAY == 200
    monkeypatch.setattr("jiwar.matching.asking.A_DAY", 2)
    for _ in range(2):
        services.ask(by(P.MATCHING_REQUEST_MAKE), asked())
    with pytest.raises(Refused, match="too_many_searches"):
        services.ask(by(P.MATCHING_REQUEST_MAKE), asked())
    services.ask(by(P.MATCHING_REQUEST_MAKE, actor="1b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5"), asked())


# --- what is believed -------------------------------------------------------------------------------------------------


def flipped(place: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = place % len(data)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return change


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (flipped(0), {"match_proof_wrong", "match_not_an_element"}),  # the public key
        (flipped(40), {"match_proof_wrong"}),  # the proof
        (flipped(100), {"match_proof_wrong", "match_not_an_element"}),  # an element
        (flipped(32 + 64 + 96), {"match_filter_wrong"}),  # the filter's count
        (flipped(-1), {"match_filter_wrong"}),  # its last bits
        (lambda data: data[:-1], {"match_filter_wrong"}),
        (lambda data: data + b"\0", {"match_filter_wrong"}),
        (lambda data: data[:96], {"match_wrong_count"}),
    ],
)
def test_an_altered_answer_is_not_believed_and_is_kept_as_evidence(
    niger: Niger, ask: Ask, change: Callable[[bytes], bytes], codes: set[str]
) -> None:
    question = settle(niger, ask(), "NER 8A0002", change=change)
    assert question.state == "failed"
    assert question.code in codes
    assert not question.found.exists()
    assert not held(RESULT.name).exists()
    [said] = acts("match_answer_disbelieved")
    assert said["code"] == question.code
    assert said["evidence"] == [held(ANSWER.name).get(node="NER").hash]


def test_an_answer_made_with_two_keys_is_not_believed(niger: Niger, ask: Ask) -> None:
    """A responder that marks one element with another key would learn which of the askers it belongs to."""
    question = ask()
    other = oprf.Key(secrets.token_bytes(32))

    def change(data: bytes) -> bytes:
        parts = niger.inquiries()[-1]["piece"]
        from jiwar.matching.kinds import Part

        first = oprf.split(Part.model_validate(parts).plain)[0]
        return data[:96] + other.evaluate([first])[0][0] + data[128:]

    assert settle(niger, question, change=change).code == "match_proof_wrong"


def test_a_replayed_answer_changes_nothing(niger: Niger, ask: Ask) -> None:
    question = ask()
    [signed] = niger.answer(["NER 8A0002"])
    first = niger.deliver(signed)
    services.work()
    assert niger.deliver(signed) == first  # the same record once more
    body = json.loads(signed[0])["content"]["body"]
    niger.say(ANSWER, body)  # the same answer as another record
    services.work()
    question.refresh_from_db()
    assert (question.state, question.hits) == ("answered", 1)
    assert acts("match_part_ignored") == [{"from": "NER", "code": "match_already_answered"}]
    assert held(RESULT.name).count() == 1


def test_an_answer_to_another_question_is_not_taken_for_this_one(niger: Niger, ask: Ask) -> None:
    first = ask()
    [signed] = niger.answer(["NER 8A0002"])
    second = ask()
    body = json.loads(signed[0])["content"]["body"] | {"question": str(second.pk)}
    niger.say(ANSWER, body)
    services.work()
    second.refresh_from_db()
    assert (second.state, second.code) == ("failed", "match_proof_wrong")
    first.refresh_from_db()
    assert first.state == "asked"


def test_answers_of_strangers_and_for_strangers_are_left(niger: Niger, ask: Ask) -> None:
    question = ask()
    [signed] = niger.answer(["NER 8A0002"])
    body = json.loads(signed[0])["content"]["body"]
    tunisia = Niger("TUN")
    tunisia.say(ANSWER, body)
    niger.say(ANSWER, body | {"addressee": "TUN"})
    niger.say(ANSWER, body, purpose=Purpose.BORDER_CHECK)
    services.work()
    question.refresh_from_db()
    assert question.state == "asked"
    assert [said["code"] for said in acts("match_part_ignored")] == ["match_question_unknown"] * 3


def test_parts_that_belong_to_different_wholes_are_left(
    niger: Niger, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jiwar.matching.kinds.PART_BYTES", 200)
    question = ask()
    one, two = niger.answer(["NER 8A0002"]), niger.answer(["NER 8A0001"])
    assert len(one) == 3
    niger.deliver(one[0])
    niger.deliver(two[1])
    niger.deliver(one[1])
    niger.deliver(one[1])
    niger.deliver(one[2])
    services.work()
    question.refresh_from_db()
    assert question.found.get().normal == "NER 8A0002"
    assert acts("match_part_ignored") == [{"from": "NER", "code": "match_part_wrong"}]


# --- the neighbour's key ----------------------------------------------------------------------------------------------


@pytest.fixture
def bulk(ask: Ask) -> Callable[[], Question]:
    def make() -> Question:
        return ask(key_type=K.VIN, mode=Mode.BULK, typed=b"WVWZZZ1JZXW000001", reason="Stolen in November")

    return make


def test_a_key_changed_within_a_month_is_noticed(niger: Niger, bulk: Callable[[], Question]) -> None:
    with time_machine.travel("2026-11-20T09:00:00Z", tick=True):
        key = oprf.Key(b"k" * 32)
        assert settle(niger, bulk(), key=key, month="2026-11").state == "answered"
        assert settle(niger, bulk(), key=key, month="2026-11").state == "answered"
        changed = settle(niger, bulk(), month="2026-11")
        assert (changed.state, changed.code) == ("failed", "match_key_changed")
        assert len(acts("match_answer_disbelieved")[0]["evidence"]) == 1
        assert SeenKey.objects.get().public_key == key.public.hex()
    with time_machine.travel("2026-12-01T09:00:00Z", tick=True):
        assert settle(niger, bulk(), key=key, month="2026-12").code == "match_key_reused"
        assert settle(niger, bulk(), month="2026-12").state == "answered"


@pytest.mark.parametrize("month", ["", "2026-10", "2026-12"])
def test_a_bulk_answer_is_of_its_month(niger: Niger, bulk: Callable[[], Question], month: str) -> None:
    with time_machine.travel("2026-11-20T09:00:00Z", tick=True):
        assert settle(niger, bulk(), month=month).code == "match_month_wrong"


def test_a_key_used_for_two_online_questions_is_noticed(niger: Niger, ask: Ask) -> None:
    key = oprf.Key(b"k" * 32)
    assert settle(niger, ask(), key=key).state == "answered"
    assert settle(niger, ask(), key=key).code == "match_key_reused"
    assert settle(niger, ask(), month="2026-11").code == "match_month_wrong"


# --- refusals and ends ------------------------------------------------------------------------------------------------


def test_a_refusal_says_when_to_ask_again(niger: Niger, ask: Ask) -> None:
    question = ask()
    again = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
    body = {"question": str(question.pk), "addressee": "LBY", "refusal": "match_quota", "again_at": again}
    niger.say(ANSWER, body)
    question.refresh_from_db()
    assert (question.state, question.code, question.again_at) == ("refused", "match_quota", again)
    assert not Element.objects.exists()
    assert acts("match_refused")[0]["code"] == "match_quota"


@pytest.mark.parametrize(
    "body", [{}, {"refusal": "match_quota", "piece": {"part": 1, "parts": 1, "sha256": "0" * 64, "data": "AAAA"}}]
)
def test_an_answer_that_is_neither_or_both_is_refused(niger: Niger, ask: Ask, body: dict[str, Any]) -> None:
    question = ask()
    plain = json.loads(niger.answer([])[0][0])["content"]
    plain["body"] = {"question": str(question.pk), "addressee": "LBY", **body}
    with pytest.raises(Refused, match="match_answer_or_refusal"):
        niger.deliver(niger.node.statement(ANSWER, plain))


def test_a_question_that_nobody_answers_ends(niger: Niger, ask: Ask, by: Granting) -> None:
    question = ask()
    [late] = niger.answer(["NER 8A0002"])
    with time_machine.travel(timezone.now() + dt.timedelta(days=31), tick=True):
        services.keep_house(by(P.MATCHING_REQUEST_READ), timezone.now())
        question.refresh_from_db()
        assert (question.state, question.seed) == ("expired", None)
        assert not Element.objects.exists()
        niger.deliver(late)
    question.refresh_from_db()
    assert question.state == "expired"


def test_a_node_of_no_state_is_not_asked(niger: Niger, by: Granting) -> None:
    add_node(ForeignNode("TUN", role="secretariat").card())
    with pytest.raises(Refused, match="not_in_list node"):
        services.ask(by(P.MATCHING_REQUEST_MAKE), asked(node="TUN"))
