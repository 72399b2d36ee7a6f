"""Permits at the console: what was issued, a form for each type, the second person's word, papers, revocation.

There is one purpose for which these pages are opened, and it is stated for the officer: to issue documents.
"""

import datetime as dt
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import authorise
from jiwar.documents import permits, signer, stock
from jiwar.documents.logic.permits import LONGEST_DAYS, PROFILES
from jiwar.documents.seal_catalogue import profiles
from jiwar.identity.officer_keys import unlock
from jiwar.identity.queries import full_names
from jiwar.records.words import choices
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.records.models import Draft

P = Permission
PAPER = "application/pdf"
_SPARE_ROWS = {"family": 3, "crew": 3, "load": 3, "seasons": 1}
"""Empty rows of the form beyond what was typed; a draft that is kept has as many more."""
_ROW_FIELDS = {
    "family": ("role", "name", "birth", "number"),
    "crew": ("role", "name", "birth", "number"),
    "load": ("heading", "kilograms"),
    "seasons": ("start", "end"),
}
_OF_TYPE = {
    "convoy": ("operator", "route", "vehicles", "crew", "load"),
    "crossing": ("holder", "kind", "zones", "posts", "seasons", "herd", "family"),
    "emergency": ("holder", "destination"),
}
_HOLDER = ("surname", "given_names", "name_arabic", "birth", "sex", "nationality", "identity_number")
_SPLIT = re.compile(r"[\s,;،]+")
_DAY_MONTH = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})")
_DAY = re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})")


