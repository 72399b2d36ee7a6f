"""Thresholds of screening at the console: what is in force and what it means, a proposal, a second person's word."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.identity.officer_keys import unlock
from jiwar.identity.queries import full_names
from jiwar.records.words import choices, word
from jiwar.watchlist import thresholds
from jiwar.watchlist.accuracy import rates
from jiwar.watchlist.logic.thresholds import LEAST, LISTING, MOST, STRENGTHS, strength
from jiwar.watchlist.outcomes import looked_back
from jiwar.watchlist.threshold_policy import (
    approve_policy,
    discard_policy,
    draft_policy,
    return_policy,
    submit_policy,
    withdraw_policy,
)
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiwar.records.models import Draft

P = Permission
_SPARE_ROWS = 3
_MOST_ROWS = 60
_RULE = ("listed", "state", "threshold", "reason")


@dataclass(frozen=True, slots=True)
class Row:
    """One threshold as the page shows it: in per cent, in a word, and as measured; `rate` None where nobody did."""

    listed: str
    state: str
    threshold: object
    reason: str
    strength: str
    rate: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Change:
    """One threshold as it holds where a proposal was begun, and as that would have it; None where there is none."""

    listed: str
    state: str
    before: Row | None
    after: Row | None

    @property
    def same(self) -> bool:
        return self.before is not None and self.after is not None and self.before.threshold == self.after.threshold


@require_http_methods(["GET", "HEAD", "POST"])
def show_thresholds(request: HttpRequest) -> HttpResponse:
    """The policy in force, what was in force before, and proposals."""
    by = authorise(request, P.WATCHLIST_POLICY_READ)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            withdraw_policy(authorise(request, P.WATCHLIST_POLICY_APPROVE), request.POST.get("reason", ""))
            messages.success(request, _("Taken back. The program’s own threshold holds from now on."))
            return redirect("thresholds")
        except Refused as refused:
            faults = refused.faults
    record, unreadable = thresholds.policy_in_force(), thresholds.is_unreadable()
    held = list(thresholds.policies()[:50])
    own = record is not None and record.node == settings.NODE.code
    context = {
        "record": record,
        "rows": _rows(record.body if record and not unreadable else _built_in()),
        "unreadable": unreadable,
        "measured": rates(),
        "words": _words(),
        "held": held,
        "names": full_names({who for each in held for who in _people(each.data)}) if own else {},
        "drafts": list(thresholds.policy_drafts()),
        "may_draft": by.actor.may(P.WATCHLIST_POLICY_DRAFT) and settings.NODE.role == "national",
        "may_withdraw": own and by.actor.may(P.WATCHLIST_POLICY_APPROVE),
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "watchlist/thresholds.html", context, status=422 if faults else 200)


@require_GET
def show_review(request: HttpRequest) -> HttpResponse:
    """What officers decided beside what was predicted, and what other thresholds would have changed."""
    by = authorise(request, P.WATCHLIST_POLICY_READ)
    context = {
        "found": looked_back(by, timezone.now().date()),
        "may_draft": by.actor.may(P.WATCHLIST_POLICY_DRAFT) and settings.NODE.role == "national",
    }
    return render(request, "watchlist/threshold_review.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_policy(request: HttpRequest) -> HttpResponse:
    """Type a change of the policy in force."""
    authorise(request, P.WATCHLIST_POLICY_DRAFT)
    if request.method == "POST":
        return _typed(request, None)
    record = thresholds.policy_in_force()
    body = record.body if record else {"threshold": round(thresholds.BUILT_IN.default * 100)}
    until = timezone.now().date() + dt.timedelta(days=365)
    return _form(request, body, until.isoformat(), None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_policy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go on with an own draft."""
    by = authorise(request, P.WATCHLIST_POLICY_DRAFT)
    draft = _draft(pk)
    if str(draft.author_id) != by.actor_id:
        raise Http404
    if request.method == "POST":
        return _typed(request, draft)
    return _form(request, draft.content["body"], str(draft.content["valid_until"])[:10], draft)


