"""Screening: is this person, or this document, on the watchlist? Every search is lawful, bounded and in the ledger.

What may be asked says `asking`; what is told of whom a search finds, `telling`.
"""

import datetime as dt
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jiwar.access.policy import Grant
from jiwar.audit.services import Act, append, append_each, hold_ledger
from jiwar.watchlist import thresholds
from jiwar.watchlist.asking import beyond_rates, fields, mark, may_ask
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.evidence import Code, Difference, Document, Field, Identifier, Query, Reason
from jiwar.watchlist.logic.thresholds import Thresholds
from jiwar.watchlist.telling import DESK, Match, Reach, Searched, in_force
from jiwar.watchlist.this_index import current_index, list_age
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7

__all__ = [
    "Code",
    "Difference",
    "Document",
    "Field",
    "Identifier",
    "Match",
    "PartialDate",
    "Query",
    "Reach",
    "Reason",
    "Screening",
    "Searched",
    "screen",
    "screen_many",
    "search",
    "tell",
]

MANY = 500
"""Most questions of one `screen_many`."""


@dataclass(frozen=True, slots=True)
class Screening:
    """An answer. `id` is the subject of its ledger leaf; `list_age` as the function of that name;
    `entries` how many subjects were searched. `too_little`: what was asked could find nobody, for on so long a list a
    name so common proves nothing alone. `kept_back`: how many were not told only because their name is plain, and
    `ask_for`: which further particulars would decide on one of them."""

    id: UUID
    at: dt.datetime
    candidates: tuple[Match, ...]
    list_age: dt.datetime | None
    entries: int
    took_ms: float
    too_little: bool = False
    kept_back: int = 0
    ask_for: tuple[Field, ...] = ()


def screen(by: Grant, query: Query, *, channel: str = "desk", reason: str = "") -> Screening:
    """At most five candidates, the likeliest first; `channel` is "desk", "api", "cli" or "reconciliation".

    Raises AccessRefused, or Refused: query_empty, wildcard, too_long, too_many, case_missing, reason_missing, and
    too_many_searches, whose refusal is itself in the ledger.
    """
    [answer] = tell([search(by, query, channel=channel, reason=reason)])
    if isinstance(answer, Refused):
        raise answer
    return answer


def screen_many(by: Grant, queries: Sequence[Query], *, channel: str = "api", reason: str = "") -> list[Screening]:
    """An answer to each of at most MANY questions: a leaf for each search, all in one transaction.

    All or none: raises as `screen` does, with the number of the question before the field ("3.names.0").
    """
    if len(queries) > MANY:
        raise Refused(Fault("too_many", "", str(MANY)))
    searched, faults, limits = [], [], thresholds.in_force()
    for number, query in enumerate(queries):
        try:
            searched.append(search(by, query, channel=channel, reason=reason, limits=limits))
        except Refused as refused:
            faults += [Fault(f.code, f"{number}.{f.field}".rstrip("."), f.detail) for f in refused.faults]
    if faults:
        raise Refused(*faults)
    with transaction.atomic():
        answers = tell(searched)
        told = [answer for answer in answers if not isinstance(answer, Refused)]
        beyond = next((answer for answer in answers if isinstance(answer, Refused)), None)
        if beyond is not None:
            # What was found is not told, so its leaves go; that it was refused stays.
            transaction.set_rollback(True)
    if beyond is not None:
        with transaction.atomic():
            append("screening_refused", by, "", {"code": "too_many_searches", "questions": len(queries)})
        raise beyond
    return told


def search(
    by: Grant,
    query: Query,
    *,
    channel: str = "desk",
    reason: str = "",
    reach: Reach = DESK,
    limits: Thresholds | None = None,
) -> Searched:
    """Find whom a question may mean, and tell nobody. Raises as `screen` does, except for too_many_searches.

    `limits`: the thresholds in force, where the caller has read them for many questions.
    """
    started = time.perf_counter()
    by.check(reach.permission)
    reason = " ".join(reason.split())
    may_ask(by, query, reason)
    index = current_index()
    policy = None
    if reach.threshold is None:
        # Each is raised for a plain name by itself: what the lowest lets through is no measure for a higher one.
        limits = limits or thresholds.in_force()
        policy = limits if reach.hints and query.birth_date else None
        limits = limits.each(lambda threshold: index.fair(query, threshold))
    else:
        # Who reaches further than an officer looks through what she finds, and need not be fair to it.
        limits = Thresholds(reach.threshold)
    found = index.search(query, limit=reach.found, threshold=(policy or limits).lowest)
    too_little = not found and index.says_too_little(query, limits.lowest)
    return Searched(by, query, channel, reason, found, limits, len(index), started, reach, too_little, policy)


def tell(searched: Sequence[Searched]) -> list[Screening | Refused]:
    """The answers to what was searched, whoever asked: what is in force now, and all their leaves in one transaction.

    A question beyond its actor's rate is Refused in its place, and that is in the ledger too. Seven queries, however
    many questions whoever asked; two to four more where somebody was found.
    """
    at = timezone.now()
    answers: list[Screening | Refused] = []
    acts: list[tuple[Grant, Act]] = []
    with transaction.atomic():
        held = hold_ledger()  # before the rows of the rates: whoever takes the ledger first never waits in a circle
        beyond = beyond_rates([one.by for one in searched], at)
        told, age = in_force(searched, at), list_age()
        for one, refused, said in zip(searched, beyond, told, strict=True):
            if refused is not None:
                answers.append(refused)
                continue
            took = (time.perf_counter() - one.started) * 1000
            answer = Screening(
                uuid7(at), at, said.candidates, age, one.entries, took, one.too_little, said.kept_back, said.ask_for
            )
            acts.append((one.by, _act(one, answer)))
            answers.append(answer)
        for by, number in Counter(one.by for one, refused in zip(searched, beyond, strict=True) if refused).items():
            acts.append((by, Act("screening_refused", "", {"code": "too_many_searches", "questions": number})))
        append_each(acts, held)
    return answers


def _act(one: Searched, answer: Screening) -> Act:
    detail = {
        "channel": one.channel,
        "query": mark(one.query),
        "fields": fields(one.query),
        "candidates": [each.key for match in answer.candidates for each in (match, *match.others)],
        "entries": answer.entries,
        "list_age": answer.list_age.isoformat() if answer.list_age else None,
    }
    if answer.kept_back:
        detail["kept_back"] = answer.kept_back
    return Act("person_screened", str(answer.id), detail | ({"reason": one.reason} if one.reason else {}))
