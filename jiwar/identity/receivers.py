"""Listens to allauth: what a person changes in her own sign-in is an event of this room, and so a leaf."""

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.db import transaction

from jiwar.identity import events
from jiwar.identity.services import password_chosen


def _password_changed(sender: Any, user: Any, **_: Any) -> None:
    password_chosen(user)


def _second_factor(change: str) -> Any:
    def receive(sender: Any, user: Any, authenticator: Authenticator, **_: Any) -> None:
        detail = {change: str(authenticator.type)}
        with transaction.atomic():
            events.second_factor_changed.send(type(user), by=str(user.pk), subject=str(user.pk), detail=detail)

    return receive


def connect() -> None:
    """Called once when the room is loaded."""
    password_changed.connect(_password_changed, dispatch_uid="identity.password_changed")
    for change, signal in (
        ("added", authenticator_added),
        ("removed", authenticator_removed),
        ("made_anew", authenticator_reset),
    ):
        signal.connect(_second_factor(change), weak=False, dispatch_uid=f"identity.{change}")
