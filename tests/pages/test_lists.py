"""The pages of public lists in a real browser: with and without JavaScript, in three languages, on a phone."""

import os
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "jiwar" / "watchlist" / "data" / "un_sample.xml"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def reading(people):
    """The sample list, read by the contact officer."""
    from jiwar.access.permissions import Permission, Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.watchlist.lists import import_un_list

    by = allow(actor_of_person(people["contact_officer"]), Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
    with SAMPLE.open("rb") as file:
        return import_un_list(by, file, SAMPLE.name)


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_no_page_has_an_accessibility_fault(page, live_server, people, reading, axe, language):
    from jiwar.watchlist.models import Entry

    people.sign_in(page, live_server.url, "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    entry = Entry.objects.get(reference="JWi.001")
    for name, address in {
        "lists": "/lists/",
        "read": "/lists/read/",
        "reading": f"/lists/readings/{reading.pk}/",
        "listings": "/lists/entries/",
        "listing": f"/lists/entries/{entry.pk}/",
    }.items():
        page.goto(live_server.url + address)
        assert axe(page) == [], address
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=Path(folder, f"{name}-{language}-{width}.png"), full_page=True)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_list_is_read_by_its_form(browser, live_server, people, scripts, tmp_path):
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    people.sign_in(page, live_server.url, "contact_officer")
    spoiled = tmp_path / "spoiled.xml"
    spoiled.write_bytes(SAMPLE.read_bytes()[:7000])
    page.goto(live_server.url + "/lists/read/")
    page.get_by_label("File").set_input_files(spoiled)
    page.get_by_role("button", name="Read the list").click()
    page.get_by_role("alert").get_by_text("The file is not whole and well-formed XML").wait_for()
    page.get_by_label("File").set_input_files(SAMPLE)
    page.get_by_role("button", name="Read the list").click()
    page.get_by_role("heading", name="What was read").wait_for()
    assert "/lists/readings/" in page.url
    page.reload()
    page.get_by_text("un_sample.xml").wait_for()
    context.close()
