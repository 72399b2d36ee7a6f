"""The register of agreements at the console: read, draft, approve, sign, join, suspend, leave."""

import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.agreements import consented, explained, form, queries, services
from jiwar.agreements.explained import Answer
from jiwar.agreements.gap_pages import urls as gap
from jiwar.agreements.kinds import ACCESSION, AGREEMENT, RESERVATION, SIGNATURE
from jiwar.agreements.wording import does
from jiwar.identity.officer_keys import unlock
from jiwar.records.queries import newest_version
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.records.models import Draft

READ = Permission.AGREEMENTS_AGREEMENT_READ
DRAFT = Permission.AGREEMENTS_AGREEMENT_DRAFT
APPROVE = Permission.AGREEMENTS_AGREEMENT_APPROVE
SUSPEND = Permission.AGREEMENTS_AGREEMENT_SUSPEND
_EMPTY = {"reference": "", "title": {}, "parties": [], "legal_basis": "", "clauses": [], "open_to": []}


@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """All agreements, what waits for the reader, and the drafts."""
    by = authorise(request, READ)
    now = timezone.now()
    context = {
        "held": queries.agreements(now),
        "in_hand": queries.in_hand(by.actor, now),
        "drafts": queries.open_drafts(),
    }
    return render(request, "agreements/register.html", context)


