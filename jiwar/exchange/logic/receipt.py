"""The signed receipt: what a recipient did with the envelopes of a range, said after its disk had them."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.exchange.logic import signed
from jiwar.exchange.logic.signed import Signed, SignedInvalid
from jiwar.exchange.logic.streams import STREAM

VERSION = 2
MAX_BYTES = 400_000
MAX_RANGE = 1_000
"""Envelopes under one receipt."""
STATUSES = ("applied", "kept", "refused")
LABEL = b"jiwar-receipt/2\n"
_NAMES = {"v", "from", "to", "stream", "first", "last", "head", "results", "at", "checkpoint"}
_HASH = re.compile(r"[0-9a-f]{64}")


class Result(NamedTuple):
    """What became of one message: applied, kept unread, or refused; `code` and `detail` say why."""

    status: str
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """`sender` says what it did with the messages `first` to `last` of a stream that `recipient` writes.

    `head` is the hash of the last envelope, which through the chain names all of them. `checkpoint` is the sender's
    ledger after it took them: a signed note (C2SP tlog-checkpoint).
    """

    sender: str
    recipient: str
    stream: str
    first: int
    last: int
    head: str
    results: tuple[Result, ...]
    at: str
    checkpoint: str


def sign(receipt: Receipt, key: str, private: Ed25519PrivateKey) -> bytes:
    """The receipt as an item of a frame. Equal results that follow each other are said once, with their count."""
    data = {
        "v": VERSION,
        "from": receipt.sender,
        "to": receipt.recipient,
        "stream": receipt.stream,
        "first": receipt.first,
        "last": receipt.last,
        "head": receipt.head,
        "results": [[last - first + 1, *result] for first, last, result in runs(receipt.first, receipt.results)],
        "at": receipt.at,
        "checkpoint": receipt.checkpoint,
    }
    return signed.sign(LABEL, data, key, private)


def read(data: bytes) -> tuple[Receipt, Signed]:
    """Parse a receipt; nothing is verified yet. Raises SignedInvalid: `receipt_form`, `receipt_version`."""
    found = signed.read("receipt", data, names=_NAMES, version=VERSION, max_bytes=MAX_BYTES)
    said = found.data
    try:
        receipt = Receipt(
            sender=said["from"],
            recipient=said["to"],
            stream=said["stream"],
            first=said["first"],
            last=said["last"],
            head=said["head"],
            results=tuple(_results(said["results"])),
            at=said["at"],
            checkpoint=said["checkpoint"],
        )
        _check(receipt)
    except (ValueError, TypeError) as error:
        raise SignedInvalid("receipt_form", str(error)[:60]) from None
    return receipt, found


def verify(found: Signed, public: Ed25519PublicKey) -> None:
    """Raise SignedInvalid("receipt_signature") unless the key signed it."""
    signed.verify("receipt", LABEL, found, public)


def owed(sealed: int, acked: int) -> range:
    """The numbers of a stream that a receipt is for, those of them that were taken: a sender came to `sealed`, and has
    receipts up to `acked`."""
    return range(acked + 1, min(sealed, acked + MAX_RANGE) + 1)


def news(receipt: Receipt, acked: int) -> tuple[Result, ...]:
    """The results past the newest number with a receipt; none where it says nothing new or one before it is missing."""
    first = acked + 1
    return receipt.results[first - receipt.first :] if receipt.first <= first <= receipt.last else ()


def runs(first: int, results: Iterable[Result]) -> Iterator[tuple[int, int, Result]]:
    """Results by ranges of equal ones that follow each other: first and last number, and their result."""
    for result, same in groupby(results):
        last = first + sum(1 for _ in same) - 1
        yield first, last, result
        first = last + 1


def _check(receipt: Receipt) -> None:
    dt.datetime.fromisoformat(receipt.at)
    if not (
        all(isinstance(text, str) for text in (receipt.sender, receipt.recipient, receipt.checkpoint))
        and STREAM.fullmatch(receipt.stream)
        and _HASH.fullmatch(receipt.head)
        and type(receipt.first) is type(receipt.last) is int
        and 1 <= receipt.first <= receipt.last < 2**53
        and receipt.last - receipt.first + 1 == len(receipt.results)
    ):
        raise ValueError("field")


def _results(said: object) -> Iterable[Result]:
    if not isinstance(said, list):
        raise TypeError("results")
    total = 0
    for row in said:
        count, status, code, detail = row
        if type(count) is not int or count < 1 or status not in STATUSES:
            raise ValueError("results")
        if not isinstance(code, str) or not isinstance(detail, str) or len(code) > 60 or len(detail) > 300:
            raise ValueError("results")
        total += count
        if total > MAX_RANGE:
            raise ValueError("range")
        yield from [Result(status, code, detail)] * count
