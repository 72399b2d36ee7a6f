"""Benchmarks of lists and their editions: how fast each format is read and a list applied, and what a post takes.

The lists are invented (`logic.generate`), in the formats of their publishers. Reading is what a reading does with each
entry up to its body; applying is all of it, on a node of its own with SQLite. Seconds are of one core's time.
"""

import csv
import io
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import command, environment
from jiwar.watchlist.logic.evidence import Subject
from jiwar.watchlist.logic.generate import person

ENTRIES, APPLIED, WHOLE = 20_000, 5_000, 300_000
_COLUMNS = ("entity_id", "name", "alias", "date_of_birth", "sex_id", "nationalities", "passport_number")

READ = """
import django; django.setup()
import io, json, sys, time
from jiwar.watchlist.list_bodies import listing_of
from jiwar.watchlist.list_catalogue import READERS, catalogue
from jiwar.watchlist.logic.listed import Listed
code, shape, path = sys.argv[1:]
with open(path, "rb") as file:
    start = time.process_time()
    bodies = [listing_of(item, catalogue()[0][code], print) for item in READERS[code][shape]({"SDN.CSV": file})
              if isinstance(item, Listed)]
print(json.dumps([len(bodies), time.process_time() - start]))
"""
APPLY = """
import django; django.setup()
import datetime as dt, json, sys, time
from django.utils import timezone
from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, allow
from jiwar.identity.services import add_node
from jiwar.watchlist import editions, edition_files, lists
from jiwar.watchlist.edition_kinds import EditionBody
from jiwar.watchlist.list_catalogue import terms_of
from jiwar.watchlist.list_readings import read_list
from jiwar.watchlist.models import Edition
from tests.foreign import ForeignNode
add_node(ForeignNode("LBY-SEBHA", role="post").card())
actor = Actor("0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5", "cli", frozenset(Permission))
by = allow(actor, Permission.WATCHLIST_LIST_IMPORT, terms_of("notices").purpose)
told = {}
for path, day in zip(sys.argv[1:], (20, 21)):
    with open(path, "rb") as file:
        reading = read_list(by, "notices", {"notices.csv": file}, as_of=dt.date(2026, 11, day))
    lists.accept(by, reading.pk)
    start = last = time.process_time()
    longest = 0.0
    def tell(done, whole):
        global last, longest
        longest, last = max(longest, time.process_time() - last), time.process_time()
    done = lists.apply(by, reading, tell)
    assert done.state == "applied", done.state
    told.setdefault("apply", [done.changes, time.process_time() - start, longest])
    with edition_files.alone():
        record = editions.make(by, timezone.now())
    row = Edition.objects.get(record=record)
    told[row.form] = [row.added + row.amended + row.removed, row.size, len(record.statement) + row.size]
print(json.dumps(told))
"""


def benchmarks() -> Iterator[dict]:
    """Reading by format, applying, an edition of 1,000 changes, and a whole one up to a post that searches it."""
    with tempfile.TemporaryDirectory(prefix="jiwar-bench-") as scratch:
        node = Path(scratch) / "LBY"
        write_settings(node, NodeSettings(code="LBY", name="Libya", role="national"))
        command(node, "prepare", check=True)
        people = list(_people(ENTRIES, 1))
        for code, shape, write in (
            ("notices", "csv", _notices),
            ("ofac_sdn", "csv", _sdn),
            ("ofac_sdn", "xml", _sdn_xml),
        ):
            path = Path(scratch) / f"{code}.{shape}"
            path.write_text(write(people), encoding="utf-8")
            count, took = json.loads(_python(node, READ, code, shape, str(path)))
            assert count == ENTRIES
            yield {
                "name": f"watchlist_lists.read_per_s_{code}_{shape}",
                "value": round(count / took),
                "unit": "1/s",
                "better": "higher",
                "note": f"({count:,} entries, {path.stat().st_size / 1e6:.1f} MB)",
            }
        yield from _applied(node, Path(scratch))
    yield from _whole()


