"""`jiwar bridge …`: a person signs in, a file waits or is taken in, records leave with what is lost said."""

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.bridges.commands import add_commands
from jiwar.bridges.logic.stix_reading import read_bundle
from jiwar.bridges.models import Reading, Source
from jiwar.identity.models import Person
from jiwar.records.models import Record
from jiwar.watchlist.models import Entry
from tests.bridges.logic.test_coming_in import PERSON, person, thing
from tests.bridges.test_readings import NAMED, bundle

pytestmark = pytest.mark.django_db
PASSWORD = "a long test secret 1"
Run = Callable[..., int]
Said = pytest.CaptureFixture[str]


@pytest.fixture
def run(people: dict[str, Person], settings: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(verb, *arguments)`: the verb's exit code, signed in as Amal, the contact officer."""
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    people["amal"].set_password(PASSWORD)
    people["amal"].save()
    monkeypatch.setenv("JIWAR_PASSWORD", PASSWORD)

    def go(verb: str, *arguments: object, user: bool = True) -> int:
        parser = argparse.ArgumentParser()
        add_commands(parser.add_subparsers())
        signed = ["--user", "amal"] if user else []
        told = parser.parse_args(["bridge", *verb.split(), *map(str, arguments), *signed])
        return int(told.run(told))

    return go


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "notices.json"
    path.write_bytes(bundle(person(**NAMED), thing("malware", name="x")))
    return path


def test_a_file_is_read_and_waits(run: Run, source: Any, file: Path, capsys: Said) -> None:
    source()
    assert run("import stix", file, "--source", "interpol") == 0
    said = capsys.readouterr().out
    reading = Reading.objects.get()
    assert f"found 1, not understood 1; reading {reading.pk}" in said
    assert "objects.1: a type of which no entry comes: malware" in said
    assert (reading.state, reading.via, Entry.objects.count()) == ("waiting", "cli", 0)
    run("sources", user=False)
    assert "interpol" in capsys.readouterr().out


def test_a_file_is_taken_in_at_once_where_it_is_said(run: Run, source: Any, file: Path, capsys: Said) -> None:
    source()
    assert run("import stix", file, "--source", "interpol", "--take", "--whole") == 0
    assert "taken in: 1 new, 0 changed, 0 unchanged" in capsys.readouterr().out
    assert Entry.objects.get().reference == f"interpol:{PERSON}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "misp", "FILE", "--source", "interpol"], "This file is no MISP event."),
        (["import", "stix", "FILE", "--source", "nobody"], "source: "),
        (["import", "stix", "no-such-file", "--source", "interpol"], "No such file"),
        (["pull", "--source", "interpol"], "url: "),
        (["pull", "http://x.example/", "--collection", "a", "--source", "interpol"], "url: "),
    ],
)
def test_what_is_refused_says_why(
    run: Run, source: Any, file: Path, capsys: Said, arguments: list[str], said: str
) -> None:
    source()
    assert run(*[str(file) if one == "FILE" else one for one in arguments]) == 1
    assert said in capsys.readouterr().err
    assert not Reading.objects.exists()


def test_a_collection_is_connected_and_fetched(run: Run, source: Any, capsys: Said) -> None:
    source()
    assert run("pull", "http://127.0.0.1:9/x/", "--collection", "one", "--source", "interpol") == 1
    told = capsys.readouterr()
    assert "fetched 0 objects in 0 pages" in told.out
    assert "Nobody answers at its address." in told.err
    assert (Source.objects.get().url, Source.objects.get().failure) == ("http://127.0.0.1:9/x/", "unreachable")


def test_records_are_written_into_a_new_file_and_what_is_lost_is_said(
    run: Run, issued: Callable[..., Record], tmp_path: Path, capsys: Said
) -> None:
    one, two = issued(), issued()
    out = tmp_path / "alerts.json"
    told = ["--uid", one.uid, "--uid", two.uid, "--purpose", "criminal_investigation", "--out", out]
    assert run("export stix", *told) == 0
    assert f"{one.uid} content.grading: in the signed record alone" in capsys.readouterr().err
    assert [s.statement.decode() for s in read_bundle(out.read_bytes()).statements] == [one.statement, two.statement]
    assert run("export stix", *told) == 1  # a file is never written over
    assert run("export misp", "--uid", one.uid, "--purpose", "criminal_investigation", "--to", "NER") == 1
    assert "Its issuer did not allow onward transfer." in capsys.readouterr().err


def test_without_a_file_it_goes_to_standard_output(
    run: Run, issued: Callable[..., Record], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    record = issued()
    assert run("export misp", "--uid", record.uid, "--purpose", "criminal_investigation") == 0
    assert json.loads(capfdbinary.readouterr().out)["Event"]["published"] is False
