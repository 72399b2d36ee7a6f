"""The register of agreements at the console: read, draft, approve, sign, suspend, and ask why."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.agreements import queries, services
from jiwar.agreements.kinds import AGREEMENT
from jiwar.identity.queries import neighbours
from jiwar.records.words import LANGUAGES, word
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.records.models import Draft

READ = Permission.AGREEMENTS_AGREEMENT_READ
DRAFT = Permission.AGREEMENTS_AGREEMENT_DRAFT
APPROVE = Permission.AGREEMENTS_AGREEMENT_APPROVE
SUSPEND = Permission.AGREEMENTS_AGREEMENT_SUSPEND
_MOST_CLAUSES = 20  # of one form; a longer agreement comes by the API

_EMPTY = {"reference": "", "title": {}, "parties": [], "legal_basis": "", "clauses": []}


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
    """One agreement; its acts are co-signing, suspending, resuming and withdrawing."""
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
    context = {
        "held": held,
        "body": held.row,
        "record": record,
        "signed": {record.origin: record, **{s.party: s.record for s in queries.signatures(held.row)}},
        "suspensions": queries.suspensions(held.row),
        "history": queries.history(held),
        "signature_draft": queries.signature_draft(uid),
        "act": act,
        "faults": faults,
        "typed": request.POST,
        "named": request.POST.getlist("clauses"),
        "clause_choices": [(clause["id"], clause["id"]) for clause in held.row.clauses],
    }
    return render(request, "agreements/agreement.html", context, status=422 if faults else 200)


def _act_on_agreement(request: HttpRequest, uid: UUID, act: str) -> HttpResponse:
    reason = request.POST.get("body.reason", "")
    if act == "cosign":
        draft = services.cosign(authorise(request, DRAFT), uid)
        messages.success(request, _("The signature waits for the approval of a second person."))
        return redirect("agreement-draft", draft.pk)
    if act == "suspend":
        services.suspend(authorise(request, SUSPEND), uid, reason, request.POST.getlist("clauses"))
        messages.success(request, _("Suspended. Nothing leaves under it from now on."))
    elif act == "resume":
        services.resume(authorise(request, SUSPEND), _uuid(request.POST.get("suspension", "")), reason)
        messages.success(request, _("Our suspension has ended."))
    elif act == "withdraw":
        services.withdraw_agreement(authorise(request, APPROVE), uid, reason)
        messages.success(request, _("Withdrawn. Nothing leaves under it from now on."))
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


def _typed(request: HttpRequest, draft: "Draft | None") -> HttpResponse:
    """Keep what was typed; `act` says whether to show one more clause, only keep, or submit."""
    body, act = _body(request.POST), request.POST.get("act", "")
    if act == "add_clause":
        body["clauses"] = [*body["clauses"], {}][:_MOST_CLAUSES]
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
    held = queries.agreement(UUID(body["target"]), timezone.now()) if "target" in body else None
    if "target" not in body:
        body = {**_EMPTY, **body, "starts": _day(body.get("starts")), "ends": _day(body.get("ends"))}
    context = {
        "draft": found,
        "held": held,
        "body": held.row if held else body,
        "labels": _labels(len(body.get("clauses", ()))),
        "own": str(found.author_id) == by.actor_id,
        "signing": found.kind != AGREEMENT.name,
        "decisions": found.decisions.select_related("person"),
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "agreements/draft.html", context, status=422 if faults else 200)


def _act_on_draft(request: HttpRequest, found: "Draft") -> HttpResponse:
    act, reasons = request.POST.get("act", ""), request.POST.get("reasons", "")
    if act == "approve":
        record = services.approve(authorise(request, APPROVE), found, request.POST.get("seen", ""), reasons)
        messages.success(request, _("Approved, signed and sent to the other parties."))
        return redirect("agreement", record.about or record.uid)
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
    """Why a kind of record may or may not pass between us and a neighbour, for a purpose."""
    authorise(request, READ)
    asked = {name: request.GET.get(name, "")[:60] for name in ("kind", "for", "state")}
    answers = []
    if all(asked.values()):
        own, now = settings.NODE.state, timezone.now()
        for sender, recipient in ((own, asked["state"]), (asked["state"], own)):
            verdict = queries.why(asked["kind"], asked["for"], sender, recipient, now)
            held = queries.agreement(verdict.uid, now) if verdict.uid else None
            clauses = held.row.clauses if held else []
            clause = next((c for c in clauses if c["id"] == verdict.clause), None)
            answers.append((sender, recipient, verdict, clause))
    context = {
        "asked": asked,
        "answers": answers,
        "kind_choices": _kind_choices(queries.coverable_kinds()),
        "states": _states(),
    }
    return render(request, "agreements/why.html", context)


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
        raise Refused(Fault("suspension_unknown", "target")) from None


def _kind_choices(kinds: Iterable[str]) -> list[tuple[str, str]]:
    language = get_language() or "en"
    return [(kind, word("kind", kind, language)) for kind in sorted(kinds)]


def _states(*more: str) -> list[tuple[str, str]]:
    """Neighbours' states and further ones, with what their nodes are called."""
    names = {node.state: node.name for node in neighbours() if node.role != "post"}
    return [(code, f"{code} {names.get(code, '')}".strip()) for code in sorted({*names, *more} - {settings.NODE.state})]


