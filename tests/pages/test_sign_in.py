"""Sign-in in a real browser: password, authenticator, passkey, and a password handed over on paper."""

import dataclasses
import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def totp_now(secret: str) -> str:
    """The six digits of this half minute (RFC 6238)."""
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def sign_in(page, live_server, username, password, path="/"):
    page.context.add_cookies([{"name": "jiwar_language", "value": "en", "url": live_server.url}])
    page.goto(f"{live_server.url}{path}")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page, password):
    """What changes a sign-in asks for the password once more."""
    assert heading(page) == "Confirm that it is you"
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Confirm").click()


def heading(page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


@pytest.fixture
def second_factor(people, settings):
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=True)
    return people


def test_a_page_asks_for_the_sign_in_and_comes_back(page, live_server, people):
    sign_in(page, live_server, "samira", people.password, "/?from=link&lang=ar")
    assert page.url == f"{live_server.url}/?from=link&lang=ar"
    assert heading(page) == "What waits for me"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "not correct"), ("fr", "incorrect"), ("ar", "غير صحيح")],
)
def test_a_wrong_password_says_so_and_not_which_half_was_wrong(page, live_server, people, language, words):
    said = []
    for username in ("samira", "nobody-of-this-name"):
        page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
        page.goto(f"{live_server.url}/sign-in/")
        page.locator("[name=login]").fill(username)
        page.locator("[name=password]").fill("not her password at all")
        page.locator("form.form button.primary").click()
        said.append(page.get_by_role("alert").filter(visible=True).inner_text())
    assert said[0] == said[1]
    assert words in said[0]
    assert page.locator("[name=password]").input_value() == ""


def test_five_wrong_passwords_close_the_door_for_a_while(page, live_server, people):
    for _ in range(5):
        sign_in(page, live_server, "samira", "not her password at all", "/sign-in/")
    sign_in(page, live_server, "samira", people.password, "/sign-in/")
    assert "Too many" in page.get_by_role("alert").filter(visible=True).inner_text()


def test_signing_out_ends_the_session_and_keeps_no_page(page, live_server, people):
    sign_in(page, live_server, "samira", people.password)
    page.locator("details.account summary").click()
    page.get_by_role("button", name="Sign out").click()
    assert heading(page) == "Sign in"
    page.go_back()
    page.reload()
    assert heading(page) == "Sign in"


def test_without_a_second_factor_the_console_opens_no_page(page, live_server, second_factor):
    sign_in(page, live_server, "amina", second_factor.password)
    assert heading(page) == "Sign-in and security"
    assert "A second step is needed" in page.locator("main").inner_text()
    page.goto(f"{live_server.url}/people/")
    assert heading(page) == "Sign-in and security"


def test_an_authenticator_is_set_up_and_then_asked_for(page, live_server, second_factor):
    sign_in(page, live_server, "amina", second_factor.password)
    page.get_by_role("link", name="Set up an authenticator").click()
    confirm(page, second_factor.password)
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Six digits").fill("000000")
    page.get_by_role("button", name="Activate").click()
    assert page.locator(".fault").count() == 1
    page.get_by_label("Six digits").fill(totp_now(secret))
    page.get_by_role("button", name="Activate").click()
    assert heading(page) == "Recovery codes"
    codes = page.locator(".recovery-codes li").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    assert heading(page) == "What waits for me"

    page.context.clear_cookies()
    sign_in(page, live_server, "amina", second_factor.password)
    assert heading(page) == "Second step"
    page.goto(f"{live_server.url}/people/")  # the password alone opens nothing
    assert heading(page) == "Second step"
    page.get_by_label("Code").fill(codes[0])  # the application's code was used within this half minute
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert heading(page) == "What waits for me"


def test_a_passkey_is_enrolled_and_signs_in_alone(page, live_server, second_factor):
    refused = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page, live_server, "samira", second_factor.password)
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page, second_factor.password)
    page.get_by_label("Name of this key").fill("مفتاح المكتب")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(re.compile("recovery-codes"))
    page.goto(f"{live_server.url}/sign-in/passkeys/")
    assert "مفتاح المكتب" in page.locator("table").inner_text()

    page.context.clear_cookies()
    page.context.add_cookies([{"name": "jiwar_language", "value": "en", "url": live_server.url}])
    page.goto(f"{live_server.url}/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{live_server.url}/")
    assert heading(page) == "What waits for me"
    assert refused == []


def test_a_passkey_that_is_not_there_is_said_on_the_page(page, live_server, people):
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"isUserVerified": True}})
    page.context.add_cookies([{"name": "jiwar_language", "value": "en", "url": live_server.url}])
    page.goto(f"{live_server.url}/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.locator("#passkey-failed").wait_for()
    assert "was not used" in page.locator("#passkey-failed").inner_text()


def test_a_password_on_paper_is_changed_before_anything_else(page, live_server, people):
    people.sign_in(page, live_server.url, "administrator")
    page.goto(f"{live_server.url}/people/")
    page.get_by_role("link", name="moussa").click()
    page.locator("details.confirm summary").click()
    page.get_by_role("button", name="New one-time password").last.click()
    paper = page.locator(".secret").inner_text()
    page.context.clear_cookies()
    sign_in(page, live_server, "moussa", people.password)
    assert heading(page) == "Sign in"
    sign_in(page, live_server, "moussa", paper)
    assert heading(page) == "Change the password"
    page.goto(f"{live_server.url}/")
    assert heading(page) == "Change the password"
    page.get_by_label("Password now").fill(paper)
    for label in ("New password", "New password once more"):
        page.get_by_label(label, exact=True).fill("three wells and a mountain")
    page.get_by_role("button", name="Change the password").click()
    page.goto(f"{live_server.url}/")
    assert heading(page) == "What waits for me"
