"""Benchmarks of the room `agreements`: decisions per second through `may_receive`, on SQLite and on PostgreSQL.

Held: 27 agreements of Libya with its nine neighbours and three of all ten states, ten clauses each, all signed; one is
suspended, so that one question in ten is answered no. Peers: the same Cedar engine, given the policies of the asked
clause as text at each call; and pycasbin, given the bare clauses as rows (no dates, signatures or suspensions).
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import peers
from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import Node, environment
from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
PEER = "casbin 1.43.0"
PEER_DECISIONS = 300
GOAL = 3_000

PROGRAM = """
import json, time
import django
django.setup()
from django.db import transaction
from django.utils import timezone
from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements import policy
from jiwar.agreements.logic import cedar
from jiwar.agreements.logic.verdicts import Question
from jiwar.agreements.queries import may_receive, steady
from jiwar.identity.services import add_node
from jiwar.records.kinds import newest
from jiwar.records.arrivals import receive
from jiwar.records.services import issue, terms
from jiwar.records.statement import Approval, content_hash
from tests.foreign import ForeignNode

STATES = "DZA EGY MAR MLI MRT NER SDN TCD TUN".split()
BY, NOW = as_node(Permission.EXCHANGE_MESSAGE_PASS), timezone.now()
PURPOSES = ["border_check", "counter_terrorism", "criminal_investigation"]
foreign = {state: ForeignNode(state) for state in STATES}
for node in foreign.values():
    add_node(node.card())


def content(name, body):
    kind = newest(name)
    return kind, kind.content.model_validate(terms("border_check", "treaty", 300, body, tlp="GREEN"))


def say(node, name, body):
    signed = node.statement(*content(name, body))
    return receive(BY, *signed, node.node.code, signed.cosignature)


def agreement(number, parties):
    text = {"ar": "نص", "fr": "texte", "en": "text"}
    clauses = [
        {"id": f"art-{n}", "kinds": [f"kind.{k}", f"more.{k}"], "purposes": PURPOSES, "from_states": parties,
         "to_states": parties, "onward": "no", "text": text}
        for n, k in enumerate("abcdefghij")
    ]
    body = {"reference": f"{'-'.join(parties)}-2026-{number:02}", "title": text, "parties": parties, "ends": None,
            "starts": NOW.date().isoformat(), "clauses": clauses, "legal_basis": "treaty"}
    record = say(foreign[parties[-1]], "agreement", body)
    for state in parties[:-1]:
        word = {"target": str(record.uid), "hash": record.hash, "party": state}
        if state == "LBY":
            kind, own = content("agreement.signature", word)
            digest = content_hash(kind.name, kind.version, own.model_dump(mode="json"))
            issue(BY, kind, own, approval=Approval("one", "two", digest))
        else:
            say(foreign[state], "agreement.signature", word)
    return record


for number in range(1, 4):
    for state in STATES:
        agreement(number, ["LBY", state])
for number in range(1, 4):
    agreement(number, ["LBY", *STATES])
now = timezone.now()
questions = [(f"kind.{k}", p, s) for k in "abcdefghij" for p in PURPOSES for s in STATES]
questions = [("kind.none", *q[1:]) if i % 10 == 9 else q for i, q in enumerate(questions)]
start = time.perf_counter()
verdicts = [may_receive(*q, now) for q in questions]
first = (time.perf_counter() - start) * 1000
assert sum(v.open for v in verdicts) == len(questions) * 9 // 10
rounds, start = 10, time.perf_counter()
for _ in range(rounds):
    for q in questions:
        may_receive(*q, now, tlp="AMBER", depth_km=3.5)
ours = rounds * len(questions) / (time.perf_counter() - start)
start = time.perf_counter()
for _ in range(rounds):
    for n in range(0, len(questions), 100):
        with transaction.atomic(), steady():
            for q in questions[n:n + 100]:
                may_receive(*q, now, tlp="AMBER", depth_km=3.5)
