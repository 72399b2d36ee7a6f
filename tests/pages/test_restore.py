"""The restore ceremony in a real browser: read by everyone, ended by keyboard and without JavaScript."""

import os
from pathlib import Path

import pytest

from tests.pages.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = {"desk": (1366, 768), "telephone": (390, 844)}


@pytest.fixture
def restored(people, settings, tmp_path):
    """This node was restored from a backup; Niger has spoken since, Tunisia has not."""
    from jiwar.exchange import last_words, restore
    from jiwar.exchange.logic import hello as hellos
    from jiwar.exchange.logic.hello import Sent
    from jiwar.exchange.logic.streams import Cursor
    from jiwar.identity.services import add_node
    from tests.foreign import ForeignNode

    settings.DATA = tmp_path
    niger, tunisia = ForeignNode("NER"), ForeignNode("TUN")
    for node in (niger, tunisia):
        add_node(node.card())
    last_words.note(hellos.read(tunisia.hello())[0], fresh=True)
    restore.notice("restore", {"copy": "2026-11-20T08:00:00+00:00"})
    have, sent = {"routine.1.0": Cursor(1200, "ab" * 32)}, {"urgent.1.0": Sent(31, 31)}
    last_words.note(hellos.read(niger.hello(have=have, sent=sent))[0], fresh=True)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_can_be_read_by_everyone(page, live_server, people, restored, axe, language):
    from jiwar.access.permissions import Permission
    from jiwar.access.services import as_node
    from jiwar.exchange.restore import end_restore

    people.sign_in(page, live_server.url, "administrator")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    faults = []
    for name, address in {"home": "/", "waits": "/neighbours/restore/", "ended": "/neighbours/restore/"}.items():
        if name == "ended":
            end_restore(as_node(Permission.EXCHANGE_RESTORE_END), "توقف القرص يوم الأحد")
        page.goto(live_server.url + address)
        assert page.locator(".restoring").is_visible() == (name != "ended")
        faults += [f"{name} {fault}" for fault in axe(page)]
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, size)
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=Path(folder, f"restore-{name}-{language}-{size}.png"), full_page=True)
    assert faults == []


@pytest.mark.parametrize("scripts", [True, False])
def test_the_keyboard_ends_it(browser, live_server, people, restored, scripts):
    from jiwar.exchange.standing import epoch, restoring

    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    people.sign_in(page, live_server.url, "administrator")
    page.goto(live_server.url)
    page.get_by_role("link", name="Look at it and end it").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/neighbours/restore/")
    page.locator("summary", has_text="End the restore").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("the disk died on Sunday; this backup of Saturday is the newest")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("The restore has ended.").wait_for()
    assert not page.locator(".restoring").is_visible()
    assert (restoring(), epoch()) == (None, 2)
    context.close()
