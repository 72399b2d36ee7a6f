"""Verbs about lost, stolen and invalid documents."""

import argparse
from pathlib import Path

from jiwar.records.terminal import grant, spoken

_PURPOSE = "border_check"


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `lost`."""
    acts = verbs.add_parser("lost", help="lost, stolen and invalid documents").add_subparsers(
        required=True, metavar="ACT"
    )
    asked = acts.add_parser("look-up", help="whether a document is registered")
    asked.add_argument("issuer", help="the issuing state: NER")
    asked.add_argument("number")
    asked.add_argument("--type", default="", help="passport, identity_card, visa …, or the code that the zone has")
    asked.add_argument("--user", required=True, help="who asks; the password is asked for")
    asked.set_defaults(run=_look_up, needs_node=True)
    table = acts.add_parser("import", help="report the documents of a table, CSV: type, number, last, status, since")
    table.add_argument("file", type=Path)
    table.add_argument("--user", required=True, help="who reports them; the password is asked for")
    table.add_argument("--check", action="store_true", help="say what would come of it, and report nothing")
    table.set_defaults(run=_import, needs_node=True)
    made = acts.add_parser("editions", help="make, or at a post put on, the edition that is due, now and here")
    made.set_defaults(run=_editions, needs_node=True)


def _look_up(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission
    from jiwar.documents.services import look_up
    from jiwar.records.refusals import say_refusals

    def act() -> int:
        by = grant(told.user, Permission.DOCUMENTS_LOST_SEARCH, _PURPOSE)
        answer = look_up(by, told.issuer, told.type, told.number)
        for entry in answer.entries:
            number = f"{entry.number}-{entry.last}" if entry.last else entry.number
            said = f"{entry.issuer} {spoken('lost_type', entry.type)} {number}"
            print(f"{spoken('lost_status', entry.status)}: {said}, since {entry.since}, report {entry.record}")
        if not answer.entries:
            registry = "" if answer.registry == "in_use" else f" ({spoken('lost_registry', answer.registry)})"
            print(f"not registered{registry}")
        for hint in answer.hints:
            print(f"look again: {hint.entry.number} is {spoken('lost_status', hint.entry.status)} ({hint.why})")
        return 0

    return say_refusals(act)


def _import(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission
    from jiwar.documents.lost_import import import_lost
    from jiwar.records.refusals import say_refusals

    def act() -> int:
        by = grant(told.user, Permission.DOCUMENTS_LOST_REPORT, _PURPOSE)
        with told.file.open("rb") as file:
            done = import_lost(by, file, told.file.name, only_check=told.check)
        for line, field, code in done.faults:
            print(f"line {line}: {field} {spoken('fault', code)}")
        if done.refused > len(done.faults):
            print(f"{done.refused - len(done.faults)} more lines are wrong")
        word = "would be reported" if told.check else "reported"
        print(f"{done.lines} lines: {done.added} {word}, {done.known} known already, {done.refused} wrong")
        return 1 if done.refused else 0

    return say_refusals(act)


def _editions(_told: argparse.Namespace) -> int:
    from jiwar.documents.lost_work import WORK
    from jiwar.exchange.apart import stand_back

    stand_back()
    WORK.work()
    return 0
