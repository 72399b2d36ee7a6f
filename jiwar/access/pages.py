"""Administration: people, agencies, API tokens. Nothing here shows a case, an alert or a search."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from jiwar.access.permissions import OF_TOKENS, Permission, Purpose
from jiwar.access.queries import tokens
from jiwar.access.services import authorise, make_token, revoke_token
from jiwar.identity.directory import agencies, people
from jiwar.identity.roles import Clearance, Role
from jiwar.identity.services import (
    LastAdministrator,
    RolesConflict,
    add_agency,
    add_person,
    change_person,
    one_time_password,
    set_one_time_password,
)
from jiwar.wire.faults import Fault, Refused

LONGEST_TOKEN = 366
_OF_DJANGO = {
    "blank": "missing",
    "null": "missing",
    "max_length": "too_long",
    "unique": "taken",
    "invalid": "wrong_form",
}


def faults_of(error: ValidationError, unnamed: str = "") -> tuple[Fault, ...]:
    """Faults from Django's validation; `unnamed` is the field of what it lays to none."""
    named = error.error_dict if hasattr(error, "error_dict") else {unnamed: error.error_list}
    return tuple(
        Fault(_OF_DJANGO.get(one.code or "", one.code or "wrong_form"), field)
        for field, all_ in named.items()
        for one in all_
    )


def _roles(request: HttpRequest) -> frozenset[Role]:
    return frozenset(Role(role) for role in request.POST.getlist("roles") if role in set(Role))


def _clearance(request: HttpRequest) -> Clearance:
    stated = request.POST.get("clearance", "")
    return Clearance(stated) if stated in set(Clearance) else Clearance.STANDARD


@require_GET
def show_people(request: HttpRequest) -> HttpResponse:
    """Everyone with a sign-in, and the agencies."""
    authorise(request, Permission.IDENTITY_PERSON_MANAGE)
    return render(request, "access/people.html", {"people": people(), "agencies": agencies()})


def new_person(request: HttpRequest) -> HttpResponse:
    """Add a person; her first password is shown once."""
    grant = authorise(request, Permission.IDENTITY_PERSON_MANAGE)
    known = agencies()
    typed = {name: request.POST.get(name, "").strip() for name in ("username", "full_name", "agency", "language")}
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        faults = tuple(Fault("missing", name) for name in ("username", "full_name") if not typed[name])
        if not re.fullmatch(r"[a-z0-9._-]{0,60}", typed["username"]):
            faults += (Fault("wrong_form", "username"),)
        agency = known.filter(code=typed["agency"]).first()
        if agency is None:
            faults += (Fault("missing", "agency"),)
        if not _roles(request):
            faults += (Fault("missing", "roles"),)
        if agency and not faults:
            password = one_time_password()
            try:
                person = add_person(
                    typed["username"],
                    typed["full_name"],
                    password,
                    agency=agency,
                    roles=_roles(request),
                    clearance=_clearance(request),
                    language=typed["language"] if typed["language"] in ("ar", "fr", "en") else "",
                    must_change_password=True,
                    by=grant.actor_id,
                )
            except ValidationError as error:
                faults = faults_of(error)
            except RolesConflict:
                faults = (Fault("roles_conflict", "roles"),)
            else:
                return render(request, "access/password.html", {"subject": person, "password": password})
    context = {"typed": typed, "roles": _roles(request), "clearance": _clearance(request), "agencies": known}
    return render(request, "access/new_person.html", context | {"faults": faults}, status=422 if faults else 200)


def change(request: HttpRequest, person: str) -> HttpResponse:
    """A person's roles, clearance, and whether she may sign in."""
    grant = authorise(request, Permission.IDENTITY_PERSON_MANAGE)
    subject = get_object_or_404(people(), pk=person)
    context: dict[str, Any] = {
        "subject": subject,
        "roles": subject.roles,
        "clearance": subject.clearance,
        "is_active": subject.is_active,
        "faults": (),
    }
    if request.method == "POST":
        wanted: dict[str, Any] = {
            "roles": _roles(request),
            "clearance": _clearance(request),
            "is_active": "is_active" in request.POST,
        }
        try:
            change_person(subject, **wanted, by=grant.actor_id)
        except RolesConflict:
            context |= wanted | {"faults": (Fault("roles_conflict", "roles"),)}
        except LastAdministrator:
            context |= wanted | {"faults": (Fault("last_administrator", "roles"),)}
        else:
            return redirect("people")
    return render(request, "access/person.html", context, status=422 if context["faults"] else 200)


