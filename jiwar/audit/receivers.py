"""Listens to `identity`, the room below: a change of people, nodes, keys or tokens is a leaf too."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import Signal

from jiwar.audit.services import append_as
from jiwar.identity import events

_EVENTS = {name: signal for name, signal in vars(events).items() if isinstance(signal, Signal)}


def _append(act: str) -> Any:
    def receive(sender: Any, by: str, subject: str, detail: dict[str, Any], **_: Any) -> None:
        append_as(act, by, "node" if by == "system" else "console", subject, detail)

    return receive


def _signed_in(sender: Any, request: Any, user: Any, **_: Any) -> None:
    with transaction.atomic():
        append_as("person_signed_in", str(user.pk), "console", str(user.pk))


def _signed_out(sender: Any, request: Any, user: Any, **_: Any) -> None:
    if user is not None:
        with transaction.atomic():
            append_as("person_signed_out", str(user.pk), "console", str(user.pk))


def _failed(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    # What was typed may be a password in the wrong field: its length is all that is kept.
    with transaction.atomic():
        append_as(
            "sign_in_failed", "unknown", "console", detail={"name_length": len(str(credentials.get("username", "")))}
        )


def connect() -> None:
    """Called once when the room is loaded."""
    for name, signal in _EVENTS.items():
        signal.connect(_append(name), weak=False, dispatch_uid=f"audit.{name}")
    user_logged_in.connect(_signed_in, dispatch_uid="audit.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="audit.signed_out")
    user_login_failed.connect(_failed, dispatch_uid="audit.failed")
