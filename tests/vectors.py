"""Make the test vectors of docs/protocol.md: `python -m tests.vectors` writes docs/independent/exchange.json.

Sealing draws random numbers, so each run writes other bytes that say the same. The keys are in the file: they seal
nothing else.
"""

import base64
import datetime as dt
import json
import secrets
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic import pouch as pouches
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.frame import Frame
from jiwar.exchange.logic.hello import Hello, Problem, Sent
from jiwar.exchange.logic.message import Message, Place, Signed, write
from jiwar.exchange.logic.receipt import Receipt, Result
from jiwar.exchange.logic.streams import FIRST, Cursor
from jiwar.identity.keys import SealingKey, SigningKey
from jiwar.wire.strict_json import canonical

FILE = Path(__file__).resolve().parent.parent / "docs" / "independent" / "exchange.json"
AT = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


def make() -> dict[str, Any]:
    """Keys, a frame, what it holds, a pouch of three frames (that one, a hello alone, that one
    again), and envelopes that must be refused."""
    sender = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    other = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
    seed = bytes(range(64)) + bytes(range(100, 132))
    recipient = SealingKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(seed[:64]), x25519.X25519PrivateKey.from_private_bytes(seed[64:])
    )
    second = SealingKey(mlkem.MLKEM768PrivateKey.generate(), x25519.X25519PrivateKey.generate())

    def header(seq: int, prev: str, **changes: Any) -> envelopes.Header:
        fields = {
            "id": UUID(int=(1_764_072_000_000 << 80) | (7 << 76) | (2 << 62) | seq),
            "sender": "LBY",
            "recipient": "NER",
            "stream": "urgent.1.0",
            "seq": seq,
            "prev": prev,
            "expires": AT + dt.timedelta(days=365),
        }
        return envelopes.Header(**(fields | changes))

    def seal(head: envelopes.Header, payload: bytes, *to: SealingKey, by: SigningKey = sender) -> bytes:
        sealing = [(key.id, key.private.public_key()) for key in to or (recipient,)]
        return envelopes.seal(head, payload, sealing=sealing, signing_key=by.id, signing_private=by.private)

    def signed(text: str) -> Signed:
        statement = canonical({"said": text})
        return Signed(statement, sender.id, base64.b64encode(sender.sign(b"jiwar-record/1\n" + statement)).decode())

    plain = Message(signed("تنبيه"), "LBY-NER-2026-01", "art-3-1")
    passed_on = Message(signed("passed on"), "NER-LBY-2026-02", "art-4-1")
    returned = Message(signed("returned"), place=Place("routine.1.0", 7, "ab" * 32, "applied", ""))
    messages = [plain, passed_on, returned]
    sealed: list[bytes] = []
    for seq, message in enumerate(messages, 1):
        prev = envelopes.hash_of(sealed[-1]) if sealed else FIRST
        sealed.append(seal(header(seq, prev), write(message), *([recipient, second] if seq == 2 else [recipient])))
    hello = Hello(
        sender="LBY",
        recipient="NER",
        at=AT.isoformat(),
        epoch=1,
        nonce="00112233445566778899aabbccddeeff",
        re="ffeeddccbbaa99887766554433221100",
        have={"routine.2.0": Cursor(9, "cd" * 32)},
        sent={"urgent.1.0": Sent(3, 0)},
        lack={"ef" * 32: 4},
        room=1_500_000,
        problem=Problem("sequence_gap", "routine.2.0 10"),
    )
    results = (Result("applied"), Result("applied"), Result("refused", "no_agreement", "agreement"))
    receipt = Receipt("LBY", "NER", "routine.2.0", 7, 9, "cd" * 32, results, AT.isoformat(), "jiwar/LBY\n…\n")
    hello_item = hellos.sign(hello, sender.id, sender.private)
    receipt_item = receipts.sign(receipt, sender.id, sender.private)
    frame = Frame(hello_item, [receipt_item], sealed)
    expected = [json.loads(hello_item[72:]), json.loads(receipt_item[72:])]
    for data, message in zip(sealed, messages, strict=True):
        expected.append(
            {
                "header": envelopes.read(data).header.as_json(),
                "message": json.loads(write(message).split(b"\n")[0]),
                "statement": json.loads(message.signed.statement),
            }
        )
    pouch = _pouch([frames.write(frame), frames.write(Frame(hello_item)), frames.write(frame)], sender, recipient)
    good = sealed[0]
    refused = {
        "altered byte": good[:2000] + bytes([good[2000] ^ 1]) + good[2001:],
        "truncated": good[:-1],
        "lower suite": good[:3] + b"\x01" + good[4:],
        "forged signer": seal(header(1, FIRST), write(plain), by=other),
        "wrong recipient": seal(header(1, FIRST, recipient="TUN"), write(plain)),
        "sealed to others": seal(header(1, FIRST), write(plain), second),
        "expired": seal(header(1, FIRST, expires=AT), write(plain)),
        "another chain": seal(header(1, "ab" * 32), write(plain)),
    }
    return {
        "about": "Test vectors of docs/protocol.md, version 2. Bytes are base64. Keys: sender (Ed25519 public), "
        "recipient_seed (ML-KEM-768 seed, X25519 scalar). Time: at.",
        "at": AT.isoformat(),
        "keys": {
            "sender": _b64(sender.public),
            "recipient_seed": _b64(seed),
        },
        "frame": _b64(frames.write(frame)),
        "expected": expected,
        "pouch": _b64(pouch),
        "refused": {name: _b64(data) for name, data in refused.items()},
    }


def _pouch(inside: list[bytes], sender: SigningKey, recipient: SealingKey) -> bytes:
    """A pouch with these frames."""
    key = secrets.token_bytes(32)
    sealing = pouches.Sealing(key)
    chunks = [*(chunk for frame in inside for chunk in sealing.add(frame)), *sealing.end()]
    header = pouches.Header(UUID("019ababa-0000-7000-8000-000000000001"), "LBY", "NER", AT, len(chunks))
    to = [(recipient.id, recipient.private.public_key())]
    head = pouches.write_head(header, key, sealing=to, signing_key=sender.id, signing_private=sender.private)
    return head + b"".join(chunks)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
