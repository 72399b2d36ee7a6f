"""Instants as the ledger writes them: RFC 3339 in UTC with microseconds, one text per instant."""

import re
from datetime import UTC, datetime

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def write(at: datetime) -> str:
    """`2026-11-23T12:00:00.000000Z`. Raises ValueError for a naive datetime."""
    if at.utcoffset() is None:
        raise ValueError("a naive datetime names no instant")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read(text: str) -> datetime:
    """The instant in UTC. Raises ValueError for any form that `write` does not write."""
    if not _FORM.fullmatch(text):
        raise ValueError("not an instant of the form YYYY-MM-DDThh:mm:ss.ffffffZ")
    return datetime.fromisoformat(text)
