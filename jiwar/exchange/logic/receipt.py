"""The signed receipt: what a recipient did with an envelope, said after its disk had it."""

import base64
import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.wire.strict_json import JsonRefused, canonical, parse

VERSION = 1
MAX_BYTES = 20_000
STATUSES = ("applied", "kept", "refused")
_LABEL = b"jiwar-receipt/1\n"


class ReceiptInvalid(Exception):
    """A receipt that proves nothing; `code`: `receipt_form`, `receipt_signature`, `receipt_of_other`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Receipt:
    """`sender` wrote the envelope `hash` with number `seq`; `recipient` applied, kept or refused it (and why) at `at`.

    `ledger` is the recipient's ledger index of the act, None when refused.
    """

    sender: str
    recipient: str
    seq: int
    hash: str
    status: str
    code: str
    detail: str
    at: str
    ledger: int | None


def sign(receipt: Receipt, key_id: str, private: Ed25519PrivateKey) -> str:
    """The receipt as signed canonical JSON."""
    data = {"v": VERSION} | asdict(receipt)
    signature = private.sign(_LABEL + canonical(data))
    return canonical(data | {"signature": {"key": key_id, "value": base64.b64encode(signature).decode()}}).decode()


def read(text: str) -> tuple[Receipt, str, bytes, bytes]:
    """A receipt, its key's id, signature and signed bytes; nothing verified yet. Raises ReceiptInvalid."""
    try:
        data = parse(text.encode(), max_bytes=MAX_BYTES)
        signature = data.pop("signature")  # type: ignore[attr-defined]
        fields: dict[str, Any] = dict(data)  # type: ignore[call-overload]
        if fields.pop("v") != VERSION:
            raise ReceiptInvalid("receipt_form")
        receipt = Receipt(**fields)
        dt.datetime.fromisoformat(receipt.at)
        if receipt.status not in STATUSES or type(receipt.seq) is not int:
            raise ReceiptInvalid("receipt_form")
        return (
            receipt,
            str(signature["key"]),
            base64.b64decode(signature["value"], validate=True),
            _LABEL + canonical(data),
        )
    except (JsonRefused, AttributeError, KeyError, TypeError, ValueError):
        raise ReceiptInvalid("receipt_form") from None


def verify(signed: bytes, signature: bytes, public: Ed25519PublicKey) -> None:
    """Raise ReceiptInvalid unless the key signed it."""
    try:
        public.verify(signature, signed)
    except InvalidSignature:
        raise ReceiptInvalid("receipt_signature") from None
