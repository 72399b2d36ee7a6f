"""The ledger as the oversight role reads it: who did what to whom and why, and the proof that nothing was altered.

Every look is itself a leaf: those who watch are watched.
"""

import json
from uuid import UUID

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.services import authorise
from jiwar.audit.queries import (
    epoch,
    epochs,
    forks,
    leaves,
    newest_checkpoints,
    note_of,
    open_forks,
    tile_at,
    tree_now,
    vouched,
    witnessing,
)
from jiwar.audit.services import append, export_lines, prove_leaf, sign_tree
from jiwar.exchange.withdrawals import unconfirmed
from jiwar.identity.directory import names_of, person_of
from jiwar.identity.keys import fingerprint, ring
from jiwar.identity.queries import neighbours
from jiwar.records.queries import newest_version
from jiwar.records.reading import inspect_record, is_shown
from jiwar.records.services import Record

PAGE = 50
_NARROW = ("act", "subject", "case", "mention")


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """Leaves, newest first, narrowed by act, person, subject, case and whatever they mention."""
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
    context = {
        "asked": asked,
        "leaves": rows[:PAGE],
        "older": rows[PAGE - 1].index if len(rows) > PAGE else None,
        "names": names_of(who for leaf in rows for who in (leaf.actor, leaf.subject)),
        "unconfirmed": unconfirmed(),
        "forks": open_forks(),
        "witnessing": witnessing(timezone.now()),
    }
    return render(request, "web/ledger.html", context)


@require_GET
def witnesses(request: HttpRequest) -> HttpResponse:
    """The proof that nothing was altered: own checkpoint and who cosigned it, neighbours', forks, epochs."""
    grant = authorise(request, Permission.AUDIT_LEDGER_READ, Purpose.OVERSIGHT)
    with transaction.atomic():
        append("ledger_read", grant, detail={"page": "witnesses"})
    newest = newest_checkpoints()
    context = {
        "ago": naturaltime,
        "size": tree_now().size,
        "own": sign_tree(),
        "epoch": epoch(),
        "epochs": epochs(),
        "fingerprint": fingerprint(ring(settings.KEYS).signing[0].public),
        "witnessing": witnessing(timezone.now()),
        "neighbours": [(node, newest.get(node.code)) for node in neighbours()],
        "open": open_forks(),
        "forks": forks(),
    }
    return render(request, "web/witnesses.html", context)


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
        "record": _record_of(found.subject),
    }
    return render(request, "web/leaf.html", context)


def _record_of(subject: str | None) -> Record | None:
    try:
        return newest_version(UUID(subject or ""))
    except ValueError:
        return None


@require_GET
def record(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The record that leaves are about: where it stands, and what it said when nobody else reads it any longer."""
    grant = authorise(request, Permission.RECORDS_ENDED_READ, Purpose.OVERSIGHT)
    try:
        found = inspect_record(grant, uid)
    except Record.DoesNotExist:
        raise Http404 from None
    whole = found.statement if not is_shown(found) else ""
    return render(request, "web/record.html", {"record": found, "whole": whole})


@require_POST
def proof(request: HttpRequest, index: int) -> HttpResponse:
    """The proof of one leaf as a file that `jiwar ledger prove` verifies offline."""
    grant = authorise(request, Permission.AUDIT_LEDGER_EXPORT, Purpose.OVERSIGHT)
    try:
        text = prove_leaf(grant, index)
    except LookupError:
        raise Http404 from None
    return _file(text, "text/plain; charset=utf-8", f"{settings.NODE.code}-leaf-{index}.tlog-proof")


@require_POST
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The whole ledger as a signed file that `jiwar ledger verify` proves offline."""
    grant = authorise(request, Permission.AUDIT_LEDGER_EXPORT, Purpose.OVERSIGHT)
    lines = export_lines(grant)
    name = f"{settings.NODE.code}-ledger-{tree_now().size}.jsonl"
    return StreamingHttpResponse(lines, content_type="application/jsonl", headers=_attached(name))


@require_GET
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint for witnesses, as C2SP tlog-tiles serves it; tiles lead to it."""
    authorise(request, Permission.AUDIT_LEDGER_EXPORT, Purpose.OVERSIGHT)
    found = vouched(0)
    if found is None:
        raise Http404
    return HttpResponse(note_of(*found), content_type="text/plain; charset=utf-8")


@require_GET
def tile_file(request: HttpRequest, rest: str) -> HttpResponse:
    """Hashes of the tree, by the paths of C2SP tlog-tiles. There are no bundles of entries."""
    authorise(request, Permission.AUDIT_LEDGER_EXPORT, Purpose.OVERSIGHT)
    try:
        hashes = tile_at(f"tile/{rest}")
    except LookupError:
        raise Http404 from None
    return HttpResponse(hashes, content_type="application/octet-stream")


def _file(text: str, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(text, content_type=content_type, headers=_attached(name))


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


urls = [
    path("ledger/", ledger, name="ledger"),
    path("ledger/<int:index>", leaf, name="leaf"),
    path("ledger/<int:index>/proof", proof, name="leaf-proof"),
    path("ledger/checkpoint", checkpoint, name="ledger-checkpoint"),
    path("ledger/export", export, name="ledger-export"),
    path("ledger/records/<uuid:uid>/", record, name="ledger-record"),
    path("ledger/tile/<path:rest>", tile_file, name="ledger-tile"),
    path("ledger/witnesses/", witnesses, name="ledger-witnesses"),
]
