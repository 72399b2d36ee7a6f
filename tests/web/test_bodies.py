"""One limit for what a page takes in; what is longer is refused before any of it is read."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.test import Client
from django.urls import reverse

from jiwar.access.bodies import MOST
from tests.web.test_bad_input import ADDRESSES, ARGUMENTS, clients  # noqa: F401

LANGUAGES = {"ar": "1 ميغابايت", "fr": "1 Mo", "en": "1 MB"}
LARGER = {
    reverse("list-read"),
    reverse("bridge-read", args=["x"]),
    reverse("document-holder"),
    reverse("document-picture"),
    reverse("document-trust-read"),
    reverse("lost-import"),
    reverse("pouch-open"),
    reverse("letter-files", args=[ARGUMENTS["uuid"]]),
    reverse("match-ask"),
    reverse("match-lists"),
    reverse("document-check"),
    reverse("document-holder"),
    reverse("document-picture"),
    reverse("document-trust-read"),
    reverse("lost-import"),
}


class Reading(MemoryFileUploadHandler):
    """A file that a page begins to read."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("it was read")


def test_no_page_takes_more_than_a_form_but_those_that_take_files(clients: list[Client]) -> None:  # noqa: F811
    _, signed_in = clients
    long = {"content_type": "multipart/form-data; boundary=b", "CONTENT_LENGTH": str(MOST + 1)}
    told = {at: signed_in.post(at, b"", **long).status_code for at in ADDRESSES if not at.startswith("/taxii2/")}
    assert {at for at, status in told.items() if status != 413} == LARGER


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_who_has_not_signed_in_uploads_nothing(settings: Any, language: str) -> None:
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Reading"]
    client, page = Client(headers={"Accept-Language": language}), reverse("account_login")
    answer = client.post(page, {"login": "a", "file": SimpleUploadedFile("a", b"x" * MOST)})
    words = re.sub(r"<[^>]+>", "", answer.content.decode().partition("<main")[2]).replace("\xa0", " ")
    assert (answer.status_code, LANGUAGES[language] in words) == (413, True)
    with pytest.raises(AssertionError, match="it was read"):
        client.post(page, {"file": SimpleUploadedFile("a", b"x" * (MOST - 1000))})


def test_a_page_that_names_a_larger_limit_has_one(clients: list[Client]) -> None:  # noqa: F811
    _, signed_in = clients
    for name, args in (("match-lists", []), ("letter-files", [ARGUMENTS["uuid"]])):
        long = {"content_type": "multipart/form-data; boundary=b", "CONTENT_LENGTH": str(60_000_000)}
        assert signed_in.post(reverse(name, args=args), b"", **long).status_code == 413
