"""`jiwar lost`: a person signs in, reports a table, asks, and hears why what is refused."""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jiwar.audit.queries import leaves
from jiwar.documents.lost_commands import add_commands
from jiwar.documents.models import LostDocument, LostEdition
from jiwar.identity.models import Agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, add_person
from tests.documents.registry import node
from tests.foreign import ForeignNode

__all__ = ["node"]
PASSWORD = "a long test secret 1"
TABLE = "type,number,last,status,since\npassport,AO1,,stolen,2026-10-01\npassport,B100,B199,stolen_blank,2026-10-01\n"
Run = Callable[..., int]


@pytest.fixture
def run(node: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(*arguments)`: the verb's exit code, signed in as Amal, a contact officer."""
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="ncb", name="NCB")
    add_person("amal", "Amal", PASSWORD, agency=agency, roles=[Role.CONTACT_OFFICER])
    monkeypatch.setenv("JIWAR_PASSWORD", PASSWORD)

    def go(*arguments: object) -> int:
        parser = argparse.ArgumentParser()
        add_commands(parser.add_subparsers())
        told = parser.parse_args(["lost", *map(str, arguments)])
        return int(told.run(told) or 0)

    return go


def test_a_table_is_checked_reported_and_asked(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.csv"
    table.write_text(f"{TABLE}visa,V1,,gone,2026-10-01\n")
    assert run("import", table, "--user", "amal", "--check") == 1
    said = capsys.readouterr().out
    assert "line 4: status" in said
    assert "3 lines: 2 would be reported, 0 known already, 1 wrong" in said
    assert not LostDocument.objects.exists()
    table.write_text(TABLE)
    assert run("import", table, "--user", "amal") == 0
    assert run("look-up", "LBY", "b-150", "--user", "amal", "--type", "P") == 0
    assert "stolen blank: LBY passport B100-B199, since 2026-10-01" in capsys.readouterr().out
    assert run("look-up", "LBY", "A01", "--user", "amal") == 0
    said = capsys.readouterr().out
    assert "not registered" in said
    assert "look again: AO1 is stolen" in said
    assert '"via":"cli"' in leaves(act="document_looked_up").first().content


def test_what_is_refused_is_said_in_words(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("look-up", "ZZZ", "A1", "--user", "amal") == 1
    assert "issuer" in capsys.readouterr().err
    table = tmp_path / "table.csv"
    table.write_text("number\nA1\n")
    assert run("import", table, "--user", "amal") == 1
    assert "file" in capsys.readouterr().err
    assert run("import", tmp_path / "none.csv", "--user", "amal") == 1
    assert "none.csv" in capsys.readouterr().err


def test_what_is_due_for_the_posts_is_made_at_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jiwar.exchange.apart.stand_back", lambda: None)  # this process is the tests' own
    add_node(ForeignNode("LBY-SEBHA", role="post").card())
    table = tmp_path / "table.csv"
    table.write_text(TABLE)
    run("import", table, "--user", "amal")
    assert run("editions") == 0
    edition = LostEdition.objects.get()
    assert (edition.state, edition.rows) == ("held", 2)
    assert edition.made_at <= timezone.now()
