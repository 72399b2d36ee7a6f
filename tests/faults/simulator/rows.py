"""What a simulated node keeps on its disk: the rows of its tables, which are the program's in short."""

import datetime as dt
from typing import Any, NamedTuple

from jiwar.exchange.logic.streams import FIRST


class Way(NamedTuple):
    """An outgoing stream; table `("ways", peer)` by name."""

    name: str
    seq: int = 0
    head: str = FIRST
    acked: int = 0
    closed_at: int | None = None


class Taken(NamedTuple):
    """An incoming stream; table `("taken", peer)` by name."""

    name: str
    seq: int = 0
    head: str = FIRST
    newest: bytes = b""


class Row(NamedTuple):
    """A record on its way; table `("outbox", peer)` by the record's hash and `returned`."""

    number: int
    record: str
    returned: bool
    lane: str
    priority: int
    state: str
    reason: str = ""
    there: bool = False
    acknowledged_at: dt.datetime | None = None
    status: str = ""

    @property
    def key(self) -> tuple[str, bool]:
        return self.record, self.returned


class Sealed(NamedTuple):
    """An envelope; table `("sealed", peer)` by stream and number."""

    hash: str
    envelope: bytes
    row: tuple[str, bool]


class Place(NamedTuple):
    """A message that was taken; table `("places", peer)` by stream and number."""

    hash: str
    record: str
    status: str
    code: str
    detail: str
    payload: bytes


class Record(NamedTuple):
    """A statement; table `records` by its hash."""

    hash: str
    uid: str
    version: int
    kind: str
    kind_version: int
    origin: str
    node: str
    purpose: str
    tlp: str
    valid_until: dt.datetime
    about: str
    statement: bytes
    key: str
    signature: str
    received_from: str
    state: str
    body: Any


class Restore(NamedTuple):
    """A restore from an old copy; table `restores` by its number. `epoch`: 0 before its ceremony."""

    by: str
    stream: str
    epoch: int = 0
