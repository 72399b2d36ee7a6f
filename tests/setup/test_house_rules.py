from pathlib import PurePosixPath

import pytest

from tests.setup import house_rules as rules

PO = """\
msgid ""
msgstr ""
"Language: fr\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""
SLASH = "/"
BROKEN = [
    (rules.no_machine_named, "docs/a.md", f"see {SLASH}home/amina/jiwar"),
    (rules.no_machine_named, "docs/a.md", f"cd {SLASH}work/main"),
    (rules.no_machine_named, "README.md", "get it from pypi" + ".org"),
    (rules.json_parses, "a.json", '{"a": 1'),
    (rules.json_parses, "a.json", '{"a": NaN}'),
    (rules.json_parses, "a.json", '{"a": 1, "a": 2}'),
    (rules.catalogue_is_complete, "jiwar/locale/fr/LC_MESSAGES/django.po", PO + 'msgid "Alert"\nmsgstr ""\n'),
    (rules.catalogue_is_complete, "a/fr/b.po", PO + '#, fuzzy\nmsgid "Alert"\nmsgstr "Alerte"\n'),
    (rules.catalogue_is_complete, "a/fr/b.po", PO + 'msgid "Alert"\nAlerte\n'),
    (
        rules.catalogue_is_complete,
        "a/fr/b.po",
        PO + '#, python-format\nmsgid "%(n)s alerts"\nmsgstr "%(m)s alertes"\n',
    ),
    (
        rules.catalogue_is_complete,
        "a/fr/b.po",
        PO + 'msgid "%d day"\nmsgid_plural "%d days"\nmsgstr[0] "%d jour"\nmsgstr[1] ""\n',
    ),
    (rules.name_says_something, "jiwar/exchange/utils.py", ""),
    (rules.name_says_something, "jiwar/common/names.py", ""),
    (rules.module_is_short, "jiwar/web/pages.py", "\n" * (rules.MODULE_LINES + 1)),
    (rules.digits_are_ascii, "jiwar/documents/logic/mrz.py", r're.compile(r"\d{2}")'),
    (rules.digits_are_ascii, "jiwar/documents/kinds.py", r'f"[A-Z]\\d{n}"'),
    (rules.logic_has_no_clock, "jiwar/records/logic/expiry.py", "datetime.now(UTC)"),
    (rules.logic_has_no_clock, "jiwar/records/logic.py", "datetime.date.today()"),
    (rules.logic_has_no_clock, "jiwar/records/logic/expiry.py", "def f(): return time.time()"),
]
KEPT = [
    (rules.no_machine_named, "docs/a.md", "the page /alerts/home/, $HOME/x and ~/x, https://example.org/home/x"),
    (rules.json_parses, "a.json", '{"a": [1, null]}'),
    (rules.json_parses, "a.txt", "{"),
    (rules.catalogue_is_complete, "a/fr/b.po", PO + 'msgid "Alert"\nmsgstr "Alerte"\n'),
    (rules.catalogue_is_complete, "a/fr/b.po", PO),
    (rules.name_says_something, "jiwar/watchlist/names.py", ""),
    (rules.module_is_short, "jiwar/web/pages.py", "\n" * rules.MODULE_LINES),
    (rules.module_is_short, "jiwar/web/migrations/0001_initial.py", "\n" * 1000),
    (rules.digits_are_ascii, "jiwar/a.py", r'"""Not \\d but [0-9]."""' + '\nre.compile("[0-9]")'),
    (rules.digits_are_ascii, "tests/a.py", r're.compile(r"\d{2}")'),
    (rules.logic_has_no_clock, "jiwar/records/services.py", "datetime.now(UTC)"),
    (rules.logic_has_no_clock, "jiwar/records/logic/expiry.py", "clock.now() + datetime.timedelta(1)"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN, ids=lambda v: getattr(v, "__name__", None))
def test_a_breach_is_named_with_its_file(rule: rules.Rule, path: str, text: str) -> None:
    found = list(rule(PurePosixPath(path), text))
    assert len(found) == 1
    assert found[0].startswith(path)


@pytest.mark.parametrize(("rule", "path", "text"), KEPT, ids=lambda v: getattr(v, "__name__", None))
def test_what_keeps_the_rule_passes(rule: rules.Rule, path: str, text: str) -> None:
    assert list(rule(PurePosixPath(path), text)) == []


def test_every_rule_is_shown_broken_and_kept() -> None:
    for cases in (BROKEN, KEPT):
        assert {case[0] for case in cases} == set(rules.RULES)
