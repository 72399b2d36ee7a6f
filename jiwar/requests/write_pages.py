"""Writing a letter at the console, step by step: what and to whom, its files, a last look, and the second person."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.bodies import MOST, takes
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.exchange.attachments import LARGEST
from jiwar.identity.officer_keys import unlock
from jiwar.requests import queries, services
from jiwar.requests.files import served
from jiwar.requests.kinds import FINAL, MOST_FILES, Answer
from jiwar.requests.letter_form import BY_DATE, NO_CLOCK, content_of, labels, typed_of
from jiwar.requests.logic.clock import WITHIN
from jiwar.requests.logic.flows import FOUR_EYES, HOT_PURSUIT
from jiwar.requests.models import Letter
from jiwar.requests.uploads import SealingHandler
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.records.models import Draft

P = Permission


def _by(request: HttpRequest, permission: Permission) -> Grant:
    return authorise(request, permission, purpose_of(request))


def _to(name: str, *args: object, purpose: object = "") -> str:
    return reverse(name, args=args, query={"purpose": str(purpose)} if purpose else None)


@require_http_methods(["GET", "HEAD", "POST"])
def new_letter(request: HttpRequest) -> HttpResponse:
    """Type a new letter."""
    by = _by(request, P.REQUESTS_LETTER_WRITE)
    if request.method == "POST":
        return _typed(request, by, None)
    return _form(request, services.blank_letter(str(by.purpose)), None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_letter(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go on with an own draft."""
    by = _by(request, P.REQUESTS_LETTER_WRITE)
    draft = _draft(by, pk)
    return _typed(request, by, draft) if request.method == "POST" else _form(request, draft.content, draft)


def _typed(request: HttpRequest, by: Grant, draft: "Draft | None") -> HttpResponse:
    content = content_of(request.POST)
    act = request.POST.get("act", "")
    if act not in {"keep", "files", "check"}:
        return _form(request, content, draft, (Fault("not_in_list", "act"),))
    try:
        kept = services.draft_letter(by, content, draft.pk if draft else None)
    except Refused as refused:
        return _form(request, content, draft, refused.faults)
    if act == "keep":
        messages.success(request, _("The draft is kept."))
    page = {"keep": "letter-edit", "files": "letter-files", "check": "letter-draft"}[act]
    return redirect(_to(page, kept.pk, purpose=by.purpose))


def _form(
    request: HttpRequest, content: dict[str, Any], draft: "Draft | None", faults: tuple[Fault, ...] = ()
) -> HttpResponse:
    typed = typed_of(content)
    # A draft that was refused keeps its own address, so that what is typed next goes to the same draft.
    address = _to("letter-edit", draft.pk, purpose=purpose_of(request)) if draft else request.get_full_path()
    target = (draft.content.get("body") or {}).get("target") if draft else None
    context = {
        "content": typed,
        "body": typed["body"],
        "draft": draft,
        "asked": queries.letter(UUID(target)) if target else None,
        "address": address,
        "faults": faults,
        "labels": labels(),
        "states": queries.addressable(),
        "urgencies": (*WITHIN, BY_DATE, NO_CLOCK),
        "four_eyes": FOUR_EYES,
        "hot_pursuit": HOT_PURSUIT,
        "warned": services.warnings(content),
        "most_files": MOST_FILES,
        "largest": LARGEST >> 20,
    }
    return render(request, "requests/letter_form.html", context, status=422 if faults else 200)


