"""Alerts at the console: list, draft, approve what was seen, read, amend, withdraw."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.identity.officer_keys import unlock
from jiwar.identity.queries import full_names
from jiwar.records import reading
from jiwar.records.words import word
from jiwar.watchlist import alert_queries, services
from jiwar.watchlist.alert_form import ROWS, content_of, labels, typed_of
from jiwar.watchlist.alert_kinds import ALERT_ON, ALERTS, AlertType
from jiwar.watchlist.form_parts import part_of, parts_of
from jiwar.watchlist.logic.alert_rules import ACTIONS_ON, RIGHTS_QUESTIONS, SUBJECTS, sensitive_offence
from jiwar.watchlist.logic.quality import Quality, quality
from jiwar.watchlist.models import Alert
from jiwar.watchlist.sighting_form import sighting_of
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.records.models import Draft

_STATES = ("in_force", "withdrawn", "expired", "withheld", "not_understood")


def _by(request: HttpRequest, permission: Permission) -> Grant:
    return authorise(request, permission, purpose_of(request))


def _to(name: str, *args: object, purpose: object = "") -> str:
    return reverse(name, args=args, query={"purpose": str(purpose)} if purpose else None)


@require_GET
def show_alerts(request: HttpRequest) -> HttpResponse:
    """Own and received alerts, and the drafts that the reader may open."""
    by = _by(request, Permission.WATCHLIST_ALERT_READ)
    protects = by.actor.may(Permission.WATCHLIST_ALERT_APPROVE)
    states = tuple(state for state in _STATES if protects or state != "withheld")
    asked = {
        "whose": _one_of(request, "whose", ("own", "received")),
        "type": _one_of(request, "type", tuple(AlertType)),
        "state": _one_of(request, "state", states),
        "review": _one_of(request, "review", ("due",)),
    }
    found = services.browse_alerts(by, asked["whose"], asked["type"], asked["state"], asked["review"])
    unconfirmed = alert_queries.unconfirmed(by.actor)
    names = {alert.uid: alert.name for alert in found}
    language = get_language() or "en"
    context = {
        "alerts": found,
        "asked": asked,
        "drafts": alert_queries.open_drafts(by.actor),
        "states": [(state, word("record_state", state, language)) for state in states],
        "unconfirmed": unconfirmed,
        "refused": alert_queries.refusals(found),
        "overdue": {row.target for row in unconfirmed},
        "links": {
            row.target: (_to("alert", row.target, purpose=by.purpose), names.get(row.target) or str(row.target))
            for row in unconfirmed
            if row.kind in ALERTS
        },
    }
    return render(request, "watchlist/alerts.html", context)


def _one_of(request: HttpRequest, name: str, allowed: tuple[str, ...]) -> str:
    stated = request.GET.get(name, "")
    return stated if stated in allowed else ""


@require_http_methods(["GET", "HEAD", "POST"])
def new_alert(request: HttpRequest, on: str = "person") -> HttpResponse:
    """Type a new alert on a person, a group or a thing."""
    by = _by(request, Permission.WATCHLIST_ALERT_DRAFT)
    if request.method == "POST":
        return _typed(request, by, None, on)
    today = timezone.now().date()
    content = {
        "purpose": by.purpose,
        "handling": {"tlp": "AMBER", "onward": "no", "restrictions": []},
        "grading": {"source": "A", "information": "1"},
        "valid_until": (today + dt.timedelta(days=365)).isoformat(),
        "review_on": (today + dt.timedelta(days=180)).isoformat(),
        "body": {},
    }
    return _form(request, content, None, on)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_alert(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go on with an own draft."""
    by = _by(request, Permission.WATCHLIST_ALERT_DRAFT)
    draft = _draft(by, pk)
    on = services.alert_on(draft.kind)
    return _typed(request, by, draft, on) if request.method == "POST" else _form(request, draft.content, draft, on)


def _typed(request: HttpRequest, by: Grant, draft: "Draft | None", on: str) -> HttpResponse:
    content = content_of(request.POST)
    if request.POST.get("act") not in {"keep", "submit"}:
        return _form(request, content, draft, on, (Fault("not_in_list", "act"),))
    try:
        draft = services.draft_alert(by, content, draft.pk if draft else None, ALERT_ON[on])
        if request.POST.get("act") == "submit":
            services.submit_alert(by, draft.pk)
            messages.success(request, _("The alert waits for the approval of a second person."))
        else:
            messages.success(request, _("The draft is kept."))
    except Refused as refused:
        if draft is None or not all(fault.code.startswith("double_") for fault in refused.faults):
            return _form(request, content, draft, on, refused.faults)
        messages.warning(request, _("The draft is kept. Say first whether an alert in force is on the same subject."))
    return redirect(_to("alert-draft", draft.pk, purpose=by.purpose))


