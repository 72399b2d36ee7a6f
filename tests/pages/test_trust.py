"""The pages of trust in a real browser: a certificate vouched for by two people, what it reaches, three languages."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.documents.trust.authorities import START, Authority

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_two_people_vouch_and_the_page_says_how_far_trust_reaches(
    page: Any, live_server: Any, people: Any, axe: Any, tmp_path: Path
) -> None:
    here, niger = live_server.url, Authority.make("NE", name="CSCA Niger")
    (tmp_path / "niger.cer").write_bytes(niger.der)
    (tmp_path / "libya.cer").write_bytes(Authority.make("LY", name="CSCA Libya").der)
    (tmp_path / "niger.crl").write_bytes(niger.crl(START, 77))
    people.sign_in(page, here, "contact_officer")
    page.goto(f"{here}/documents/")
    page.get_by_role("link", name="Trust").click()
    page.get_by_role("link", name="Vouch for a certificate").click()
    page.get_by_label("File").set_input_files(tmp_path / "niger.cer")
    page.get_by_label("What it is trusted for").select_option("anchor")
    page.get_by_label("How it came").select_option("diplomatic")
    page.get_by_label("How its fingerprint was compared").fill("Read aloud by the embassy on 3 November")
    page.get_by_label("Reason").fill("Note verbale 114/2026")
    page.keyboard.press("Enter")
    page.get_by_text("It waits for the approval of a second person.").wait_for()
    draft = page.url.removeprefix(here)
    people.sign_in(page, here, "approver")
    page.goto(here + draft)
    assert page.get_by_text(niger.fingerprint).is_visible()
    looked = look(page, here, axe, {"draft": draft})
    page.goto(here + draft)
    page.get_by_role("button", name="Approve and sign").click()
    page.get_by_text("Approved and signed.").wait_for()
    people.sign_in(page, here, "contact_officer")
    page.goto(f"{here}/documents/trust/own/")
    page.get_by_label("File").set_input_files(tmp_path / "libya.cer")
    page.get_by_role("button", name="Submit for approval").click()
    page.get_by_text("Our own certificate, to show to neighbours").wait_for()
    own = page.url.removeprefix(here)
    people.sign_in(page, here, "approver")
    page.goto(here + own)
    page.get_by_role("button", name="Approve and sign").click()
    page.get_by_text("Approved and signed.").wait_for()
    page.goto(f"{here}/documents/trust/own/")
    page.get_by_text("Take back").first.click()
    assert page.get_by_label("Reason").is_visible()
    people.sign_in(page, here, "contact_officer")
    page.goto(f"{here}/documents/trust/read/")
    page.get_by_label("File").set_input_files(tmp_path / "niger.crl")
    page.get_by_label("Reason").fill("From Niamey, by memory stick")
    page.get_by_role("button", name="Read it in").click()
    page.get_by_role("heading", name="niger.crl").wait_for()
    addresses = {
        "start": "/documents/",
        "trust": "/documents/trust/",
        "state": "/documents/trust/states/NE/",
        "none": "/documents/trust/states/LY/",
        "certificate": f"/documents/trust/certificates/{niger.fingerprint}/",
        "own": "/documents/trust/own/",
        "read": "/documents/trust/read/",
        "files": "/documents/trust/files/",
        "file": page.url.removeprefix(here),
        "vouch": "/documents/trust/vouch/",
    }
    assert looked | look(page, here, axe, addresses) == {}


def look(page: Any, here: str, axe: Any, addresses: dict[str, str]) -> dict[str, list[str]]:
    """What is wrong with pages, by page and language: axe's findings, or wider than a phone."""
    wrong = {}
    # From right to left, where pages break; all three where somebody looks at them.
    for language in ("ar", "fr", "en") if os.environ.get("SHOTS") else ("ar",):
        page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": here}])
        for name, address in addresses.items():
            page.set_viewport_size({"width": 1366, "height": 768})
            page.goto(here + address)
            found = axe(page)
            for width, height in ((1366, 768), (390, 844)):
                page.set_viewport_size({"width": width, "height": height})
                if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                    found.append(f"wider than {width}")
                if folder := os.environ.get("SHOTS"):
                    page.screenshot(path=Path(folder, f"{name}-{language}-{width}.png"), full_page=True)
            if found:
                wrong[f"{name} {language}"] = found
    page.context.add_cookies([{"name": "jiwar_language", "value": "en", "url": here}])
    return wrong
