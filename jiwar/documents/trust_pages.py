"""Trust at the console: how far it reaches for each state, what ends soon, reading lists in, and two persons' word."""

import base64
import dataclasses
from functools import lru_cache
from typing import Any
from uuid import UUID

from babel import Locale
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.bodies import takes
from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import authorise
from jiwar.documents import trust, trust_offers, trust_queries, trust_store
from jiwar.documents.trust_export import bundle
from jiwar.documents.trust_reading import LONGEST_FILE, offered_certificate, summary
from jiwar.identity.officer_keys import unlock
from jiwar.identity.queries import full_names
from jiwar.wire.faults import Fault, Refused

P = Permission
_FORM = 100_000
"""Bytes that the rest of a form may take."""
_FIELDS = ("role", "handed", "checked", "reason", "offer")


@lru_cache(maxsize=8)
def _names(language: str) -> dict[str, str]:
    names = dict(Locale(language).territories)
    return names | {"KS": names["XK"]}  # as Kosovo's own certificates write it


def country_name(code: str) -> str:
    """The name of a state by its two letters; the letters where none is known (UN, EU, ZZ)."""
    return _names((get_language() or "en")[:2]).get(code, code)


@require_GET
def show_trust(request: HttpRequest) -> HttpResponse:
    """What is trusted of whom, by state; what ends soon; what waits for somebody."""
    by = _reader(request)
    now = timezone.now()
    covered = trust_queries.coverage(by, now)
    context = _shared(by) | {
        "plan": [each for each in covered if each.of_plan],
        "others": [each for each in covered if not each.of_plan],
        "expiring": trust_queries.expiring(by, now),
        "drafts": list(trust_queries.open_drafts()),
        "offers": trust_queries.offers(),
        "posts": trust_queries.posts(trust_store.version()) if settings.NODE.role == "national" else [],
        "version": trust_store.version(),
        "files": list(trust_queries.files(by)[:5]),
        "months": trust_queries.SOON.days // 30,
    }
    return render(request, "documents/trust.html", context)