@takes(LARGEST + MOST)
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def letter_files(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The files of an own draft: add one, take one out.

    Who may do so is decided by the address alone, before one byte of the body is read; then the token of the form is
    checked as everywhere, while the file goes into the store.
    """
    stated = request.GET.get("purpose", "")
    by = authorise(request, P.REQUESTS_LETTER_WRITE, Purpose(stated) if stated in set(Purpose) else None)
    draft = _draft(by, pk)
    if request.method != "POST":
        return _files(request, draft)
    handler = SealingHandler()
    request.upload_handlers = [handler]
    try:
        return _changed(request, by, draft, handler)
    finally:
        handler.close()


@csrf_protect
def _changed(request: HttpRequest, by: Grant, draft: "Draft", handler: SealingHandler) -> HttpResponse:
    try:
        if request.POST.get("act") == "remove":
            services.detach(by, draft.pk, request.POST.get("blob", ""))
        else:
            # `whole` is the last field of the form: where it is lacking, the file before it is cut.
            services.attach(by, draft.pk, handler.taken(whole=request.POST.get("whole") == "yes"))
    except Refused as refused:
        return _files(request, draft, refused.faults)
    return redirect(_to("letter-files", draft.pk, purpose=by.purpose))


def _files(request: HttpRequest, draft: "Draft", faults: tuple[Fault, ...] = ()) -> HttpResponse:
    context = {
        "draft": draft,
        "files": services.files_of(draft.content),
        "most": MOST_FILES,
        "largest": LARGEST,
        "labels": labels(),
        "faults": faults,
    }
    return render(request, "requests/letter_files.html", context, status=422 if faults else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def show_draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A last look at a draft as its author, or the decision on it as the second person."""
    permission = _permission_for(request, pk)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _decide(request, _by(request, permission), pk)
        except Refused as refused:
            faults = refused.faults
    by = _by(request, permission)
    draft = _draft(by, pk)
    if faults and request.POST.get("act") in {"send", "submit"}:
        # What is to be put right is put right in the form.
        return _form(request, draft.content, draft, faults)
    content, body = typed_of(draft.content), draft.content.get("body") or {}
    context = {
        "draft": draft,
        "content": content,
        "body": content["body"],
        "files": services.files_of(draft.content),
        "asked": queries.letter(UUID(body["target"])) if body.get("target") else None,
        "own": permission is P.REQUESTS_LETTER_WRITE,
        "two_people": body.get("flow") in FOUR_EYES,
        "ends_clock": body.get("answer") in FINAL if body.get("answer") in set(Answer) else False,
        "here": _to("letter-draft", pk, purpose=by.purpose),
        "decisions": draft.decisions.select_related("person"),
        "warned": services.warnings(draft.content),
        "labels": labels(),
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "requests/letter_draft.html", context, status=422 if faults else 200)


def _permission_for(request: HttpRequest, pk: UUID) -> Permission:
    """As whom the reader opens a draft; raises Http404 where it is not for her."""
    reader = _by(request, P.REQUESTS_LETTER_READ)
    found = next((draft for draft in queries.open_drafts(reader.actor) if draft.pk == pk), None)
    if found is None:
        raise Http404
    return P.REQUESTS_LETTER_WRITE if str(found.author_id) == reader.actor_id else P.REQUESTS_LETTER_APPROVE


def _decide(request: HttpRequest, by: Grant, pk: UUID) -> HttpResponse:
    act, reasons = request.POST.get("act", ""), request.POST.get("reasons", "")
    if act in {"send", "approve"}:
        if act == "send":
            record = services.send_letter(by, pk)
        else:
            signer = unlock(by.actor_id, request.POST.get("officer_password", ""))
            record = services.approve_letter(by, pk, request.POST.get("seen", ""), reasons, signer)
        messages.success(request, _("Signed, and on its way to each addressee that an agreement opens it to."))
        return redirect(_to("letter", record.uid, purpose=by.purpose))
    if act == "submit":
        services.submit_letter(by, pk)
        messages.success(request, _("The letter waits for the approval of a second person."))
        return redirect(_to("letter-draft", pk, purpose=by.purpose))
    if act == "return":
        services.return_letter(by, pk, reasons)
        messages.success(request, _("Returned to the author."))
    elif act == "discard":
        services.discard_letter(by, pk)
        messages.success(request, _("The draft is discarded."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect(_to("letters", purpose=by.purpose))


@require_GET
def download(request: HttpRequest, pk: UUID, number: int) -> StreamingHttpResponse:
    """A file of a draft, for its author and for whoever decides on it."""
    by = _by(request, _permission_for(request, pk))
    try:
        return served(*services.open_draft_file(by, pk, number))
    except Letter.DoesNotExist:
        raise Http404 from None


def _draft(by: Grant, pk: UUID) -> "Draft":
    try:
        return services.open_draft(by, pk)
    except Refused:
        raise Http404 from None


urls = [
    path("new/", new_letter, name="letter-new"),
    path("drafts/<uuid:pk>/", show_draft, name="letter-draft"),
    path("drafts/<uuid:pk>/edit/", edit_letter, name="letter-edit"),
    path("drafts/<uuid:pk>/files/", letter_files, name="letter-files"),
    path("drafts/<uuid:pk>/files/<int:number>/", download, name="letter-draft-file"),
]
