"""How much a page takes in: one limit for every form, another where a page names it."""

from collections.abc import Callable
from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler

MOST = 1_000_000
"""Bytes of a form, with the files in it, unless its page names another limit."""

View = Callable[..., Any]


class InMemory(MemoryFileUploadHandler):
    """Files of a form that touch no disk: of what the node keeps nothing, nothing lies in a temporary folder either."""

    def handle_raw_input(self, *_: Any, **__: Any) -> None:
        self.activated = True


def takes(most: int | None, *, in_memory: bool = False) -> Callable[[View], View]:
    """A page that takes a body of so many bytes; None: it measures the body itself, to answer in its own form.

    `in_memory`: the files in it are never written to a disk.
    """

    def named(view: View) -> View:
        view.largest_body = most  # type: ignore[attr-defined]
        view.in_memory = in_memory  # type: ignore[attr-defined]
        return view

    return named


def largest(view: object) -> int | None:
    """Bytes that a view takes, None where it measures them itself."""
    most: int | None = getattr(view, "largest_body", MOST)
    return most
