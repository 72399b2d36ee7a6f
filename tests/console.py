"""The console as a test sees it: clients that are signed in, pages as their words."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from django.test import Client

from jiwar.identity.models import Person

SignIn = Callable[..., Client]
"""`sign_in(role, language)`: a client of a person with that role."""


def client_of(person: Person, language: str = "en") -> Client:
    """A client that is signed in, whatever a second factor is asked for elsewhere."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["jiwar_language"] = language
    return client


def text(response: Any) -> str:
    found = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))
    return found.replace("\xa0", " ")
