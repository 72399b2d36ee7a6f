"""Hits: an officer confirms that a person is the one of an alert. Posts tell their state, states tell the issuer."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import SYSTEM
from jiwar.audit.services import append
from jiwar.records.content import Content
from jiwar.records.queries import newest_version
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.watchlist.hit_kinds import HIT, REMOVALS, HitBody, HitFacts
from jiwar.watchlist.models import Alert, Case, Hit
from jiwar.watchlist.sightings import tell_hit
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7

if TYPE_CHECKING:
    from datetime import datetime

KEPT_DAYS = 365


def report_hit(by: Grant, alert: UUID, facts: HitFacts) -> Record:
    """Record a confirmed hit on an alert in force; it travels to the alert's issuer by itself. Raises Refused."""
    by.check(Permission.CROSSINGS_CROSSING_RECORD)
    row = Alert.objects.select_related("record").filter(uid=alert).first()
    if row is None or row.record.state == Record.State.WITHHELD:
        raise Refused(Fault("alert_unknown", "target"))
    now = timezone.now()
    if row.record.state != Record.State.IN_FORCE or row.record.valid_until <= now:
        raise Refused(Fault("not_in_force", "target", row.record.state))
    if facts.action_taken in REMOVALS and facts.stop_card is None:
        raise Refused(Fault("stop_card_unanswered", "stop_card"))
    facts = _may_tell(row, facts)
    with transaction.atomic():
        record = _issue(by, row, facts.model_dump(mode="json"), {"reported_by": settings.NODE.code}, now)
        append("hit_reported", by, str(alert), {"hit": str(record.uid), "action": facts.action_taken})
        tell_hit(by, row, facts)
    return record


def _may_tell(alert: Alert, facts: HitFacts) -> HitFacts:
    """Where a missing adult was found is not told without her consent (rule R13)."""
    if _place_is_told(alert, facts):
        return facts
    if facts.location_consent is None:
        raise Refused(Fault("missing", "location_consent"))
    return facts.model_copy(update={"place": "", "direction": None})


def _place_is_told(alert: Alert, facts: HitFacts) -> bool:
    consent = alert.record.body.get("location_consent") or facts.location_consent
    return alert.protected != "missing_adult" or bool(consent)


def _issue(by: Grant, alert: Alert, facts: dict[str, Any], more: dict[str, Any], now: "datetime") -> Record:
    held = alert.record
    body = facts | {"target": str(alert.uid), "target_version": held.version} | more
    if held.origin != settings.NODE.state:
        # Who asks for protection is never told to the state that looks for her (rule R5).
        body["stop_card"] = None
    content = terms(held.purpose, held.data["content"]["legal_basis"], KEPT_DAYS, body)
    return issue(by, HIT, read_content(HIT, content, now))


# --- what happens when a hit is stored --------------------------------------------------------------------------------


def _project(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, HitBody)
    alert = _alert_of(record, body)
    from_own_post = record.origin == settings.NODE.state and record.node != settings.NODE.code
    if from_own_post and alert.record.origin != settings.NODE.state:
        _speak_for_post(record, body, alert)
        return
    case = None
    if alert.record.origin == settings.NODE.state and settings.NODE.role == "national":
        now = timezone.now()
        case = Case.objects.create(id=uuid7(now), alert=alert, opened_at=now)
        append("case_opened", _node(alert), str(case.pk), {"alert": str(alert.uid), "hit": str(record.uid)})
    Hit.objects.create(
        record=record,
        uid=record.uid,
        alert=alert,
        case=case,
        at=body.at,
        place=body.place,
        reported_by=body.reported_by,
        first_reported=body.first_reported,
        action_taken=body.action_taken,
    )


def _alert_of(record: Record, body: HitBody) -> Alert:
    """The alert that a hit is about; raises Refused where the hit is not one that this node may take."""
    rows = Alert.objects.select_related("record").filter(uid=body.target)
    alert = rows.filter(record__version=body.target_version).first() or rows.first()
    own = record.origin == settings.NODE.state
    if alert is None or not (own or alert.record.origin == settings.NODE.state):
        raise Refused(Fault("alert_unknown", "content.body.target"))
    if body.reported_by[:3] != record.origin or (not own and record.node != record.origin):
        raise Refused(Fault("origin_wrong", "content.body.reported_by", body.reported_by))
    return alert


def _speak_for_post(record: Record, body: HitBody, alert: Alert) -> None:
    """States speak to states: the national node says in its own name what its post found."""
    if alert.record.state == Record.State.WITHHELD:
        return
    more = {
        "reported_by": record.node if _place_is_told(alert, body) else record.origin,
        "first_reported": str(record.uid),
    }
    _issue(_node(alert), alert, body.model_dump(mode="json"), more, timezone.now())
    tell_hit(_node(alert), alert, body)


def _node(alert: Alert) -> Grant:
    return Grant(SYSTEM, Permission.CROSSINGS_CROSSING_RECORD, Purpose(alert.record.purpose))


def _issuer_of_alert(content: Content) -> list[str]:
    assert isinstance(content.body, HitBody)
    target = newest_version(content.body.target)
    return [target.origin] if target and target.origin != settings.NODE.state else []


HIT.addressees = _issuer_of_alert
HIT.projections.append(_project)