@require_http_methods(["GET", "HEAD", "POST"])
def show_draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A proposal beside what is in force; its author sends it on, a second person decides."""
    by = authorise(request, P.WATCHLIST_POLICY_READ)
    draft = _draft(pk)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _decide(request, pk)
        except Refused as refused:
            faults = refused.faults
    context = {
        "draft": draft,
        "changes": _changes(draft.supersedes.body if draft.supersedes else _built_in(), draft.content["body"]),
        "measured": rates(),
        "until": str(draft.content["valid_until"])[:10],
        "own": str(draft.author_id) == by.actor_id,
        "decisions": draft.decisions.select_related("person"),
        "labels": _labels(_MOST_ROWS) | {"reasons": _("Reasons")},
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "watchlist/threshold_draft.html", context, status=422 if faults else 200)


def _decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "approve":
        by = authorise(request, P.WATCHLIST_POLICY_APPROVE)
        signer = unlock(by.actor_id, request.POST.get("officer_password", ""))
        approve_policy(by, pk, request.POST.get("seen", ""), signer)
        messages.success(request, _("Approved and signed. It holds here now, and at each post when it arrives there."))
    elif act == "return":
        return_policy(authorise(request, P.WATCHLIST_POLICY_APPROVE), pk, request.POST.get("reasons", ""))
        messages.success(request, _("Returned to the author."))
    elif act == "submit":
        submit_policy(authorise(request, P.WATCHLIST_POLICY_DRAFT), pk)
        messages.success(request, _("It waits for the approval of a second person."))
        return redirect("threshold-draft", pk)
    elif act == "discard":
        discard_policy(authorise(request, P.WATCHLIST_POLICY_DRAFT), pk)
        messages.success(request, _("The draft is discarded."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect("thresholds")


def _typed(request: HttpRequest, draft: "Draft | None") -> HttpResponse:
    body, until = _read(request.POST), request.POST.get("valid_until", "").strip()
    act = request.POST.get("act", "")
    if act not in {"keep", "submit"}:
        return _form(request, body, until, draft, (Fault("not_in_list", "act"),))
    by = authorise(request, P.WATCHLIST_POLICY_DRAFT)
    try:
        draft = draft_policy(by, body, until, draft.pk if draft else None)
        if act == "submit":
            submit_policy(by, draft.pk)
    except Refused as refused:
        return _form(request, body, until, draft, refused.faults)
    if act == "submit":
        messages.success(request, _("It waits for the approval of a second person."))
    else:
        messages.success(request, _("The draft is kept."))
    return redirect("threshold-draft", draft.pk)


def _form(
    request: HttpRequest, body: "Mapping[str, Any]", until: str, draft: "Draft | None", faults: tuple[Fault, ...] = ()
) -> HttpResponse:
    rules = list(body.get("rules") or ())
    count = min(_MOST_ROWS, len(rules) + _SPARE_ROWS)
    context = {
        "body": body,
        "rules": [*rules, *[{}] * (count - len(rules))],
        "until": until,
        "draft": draft,
        "labels": _labels(count),
        "listed_choices": _listed_choices(),
        "bounds": {"min": LEAST, "max": MOST, "step": 1},
        "measured": rates(),
        "words": _words(),
        "faults": faults,
    }
    return render(request, "watchlist/threshold_form.html", context, status=422 if faults else 200)


def _read(post: QueryDict) -> dict[str, Any]:
    """The body as typed; a row of which nothing is typed is none."""

    def number(text: str) -> object:
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else text

    body: dict[str, Any] = {"reason": post.get("body.reason", "").strip(), "rules": []}
    if typed := post.get("body.threshold", "").strip():
        body["threshold"] = number(typed)
    for i in range(_MOST_ROWS):
        rule = {name: post.get(f"body.rules.{i}.{name}", "").strip() for name in _RULE}
        if any(rule.values()):
            rule["state"] = rule["state"].upper()
            body["rules"].append({**rule, "threshold": number(rule["threshold"])})
    return {name: value for name, value in body.items() if value != ""}


def _rows(body: "Mapping[str, Any]") -> list[Row]:
    measured = rates()
    first = {"threshold": body.get("threshold", ""), "reason": body.get("reason", "")}
    rows = []
    for rule in (first, *(body.get("rules") or ())):
        score = rule.get("threshold")
        said = score / 100 if isinstance(score, int) else None
        rows.append(
            Row(
                rule.get("listed", ""),
                rule.get("state", ""),
                "" if score is None else score,
                rule.get("reason", ""),
                strength(said) if said is not None else "",
                measured.at(said) if measured and said is not None else None,
            )
        )
    return rows


def _changes(before: "Mapping[str, Any]", after: "Mapping[str, Any]") -> list[Change]:
    """The proposed ones in their order, then those that it takes away."""
    held = {(row.listed, row.state): row for row in _rows(before)}
    changes = [Change(row.listed, row.state, held.pop((row.listed, row.state), None), row) for row in _rows(after)]
    return changes + [Change(*key, row, None) for key, row in held.items()]


def _built_in() -> dict[str, Any]:
    return {"threshold": round(thresholds.BUILT_IN.default * 100), "reason": _("Set by the makers of the program.")}


def _words() -> list[tuple[str, int, int]]:
    """Each word for a score with its bounds in per cent."""
    least = [round(bound * 100) for _word, bound in STRENGTHS]
    return [(STRENGTHS[i][0], bound, 100 if i == 0 else least[i - 1]) for i, bound in enumerate(least)]


def _listed_choices() -> list[tuple[str, str]]:
    language = get_language() or "en"
    return [*choices("alert_type", language), (LISTING, word("entry_category", LISTING, language))]


def _labels(count: int) -> dict[str, str]:
    names = {"listed": _("What is listed"), "state": _("Issued by"), "threshold": _("Threshold"), "reason": _("Reason")}
    found = {
        "body.threshold": _("General threshold"),
        "body.reason": _("Reason"),
        "body.rules": _("Exceptions"),
        "valid_until": _("Expires on"),
        "review_on": _("Review on"),
    }
    exception = _("Exception")  # the catalogues find no text within an f-string
    for i in range(count):
        found[f"body.rules.{i}"] = f"{exception} {i + 1}"
        found |= {f"body.rules.{i}.{name}": f"{text} {i + 1}" for name, text in names.items()}
    return found


def _people(data: "Mapping[str, Any]") -> list[str]:
    return list((data.get("approval") or {}).values())


def _draft(pk: UUID) -> "Draft":
    found = thresholds.policy_drafts().select_related("supersedes").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


urls = [
    path("", show_thresholds, name="thresholds"),
    path("new/", new_policy, name="threshold-new"),
    path("review/", show_review, name="threshold-review"),
    path("drafts/<uuid:pk>/", show_draft, name="threshold-draft"),
    path("drafts/<uuid:pk>/edit/", edit_policy, name="threshold-edit"),
]