batches = rounds * len(questions) / (time.perf_counter() - start)

clauses = policy.register().provisions
text = policy.register().provision(verdicts[0]).policies.text()
whole = cedar.covering((str(p.number), p.terms, p.clause) for p in clauses).text()
question = Question(questions[0][2], "LBY", *questions[0][:2], now)
assert cedar.ask(whole, question)[0] and cedar.ask(text, question)[0]
start = time.perf_counter()
for _ in range(50):
    cedar.ask(whole, question)
    cedar.ask(text, question)
unparsed = 50 / (time.perf_counter() - start)
rows = [[s, "LBY", k, p] for t, c in ((p.terms, p.clause) for p in clauses)
        for s in sorted(t.parties - {"LBY"}) for k in sorted(c.kinds) for p in sorted(c.purposes)]
print(json.dumps({"ours": ours, "batches": batches, "first": first, "unparsed": unparsed, "rows": rows,
                  "questions": [[s, "LBY", k, p] for k, p, s in questions]}))
"""

PEER_PROGRAM = """
import json, sys, time
import casbin
from casbin import model as models

rows, questions, count = json.load(sys.stdin)
model = models.Model()
model.load_model_from_text('''
[request_definition]
r = from, to, kind, purpose
[policy_definition]
p = from, to, kind, purpose
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.from == p.from && r.to == p.to && r.kind == p.kind && r.purpose == p.purpose
''')
enforcer = casbin.Enforcer(model)
enforcer.add_policies(list(map(list, {tuple(row) for row in rows})))
start = time.perf_counter()
allowed = [enforcer.enforce(*question) for question in questions[:count]]
took = time.perf_counter() - start
assert sum(allowed) == sum("none" not in q[2] for q in questions[:count])
print(count / took)
"""


def benchmarks() -> Iterator[dict]:
    """Decisions per second, one by one and in the batches of the exchange, and the first question of a matter."""
    found = _measure("")
    yield _row("sqlite", found["ours"]) | _casbin(found)
    yield _row("sqlite_in_batches", found["batches"])
    yield {
        "name": "agreements.first_of_a_matter_ms",
        "value": round(found["first"] / len(found["questions"]), 2),
        "unit": "ms",
        "note": "parsing included, after the agreements changed",
    }
    try:
        with postgres.server() as url:
            found = _measure(url)
            unparsed = {"peer": "cedarpy 4.12.2, text at each call", "peer_value": round(found["unparsed"])}
            yield _row("postgresql", found["ours"]) | unparsed
            yield _row("postgresql_in_batches", found["batches"])
    except postgres.PostgresUnavailable as lacking:
        print(f"agreements: not measured on PostgreSQL: {lacking}")


def _row(how: str, per_second: float) -> dict:
    return {
        "name": f"agreements.decisions_per_s_{how}",
        "value": round(per_second),
        "unit": "1/s",
        "better": "higher",
        "goal": GOAL,
    }


def _measure(url: str) -> dict:
    settings = NodeSettings(
        code="LBY", role="national", name="Libya", exchange_url="https://127.0.0.1:9443", database_url=url
    )
    with tempfile.TemporaryDirectory(prefix="jiwar-bench-") as scratch:
        folder = Path(scratch) / "LBY"
        write_settings(folder, settings)
        Node(folder, settings).prepare()
        variables = environment(folder) | {"PYTHONPATH": str(ROOT), "JIWAR_DATABASE_URL": ""}
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=variables, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _casbin(found: dict) -> dict:
    try:
        interpreter = peers.python("casbin", [PEER.replace(" ", "==")])
    except peers.PeerUnavailable as unavailable:
        return {"note": str(unavailable)}
    data = json.dumps([found["rows"], found["questions"], PEER_DECISIONS])
    done = subprocess.run(
        [interpreter, "-I", "-c", PEER_PROGRAM], input=data, stdout=subprocess.PIPE, text=True, check=True
    )
    return {"peer": PEER, "peer_value": round(float(done.stdout))}
