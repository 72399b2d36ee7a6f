"""Sign-in of a person at the node's own terminal: for verbs that touch personal data."""

import getpass
import os

from django.conf import settings
from django.contrib.auth import authenticate

from jiwar.identity.models import Person


class SignInRefused(Exception):
    """Wrong name or password, or no second factor. Which of them is not said; a failure is in the ledger."""


def sign_in(username: str) -> Person:
    """Ask for the password, and for the code of an authenticator app where the node requires a second factor.

    For scripts: `JIWAR_PASSWORD` and `JIWAR_CODE` in the environment. Raises SignInRefused.
    """
    password = os.environ.get("JIWAR_PASSWORD") or getpass.getpass("Password: ")
    person = authenticate(None, username=username, password=password)
    if not isinstance(person, Person):
        raise SignInRefused("sign-in refused")
    if settings.NODE.require_second_factor:
        _check_code(person)
    return person


def _check_code(person: Person) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP

    held = Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).first()
    if held is None:
        raise SignInRefused("this node requires a second factor; at the terminal it is an authenticator app's code")
    if not TOTP(held).validate_code(os.environ.get("JIWAR_CODE") or getpass.getpass("Code: ")):
        raise SignInRefused("sign-in refused")
