"""Verbs about the watchlist. They touch personal data: a person signs in, and names a purpose."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jiwar.records.terminal import grant, spoken
from jiwar.watchlist.list_commands import add_lists

if TYPE_CHECKING:
    from jiwar.access.policy import Grant
    from jiwar.watchlist.screening import Document, Match, Query, Screening


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `import`, `lists`, `protected` and `screen`."""
    add_lists(verbs)
    _add_protected(verbs)
    screen = verbs.add_parser(
        "screen", help="ask whether a person or a document is on the watchlist, or everyone in a table"
    )
    screen.add_argument("file", nargs="?", type=Path, help="a table (CSV, UTF-8): one question in each row")
    screen.add_argument("--out", type=Path, help="with a table: a new file for the answers; the same one to go on")
    screen.add_argument(
        "--column", action="append", default=[], metavar="FIELD=TITLE", help="with a table: the title of a column"
    )
    screen.add_argument("--delimiter", default=",", help="with a table: what stands between two cells")
    screen.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="with a table: how many search at once"
    )
    screen.add_argument("--user", required=True, help="who asks; the password is asked for")
    screen.add_argument("--name", action="append", default=[], help="a spelling of the name; may be given again")
    screen.add_argument("--born", help="1984, 1984-06, 1984-06-17 or 1980/1985")
    screen.add_argument("--sex", choices=("M", "F"), default="")
    screen.add_argument("--nationality", default="", help="ISO 3166-1 alpha-3: LBY")
    screen.add_argument("--document", action="append", default=[], metavar="CTY:NUMBER")
    screen.add_argument("--purpose", required=True)
    screen.add_argument("--case", default="", help="reference of the case; at a post it may be left out")
    screen.add_argument("--reason", default="", help="needed to search by name alone, and for a table")
    screen.add_argument("--json", action="store_true")
    screen.set_defaults(run=_screen, needs_node=True)