def _form(
    request: HttpRequest, content: dict[str, Any], draft: "Draft | None", on: str, faults: tuple[Fault, ...] = ()
) -> HttpResponse:
    language = get_language() or "en"
    typed = typed_of(content)
    actions = dict.fromkeys(action for group in ACTIONS_ON[on].values() for action in group)
    # A draft that was refused keeps its own address, so that what is typed next goes to the same draft.
    address = _to("alert-edit", draft.pk, purpose=purpose_of(request)) if draft else request.get_full_path()
    context = {
        "content": typed,
        "body": typed["body"],
        "subject": typed["body"].get("subject") or {},
        "draft": draft,
        "on": on,
        "types": tuple(ACTIONS_ON[on]),
        "subject_types": SUBJECTS[on],
        "address": address,
        "faults": faults,
        "labels": (called := labels()),
        "sections": parts_of(content, services.unmet(content, on), called, on),
        "wrong": {part_of(fault.field) for fault in faults},
        "rows": {
            name: max(count, len((typed["body"].get("subject") or {}).get(name) or ())) for name, count in ROWS.items()
        },
        "action_choices": [(action, word("action", action, language)) for action in actions],
        "questions": [(q, word("rights_question", q, language)) for q in RIGHTS_QUESTIONS],
        "quality": _quality(content),
        "warned": alert_queries.warnings(content),
    }
    return render(request, "watchlist/alert_form.html", context, status=422 if faults else 200)


@require_POST
def show_quality(request: HttpRequest) -> HttpResponse:
    """How complete the subject is that is being typed, what each part of the form holds and what it lacks, for the form
    to show as it changes. Nothing is kept."""
    _by(request, Permission.WATCHLIST_ALERT_DRAFT)
    on = _one_of(request, "on", tuple(ALERT_ON)) or "person"
    content = content_of(request.POST)
    parts = parts_of(content, services.unmet(content, on), labels(), on)
    return render(request, "watchlist/quality.html", {"quality": _quality(content), "sections": parts})


def _quality(content: Mapping[str, Any]) -> Quality:
    body = content.get("body") or {}
    return quality(body.get("subject") or {})


@require_http_methods(["GET", "HEAD", "POST"])
def show_draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read a draft as its author, or decide on it as the second person."""
    purpose = purpose_of(request)
    permission = Permission.WATCHLIST_ALERT_APPROVE
    reader = _by(request, Permission.WATCHLIST_ALERT_READ)
    found = next((d for d in alert_queries.open_drafts(reader.actor) if d.pk == pk), None)
    if found is None:
        raise Http404
    own = str(found.author_id) == reader.actor_id
    if own:
        permission = Permission.WATCHLIST_ALERT_DRAFT
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _decide(request, _by(request, permission), pk)
        except Refused as refused:
            faults = refused.faults
    draft = _draft(_by(request, permission), pk)
    content = draft.content
    context = {
        "draft": draft,
        "content": typed_of(content),
        "labels": labels() | {"rights_review": _("Review of rights"), "reasons": _("Reasons")},
        "own": own,
        "here": _to("alert-draft", pk, purpose=purpose),
        "decisions": draft.decisions.select_related("person"),
        "sensitive": sensitive_offence(content.get("body") or {}),
        "quality": _quality(content),
        "warned": alert_queries.warnings(content),
        "doubles": services.doubles(_by(request, permission), draft),
        "before": draft.supersedes,
        "changes": alert_queries.changes(draft.supersedes.data["content"], content) if draft.supersedes else [],
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "watchlist/alert_draft.html", context, status=422 if faults else 200)


def _decide(request: HttpRequest, by: Grant, pk: UUID) -> HttpResponse:
    act, reasons = request.POST.get("act", ""), request.POST.get("reasons", "")
    if act == "approve":
        signer = unlock(by.actor_id, request.POST.get("officer_password", ""))
        review = request.POST.get("rights_review", "")
        record = services.approve_alert(by, pk, request.POST.get("seen", ""), review, signer)
        messages.success(request, _("Approved, signed and on its way to every state that an agreement opens it to."))
        return redirect(_to("alert", record.uid, purpose=by.purpose))
    if act == "return":
        services.return_alert(by, pk, reasons)
        messages.success(request, _("Returned to the author."))
    elif act in {"same", "not_same"}:
        return _answer_double(request, by, pk)
    elif act == "submit":
        services.submit_alert(by, pk)
        messages.success(request, _("The alert waits for the approval of a second person."))
        return redirect(_to("alert-draft", pk, purpose=by.purpose))
    elif act == "discard":
        services.discard_alert(by, pk)
        messages.success(request, _("The draft is discarded."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect(_to("alerts", purpose=by.purpose))


def _answer_double(request: HttpRequest, by: Grant, pk: UUID) -> HttpResponse:
    same = request.POST.get("act") == "same"
    try:
        uid = UUID(request.POST.get("double", ""))
    except ValueError:
        raise Refused(Fault("alert_unknown", "double")) from None
    services.answer_double(by, _draft(by, pk), uid, same, request.POST.get(f"double.{uid}", ""))
    if not same:
        messages.success(request, _("The answer is kept for the second person."))
        return redirect(_to("alert-draft", pk, purpose=by.purpose))
    messages.info(request, _("This is the alert in force: put in what is new, and discard the draft you had begun."))
    return redirect(_to("alert-edit", services.amend_alert(by, uid).pk, purpose=by.purpose))


def _draft(by: Grant, pk: UUID) -> "Draft":
    try:
        return services.open_draft(by, pk)
    except Refused:
        raise Http404 from None


@require_http_methods(["GET", "HEAD", "POST"])
def show_alert(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One alert whole: its terms, who approved it, how it travelled, its hits, its versions; amend, withdraw."""
    by = _by(request, Permission.WATCHLIST_ALERT_READ)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act(request, uid)
        except Refused as refused:
            faults = refused.faults
    try:
        alert = services.open_alert(by, uid)
    except Alert.DoesNotExist:
        raise Http404 from None
    record = alert.record
    content = reading.content_of(record)
    context = {
        "alert": alert,
        "record": record,
        "content": typed_of(content),
        "related": alert_queries.related(by.actor, content),
        "readable": reading.is_shown(record),
        "broken": services.broken_rules(alert),
        "quality": _quality(content),
        "labels": labels(),
        "own": record.origin == settings.NODE.state,
        "issued_here": record.node == settings.NODE.code,
        "approval": record.data["approval"],
        "names": full_names(record.data["approval"].values()) if record.node == settings.NODE.code else {},
        "deliveries": alert_queries.deliveries(alert),
        "withdrawal": alert_queries.withdrawal(alert),
        "refusals": alert_queries.refusals([alert]).get(alert.uid, []),
        "national": settings.NODE.role == "national",
        "versions": alert_queries.versions(by.actor, alert),
        "hits": alert_queries.hits(alert),
        "sightings": services.browse_sightings(by, alert),
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "watchlist/alert.html", context, status=422 if faults else 200)


