"""Blind matching in a real browser: asking, results, what neighbours ask, lists, quotas; three languages, a phone."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest

from tests.matching.conftest import Niger, agree
from tests.pages.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PURPOSE = "purpose=criminal_investigation"


@pytest.fixture
def niger(people, monkeypatch) -> Niger:
    from jiwar.matching import worker

    monkeypatch.setattr(worker, "wake", lambda: None)
    neighbour = Niger()
    agree(neighbour)
    return neighbour


@pytest.fixture
def listed(niger, people) -> Any:
    """A list of stolen vehicles, and neighbours' questions about plates that an officer decides on."""
    from django.utils import timezone

    from jiwar.access.permissions import Permission, Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.matching import services
    from jiwar.matching.logic.key_types import KeyType

    officer, approver = (actor_of_person(people[role]) for role in ("contact_officer", "approver"))
    by = allow(officer, Permission.MATCHING_LIST_MANAGE, Purpose.CRIMINAL_INVESTIGATION)
    lines = b"NER;8A0001;file 1\nNER;8A0002;file 2\n"
    until = timezone.now().date() + dt.timedelta(days=90)
    services.add_list(by, KeyType.PLATE, "سيارات مسروقة", lines, until, answers=True)
    quota = allow(approver, Permission.MATCHING_QUOTA_MANAGE)
    services.set_allowance(quota, "NER", KeyType.PLATE, 100, 0, by_hand=True)
    return niger


def inquire(niger: Niger) -> str:
    from jiwar.matching.logic.key_types import KeyType

    return niger.ask(KeyType.PLATE, ["NER 8A0001", "NER 8A0007"])


def settle(niger: Niger) -> None:
    from jiwar.matching import services

    services.work()
    for signed in niger.answer(["NER 8A0002"]):
        niger.deliver(signed)
    services.work()


def test_an_officer_asks_and_sees_what_to_do(page, live_server, people, listed):
    from jiwar.matching import services
    from jiwar.matching.models import Question

    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/matching/?{PURPOSE}")
    page.get_by_role("link", name="Ask a neighbour").click()
    page.get_by_label("Neighbour").select_option("NER")
    page.get_by_label("Type of key").select_option("plate")
    page.get_by_label("Keys", exact=False).and_(page.locator("textarea")).fill("NER;8A 0002;file 2\nNER;!\n")
    page.get_by_label("Legal basis").fill("Agreement LBY-NER, art. 3")
    page.get_by_label("Case").fill("LBY/2026/7")
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("alert").get_by_role("link", name="Line 2, plate").click()
    page.locator("textarea").fill("NER;8A 0002;file 2")
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("status").get_by_text("The keys are being blinded").wait_for()
    services.work()
    page.get_by_role("status").get_by_text("The question is on its way").wait_for()  # the page asks by itself
    settle(listed)
    page.get_by_role("heading", name="What to do next").wait_for()
    page.get_by_role("cell", name="NER 8A0002").wait_for()
    page.get_by_role("cell", name="file 2").wait_for()
    assert Question.objects.get().seen


def test_the_officer_decides_about_a_neighbours_question(page, live_server, people, listed):
    from jiwar.matching import services
    from jiwar.matching.models import Inquiry

    question = inquire(listed)
    people.sign_in(page, live_server.url, "approver")
    page.goto(live_server.url)
    page.get_by_role("link", name="neighbours’ questions to decide on").click()
    page.get_by_label("criminal investigation").check()
    page.get_by_role("button", name="Continue").click()
    page.locator("a[href*='asked-of-us']").click()
    page.get_by_role("button", name="Answer").click()
    page.get_by_text("Decided. The neighbour is told.").wait_for()
    services.work()
    found, outputs, _ = listed.open(question)
    assert found == [True, False]
    listed.tell(question, outputs[:1])
    services.work()
    page.reload()
    page.get_by_role("cell", name="NER 8A0001").wait_for()
    page.get_by_role("cell", name="file 1").wait_for()
    assert Inquiry.objects.get().hits == 1


