"""A signed statement on its way through a foreign format: packed whole, so that it comes back byte for byte."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

from jiwar.bridges.logic.lost import Unreadable
from jiwar.wire.strict_json import JsonRefused, canonical, parse

NAMESPACE: Final = UUID("719c86bb-8544-4cfb-8e6a-fd2d31f80e2e")
"""Of every name-based identifier (UUID version 5) that this program gives. STIX 2.1 section 2.9 keeps the namespace
00abedb4-… for cyber-observable objects, of which this program makes none."""
FILE_END: Final = ".jiwar-record.json"
_MOST_BYTES: Final = 1_500_000
_LONGEST: Final = {"statement": _MOST_BYTES, "key": 40, "signature": 200, "cosignature": 10_000}

Say = Callable[[str, str], str]
"""The word for (group, code) in the language of what goes out."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement, the id of the key that signed it, the signature in base64; a second signature where there is one."""

    statement: bytes
    key: str
    signature: str
    cosignature: str = ""

    @property
    def members(self) -> dict[str, str]:
        """As JSON members."""
        second = {"cosignature": self.cosignature} if self.cosignature else {}
        return {"key": self.key, "signature": self.signature, "statement": self.statement.decode()} | second

    def pack(self) -> bytes:
        """One JSON text (RFC 8785) with all of them."""
        return canonical(self.members)

    @classmethod
    def unpack(cls, data: bytes, path: str) -> Signed:
        """Raises Unreadable: a carrier that is not whole is no foreign data, it is a damaged record."""
        try:
            packed = parse(data, max_bytes=_MOST_BYTES)
        except JsonRefused as refused:
            raise Unreadable("statement_damaged", path, refused.code) from None
        return cls.of(packed, path)

    @classmethod
    def of(cls, packed: object, path: str) -> Signed:
        """From the members; others are ignored, for a format may add its own. Raises Unreadable."""
        told = {name: packed.get(name, "") for name in _LONGEST} if isinstance(packed, Mapping) else {}
        texts = {name: text for name, text in told.items() if isinstance(text, str) and len(text) <= _LONGEST[name]}
        if len(texts) != len(_LONGEST) or not all(texts[name] for name in ("key", "signature", "statement")):
            raise Unreadable("statement_damaged", path)
        return cls(texts["statement"].encode(), texts["key"], texts["signature"], texts["cosignature"])


@dataclass(frozen=True, slots=True)
class Statement:
    """A signed statement to be mapped. `about_kind` is the kind of the record that it is about, where that is known.

    `ended`: when its use ended; then nothing of its content goes out, only that it ended.
    """

    signed: Signed
    data: Mapping[str, Any]
    ended: dt.datetime | None = None
    about_kind: str = ""

    @property
    def uid(self) -> str:
        return str(self.data["id"])

    @property
    def version(self) -> int:
        return int(self.data["version"])

    @property
    def kind(self) -> tuple[str, int]:
        """Name and version."""
        return str(self.data["kind"]), int(self.data["kind_version"])

    @property
    def origin(self) -> str:
        return str(self.data["origin"])

    @property
    def issued_at(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.data["issued_at"])

    @property
    def content(self) -> Mapping[str, Any]:
        return self.data["content"]  # type: ignore[no-any-return]

    @property
    def body(self) -> Mapping[str, Any]:
        return self.content["body"]  # type: ignore[no-any-return]

    @property
    def tlp(self) -> str:
        return str(self.content["handling"]["tlp"])

    @property
    def told(self) -> dict[str, Any]:
        """What the statement says, apart from what names it: the members of which a mapping gives account."""
        return {"approval": self.data["approval"], "content": self.content}


@dataclass(slots=True)
class Written:
    """What a mapping made: `native` paths have a field of their own in it, `as_text` stand in running text."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    native: set[str] = field(default_factory=set)
    as_text: set[str] = field(default_factory=set)


def named(*parts: str) -> UUID:
    """The same identifier for the same parts, everywhere."""
    return uuid5(NAMESPACE, "/".join(parts))