def _act(request: HttpRequest, uid: UUID) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "amend":
        by = _by(request, Permission.WATCHLIST_ALERT_DRAFT)
        return redirect(_to("alert-edit", services.amend_alert(by, uid).pk, purpose=by.purpose))
    if act == "withdraw":
        by = _by(request, Permission.WATCHLIST_ALERT_WITHDRAW)
        services.withdraw_alert(by, uid, request.POST.get("reason", ""))
        messages.success(request, _("Withdrawn. It is used no longer here, and every holder is being told."))
        return redirect(_to("alert", uid, purpose=by.purpose))
    if act == "refuse":
        by = _by(request, Permission.WATCHLIST_ALERT_APPROVE)
        services.refuse_alert(by, uid, request.POST.get("ground", ""), request.POST.get("text", ""))
        messages.success(
            request, _("Refused. It is used no longer here and at our posts, and its issuer is being told.")
        )
        return redirect(_to("alert", uid, purpose=by.purpose))
    if act == "take_back":
        by = _by(request, Permission.WATCHLIST_ALERT_APPROVE)
        services.take_back_refusal(by, uid, request.POST.get("reason", ""))
        messages.success(request, _("The refusal is taken back. The alert is used again."))
        return redirect(_to("alert", uid, purpose=by.purpose))
    if act == "sighting":
        by = _by(request, Permission.WATCHLIST_SIGHTING_REPORT)
        services.report_sighting(by, uid, **sighting_of(request.POST))
        messages.success(request, _("Reported. It goes to every state that an agreement opens it to."))
        return redirect(_to("alert", uid, purpose=by.purpose))
    if act == "withdraw_sighting":
        by = _by(request, Permission.WATCHLIST_SIGHTING_REPORT)
        services.withdraw_sighting(by, request.POST.get("sighting", ""), request.POST.get("reason", ""))
        messages.success(request, _("The sighting is taken back, and every holder is being told."))
        return redirect(_to("alert", uid, purpose=by.purpose))
    raise Refused(Fault("not_in_list", "act"))


urls = [
    path("", show_alerts, name="alerts"),
    path("new/", new_alert, name="alert-new"),
    path("quality/", show_quality, name="alert-quality"),
    path("new/group/", new_alert, {"on": "group"}, name="alert-new-group"),
    path("new/object/", new_alert, {"on": "object"}, name="alert-new-object"),
    path("drafts/<uuid:pk>/", show_draft, name="alert-draft"),
    path("drafts/<uuid:pk>/edit/", edit_alert, name="alert-edit"),
    path("<uuid:uid>/", show_alert, name="alert"),
]