def _form(
    request: HttpRequest, body: dict[str, Any], draft: "Draft | None" = None, faults: tuple[Fault, ...] = ()
) -> HttpResponse:
    states = [(settings.NODE.state, f"{settings.NODE.state} {settings.NODE.name}"), *_states(*body.get("parties", ()))]
    clauses = body.get("clauses") or [{}]
    kinds = queries.coverable_kinds()
    families = {f"{kind.partition('.')[0]}.*" for kind in kinds}
    chosen = {kind for clause in clauses for kind in clause.get("kinds", ())}
    context = {
        "body": body,
        "clauses": clauses,
        "draft": draft,
        # The validity of the record is set from the agreement's last day: that is the field to put right.
        "faults": tuple(
            replace(f, field="body.ends") if f.field in {"valid_until", "review_on"} else f for f in faults
        ),
        "labels": _labels(len(clauses)),
        "kind_choices": _kind_choices({*kinds, *families, *chosen}),
        "states": states,
        "may_add": len(clauses) < _MOST_CLAUSES,
    }
    return render(request, "agreements/form.html", context, status=422 if faults else 200)


def _labels(clauses: int) -> dict[str, str]:
    """Names of the form's fields, for the summary of faults."""
    languages = {"ar": _("Arabic"), "fr": _("French"), "en": _("English")}
    labels = {
        "body": _("Agreement"),
        "body.reference": _("Reference"),
        "body.parties": _("Parties"),
        "body.starts": _("In force from"),
        "body.ends": _("In force until"),
        "body.legal_basis": _("Legal basis"),
        "body.clauses": _("Clauses"),
        **{f"body.title.{code}": f"{_('Title')} ({name})" for code, name in languages.items()},
    }
    for i in range(clauses):
        clause = _("Clause %(number)s") % {"number": i + 1}
        labels |= {
            f"body.clauses.{i}.id": f"{clause}: {_('Number of the clause')}",
            f"body.clauses.{i}.kinds": f"{clause}: {_('Kinds of record')}",
            f"body.clauses.{i}.purposes": f"{clause}: {_('Purposes')}",
            f"body.clauses.{i}.from_states": f"{clause}: {_('From')}",
            f"body.clauses.{i}.to_states": f"{clause}: {_('To')}",
            f"body.clauses.{i}.onward": f"{clause}: {_('Onward transfer')}",
            **{f"body.clauses.{i}.text.{code}": f"{clause}: {_('Text')} ({n})" for code, n in languages.items()},
        }
    return labels


def _body(post: QueryDict) -> dict[str, Any]:
    """The form as the body of an agreement; a clause whose every field is empty is left out."""
    one: Callable[[str], str] = lambda name: post.get(f"body.{name}", "").strip()  # noqa: E731
    many: Callable[[str], list[str]] = lambda name: post.getlist(f"body.{name}")  # noqa: E731
    clauses = []
    for i in range(_MOST_CLAUSES):
        at = f"clauses.{i}"
        clause: dict[str, Any] = {"id": one(f"{at}.id")}
        clause |= {field: many(f"{at}.{field}") for field in ("kinds", "purposes", "from_states", "to_states")}
        clause["text"] = {language: one(f"{at}.text.{language}") for language in LANGUAGES}
        if any(clause["text"].values()) or any(value for key, value in clause.items() if key != "text"):
            clauses.append(clause | {"onward": one(f"{at}.onward") or "no"})
    return {
        "reference": one("reference"),
        "title": {language: one(f"title.{language}") for language in LANGUAGES},
        "parties": many("parties"),
        "starts": one("starts"),
        "ends": one("ends") or None,
        "legal_basis": one("legal_basis"),
        "clauses": clauses,
    }


urls = [
    path("", register, name="agreements"),
    path("new/", new, name="agreement-new"),
    path("why/", why, name="agreement-why"),
    path("drafts/<uuid:pk>/", draft, name="agreement-draft"),
    path("drafts/<uuid:pk>/edit/", edit, name="agreement-edit"),
    path("<uuid:uid>/", agreement, name="agreement"),
]
