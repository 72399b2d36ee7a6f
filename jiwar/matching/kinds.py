"""Bodies of a blind match: the question, its answer, and what matched. None of them names a key."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from jiwar.matching.logic.key_types import BULK_MOST, RULES, KeyType, Mode, most
from jiwar.records.content import Body, Content, Moment, State
from jiwar.records.kinds import Kind, register

PART_BYTES = 190_000
"""Bytes of one part: with its base64 and its terms it stays below 2^18, the size to which an envelope is padded."""
MOST_PARTS = 8
TOKEN_BYTES = 16
DAYS = 30
"""How long a question waits: time for a memory stick to go and come back."""
Month = Annotated[str, StringConstraints(pattern=r"^([0-9]{4}-(0[1-9]|1[0-2]))?$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
REFUSALS = ("match_by_officer", "match_quota", "match_set_too_large", "match_elements_wrong")
Refusal = Annotated[str, StringConstraints(pattern=r"^match_[a-z_]{1,40}$")]
"""One of REFUSALS; a neighbour's newer program may have others."""


class Part(Body):
    """One of `parts` parts of some bytes, in base64; `sha256` is of the whole. Taken when all have come."""

    part: Annotated[int, Field(ge=1, le=MOST_PARTS)]
    parts: Annotated[int, Field(ge=1, le=MOST_PARTS)]
    sha256: Hash
    data: Annotated[str, StringConstraints(min_length=4, max_length=4 * -(-PART_BYTES // 3))]

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.part > self.parts:
            raise ValueError("match_part_wrong")
        _bytes(self.data)
        return self

    @property
    def plain(self) -> bytes:
        return _bytes(self.data)


class RequestBody(Body):
    """A question: which of `count` keys does the addressee hold too? `piece`: blinded elements of 32 bytes."""

    model_config = ConfigDict(title="Blind match: question")
    question: UUID
    addressee: State
    key_type: KeyType
    mode: Mode
    count: Annotated[int, Field(ge=1, le=BULK_MOST)]
    piece: Part

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        if self.mode not in RULES[self.key_type].modes:
            raise ValueError("match_online_only")
        if self.count > most(self.mode):
            raise ValueError("too_many_keys")
        return self


class AnswerBody(Body):
    """An answer, or a refusal with when it may be asked again.

    `month`: that of the responder's key in bulk, empty online. `piece`: the responder's public key, the proof, the
    evaluated elements, the filter of its set, one after the other.
    """

    model_config = ConfigDict(title="Blind match: answer")
    question: UUID
    addressee: State
    month: Month = ""
    piece: Part | None = None
    refusal: Refusal | None = None
    again_at: Moment | None = None

    @model_validator(mode="after")
    def _answers_or_refuses(self) -> Self:
        if (self.piece is None) == (self.refusal is None):
            raise ValueError("match_answer_or_refusal")
        return self


class ResultBody(Body):
    """What matched: 16 bytes of the function's output for each hit, in base64, sorted; empty when nothing did."""

    model_config = ConfigDict(title="Blind match: result")
    question: UUID
    addressee: State
    hits: Annotated[int, Field(ge=0, le=BULK_MOST)]
    tokens: Annotated[str, StringConstraints(max_length=4 * -(-TOKEN_BYTES * BULK_MOST // 3))] = ""

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if len(_bytes(self.tokens)) != TOKEN_BYTES * self.hits:
            raise ValueError("match_tokens_wrong")
        return self

    @property
    def plain(self) -> bytes:
        return _bytes(self.tokens)


def cut(data: bytes) -> list[Part]:
    """Some bytes in parts."""
    pieces = [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)]
    digest = hashlib.sha256(data).hexdigest()
    return [
        Part(part=number, parts=len(pieces), sha256=digest, data=encoded(piece))
        for number, piece in enumerate(pieces, 1)
    ]


def join(parts: Iterable[Part]) -> bytes:
    """The whole of all parts; raises ValueError when they are not the parts of what their hash says."""
    ordered = sorted(parts, key=lambda part: part.part)
    data = b"".join(part.plain for part in ordered)
    if hashlib.sha256(data).hexdigest() != ordered[0].sha256:
        raise ValueError("match_part_wrong")
    return data


def encoded(data: bytes) -> str:
    """Bytes as they stand in a body."""
    return base64.b64encode(data).decode()


def token(output: bytes) -> bytes:
    """What stands for a key in a result: bytes of the function's output that the filter does not show."""
    return output[16 : 16 + TOKEN_BYTES]


def _bytes(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not_base64") from None
    if encoded(data) != text:
        raise ValueError("not_base64")
    return data


def _addressee(content: Content) -> Iterable[str]:
    assert isinstance(content.body, RequestBody | AnswerBody | ResultBody)
    return (content.body.addressee,)


REQUEST = register(Kind("match.request", 1, RequestBody, addressees=_addressee))
ANSWER = register(Kind("match.answer", 1, AnswerBody, addressees=_addressee))
RESULT = register(Kind("match.result", 1, ResultBody, addressees=_addressee))
