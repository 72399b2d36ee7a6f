"""Verbs about chips at the terminal: which readers there are, and read a chip."""

import argparse
import sys
from pathlib import Path

_MOST_ZONE = 1_000
"""Characters."""


def add_commands(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `readers` and `read-chip` to the acts of `jiwar document`."""
    acts.add_parser("readers", help="the readers for chips on this machine").set_defaults(
        run=_readers, needs_node=False
    )
    read = acts.add_parser("read-chip", help="read the chip that lies on the reader")
    read.add_argument("--user", required=True, help="who reads it; the password is asked for")
    read.add_argument("--zone", type=Path, help="a file with the printed zone (- for the keyboard)")
    read.add_argument("--card-number", default="", help="the six digits of the page, in place of the zone")
    read.add_argument("--reader", help="its name (default: the first that has a chip)")
    read.add_argument("--into", type=Path, help="a new folder that keeps the files and the transcript")
    read.add_argument("--without-portrait", action="store_true", help="leave DG2 unread")
    read.add_argument(
        "--bac-after-pace", action="store_true", help="open it the old way if PACE fails; the checks say so"
    )
    read.set_defaults(run=_read, needs_node=True)


def _readers(_told: argparse.Namespace) -> int:
    from jiwar.documents.reader import ReaderAbsent, readers

    try:
        print("\n".join(readers()))
    except ReaderAbsent as absent:
        print(absent, file=sys.stderr)
        return 1
    return 0


def _zone(path: Path | None) -> str:
    if path is None:
        return ""
    if str(path) == "-":
        return sys.stdin.read(_MOST_ZONE)
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_MOST_ZONE)


def _read(told: argparse.Namespace) -> int:
    from django.utils import timezone

    from jiwar.access.permissions import Permission, Purpose
    from jiwar.documents import checks, chips
    from jiwar.documents.check_commands import show
    from jiwar.documents.logic.chip_reading import RESTRICTED, ReadingPolicy
    from jiwar.records.refusals import say_refusals
    from jiwar.records.terminal import grant

    def act() -> int:
        today = timezone.localdate()
        zone = _zone(told.zone)
        password = chips.password_of(zone, told.card_number, today)
        by = grant(told.user, Permission.WATCHLIST_PERSON_SCREEN, Purpose.BORDER_CHECK)
        without = RESTRICTED | ({2} if told.without_portrait else set())
        policy = ReadingPolicy(bac_after_pace=told.bac_after_pace, without=without)
        reading = chips.read_chip(by, password, policy, told.reader)
        if told.into:
            chips.save(reading, zone, told.into)
        show(checks.check(by, zone=zone, chip=reading))
        return 0 if reading.files else 1

    return say_refusals(act)
