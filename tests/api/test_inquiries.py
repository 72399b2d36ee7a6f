"""Questions on subjects at the JSON API: a program asks for the one purpose of its token, and reads what came."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from jiwar.access.permissions import Permission, Purpose
from jiwar.analysis.inquiry_kinds import ANSWER, INQUIRY
from jiwar.records.queries import held
from tests.matching.conftest import Niger, agree

P = Permission
WHERE = "/api/v1/inquiries"
QUESTION = {
    "neighbours": ["NER"],
    "subject": {"identifiers": [{"kind": "plate", "country": "NER", "number": "8A 0001"}]},
    "legal_basis": "Agreement LBY-NER, art. 5",
    "case": "LBY/2026/7",
}


def test_a_program_asks_and_reads_the_answer(node: None, ask: Callable[..., Client]) -> None:
    niger = Niger()
    agree(niger, "inquiry", "inquiry.answer")
    client = ask(P.ANALYSIS_INQUIRY_ASK, P.ANALYSIS_INQUIRY_READ, purpose=Purpose.CRIMINAL_INVESTIGATION)

    def post(**changes: Any) -> Any:
        return client.post(WHERE, QUESTION | changes, content_type="application/json")

    asked = post()
    assert asked.status_code == 202, asked.content
    [record] = held(INQUIRY.name)
    niger.say(ANSWER, {"target": str(record.uid), "addressee": "LBY", "answer": "refused", "refusal": "inquiry_quota"})
    [answer] = client.get(f"{WHERE}/{asked.json()['id']}").json()["answers"]
    assert (answer["neighbour"], answer["state"]["code"], answer["refusal"]["code"]) == (
        "NER",
        "refused",
        "inquiry_quota",
    )
    for changes, field in (
        ({"neighbours": ["TUN"]}, "nodes"),
        ({"subject": {"names": ["Salem"]}}, "subject"),
        ({"case": ""}, "case"),
    ):
        refused = post(**changes)
        assert refused.status_code == 422
        assert any(fault["field"].endswith(field) for fault in refused.json()["faults"]), refused.json()
    other = ask(P.ANALYSIS_INQUIRY_READ, purpose=Purpose.BORDER_CHECK)
    assert other.get(f"{WHERE}/{asked.json()['id']}").status_code == 404
    assert other.post(WHERE, QUESTION, content_type="application/json").status_code == 403
