"""The pages of lost and stolen documents in a real browser: reported, asked, taken back; three languages."""

from pathlib import Path
from typing import Any

import pytest

from tests.pages.test_trust import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_series_is_reported_asked_for_and_taken_back(
    page: Any, live_server: Any, people: Any, axe: Any, settings: Any, tmp_path: Path
) -> None:
    settings.DATA, here = tmp_path, live_server.url
    people.sign_in(page, here, "contact_officer")
    page.goto(f"{here}/documents/")
    page.get_by_role("link", name="Lost and stolen documents").click()
    page.get_by_role("link", name="Report a document").click()
    page.get_by_label("Type").select_option("passport")
    page.get_by_label("What happened").select_option("stolen_blank")
    page.get_by_label("Since").fill("2026-10-31")
    page.get_by_label("Number", exact=True).fill("LY 000 100")
    page.get_by_label("Last number").fill("LY000099")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Last number of the series").wait_for()
    page.get_by_label("Last number").fill("LY000199")
    page.keyboard.press("Enter")
    page.get_by_text("Reported.").wait_for()
    report = page.url.removeprefix(here)
    (tmp_path / "table.csv").write_text("type,number,status,since\npassport,AO1,lost,2026-10-01\npassport,A02,gone,\n")
    page.goto(f"{here}/documents/lost/import/")
    page.get_by_label("Table").set_input_files(tmp_path / "table.csv")
    page.get_by_role("button", name="Report its documents").click()
    page.get_by_text("The wrong lines were passed over").wait_for()
    wrong = {"imported": found} if (found := narrow(page, axe)) else {}
    for number, said in (("LY000150", "stolen blank"), ("A01", "Look again"), ("ZZ9", "is not registered")):
        page.goto(f"{here}/documents/lost/")
        page.get_by_label("Number").fill(number)
        page.keyboard.press("Enter")
        page.get_by_text(said).first.wait_for()
        if found := narrow(page, axe):
            wrong[number] = found
    addresses = {
        "report": report,
        "reports": "/documents/lost/reports/",
        "new": "/documents/lost/report/",
    }
    assert wrong | look(page, here, axe, addresses) == {}
    page.goto(here + report)
    page.get_by_text("Take it out").first.click()
    page.get_by_label("Reason").fill("Found in the press")
    page.keyboard.press("Enter")
    page.get_by_text("Taken back.").wait_for()
    page.goto(f"{here}/documents/lost/")
    page.get_by_label("Number").fill("LY000150")
    page.keyboard.press("Enter")
    page.get_by_text("is not registered").wait_for()


def narrow(page: Any, axe: Any) -> list[str]:
    """What axe finds on a phone, and whether the page is wider."""
    page.set_viewport_size({"width": 390, "height": 844})
    over = not page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return [*axe(page), *(["too wide"] if over else [])]
