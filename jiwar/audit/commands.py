"""Verbs about the ledger. `verify` needs no node: a judge runs it on any machine."""

import argparse
import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from jiwar.identity.cards import Card


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ledger`."""
    acts = verbs.add_parser("ledger", help="export and verify the ledger").add_subparsers(required=True, metavar="ACT")
    export = acts.add_parser("export", help="write the whole signed ledger to a file")
    export.add_argument("file", type=Path)
    export.set_defaults(run=_export, needs_node=True)
    verify = acts.add_parser("verify", help="prove an exported ledger whole, offline")
    verify.add_argument("file", type=Path)
    expected = verify.add_mutually_exclusive_group()
    expected.add_argument("--card", type=Path, help="card of the node whose ledger it is said to be")
    expected.add_argument("--key", help="its Ed25519 public key, base64")
    _add_witnesses(verify)
    verify.set_defaults(run=_verify, needs_node=False)
    prove = acts.add_parser("prove", help="verify the proof of one leaf, offline")
    prove.add_argument("file", type=Path)
    prove.add_argument("--card", type=Path, required=True, help="card of the node whose leaf it is said to be")
    _add_witnesses(prove)
    prove.set_defaults(run=_prove, needs_node=False)
    judge = acts.add_parser("judge", help="judge evidence that a node signed two histories, offline")
    judge.add_argument("file", type=Path)
    judge.add_argument(
        "--card", type=Path, action="append", required=True, help="card of the node that is accused; one for each key"
    )
    judge.set_defaults(run=_judge, needs_node=False)


def _add_witnesses(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--witness", type=Path, action="append", default=[], help="card of a node that may have cosigned; repeatable"
    )


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
    from jiwar.identity.cards import CardInvalid
    from jiwar.identity.keys import fingerprint

    try:
        expected = None
        if told.card:
            expected = _card(told.card).signing
        elif told.key:
            expected = base64.b64decode(told.key, validate=True)
        with told.file.open("rb") as file:
            lines = iter(lambda: file.readline(MAX_LINE + 1), b"")
            summary = verify_export(lines, expected, _witness_keys(told.witness))
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
    for epoch in summary.epochs:
        print(f"  epoch    {epoch.number} began after {epoch.size} leaves: what came after them before it is not here")
    if summary.witnessed is not None:
        print(f"  witness  of the first {summary.witnessed} leaves:")
    _print_witnesses(summary.witnesses, summary.unknown)
    for act, count in sorted(summary.acts.items()):
        print(f"  {count:7}  {act}")
    return 0


def _prove(told: argparse.Namespace) -> int:
    from jiwar.audit.logic.proof import LeafUnproven, verify_proof
    from jiwar.identity.cards import CardInvalid
    from jiwar.identity.keys import cosigning_public, signing_public

    try:
        card = _card(told.card)
        keys = signing_public(card.signing), cosigning_public(card.cosigning)
        proven = verify_proof(told.file.read_text(encoding="utf-8"), *keys, _witness_keys(told.witness))
    except (OSError, CardInvalid, ValueError) as error:
        print(f"{told.file}: {error}", file=sys.stderr)
        return 1
    except LeafUnproven as error:
        print(f"{told.file}: NOT PROVEN, {error}", file=sys.stderr)
        return 1
    print(f"{told.file}: proven")
    print(f"  node     {proven.leaf.node}")
    keys_used = "both keys of the node" if proven.cosigned else "the node's Ed25519 key"
    print(f"  leaf     {proven.leaf.index} of {proven.checkpoint.size}, signed {proven.checkpoint.at} by {keys_used}")
    _print_witnesses(proven.witnesses, proven.unknown)
    for name in ("at", "act", "actor", "via", "purpose", "case", "subject"):
        if value := getattr(proven.leaf, name):
            print(f"  {name:8} {value}")
    for name, value in sorted(proven.leaf.detail.items()):
        print(f"           {name}: {value}")
    return 0


def _judge(told: argparse.Namespace) -> int:
    from jiwar.audit.logic.checkpoint import Checkpoint, CheckpointInvalid, open_of_card, read_unverified
    from jiwar.audit.logic.forks import MAX_BYTES, EvidenceInvalid, judge, read
    from jiwar.identity.cards import CardInvalid
    from jiwar.identity.keys import cosigning_public, fingerprint, signing_public

    def open_note(note: str) -> Checkpoint:
        says = read_unverified(note)
        for card in cards:
            try:
                if card.code == says.node:
                    keys = signing_public(card.signing), cosigning_public(card.cosigning)
                    return open_of_card(note, *keys)[0]
            except CheckpointInvalid as invalid:
                if invalid.code != "unsigned":
                    raise
        raise CheckpointInvalid("unsigned")

    try:
        cards = [_card(path) for path in told.card]
        with told.file.open("rb") as file:
            fork = judge(read(file.read(MAX_BYTES + 1)), open_note)
    except (OSError, CardInvalid, ValueError) as error:
        print(f"{told.file}: {error}", file=sys.stderr)
        return 1
    except EvidenceInvalid as error:
        print(f"{told.file}: PROVES NOTHING, {error}", file=sys.stderr)
        return 1
    print(f"{told.file}: {fork.node} signed two histories of its ledger")
    for card in cards:
        print(f"  key      {fingerprint(card.signing)}")
    for says in (fork.older, fork.newer):
        root = base64.b64encode(says.root).decode()
        print(f"  signed   {says.at}: {says.size} leaves of {says.origin} with the root {root}")
    print("  no ledger has both: its past was rewritten between them, or it ran on from an old copy")
    return 0


def _card(path: Path) -> "Card":
    from jiwar.identity.cards import read_card

    return read_card(path.read_text(encoding="utf-8"))


def _witness_keys(paths: list[Path]) -> "dict[str, Ed25519PublicKey]":
    from jiwar.identity.keys import signing_public

    return {card.code: signing_public(card.signing) for card in map(_card, paths)}


def _print_witnesses(signed: "Mapping[str, datetime]", unknown: "Sequence[str]") -> None:
    for code, at in sorted(signed.items()):
        print(f"  witness  {code}, {at}")
    if unknown:
        print(f"  not verified: {', '.join(sorted(unknown))} (give their cards with --witness)")