def _add_protected(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    acts = verbs.add_parser("protected", help="people whom this state protects from another (rule R5)").add_subparsers(
        required=True, metavar="ACT"
    )
    show, add, end = (
        acts.add_parser(name, help=what)
        for name, what in (("show", "who they are"), ("add", "protect one more"), ("end", "protect one no longer"))
    )
    add.add_argument("--from", dest="feared", required=True, help="the state that she fears, ISO 3166-1 alpha-3: LBY")
    add.add_argument("--name", action="append", required=True, help="a spelling of the name; may be given again")
    add.add_argument("--born", help="1984, 1984-06, 1984-06-17 or 1980/1985")
    add.add_argument("--document", action="append", default=[], metavar="CTY:NUMBER")
    end.add_argument("person", type=UUID, help="as `protected show` has it")
    for act, run in ((show, _protected), (add, _protect), (end, _unprotect)):
        act.add_argument("--user", required=True, help="an approver; the password is asked for")
        act.add_argument("--purpose", required=True)
        act.set_defaults(run=run, needs_node=True)
    for act in (add, end):
        act.add_argument("--reason", required=True, help="on what decision; it is in the ledger")


def _protected(told: argparse.Namespace) -> int:
    from jiwar.records.refusals import say_refusals
    from jiwar.watchlist.protection import browse_protected

    def show() -> int:
        for person in browse_protected(_protecting(told)):
            names = " · ".join(name["text"] for name in person.facts["names"])
            print(f"{person.pk}  from {person.feared_state}  since {person.added_at:%Y-%m-%d}  {names}")
        return 0

    return say_refusals(show)


def _protect(told: argparse.Namespace) -> int:
    from jiwar.records.refusals import say_refusals
    from jiwar.watchlist.protection import known_by, protect

    def add() -> int:
        documents = [(one.country, one.number) for one in _documents(told)]
        facts = known_by(told.name, [told.born] if told.born else [], documents)
        print(protect(_protecting(told), facts, told.feared.upper(), told.reason).pk)
        return 0

    return say_refusals(add)


def _unprotect(told: argparse.Namespace) -> int:
    from jiwar.records.refusals import say_refusals
    from jiwar.watchlist.protection import end_protection

    def end() -> int:
        end_protection(_protecting(told), told.person, told.reason)
        return 0

    return say_refusals(end)


def _protecting(told: argparse.Namespace) -> "Grant":
    from jiwar.access.permissions import Permission

    return grant(told.user, Permission.WATCHLIST_ALERT_APPROVE, told.purpose)


def _screen(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission
    from jiwar.records.refusals import say_refusals
    from jiwar.watchlist.screening import screen

    if told.file is not None:
        return say_refusals(lambda: _screen_file(told))

    def ask() -> int:
        query = _query(told)
        by = grant(told.user, Permission.WATCHLIST_PERSON_SCREEN, told.purpose, told.case)
        answer = screen(by, query, channel="cli", reason=told.reason)
        print(json.dumps(_plain(answer), ensure_ascii=False, indent=2) if told.json else _table(answer))
        return 0

    return say_refusals(ask)


def _screen_file(told: argparse.Namespace) -> int:
    from django.utils.translation import get_language

    from jiwar.access.permissions import Permission
    from jiwar.watchlist.file_progress import Bar
    from jiwar.watchlist.file_run import File, Processes, screen_file
    from jiwar.wire.faults import Fault, Refused

    if told.out is None:
        raise Refused(Fault("missing", "out"))
    if told.name or told.born or told.sex or told.nationality or told.document or told.json:
        raise Refused(Fault("not_with_a_table"))
    named = {}
    for stated in told.column:
        field, equals, title = stated.partition("=")
        if not equals:
            raise Refused(Fault("wrong_form", "column", "FIELD=TITLE"))
        named[field] = title
    if not 1 <= told.processes <= 256:
        raise Refused(Fault("out_of_range", "processes"))
    by = grant(told.user, Permission.WATCHLIST_FILE_SCREEN, told.purpose, told.case)
    bar = Bar(sys.stderr)
    file = File(told.file, told.out, named, told.delimiter)
    try:
        bar.end(screen_file(by, file, told.reason, bar.say, Processes(told.processes), get_language() or "en"))
    except KeyboardInterrupt:
        print(f"\nstopped; the same command goes on where {told.out.name} ends", file=sys.stderr)
        return 1
    return 0


def _query(told: argparse.Namespace) -> "Query":
    from jiwar.watchlist.screening import PartialDate, Query
    from jiwar.wire.faults import Fault, Refused

    try:
        born = PartialDate.parse(told.born) if told.born else None
    except ValueError:
        raise Refused(Fault("wrong_form", "born")) from None
    return Query(tuple(told.name), born, told.sex, told.nationality.upper(), tuple(_documents(told)))


def _documents(told: argparse.Namespace) -> "list[Document]":
    from jiwar.watchlist.screening import Document
    from jiwar.wire.faults import Fault, Refused

    documents = []
    for stated in told.document:
        country, colon, number = stated.partition(":")
        if not colon:
            raise Refused(Fault("wrong_form", "document", "CTY:NUMBER"))
        documents.append(Document("", country.upper(), number))
    return documents


def _table(answer: "Screening") -> str:
    lines = []
    for number, match in enumerate(answer.candidates, 1):
        lines += [
            f"{number}. {spoken('match_strength', match.strength)}: {' · '.join(match.names[:3])}",
            f"   {match.issuing_state} {match.source_reference or match.record_uid}: {_to_do(match)}",
            f"   {', '.join(filter(None, (*match.birth_dates, *match.nationalities)))}",
            f"   + {', '.join(spoken('match_reason', reason.code) for reason in match.reasons)}",
        ]
        if match.differences:
            lines.append(f"   - {', '.join(spoken('match_difference', one.code) for one in match.differences)}")
    lines.append(
        f"{len(answer.candidates)} candidates of {answer.entries} entries; the list is as of "
        f"{answer.list_age:%Y-%m-%d %H:%M %Z}; {answer.took_ms:.0f} ms; a match is a question, never a decision"
        if answer.list_age
        else "the watchlist is empty"
    )
    if answer.too_little:
        lines.append("the name is too common to find anybody by it alone: add a date of birth or a number")
    if answer.kept_back:
        fields = ", ".join(spoken("match_field", field) for field in answer.ask_for)
        lines.append(
            f"a common name: {answer.kept_back} who share only name and year were not shown; ask for: {fields}"
        )
    return "\n".join(lines)


def _to_do(match: "Match") -> str:
    """What is asked, and what its origin lets nobody do."""
    return "; ".join([spoken("action", match.action), *(spoken("restriction", code) for code in match.restrictions)])


def _plain(answer: "Screening") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "id": str(answer.id),
        "at": answer.at.isoformat(),
        "list_age": answer.list_age.isoformat() if answer.list_age else None,
        "entries": answer.entries,
        "took_ms": round(answer.took_ms, 1),
        "too_little": answer.too_little,
        "kept_back": answer.kept_back,
        "ask_for": list(answer.ask_for),
        "candidates": [asdict(match) | {"record_uid": str(match.record_uid)} for match in answer.candidates],
    }