def _applied(node: Path, scratch: Path) -> Iterator[dict]:
    first = list(_people(APPLIED, 2))
    changed = [_later(each) for each in first[:250]]
    second = [*changed, *first[250:-150], *(each for each in _people(600, 3, "late"))]
    paths = [scratch / "first.csv", scratch / "second.csv"]
    for path, people in zip(paths, (first, second), strict=True):
        path.write_text(_notices(people), encoding="utf-8")
    told = json.loads(_python(node, APPLY, *map(str, paths)))
    count, took, longest = told["apply"]
    yield {
        "name": "watchlist_lists.apply_per_s",
        "value": round(count / took),
        "unit": "1/s",
        "better": "higher",
        "note": f"({count:,} entries; its longest transaction {longest:.2f} s)",
    }
    changes, file, whole = told["changes"]
    assert changes == 1000
    yield {
        "name": "watchlist_lists.edition_kb_1000_changes",
        "value": round(whole / 1000, 1),
        "unit": "kB",
        "goal": 40,
        "note": f"(600 added, 250 amended, 150 removed; the file {file / 1000:.1f}, the rest its signed record)",
    }


def _whole() -> Iterator[dict]:
    from dataclasses import replace

    from jiwar.watchlist.kinds import SubjectFacts, to_subject
    from jiwar.watchlist.logic import edition
    from jiwar.watchlist.logic.index import Index
    from tests.watchlist.test_edition_format import people

    said = sorted(people(random.Random(4), WHOLE, 0))
    start = time.process_time()
    pieces = list(edition.write((), said))
    made = time.process_time() - start
    size = sum(map(len, pieces))
    del said
    start = time.process_time()
    assert sum(each is not None for _, each in edition.read(pieces)) == WHOLE
    facts = ((uid, SubjectFacts.model_validate(each["facts"])) for uid, each in edition.read(pieces) if each)
    index = Index.build(replace(to_subject(str(uid), one), card="{}") for uid, one in facts)
    taken = time.process_time() - start
    assert len(index) == WHOLE
    yield {
        "name": "watchlist_lists.edition_mb_whole_300k",
        "value": round(size / 1e6, 1),
        "unit": "MB",
        "note": f"(packed in {made:.0f} s, the database not counted)",
    }
    yield {
        "name": "watchlist_lists.post_takes_whole_300k_s",
        "value": round(taken, 1),
        "unit": "s",
        "note": "(read, counted, and indexed to be searched, in a process that stands back)",
    }


def _people(count: int, seed: int, prefix: str = "") -> Iterator[Subject]:
    chance = random.Random(seed)
    return (person(chance, f"{prefix}{number}") for number in range(count))


def _later(subject: Subject) -> Subject:
    """The same entry, of another day of birth."""
    from dataclasses import replace

    from jiwar.watchlist.logic.dates import PartialDate

    return replace(subject, birth_dates=(PartialDate(1999, 9, 9),))


def _cells(subject: Subject) -> list[str]:
    name, *aliases = [each.text for each in subject.names]
    number = subject.documents[0].number if subject.documents else ""
    born = str(subject.birth_dates[0]).removeprefix("~") if subject.birth_dates else ""
    return [subject.key, name, "|".join(aliases), born, subject.sexes[0], "|".join(subject.nationalities), number]


def _notices(people: list[Subject]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([_COLUMNS, *map(_cells, people)])
    return out.getvalue()


def _sdn(people: list[Subject]) -> str:
    out = io.StringIO()
    lines = csv.writer(out)
    for number, each in enumerate(map(_cells, people), 1):
        said = f"DOB {each[3][:4]}; nationality {each[5]}; Gender {'Male' if each[4] == 'M' else 'Female'}."
        lines.writerow([number, each[1], "individual", "SDGT", *["-0- "] * 7, said])
    return out.getvalue()


def _sdn_xml(people: list[Subject]) -> str:
    out = ["<sdnList><publshInformation><Publish_Date>11/20/2026</Publish_Date></publshInformation>"]
    for number, each in enumerate(map(_cells, people), 1):
        name, alias, born = escape(each[1]), escape(each[2]), each[3][:4]
        out.append(
            f"<sdnEntry><uid>{number}</uid><lastName>{name}</lastName><sdnType>Individual</sdnType>"
            "<programList><program>SDGT</program></programList><akaList><aka><type>a.k.a.</type>"
            f"<category>strong</category><lastName>{alias}</lastName></aka></akaList>"
            f"<dateOfBirthList><dateOfBirthItem><dateOfBirth>{born}</dateOfBirth></dateOfBirthItem></dateOfBirthList>"
            "</sdnEntry>"
        )
    return "\n".join([*out, "</sdnList>"])


def _python(node: Path, program: str, *arguments: str) -> str:
    root = str(Path(__file__).resolve().parent.parent)
    env = environment(node) | {"PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.splitlines()[-1]
