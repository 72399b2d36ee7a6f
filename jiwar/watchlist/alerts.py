"""Alerts: drafted by one, approved by another, amended, withdrawn, read. The only writer of `Alert`."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Grant
from jiwar.access.services import as_node
from jiwar.audit.services import append
from jiwar.identity.officer_keys import OfficerSigner
from jiwar.identity.roles import Clearance
from jiwar.records import drafts
from jiwar.records.content import Content
from jiwar.records.drafts import Draft
from jiwar.records.kinds import Kind
from jiwar.records.queries import drafts as open_drafts
from jiwar.records.queries import newest_version
from jiwar.records.reading import is_shown
from jiwar.records.services import Record, read_content, withdraw
from jiwar.watchlist import entries, protection
from jiwar.watchlist.alert_kinds import ALERT, ALERT_ON, ALERTS, AlertBody, AlertType, AnyAlertBody
from jiwar.watchlist.alert_queries import due_for_review, known, makes, refused_here, visible
from jiwar.watchlist.doubles import in_the_way
from jiwar.watchlist.logic import alert_rules
from jiwar.watchlist.models import Alert
from jiwar.wire.faults import Fault, Refused

P = Permission
MOST = 500


def draft_alert(by: Grant, content: dict[str, Any], draft: UUID | None = None, kind: Kind = ALERT) -> Draft:
    """Keep what the author has typed, complete or not; a change voids what was submitted.

    `kind` of a new draft is one of ALERTS; a draft that is there keeps its own.
    """
    by.check(P.WATCHLIST_ALERT_DRAFT)
    row = _draft(draft) if draft else None
    return drafts.save_draft(by, ALERTS[row.kind] if row else kind, content, row)


def submit_alert(by: Grant, draft: UUID) -> Draft:
    """Ask for approval. Raises Refused that names everything that is missing or does not fit (rules R1, R13-R16), and
    then what may be an alert on the same subject (`doubles`)."""
    by.check(P.WATCHLIST_ALERT_DRAFT)
    row = _draft(draft)
    doubles = in_the_way(by, row)
    try:
        with transaction.atomic():
            submitted = drafts.submit_draft(by, row)
            transaction.set_rollback(bool(doubles))
    except Refused as refused:
        raise Refused(*_with_rules(refused.faults, row.content, alert_on(row.kind))) from None
    if doubles:
        raise Refused(*doubles)
    return submitted


def unmet(content: dict[str, Any], on: str) -> list[Fault]:
    """What stands between what was typed and its submission; nothing is kept. `on`: as in `ALERT_ON`."""
    try:
        read_content(ALERT_ON[on], content, timezone.now())
    except Refused as refused:
        return _with_rules(refused.faults, content, on)
    return []


def _with_rules(faults: Iterable[Fault], content: dict[str, Any], on: str) -> list[Fault]:
    """The form's faults hide those of the rules; the author gets both at once."""
    body = content.get("body")
    more = alert_rules.faults(body if isinstance(body, dict) else {}, timezone.now().date(), on)
    known = {fault.field for fault in faults}
    return [*faults, *(fault for fault in more if fault.field not in known)]


def discard_alert(by: Grant, draft: UUID) -> None:
    """The author gives a draft up."""
    by.check(P.WATCHLIST_ALERT_DRAFT)
    drafts.discard_draft(by, _draft(draft))


def return_alert(by: Grant, draft: UUID, reasons: str) -> Draft:
    """Send a submitted alert back to its author."""
    by.check(P.WATCHLIST_ALERT_APPROVE)
    return drafts.return_draft(by, _draft(draft), reasons)


def approve_alert(
    by: Grant, draft: UUID, seen_hash: str, rights_review: str = "", signer: OfficerSigner | None = None
) -> Record:
    """Approve exactly what was seen, and issue it (rule R2). A yes in the rights screen forces a review text (R3)."""
    by.check(P.WATCHLIST_ALERT_APPROVE)
    row = _draft(draft)
    if alert_rules.sensitive_offence(row.content.get("body", {})) and not rights_review.strip():
        raise Refused(Fault("missing", "rights_review"))
    if row.supersedes is not None:
        _newest_own(row.supersedes.uid)
        if newest_version(row.supersedes.uid) != row.supersedes:
            raise Refused(Fault("version_conflict", "", str(row.supersedes.version)))
    with transaction.atomic():
        record = drafts.approve_draft(by, row, seen_hash, rights_review, signer)
        append("alert_issued", by, str(record.uid), {"version": record.version, "hash": record.hash})
    return record


