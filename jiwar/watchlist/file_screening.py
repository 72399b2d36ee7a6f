"""Screening a file: one act of a person with a purpose, a case and a reason, and every row of it in the ledger (R7).

A run is a leaf where it begins, goes on and ends. Its rows are told in chunks: one transaction and one leaf for each,
which holds the mark of every question and whom it found. A mark is the beginning of what `person_screened` keeps of the
same question, so that oversight finds both by it (decision 0031).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import Act, append, append_each, hold_ledger
from jiwar.watchlist import rates, thresholds
from jiwar.watchlist.asking import LEAST_REASON, mark, may_ask
from jiwar.watchlist.logic.bulk import Found
from jiwar.watchlist.logic.thresholds import Thresholds
from jiwar.watchlist.screening import Match, Reach, Searched
from jiwar.watchlist.telling import in_force
from jiwar.watchlist.this_index import current_index, list_age
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7

CHUNK = 250
"""Rows of a chunk, whose marks take 5 kB of the 64 that a leaf holds."""
MOST_KEYS = 1_000
"""Records that the rows of one leaf found, 40 kB; a row of its own may have more than its share."""
MARK = 16
"""Hexadecimal digits of a mark."""
RATES = ((dt.timedelta(days=1), 10_000_000),)
"""Most rows of one person's files in a day: a whole civil register, once."""
REACH = Reach(permission=Permission.WATCHLIST_FILE_SCREEN)
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Run:
    """One file under way: who, and why. `id` is the subject of its leaves."""

    id: UUID
    by: Grant
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A row that was searched or refused, not yet told."""

    number: int
    mark: str
    faults: tuple[Fault, ...]
    matches: tuple[Match, ...]


def begin(by: Grant, reason: str, about: Mapping[str, Any], run: UUID | None = None) -> Run:
    """Begin a run, or go on with one. `about`: what the ledger keeps of the file (its hash, its columns).

    Raises AccessRefused, or Refused: case_missing, reason_missing, too_long.
    """
    by.check(REACH.permission)
    reason = " ".join(reason.split())
    faults = []
    if not by.case:
        faults.append(Fault("case_missing", "case"))  # at a post too: a file is no traveller who stands there
    if sum(c.isalpha() for c in reason) < LEAST_REASON:
        faults.append(Fault("reason_missing", "reason"))
    if len(reason) > _LONGEST_REASON:
        faults.append(Fault("too_long", "reason"))
    if faults:
        raise Refused(*faults)
    begun = Run(run or uuid7(timezone.now()), by, reason)
    with transaction.atomic():
        act = "file_screening_resumed" if run else "file_screening_begun"
        append(act, by, str(begun.id), {**about, "reason": reason})
    return begun


def lend(run: Run, digest: str, entries: int, to: str) -> None:
    """Say in the ledger that a copy of the index leaves the node for a run, its hash and to where."""
    with transaction.atomic():
        append("index_lent", run.by, str(run.id), {"index": digest, "entries": entries, "to": to[:200]})


def settle(run: Run, found: Sequence[Found], entries: int, limits: Thresholds | None = None) -> list[Settled]:
    """What of each row may be told now, and which rows are no lawful question: few queries, however
    many rows.

    `limits`: the thresholds in force, each of which is raised for a plain name as at a desk (decision 0036).
    """
    limits, index = limits or thresholds.in_force(), current_index()
    asked: dict[int, Searched] = {}
    refused: dict[int, tuple[Fault, ...]] = {}
    for row in found:
        if row.query is None:
            refused[row.number] = row.faults
            continue
        try:
            may_ask(run.by, row.query, run.reason)
        except Refused as no:
            refused[row.number] = no.faults
        else:
            fair = limits.each(partial(index.fair, row.query))
            asked[row.number] = Searched(
                run.by, row.query, "file", run.reason, row.candidates, fair, entries, 0.0, REACH
            )
    told = dict(zip(asked, in_force(list(asked.values()), timezone.now()), strict=True))
    return [
        Settled(
            row.number,
            mark(row.query)[:MARK] if row.number in asked and row.query else "",
            refused.get(row.number, ()),
            told[row.number].candidates if row.number in told else (),
        )
        for row in found
    ]


def keep(run: Run, rows: Sequence[Settled], entries: int) -> None:
    """Enter at most CHUNK rows in the ledger, after which they may be told. Raises Refused: too_many_searches."""
    asked = sum(1 for row in rows if row.mark)
    age = list_age()
    always = {"channel": "file", "entries": entries, "list_age": age.isoformat() if age else None}
    with transaction.atomic():
        held = hold_ledger()
        taken = rates.take(f"file:{run.by.actor_id}", RATES, timezone.now(), asked)
        if taken.number == asked:
            acts = [Act("people_screened", str(run.id), _said(part) | always) for part in _parts(rows)]
            append_each([(run.by, act) for act in acts], held)
            return
        transaction.set_rollback(True)
    with transaction.atomic():
        append("screening_refused", run.by, str(run.id), {"code": "too_many_searches", "questions": asked})
    raise Refused(Fault("too_many_searches", "", str(taken.most)))


def _parts(rows: Sequence[Settled]) -> Iterator[list[Settled]]:
    """All of them in one leaf, unless they found so many that it would not hold them."""
    part: list[Settled] = []
    keys = 0
    for row in rows:
        own = len(_keys(row))
        if part and keys + own > MOST_KEYS:
            yield part
            part, keys = [], 0
        part.append(row)
        keys += own
    if part:
        yield part


def _said(rows: Sequence[Settled]) -> dict[str, Any]:
    return {
        "rows": [rows[0].number, rows[-1].number],
        "refused": sum(1 for row in rows if not row.mark),
        "marks": [row.mark for row in rows if row.mark],
        "found": {str(row.number): _keys(row) for row in rows if row.matches},
    }


def _keys(row: Settled) -> list[str]:
    return [each.key for match in row.matches for each in (match, *match.others)]


def end(run: Run, told: Mapping[str, int]) -> None:
    """Say that every row was told: how many there were, were refused, and found someone."""
    with transaction.atomic():
        append("file_screening_ended", run.by, str(run.id), dict(told))
