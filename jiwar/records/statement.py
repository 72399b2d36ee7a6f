"""The signed statement: its members, what its signature covers, the approval that it carries. Reads no database."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from jiwar.records.content import Content, Handling
from jiwar.records.kinds import Kind
from jiwar.wire.faults import Fault, Refused, of_pydantic
from jiwar.wire.strict_json import JsonRefused, canonical, parse_canonical

VERSION = 1
SIGNED = b"jiwar-record/1\n"
COSIGNED = b"jiwar-record-cosignature/1\n"
"""What stands before the statement's bytes under a signature, and under a second one by ML-DSA-65."""
APPROVED = b"jiwar-approval/1\n"
"""What stands before what an approver signs."""
_APPROVAL = {"author", "approver", "content_hash"}
_FIELDS = {
    "v", "id", "version", "kind", "kind_version", "origin", "node", "issued_at", "content", "supersedes", "approval",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Approval:
    """Two natural persons and what they agreed on (rule R2); ids are opaque outside the node that made them.

    `key`, `signature` (base64): of the approver herself, where her state has certified a key of hers; else "".
    """

    author: str
    approver: str
    content_hash: str
    key: str = ""
    signature: str = ""

    def as_json(self) -> dict[str, str]:
        """The member of a statement."""
        said = {"author": self.author, "approver": self.approver, "content_hash": self.content_hash}
        return said | ({"key": self.key, "signature": self.signature} if self.key else {})

    def signed(self, origin: str) -> bytes:
        """What the approver's own signature covers."""
        said = {"origin": origin, "author": self.author, "approver": self.approver, "content_hash": self.content_hash}
        return APPROVED + canonical(said)


def content_hash(kind: str, kind_version: int, content: Any) -> str:
    """SHA-256 in hexadecimal over the canonical form of what a person decides: what an approval binds to."""
    return sha256(canonical({"kind": kind, "kind_version": kind_version, "content": content}))


def sha256(data: bytes) -> str:
    """The name of a statement: SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_statement(statement: bytes) -> dict[str, Any]:
    """A statement's members, checked as far as every kind's are; raises Refused."""
    try:
        data = parse_canonical(statement)
    except JsonRefused as refused:
        if refused.code == "not_canonical":
            raise Refused(Fault("not_canonical", "statement")) from None
        raise Refused(Fault("wrong_form", "statement", refused.code)) from None
    if not isinstance(data, dict) or set(data) != _FIELDS:
        raise Refused(Fault("wrong_form", "statement"))
    if type(data["v"]) is not int or data["v"] < VERSION:
        raise Refused(Fault("wrong_form", "v"))
    if data["v"] > VERSION:
        raise Refused(Fault("version_unknown", "v", str(data["v"])[:20]))
    checks = {
        "id": lambda v: UUID(v).version == 7 and str(UUID(v)) == v,
        "version": lambda v: type(v) is int and 1 <= v < 10_000,
        "kind": lambda v: isinstance(v, str) and 0 < len(v) <= 60,
        "kind_version": lambda v: type(v) is int and 1 <= v < 1000,
        "origin": lambda v: isinstance(v, str) and len(v) == 3,
        "node": lambda v: isinstance(v, str) and len(v) <= 30,
        "issued_at": lambda v: _moment(v) is not None,
        "content": lambda v: isinstance(v, dict),
    }
    for field, check in checks.items():
        try:
            ok = check(data[field])
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
            ok = False
        if not ok:
            raise Refused(Fault("wrong_form", field))
    if data["node"][:3] != data["origin"]:
        raise Refused(Fault("origin_wrong", "origin", data["origin"]))
    return data


def read_as(kind: Kind, data: dict[str, Any]) -> Content:
    """The content of a statement of this kind; raises Refused.

    It stands as the kind's schema writes it, with every member, so that who reads its bytes and who reads it by the
    schema read the same; and two people approved it, where the kind needs that.
    """
    try:
        content = kind.content.model_validate(data["content"])
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False), ("content",))) from None
    if not _same(content.model_dump(mode="json"), data["content"]):
        raise Refused(Fault("not_canonical", "content"))
    if kind.needs_approval(content) or data["approval"] is not None:
        expected = content_hash(data["kind"], data["kind_version"], data["content"])
        check_approval(read_approval(data["approval"]), expected)
    return content


def check_terms(content: dict[str, Any]) -> None:
    """Check the terms that every version of every kind has, so that a record that is not understood can be kept and
    expired; raises Refused."""
    try:
        whole = _same(Handling.model_validate(content["handling"]).model_dump(mode="json"), content["handling"])
        dt.date.fromisoformat(content["review_on"])
        _moment(content["valid_until"])
        ok = whole and "body" in content and isinstance(content["purpose"], str) and len(content["purpose"]) <= 40
    except (TypeError, ValueError, KeyError, AttributeError):
        ok = False
    if not ok:
        raise Refused(Fault("wrong_form", "content"))


def _moment(text: str) -> dt.datetime:
    """A moment in UTC; raises ValueError for one without an offset or beyond the calendar."""
    found = dt.datetime.fromisoformat(text)
    if found.utcoffset() is None:
        raise ValueError("no offset")
    try:
        return found.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("beyond the calendar") from None


def _same(a: object, b: object) -> bool:
    """Whether two values are one in JSON: `true` is not 1."""
    match a, b:
        case dict(), dict():
            return a.keys() == b.keys() and all(_same(value, b[name]) for name, value in a.items())
        case list(), list():
            return len(a) == len(b) and all(map(_same, a, b))
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def read_approval(approval: object) -> Approval | None:
    """The approval that a statement carries; None for what is none."""
    if not isinstance(approval, dict) or set(approval) not in (_APPROVAL, _APPROVAL | {"key", "signature"}):
        return None
    if "key" in approval and not approval["key"]:
        return None
    return Approval(**approval) if all(isinstance(v, str) for v in approval.values()) else None


def check_approval(approval: Approval | None, expected: str) -> None:
    """Raise Refused unless two people agreed on the content with this hash."""
    if approval is None or not approval.author or not approval.approver:
        raise Refused(Fault("approval_missing", "approval"))
    if approval.author == approval.approver:
        raise Refused(Fault("approver_is_author", "approval.approver"))
    if approval.content_hash != expected:
        raise Refused(Fault("approval_of_other_content", "approval.content_hash"))