def amend_alert(by: Grant, uid: UUID) -> Draft:
    """Begin a new version of an own alert in force; it needs two people again. The one open amendment is given back."""
    by.check(P.WATCHLIST_ALERT_DRAFT)
    record = _newest_own(uid)
    mine = open_drafts(record.kind).filter(supersedes=record, author_id=by.actor_id).first()
    return mine or drafts.save_draft(by, ALERTS[record.kind], record.data["content"], supersedes=record)


def withdraw_alert(by: Grant, uid: UUID, reason: str) -> Record:
    """Take an own alert back everywhere; every holder must say that it did (rule R11)."""
    by.check(P.WATCHLIST_ALERT_WITHDRAW)
    with transaction.atomic():
        withdrawal = withdraw(by, _newest_own(uid), reason)
        append("alert_withdrawn", by, str(uid), {"withdrawal": str(withdrawal.uid)})
    return withdrawal


def open_alert(by: Grant, uid: UUID, version: int | None = None) -> Alert:
    """Read one alert, its newest version unless one is named; the ledger keeps it. Raises Alert.DoesNotExist."""
    by.check(P.WATCHLIST_ALERT_READ)
    rows = known(by.actor).filter(uid=uid)
    alert = rows.get(record__version=version) if version else rows.first()
    if alert is None:
        raise Alert.DoesNotExist
    with transaction.atomic():
        append("alert_read", by, str(uid), {"version": alert.record.version})
    return _named(alert)


def browse_alerts(by: Grant, whose: str = "", alert_type: str = "", state: str = "", review: str = "") -> list[Alert]:
    """The alerts that the reader may know of, newest first, at most 500; names are read, so the ledger keeps it.

    With `review`, own ones whose review is due, the first to end first.
    """
    by.check(P.WATCHLIST_ALERT_READ)
    rows = visible(by.actor)
    if whose:
        rows = rows.filter(record__origin=settings.NODE.state) if whose == "own" else _received(rows)
    if alert_type:
        rows = rows.filter(alert_type=alert_type)
    if state:
        rows = rows.filter(record__state=state)
    if review:
        rows = due_for_review(rows)
    found = list(rows[:MOST])
    with transaction.atomic():
        append(
            "alerts_listed",
            by,
            "",
            {"count": len(found), "whose": whose, "type": alert_type, "state": state, "review": review},
        )
    return [_named(alert) for alert in found]


def _named(alert: Alert) -> Alert:
    """An alert to show: one whose time has run out names nobody, though the duty that ends it is still to come."""
    if not is_shown(alert.record):
        alert.name = ""
    return alert


def _received(rows: QuerySet[Alert]) -> QuerySet[Alert]:
    return rows.exclude(record__origin=settings.NODE.state)


def open_draft(by: Grant, draft: UUID) -> Draft:
    """Read a draft, as author or as approver: authorised, and in the ledger."""
    by.check(P.WATCHLIST_ALERT_DRAFT, P.WATCHLIST_ALERT_APPROVE)
    row = _draft(draft)
    if by.permission == P.WATCHLIST_ALERT_DRAFT and str(row.author_id) != by.actor_id:
        raise AccessRefused("permission_missing", P.WATCHLIST_ALERT_APPROVE, by.actor_id)
    with transaction.atomic():
        append("alert_draft_read", by, str(row.pk), {"hash": row.content_hash})
    return row


def alert_on(kind: str) -> str:
    """What alerts of this kind are on: "person", "group" or "object"."""
    body = ALERTS[kind].body
    assert issubclass(body, AnyAlertBody)
    return body.on


