"""The policy in force at this node: agreements from the tables, parsed once in a process, asked at every decision.

What was parsed serves until anything about agreements changes, whichever process changed it: each change leaves a row
in `Change` in its own transaction, and a decision first looks whether there are other rows than it knows. A change of
the day needs nothing: the policies hold the days, and the time comes with the question.
"""

import datetime as dt
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Unpack

from django.conf import settings
from django.db import connection

from jiwar.agreements.logic.register import Register
from jiwar.agreements.logic.verdicts import Facts, Question, Verdict
from jiwar.agreements.models import Agreement, Change
from jiwar.agreements.said import said

log = logging.getLogger(__name__)
Mark = tuple[int, int | None]
_parsed: tuple[Mark, Register] | None = None


@dataclass(slots=True)
class _Batch:
    found: Register | None = None
    changed: bool = False


_batch: ContextVar[_Batch | None] = ContextVar("batch", default=None)


def may_send(kind: str, purpose: str, to_state: str, at: dt.datetime, **facts: Unpack[Facts]) -> Verdict:
    """Whether this state may send a record of a kind to a state for a purpose; `Facts` says what else may be known."""
    return why(kind, purpose, settings.NODE.state, to_state, at, **facts)


def may_receive(kind: str, purpose: str, from_state: str, at: dt.datetime, **facts: Unpack[Facts]) -> Verdict:
    """Whether a state may send a record of a kind to this state for a purpose; `Facts` says what else may be known."""
    return why(kind, purpose, from_state, settings.NODE.state, at, **facts)


def why(kind: str, purpose: str, sender: str, recipient: str, at: dt.datetime, **facts: Unpack[Facts]) -> Verdict:
    """The clause that opens the way between two states, or the nearest reason why none does. One query."""
    verdict = register().decide(Question(sender, recipient, kind, purpose, at, facts))
    if verdict.code == "not_decidable":
        log.error("agreements: Cedar could not decide on %s for %s from %s to %s", kind, purpose, sender, recipient)
    return verdict


@contextmanager
def steady() -> Iterator[None]:
    """Look once for changes of other processes, for all decisions of one transaction.

    A change that this transaction makes is seen at once, and so is its undoing: from the first one on, every decision
    looks again. Put it around the transaction of a batch; nothing sealed or taken in it is older than its beginning.
    """
    token = _batch.set(_Batch())
    try:
        yield
    finally:
        _batch.reset(token)


CHANGED: list[Callable[[], None]] = []
"""What else happens in the transaction in which policy changes: `exchange` frees what it held back."""


def changed() -> None:
    """Say in the present transaction that something about agreements changes in it."""
    Change.objects.create(mark=secrets.randbits(40))
    if batch := _batch.get():
        batch.found, batch.changed = None, True
    freed()


def freed() -> None:
    """Let what policy held back be looked at again."""
    for hook in CHANGED:
        hook()


def register() -> Register:
    """The agreements held, as Cedar reads them; read anew when they have changed."""
    batch = _batch.get()
    if batch is None or batch.changed:
        return _current()
    if batch.found is None:
        batch.found = _current()
    return batch.found


def _current() -> Register:
    global _parsed  # noqa: PLW0603 - one for the process: parsing is what costs
    mark = _mark()
    while _parsed is None or _parsed[0] != mark:
        rows = Agreement.objects.exclude(record__state="superseded").select_related("record")
        found = Register(each.terms() for each in said(rows))
        before, mark = mark, _mark()
        if before != mark:
            continue  # changed while it was read: half of the change may be in it
        _parsed = mark, found
        return found
    return _parsed[1]


def _mark() -> Mark:
    """What tells one state of the agreements from another: how many changes there were, and the sum of their marks.

    A highest number would not do: a transaction that began earlier may commit later, and one that was rolled back gives
    its number to another.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*), SUM(mark) FROM {Change._meta.db_table}")  # noqa: S608 - a table of ours
        count, total = cursor.fetchone()
    return count, total
