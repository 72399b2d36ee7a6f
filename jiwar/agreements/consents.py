"""Passing on what another state said: asking its origin, granting, refusing, taking back, and passing on (rule R10)."""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.agreements import consented, passing, policy
from jiwar.agreements.consent_kinds import CONSENT, REFUSAL, REQUEST, ConsentBody
from jiwar.agreements.content import plain
from jiwar.agreements.logic.verdicts import Open, day_end
from jiwar.agreements.policy import may_send
from jiwar.audit.services import append
from jiwar.records import drafts
from jiwar.records.content import Content
from jiwar.records.kinds import Kind
from jiwar.records.queries import newest_version
from jiwar.records.services import issue, read_content, withdraw
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.identity.officer_keys import OfficerSigner
    from jiwar.records.models import Draft, Record

P = Permission
_ANSWER_WITHIN = dt.timedelta(days=90)
"""How long a request or a refusal is of use."""


# --- at the holder ----------------------------------------------------------------------------------------------------


def ask(by: Grant, uid: UUID, states: Iterable[str], reason: str) -> "Record":
    """Ask the origin of a held record whether it may be passed on to these states."""
    by.check(P.AGREEMENTS_CONSENT_DRAFT)
    record = _foreign(by, uid)
    if consented.onward_of(record) == "no":
        raise Refused(Fault("not_to_be_passed_on", "target"))
    states = list(states)
    known = {way.state for way in consented.ways(record)}
    if strange := [state for state in states if state not in known]:
        raise Refused(Fault("not_in_list", "states", strange[0][:3]))
    body = {"target": str(uid), "states": states, "reason": reason}
    with transaction.atomic():
        append("consent_asked", by, str(uid), {"of": record.origin, "states": states})
        return _issue(by, REQUEST, record, body)


def pass_on(by: Grant, uid: UUID, state: str) -> None:
    """Pass a held record on to a state, with the consents that let us; raises Refused where agreements do not."""
    by.check(P.AGREEMENTS_RECORD_PASS)
    record = _foreign(by, uid)
    by.check_purpose(record.purpose)
    now, own = timezone.now(), settings.NODE.state
    verdict = may_send(record.kind, record.purpose, state, now, **consented.facts_of(record.data, own))
    if not isinstance(verdict, Open):
        raise Refused(Fault("not_open", "state", state[:3]))
    found = consented.consents(uid, record.origin, record.purpose, own, now)
    naming = [each for each in found if state in each.body["states"]]
    detail = {"to": state, "agreement": verdict.agreement, "clause": verdict.clause}
    with transaction.atomic():
        append("record_passed_on", by, str(uid), detail | {"consents": [str(each.uid) for each in naming]})
        passing.pass_on(by, [record], state, naming)


# --- at the origin ----------------------------------------------------------------------------------------------------


def propose(
    by: Grant, uid: UUID, holder: str, states: Iterable[str], until: dt.date, request: UUID | None = None
) -> "Draft":
    """Draft a consent for an own record until the end of a day in UTC, and ask a second person for approval."""
    by.check(P.AGREEMENTS_CONSENT_DRAFT)
    record = consented.target_of(by.actor, uid)
    if record is None:
        raise Refused(Fault("record_unknown", "target"))
    if request is not None:
        _open_request(by, request)
        if any(draft.content["body"].get("request") == str(request) for draft in consented.consent_drafts()):
            raise Refused(Fault("draft_in_hand", "request"))
    end = min(record.valid_until, day_end(until))
    body: dict[str, Any] = {"target": str(uid), "holder": holder, "states": list(states)}
    body["request"] = str(request) if request else None
    content = plain(record.purpose, "consent of the origin", end, end.date(), body)
    with transaction.atomic():
        return drafts.submit_draft(by, drafts.save_draft(by, CONSENT, content))


def approve(
    by: Grant, draft: "Draft", seen_hash: str, reasons: str = "", signer: "OfficerSigner | None" = None
) -> "Record":
    """The second person approves what she saw: the consent goes to the holder and to the states that it names."""
    by.check(P.AGREEMENTS_CONSENT_APPROVE)
    _of_consent(draft)
    with transaction.atomic():
        record = drafts.approve_draft(by, draft, seen_hash, reasons, signer)
        detail = {"consent": str(record.uid), "holder": record.body["holder"], "states": record.body["states"]}
        append("consent_given", by, str(record.about), detail)
    return record


