"""Cases: what the issuer of an alert does after a hit, and the outcome that goes back to whoever found the person."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.audit.services import append
from jiwar.records.content import Content
from jiwar.records.queries import newest_version
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.watchlist.alert_queries import cases
from jiwar.watchlist.alerts import may_know
from jiwar.watchlist.hit_kinds import OUTCOME, Outcome, OutcomeBody
from jiwar.watchlist.models import Case, Hit
from jiwar.watchlist.sightings import take_back_hit
from jiwar.wire.faults import Fault, Refused

GOES_ON = {Outcome.EXTRADITION_FOLLOWS, Outcome.CONFIRMED_ACTION_REQUESTED}
"""Outcomes after which another may follow; the others close the case."""


def open_case(by: Grant, case: UUID) -> Case:
    """Read one case: authorised, and in the ledger. Raises Case.DoesNotExist."""
    by.check(Permission.WATCHLIST_CASE_READ)
    row = Case.objects.select_related("hit__record", "hit__outcome_record", "alert__record", "assigned_to").get(pk=case)
    if not may_know(by, row.alert):
        raise Case.DoesNotExist
    with transaction.atomic():
        append("case_read", by, str(case), {"alert": str(row.alert.uid)})
    return row


def browse_cases(by: Grant, state: str = "") -> list[Case]:
    """The cases that the reader may know of, newest first, at most 500; the ledger keeps that they were listed."""
    by.check(Permission.WATCHLIST_CASE_READ)
    rows = cases(by.actor)
    found = list((rows.filter(state=state) if state else rows)[:500])
    with transaction.atomic():
        append("cases_listed", by, "", {"count": len(found), "state": state})
    return found


def stands(case: str, person: str) -> bool:
    """Whether someone may go on under a case reference: it names no case of ours, or one that is open and hers."""
    try:
        row = Case.objects.filter(pk=UUID(case)).first()
    except ValueError:
        return True
    return row is None or (row.state != Case.State.CLOSED and str(row.assigned_to_id or person) == person)


def take_case(by: Grant, case: UUID) -> Case:
    """Take a case in hand; who had it before stands in the ledger."""
    with transaction.atomic():
        row = _open(by, case)
        row.assigned_to_id, row.taken_at = by.actor_id, timezone.now()  # type: ignore[assignment]
        row.save(update_fields=["assigned_to", "taken_at"])
        append("case_taken", by, str(case), {"alert": str(row.alert.uid)})
    return row


def record_outcome(by: Grant, case: UUID, outcome: str, text: str = "") -> Record:
    """Say what came of a hit; it goes to the state that reported it, and to the post. Raises Refused."""
    now = timezone.now()
    with transaction.atomic():
        row = _open(by, case)
        hit, alert = row.hit, row.alert
        body = {
            "target": str(hit.uid),
            "first_reported": str(hit.first_reported) if hit.first_reported else None,
            "alert": str(alert.uid),
            "outcome": outcome,
            "text": text,
        }
        basis = alert.record.data["content"]["legal_basis"]
        record = issue(by, OUTCOME, read_content(OUTCOME, terms(alert.record.purpose, basis, 365, body), now))
        row.refresh_from_db()
        row.state = Case.State.ANSWERED if outcome in GOES_ON else Case.State.CLOSED
        row.closed_at = now if row.state == Case.State.CLOSED else None
        row.save(update_fields=["state", "closed_at"])
        append("outcome_recorded", by, str(case), {"outcome": outcome, "record": str(record.uid)})
    return record


def _open(by: Grant, case: UUID) -> Case:
    by.check(Permission.WATCHLIST_CASE_HANDLE)
    row = Case.objects.select_for_update(of=("self",)).select_related("hit", "alert__record").filter(pk=case).first()
    if row is None or not may_know(by, row.alert):
        raise Refused(Fault("case_unknown"))
    if row.state == Case.State.CLOSED:
        raise Refused(Fault("case_is_closed"))
    return row


# --- what happens when an outcome is stored ---------------------------------------------------------------------------


def _project(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, OutcomeBody)
    hit = (
        Hit.objects.select_related("alert__record")
        .filter(uid__in=filter(None, (body.target, body.first_reported)))
        .first()
    )
    if hit is None:
        # Posts hear the outcomes of other posts' hits too.
        if settings.NODE.role == "post":
            return
        raise Refused(Fault("hit_unknown", "content.body.target"))
    issuer = hit.alert.record.origin
    if record.origin != issuer or record.node != issuer or body.alert != hit.alert.uid:
        raise Refused(Fault("not_the_origin", "origin", record.origin))
    Hit.objects.filter(pk=hit.pk).update(
        outcome=body.outcome, outcome_text=body.text, outcome_at=record.issued_at, outcome_record=record
    )
    if body.outcome == Outcome.FALSE_MATCH and issuer != settings.NODE.state and settings.NODE.role == "national":
        take_back_hit(as_node(Permission.EXCHANGE_MESSAGE_PASS), hit.alert.uid, hit.at)


def _reporter_of_hit(content: Content) -> list[str]:
    assert isinstance(content.body, OutcomeBody)
    target = newest_version(content.body.target)
    return [target.origin] if target and target.origin != settings.NODE.state else []


OUTCOME.addressees = _reporter_of_hit
OUTCOME.projections.append(_project)
