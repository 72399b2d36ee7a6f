"""The officer's desk in a real browser: by keyboard alone, without script, in three languages, for every eye."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from jiwar.crossings.demo import PAPERS, spoiled
from jiwar.crossings.models import Crossing, Screened
from jiwar.identity.models import Person
from jiwar.watchlist.models import Hit
from tests.console import client_of
from tests.post import DISCREET, MISSING_ADULT, Alerting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def zone(place: int) -> str:
    return PAPERS[place].zone(timezone.localdate())


def sign_in(page: Any, url: str, person: Person, language: str = "en") -> None:
    client = client_of(person)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies(
        [
            {"name": name, "value": client.cookies[name].value, "url": url},
            {"name": "jiwar_language", "value": language, "url": url},
        ]
    )


@pytest.fixture
def desk(page: Any, live_server: Any, officer: Person) -> Any:
    """The officer signed in, before the empty desk, which waits for a document to be read."""
    sign_in(page, live_server.url, officer)
    page.goto(f"{live_server.url}/screening/")
    page.locator("[name=mrz]:focus").wait_for()
    return page


def press(page: Any, focus: str, *keys: str) -> None:
    """Press keys one after the other, once the page has put the focus where an officer finds it."""
    page.locator(f"[name={focus}]:focus").wait_for()
    for key in keys:
        page.keyboard.press(key)


def scan(page: Any, text: str) -> None:
    """As a keyboard-wedge reader does: each line, and Enter after it, into whatever has the focus."""
    page.locator("[name=mrz]:focus").wait_for()
    for line in text.split("\n"):
        page.keyboard.type(line)
        page.keyboard.press("Enter")
    page.wait_for_url("**/screening/*-*/")


def test_a_traveller_whom_nobody_looks_for_takes_six_keys(desk: Any) -> None:
    scan(desk, zone(4))
    desk.get_by_role("heading", name="No match in the list.").wait_for()
    press(desk, "direction", "Space", "Tab", "Space", "Enter")  # in, passed, record
    desk.wait_for_url("**/screening/")
    assert "Recorded: \u2068MARIAMA ABDOU\u2069" in desk.get_by_role("status").first.inner_text()
    # Ready for the next, who goes the same way: the focus is in the box, and then on the decision.
    scan(desk, zone(2))
    press(desk, "decision", "Space", "Enter")
    desk.wait_for_url("**/screening/")
    assert sorted(Crossing.objects.values_list("name", "direction", "decision")) == [
        ("MARIAMA ABDOU", "in", "passed"),
        ("SALEM OULD KHATTAR", "in", "passed"),
    ]


def test_a_hit_is_confirmed_and_recorded_without_the_mouse(desk: Any, alert: Alerting) -> None:
    issued = alert()
    scan(desk, zone(0))
    desk.get_by_text("Arrest the person under your law").wait_for()
    press(desk, "identifiers", "Space", "Tab", "Space", "Enter")  # document, date of birth, same person
    desk.get_by_text("Confirmed by you").wait_for()
    press(desk, "direction", "Space", "Tab", "ArrowRight", "Tab")  # in; the second decision: referred
    desk.keyboard.type("held")
    for _question in range(3):
        for key in ("Tab", "ArrowRight"):  # the second answer: no
            desk.keyboard.press(key)
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/screening/")
    crossing = Crossing.objects.get()
    assert (crossing.direction, crossing.decision, crossing.hits) == ("in", "referred", 1)
    hit = Hit.objects.get()
    assert (hit.alert.uid, hit.action_taken) == (issued.uid, "held_for_contact")


def press_alt(page: Any, key: str) -> None:
    """Alt and a key as a keyboard sends them; `keyboard.press` leaves out the character, which an access key is."""
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "modifiers": 1, "key": key})
    session.send("Input.dispatchKeyEvent", {"type": "char", "modifiers": 1, "text": key, "unmodifiedText": key})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", "modifiers": 1, "key": key})


def test_the_access_keys_reach_what_the_page_says(desk: Any, alert: Alerting) -> None:
    alert()
    for key, name in (("n", "name"), ("m", "mrz")):
        press_alt(desk, key)
        assert desk.evaluate("document.activeElement.name") == name
    scan(desk, zone(0))
    for key, name in (("d", "direction"), ("1", "identifiers"), ("r", "decision")):
        press_alt(desk, key)
        assert desk.evaluate("document.activeElement.name") == name


def test_the_same_forms_work_without_script(browser: Any, live_server: Any, officer: Person, alert: Alerting) -> None:
    alert()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, live_server.url, officer)
    page.goto(f"{live_server.url}/screening/")
    page.get_by_label("Machine readable zone").fill(zone(0))
    page.get_by_role("button", name="Screen the document").click()
    page.get_by_label("Why it is another person").select_option("other_appearance")
    page.get_by_role("button", name="Not this person").click()
    page.get_by_label("out", exact=True).check()
    page.get_by_label("passed", exact=True).check()
    page.get_by_role("button", name="Record the crossing").click()
    page.get_by_text("Recorded:").wait_for()
    page.goto(f"{live_server.url}/crossings/?direction=out")
    page.get_by_role("link", name="SALEM OULD KHATTAR").click()
    page.get_by_text("clearly another appearance or age").wait_for()
    context.close()
    assert (Crossing.objects.get().direction, Hit.objects.count()) == ("out", 0)


def test_a_wrong_check_digit_is_named_and_the_rest_still_searches(desk: Any, alert: Alerting) -> None:
    alert()
    scan(desk, spoiled(zone(0)))
    desk.get_by_text("The check digit of the document number is wrong.").wait_for()
    desk.get_by_text("Arrest the person under your law").wait_for()
    assert desk.get_by_label("Document number").input_value() == ""
    assert desk.get_by_label("Name", exact=False).first.input_value() == "SALEM OULD KHATTAR"


@pytest.mark.parametrize("focus", ["#f-name", "#f-thing_kind"])
def test_a_scan_goes_to_the_zone_s_box_wherever_the_focus_is(desk: Any, focus: str) -> None:
    """The field that had the focus keeps what the officer typed; what stood in the box of the zone is replaced."""
    desk.locator("#f-name").fill("kept")
    chosen = desk.locator("#f-thing_kind").input_value()
    desk.locator("#f-mrz").fill("P<OLD")
    desk.locator(focus).focus()
    first, *others = zone(4).split("\n")
    desk.wait_for_timeout(200)  # hands rest before a scan
    desk.keyboard.type(first)
    assert desk.locator("#f-mrz").input_value() == first
    assert desk.locator("#f-name").input_value() == "kept"
    assert desk.locator("#f-thing_kind").input_value() == chosen
    desk.keyboard.type("\n" + "\n".join(others) + "\n")
    desk.get_by_role("heading", name="MARIAMA ABDOU").wait_for()


def test_a_scan_after_an_answer_begins_the_next_search(desk: Any) -> None:
    scan(desk, zone(4))
    desk.locator("[name=direction]:focus").wait_for()
    desk.wait_for_timeout(200)
    for line in zone(2).split("\n"):
        desk.keyboard.type(line)
        desk.keyboard.press("Enter")
    desk.get_by_role("heading", name="SALEM OULD KHATTAR").wait_for()
    assert not Crossing.objects.exists()


_AS_READER = """([text, keys]) => {
  const place = (c) => c === "<" ? ["Comma", true] : [/[0-9]/.test(c) ? `Digit${c}` : `Key${c}`, false];
  const press = (key, code, shiftKey) => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true }));
  for (const line of text.split("\\n")) {
    for (const character of line) press(keys[character] ?? "\u0634", ...place(character));
    press("Enter", "Enter", false);
  }
}"""


@pytest.mark.parametrize("keys", [{}, {"A": "q", "Q": "a", "<": "?", "1": "&"}])
def test_a_reader_types_right_under_an_arabic_or_a_french_layout(desk: Any, keys: dict[str, str]) -> None:
    """The key's place is what a reader means: its letters are those of another layout."""
    desk.evaluate(_AS_READER, [zone(4), keys])
    desk.get_by_role("heading", name="MARIAMA ABDOU").wait_for()


