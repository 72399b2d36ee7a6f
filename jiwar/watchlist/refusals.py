"""A receiving state refuses another's alert, with a ground that the issuer reads, and may take that back (rule R3)."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.records.content import Content
from jiwar.records.queries import newest_version
from jiwar.records.services import Record, issue, read_content, terms, withdraw
from jiwar.watchlist import entries
from jiwar.watchlist.alert_kinds import REFUSAL, RefusalBody
from jiwar.watchlist.alert_queries import refused_here, visible
from jiwar.watchlist.alerts import use
from jiwar.watchlist.models import Alert
from jiwar.wire.faults import Fault, Refused, of_pydantic


def refuse_alert(by: Grant, uid: UUID, ground: str, text: str) -> Record:
    """Use a neighbour's alert no longer, here and at own posts, and tell its issuer why. Raises Refused."""
    by.check(Permission.WATCHLIST_ALERT_APPROVE)
    alert = _received(by, uid)
    if alert.record.state != Record.State.IN_FORCE:
        raise Refused(Fault("not_in_force", "target", alert.record.state))
    if refused_here(uid) is not None:
        raise Refused(Fault("already_refused", "target"))
    try:
        body = RefusalBody(target=uid, ground=ground, text=text)  # type: ignore[arg-type]
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False))) from None
    plain = terms(alert.record.purpose, "refusal by the receiving state", REFUSAL.longest.days, body)
    plain["review_on"] = plain["valid_until"].date()
    with transaction.atomic():
        refusal = issue(by, REFUSAL, read_content(REFUSAL, plain, timezone.now()))
        append("alert_refused", by, str(uid), {"refusal": str(refusal.uid), "ground": body.ground})
    return refusal


def take_back_refusal(by: Grant, uid: UUID, reason: str) -> Record:
    """Use a refused alert again, here and at own posts, and tell its issuer. Raises Refused."""
    by.check(Permission.WATCHLIST_ALERT_APPROVE)
    _received(by, uid)
    refusal = refused_here(uid)
    if refusal is None:
        raise Refused(Fault("not_refused", "target"))
    with transaction.atomic():
        withdrawal = withdraw(by, refusal, reason)
        append("alert_refusal_withdrawn", by, str(uid), {"refusal": str(refusal.uid)})
    return withdrawal


def _received(by: Grant, uid: UUID) -> Alert:
    """A neighbour's alert that the reader may know of; the state's own node alone answers for the state."""
    alert = visible(by.actor).filter(uid=uid).first()
    if alert is None:
        raise Refused(Fault("alert_unknown", "target"))
    if alert.record.origin == settings.NODE.state:
        raise Refused(Fault("own_alert", "target"))
    if settings.NODE.role != "national":
        raise Refused(Fault("not_the_national_node"))
    return alert


def _is_ours(refusal: Record) -> bool:
    """Whether this state said it: what another refuses is not refused here, and a post refuses nothing."""
    ours = refusal.origin == refusal.node == settings.NODE.state
    return ours and refusal.received_from in {"", refusal.origin}


def _alerts(refusal: Record) -> list[Alert]:
    found = Alert.objects.filter(uid=refusal.about, record__state=Record.State.IN_FORCE).select_related("record")
    return list(found.exclude(record__origin=refusal.origin))


def _to_the_issuer(content: Content) -> tuple[str, ...]:
    assert isinstance(content.body, RefusalBody)
    target = newest_version(content.body.target)
    return (target.origin,) if target else ()


def _leave_unused(refusal: Record, content: Content) -> None:
    if _is_ours(refusal):
        for alert in _alerts(refusal):
            entries.drop(alert.record)
            Alert.objects.filter(pk=alert.pk).update(entered=False)


def _use_again(refusal: Record) -> None:
    if _is_ours(refusal):
        for alert in _alerts(refusal):
            use(alert)


REFUSAL.addressees = _to_the_issuer
REFUSAL.projections.append(_leave_unused)
REFUSAL.retirements.append(_use_again)