def return_to_author(by: Grant, draft: "Draft", reasons: str) -> "Draft":
    """The second person sends a draft back, with reasons."""
    by.check(P.AGREEMENTS_CONSENT_APPROVE)
    _of_consent(draft)
    return drafts.return_draft(by, draft, reasons)


def discard(by: Grant, draft: "Draft") -> None:
    """The author gives a draft up."""
    by.check(P.AGREEMENTS_CONSENT_DRAFT)
    _of_consent(draft)
    drafts.discard_draft(by, draft)


def refuse(by: Grant, request: UUID, reason: str) -> "Record":
    """Refuse consent, with a reason that the other state reads. One person may: it opens nothing."""
    by.check(P.AGREEMENTS_CONSENT_DRAFT)
    asked = _open_request(by, request)
    with transaction.atomic():
        append("consent_refused", by, str(asked.about), {"request": str(request), "to": asked.origin})
        return _issue(by, REFUSAL, asked, {"target": str(request), "reason": reason})


def take_back(by: Grant, consent: UUID, reason: str) -> "Record":
    """Take an own consent back: nothing is passed on under it any more. One person may: it only closes."""
    by.check(P.AGREEMENTS_CONSENT_DRAFT)
    record = newest_version(consent)
    if record is None or record.kind != CONSENT.name or not record.about:
        raise Refused(Fault("record_unknown", "target"))
    if consented.target_of(by.actor, record.about) is None:
        raise Refused(Fault("record_unknown", "target"))
    with transaction.atomic():
        append("consent_withdrawn", by, str(record.about), {"consent": str(consent)})
        return withdraw(by, record, reason)


# --- parts ------------------------------------------------------------------------------------------------------------


def _of_consent(draft: "Draft") -> None:
    if draft.kind != CONSENT.name:
        raise Refused(Fault("draft_of_other_kind", "", draft.kind))


def _foreign(by: Grant, uid: UUID) -> "Record":
    """A record in force that another state said and this actor may read."""
    record = consented.target_of(by.actor, uid)
    if record is None:
        raise Refused(Fault("record_unknown", "target"))
    if record.origin == settings.NODE.state:
        raise Refused(Fault("own_record", "target"))
    if record.state != "in_force":
        raise Refused(Fault("not_in_force", "target", record.state))
    return record


def _open_request(by: Grant, request: UUID) -> "Record":
    """A request of another state about an own record, which has no answer yet."""
    record = newest_version(request)
    if record is None or record.kind != REQUEST.name or not record.about or record.origin == settings.NODE.state:
        raise Refused(Fault("request_unknown", "request"))
    target = consented.target_of(by.actor, record.about)
    if target is None or target.origin != settings.NODE.state:
        raise Refused(Fault("request_unknown", "request"))
    if any(asked.answer for asked in consented.requests(record.about) if asked.record.uid == request):
        raise Refused(Fault("answered_already", "request"))
    return record


def _issue(by: Grant, kind: Kind, about: "Record", body: dict[str, Any]) -> "Record":
    now = timezone.now()
    until = now + _ANSWER_WITHIN
    content = plain(about.purpose, "onward transfer with the consent of the origin", until, until.date(), body)
    return issue(by, kind, read_content(kind, content, now))


def _consent_faults(content: Content) -> list[Fault]:
    """Checked when a consent is submitted and once more when it is approved."""
    body, own = content.body, settings.NODE.state
    assert isinstance(body, ConsentBody)
    record = newest_version(body.target)
    if record is None or record.origin != own:
        return [Fault("not_the_origin", "body.target")]
    faults = []
    if record.state != "in_force":
        faults.append(Fault("not_in_force", "body.target", record.state))
    if own in {body.holder, *body.states}:
        faults.append(Fault("own_record", "body.states"))
    if content.purpose != record.purpose:
        faults.append(Fault("not_in_list", "purpose"))
    return faults


def _origin_of_target(content: Content) -> list[str]:
    target = newest_version(content.body.target)  # type: ignore[attr-defined]
    return [target.origin] if target and target.origin != settings.NODE.state else []


def _holder_and_states(content: Content) -> list[str]:
    assert isinstance(content.body, ConsentBody)
    return [content.body.holder, *content.body.states]


def _freed(record: "Record", content: Content | None = None) -> None:
    """What waited for this consent may pass now; or what it let pass may not."""
    policy.freed()


REQUEST.addressees = REFUSAL.addressees = _origin_of_target
CONSENT.check, CONSENT.addressees = _consent_faults, _holder_and_states
CONSENT.projections.append(_freed)