def test_a_list_is_entered_from_a_file_and_deleted(page, live_server, people, niger, tmp_path):
    from jiwar.matching.models import KeyList, ListedKey

    people.sign_in(page, live_server.url, "analyst")
    page.goto(f"{live_server.url}/matching/lists/?{PURPOSE}")
    file = tmp_path / "vehicles.csv"
    file.write_text("vin;reference\n1M8GDM9AXKP042788;a\nWVWZZZ1JZXW000001;b\n")
    page.get_by_label("Name of the list").fill("Stolen vehicles")
    page.get_by_label("Type of key").select_option("vin")
    page.get_by_label("File").set_input_files(file)
    page.get_by_label("Used until").fill((dt.date.today() + dt.timedelta(days=30)).isoformat())
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("cell", name="Stolen vehicles").wait_for()
    assert ListedKey.objects.count() == 2
    page.locator("details.confirm summary").click()
    page.locator("details.confirm button").click()
    page.get_by_text("No list was entered for this purpose.").wait_for()
    assert not KeyList.objects.exists()


def test_the_approver_sets_a_quota(page, live_server, people, niger):
    from jiwar.matching.models import Allowance

    people.sign_in(page, live_server.url, "approver")
    page.goto(f"{live_server.url}/matching/quotas/")
    page.get_by_role("link", name="number plate").click()
    page.get_by_label("Few at a time").fill("99999")
    page.get_by_role("button", name="Set").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("Few at a time").fill("30")
    page.get_by_label("An officer decides each time").check()
    page.get_by_role("button", name="Set").click()
    page.get_by_role("heading", name="Quotas").wait_for()
    row = Allowance.objects.get()
    assert (row.node, row.key_type, row.online_a_day, row.by_hand) == ("NER", "plate", 30, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_accessibility_fault(page, live_server, people, listed, axe, language):
    from jiwar.access.permissions import Permission, Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.matching import services
    from jiwar.matching.answering import release
    from jiwar.matching.logic.key_types import KeyType, Mode
    from jiwar.matching.models import Inquiry

    by = allow(
        actor_of_person(people["contact_officer"]),
        Permission.MATCHING_REQUEST_MAKE,
        Purpose.CRIMINAL_INVESTIGATION,
        "LBY/2026/7",
    )
    typed = b"NER;8A0002;file 2\nNER;8A0003\n"
    asked = services.Asked("NER", KeyType.PLATE, Mode.ONLINE, "Agreement LBY-NER, art. 3", typed=typed)
    hit, waiting = services.ask(by, asked), None
    settle(listed)
    waiting = services.ask(by, asked)
    services.work()
    question = inquire(listed)
    officer = allow(
        actor_of_person(people["approver"]), Permission.MATCHING_REQUEST_ANSWER, Purpose.CRIMINAL_INVESTIGATION
    )
    release(officer, Inquiry.objects.get().pk)
    services.work()
    _, outputs, _ = listed.open(question)
    listed.tell(question, outputs[:1])
    services.work()
    inquire(listed)
    answered, undecided = Inquiry.objects.order_by("received_at")
    for role, pages in {
        "contact_officer": {
            "matching": "/matching/?",
            "ask": "/matching/ask/?",
            "lists": "/matching/lists/?",
            "hit": f"/matching/asked/{hit.pk}/?",
            "waiting": f"/matching/asked/{waiting.pk}/?",
        },
        "approver": {
            "inquiry": f"/matching/asked-of-us/{answered.pk}/?",
            "undecided": f"/matching/asked-of-us/{undecided.pk}/?",
            "quotas": "/matching/quotas/?",
            "quota": "/matching/quotas/NER/plate/?",
        },
    }.items():
        people.sign_in(page, live_server.url, role)
        page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
        for name, address in pages.items():
            page.goto(live_server.url + address + PURPOSE)
            assert axe(page) == [], address
            for width, height in ((390, 844), (1366, 768)):
                page.set_viewport_size({"width": width, "height": height})
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
                if folder := os.environ.get("SHOTS"):
                    page.screenshot(path=Path(folder, f"{name}-{language}-{width}.png"), full_page=True)
