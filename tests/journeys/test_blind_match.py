"""Two real nodes match keys blindly, few at a time and many in a process of their own; and one asks about a subject."""

import json
import time

import pytest

from jiwar.operation.processes import command
from tests.journeys.conftest import Nodes

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]

WHO = """
import datetime as dt, json
from django.utils import timezone
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Actor, allow
from jiwar.matching import services
from jiwar.matching.logic.key_types import KeyType, Mode
from jiwar.matching.models import Inquiry, Question
officer = Actor("0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5", "console", frozenset(Permission))
def by(permission):
    return allow(officer, permission, Purpose.CRIMINAL_INVESTIGATION, "NER/2026/7")
def enter(key_type, lines):
    until = timezone.now().date() + dt.timedelta(days=30)
    services.add_list(by(Permission.MATCHING_LIST_MANAGE), key_type, "registry", lines.encode(), until, answers=True)
"""
ENTER = """
enter(KeyType.PLATE, "NER;8A0001;file 1\\nNER;8A0002;file 2")
enter(KeyType.VIN, "\\n".join(f"WVWZZZ1JZXW{n:06};file {n}" for n in range(3000)))
"""
ASK = """
few = services.Asked("LBY", KeyType.PLATE, Mode.ONLINE, "art. 5", typed=b"NER;8A0002;ours\\nNER;8A0009")
keys = "\\n".join(f"WVWZZZ1JZXW{n:06}" for n in range(2900, 3100)).encode()
many = services.Asked("LBY", KeyType.VIN, Mode.BULK, "art. 5", "Stolen vehicles of November", typed=keys)
print(json.dumps([str(services.ask(by(Permission.MATCHING_REQUEST_MAKE), each).pk) for each in (few, many)]))
"""
SEEN = """
print(json.dumps([
    [[q.state, q.code, [h.normal for h in q.found.all()]] for q in Question.objects.order_by("asked_at")],
    [
        [i.state, [h.owners and h.owners[0]["reference"] for h in i.found.all()], i.hits]
        for i in Inquiry.objects.order_by("count")
    ],
]))
"""
ASK_OPENLY = """
from jiwar.analysis import inquiries
subject = {"documents": [{"country": "LBY", "number": "Z9990001"}]}
asked = inquiries.Question(["LBY"], "art. 5", subject, urgent=True)
print(inquiries.ask(by(Permission.ANALYSIS_INQUIRY_ASK), asked).pk)
"""
ANSWERED = """
from jiwar.analysis.models import Asked, Received
from jiwar.audit.queries import leaves
states = [list(model.objects.values_list("state", flat=True)) for model in (Asked, Received)]
print(json.dumps([states, leaves(act="inquiry_answered").count(), leaves(act="inquiry_answer_taken").count()]))
"""


def test_two_states_learn_what_they_both_hold(nodes: Nodes) -> None:
    nodes.python("LBY", WHO + ENTER)
    json.loads(nodes.python("NER", WHO + ASK))
    nodes.python("NER", WHO + ASK_OPENLY)
    command(nodes["NER"].folder, "matching", "work", check=True)
    until = time.monotonic() + 120
    while True:
        asked, _ = json.loads(nodes.python("NER", WHO + SEEN))
        _, inquired = json.loads(nodes.python("LBY", WHO + SEEN))
        looked_up = all(hits is not None and None not in found for _, found, hits in inquired)
        if looked_up and all(state == "answered" for state, *_ in asked):
            break
        assert time.monotonic() < until, (asked, inquired)
        time.sleep(0.5)
    both = [f"WVWZZZ1JZXW{n:06}" for n in range(2900, 3000)]
    assert asked == [["answered", "", ["NER 8A0002"]], ["answered", "", both]]
    assert inquired == [
        ["answered", ["file 2"], 1],
        ["answered", [f"file {n}" for n in range(2900, 3000)], 100],
    ]
    # What Niger asked about in vain never reached Libya, nor did Libya's other keys reach Niger.
    assert not nodes.holds("LBY", "8A0009")
    assert not nodes.holds("NER", "8A0001")
    assert not nodes.holds("TUN", "match.request")
    # A question in the open is answered by the duty of each minute, under the clause that opens it.
    while json.loads(nodes.python("NER", WHO + ANSWERED)) != [[["no_hit"], []], 0, 1]:
        assert time.monotonic() < until
        time.sleep(0.5)
    assert json.loads(nodes.python("LBY", WHO + ANSWERED)) == [[[], ["answered"]], 1, 0]
    assert not nodes.holds("TUN", "Z9990001")
