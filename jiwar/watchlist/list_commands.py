"""Verbs about lists: read a new version, see what it changes, apply it. A person signs in."""

import argparse
import datetime as dt
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from jiwar.records.terminal import grant, spoken

if TYPE_CHECKING:
    from jiwar.watchlist.list_readings import Progress
    from jiwar.watchlist.models import ListImport

PUBLIC = {
    "un": "the Security Council's consolidated list, XML",
    "ofac": "OFAC's list: sdn.xml, or SDN.CSV ALT.CSV ADD.CSV SDN_COMMENTS.CSV",
    "eu": "the European Union's consolidated list, XML or CSV",
    "uk": "the UK sanctions list, CSV or XML",
    "notices": "notices on people, CSV with the columns of INTERPOL's notices",
}
SHOWN = 20
"""Changes of a kind that are named at the terminal; the console shows all."""


def add_lists(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `import` and `lists`."""
    which = verbs.add_parser("import", help="read a list").add_subparsers(required=True, metavar="LIST")
    for name, what in PUBLIC.items():
        one = which.add_parser(name, help=what)
        _add_arguments(one)
        one.set_defaults(run=_import, list=name, needs_node=True)
    table = which.add_parser("table", help="a spreadsheet whose columns were said at the console, CSV or XLSX")
    _add_arguments(table)
    table.add_argument("--mapping", required=True, metavar="NAME", help="code of the list, as the console has it")
    table.set_defaults(run=_import, list="", needs_node=True)
    acts = verbs.add_parser("lists", help="readings of lists").add_subparsers(required=True, metavar="ACT")
    acts.add_parser("show", help="the readings, the newest first").set_defaults(run=_show, needs_node=True)
    work = acts.add_parser("work", help="read and apply what is due, now and here")
    work.set_defaults(run=_work, needs_node=True)
    made = acts.add_parser("editions", help="make, or at a post put on, the edition that is due, now and here")
    made.set_defaults(run=_editions, needs_node=True)
    index = acts.add_parser("index", help="build the file that is searched anew, where it is missing or far behind")
    index.add_argument("--behind", type=int, default=0, metavar="N", help="leave a file that lacks at most N changes")
    index.set_defaults(run=_index, needs_node=True)


def _add_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", type=Path, nargs="+")
    one.add_argument("--user", required=True, help="who reads it; the password is asked for")
    one.add_argument("--as-of", type=dt.date.fromisoformat, help="the day of the list, where the file does not say it")
    one.add_argument("--yes", action="store_true", help="apply without asking")


def _import(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission
    from jiwar.records.refusals import say_refusals
    from jiwar.watchlist.list_catalogue import terms_named
    from jiwar.watchlist.list_readings import needs_two, read_list
    from jiwar.watchlist.lists import confirm_list

    def act() -> int:
        terms = terms_named(told.list or told.mapping)
        by = grant(told.user, Permission.WATCHLIST_LIST_IMPORT, terms.purpose)
        with ExitStack() as stack:
            files = {path.name: stack.enter_context(path.open("rb")) for path in told.file}
            reading = read_list(by, terms.code, files, as_of=told.as_of, progress=_progress("read"))
        _say(reading)
        two = needs_two(reading)
        if not (told.yes or _asks("hand it to a second person?" if two else "apply it?")):
            print("it waits; the console shows all of it, applies it and discards it")
            return 0
        done = confirm_list(by, reading.pk, progress=_progress("applied"))
        print("applied" if done.state == done.State.APPLIED else "it waits for a second person at the console")
        return 0

    return say_refusals(act)


def _say(reading: "ListImport") -> None:
    day = f"{reading.generated_at:%Y-%m-%d}" if reading.generated_at else "an unknown day"
    print(f"read {reading.entries} entries as of {day}: {reading.new} new, {reading.changed} changed,")
    print(f"{reading.renewed} reviewed, {reading.unchanged} unchanged, {reading.withdrawn} withdrawn")
    for change in ("new", "changed", "removed"):
        rows = reading.rows.filter(change=change)
        for row in rows[:SHOWN]:
            fields = ", ".join(spoken("listing_field", field) for field in row.fields)
            print(f"{spoken('list_change', change)}: {row.reference} {row.name}{': ' if fields else ''}{fields}")
        if (more := rows.count() - SHOWN) > 0:
            print(f"{spoken('list_change', change)}: {more} more")
    for line in reading.unread_lines.all():
        print(f"line {line.line}: {line.reference} {line.path}: {spoken('unread', line.code)}: {line.value}")


def _asks(question: str) -> bool:
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def _progress(word: str) -> "Progress":
    """Says how far it is, once a second, where somebody looks at it."""
    began = last = time.monotonic()

    def tell(done: int, whole: int) -> None:
        nonlocal last
        now = time.monotonic()
        if sys.stderr.isatty() and whole and now - last > 1:
            last = now
            print(f"\r{word} {100 * done // whole} % in {now - began:.0f} s", end="", file=sys.stderr, flush=True)
            if done >= whole:
                print(file=sys.stderr)

    return tell


def _show(_told: argparse.Namespace) -> int:
    from jiwar.watchlist.models import ListImport

    for reading in ListImport.objects.all()[:50]:
        as_of = f"{reading.generated_at:%Y-%m-%d}" if reading.generated_at else "–"
        print(f"{reading.at:%Y-%m-%d %H:%M}  {reading.list:20} {as_of}  {spoken('list_state', reading.state)}")
        changes = f"{reading.new} new, {reading.changed} changed, {reading.withdrawn} withdrawn"
        print(f"    {reading.entries} entries: {changes}")
    return 0


def _work(_told: argparse.Namespace) -> int:
    from jiwar.exchange.apart import stand_back
    from jiwar.watchlist.list_work import work

    stand_back()
    print(f"{work()} readings done")
    return 0


def _index(told: argparse.Namespace) -> int:
    from jiwar.exchange.apart import stand_back
    from jiwar.watchlist.this_index import make_index

    stand_back()
    print("the index was built" if make_index(told.behind) else "the index is as it should be")
    return 0


def _editions(_told: argparse.Namespace) -> int:
    from jiwar.exchange.apart import stand_back
    from jiwar.watchlist.edition_work import WORK

    stand_back()
    WORK.work()
    return 0
