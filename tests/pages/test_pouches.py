"""Pouches in a real browser: made, fetched and opened with and without JavaScript, by keyboard, in three languages."""

import os
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LANGUAGES = ("ar", "fr", "en")
SIZES = {"desk": (1366, 768), "telephone": (390, 844)}


@pytest.fixture
def kind():
    from jiwar.records.kinds import KINDS, Kind, register
    from tests.exchange.test_exchange import Note

    new = register(Kind("test.note", 1, Note))
    yield new
    del KINDS["test.note", 1]


@pytest.fixture
def niger(people, settings, tmp_path, kind):
    """A neighbour under an agreement, for which three messages wait."""
    from jiwar.identity.services import add_node
    from jiwar.records.services import issue
    from tests.exchange.carrier import BY
    from tests.exchange.test_exchange import content, open_between
    from tests.foreign import ForeignNode

    settings.DATA = tmp_path
    node = ForeignNode("NER")
    add_node(node.card())
    open_between(node, "test.note")
    for n in range(3):
        issue(BY, kind, content(kind, str(n)))
    return node


@pytest.fixture
def brought(niger, kind, tmp_path):
    """A pouch of the neighbour's, part of which cannot be taken."""
    from tests.exchange.carrier import notes, said, sealed_for_us
    from tests.exchange.test_exchange import Channel

    path = tmp_path / "LBY.pouch"
    routine, urgent = Channel(niger), Channel(niger, "urgent.1.0")
    good, late = notes(niger, urgent, kind, "a", "b"), notes(niger, routine, kind, "c", "d")[1:]
    path.write_bytes(sealed_for_us(niger, [said(niger, *good), said(niger, *late)]))
    return path


def shoot(page, name):
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder, f"{name}.png"), full_page=True)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_can_be_read_by_everyone(page, live_server, people, brought, axe, language):
    from jiwar.exchange.models import Pouch

    people.sign_in(page, live_server.url, "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    at = live_server.url + "/neighbours/"
    page.goto(f"{at}NER/pouch/")
    page.locator("#f-why").fill("العاصفة قطعت الخط")
    page.locator("main form button.primary").click()
    page.wait_for_url("**/pouches/made/**")
    made = page.url
    page.goto(f"{at}pouch/")
    page.locator("#f-file").set_input_files(brought)
    page.locator("main form button.primary").click()
    page.wait_for_url("**/pouches/opened/**")
    opened = page.url
    assert Pouch.objects.count() == 2
    page.goto(f"{at}pouch/")
    page.locator("#f-file").set_input_files(files=[{"name": "x.pouch", "mimeType": "", "buffer": b"holiday"}])
    page.locator("main form button.primary").click()
    page.get_by_role("alert").wait_for()
    faults = [f"refused {fault}" for fault in axe(page)]
    shoot(page, f"pouch-refused-{language}")
    addresses = {"make": f"{at}NER/pouch/", "open": f"{at}pouch/", "made": made, "opened": opened}
    for name, address in {**addresses, "history": f"{at}NER/pouches/"}.items():
        page.goto(address)
        faults += [f"{name} {fault}" for fault in axe(page)]
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, size)
            shoot(page, f"pouch-{name}-{language}-{size}")
    assert faults == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_pouch_goes_out_and_one_comes_in(browser, live_server, people, niger, brought, scripts, tmp_path):
    from tests.exchange.carrier import Packed

    context = browser.new_context(java_script_enabled=scripts, accept_downloads=True)
    page = context.new_page()
    people.sign_in(page, live_server.url, "field_officer")
    page.goto(f"{live_server.url}/neighbours/NER/pouches/")
    page.get_by_role("link", name="Make a pouch").click()
    page.get_by_role("radio", name="100").check()
    page.get_by_label("Reason").fill("no line since the storm")
    page.get_by_role("button", name="Make the pouch").click()
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Fetch the file").click()
    fetched.value.save_as(tmp_path / "fetched.pouch")
    assert len(Packed(tmp_path / "fetched.pouch", niger).places) == 3
    page.goto(f"{live_server.url}/neighbours/")
    page.get_by_role("link", name="Open a pouch").click()
    page.get_by_label("Pouch").set_input_files(brought)
    page.get_by_role("button", name="Open the pouch").click()
    page.get_by_role("heading", name="Not all of it could be taken").wait_for()
    page.get_by_text("A number is missing in the stream").wait_for()
    page.get_by_role("link", name="Make the pouch that goes back").click()
    page.get_by_role("heading", name="Make a pouch").wait_for()
    context.close()


def test_the_keyboard_alone_makes_a_pouch(page, live_server, people, niger):
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/neighbours/NER/pouch/")
    page.get_by_label("Reason").focus()
    page.keyboard.type("no line since the storm")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == str(2 << 30)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pouches/made/**")
    page.get_by_role("link", name="Fetch the file").wait_for()