@require_http_methods(["GET", "POST"])
def agreement(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One agreement, what is said about it, and the acts that are left to us."""
    authorise(request, READ)
    held = queries.agreement(uid, timezone.now())
    if held is None:
        raise Http404
    act = request.POST.get("act", "")
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act_on_agreement(request, uid, act)
        except Refused as refused:
            faults = refused.faults
    record = held.row.record
    signed = {record.origin: record, **{s.origin: s for s in held.said.signatures}}
    signed |= {each.record.origin: each.record for each in held.said.accessions}
    about = [uid, *(each.record.uid for each in held.said.accessions), *(r.uid for r in held.said.reservations)]
    about += [pause.uid for pause, _end in held.said.suspensions]
    context = {
        "held": held,
        "body": held.row,
        "record": record,
        "signed": signed,
        "history": queries.history(held),
        "drafts": {target: found for target in about if (found := queries.draft_about(target))},
        "does": {clause["id"]: does(clause) for clause in held.row.clauses},
        "others": form.states_known(),
        "act": act,
        "faults": faults,
        "typed": request.POST,
        "named": request.POST.getlist("clauses"),
        "clause_choices": [(clause["id"], clause["id"]) for clause in held.row.clauses],
    }
    return render(request, "agreements/agreement.html", context, status=422 if faults else 200)


def _act_on_agreement(request: HttpRequest, uid: UUID, act: str) -> HttpResponse:
    reason, clauses = request.POST.get("body.reason", ""), request.POST.getlist("clauses")
    target = request.POST.get("target", "")
    if act in {"cosign", "accede", "agree", "resume", "take_back"}:
        by = authorise(request, DRAFT)
        draft = {
            "cosign": lambda: services.cosign(by, uid, clauses, reason),
            "accede": lambda: services.accede(by, uid, clauses, reason),
            "agree": lambda: services.agree(by, _uuid(target)),
            "resume": lambda: services.resume(by, _uuid(target), reason),
            "take_back": lambda: services.take_back(by, _uuid(target), reason),
        }[act]()
        messages.success(request, _("It waits for the approval of a second person."))
        return redirect("agreement-draft", draft.pk)
    if act == "suspend":
        services.suspend(authorise(request, SUSPEND), uid, reason, clauses)
        messages.success(request, _("Suspended. Nothing leaves under it from now on."))
    elif act == "denounce":
        services.denounce(authorise(request, APPROVE), uid, reason)
        messages.success(request, _("We have left the agreement. Nothing leaves under it from now on."))
    elif act == "withdraw":
        services.withdraw_agreement(authorise(request, APPROVE), uid, reason)
        messages.success(request, _("Withdrawn. Nothing leaves under it from now on."))
    elif act == "offer":
        services.offer(authorise(request, APPROVE), uid, request.POST.get("state", ""))
        messages.success(request, _("The text is on its way to that state."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect("agreement", uid)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Type a new agreement."""
    authorise(request, DRAFT)
    if request.method == "POST":
        return _typed(request, None)
    return _form(request, {"parties": [settings.NODE.state], "clauses": [{}]})


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go on with an own draft."""
    by = authorise(request, DRAFT)
    draft = _draft(pk)
    if str(draft.author_id) != by.actor_id or draft.kind != AGREEMENT.name:
        raise Http404
    return _typed(request, draft) if request.method == "POST" else _form(request, draft.content["body"], draft)


@require_POST
def what_it_does(request: HttpRequest) -> HttpResponse:
    """What the clause that is being typed does, for the form to show as it changes."""
    authorise(request, DRAFT)
    at = request.POST.get("at", "")[:20]
    return render(request, "agreements/does.html", {"sentences": does(form.read_clause(request.POST, at)), "at": at})


def _typed(request: HttpRequest, draft: "Draft | None") -> HttpResponse:
    """Keep what was typed; `act` says whether to show one more clause, only keep, or submit."""
    body, act = form.read(request.POST), request.POST.get("act", "")
    if act == "add_clause":
        body["clauses"] = [*body["clauses"], {}][: form.MOST_CLAUSES]
        return _form(request, body, draft)
    if act == "look":
        return _form(request, body, draft)
    if act not in {"keep", "submit"}:
        return _form(request, body, draft, (Fault("not_in_list", "act"),))
    by = authorise(request, DRAFT)
    try:
        # What is refused is not kept: it stands in the form, and trying again makes no second draft.
        with transaction.atomic():
            kept = services.draft_agreement(by, body, draft)
            if act == "submit":
                services.submit(by, kept)
    except Refused as refused:
        return _form(request, body, draft, refused.faults)
    if act == "submit":
        messages.success(request, _("The agreement waits for the approval of a second person."))
    else:
        messages.success(request, _("The draft is kept."))
    return redirect("agreement-draft", kept.pk)


@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read a draft of an agreement or of a signature, as a second person sees it, and decide."""
    by = authorise(request, READ)
    found = _draft(pk)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act_on_draft(request, found)
        except Refused as refused:
            faults = refused.faults
    body = found.content["body"]
    agreement = queries.agreement_of(found)
    held = queries.agreement(agreement, timezone.now()) if agreement else None
    target = newest_version(body["target"]) if "target" in body else None
    if held is None:
        body = {**_EMPTY, **body, "starts": _day(body.get("starts")), "ends": _day(body.get("ends"))}
    text = held.row.clauses if held else [{**form.EMPTY_CLAUSE, **clause} for clause in body["clauses"]]
    context = {
        "draft": found,
        "held": held,
        "body": held.row if held else body,
        "said": body if held else {},
        "target": target,
        "clauses": [(clause, does(clause)) for clause in text],
        "labels": form.labels(len(text)),
        "own": str(found.author_id) == by.actor_id,
        "signing": found.kind != AGREEMENT.name,
        "kinds": {"accession": ACCESSION.name, "reservation": RESERVATION.name, "signature": SIGNATURE.name},
        "decisions": found.decisions.select_related("person"),
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "agreements/draft.html", context, status=422 if faults else 200)


def _act_on_draft(request: HttpRequest, found: "Draft") -> HttpResponse:
    act, reasons = request.POST.get("act", ""), request.POST.get("reasons", "")
    if act == "approve":
        agreement = queries.agreement_of(found)
        by = authorise(request, APPROVE)
        signer = unlock(by.actor_id, request.POST.get("officer_password", ""))
        record = services.approve(by, found, request.POST.get("seen", ""), reasons, signer)
        messages.success(request, _("Approved, signed and sent to the other parties."))
        return redirect("agreement", agreement or record.uid)
    if act == "return":
        services.return_to_author(authorise(request, APPROVE), found, reasons)
        messages.success(request, _("Returned to the author."))
    elif act == "submit":
        services.submit(authorise(request, DRAFT), found)
        messages.success(request, _("The agreement waits for the approval of a second person."))
        return redirect("agreement-draft", found.pk)
    elif act == "discard":
        services.discard(authorise(request, DRAFT), found)
        messages.success(request, _("The draft is discarded."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect("agreements")


@require_GET
def why(request: HttpRequest) -> HttpResponse:
    """Why a kind of record, or a record that we hold, may or may not pass between us and a neighbour."""
    by = authorise(request, READ)
    asked = {name: request.GET.get(name, "")[:60] for name in ("kind", "for", "state", "record", "depth_km")}
    record, faults = None, []
    if asked["record"]:
        record = consented.target_of(by.actor, _uuid_or_none(asked["record"]))
        faults = [] if record else [Fault("record_unknown", "record")]
    depth = _depth(asked["depth_km"])
    if asked["depth_km"] and depth is None:
        faults.append(Fault("wrong_form", "depth_km"))
    if record is not None:
        asked |= {"kind": record.kind, "for": record.purpose}
    answers: list[Answer] = []
    if not faults and asked["kind"] and asked["for"] and asked["state"]:
        found = explained.answers(asked["kind"], asked["for"], asked["state"], timezone.now(), record, depth)
        answers = list(found)
    context = {
        "asked": asked,
        "answers": [(answer, does(answer.clause or {})) for answer in answers],
        "record": record,
        "faults": tuple(faults),
        "kind_choices": form.kind_choices({*queries.coverable_kinds(), *filter(None, [asked["kind"]])}),
        "states": form.states_known(),
    }
    return render(request, "agreements/why.html", context, status=422 if faults else 200)


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _depth(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) else None


def _draft(pk: UUID) -> "Draft":
    found = queries.draft(pk)
    if found is None:
        raise Http404
    return found


def _day(text: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text))
    except ValueError:
        return None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(Fault("wrong_form", "target")) from None


def _form(
    request: HttpRequest, body: dict[str, Any], draft: "Draft | None" = None, faults: tuple[Fault, ...] = ()
) -> HttpResponse:
    context = form.context(body) | {
        "body": body,
        "draft": draft,
        # The validity of the record is set from the agreement's last day: that is the field to put right.
        "faults": tuple(
            replace(f, field="body.ends") if f.field in {"valid_until", "review_on"} else f for f in faults
        ),
    }
    return render(request, "agreements/form.html", context, status=422 if faults else 200)


urls = [
    path("", register, name="agreements"),
    *gap,
    path("new/", new, name="agreement-new"),
    path("does/", what_it_does, name="agreement-does"),
    path("why/", why, name="agreement-why"),
    path("drafts/<uuid:pk>/", draft, name="agreement-draft"),
    path("drafts/<uuid:pk>/edit/", edit, name="agreement-edit"),
    path("<uuid:uid>/", agreement, name="agreement"),
]
