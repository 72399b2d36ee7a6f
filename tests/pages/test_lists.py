"""The pages of public lists in a real browser: with and without JavaScript, in three languages, on a phone."""

import datetime as dt
import io
import os
import re
from pathlib import Path

import pytest

from tests.pages.languages import LANGUAGES

SAMPLE = Path(__file__).resolve().parents[2] / "jiwar" / "watchlist" / "data" / "un_sample.xml"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


TABLE = "Réf;Nom;Né le;Sexe\n1;Salem Ould Hamada;05/12/1971;M\n2;Warda Zenati;1984;F\n"


@pytest.fixture
def importer(people):
    from jiwar.access.permissions import Permission, Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person

    return allow(actor_of_person(people["contact_officer"]), Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)


@pytest.fixture
def reading(importer):
    """The sample list, read and applied by the contact officer; and a version of it that removes most, which waits."""
    from jiwar.watchlist.list_readings import read_list
    from jiwar.watchlist.lists import import_un_list

    with SAMPLE.open("rb") as file:
        import_un_list(importer, file, SAMPLE.name)
    text = re.sub(r"<(INDIVIDUAL|ENTITY)>.*?</\1>", "", SAMPLE.read_text(encoding="utf-8"), count=12, flags=re.DOTALL)
    return read_list(importer, "un_security_council", {"less.xml": io.BytesIO(text.encode())})


@pytest.fixture
def table(importer):
    """A spreadsheet that was received; nobody has said yet what its columns are."""
    from jiwar.watchlist.list_tables import define_table, receive_table

    define_table(importer, "stolen", "Wanted in Agadez", "sanctions", "Loi 2016-22")
    return receive_table(importer, "stolen", {"agadez.csv": io.BytesIO(TABLE.encode())}, dt.date(2026, 11, 20))


@pytest.fixture
def editions(reading):
    """Three posts: one holds the edition, one lacks something, one has said nothing."""
    from django.utils import timezone

    from jiwar.identity.services import add_node
    from jiwar.watchlist.editions import tend
    from tests.foreign import ForeignNode
    from tests.watchlist.test_editions import BY, newest, say

    posts = [ForeignNode(f"LBY-{name}", role="post") for name in ("GHAT", "KUFRA", "SEBHA")]
    for post in posts:
        add_node(post.card())
    tend(BY, timezone.now())
    say(posts[0], sequence=1, edition=newest().hash, subjects=newest().body["subjects"])
    say(posts[1], code="edition_files_gone")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_accessibility_fault(page, live_server, people, reading, table, editions, axe, language):
    from jiwar.watchlist.models import Entry

    people.sign_in(page, live_server.url, "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    entry = Entry.objects.get(reference="JWi.001")
    for name, address in {
        "lists": "/lists/",
        "editions": "/lists/editions/",
        "read": "/lists/read/",
        "reading": f"/lists/readings/{reading.pk}/",
        "unread": f"/lists/readings/{reading.pk}/?show=unread",
        "tables": "/lists/tables/",
        "columns": f"/lists/readings/{table.pk}/columns/",
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
def test_a_list_is_read_by_its_form_and_applied_once_its_changes_were_seen(
    browser, live_server, people, scripts, tmp_path
):
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    people.sign_in(page, live_server.url, "contact_officer")
    spoiled = tmp_path / "spoiled.xml"
    spoiled.write_bytes(SAMPLE.read_bytes()[:7000])
    page.goto(live_server.url + "/lists/read/")
    page.get_by_label("List", exact=True).select_option("un_security_council")
    page.get_by_label("File").set_input_files(spoiled)
    page.get_by_role("button", name="Read the list").click()
    page.get_by_role("alert").get_by_text("The file is not whole and well-formed").wait_for()
    page.get_by_label("File").set_input_files(SAMPLE)
    page.get_by_role("button", name="Read the list").click()
    page.get_by_role("heading", name="Nothing of this is applied yet").wait_for()
    assert "/lists/readings/" in page.url
    page.get_by_text("YOUSSEF EL MEGARYEF").wait_for()
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("Applied. Screening finds it from now on.").wait_for()
    page.reload()
    page.get_by_text("un_sample.xml").wait_for()
    context.close()


def test_a_spreadsheet_is_read_by_what_a_person_says_of_its_columns(page, live_server, people, table):
    from jiwar.watchlist.models import ListImport, ListTable

    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/lists/readings/{table.pk}/")
    page.get_by_label("Between columns").select_option("semicolon")
    page.get_by_role("button", name="Open it so").click()
    columns = page.locator("select[name^='column.']")
    for place, field in enumerate(["reference", "name", "birth_date"]):
        columns.nth(place).select_option(field)
    page.get_by_label("What the rows are").select_option("person")
    page.get_by_label("How dates are written").select_option("day_first")
    columns.nth(3).select_option("unused")
    page.get_by_role("button", name="Read the list").click()
    page.get_by_role("heading", name="Nothing of this is applied yet").wait_for()
    page.get_by_text("Salem Ould Hamada").wait_for()
    assert ListTable.objects.get().mapping["columns"][3] == ["Sexe", ""]
    assert (ListImport.objects.get().new, ListImport.objects.get().unread) == (2, 0)