def test_fast_hands_are_no_reader(desk: Any) -> None:
    desk.locator("#f-reason").focus()
    desk.keyboard.type("CONFIDENTIAL: PASSPORT OF A CHILD, NUMBER ILLEGIBLE")
    assert desk.locator("#f-reason").input_value() == "CONFIDENTIAL: PASSPORT OF A CHILD, NUMBER ILLEGIBLE"
    assert desk.locator("#f-mrz").input_value() == ""


def test_a_zone_of_the_wrong_shape_and_a_bare_name_are_refused_at_their_fields(desk: Any) -> None:
    desk.keyboard.type("P<LBY")
    desk.keyboard.press("Control+Enter")
    desk.get_by_role("alert").wait_for()
    assert "1: 5 / 72, 88, 90" in desk.locator("#f-mrz-fault").inner_text()
    desk.locator("#f-name").fill("سالم ولد خطار")
    desk.keyboard.press("Enter")
    desk.locator("#f-reason-fault").wait_for()
    assert desk.locator("#f-name").input_value() == "سالم ولد خطار"
    assert not Screened.objects.exists()


def test_a_screening_outlives_a_reload_and_a_new_sign_in(
    desk: Any, live_server: Any, officer: Person, alert: Alerting
) -> None:
    alert()
    scan(desk, zone(0))
    press(desk, "identifiers", "Space", "Tab", "Space", "Enter")
    desk.get_by_text("Confirmed by you").wait_for()
    sign_in(desk, live_server.url, officer)
    desk.goto(f"{live_server.url}/screening/")
    desk.get_by_role("link", name="SALEM OULD KHATTAR").click()
    desk.get_by_text("Confirmed by you").wait_for()


