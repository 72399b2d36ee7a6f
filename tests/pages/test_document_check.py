"""The verdict on a document, at the desk and on a page of its own, in a real browser, for every eye."""

from typing import Any

import pytest
from django.conf import settings

from jiwar.identity.models import Person
from jiwar.records.words import word
from tests.documents.test_checking import LINES, reading
from tests.pages.test_desk import desk, scan, sign_in  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_officer_sees_one_sentence_and_why_on_one_key(desk: Any, axe: Any) -> None:  # noqa: F811
    scan(desk, LINES.replace("7408122F", "7409122F"))
    verdict = desk.locator(".document-verdict")
    assert verdict.locator("h2").inner_text() == word("document_colour", "red", "en")
    assert "The check digit of Date of birth is wrong" in verdict.locator("> p").inner_text()
    assert not verdict.locator(".checks").is_visible()
    verdict.locator("summary").press("Enter")
    assert verdict.locator(".checks .failed").first.is_visible()
    assert axe(desk) == []


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_the_files_of_a_chip_are_checked(page: Any, live_server: Any, officer: Person, axe: Any, language: str) -> None:
    sign_in(page, live_server.url, officer, language)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server.url}/documents/check/")
    assert axe(page) == []
    page.locator("[name=zone]").fill(LINES)
    files = [{"name": f"{name}.bin", "mimeType": "application/octet-stream", "buffer": data}
             for name, data in reading().files.items()]  # fmt: skip
    page.locator("[name=files]").set_input_files(files)
    page.locator("form.panel button.primary:visible").click()
    verdict = page.locator(".document-verdict")
    assert verdict.locator("h2").inner_text() == word("document_colour", "amber", language)
    assert word("document_check", "issuer_unknown", language).partition("{")[0] in verdict.locator("> p").inner_text()
    verdict.locator("summary").click()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert settings.NODE.role == "post"
    page.locator("[name=zone]").fill("")
    page.locator("form.panel button.primary:visible").click()
    page.locator("#f-zone[aria-invalid=true]").wait_for()
