"""Saved searches in a real browser: from the answers of a search to what is new, and to the end."""

import datetime as dt

import pytest

from tests.pages.test_duplicates import alert, look, niger, node  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOR = "purpose=criminal_investigation"


def test_save_a_search_and_see_what_is_new(page, live_server, people, alert, axe):  # noqa: F811
    from django.utils import timezone

    from jiwar.analysis import saved
    from jiwar.analysis.models import SavedSearch

    people.sign_in(page, live_server.url, "analyst")
    page.goto(f"{live_server.url}/analysis/?{FOR}")
    page.get_by_label("Name", exact=True).fill("Salem Ould Khattar")
    page.get_by_label("Date of birth", exact=False).first.fill("1984-03-09")
    page.locator("#f-case").fill("LBY/2026/7")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("button", name="Save this search").click()
    page.get_by_label("Until").fill("2020-01-01")
    page.get_by_label("Title").fill("Road to Madama")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("alert").get_by_role("link", name="Until").click()
    assert axe(page) == []
    page.get_by_label("Until").fill((timezone.localdate() + dt.timedelta(days=90)).isoformat())
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Nothing new so far.").wait_for()
    alert()
    assert saved.ask_again(None, timezone.now()) == 1
    page.goto(live_server.url)
    page.get_by_role("link", name="new entries that your saved searches found").click()
    page.get_by_label("criminal investigation").check()
    page.get_by_role("button", name="Continue").click()
    look(page, live_server.url, {"saved": f"/analysis/saved/?{FOR}"}, axe)
    page.get_by_role("link", name="Road to Madama").click()
    page.get_by_role("link", name="Salem Ould Khattar").wait_for()
    row = SavedSearch.objects.get()
    look(page, live_server.url, {"saved-one": f"/analysis/saved/{row.pk}/?{FOR}"}, axe)
    page.locator("details.confirm summary").click()
    page.locator("details.confirm button").click()
    page.get_by_text("It has ended: the question and what it found are erased.").wait_for()