@require_GET
def show_permits(request: HttpRequest) -> HttpResponse:
    """What was issued, by number or name, and what waits."""
    by = _grant(request, P.DOCUMENTS_PERMIT_READ)
    asked = request.GET.get("asked", "")
    page = Paginator(permits.list_permits(by, asked), 50).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "asked": asked,
        "drafts": list(permits.permit_drafts()[:50]),
        "signer": _signer(),
        "may_draft": by.actor.may(P.DOCUMENTS_PERMIT_DRAFT) and settings.NODE.role == "national",
    }
    return render(request, "documents/permits.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_permit(request: HttpRequest, type_: str) -> HttpResponse:
    """Type a document of one type; `?of=` begins with what another one says."""
    by = _grant(request, P.DOCUMENTS_PERMIT_DRAFT)
    if type_ not in PROFILES:
        raise Http404
    if request.method == "POST":
        return _typed(request, by, type_, None)
    today = timezone.localdate()
    body: dict[str, Any] = {
        "type": type_,
        "valid_from": today.isoformat(),
        "valid_until": (today + dt.timedelta(days=LONGEST_DAYS[type_] - 1)).isoformat(),
    }
    of = request.GET.get("of", "")
    if of and (before := permits.open_permit(_grant(request, P.DOCUMENTS_PERMIT_READ), _uuid(of))):
        body = before.record.body | {"replaces": before.number, "valid_from": today.isoformat()}
        law = before.record.data["content"]["legal_basis"]
    else:
        law = ""
    body["number"] = stock.next_blank(by.actor_id, type_)
    return _form(request, body, law, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_permit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go on with an own draft."""
    by = _grant(request, P.DOCUMENTS_PERMIT_DRAFT)
    draft = _draft(pk)
    if str(draft.author_id) != by.actor_id:
        raise Http404
    if request.method == "POST":
        return _typed(request, by, draft.content["body"].get("type", ""), draft)
    return _form(request, draft.content["body"], draft.content["legal_basis"], draft)


@require_http_methods(["GET", "HEAD", "POST"])
def show_draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What was typed; its author sends it on, a second person decides."""
    by = _grant(request, P.DOCUMENTS_PERMIT_READ)
    draft = _draft(pk)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _decide(request, pk)
        except Refused as refused:
            faults = refused.faults
            draft = _draft(pk)
    context = {
        "draft": draft,
        "body": draft.content["body"],
        "law": draft.content["legal_basis"],
        "own": str(draft.author_id) == by.actor_id,
        "decisions": draft.decisions.select_related("person"),
        "labels": _labels() | {"reasons": _("Reasons")},
        "coded": _coded(),
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "documents/permit_draft.html", context, status=422 if faults else 200)


@require_GET
def show_permit(request: HttpRequest, uid: UUID, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    """One document as its record has it."""
    return _permit(request, uid)


@require_GET
def paper(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The PDF; its own barcode was read back."""
    by = _grant(request, P.DOCUMENTS_PERMIT_READ)
    try:
        made = permits.print_permit(by, uid, request.GET.get("form", "a4"), request.GET.get("language", "fr"))
    except Refused as refused:
        return _permit(request, uid, refused.faults)
    if made is None:
        raise Http404
    response = HttpResponse(made.pdf, content_type=PAPER)
    response["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    return response


@require_POST
def revoke(request: HttpRequest, uid: UUID) -> HttpResponse:
    """End a document."""
    try:
        permits.revoke_permit(_grant(request, P.DOCUMENTS_PERMIT_REVOKE), uid, request.POST.get("reason", ""))
    except Refused as refused:
        return _permit(request, uid, refused.faults)
    messages.success(request, _("Revoked. Each post refuses it as soon as the list of revoked seals arrives there."))
    return redirect("permit", uid)


def _permit(request: HttpRequest, uid: UUID, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    by = _grant(request, P.DOCUMENTS_PERMIT_READ)
    found = permits.open_permit(by, uid)
    if found is None:
        raise Http404
    approval = found.record.data.get("approval") or {}
    context = {
        "permit": found,
        "body": found.record.body,
        "law": found.record.data["content"]["legal_basis"],
        "names": full_names([approval.get("author", ""), approval.get("approver", "")]),
        "approval": approval,
        "coded": _coded(),
        "labels": {"reason": _("Reason")},
        "faults": faults,
        "seal_bytes": len(found.seal),
        "may_draft": by.actor.may(P.DOCUMENTS_PERMIT_DRAFT) and settings.NODE.role == "national",
    }
    return render(request, "documents/permit.html", context, status=422 if faults else 200)


def _decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "approve":
        by = _grant(request, P.DOCUMENTS_PERMIT_APPROVE)
        own_key = unlock(by.actor_id, request.POST.get("officer_password", ""))
        made = permits.approve_permit(by, pk, request.POST.get("seen", ""), own_key)
        messages.success(request, _("Issued and sealed. The seal was read back before it was kept."))
        return redirect("permit", made.uid)
    if act == "return":
        permits.return_permit(_grant(request, P.DOCUMENTS_PERMIT_APPROVE), pk, request.POST.get("reasons", ""))
        messages.success(request, _("Returned to the author."))
    elif act == "submit":
        permits.submit_permit(_grant(request, P.DOCUMENTS_PERMIT_DRAFT), pk)
        messages.success(request, _("It waits for the approval of a second person."))
        return redirect("permit-draft", pk)
    elif act == "discard":
        permits.discard_permit(_grant(request, P.DOCUMENTS_PERMIT_DRAFT), pk)
        messages.success(request, _("The draft is discarded."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect("permits")


def _typed(request: HttpRequest, by: Grant, type_: str, draft: "Draft | None") -> HttpResponse:
    body, law, act = _read(request.POST, type_), request.POST.get("legal_basis", ""), request.POST.get("act", "")
    if act not in {"keep", "submit"}:
        return _form(request, body, law, draft, (Fault("not_in_list", "act"),))
    try:
        draft = permits.draft_permit(by, body, law, draft.pk if draft else None)
        if act == "submit":
            permits.submit_permit(by, draft.pk)
    except Refused as refused:
        return _form(request, body, law, draft, refused.faults)
    kept = _("The draft is kept.") if act == "keep" else _("It waits for the approval of a second person.")
    messages.success(request, kept)
    return redirect("permit-draft", draft.pk)


def _form(
    request: HttpRequest, body: dict[str, Any], law: str, draft: "Draft | None", faults: tuple[Fault, ...] = ()
) -> HttpResponse:
    rows = {name: [*(body.get(name) or ()), *[{}] * spare] for name, spare in _SPARE_ROWS.items()}
    context = {
        "type": body["type"],
        "body": body,
        "holder": body.get("holder") or {},
        "rows": rows,
        "herd": {each["species"]: each["count"] for each in body.get("herd") or ()},
        "law": law,
        "draft": draft,
        "of_type": _OF_TYPE[body["type"]],
        "longest": LONGEST_DAYS[body["type"]],
        "labels": _labels(),
        "coded": _coded(),
        "sexes": choices("sex", get_language() or "en"),
        "states": choices("state", get_language() or "en"),
        "faults": faults,
    }
    return render(request, "documents/permit_form.html", context, status=422 if faults else 200)


def _read(post: QueryDict, type_: str) -> dict[str, Any]:
    """The body as typed; a row of which nothing is typed is none."""
    of_type = _OF_TYPE[type_]
    body: dict[str, Any] = {
        "type": type_,
        "issuer": settings.NODE.state,
        "number": _code(post, "body.number"),
        "valid_from": post.get("body.valid_from", "").strip(),
        "valid_until": post.get("body.valid_until", "").strip(),
        "reason": post.get("body.reason", "").strip(),
        "replaces": _code(post, "body.replaces"),
    }
    if "holder" in of_type:
        holder = {name: post.get(f"body.holder.{name}", "").strip() for name in _HOLDER}
        holder["birth"] = _birth(holder["birth"])
        holder["identity_number"] = _code(post, "body.holder.identity_number")
        body["holder"] = holder
    for name in ("kind", "destination", "operator"):
        if name in of_type:
            body[name] = post.get(f"body.{name}", "").strip()
    for name in ("zones", "posts", "route", "vehicles"):
        if name in of_type:
            body[name] = [part for part in _SPLIT.split(post.get(f"body.{name}", "").upper()) if part]
    if "herd" in of_type:
        counts = {species: post.get(f"body.herd.{species}", "").strip() for species in _coded()["herd"]}
        body["herd"] = [{"species": name, "count": _whole(text)} for name, text in counts.items() if text]
    for name in of_type:
        if name in _SPARE_ROWS:
            body[name] = _read_rows(post, name)
    return body


def _read_rows(post: QueryDict, name: str) -> list[dict[str, Any]]:
    found = []
    for i in range(20):
        row: dict[str, Any] = {f: post.get(f"body.{name}.{i}.{f}", "").strip() for f in _ROW_FIELDS[name]}
        if not any(row.values()):
            continue
        if "birth" in row:
            row |= {"birth": _birth(row["birth"]), "number": row["number"].replace(" ", "").upper()}
        if name == "load":
            row["kilograms"] = _whole(row["kilograms"])
        if name == "seasons":
            row = {end: _day_of_year(text) for end, text in row.items()}
        found.append(row)
    return found


def _code(post: QueryDict, name: str) -> str:
    return post.get(name, "").replace(" ", "").upper()


def _whole(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else text


def _birth(text: str) -> str:
    """A day as people write it, as a record does; all else as it stands."""
    found = _DAY.fullmatch(text)
    return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}" if found else text


def _day_of_year(text: str) -> str:
    """Day/month as people write it, as month-day."""
    found = _DAY_MONTH.fullmatch(text)
    return f"{int(found[2]):02}-{int(found[1]):02}" if found and "-" not in text else text


def _coded() -> dict[str, dict[str, str]]:
    """The codes of the seals' profiles with their words: species, roles, what the holder is."""
    language = get_language() or "en"
    language = language if language in {"ar", "fr", "en"} else "en"
    found = {}
    for profile, name in (
        ("crossing", "kind"), ("crossing", "herd"), ("crossing", "family"), ("convoy", "crew"),
    ):  # fmt: skip
        words = profiles()[PROFILES[profile]].field(name).code_words
        found[name] = {code: said[language] for code, said in words.items()}
    return found


def _labels() -> dict[str, str]:
    found = {
        "legal_basis": _("Legal basis"),
        "body.number": _("Number of the blank"),
        "body.reason": _("Why it is issued"),
        "body.replaces": _("Replaces number"),
        "body.valid_from": _("Valid from"),
        "body.valid_until": _("Valid until"),
        "body.holder": _("Holder"),
        "body.holder.surname": _("Surname"),
        "body.holder.given_names": _("Given names"),
        "body.holder.name_arabic": _("Name in Arabic"),
        "body.holder.birth": _("Date of birth"),
        "body.holder.sex": _("Sex"),
        "body.holder.nationality": _("Nationality"),
        "body.holder.identity_number": _("Identity card number"),
        "body.kind": _("The holder is"),
        "body.zones": _("Zones"),
        "body.posts": _("Crossing points"),
        "body.seasons": _("Seasons"),
        "body.herd": _("Herd"),
        "body.family": _("Family members"),
        "body.destination": _("For one journey to"),
        "body.operator": _("Operator"),
        "body.route": _("Route, point by point"),
        "body.vehicles": _("Number plates"),
        "body.crew": _("Crew"),
        "body.load": _("Load"),
    }
    for name in _SPARE_ROWS:
        for i in range(20):
            found |= {f"body.{name}.{i}": f"{found[f'body.{name}']} {i + 1}"}
            found |= {f"body.{name}.{i}.{f}": f"{found[f'body.{name}']} {i + 1}" for f in _ROW_FIELDS[name]}
    return found


def _signer() -> dict[str, Any]:
    """Whether anything can be sealed here, and until when."""
    try:
        now = signer.current_or_refused()
    except Refused as refused:
        return {"fault": refused.faults[0], "soon": False}
    soon = now.until < timezone.now() + dt.timedelta(days=30)
    return {"fault": None, "until": now.until, "soon": soon}


def _grant(request: HttpRequest, permission: Permission) -> Grant:
    return authorise(request, permission, Purpose.DOCUMENT_ISSUING)


def _draft(pk: UUID) -> "Draft":
    found = permits.permit_drafts().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


urls = [
    path("permits/", show_permits, name="permits"),
    path("permits/new/<str:type_>/", new_permit, name="permit-new"),
    path("permits/drafts/<uuid:pk>/", show_draft, name="permit-draft"),
    path("permits/drafts/<uuid:pk>/edit/", edit_permit, name="permit-edit"),
    path("permits/<uuid:uid>/", show_permit, name="permit"),
    path("permits/<uuid:uid>/paper/", paper, name="permit-paper"),
    path("permits/<uuid:uid>/revoke/", revoke, name="permit-revoke"),
]
