from pathlib import Path

import pytest

from tests.setup import messages


@pytest.fixture
def package(tmp_path: Path) -> Path:
    package = tmp_path / "jiwar"
    (package / "web" / "templates" / "web").mkdir(parents=True)
    (package / "web" / "pages.py").write_text(
        'a = _("Alerts")\nb = pgettext_lazy("of a stamp", "Seal")\nc = ngettext("%(n)s day", "%(n)s days", 3)\n'
    )
    (package / "web" / "templates" / "web" / "home.html").write_text(
        "<h1>{{ _('Home') }}</h1>{% trans name=n %}Good day, {{ name }}{% endtrans %}"
    )
    return package


def test_texts_of_modules_and_templates_are_found(package: Path) -> None:
    found = {(message.id, message.context) for message in messages.texts(package) if message.id}
    assert found == {
        ("Alerts", None),
        ("Seal", "of a stamp"),
        (("%(n)s day", "%(n)s days"), None),
        ("Home", None),
        ("Good day, %(name)s", None),
    }


def test_what_a_catalogue_lacks_is_named_until_it_is_updated(package: Path) -> None:
    messages.update(package)
    assert list(messages.untranslated(package)) == []
    (package / "web" / "api.py").write_text('_("Crossings")\n')
    lacking = list(messages.untranslated(package))
    assert len(lacking) == len(messages.LANGUAGES)
    assert all("'Crossings' (jiwar/web/api.py)" in line for line in lacking)
    messages.update(package)
    assert list(messages.untranslated(package)) == []


def test_french_marks_stand_with_the_word_before_them(package: Path) -> None:
    words = package / "records" / "words.toml"
    words.parent.mkdir()
    words.write_text('[act.read]\nfr = "lu : une fois"\n')
    messages.update(package)
    path = messages.catalogue_path(package, "fr")
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('msgid "Home"\nmsgstr ""', 'msgid "Home"\nmsgstr "« Chez soi\u00a0»"'), encoding="utf-8"
    )
    assert [line.partition(" in French")[0] for line in messages.breakable(package)] == [
        "a plain space beside '«'",
        "a plain space beside ':'",
    ]
    words.write_text('[act.read]\nfr = "lu\u00a0: une fois, à 12:00"\n')
    path.write_text(path.read_text(encoding="utf-8").replace("« ", "«\u00a0"), encoding="utf-8")
    assert list(messages.breakable(package)) == []


def test_an_update_keeps_translations_drops_what_is_gone_and_is_stable(package: Path) -> None:
    messages.update(package)
    path = messages.catalogue_path(package, "ar")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('msgid "Home"\nmsgstr ""', 'msgid "Home"\nmsgstr "الرئيسية"'), encoding="utf-8")
    (package / "web" / "pages.py").write_text("")
    messages.update(package)
    catalogue = messages.read(path, "ar")
    assert catalogue.get("Home").string == "الرئيسية"
    assert catalogue.get("Alerts") is None
    assert catalogue.num_plurals == 6
    before = path.read_bytes()
    messages.update(package)
    assert path.read_bytes() == before
