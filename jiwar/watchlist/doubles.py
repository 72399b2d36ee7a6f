"""Before an alert is submitted: is the same subject listed here already? (rule R16). The only writer of `DoubleAnswer`.

The engine compares the draft with the alerts in force that its author may know of. Of each of this node's own she says
whether it is the same subject, and why not; that stays with the draft, for the second person to read. Other states'
alerts are shown: two states may seek one person.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.services import append
from jiwar.watchlist.alert_queries import visible
from jiwar.watchlist.kinds import SubjectFacts, is_complete, to_question
from jiwar.watchlist.logic.evidence import Comparison
from jiwar.watchlist.logic.thresholds import strength
from jiwar.watchlist.models import Alert, DoubleAnswer
from jiwar.watchlist.this_index import current_index
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.records.models import Draft

P = Permission
LIKELY = 0.5
"""From this probability on a person looks; the same document or number is always looked at."""
LEAST_REASON = 10
LONGEST_REASON = 500
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Double:
    """An alert in force that may be on the draft's subject. In `comparison` the draft is the question.

    `own`: this node's, so that the author must say whether it is the same.
    """

    alert: Alert
    own: bool
    facts: SubjectFacts
    strength: str
    comparison: Comparison
    answer: DoubleAnswer | None


def doubles(by: Grant, draft: "Draft") -> list[Double]:
    """Alerts on what may be the same subject, the likeliest first; none while the draft says too little to compare.

    For its author and for the second person; a search, and so in the ledger.
    """
    by.check(P.WATCHLIST_ALERT_DRAFT, P.WATCHLIST_ALERT_APPROVE)
    facts = _facts(draft)
    if facts is None:
        return []
    found = current_index().search(to_question(facts), limit=_LOOKED_AT)
    likely = {UUID(c.key): c for c in found if c.comparison.certain or c.score >= LIKELY}
    # A stolen passport and whoever is wanted with it are two subjects: each is compared with its own kind.
    known = visible(by.actor).filter(uid__in=likely, record__kind=draft.kind, record__state="in_force")
    if draft.supersedes is not None:
        known = known.exclude(uid=draft.supersedes.uid)
    alerts = {alert.uid: alert for alert in known}
    answers = {answer.uid: answer for answer in DoubleAnswer.objects.filter(draft=draft, uid__in=alerts)}
    with transaction.atomic():
        detail = {"hash": draft.content_hash, "candidates": [str(uid) for uid in likely if uid in alerts]}
        append("alert_doubles_searched", by, str(draft.pk), detail)
    return [
        Double(
            alert=alerts[uid],
            own=alerts[uid].record.node == settings.NODE.code,
            facts=SubjectFacts.model_validate(alerts[uid].record.body["subject"]),
            strength=strength(candidate.score),
            comparison=candidate.comparison,
            answer=answers.get(uid),
        )
        for uid, candidate in likely.items()
        if uid in alerts
    ]


def answer_double(by: Grant, draft: "Draft", uid: UUID, same: bool, reason: str = "") -> None:
    """The author says whether an alert is on the same subject; that it is not, with a reason."""
    if by.permission is not P.WATCHLIST_ALERT_DRAFT or str(draft.author_id) != by.actor_id:
        raise AccessRefused("permission_missing", P.WATCHLIST_ALERT_DRAFT, by.actor_id)
    reason = " ".join(reason.split())
    field = f"double.{uid}"
    if not same and sum(c.isalpha() for c in reason) < LEAST_REASON:
        raise Refused(Fault("reason_missing", field))
    if len(reason) > LONGEST_REASON:
        raise Refused(Fault("too_long", field))
    if not visible(by.actor).filter(uid=uid, record__node=settings.NODE.code).exists():
        raise Refused(Fault("alert_unknown", field))
    with transaction.atomic():
        said = {"same": same, "reason": reason, "at": timezone.now()}
        DoubleAnswer.objects.update_or_create(draft=draft, uid=uid, defaults=said)
        append("alert_double_answered", by, str(draft.pk), {"alert": str(uid), "same": same})


def in_the_way(by: Grant, draft: "Draft") -> list[Fault]:
    """Why the draft cannot be submitted yet: a double without an answer, or one said to be the same subject."""
    faults = []
    for double in (each for each in doubles(by, draft) if each.own):
        if double.answer is None:
            faults.append(Fault("double_unanswered", f"double.{double.alert.uid}"))
        elif double.answer.same:
            faults.append(Fault("double_is_same", f"double.{double.alert.uid}"))
    return faults


def _facts(draft: "Draft") -> SubjectFacts | None:
    body = draft.content.get("body")
    try:
        facts = SubjectFacts.model_validate(body.get("subject") if isinstance(body, dict) else None)
    except ValidationError:
        return None
    return facts if is_complete(facts) else None
