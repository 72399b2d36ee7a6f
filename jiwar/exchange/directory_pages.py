"""Roots and keys at the console: whose roots are known and by whose word, this node's certificate and what is due."""

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.identity import trust
from jiwar.identity.certification import install_paper, request_certificate, rotate
from jiwar.identity.keys import ring
from jiwar.identity.papers import PaperRefused, load
from jiwar.identity.queries import KeyRefused, claimed_root, root_of
from jiwar.identity.revoking import revoke
from jiwar.identity.standing import directory, own_standing
from jiwar.wire.faults import Fault, Refused

READ = Permission.EXCHANGE_LINK_READ
MANAGE = Permission.IDENTITY_NODE_MANAGE
_MOST = 300_000
"""Bytes of a file that a sitting signed."""


@require_http_methods(["GET", "POST"])
def roots(request: HttpRequest) -> HttpResponse:
    """Every state's root, who stands for it, and what differs; a root is read here."""
    authorise(request, READ)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        by = authorise(request, MANAGE)
        root = claimed_root(request.POST.get("root", ""))
        if root is None:
            raise Http404
        heard = request.POST.get("heard", "")[:100]
        try:
            if root_of(root.state) is None:
                trust.read_first(root, heard, by=by.actor_id)
            elif root.by:
                trust.confirm_root(root, heard, by=by.actor_id)
            else:
                ends = request.POST.get("what") == "stolen"
                trust.read_anew(root, heard, request.POST.get("reason", ""), ends_old=ends, by=by.actor_id)
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("It is written down."))
            return redirect("directory")
    context = {"states": directory(), "faults": faults, "typed": request.POST, "own": settings.NODE.state}
    return render(request, "exchange/directory.html", context, status=422 if faults else 200)


@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """This node's keys: how they stand, and what the administrator does about them."""
    by = authorise(request, MANAGE)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            messages.success(request, _ACTS[request.POST.get("act", "")](request, by.actor_id))
        except KeyError:
            raise Http404 from None
        except Refused as refused:
            faults = refused.faults
        except (PaperRefused, KeyRefused) as refused:
            named = "fingerprint" if refused.code == "root_unread" else "file"
            detail = refused.field if isinstance(refused, PaperRefused) else refused.key
            faults = (Fault(refused.code, named, detail),)
        else:
            return redirect("own-keys")
    own = ring(settings.KEYS)
    context = {
        "standing": own_standing(),
        "ids": [("signing", own.signing[0].id), ("sealing", own.sealing[0].id), ("cosigning", own.cosigning[0].id)],
        "waits": own.next is not None,
        "root": root_of(settings.NODE.state),
        "root_fingerprint": trust.fingerprint_of_root(settings.NODE.state),
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "exchange/keys.html", context, status=422 if faults else 200)


def _install(request: HttpRequest, by: str) -> str:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise Refused(Fault("missing", "file"))
    if (file.size or 0) > _MOST:
        raise PaperRefused("paper_too_large")
    text = file.read().decode("utf-8", errors="replace")
    install_paper(load(text, _MOST), heard=request.POST.get("fingerprint", "")[:100] or None, by=by)
    return _("It is in force, and goes to the neighbours and the posts by itself.")


def _rotate(request: HttpRequest, by: str) -> str:
    if rotate(by=by):
        return _("The node uses its new keys; its card goes to the neighbours by itself.")
    return _("The new keys wait for their certificate. Download the request and carry it to a sitting.")


def _revoke(request: HttpRequest, by: str) -> str:
    subject, reason = request.POST.get("subject", "").strip(), request.POST.get("reason", "")
    if not subject or reason not in {"compromised", "retired"}:
        raise Refused(Fault("missing", "reason" if subject else "subject"))
    revoke([subject], reason, by=by)
    return _("It is revoked: the list goes to the neighbours and the posts at once.")


_ACTS = {"install": _install, "rotate": _rotate, "revoke": _revoke}


@require_GET
def request_file(request: HttpRequest) -> HttpResponse:
    """The request for this node's certificate, to be carried to a sitting."""
    authorise(request, MANAGE)
    return _file(request_certificate(), f"{settings.NODE.code}.request.json")


def _file(data: dict[str, Any], name: str) -> HttpResponse:
    return HttpResponse(
        json.dumps(data, ensure_ascii=False, indent=1),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


urls = [
    path("directory/", roots, name="directory"),
    path("keys/", keys, name="own-keys"),
    path("keys/request/", request_file, name="own-keys-request"),
]
