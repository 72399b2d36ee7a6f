"""Questions on subjects at the console: ask neighbours, see answers as they come, see what they ask, quotas."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.analysis import inquiries, inquiry_answers, inquiry_queries
from jiwar.identity.queries import contact_of, full_names
from jiwar.records.queries import newest_version
from jiwar.records.reading import content_of
from jiwar.records.words import word
from jiwar.wire.faults import Fault, Refused

P = Permission
PAGE = 50
KINDS = ("plate", "vin", "phone", "imei", "imo", "tail", "iban", "serial", "other")
"""Kinds of identifier that the form offers; the API takes every one."""
_FIELDS = (
    *("name", "other_name", "birth_date", "document_country", "document_number"),
    *("identifier_kind", "identifier_country", "identifier_number", "legal_basis", "urgent"),
)
_FORM_FIELD = {
    "subject": "name",
    "subject.names.0": "name",
    "subject.names.1": "other_name",
    "subject.birth_date": "birth_date",
    "subject.documents.0.country": "document_country",
    "subject.documents.0.number": "document_number",
    "subject.identifiers.0.kind": "identifier_kind",
    "subject.identifiers.0.country": "identifier_country",
    "subject.identifiers.0.number": "identifier_number",
}


@require_GET
def show_inquiries(request: HttpRequest) -> HttpResponse:
    """What this state asked and what it was asked, for one purpose."""
    by = _grant(request, P.ANALYSIS_INQUIRY_READ)
    inquiries.browse_inquiries(by)
    page = request.GET.get("page")
    context = {
        "asked": Paginator(inquiry_queries.inquiries(by), PAGE).get_page(page),
        "received": Paginator(inquiry_queries.received(by), PAGE).get_page(page),
    }
    return render(request, "analysis/inquiries.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form of a question, and asking it."""
    by = _grant(request, P.ANALYSIS_INQUIRY_ASK)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            made = inquiries.ask(by, _question(request))
        except Refused as refused:
            faults = tuple(Fault(f.code, _FORM_FIELD.get(f.field, f.field), f.detail) for f in refused.faults)
        else:
            messages.success(request, _("Asked. Answers appear here as they come."))
            return redirect(_to("inquiry", by, made.pk))
    language = get_language() or "en"
    neighbours = [(node, word("state", node[:3], language)) for node in inquiry_queries.whom_to_ask()]
    context = {
        "typed": {name: request.POST.get(name) or request.GET.get(name, "") for name in _FIELDS},
        "nodes": request.POST.getlist("nodes"),
        "case": by.case,
        "neighbours": [(node, f"{node} – {state}") for node, state in neighbours],
        "kinds": [(kind, word("identifier_kind", kind, language)) for kind in KINDS],
        "faults": faults,
        "labels": _labels(),
    }
    return render(request, "analysis/ask.html", context, status=422 if faults else 200)


@require_GET
def show_inquiry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One question, and what each neighbour answered so far."""
    by = _grant(request, P.ANALYSIS_INQUIRY_READ)
    found = inquiries.open_inquiry(by, pk)
    if found is None:
        raise Http404
    asked = list(found.asked.all())
    context = {
        "inquiry": found,
        "asked": asked,
        "contacts": {each.node: contact_of(each.node) for each in asked if each.state == "hit"},
        "held": {uid for each in asked for uid in each.records if newest_version(uid)},
        "asked_by": full_names([found.asked_by]).get(found.asked_by, ""),
    }
    return render(request, "analysis/inquiry.html", context)


@require_POST
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The asker wants no more answers."""
    by = _grant(request, P.ANALYSIS_INQUIRY_ASK)
    try:
        inquiries.close(by, pk)
    except Refused:
        raise Http404 from None
    messages.success(request, _("Closed. The neighbours are told, and what was asked about is erased here."))
    return redirect(_to("inquiry", by, pk))


@require_GET
def show_received(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a neighbour asked, and what it was told."""
    found = inquiry_answers.open_received(_grant(request, P.ANALYSIS_INQUIRY_READ), pk)
    if found is None:
        raise Http404
    content = content_of(found.record)
    context = {"row": found, "content": content, "body": content.get("body", {}), "contact": contact_of(found.node)}
    return render(request, "analysis/received.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def quotas(request: HttpRequest) -> HttpResponse:
    """What each neighbour may ask in a day, and setting it."""
    by = authorise(request, P.MATCHING_QUOTA_MANAGE)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        number = request.POST.get("a_day", "")
        whole = number.isascii() and number.isdecimal() and len(number) < 7
        try:
            inquiry_answers.set_quota(by, request.POST.get("node", ""), int(number) if whole else -1)
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("Set."))
            return redirect("inquiry-quotas")
    context = {
        "rows": inquiry_queries.quotas(),
        "most": 10 * inquiry_queries.A_DAY,
        "typed": request.POST,
        "faults": faults,
    }
    return render(request, "analysis/inquiry_quotas.html", context, status=422 if faults else 200)


def _question(request: HttpRequest) -> inquiries.Question:
    typed = {name: request.POST.get(name, "").strip() for name in _FIELDS}
    subject: dict[str, Any] = {
        "names": [typed[name] for name in ("name", "other_name") if typed[name]],
        "birth_date": typed["birth_date"],
    }
    if typed["document_number"]:
        country = typed["document_country"].upper()
        subject["documents"] = [{"country": country, "number": typed["document_number"]}]
    if typed["identifier_number"]:
        country = typed["identifier_country"].upper()
        given = {"kind": typed["identifier_kind"], "country": country, "number": typed["identifier_number"]}
        subject["identifiers"] = [given]
    urgent = bool(typed["urgent"])
    return inquiries.Question(request.POST.getlist("nodes"), typed["legal_basis"], subject, urgent=urgent)


def _labels() -> dict[str, str]:
    return {
        "nodes": _("Neighbours"),
        "name": _("Name"),
        "other_name": _("Another spelling"),
        "birth_date": _("Date of birth"),
        "document_country": _("Issuing state"),
        "document_number": _("Document number"),
        "identifier_kind": _("Kind of number"),
        "identifier_country": _("State of registration"),
        "identifier_number": _("Number"),
        "legal_basis": _("Legal basis"),
        "case": _("Case"),
    }


def _grant(request: HttpRequest, permission: Permission) -> Grant:
    case = (request.POST.get("case") or request.GET.get("case") or "").strip()[:80]
    return authorise(request, permission, purpose_of(request), case)


def _to(name: str, by: Grant, *args: object) -> str:
    return reverse(name, args=args, query={"purpose": str(by.purpose)})


urls = [
    path("", show_inquiries, name="inquiries"),
    path("ask/", ask, name="inquiry-ask"),
    path("quotas/", quotas, name="inquiry-quotas"),
    path("received/<uuid:pk>/", show_received, name="inquiry-received"),
    path("<uuid:pk>/", show_inquiry, name="inquiry"),
    path("<uuid:pk>/close/", close, name="inquiry-close"),
]
