"""Why a record may pass, or may not: the clause with its text, whose word it is, and the policy itself."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from jiwar.agreements import policy
from jiwar.agreements.consented import facts_of
from jiwar.agreements.logic.verdicts import Closed, Facts, Verdict
from jiwar.agreements.models import Agreement
from jiwar.agreements.wording import remedy

if TYPE_CHECKING:
    from jiwar.records.models import Record


@dataclass(frozen=True, slots=True)
class Answer:
    """One direction. `clause` is the one that opens the way or comes nearest, as its text has it; `policy` in Cedar.

    `remedy`: who could open the way, and how; "" when it is open.
    """

    sender: str
    recipient: str
    verdict: Verdict
    clause: dict[str, Any] | None
    remedy: str
    policy: str


def answers(
    kind: str,
    purpose: str,
    neighbour: str,
    at: dt.datetime,
    record: "Record | None" = None,
    depth_km: float | None = None,
) -> Iterator[Answer]:
    """Both directions between this state and a neighbour, for any record of a kind or for one that is held."""
    own = settings.NODE.state
    for sender, recipient in ((own, neighbour), (neighbour, own)):
        facts = facts_of(record.data, sender) if record is not None else Facts()
        if depth_km is not None:
            facts["depth_km"] = depth_km
        yield _answer(policy.why(kind, purpose, sender, recipient, at, **facts), sender, recipient, record)


def _answer(verdict: Verdict, sender: str, recipient: str, record: "Record | None") -> Answer:
    row = Agreement.objects.filter(uid=verdict.uid).exclude(record__state="superseded").first() if verdict.uid else None
    clause = next((c for c in row.clauses if c["id"] == verdict.clause), None) if row else None
    provision = policy.register().provision(verdict)
    how = ""
    if isinstance(verdict, Closed):
        how = remedy(verdict, sender, recipient, record.origin if record else "", row.starts if row else None)
    return Answer(sender, recipient, verdict, clause, how, provision.policies.text() if provision else "")
