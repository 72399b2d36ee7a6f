"""Sightings: where the subject of an alert was seen. The only writer of `Sighting`.

One on our alert goes to the states that were given the alert, one on a neighbour's to that neighbour alone, where an
agreement opens the kind. A confirmed hit on a neighbour's alert is one.
"""

import datetime as dt
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import Author, append
from jiwar.exchange.queries import deliveries
from jiwar.records.content import Content
from jiwar.records.queries import newest_version
from jiwar.records.services import Record, issue, read_content, terms, withdraw
from jiwar.watchlist.alert_kinds import ALERTS
from jiwar.watchlist.alert_queries import visible
from jiwar.watchlist.hit_kinds import HitFacts
from jiwar.watchlist.models import Alert, Sighting
from jiwar.watchlist.sighting_kinds import LONGEST, SIGHTING, USUAL_DAYS, SightingBody, SightingFacts
from jiwar.wire.faults import Fault, Refused, of_pydantic

MOST = 100
_AHEAD = dt.timedelta(minutes=5)
_PLACE = ("place", "country", "latitude", "longitude", "seen")
"""What can say where: also what was seen, in words."""


def report_sighting(
    by: Grant, alert: UUID, facts: dict[str, Any], *, source: str = "X", information: str = "4", days: int = USUAL_DAYS
) -> Record:
    """Say that the subject of an alert in force was seen; `facts` as SightingFacts, `days` 1 to 180. Raises Refused.

    Where a missing adult is, is told only with her consent (rule R13).
    """
    by.check(Permission.WATCHLIST_SIGHTING_REPORT)
    row = _alert(by, alert)
    now = timezone.now()
    try:
        seen = SightingFacts.model_validate(facts)
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False))) from None
    faults = []
    if not now - LONGEST <= seen.at <= now + _AHEAD:
        faults.append(Fault("out_of_range", "at"))
    if not 1 <= days <= LONGEST.days:
        faults.append(Fault("out_of_range", "days"))
    told = _may_tell(row, seen)
    if told is seen and not seen.place and seen.latitude is None:
        faults.append(Fault("missing", "place"))
    if faults:
        raise Refused(*faults)
    with transaction.atomic():
        return _issue(by, row, told, days, {"source": source, "information": information})


def tell_hit(by: Author, alert: Alert, hit: HitFacts) -> Record | None:
    """A confirmed hit on another state's alert is a sighting for that state alone: the national node says it for its
    posts too. In the hit's transaction; it leaves where an agreement opens sightings.

    None where it is not to be told: of one who asks for protection (rules R5, R6), of a missing adult without her
    consent (rule R13), what is older than a sighting is kept (rule R9), and at a post: its national node speaks for it.
    """
    protected = hit.stop_card is not None and hit.stop_card.stops
    old = hit.at < timezone.now() - dt.timedelta(days=USUAL_DAYS)
    if protected or old or not hit.place:
        return None
    if settings.NODE.role != "national" or alert.record.origin == settings.NODE.state:
        return None
    seen = SightingFacts(at=hit.at, place=hit.place, country=settings.NODE.state, location_consent=hit.location_consent)
    try:
        if not _may_tell(alert, seen).place:
            return None
    except Refused:  # nobody said whether she consents
        return None
    # An officer, by two identifiers (rule R8).
    return _issue(by, alert, seen, USUAL_DAYS, {"source": "B", "information": "2"}, hit=True)


def take_back_hit(by: Author, alert: UUID, at: dt.datetime) -> None:
    """It was somebody else: what a hit of this moment told is taken back. In the transaction that hears that."""
    told = Sighting.objects.filter(alert=alert, at=at, record__node=settings.NODE.code, record__state="in_force")
    for row in told.select_related("record"):
        withdraw(by, row.record, "another person, by the word of the issuer")
        append("sighting_withdrawn", by, str(alert), {"sighting": str(row.uid)})


