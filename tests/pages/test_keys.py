"""The pages of keys and roots in a real browser: without an accessibility fault, on a phone, in Arabic."""

import pytest
from django.utils import timezone

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def disputed(people, settings, tmp_path):
    """A neighbour whose root is known, another root that is claimed for it, a list that is out of date."""
    import datetime as dt

    from jiwar.identity.logic.revocations import write_by_root
    from jiwar.identity.logic.roots import Root, write_root
    from jiwar.identity.papers import read_root
    from jiwar.identity.services import add_node
    from jiwar.identity.trust import meet_root, take_list
    from jiwar.wire.ids import uuid7
    from tests.foreign import ForeignNode

    now, root = timezone.now(), Root.of("NER", bytes(32))
    niger = ForeignNode("NER")
    niger.certify(root)
    add_node(niger.card())
    take_list(write_by_root(root, 1, now - dt.timedelta(days=40), [], days=20), by="NER")
    for state, byte in (("NER", 1), ("DZA", 2)):
        file = read_root(write_root(Root.of(state, bytes([byte] * 32)), now))
        meet_root(file, "TUN", uuid7(now))


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [1366, 390])
def test_the_pages_of_keys_have_no_fault(live_server, page, people, disputed, axe, language: str, width: int) -> None:
    people.sign_in(page, live_server.url, "administrator")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("directory/", "keys/", "", "NER/", "card/"):
        page.goto(f"{live_server.url}/neighbours/{address}")
        for closed in page.locator("main details > summary").all():
            closed.click()
        assert axe(page) == [], address
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is wider than the screen by {wide}"


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [1366, 390])
def test_the_page_of_an_officers_key_has_no_fault(live_server, page, people, axe, language: str, width: int) -> None:
    from jiwar.identity.officer_keys import make_officer_key

    people.sign_in(page, live_server.url, "approver")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{live_server.url}/account/signature-key/")
    assert axe(page) == []
    make_officer_key(people["approver"], "two camels and a well")
    page.reload()
    assert axe(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def test_a_root_is_read_by_keyboard_alone(live_server, page, people, disputed) -> None:
    from jiwar.identity.logic.roots import Root
    from jiwar.identity.queries import root_of

    people.sign_in(page, live_server.url, "administrator")
    page.goto(f"{live_server.url}/neighbours/directory/")
    algeria = page.locator("section:has(#state-DZA)")
    algeria.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(Root.of("DZA", bytes([2] * 32)).public.fingerprint)
    page.keyboard.press("Enter")
    page.get_by_text("It is written down.").wait_for()
    assert root_of("DZA").how == "read"
