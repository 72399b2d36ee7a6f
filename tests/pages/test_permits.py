"""Blanks and permits in a real browser: counted and signed for, typed, approved by another, printed, revoked."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jiwar.documents import permit_papers, signer
from jiwar.documents.models import Permit
from tests.documents.issuing import with_signer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sealing(people: Any, settings: Any) -> Iterator[None]:
    with_signer(settings.KEYS)
    yield
    (settings.KEYS / signer.FILE).unlink()


def test_a_nomad_permit_from_the_blank_to_its_revocation(
    page: Any, live_server: Any, people: Any, axe: Any, sealing: None
) -> None:
    here = live_server.url
    page.set_viewport_size({"width": 1366, "height": 768})
    people.sign_in(page, here, "contact_officer")
    page.goto(f"{here}/documents/stock/")
    page.get_by_text("Receive a delivery").first.click()
    delivery = page.locator("details[open] form")
    delivery.get_by_label("Type of document").select_option("crossing")
    delivery.get_by_label("First number").fill("CP000001")
    delivery.get_by_label("Last number").fill("CP000050")
    delivery.get_by_label("Printed by").fill("المطبعة الوطنية")
    delivery.get_by_role("button").click()
    page.get_by_text("The delivery is entered").wait_for()
    page.get_by_text("Hand over").first.click()
    offer = page.locator("details[open] form")
    offer.get_by_label("First number").fill("CP000041")
    offer.get_by_label("Last number").fill("CP000050")
    offer.get_by_label("Handed to").select_option(str(people["approver"].pk))
    offer.get_by_role("button").click()
    page.get_by_text("Offered. It is theirs").wait_for()

    page.goto(f"{here}/documents/permits/")
    page.get_by_role("link", name="Border crossing permit").click()
    assert page.get_by_label("Number of the blank").input_value() == "CP000001"
    page.get_by_label("Why it is issued").fill("Grazing between Kawar and the Fezzan")
    page.get_by_label("Legal basis").fill("Décret 2019-87, art. 4")
    page.get_by_label("a nomad").check()
    page.get_by_label("Surname").fill("Ould Khattar")
    page.get_by_label("Given names").fill("Salem")
    page.get_by_label("Name in Arabic").fill("سالم ولد خطار")
    page.get_by_label("Nationality").select_option("NER")
    page.get_by_label("Zones").fill("kawar, fezzan")
    season = page.get_by_role("group", name="Seasons 1")
    season.get_by_label("From").fill("01/11")
    season.get_by_label("To").fill("31/02")
    page.get_by_label("camels").fill("120")
    child = page.get_by_role("group", name="Family members 1")
    child.get_by_label("Who").select_option("child")
    child.get_by_label("Name").fill("Idrissa Ould Khattar")
    child.get_by_label("Date of birth").fill("2015")
    page.get_by_role("button", name="Submit for approval").click()
    assert page.get_by_role("alert").get_by_text("Seasons 1").is_visible()
    shots(page, "refused-form", "en", 1366)
    season.get_by_label("To").fill("31/03")
    page.get_by_role("button", name="Submit for approval").click()
    page.get_by_text("A second person must approve it.").wait_for()
    draft = page.url.removeprefix(here)

    people.sign_in(page, here, "approver")
    page.goto(f"{here}/documents/stock/")
    shots(page, "stock-offer", "en", 1366)
    page.get_by_role("button", name="Sign: I have them").click()
    page.get_by_text("Signed for: you keep these blanks.").wait_for()
    page.goto(here + draft)
    shots(page, "approve", "en", 1366)
    page.get_by_role("button", name="Approve and seal").click()
    page.get_by_text("Issued and sealed.").wait_for()
    permit = Permit.objects.get(number="CP000001")
    if permit_papers.is_available():
        with page.expect_download() as download:
            page.get_by_role("link", name="A4 sheet · français").click()
        assert permit_papers.seal_in(Path(download.value.path()).read_bytes()) == bytes(permit.seal)

    people.sign_in(page, here, "contact_officer")
    page.goto(f"{here}/documents/permits/new/convoy/")
    page.get_by_label("Operator").fill("Société des transports du Sahara")
    page.get_by_role("button", name="Keep as a draft").click()
    page.get_by_text("The draft is kept.").wait_for()
    kept = page.url.removeprefix(here)
    addresses = {
        "permits": "/documents/permits/",
        "permit": f"/documents/permits/{permit.uid}/",
        "form-crossing": f"/documents/permits/new/crossing/?of={permit.uid}",
        "form-convoy": kept + "edit/",
        "draft": kept,
        "stock": "/documents/stock/",
    }
    for language in ("ar", "fr", "en") if os.environ.get("SHOTS") else ("ar", "fr"):
        page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": here}])
        for name, address in addresses.items():
            page.set_viewport_size({"width": 1366, "height": 768})
            page.goto(here + address)
            assert axe(page) == [], (address, language)
            for width in (1366, 390):
                page.set_viewport_size({"width": width, "height": 844 if width == 390 else 768})
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
                shots(page, name, language, width)

    page.context.add_cookies([{"name": "jiwar_language", "value": "en", "url": here}])
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(here + addresses["permit"])
    page.get_by_text("Revoke").first.click()
    page.get_by_label("Reason").select_option("stolen")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_text("Each post refuses it").wait_for()
    assert page.get_by_role("link", name="A4 sheet").count() == 0
    assert timezone.localdate() <= permit.valid_until


def shots(page: Any, name: str, language: str, width: int) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder, f"{name}-{language}-{width}.png"), full_page=True)