def withdraw_sighting(by: Grant, sighting: UUID | str, reason: str) -> Record:
    """Take an own sighting back, everywhere. Raises Refused."""
    by.check(Permission.WATCHLIST_SIGHTING_REPORT)
    try:
        record = newest_version(UUID(str(sighting)))
    except ValueError:
        record = None
    if record is None or record.kind != SIGHTING.name or record.about is None:
        raise Refused(Fault("sighting_unknown", "target"))
    _alert(by, record.about)
    if record.node != settings.NODE.code:
        raise Refused(Fault("not_the_origin", "target", record.origin))
    with transaction.atomic():
        withdrawal = withdraw(by, record, reason)
        append("sighting_withdrawn", by, str(record.about), {"sighting": str(sighting)})
    return withdrawal


def browse_sightings(by: Grant, alert: Alert) -> list[Sighting]:
    """Sightings of the subject of an alert that the reader has opened, the newest first, at most 100; one query.

    The ledger keeps that they were read, where there are any. Of an alert that has ended none is shown.
    """
    by.check(Permission.WATCHLIST_ALERT_READ)
    if alert.record.state != Record.State.IN_FORCE:
        return []
    now = timezone.now()
    rows = Sighting.objects.filter(alert=alert.uid, record__state="in_force", record__valid_until__gt=now)
    found = list(rows.select_related("record")[:MOST])
    if found:
        with transaction.atomic():
            append("sightings_read", by, str(alert.uid), {"count": len(found)})
    return found


def _alert(by: Grant, uid: UUID) -> Alert:
    """An alert in force that the actor may know of; states speak to states, so posts report none."""
    row = visible(by.actor).filter(uid=uid).first()
    if row is None:
        raise Refused(Fault("alert_unknown", "target"))
    if settings.NODE.role != "national":
        raise Refused(Fault("not_the_national_node"))
    if row.record.state != Record.State.IN_FORCE or row.record.valid_until <= timezone.now():
        raise Refused(Fault("not_in_force", "target", row.record.state))
    return row


def _issue(by: Author, alert: Alert, seen: SightingFacts, days: int, grading: dict[str, str], **detail: bool) -> Record:
    """On the terms of the alert; in the caller's transaction."""
    held = alert.record
    body = {**seen.model_dump(mode="json"), "target": str(alert.uid)}
    plain = terms(held.purpose, held.data["content"]["legal_basis"], days, body, tlp=held.tlp)  # type: ignore[arg-type]
    plain["grading"] = grading
    record = issue(by, SIGHTING, read_content(SIGHTING, plain, timezone.now()))
    append("sighting_reported", by, str(alert.uid), {"sighting": str(record.uid), **detail})
    return record


def _may_tell(alert: Alert, seen: SightingFacts) -> SightingFacts:
    if alert.protected != "missing_adult" or alert.record.body.get("location_consent") or seen.location_consent:
        return seen
    if seen.location_consent is None:
        raise Refused(Fault("missing", "location_consent"))
    return SightingFacts(at=seen.at, location_consent=False)


# --- what happens when a sighting is stored or ends -------------------------------------------------------------------


def _project(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, SightingBody)
    alert = Alert.objects.select_related("record").filter(uid=body.target).first()
    # On an alert that is not here, or is neither ours nor of who says it, it is kept and shown nowhere.
    if alert is None or len({settings.NODE.state, record.origin, alert.record.origin}) == 3:
        return
    Sighting.objects.update_or_create(uid=record.uid, defaults={"record": record, "alert": body.target, "at": body.at})


def _forget(record: Record) -> None:
    Sighting.objects.filter(uid=record.uid, record=record).delete()


def _forget_all(alert: Record) -> None:
    """An alert that has ended says nothing any longer, nor what was seen of its subject (rule R9)."""
    if alert.state in {Record.State.WITHDRAWN, Record.State.EXPIRED}:
        Sighting.objects.filter(alert=alert.uid).delete()


def _addressees(content: Content) -> list[str]:
    assert isinstance(content.body, SightingBody)
    own, target = settings.NODE.state, newest_version(content.body.target)
    if target is None:
        return []
    if target.origin != own:
        return [target.origin]
    given = {row.node[:3] for row in deliveries(target.uid) if row.state not in {"held", "refused"}}
    return sorted(given - {own})


SIGHTING.addressees = _addressees
SIGHTING.projections.append(_project)
SIGHTING.retirements.append(_forget)
for _kind in ALERTS.values():
    _kind.retirements.append(_forget_all)
