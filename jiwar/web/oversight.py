"""The ledger as the oversight role reads it: who did what to whom and why, and the proof that nothing was altered.

Every look is itself a leaf: those who watch are watched.
"""

import json

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.services import authorise
from jiwar.audit.queries import checkpoints, leaves, tree_now
from jiwar.audit.services import append, export_lines, sign_tree
from jiwar.exchange.withdrawals import unconfirmed
from jiwar.identity.directory import names_of, person_of
from jiwar.identity.keys import fingerprint, ring

PAGE = 50
_NARROW = ("act", "subject", "case")


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """Leaves, newest first, narrowed by act, person, subject and case."""
    grant = authorise(request, Permission.AUDIT_LEDGER_READ, Purpose.OVERSIGHT)
    asked = {name: request.GET.get(name, "").strip()[:80] for name in (*_NARROW, "person")}
    narrow = {name: asked[name] for name in _NARROW}
    if asked["person"]:
        person = person_of(asked["person"])
        narrow["actor"] = str(person.id) if person else asked["person"]
    with transaction.atomic():
        append("ledger_read", grant, detail={name: value for name, value in narrow.items() if value})
    found = leaves(**narrow)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 18:
        found = found.filter(index__lt=int(before))
    rows = list(found[: PAGE + 1])
    own = checkpoints().filter(node=settings.NODE.code).first() or sign_tree()
    context = {
        "asked": asked,
        "leaves": rows[:PAGE],
        "older": rows[PAGE - 1].index if len(rows) > PAGE else None,
        "names": names_of(who for leaf in rows for who in (leaf.actor, leaf.subject)),
        "size": tree_now().size,
        "unconfirmed": unconfirmed(),
        "own": own,
        "fingerprint": fingerprint(ring(settings.KEYS).signing[0].public),
        "witnessed": checkpoints().exclude(node=settings.NODE.code)[:20],
    }
    return render(request, "web/ledger.html", context)


@require_GET
def leaf(request: HttpRequest, index: int) -> HttpResponse:
    """One leaf, whole."""
    grant = authorise(request, Permission.AUDIT_LEDGER_READ, Purpose.OVERSIGHT)
    found = leaves().filter(index=index).first()
    if found is None:
        raise Http404
    with transaction.atomic():
        append("ledger_leaf_read", grant, str(index))
    context = {
        "leaf": found,
        "content": json.loads(found.content),
        "names": names_of([found.actor, found.subject]),
        "size": tree_now().size,
    }
    return render(request, "web/leaf.html", context)


@require_POST
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The whole ledger as a signed file that `jiwar ledger verify` proves offline."""
    grant = authorise(request, Permission.AUDIT_LEDGER_EXPORT, Purpose.OVERSIGHT)
    lines = export_lines(grant)
    name = f"{settings.NODE.code}-ledger-{tree_now().size}.jsonl"
    return StreamingHttpResponse(
        lines,
        content_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


urls = [
    path("ledger/", ledger, name="ledger"),
    path("ledger/<int:index>", leaf, name="leaf"),
    path("ledger/export", export, name="ledger-export"),
]
