"""Verbs about blind matching."""

import argparse
import os


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `matching`."""
    acts = verbs.add_parser("matching", help="blind matches with neighbours").add_subparsers(
        required=True, metavar="ACT"
    )
    work = acts.add_parser("work", help="answer what neighbours ask and take in their answers, now and here")
    work.set_defaults(run=_work, needs_node=True)


def _work(told: argparse.Namespace) -> int:
    from jiwar.matching.services import work

    os.nice(10)  # screening and the exchange come first
    work()
    return 0
