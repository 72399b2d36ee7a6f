"""Libya, which is this node, and Niger, a neighbour with real keys whose program is this file."""

import base64
import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Actor, Grant, allow
from jiwar.access.services import as_node
from jiwar.agreements.demo import demo_agreement
from jiwar.identity.roles import Clearance
from jiwar.identity.services import add_node, make_own_keys
from jiwar.matching import worker
from jiwar.matching.kinds import ANSWER, REQUEST, RESULT, AnswerBody, Part, cut, join, token
from jiwar.matching.logic import filters, oprf
from jiwar.matching.logic.key_types import KeyType
from jiwar.matching.logic.keys import message
from jiwar.records.arrivals import receive
from jiwar.records.kinds import Kind, newest
from jiwar.records.queries import held
from jiwar.records.services import Approval, Record, content_hash, issue, read_content, terms
from tests.foreign import ForeignNode, Signed

BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
OFFICER = "0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5"
PURPOSE = Purpose.CRIMINAL_INVESTIGATION


@pytest.fixture(autouse=True)
def _node(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.KEYS = tmp_path / "keys"
    make_own_keys()
    # The tests say themselves when work is done.
    monkeypatch.setattr(worker, "wake", lambda: None)


@pytest.fixture
def by() -> Callable[..., Grant]:
    """A grant of an officer: `by(permission, purpose=…, case=…)`."""

    def make(
        permission: Permission, purpose: Purpose = PURPOSE, case: str = "LBY/2026/7", actor: str = OFFICER
    ) -> Grant:
        who = Actor(actor, "console", frozenset(Permission), Clearance.STANDARD)
        return allow(who, permission, purpose, case)

    return make


class Niger:
    """A neighbour that asks and answers as docs/protocol.md says."""

    def __init__(self, code: str = "NER") -> None:
        self.node, self.code = ForeignNode(code), code
        self.asked: dict[str, tuple[bytes, list[bytes], list[bytes]]] = {}
        add_node(self.node.card())

    def say(self, kind: Kind, body: Any, *, purpose: str = PURPOSE) -> Record:
        """A record of Niger's that reached us."""
        return self.deliver(self.signed(kind, body, purpose))

    def signed(self, kind: Kind, body: Any, purpose: str = PURPOSE) -> Signed:
        content = kind.content.model_validate(terms(purpose, "art. 5", 30, body))
        return self.node.statement(kind, content)

    def deliver(self, signed: Signed) -> Record:
        return receive(BY, *signed, self.code)

    # --- as asker

    def ask(
        self, key_type: KeyType, keys: Iterable[str], mode: str = "online", question: str = "", **changes: Any
    ) -> str:
        """Ask Libya about normal forms; the question's id."""
        question = question or str(uuid.uuid4())
        inputs = [message(key_type, self.code, "LBY", key) for key in keys]
        seed = secrets.token_bytes(32)
        blinded = oprf.blind(seed, inputs)
        self.asked[question] = seed, inputs, blinded
        for piece in cut(b"".join(blinded)):
            body = {
                "question": question,
                "addressee": "LBY",
                "key_type": key_type,
                "mode": mode,
                "count": len(blinded),
                "piece": piece,
            }
            self.say(REQUEST, body | changes)
        return question

    def answers(self, question: str) -> list[AnswerBody]:
        """What Libya sent in answer."""
        bodies = [record.body for record in held(ANSWER.name).filter(node="LBY")]
        return [AnswerBody.model_validate(body) for body in bodies if body["question"] == question]

    def open(self, question: str) -> tuple[list[bool], list[bytes], bytes]:
        """Verify an answer: which keys Libya holds, the outputs, Libya's public key."""
        data = join(body.piece for body in self.answers(question) if body.piece)
        seed, inputs, blinded = self.asked[question]
        head = 32 + 64 + 32 * len(inputs)
        public, evaluated = data[:32], oprf.split(data[32 + 64 : head])
        outputs = oprf.finish(seed, inputs, blinded, evaluated, data[32 : 32 + 64], public)
        return filters.holds(data[head:], outputs), outputs, public

    def tell(self, question: str, outputs: Iterable[bytes]) -> Record:
        """Say what matched."""
        tokens = sorted(token(output) for output in outputs)
        told = base64.b64encode(b"".join(tokens)).decode()
        return self.say(RESULT, {"question": question, "addressee": "LBY", "hits": len(tokens), "tokens": told})

    # --- as responder

    def inquiries(self) -> list[dict[str, Any]]:
        """Bodies of what Libya asked, part by part, oldest first."""
        return [record.body for record in held(REQUEST.name).filter(node="LBY").order_by("id")]

    def answer(
        self,
        keys: Iterable[str],
        *,
        key: oprf.Key | None = None,
        month: str = "",
        change: Callable[[bytes], bytes] = bytes,
    ) -> list[Signed]:
        """Signed answers to Libya's newest question, not yet delivered."""
        newest = self.inquiries()[-1]["question"]
        parts = [body for body in self.inquiries() if body["question"] == newest]
        key_type = KeyType(parts[0]["key_type"])
        elements = oprf.split(join(Part.model_validate(body["piece"]) for body in parts))
        key = key or oprf.Key(secrets.token_bytes(32))
        evaluated, proof = key.evaluate(elements)
        outputs = list(key.outputs(message(key_type, "LBY", self.code, each) for each in keys))
        data = change(key.public + proof + b"".join(evaluated) + filters.encode(outputs, b"n" * 32))
        return [
            self.signed(ANSWER, {"question": newest, "addressee": "LBY", "month": month, "piece": piece})
            for piece in cut(data)
        ]


@pytest.fixture
def niger() -> Niger:
    neighbour = Niger()
    agree(neighbour)
    return neighbour


def agree(neighbour: Niger, *kinds: str) -> Record:
    """An agreement in force that opens kinds both ways for every purpose of the demonstration."""
    agreement, signature = newest("agreement"), newest("agreement.signature")
    body = demo_agreement(timezone.now().date() - dt.timedelta(days=60))
    for clause in body["clauses"]:
        clause["kinds"] = list(kinds or ("match.*",))
    text = neighbour.node.statement(agreement, _plain(agreement, body))
    record = receive(BY, *text, neighbour.code, text.cosignature)
    told = {"target": str(record.uid), "hash": record.hash, "party": "LBY"}
    signed = read_content(signature, _plain(signature, told), timezone.now())
    digest = content_hash(signature.name, signature.version, signed.model_dump(mode="json"))
    issue(BY, signature, signed, approval=Approval("one", "two", digest))
    return record


def _plain(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    plain = terms("border_check", "treaty", 300, body, tlp="GREEN")
    return kind.content.model_validate(plain).model_dump(mode="json")
