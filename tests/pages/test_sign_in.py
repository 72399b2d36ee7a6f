"""Sign-in in a real browser: password, authenticator, passkey."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_page_asks_for_the_sign_in_and_comes_back(page, live_server, people):
    page.goto(f"{live_server.url}/?from=link")
    page.get_by_label("User name").fill("samira")
    page.get_by_label("Password").fill(people.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert page.url == f"{live_server.url}/?from=link"
    assert page.get_by_role("heading", level=1).inner_text() == "What waits for me"
