"""The one exchange of two nodes, the same over every transport: a request with envelopes, an answer with receipts.

Request `{"greeting": …, "messages": [envelope text, …]}`, answer `{"greeting": …, "receipts": [receipt text, …],
"expected": n, "problem": null | {"code", "detail"}}`. Nothing here touches a network.
"""

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from jiwar.audit.services import CheckpointInvalid, LedgerForked, keep_checkpoint, sign_tree
from jiwar.exchange import services
from jiwar.exchange.logic import greeting as greetings
from jiwar.exchange.logic.greeting import Greeting, GreetingInvalid
from jiwar.exchange.logic.receipt import ReceiptInvalid
from jiwar.exchange.models import Outgoing
from jiwar.identity.keys import ring
from jiwar.identity.queries import KeyRefused, neighbours, signing_key
from jiwar.wire.strict_json import JsonRefused, canonical, parse

MAX_BYTES = 4_000_000


class NotUnderstood(Exception):
    """A request or an answer that is not of this protocol, or not from whom it says; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def request(node: str, rows: list[Outgoing]) -> bytes:
    """What we say to a node."""
    return canonical({"greeting": _greet(node), "messages": [bytes(row.envelope).decode() for row in rows]})


def answer(data: bytes) -> bytes:
    """What we reply to a request; raises NotUnderstood. Every receipt in it stands for what the disk already holds."""
    said = _parse(data, {"greeting", "messages"})
    messages = said["messages"]
    if (
        not isinstance(messages, list)
        or not all(isinstance(m, str) for m in messages)
        or len(messages) > services.BATCH
    ):
        raise NotUnderstood("messages")
    greeting = _check(said["greeting"], None)
    if not neighbours().filter(code=greeting.sender).exists():
        raise NotUnderstood("sender_unknown")
    services.heard(greeting.sender, greeting.clock)
    taken = services.take(greeting.sender, [message.encode() for message in messages])
    problem = {"code": taken.problem.code, "detail": taken.problem.detail[:200]} if taken.problem else None
    return canonical(
        {
            "greeting": _greet(greeting.sender),
            "receipts": taken.receipts,
            "expected": taken.expected,
            "problem": problem,
        }
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer meant: how many messages it settled or asked for again, and the node's problem, if it has one."""

    settled: int
    rewound: int
    problem: str = ""
    detail: str = ""


def hear(node: str, data: bytes, sent: list[Outgoing]) -> Heard:
    """Take in a node's answer; raises NotUnderstood."""
    said = _parse(data, {"greeting", "receipts", "expected", "problem"})
    greeting = _check(said["greeting"], node)
    texts, expected, problem = said["receipts"], said["expected"], said["problem"]
    if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts) or type(expected) is not int:
        raise NotUnderstood("receipts")
    try:
        settled = services.settle(node, texts)
    except (ReceiptInvalid, KeyRefused) as error:
        raise NotUnderstood(error.code) from None
    services.reached(node, greeting.clock)
    first = sent[0].seq if sent else None
    rewound = services.rewind(node, expected) if first is not None and 0 < expected < first else 0
    if rewound or not isinstance(problem, dict):
        return Heard(settled, rewound)
    return Heard(settled, 0, str(problem.get("code", ""))[:60], str(problem.get("detail", ""))[:100])


def _greet(node: str) -> dict[str, object]:
    key = ring(settings.KEYS).signing[0]
    at = timezone.now().isoformat()
    return greetings.sign(Greeting(settings.NODE.code, node, at, sign_tree().note), key.id, key.private)


def _check(data: object, expected: str | None) -> Greeting:
    try:
        greeting, key = greetings.read(data)
        if expected not in (None, greeting.sender) or greeting.recipient != settings.NODE.code:
            raise NotUnderstood("greeting_of_other")
        greetings.verify(data, signing_key(greeting.sender, key))  # type: ignore[arg-type]
        keep_checkpoint(greeting.sender, key, greeting.checkpoint)
    except (GreetingInvalid, KeyRefused, CheckpointInvalid) as error:
        raise NotUnderstood(error.code) from None
    except LedgerForked as forked:
        raise NotUnderstood("ledger_forked") from forked
    return greeting


def _parse(data: bytes, names: set[str]) -> dict[str, object]:
    try:
        said = parse(data, max_bytes=MAX_BYTES)
    except JsonRefused as refused:
        raise NotUnderstood(refused.code) from None
    if not isinstance(said, dict) or said.keys() != names:
        raise NotUnderstood("form")
    return said
