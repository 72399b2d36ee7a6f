"""The pages of bridges in a real browser: a file is read and taken in, a record exported, in three languages."""

import io
import json
import os
from pathlib import Path

import pytest

from tests.bridges.conftest import SOURCE
from tests.bridges.logic.test_coming_in import OTHER, person, thing
from tests.pages.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BUNDLE = {
    "type": "bundle",
    "objects": [
        person(
            x_opencti_aliases=["أحمد تراوري"],
            x_misp_date_of_birth="1984-03-09",
            x_misp_nationality="Niger",
            x_misp_passport_number="K0451187",
            x_misp_passport_country="NER",
            roles=["driver"],
        ),
        thing("identity", id=OTHER, name="Caravane du Nord", identity_class="organization", revoked=True),
        thing("indicator", pattern="[file:name = 'x']", pattern_type="stix"),
        thing("relationship", relationship_type="indicates", source_ref=thing("indicator")["id"], target_ref=OTHER),
        thing("malware", name="<script>alert(1)</script>"),
    ],
}


@pytest.fixture
def grant(people):
    """A person's grant, by her role."""
    from jiwar.access.permissions import Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person

    return lambda role, permission: allow(actor_of_person(people[role]), permission, Purpose.CRIMINAL_INVESTIGATION)


@pytest.fixture
def reading(people, grant):
    """A source with a file that waits."""
    from jiwar.access.permissions import Permission as P
    from jiwar.bridges import services
    from jiwar.bridges.models import Source

    by = grant("contact_officer", P.WATCHLIST_LIST_IMPORT)
    services.define_source(by, SOURCE | {"url": "https://cti.example.org/taxii2/api/", "collection": "one"})
    Source.objects.update(failure="http 401")
    data = json.dumps(BUNDLE).encode()
    return services.read_file(by, "interpol", "stix", io.BytesIO(data), "notices-2026-11.json")


@pytest.fixture
def alert(people, grant):
    """An own alert in force."""
    from jiwar.access.permissions import Permission as P
    from jiwar.watchlist import services
    from tests.watchlist.alerts.conftest import alert_content

    draft = services.draft_alert(grant("contact_officer", P.WATCHLIST_ALERT_DRAFT), alert_content())
    draft = services.submit_alert(grant("contact_officer", P.WATCHLIST_ALERT_DRAFT), draft.pk)
    return services.approve_alert(grant("approver", P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_accessibility_fault(page, live_server, people, reading, alert, grant, axe, language):
    from jiwar.access.permissions import Permission as P
    from jiwar.bridges import services
    from jiwar.identity.models import Agency
    from jiwar.watchlist.models import Entry

    here = f"/bridges/readings/{reading.pk}/"
    export = f"/bridges/export/{alert.uid}/?purpose=criminal_investigation"
    before = {
        "sources": "/bridges/",
        "source": "/bridges/sources/interpol/",
        "new-source": "/bridges/sources/new/",
        "read": "/bridges/sources/interpol/read/",
        "reading": here,
        "reading-lost": f"{here}?show=lost",
        "reading-statements": f"{here}?show=statements",
        "export": export,
        "export-closed": f"{export}&to=NER&format=misp",
        "export-wrong": f"{export}&to=N1R",
        "no-entries": "/bridges/sources/interpol/entries/",
    }
    people.sign_in(page, live_server.url, "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    look(page, live_server.url, before, axe, language)
    services.take_reading(grant("contact_officer", P.WATCHLIST_LIST_IMPORT), reading.pk)
    entry = Entry.objects.get(reference__startswith="interpol:")
    after = {
        "reading-taken": here,
        "entries": "/bridges/sources/interpol/entries/",
        "entry": f"/bridges/sources/interpol/entries/{entry.pk}/",
    }
    look(page, live_server.url, after, axe, language)
    Agency.objects.create(code="ner-customs", name="Douanes du Niger")
    services.confirm_reader(grant("approver", P.BRIDGES_READER_CONFIRM), "ner-customs", "NER")
    people.sign_in(page, live_server.url, "approver")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    look(page, live_server.url, {"readers": "/bridges/readers/"}, axe, language)


def look(page, url, addresses, axe, language):
    for name, address in addresses.items():
        page.goto(url + address)
        assert axe(page) == [], address
        for width, height in ((390, 844), (1366, 768)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=Path(folder, f"{name}-{language}-{width}.png"), full_page=True)


def test_a_node_without_sources_says_what_a_source_is(page, live_server, people, axe):
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(live_server.url + "/bridges/")
    page.get_by_text("No source was entered yet.").wait_for()
    page.get_by_text("Nothing was read yet.").wait_for()
    assert axe(page) == []
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder, "empty-en-1366.png"), full_page=True)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_file_is_read_looked_at_and_taken_in(browser, live_server, people, reading, scripts, tmp_path):
    from jiwar.bridges.models import Reading

    Reading.objects.all().delete()
    file = tmp_path / "bundle.json"
    file.write_text('{"type":"x"}')
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(live_server.url + "/bridges/sources/interpol/read/")
    page.get_by_label("Format").select_option("stix")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Read the file").click()
    page.get_by_role("alert").get_by_text("This file is no STIX bundle.").wait_for()
    file.write_text(json.dumps(BUNDLE))
    page.get_by_label("Format").select_option("stix")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Read the file").click()
    page.get_by_role("heading", name="Nothing of this is used yet").wait_for()
    page.get_by_text("[file:name = 'x']").wait_for()
    page.get_by_role("link", name="Not understood").click()
    page.get_by_text("a type of which no entry comes").wait_for()
    page.get_by_role("link", name="Found", exact=True).click()
    page.get_by_role("button", name="Take in").click()
    page.get_by_text("Taken in. Screening finds it from now on").wait_for()
    assert Reading.objects.get().state == "taken"
    context.close()


def test_a_record_is_exported_by_the_keyboard(page, live_server, people, alert):
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(live_server.url + f"/alerts/{alert.uid}/?purpose=criminal_investigation")
    page.get_by_role("link", name="Export as STIX, MISP or FollowTheMoney").press("Enter")
    page.get_by_label("Format").select_option("ftm")
    page.get_by_role("button", name="Look").press("Enter")
    page.get_by_text("It may leave to this recipient.").wait_for()
    with page.expect_download() as told:
        page.get_by_role("button", name="Export the file").press("Enter")
    lines = Path(told.value.path()).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["schema"] for line in lines] == ["Person", "Passport", "Sanction", "PlainText"]
