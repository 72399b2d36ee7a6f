"""The policy of screening: drafted by one, approved by another, taken back. Without one the program's own holds."""

import datetime as dt
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.records import drafts
from jiwar.records.services import terms, withdraw
from jiwar.watchlist.threshold_kinds import SCREENING_POLICY
from jiwar.watchlist.thresholds import policy_drafts, policy_in_force
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.identity.officer_keys import OfficerSigner
    from jiwar.records.models import Draft, Record

P = Permission


def draft_policy(by: Grant, body: dict[str, Any], valid_until: str, draft: UUID | None = None) -> "Draft":
    """Keep what was typed, complete or not; `valid_until` is a day. What it changes is the policy in force."""
    by.check(P.WATCHLIST_POLICY_DRAFT)
    if settings.NODE.role != "national":
        raise Refused(Fault("not_the_national_node"))
    kept = _draft(draft) if draft else None
    content = _content(body, valid_until)
    return drafts.save_draft(by, SCREENING_POLICY, content, kept, supersedes=None if kept else policy_in_force())


def submit_policy(by: Grant, draft: UUID) -> "Draft":
    """Ask a second person; raises Refused with every fault."""
    by.check(P.WATCHLIST_POLICY_DRAFT)
    return drafts.submit_draft(by, _draft(draft))


def discard_policy(by: Grant, draft: UUID) -> None:
    """The author gives a draft up."""
    by.check(P.WATCHLIST_POLICY_DRAFT)
    drafts.discard_draft(by, _draft(draft))


def return_policy(by: Grant, draft: UUID, reasons: str) -> "Draft":
    """The second person sends a draft back, with reasons."""
    by.check(P.WATCHLIST_POLICY_APPROVE)
    return drafts.return_draft(by, _draft(draft), reasons)


def approve_policy(by: Grant, draft: UUID, seen_hash: str, signer: "OfficerSigner | None" = None) -> "Record":
    """Approve exactly what was seen: it holds here at once, and at every post as soon as it has it."""
    by.check(P.WATCHLIST_POLICY_APPROVE)
    row = _draft(draft)
    if row.supersedes != policy_in_force():
        raise Refused(Fault("version_conflict", "", str(row.supersedes.version) if row.supersedes else "0"))
    with transaction.atomic():
        record = drafts.approve_draft(by, row, seen_hash, signer=signer)
        detail = {"version": record.version, "hash": record.hash}
        append("screening_policy_issued", by, str(record.uid), detail)
    return record


def withdraw_policy(by: Grant, reason: str) -> "Record":
    """Take back the policy in force: the program's own threshold holds again."""
    by.check(P.WATCHLIST_POLICY_APPROVE)
    record = policy_in_force()
    if record is None:
        raise Refused(Fault("not_in_force"))
    with transaction.atomic():
        withdrawal = withdraw(by, record, reason)
        append("screening_policy_withdrawn", by, str(record.uid), {"withdrawal": str(withdrawal.uid)})
    return withdrawal


def _content(body: dict[str, Any], valid_until: str) -> dict[str, Any]:
    """What was typed, as the content of a record; a day that cannot be read stays, so that the check names it."""
    made = terms(Purpose.BORDER_CHECK, "policy of screening of this state", 0, body, tlp="GREEN")
    try:
        day = dt.date.fromisoformat(valid_until)
        until, review = f"{day}T23:59:59Z", day
        review = min(day, made["review_on"] + SCREENING_POLICY.review - dt.timedelta(days=1))
    except (ValueError, OverflowError):
        until, review = valid_until, made["review_on"]
    return made | {
        "handling": made["handling"].model_dump(mode="json"),
        "grading": made["grading"].model_dump(mode="json"),
        "valid_until": until,
        "review_on": review.isoformat(),
    }


def _draft(draft: UUID) -> "Draft":
    row = policy_drafts().select_related("supersedes").filter(pk=draft).first()
    if row is None:
        raise Refused(Fault("draft_unknown"))
    return row
