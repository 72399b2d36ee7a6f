"""The console as a test sees it: clients that are signed in, pages as their words."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from django.test import Client

SignIn = Callable[..., Client]
"""`sign_in(role, language)`: a client of a person with that role."""


def text(response: Any) -> str:
    found = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))
    return found.replace("\xa0", " ")
