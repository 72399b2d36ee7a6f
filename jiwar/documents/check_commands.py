"""`jiwar document check`: what files of one document say, in the terminal or as JSON."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jiwar.documents.checks import Checked
    from jiwar.documents.logic.report import Check

_MARK = {"successful": "+", "failed": "!", "undetermined": "?", "not_supported": "-", "aborted": "?"}
_EXIT = {"green": 0, "grey": 0, "amber": 3, "red": 2}


def add_commands(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `check` to the acts of `jiwar document`."""
    check = acts.add_parser(
        "check",
        help="check files of one document: text of its zone, pictures, a folder of its chip, seals",
        description="All files are taken as of one document. The registry of lost documents is not asked, and nothing "
        "is kept. Exit code: 0 nothing is wrong, 2 something is, 3 something cannot be told.",
    )
    check.add_argument("file", type=Path, nargs="+", metavar="FILE")
    check.add_argument("--json", action="store_true", help="the whole tree as JSON")
    check.set_defaults(run=_check, needs_node=True)


def _check(told: argparse.Namespace) -> int:
    from django.utils import timezone

    from jiwar.documents.check_files import of_paths, read_files
    from jiwar.documents.checks import report_on, said
    from jiwar.records.refusals import say_refusals

    def act() -> int:
        now = timezone.now()
        checked = report_on(read_files(of_paths(told.file), timezone.localdate(now)), now)
        if told.json:
            print(json.dumps(said(checked), ensure_ascii=False, indent=1))
        else:
            show(checked)
        return _EXIT[checked.verdict.colour]

    return say_refusals(act)


def show(checked: "Checked") -> None:
    from jiwar.documents.check_words import name_of, sentence
    from jiwar.records.words import word

    shown, header = checked.verdict, checked.report.header
    print(f"{word('document_colour', shown.colour, 'en').upper()}: {sentence(shown.code, shown.detail, 'en')}")

    def tell(check: "Check", depth: int) -> None:
        why = f": {sentence(check.code, check.detail, 'en')}" if check.code else ""
        print(f"{'  ' * depth}{_MARK[check.result]} {name_of(check.id, 'en')}{why}")
        for child in check.children:
            tell(child, depth + 1)

    for part in checked.report.root.children:
        tell(part, 0)
    trust = f"trust {header.trust_version[:16]}" if header.trust_version else "nobody is trusted"
    print(f"at {header.at}, {trust}, clock {header.clock}, {'offline' if header.offline else 'online'}")
