"""People whom this state protects, at the console: who they are, one more, and one no longer (rule R5)."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.watchlist.protection import browse_protected, end_protection, known_by, protect
from jiwar.wire.faults import Fault, Refused

PAGE = 50
_PAPERS = 2
"""Documents that the form takes."""
_FORM = {"names": "names", "birth_dates": "birth_date"}


@require_http_methods(["GET", "HEAD", "POST"])
def show_protected(request: HttpRequest) -> HttpResponse:
    """Whom this state protects, and from whom; protect one more, or one no longer."""
    by = authorise(request, Permission.WATCHLIST_ALERT_APPROVE, purpose_of(request))
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            _act(by, request.POST)
        except Refused as refused:
            faults = tuple(Fault(f.code, _field(f.field), f.detail) for f in refused.faults)
        else:
            said = _("She is protected.") if request.POST["act"] == "protect" else _("The protection has ended.")
            messages.success(request, said)
            return redirect(reverse("protected", query={"purpose": str(by.purpose)}))
    context = {
        "people": Paginator(browse_protected(by), PAGE).get_page(request.GET.get("page")),
        "labels": _labels(),
        "papers": [f"documents.{i}" for i in range(_PAPERS)],
        "typed": request.POST,
        "ending": request.POST.get("person", ""),
        "faults": faults,
    }
    return render(request, "watchlist/protected.html", context, status=422 if faults else 200)


def _act(by: Grant, post: QueryDict) -> None:
    if post.get("act") == "protect":
        names = [line.strip() for line in post.get("names", "").splitlines() if line.strip()]
        born = [post.get("birth_date", "").strip()] if post.get("birth_date", "").strip() else []
        papers = [
            (post.get(f"documents.{i}.country", "").strip().upper(), post.get(f"documents.{i}.number", "").strip())
            for i in range(_PAPERS)
        ]
        facts = known_by(names, born, [paper for paper in papers if any(paper)])
        protect(by, facts, post.get("feared_state", "").strip().upper(), post.get("reason", ""))
    elif post.get("act") == "end":
        try:
            person = UUID(post.get("person", ""))
        except ValueError:
            raise Refused(Fault("wrong_form", "person")) from None
        end_protection(by, person, post.get("reason", ""))
    else:
        raise Refused(Fault("not_in_list", "act"))


def _field(said: str) -> str:
    """The field of the form in which a member of `SubjectFacts` is typed."""
    return _FORM.get(said.partition(".")[0], said)


def _labels() -> dict[str, Any]:
    labels = {
        "names": _("Name"),
        "birth_date": _("Date of birth"),
        "feared_state": _("The state that she fears"),
        "reason": _("Reason"),
    }
    country, number = _("Issued by"), _("Document number")
    for i in range(_PAPERS):
        labels |= {f"documents.{i}.country": country, f"documents.{i}.number": number}
    return labels


urls = [path("", show_protected, name="protected")]