@require_POST
def new_password(request: HttpRequest, person: str) -> HttpResponse:
    """Set a one-time password, shown once."""
    grant = authorise(request, Permission.IDENTITY_PERSON_MANAGE)
    subject = get_object_or_404(people(), pk=person)
    password = set_one_time_password(subject, lost_device="lost_device" in request.POST, by=grant.actor_id)
    return render(request, "access/password.html", {"subject": subject, "password": password})


def new_agency(request: HttpRequest) -> HttpResponse:
    """Add an agency."""
    grant = authorise(request, Permission.IDENTITY_PERSON_MANAGE)
    typed = {name: request.POST.get(name, "").strip() for name in ("code", "name")}
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            add_agency(typed["code"], typed["name"], by=grant.actor_id)
        except ValidationError as error:
            faults = faults_of(error)
        else:
            return redirect("people")
    return render(request, "access/new_agency.html", {"typed": typed, "faults": faults}, status=422 if faults else 200)


@require_GET
def show_tokens(request: HttpRequest) -> HttpResponse:
    """All tokens of the JSON API."""
    authorise(request, Permission.ACCESS_TOKEN_MANAGE)
    return render(request, "access/tokens.html", {"tokens": tokens()})


def new_token(request: HttpRequest) -> HttpResponse:
    """Make a token; its secret is shown once."""
    grant = authorise(request, Permission.ACCESS_TOKEN_MANAGE)
    known = agencies()
    typed = {name: request.POST.get(name, "").strip() for name in ("agency", "label", "purpose")}
    typed["days"] = request.POST.get("days", "90").strip()
    chosen = [p for p in OF_TOKENS if p in request.POST.getlist("permissions")]
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        agency = known.filter(code=typed["agency"]).first()
        wrong = {
            "agency": "missing" if agency is None else "",
            "label": "missing" if not typed["label"] else "too_long" if len(typed["label"]) > 100 else "",
            "purpose": "" if typed["purpose"] in set(Purpose) else "missing",
            "permissions": "" if chosen else "missing",
            "days": ""
            if re.fullmatch(r"[1-9][0-9]{0,2}", typed["days"]) and int(typed["days"]) <= LONGEST_TOKEN
            else "out_of_range",
        }
        faults = tuple(Fault(code, field) for field, code in wrong.items() if code)
        if agency and not faults:
            purpose, days = Purpose(typed["purpose"]), int(typed["days"])
            try:
                token, secret = make_token(grant, agency, typed["label"], chosen, purpose, days)
            except Refused as refused:
                faults = refused.faults
            else:
                return render(request, "access/secret.html", {"token": token, "secret": secret})
    context = {"typed": typed, "chosen": chosen, "agencies": known, "permissions": OF_TOKENS, "faults": faults}
    return render(request, "access/new_token.html", context, status=422 if faults else 200)


@require_POST
def end_token(request: HttpRequest, token: str) -> HttpResponse:
    """End a token at once."""
    grant = authorise(request, Permission.ACCESS_TOKEN_MANAGE)
    revoke_token(grant, get_object_or_404(tokens().filter(revoked_at=None), pk=token))
    return redirect("tokens")


urls = [
    path("people/", show_people, name="people"),
    path("people/new", new_person, name="person-new"),
    path("people/<uuid:person>", change, name="person"),
    path("people/<uuid:person>/password", new_password, name="person-password"),
    path("people/agencies/new", new_agency, name="agency-new"),
    path("tokens/", show_tokens, name="tokens"),
    path("tokens/new", new_token, name="token-new"),
    path("tokens/<uuid:token>/revoke", end_token, name="token-revoke"),
]
