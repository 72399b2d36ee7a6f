"""`jiwar pouch` and `jiwar restore-end` at the terminal: a person signs in, and is told what came and what did not."""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.audit.queries import leaves
from jiwar.exchange import restore
from jiwar.exchange.commands import add_commands
from jiwar.exchange.models import Pouch
from jiwar.exchange.standing import epoch, restoring
from jiwar.identity.models import Agency, Person
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person
from jiwar.records.kinds import Kind
from jiwar.records.services import issue
from tests.exchange.carrier import BY, Packed, notes, said, sealed_for_us
from tests.exchange.test_exchange import Channel, content
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db
PASSWORD = "a long test secret 1"
Run = Callable[..., int]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def run(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(verb, *arguments, user=…)`: the verb's exit code, signed in as Amal, a contact officer, unless said."""
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="ncb", name="NCB")
    add_person("amal", "Amal", PASSWORD, agency=agency, roles=[Role.CONTACT_OFFICER])
    add_person("amina", "Amina", PASSWORD, agency=agency, roles=[Role.ADMINISTRATOR])
    add_person("nadia", "Nadia", PASSWORD, agency=agency, roles=[Role.OVERSIGHT])
    monkeypatch.setenv("JIWAR_PASSWORD", PASSWORD)

    def go(verb: str, *arguments: object, user: str = "amal") -> int:
        parser = argparse.ArgumentParser()
        add_commands(parser.add_subparsers())
        told = parser.parse_args([*verb.split(), *map(str, arguments), "--user", user])
        return int(told.run(told))

    return go


def test_a_pouch_is_packed_and_says_what_is_in_it(
    run: Run, niger: ForeignNode, kind: Kind, tmp_path: Path, capsys: Captured
) -> None:
    issue(BY, kind, content(kind))
    path = tmp_path / "out.pouch"
    assert run("pouch pack", "NER", path, "--reason", "the line is cut") == 0
    assert "for NER: 1 messages" in capsys.readouterr().out
    assert Packed(path, niger).places == [("routine.1.0", 1)]
    leaf = leaves(act="pouch_begun").get()
    assert leaf.actor == str(Person.objects.get(username="amal").pk)
    assert '"via":"cli"' in leaf.content
    assert run("pouch pack", "NER", path, "--reason", "again") == 1
    assert "There is a file of this name already" in capsys.readouterr().err
    assert run("pouch pack", "NER", tmp_path / "2", "--reason", "small", "--megabytes", "0") == 1
    assert "out of range" in capsys.readouterr().err


def test_a_pouch_is_opened_and_says_what_came(
    run: Run, niger: ForeignNode, kind: Kind, tmp_path: Path, capsys: Captured
) -> None:
    channel, path = Channel(niger), tmp_path / "in.pouch"
    batch = notes(niger, channel, kind, *"abcd")
    path.write_bytes(sealed_for_us(niger, [said(niger, *batch[:2])]))
    assert run("pouch open", path) == 0
    assert "2 messages taken" in capsys.readouterr().out
    assert run("pouch open", path) == 0
    path.write_bytes(sealed_for_us(niger, [said(niger, *batch[3:])]))
    assert run("pouch open", path) == 1
    assert "stopped routine.1.0: A number is missing" in capsys.readouterr().err
    path.write_bytes(b"no pouch")
    assert run("pouch open", path) == 1
    assert "This file is no pouch" in capsys.readouterr().err
    assert run("pouch open", tmp_path / "nowhere") == 1
    assert "No such file" in capsys.readouterr().err


def test_who_may_not_carry_a_pouch_does_not(run: Run, niger: ForeignNode, tmp_path: Path, capsys: Captured) -> None:
    assert run("pouch pack", "NER", tmp_path / "x", "--reason", "why", user="nadia") == 1
    assert "permission_missing" in capsys.readouterr().err
    assert not Pouch.objects.exists()


def test_an_administrator_ends_a_restore_with_a_reason(run: Run, niger: ForeignNode, capsys: Captured) -> None:
    assert run("restore-end", "--reason", "why", user="amina") == 1
    assert "There is no restore to end." in capsys.readouterr().err
    restore.notice("restore", {"copy": "2026-11-01"})
    assert run("restore-end", "--reason", "why") == 1
    assert run("restore-end", "--reason", "  ", user="amina") == 1
    assert restoring() is not None
    assert run("restore-end", "--reason", "the disk died; this was the newest copy", user="amina") == 0
    assert (restoring(), epoch()) == (None, 2)
    assert leaves(act="restore_ended").get().actor == str(Person.objects.get(username="amina").pk)