def may_know(by: Grant, alert: Alert) -> bool:
    """Whether the reader may know of this alert: a discreet check is for the cleared, and for those who make ours."""
    own = alert.record.node == settings.NODE.code
    return not alert.covert or by.actor.clearance == Clearance.COVERT or (own and makes(by.actor))


def _draft(draft: UUID) -> Draft:
    """An alert's open draft: a grant for alerts reaches no other kind."""
    row = open_drafts(*ALERTS).select_related("supersedes").filter(pk=draft).first()
    if row is None:
        raise Refused(Fault("draft_unknown"))
    return row


def _newest_own(uid: UUID) -> Record:
    record = newest_version(uid)
    if record is None or record.kind not in ALERTS:
        raise Refused(Fault("alert_unknown", "target"))
    if record.node != settings.NODE.code:
        raise Refused(Fault("not_the_origin", "target", record.origin))
    if record.state != Record.State.IN_FORCE:
        raise Refused(Fault("not_in_force", "target", record.state))
    return record


# --- what happens when an alert is stored or ends ---------------------------------------------------------------------


def _check_rules(content: Content) -> list[Fault]:
    assert isinstance(content.body, AnyAlertBody)
    return alert_rules.faults(content.body.model_dump(mode="json"), timezone.now().date(), content.body.on)


def _project(record: Record, content: Content) -> None:
    body = content.body
    assert isinstance(body, AnyAlertBody)
    foreign = record.origin != settings.NODE.state
    # Bad quality stops nobody: a neighbour's alert that breaks the rules is kept and shown, not used (rule R16).
    sound = not foreign or not _check_rules(content)
    covert = body.type == AlertType.DISCREET_CHECK
    refused = foreign and refused_here(record.uid) is not None
    alert = Alert.objects.create(
        record=record,
        uid=record.uid,
        alert_type=body.type,
        action=body.action,
        subject_type=body.subject.type,
        name=body.subject.names[0].text,
        protected=_protected(body),
        covert=covert,
        entered=sound and not refused,
    )
    protected = foreign and protection.is_protected(record.origin, body.subject)
    if sound and not protected and not refused:
        _enter(record, body)
    if protected:
        protection.withhold_alert(alert)
        if record.version > 1:
            protection.tell_posts(record)


def broken_rules(alert: Alert) -> list[Fault]:
    """The rules by which a received alert in force stops nobody here (rule R16): what its issuer is to be told."""
    if alert.entered or alert.record.state != Record.State.IN_FORCE or alert.record.origin == settings.NODE.state:
        return []
    return _check_rules(ALERTS[alert.record.kind].content.model_validate(alert.record.data["content"]))


def use(alert: Alert) -> None:
    """Let screening find a received alert again that was left unused, unless it breaks a rule of ours."""
    content = ALERTS[alert.record.kind].content.model_validate(alert.record.data["content"])
    body = content.body
    assert isinstance(body, AnyAlertBody)
    if not _check_rules(content):
        _enter(alert.record, body)
        Alert.objects.filter(pk=alert.pk).update(entered=True)


def _enter(record: Record, body: AnyAlertBody) -> None:
    entries.put(
        record,
        body.subject,
        category="alert",
        alert_type=body.type,
        action=body.action,
        covert=body.type == AlertType.DISCREET_CHECK,
        protected=bool(_protected(body)),
    )


def _protected(body: AnyAlertBody) -> str:
    return body.protected or "" if isinstance(body, AlertBody) else ""


def _forget_name(record: Record) -> None:
    """Lists, cases and drafts name nobody by an alert that has ended (rule R9)."""
    if record.state in {Record.State.WITHDRAWN, Record.State.EXPIRED}:
        Alert.objects.filter(uid=record.uid).update(name="")
        drafts.drop_amendments(as_node(P.WATCHLIST_ALERT_DRAFT), record)


def _is_covert(record: Record) -> bool:
    return record.body.get("type") == AlertType.DISCREET_CHECK


for _kind in ALERTS.values():
    _kind.check = _check_rules
    _kind.covert = _is_covert
    _kind.projections.append(_project)
    _kind.retirements += [entries.drop, _forget_name]