def test_a_discreet_check_is_one_only_to_cleared_eyes(
    desk: Any, live_server: Any, cleared: Person, alert: Alerting
) -> None:
    alert(**DISCREET)
    scan(desk, zone(0))
    shown = desk.content().lower()
    assert "identity question" in shown
    assert "discreet" not in shown
    sign_in(desk, live_server.url, cleared)
    desk.goto(f"{live_server.url}/screening/")
    scan(desk, zone(0))
    desk.get_by_text("Discreet: the traveller must not notice").wait_for()


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fr", "ltr"), ("ar", "rtl")])
def test_every_state_of_the_desk_is_for_every_eye(
    page: Any, live_server: Any, officer: Person, alert: Alerting, axe: Any, language: str, direction: str
) -> None:
    alert()
    alert(**MISSING_ADULT)
    sign_in(page, live_server.url, officer, language)
    page.goto(f"{live_server.url}/screening/")
    assert page.evaluate("document.dir") == direction
    assert axe(page) == []
    page.locator("details.keys summary").click()
    page.locator("#f-mrz").focus()
    scan(page, spoiled(zone(0)))
    assert axe(page) == []
    for _ in range(2):
        page.locator("article:not(.decided) input[name=identifiers]").first.check()
        page.locator("article:not(.decided) input[name=identifiers]").nth(1).check()
        page.locator("article:not(.decided) button[value=confirmed]").first.click()
    page.locator("input[name=decision]").nth(2).check()
    page.locator("form.record .actions button").click()
    assert page.locator(".notice.danger li").count() == 5  # direction, what was done, three questions
    assert axe(page) == []
    for name in ("asylum_claim", "child", "trafficking_victim"):
        page.locator(f"input[name='stop_card.{name}'][value=no]").check()
    page.locator("input[name=direction]").first.check()
    page.locator("select[name=action_taken]").select_option("entry_refused")
    page.locator("input[name=location_consent][value=no]").check()
    page.locator("form.record .actions button").click()
    page.wait_for_url("**/screening/")
    for address in ("/crossings/", f"/crossings/{Crossing.objects.get().uid}/"):
        page.goto(live_server.url + address)
        assert axe(page) == []


def test_who_has_no_business_at_the_desk_is_refused(post: None, border_police: Any, client: Client) -> None:
    from jiwar.identity.roles import Role
    from jiwar.identity.services import add_person

    admin = add_person("admin", "A. Admin", "a long test secret 3", agency=border_police, roles=[Role.ADMINISTRATOR])
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    for address in ("/screening/", "/crossings/"):
        assert client.get(address).status_code == 403