@require_GET
def show_state(request: HttpRequest, country: str) -> HttpResponse:
    """Every certificate of a state, who vouches for each, its revocations and its known defects."""
    by = _reader(request)
    if not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        raise Http404
    context = _shared(by) | {
        "country": country,
        "found": trust_queries.of_state(by, country),
        "crl_code": trust_queries.crl_code,
        "today": timezone.now(),
    }
    return render(request, "documents/trust_state.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def show_certificate(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """One certificate: what it says, who vouched for it and why, and the proposal to end that."""
    by = _reader(request)
    row = trust_queries.one(by, fingerprint)
    if row is None:
        raise Http404
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            source = request.POST.get("source", "")
            chosen = int(source) if source.isascii() and source.isdecimal() and len(source) < 12 else 0
            giver = authorise(request, P.DOCUMENTS_TRUST_IMPORT)
            draft = trust.draft_end(giver, chosen, request.POST.get("reason", ""))
            trust.submit_change(giver, draft.pk)
            return _waits(request, draft.pk)
        except Refused as refused:
            faults = _named(refused)
    sources = list(row.sources.all())
    context = _shared(by) | {
        "row": row,
        "sources": sources,
        "people": full_names({who for each in sources for who in _people(each)}),
        "said": summary(bytes(row.der)),
        "faults": faults,
        "typed": request.POST,
        "today": timezone.now(),
    }
    return render(request, "documents/trust_certificate.html", context, status=422 if faults else 200)


@require_GET
def certificate_file(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """The certificate's bytes."""
    row = trust_queries.one(_reader(request), fingerprint)
    if row is None:
        raise Http404
    return _file(bytes(row.der), "application/pkix-cert", f"{row.country}-{row.fingerprint[:16]}.cer")


# Reading in -----------------------------------------------------------------------------------------------------------


@takes(LONGEST_FILE + _FORM)
@require_http_methods(["GET", "HEAD", "POST"])
def read_file(request: HttpRequest) -> HttpResponse:
    """Read in a list that a pinned root vouches for."""
    by = authorise(request, P.DOCUMENTS_TRUST_IMPORT)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            name, data = _sent(request)
            ends_many = request.POST.get("ends_many") == "on"
            file = trust.import_file(by, name, data, request.POST.get("reason", ""), ends_many=ends_many)
            return redirect("document-trust-file", file.pk)
        except Refused as refused:
            faults = _named(refused)
    reader = _reader(request)
    context = _shared(reader) | {
        "faults": faults,
        "typed": request.POST,
        "publishers": list(trust_queries.trusted("publisher").defer("der")),
        "asks_many": any(fault.field == "ends_many" for fault in faults),
        "files": list(trust_queries.files(reader)[:5]),
    }
    return render(request, "documents/trust_read.html", context, status=422 if faults else 200)


@require_GET
def show_files(request: HttpRequest) -> HttpResponse:
    """What was read in, the newest first."""
    by = _reader(request)
    stated = request.GET.get("page", "1")
    number = int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 7 else 1
    page = Paginator(trust_queries.files(by), 50).get_page(number)
    people = full_names({file.by for file in page.object_list})
    return render(request, "documents/trust_files.html", _shared(by) | {"page": page, "people": people})


@require_GET
def show_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What came of a file that was read in."""
    by = _reader(request)
    file = trust_queries.files(by).filter(pk=pk).first()
    if file is None:
        raise Http404
    refused = [Fault(each["code"], each["field"], each["detail"]) for each in file.faults]
    context = _shared(by) | {"file": file, "people": full_names({file.by}), "refused": refused}
    return render(request, "documents/trust_file.html", context)


# Two persons' word ----------------------------------------------------------------------------------------------------


@takes(1_000_000)
@require_http_methods(["GET", "HEAD", "POST"])
def vouch(request: HttpRequest) -> HttpResponse:
    """Put a certificate before a second person: from a file, or as a neighbour's record shows it."""
    by = authorise(request, P.DOCUMENTS_TRUST_IMPORT)
    typed = {name: (request.POST if request.method == "POST" else request.GET).get(name, "") for name in _FIELDS}
    faults: tuple[Fault, ...] = ()
    offer = offered_certificate(typed["offer"]) if typed["offer"] else None
    if typed["offer"] and offer is None:
        raise Http404
    if request.method == "POST":
        try:
            data = base64.b64decode(offer.der) if offer else _sent(request)[1]
            said = {name: typed[name] for name in ("role", "handed", "checked", "reason")}
            draft = trust.draft_certificate(by, data, **said)
            trust.submit_change(by, draft.pk)
            return _waits(request, draft.pk)
        except Refused as refused:
            faults = _named(refused)
    elif offer:
        typed |= {"role": "anchor", "handed": "neighbour"}
    context = _shared(_reader(request)) | {
        "typed": typed,
        "faults": faults,
        "offer": offer,
        "offered": summary(base64.b64decode(offer.der)) if offer else None,
        "labels": _labels(),
    }
    return render(request, "documents/trust_vouch.html", context, status=422 if faults else 200)


@takes(1_000_000)
@require_http_methods(["GET", "HEAD", "POST"])
def show_own(request: HttpRequest) -> HttpResponse:
    """What this state shows to its neighbours: put a certificate before a second person, take one back."""
    by = _reader(request)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            if taken := request.POST.get("record", ""):
                giver = authorise(request, P.DOCUMENTS_TRUST_APPROVE)
                trust_offers.take_back(giver, _uid(taken), request.POST.get("reason", ""))
                messages.success(request, _("Taken back. Each neighbour hears of it and decides what it trusts."))
                return redirect("document-trust-own")
            giver = authorise(request, P.DOCUMENTS_TRUST_IMPORT)
            draft = trust_offers.draft_offer(giver, _sent(request)[1], request.POST.get("note", ""))
            trust.submit_change(giver, draft.pk)
            return _waits(request, draft.pk)
        except Refused as refused:
            faults = _named(refused)
    shown = [(record, summary(base64.b64decode(record.body["der"]))) for record in trust_offers.shown()[:50]]
    context = _shared(by) | {"shown": shown, "faults": faults, "typed": request.POST, "labels": _labels()}
    return render(request, "documents/trust_own.html", context, status=422 if faults else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def show_draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A change that waits: what it adds or ends, and the second person's word."""
    by = _reader(request)
    draft = trust_queries.open_drafts().filter(pk=pk).first()
    if draft is None:
        raise Http404
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _decide(request, pk)
        except Refused as refused:
            faults = _named(refused)
    body = draft.content["body"]
    context = _shared(by) | {
        "draft": draft,
        "body": body,
        "shown": summary(base64.b64decode(body["der"])) if "der" in body else None,
        "added": [(each, summary(base64.b64decode(each["der"]))) for each in body.get("added", [])],
        "ended": [(each, trust_queries.one(by, each["fingerprint"])) for each in body.get("ended", [])],
        "own": str(draft.author_id) == by.actor_id,
        "decisions": draft.decisions.select_related("person"),
        "labels": _labels() | {"reasons": _("Reasons")},
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "documents/trust_draft.html", context, status=422 if faults else 200)


def _decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "approve":
        by = authorise(request, P.DOCUMENTS_TRUST_APPROVE)
        signer = unlock(by.actor_id, request.POST.get("officer_password", ""))
        trust.approve_change(by, pk, request.POST.get("seen", ""), signer)
        messages.success(request, _("Approved and signed. It is on its way to whom it is for."))
    elif act == "return":
        trust.return_change(authorise(request, P.DOCUMENTS_TRUST_APPROVE), pk, request.POST.get("reasons", ""))
        messages.success(request, _("Returned to the author."))
    elif act == "submit":
        trust.submit_change(authorise(request, P.DOCUMENTS_TRUST_IMPORT), pk)
        return _waits(request, pk)
    elif act == "discard":
        trust.discard_change(authorise(request, P.DOCUMENTS_TRUST_IMPORT), pk)
        messages.success(request, _("The draft is discarded."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect("document-trust")


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Every trusted authority, for our own authority to sign as a master list."""
    by = authorise(request, P.DOCUMENTS_TRUST_IMPORT)
    data = bundle(by, bilateral=request.POST.get("bilateral") == "on")
    return _file(data, "application/x-pem-file", f"{settings.NODE.state}-{timezone.now():%Y-%m-%d}.pem")


# Parts ----------------------------------------------------------------------------------------------------------------


def _reader(request: HttpRequest) -> Grant:
    return authorise(request, P.DOCUMENTS_TRUST_READ)


def _shared(by: Grant) -> dict[str, Any]:
    national = settings.NODE.role == "national"
    return {
        "country_name": country_name,
        "may_import": national and by.actor.may(P.DOCUMENTS_TRUST_IMPORT),
        "may_approve": national and by.actor.may(P.DOCUMENTS_TRUST_APPROVE),
    }


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(Fault("not_in_force")) from None


def _sent(request: HttpRequest) -> tuple[str, bytes]:
    file = request.FILES.get("file")
    if file is None:
        raise Refused(Fault("missing", "file"))
    return file.name or "file", file.read()


def _waits(request: HttpRequest, pk: UUID) -> HttpResponse:
    messages.success(request, _("It waits for the approval of a second person."))
    return redirect("document-trust-draft", pk)


def _named(refused: Refused) -> tuple[Fault, ...]:
    """Faults at the names of the form's fields."""
    return tuple(dataclasses.replace(fault, field=fault.field.removeprefix("body.")) for fault in refused.faults)


def _people(source: Any) -> list[str]:
    approvals = [record.data.get("approval") or {} for record in (source.record, source.ended_by) if record]
    return [who for approval in approvals for who in (approval.get("author"), approval.get("approver")) if who]


def _file(data: bytes, media_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(data, content_type=media_type, headers=headers)


def _labels() -> dict[str, str]:
    return {
        "file": _("File"),
        "role": _("What it is trusted for"),
        "handed": _("How it came"),
        "checked": _("How its fingerprint was compared"),
        "reason": _("Reason"),
        "note": _("Note"),
    }


urls = [
    path("trust/", show_trust, name="document-trust"),
    path("trust/certificates/<str:fingerprint>/", show_certificate, name="document-trust-certificate"),
    path("trust/certificates/<str:fingerprint>/file", certificate_file, name="document-trust-certificate-file"),
    path("trust/drafts/<uuid:pk>/", show_draft, name="document-trust-draft"),
    path("trust/export/", export, name="document-trust-export"),
    path("trust/files/", show_files, name="document-trust-files"),
    path("trust/files/<uuid:pk>/", show_file, name="document-trust-file"),
    path("trust/own/", show_own, name="document-trust-own"),
    path("trust/read/", read_file, name="document-trust-read"),
    path("trust/states/<str:country>/", show_state, name="document-trust-state"),
    path("trust/vouch/", vouch, name="document-trust-vouch"),
]
