"""`jiwar import un` and `jiwar screen`: a person signs in, names a purpose, and is told why what is refused."""

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.audit.queries import leaves
from jiwar.identity.models import Agency, Person
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person
from jiwar.watchlist import protection
from jiwar.watchlist.commands import add_commands
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.models import Entry, ListImport
from tests.watchlist.conftest import SAMPLE

PASSWORD = "a long test secret 1"
BORN = ["--name", "يوسف المقريف", "--born", "1984-06-17", "--case", "LBY/2026/7", "--purpose", "border_check"]
HER = {"names": [{"text": "Mariam Ould Sidi"}], "birth_dates": [{"date": "1990-02-03"}]}
Run = Callable[..., int]


@pytest.fixture
def run(node: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(*arguments)`: the verb's exit code, signed in as Amal, a contact officer."""
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="ncb", name="NCB")
    add_person("amal", "Amal", PASSWORD, agency=agency, roles=[Role.CONTACT_OFFICER])
    monkeypatch.setenv("JIWAR_PASSWORD", PASSWORD)

    def go(verb: str, *arguments: object) -> int:
        parser = argparse.ArgumentParser()
        add_commands(parser.add_subparsers())
        told = parser.parse_args([*verb.split(), "--user", "amal", *map(str, arguments)])
        return told.run(told)

    return go


def test_a_list_is_read_and_what_was_not_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import un", SAMPLE, "--yes") == 0
    said = capsys.readouterr().out
    done = ListImport.objects.get()
    assert f"read {done.entries} entries" in said
    for line in done.unread_lines.all():
        assert f"line {line.line}: {line.reference}" in said
    amal = Person.objects.get(username="amal")
    assert leaves(act="list_imported").get().actor == str(amal.pk)
    assert '"via":"cli"' in leaves(act="list_imported").get().content


def test_a_spoiled_list_is_refused_with_the_reason(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoiled = tmp_path / "list.xml"
    spoiled.write_bytes(SAMPLE.read_bytes()[:9000])
    assert run("import un", spoiled) == 1
    assert "file: The file is not whole and well-formed" in capsys.readouterr().err
    assert run("import un", tmp_path / "none.xml") == 1
    assert "none.xml" in capsys.readouterr().err
    assert not Entry.objects.exists()


def test_a_person_is_screened_in_words_and_in_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("import un", SAMPLE, "--yes")
    capsys.readouterr()
    assert run("screen", *BORN) == 0
    said = capsys.readouterr().out
    assert "1. strong likeness: YOUSSEF EL MEGARYEF" in said
    assert "JWi.001" in said
    assert "same date of birth" in said
    assert run("screen", *BORN, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert [match["source_reference"] for match in answer["candidates"]] == ["JWi.001"]
    assert leaves(act="person_screened").count() == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--purpose", "curiosity", "--name", "Youssef Megaryef"], "purpose: "),
        (["--purpose", "border_check", "--name", "Youssef Megaryef", "--born", "long ago"], "born: "),
        (["--purpose", "border_check", "--document", "12345"], "document: "),
        (["--purpose", "border_check", "--case", "1", "--name", "Youssef Megaryef"], "reason: "),
        (["--purpose", "border_check", "--name", "Youssef Megaryef", "--born", "1984"], "case: "),
        (["--purpose", "border_check", "--case", "1"], "Give a name"),
    ],
)
def test_what_is_wrong_is_named(run: Run, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("screen", *arguments) == 1
    assert capsys.readouterr().err.startswith(said)
    assert not leaves(act="person_screened").exists()


class TestSignIn:
    def test_a_wrong_password_is_refused_and_in_the_ledger(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("JIWAR_PASSWORD", "not hers")
        assert run("screen", *BORN) == 1
        assert capsys.readouterr().err == "sign-in refused\n"
        assert leaves(act="sign_in_failed").count() == 1

    def test_who_has_left_is_refused(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        Person.objects.update(is_active=False)
        assert run("screen", *BORN) == 1
        assert capsys.readouterr().err == "sign-in refused\n"

    def test_a_node_that_requires_a_second_factor_gets_one(
        self, run: Run, settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from allauth.mfa.totp.internal import auth as totp

        settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=True)
        assert run("screen", *BORN) == 1
        assert "authenticator app" in capsys.readouterr().err
        secret = totp.generate_totp_secret()
        totp.TOTP.activate(Person.objects.get(), secret)
        code = totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))
        wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
        monkeypatch.setenv("JIWAR_CODE", wrong)
        assert run("screen", *BORN) == 1
        assert capsys.readouterr().err == "sign-in refused\n"
        monkeypatch.setenv("JIWAR_CODE", code)
        assert run("screen", *BORN) == 0

    def test_an_administrator_reads_no_list_and_screens_no_one(
        self, run: Run, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Person.objects.get().grants.update(role=Role.ADMINISTRATOR)
        assert run("screen", *BORN) == 1
        assert run("import un", SAMPLE) == 1
        assert capsys.readouterr().err.count("permission_missing") == 2


def test_an_approver_protects_somebody_from_a_state(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    add_person("salem", "Salem", PASSWORD, agency=Agency.objects.get(), roles=[Role.APPROVER])
    who = ("--user", "salem", "--purpose", "cooperation")
    why = ("--reason", "asylum file 2026/41")
    her = ("--name", "Mariam Ould Sidi", "--born", "1990-02-03")
    assert run("protected add", *who, *her, "--from", "ner", *why) == 0
    pk = capsys.readouterr().out.strip()
    assert protection.is_protected("NER", SubjectFacts.model_validate(HER))
    assert not protection.is_protected("TUN", SubjectFacts.model_validate(HER))
    assert run("protected show", *who) == 0
    assert f"{pk}  from NER" in capsys.readouterr().out
    assert leaves(act="protections_listed").exists()
    for wrong in (("--from", "NER"), (*her[2:], "--from", "LBY")):
        assert run("protected add", *who, "--name", "Mariam", *wrong, *why) == 1
    assert run("protected add", "--purpose", "cooperation", *her, "--from", "NER", *why) == 1, "no contact officer"
    assert run("protected end", pk, *who, "--reason", "?") == 1
    assert protection.is_protected("NER", SubjectFacts.model_validate(HER))
    assert run("protected end", pk, *who, "--reason", "she has another nationality") == 0
    assert not protection.is_protected("NER", SubjectFacts.model_validate(HER))
