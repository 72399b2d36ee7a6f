"""The restore ceremony at the console: what shows that this node runs from an old copy, and the decision to go on."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.exchange import last_words, restore_queries
from jiwar.exchange.queries import epochs
from jiwar.exchange.restore import end_restore
from jiwar.exchange.standing import epoch, restoring
from jiwar.identity.directory import administrators, names_of
from jiwar.wire.faults import Fault, Refused


@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: HttpRequest) -> HttpResponse:
    """The restore that waits, with what each neighbour says; those before it, with what came back."""
    authorise(request, Permission.EXCHANGE_LINK_READ)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        by = authorise(request, Permission.EXCHANGE_RESTORE_END)
        try:
            end_restore(by, request.POST.get("reason", ""))
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("The restore has ended. What neighbours hold of it comes back now."))
            return redirect("restore")
    past = [row for row in restore_queries.restores() if row.ended_at]
    context = {
        "open": restoring(),
        "epoch": epoch(),
        "epochs": epochs(),
        "administrators": administrators(),
        "neighbours": last_words.beyond_us(),
        "past": [(row, restore_queries.came_back(row)) for row in past[:5]],
        "names": names_of(row.ended_by for row in past),
        "reason": request.POST.get("reason", ""),
        "faults": faults,
    }
    return render(request, "exchange/restore.html", context, status=422 if faults else 200)


urls = [path("restore/", restore, name="restore")]
