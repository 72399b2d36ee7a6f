"""Passing on what another state said, at the console: ask, answer, approve, pass on, take back."""

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.services import authorise
from jiwar.agreements import consented, consents, form
from jiwar.identity.officer_keys import unlock
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.records.models import Draft

READ = Permission.AGREEMENTS_AGREEMENT_READ
DRAFT = Permission.AGREEMENTS_CONSENT_DRAFT
APPROVE = Permission.AGREEMENTS_CONSENT_APPROVE
PASS = Permission.AGREEMENTS_RECORD_PASS


@require_GET
def onward(request: HttpRequest) -> HttpResponse:
    """Requests by and to this state, and drafts of consents; records that the reader may not read are left out."""
    by = authorise(request, READ)
    asked = consented.readable(by.actor, consented.requests())
    own = settings.NODE.state
    context = {
        "to_us": [each for each in asked if each.record.origin != own],
        "by_us": [each for each in asked if each.record.origin == own],
        "drafts": [d for d in consented.consent_drafts() if consented.target_of(by.actor, d.content["body"]["target"])],
    }
    return render(request, "agreements/onward.html", context)


@require_http_methods(["GET", "POST"])
def record(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One record: to whom it may be passed on, what was asked and answered; for its origin, what it consented to."""
    by = authorise(request, READ)
    found = consented.target_of(by.actor, uid)
    if found is None:
        raise Http404
    act = request.POST.get("act", "")
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act_on_record(request, uid, found.purpose, act)
        except Refused as refused:
            faults = refused.faults
    theirs = found.origin != settings.NODE.state
    context = {
        "record": found,
        "theirs": theirs,
        "onward": consented.onward_of(found) if theirs else found.onward,
        "ways": consented.ways(found) if theirs else (),
        "asked": consented.requests(uid),
        "given": consented.given(uid),
        "drafted": {d.content["body"].get("request"): d.pk for d in consented.consent_drafts()},
        "others": [each for each in form.states_known() if each[0] != found.origin],
        "latest": min(found.valid_until.date(), timezone.now().date() + dt.timedelta(days=365)),
        "act": act,
        "typed": request.POST,
        "faults": faults,
    }
    return render(request, "agreements/onward_record.html", context, status=422 if faults else 200)


def _act_on_record(request: HttpRequest, uid: UUID, purpose: str, act: str) -> HttpResponse:
    reason, states = request.POST.get("reason", ""), request.POST.getlist("states")
    target = _uuid(request.POST.get("target", "")) if request.POST.get("target") else None
    if act == "pass":
        state = request.POST.get("state", "")
        consents.pass_on(authorise(request, PASS, Purpose(purpose)), uid, state)
        messages.success(request, _("It is on its way to %(state)s.") % {"state": state})
        return redirect("onward-record", uid)
    by = authorise(request, DRAFT)
    if act == "ask":
        consents.ask(by, uid, states, reason)
        messages.success(request, _("The request is on its way to the state that issued the record."))
    elif act == "grant":
        until = _day(request.POST.get("until", ""))
        draft = consents.propose(by, uid, request.POST.get("holder", ""), states, until, target)
        messages.success(request, _("It waits for the approval of a second person."))
        return redirect("onward-draft", draft.pk)
    elif act == "refuse" and target:
        consents.refuse(by, target, reason)
        messages.success(request, _("Refused. The other state reads the reason."))
    elif act == "take_back" and target:
        consents.take_back(by, target, reason)
        messages.success(request, _("Taken back. Nothing is passed on under it from now on."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect("onward-record", uid)


@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A draft of a consent, as a second person sees it, and decides."""
    by = authorise(request, READ)
    found = next((each for each in consented.consent_drafts() if each.pk == pk), None)
    target = consented.target_of(by.actor, found.content["body"]["target"]) if found else None
    if found is None or target is None:
        raise Http404
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act_on_draft(request, found, target.uid)
        except Refused as refused:
            faults = refused.faults
    context = {
        "draft": found,
        "body": found.content["body"],
        "until": dt.datetime.fromisoformat(found.content["valid_until"]),
        "record": target,
        "own": str(found.author_id) == by.actor_id,
        "decisions": found.decisions.select_related("person"),
        "typed": request.POST,
        "faults": faults,
    }
    return render(request, "agreements/onward_draft.html", context, status=422 if faults else 200)


def _act_on_draft(request: HttpRequest, found: "Draft", record: UUID) -> HttpResponse:
    act, reasons = request.POST.get("act", ""), request.POST.get("reasons", "")
    if act == "approve":
        by = authorise(request, APPROVE)
        signer = unlock(by.actor_id, request.POST.get("officer_password", ""))
        consents.approve(by, found, request.POST.get("seen", ""), reasons, signer)
        messages.success(request, _("Approved and sent."))
    elif act == "return":
        consents.return_to_author(authorise(request, APPROVE), found, reasons)
        messages.success(request, _("Returned to the author."))
    elif act == "discard":
        consents.discard(authorise(request, DRAFT), found)
        messages.success(request, _("The draft is discarded."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect("onward-record", record)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(Fault("wrong_form", "target")) from None


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Refused(Fault("wrong_form", "until")) from None


urls = [
    path("onward/", onward, name="onward"),
    path("onward/drafts/<uuid:pk>/", draft, name="onward-draft"),
    path("onward/<uuid:uid>/", record, name="onward-record"),
]
