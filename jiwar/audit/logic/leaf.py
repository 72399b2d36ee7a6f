"""What the ledger keeps of one act: a leaf's content is the canonical JSON (RFC 8785) of a `Leaf`.

The salt makes the leaf's hash say nothing to those who hold only the hash: neighbours and witnesses cannot try out
guesses of the rest.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jiwar.audit.logic import instants
from jiwar.wire.strict_json import JsonRefused, canonical, parse

VERSION = 1
MAX_CONTENT = 65_536
"""Bytes of one leaf's content."""
NODE_CODE = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
_ACT = re.compile(r"[a-z][a-z0-9_]*(?:[.:][a-z][a-z0-9_]*)*")
_SALT = re.compile(r"[0-9a-f]{32}")
_NAMES = {"v", "index", "at", "node", "actor", "via", "act", "purpose", "case", "subject", "detail", "salt"}
_MAX_TEXT = 300
_SHALLOW = 32
"""So many brackets cannot nest deeper than `parse` reads, and a content of MAX_CONTENT bytes has no more items."""


class LeafInvalid(ValueError):
    """Content that is no leaf. `code`: `json`, `not_canonical`, `version`, `fields`, `too_long` or a field's name."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Leaf:
    """One act. Raises `LeafInvalid`, naming the field, for what a leaf cannot hold."""

    index: int
    """Place in the ledger, from 0."""
    at: datetime
    node: str
    """Code of the node whose ledger it is: `LBY`, `NER-MADAMA`."""
    actor: str
    """Who acted: a person's, token's or service's stable reference."""
    via: str
    """The face it came through: `console`, `api`, `cli`, `exchange`, `task`."""
    act: str
    """What was done, as an event's name: `alert_withdrawn`, `records.record_issued`."""
    salt: str
    """16 random bytes in hexadecimal."""
    purpose: str | None = None
    case: str | None = None
    subject: str | None = None
    """What it was done to: a record's or object's reference."""
    detail: dict[str, Any] = field(default_factory=dict)
    """Whatever else JSON can say of it."""

    def __post_init__(self) -> None:
        if type(self.index) is not int or not 0 <= self.index < 2**53:
            raise LeafInvalid("index", str(self.index)[:32])
        if self.at.utcoffset() is None:
            raise LeafInvalid("at", "naive")
        for name in ("node", "actor", "via", "act", "salt"):
            _check_text(name, getattr(self, name))
        for name in ("purpose", "case", "subject"):
            if getattr(self, name) is not None:
                _check_text(name, getattr(self, name))
        for name, form in (("node", NODE_CODE), ("act", _ACT), ("salt", _SALT)):
            if not form.fullmatch(getattr(self, name)):
                raise LeafInvalid(name, getattr(self, name))
        if not isinstance(self.detail, dict):
            raise LeafInvalid("detail", "not an object")


def content(leaf: Leaf) -> bytes:
    """The leaf's content, whose hash is `merkle.leaf_hash`. Raises `LeafInvalid` for detail that JSON cannot hold."""
    try:
        data = canonical(
            {
                "v": VERSION,
                "index": leaf.index,
                "at": instants.write(leaf.at),
                "node": leaf.node,
                "actor": leaf.actor,
                "via": leaf.via,
                "act": leaf.act,
                "purpose": leaf.purpose,
                "case": leaf.case,
                "subject": leaf.subject,
                "detail": leaf.detail,
                "salt": leaf.salt,
            }
        )
        if len(data) > MAX_CONTENT:
            raise LeafInvalid("too_long", f"{len(data)} > {MAX_CONTENT} bytes")
        if data.count(b"{") + data.count(b"[") > _SHALLOW:
            parse(data, max_bytes=MAX_CONTENT)  # it may nest too deep: what is written must be readable
    except JsonRefused as refused:
        raise LeafInvalid("detail", str(refused)) from None
    return data


def read(data: bytes) -> Leaf:
    """The leaf of a content. Raises `LeafInvalid`, also for JSON that says the same in another form."""
    try:
        members = parse(data, max_bytes=MAX_CONTENT)
        if canonical(members) != data:
            raise LeafInvalid("not_canonical")
    except JsonRefused as refused:
        raise LeafInvalid("json", str(refused)) from None
    if not isinstance(members, dict) or members.keys() != _NAMES:
        raise LeafInvalid("fields")
    if type(members["v"]) is not int or members.pop("v") != VERSION:
        raise LeafInvalid("version")
    try:
        at = instants.read(members.pop("at"))
    except (TypeError, ValueError):
        raise LeafInvalid("at") from None
    return Leaf(at=at, **members)


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        raise LeafInvalid(name, f"not a text of 1 to {_MAX_TEXT} characters")
