"""Verbs about the ledger. `verify` needs no node: a judge runs it on any machine."""

import argparse
import base64
import sys
from pathlib import Path


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ledger`."""
    ledger = verbs.add_parser("ledger", help="export and verify the ledger").add_subparsers(
        required=True, metavar="ACT"
    )
    export = ledger.add_parser("export", help="write the whole signed ledger to a file")
    export.add_argument("file", type=Path)
    export.set_defaults(run=_export, needs_node=True)
    verify = ledger.add_parser("verify", help="prove an exported ledger whole, offline")
    verify.add_argument("file", type=Path)
    expected = verify.add_mutually_exclusive_group()
    expected.add_argument("--card", type=Path, help="card of the node whose ledger it is said to be")
    expected.add_argument("--key", help="its Ed25519 public key, base64")
    verify.set_defaults(run=_verify, needs_node=False)


def _export(told: argparse.Namespace) -> int:
    from dataclasses import dataclass

    from jiwar.audit.services import export_lines

    @dataclass(frozen=True)
    class Administrator:
        actor_id: str = "system"
        via: str = "cli"
        purpose: str | None = None
        case: str = ""

    part = told.file.with_name(told.file.name + ".part")
    with part.open("wb") as file:
        file.writelines(export_lines(Administrator()))
    part.replace(told.file)
    print(f"wrote {told.file} ({told.file.stat().st_size} bytes)")
    return 0


def _verify(told: argparse.Namespace) -> int:
    from jiwar.audit.logic.export import MAX_LINE, LedgerInvalid, verify_export
    from jiwar.identity.cards import CardInvalid, read_card
    from jiwar.identity.keys import fingerprint

    try:
        expected = None
        if told.card:
            expected = read_card(told.card.read_text(encoding="utf-8")).signing
        elif told.key:
            expected = base64.b64decode(told.key, validate=True)
        with told.file.open("rb") as file:
            summary = verify_export(iter(lambda: file.readline(MAX_LINE + 1), b""), expected)
    except (OSError, CardInvalid, ValueError) as error:
        print(f"{told.file}: {error}", file=sys.stderr)
        return 1
    except LedgerInvalid as error:
        print(f"{told.file}: NOT PROVEN, {error}", file=sys.stderr)
        return 1
    print(f"{told.file}: proven whole")
    print(f"  node     {summary.node}")
    print(f"  key      {fingerprint(summary.key)}{'' if expected else '  (compare it with the node: none was given)'}")
    print(f"  leaves   {summary.size}, {summary.first_at} to {summary.last_at}")
    print(f"  root     {base64.b64encode(summary.root).decode()}")
    for act, count in sorted(summary.acts.items()):
        print(f"  {count:7}  {act}")
    return 0
