"""Every page that stands, in three languages, light and dark, on a desk and on a telephone."""

import itertools

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    ("/sign-in/", None),
    ("/schemas/", None),
    ("/", "contact_officer"),
    ("/nowhere", "contact_officer"),
    ("/ledger/", "contact_officer"),  # refused
    ("/sign-in/security/", "field_officer"),
    ("/sign-in/passkeys/", "field_officer"),
    ("/sign-in/password/", "field_officer"),
    ("/people/", "administrator"),
    ("/people/new", "administrator"),
    ("/people/agencies/new", "administrator"),
    ("/tokens/", "administrator"),
    ("/tokens/new", "administrator"),
    ("/ledger/", "oversight"),
    ("/ledger/3", "oversight"),
    ("/ledger/witnesses/", "oversight"),
]
SIZES = {"desk": (1366, 768), "telephone": (390, 844)}
SCHEMES = ("light", "dark")
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules of axe whose answer hangs on the colours, which is all that the dark scheme changes."""
LANGUAGES = ("ar", "fr", "en")
DARK = "ar"
"""The language in which a page is looked at in the dark too: no colour hangs on a language."""
# In the page's words: text of a time or a reference that no bdi isolates.
LOOSE = """() => [...document.querySelectorAll("main time, main .code")]
    .filter((one) => !one.closest("bdi")).map((one) => one.outerHTML)"""
WIDE = """() => [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
}).map((one) => one.outerHTML.slice(0, 120)).slice(0, 5)"""

SMALL = """() => [...document.querySelectorAll("button, .button, input:not([type=hidden]), select, summary, .choice")]
    .filter((one) => !one.matches(".choice input"))
    .map((one) => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.height < 43.9 || box.width < 43.9)).map(([html]) => html)"""


@pytest.mark.timeout(300)  # forty-eight pages
@pytest.mark.parametrize("size", SIZES)
def test_each_page_can_be_read_by_everyone(browser, live_server, people, axe, size):
    width, height = SIZES[size]
    faults: list[str] = []
    said: list[str] = []
    for role, paths in itertools.groupby(PAGES, key=lambda one: one[1]):
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        if role:
            people.sign_in(page, live_server.url, role)
        for (path, _), language in itertools.product(list(paths), LANGUAGES):
            context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
            page.goto(live_server.url + path)
            where = f"{path} {language}: "
            html = page.locator("html")
            assert html.get_attribute("lang") == language
            assert html.get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
            assert page.get_by_role("heading", level=1).count() == 1, where
            for scheme in SCHEMES if language == DARK else SCHEMES[:1]:
                page.emulate_media(color_scheme=scheme)
                faults += [f"{where}{scheme}: {fault}" for fault in axe(page, COLOURS if scheme == "dark" else ())]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                faults += [f"{where}too wide: {html}" for html in page.evaluate(WIDE)]
            faults += [where + "not isolated: " + html for html in page.evaluate(LOOSE)]
        context.close()
    assert faults == []
    assert [text for text in said if "Content Security Policy" in text] == []


def test_the_keyboard_alone_signs_in_and_goes_about(page, live_server, people):
    page.context.add_cookies([{"name": "jiwar_language", "value": "en", "url": live_server.url}])
    page.goto(f"{live_server.url}/people/")
    page.locator("[name=login]:focus").wait_for()  # the first field has the focus
    page.keyboard.type("amina")
    page.keyboard.press("Tab")
    page.keyboard.type(people.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/people/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Add a person"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/people/new")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").wait_for()
    page.keyboard.press("Escape")
    assert not page.get_by_role("button", name="Sign out").is_visible()


def test_fingers_find_their_targets(browser, live_server, people):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    people.sign_in(page, live_server.url, "administrator")
    for path in ("/people/new", "/tokens/new", "/sign-in/security/"):
        page.goto(live_server.url + path)
        assert page.evaluate(SMALL) == []
    context.close()


def test_on_a_telephone_the_menu_opens_and_leads_on(browser, live_server, people):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    people.sign_in(page, live_server.url, "administrator")
    page.goto(live_server.url)
    link = page.locator("nav#menu").get_by_role("link", name="API tokens")
    assert not link.is_visible()
    page.get_by_role("button", name="Menu").click()
    link.click()
    assert page.url == f"{live_server.url}/tokens/"
    context.close()


def test_the_language_goes_with_the_person_to_another_machine(browser, live_server, people):
    first = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = first.new_page()
    people.sign_in(page, live_server.url, "field_officer")
    page.goto(f"{live_server.url}/?a=1")
    page.locator("form.languages button[lang=fr]").click()
    assert page.url == f"{live_server.url}/?a=1"
    assert page.locator("html").get_attribute("lang") == "fr"
    first.close()
    second = browser.new_context(locale="en-GB")
    page = second.new_page()
    people.sign_in(page, live_server.url, "field_officer")
    second.clear_cookies(name="jiwar_language")
    page.goto(live_server.url)
    assert page.locator("html").get_attribute("lang") == "fr"
    second.close()


def test_a_refused_form_names_its_faults_and_takes_the_focus_there(browser, live_server, people):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    people.sign_in(page, live_server.url, "administrator")
    page.goto(f"{live_server.url}/people/new")
    page.locator("form.form").evaluate("form => form.noValidate = true")
    page.get_by_label("User name").fill("Fatima Zahra")
    page.get_by_role("checkbox", name="administrator").check()
    page.get_by_role("button", name="Add the person").click()
    summary = page.get_by_role("alert")
    assert summary.evaluate("one => one === document.activeElement")
    assert "3 things are to be put right" in summary.inner_text()
    summary.get_by_role("link", name="User name").click()
    assert page.evaluate("location.hash") == "#f-username"
    field = page.get_by_label("User name")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.input_value() == "Fatima Zahra"
    assert page.get_by_role("checkbox", name="administrator").is_checked()
    context.close()


def test_a_training_node_says_that_its_data_are_made_up(page, live_server, people, settings):
    import dataclasses

    settings.NODE = dataclasses.replace(settings.NODE, training=True)
    page.context.add_cookies([{"name": "jiwar_language", "value": "en", "url": live_server.url}])
    page.goto(f"{live_server.url}/sign-in/")
    assert "made-up data" in page.locator(".training").inner_text()
