"""What the benchmark of the exchange runs inside a node: a kind with a text of two kilobytes, an agreement, issuing.

`exchange` is the node's listener with that kind. Importing this module makes Django ready.
"""

import time
from typing import Any

import jiwar.asgi

# isort: split
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.demo import demo_agreement
from jiwar.agreements.queries import may_send
from jiwar.exchange.models import Outgoing
from jiwar.exchange.wake import ring
from jiwar.records.content import Body, Text
from jiwar.records.kinds import KINDS, Kind, newest, register
from jiwar.records.models import Record
from jiwar.records.services import issue, read_content, terms
from jiwar.records.statement import Approval, content_hash

exchange = jiwar.asgi.exchange


class Note(Body):
    """A text."""

    text: Text


NOTE = register(Kind("bench.note", 1, Note))
_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
_TEXT = "Three vehicles without plates were seen at the well of Tummo, heading north. " * 18


def propose() -> None:
    """Libya's agreement with Niger, which opens notes and letters both ways."""
    body = demo_agreement(timezone.now().date())
    for clause in body["clauses"]:
        clause["kinds"] = ["bench.note", "letter"]
    _instrument(newest("agreement"), body)


def sign() -> None:
    """Niger signs it when it has come."""
    agreement = _until(lambda: Record.objects.filter(kind="agreement").first())
    body = {"target": str(agreement.uid), "hash": agreement.hash, "party": "NER"}
    _instrument(newest("agreement.signature"), body)


def wait_until_open() -> None:
    """Until Libya may send notes."""
    _until(lambda: may_send("bench.note", "border_check", "NER", timezone.now()).open)


def issue_notes(count: int) -> list[Record]:
    """Issue so many notes of two kilobytes for Niger."""
    content = read_content(NOTE, terms("border_check", "bench", 30, Note(text=_TEXT)), timezone.now())
    return [issue(_BY, NOTE, content) for _ in range(count)]


def issue_letters(count: int) -> list[Record]:
    """Issue so many letters of two kilobytes to Niger's contact point."""
    kind = KINDS["letter", 1]
    body = {"flow": "9", "to": ["NER"], "subject": "Patrols", "text": _TEXT}
    plain = terms("border_check", "bench", 30, body)
    content = read_content(kind, kind.content.model_validate(plain).model_dump(mode="json"), timezone.now())
    return [issue(_BY, kind, content, approval=_approval(kind, content)) for _ in range(count)]


def wait_for(count: int) -> None:
    """Until so many notes are acknowledged."""
    ring()
    _until(lambda: Outgoing.objects.filter(record__kind="bench.note", state="acknowledged").count() >= count)


def seal_rates(count: int = 1000) -> tuple[float, float]:
    """Envelopes a second, ours and of plain HPKE with a signature."""
    import datetime as dt

    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    from jiwar.exchange.logic import envelope as envelopes
    from jiwar.exchange.logic.message import Message, Signed, write
    from jiwar.identity.keys import KeyRing
    from jiwar.wire.ids import uuid7

    own, other, now = KeyRing.make(), KeyRing.make(), timezone.now()
    key, sealing = own.signing[0], [(other.sealing[0].id, other.sealing[0].private.public_key())]
    payload = write(Message(Signed(b"x" * 2000, key.id, "s")))
    start, prev = time.perf_counter(), envelopes.FIRST
    for seq in range(1, count + 1):
        head = envelopes.Header(uuid7(now), "LBY", "NER", "routine.1.0", seq, prev, now + dt.timedelta(days=1))
        data = envelopes.seal(head, payload, sealing=sealing, signing_key=key.id, signing_private=key.private)
        prev = envelopes.hash_of(data)
    ours = count / (time.perf_counter() - start)
    suite, public = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM), X25519PrivateKey.generate().public_key()
    start = time.perf_counter()
    for _ in range(count):
        key.sign(suite.encrypt(payload, public, info=b"peer"))
    return ours, count / (time.perf_counter() - start)


def _instrument(kind: Kind, body: dict[str, Any]) -> None:
    plain = kind.content.model_validate(terms("border_check", "treaty", 300, body, tlp="GREEN"))
    content = read_content(kind, plain.model_dump(mode="json"), timezone.now())
    issue(_BY, kind, content, approval=_approval(kind, content))


def _approval(kind: Kind, content: Any) -> Approval:
    return Approval("one", "two", content_hash(kind.name, kind.version, content.model_dump(mode="json")))


def _until(look: Any, seconds: float = 600) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.005)
    return found
