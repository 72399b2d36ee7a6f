"""The verb that verifies a brief. It needs no node: whoever is handed one runs it on any machine."""

import argparse
import sys
from pathlib import Path


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `verify-brief`."""
    verify = verbs.add_parser("verify-brief", help="verify the signature of a brief (PDF), offline")
    verify.add_argument("file", type=Path)
    verify.add_argument("--card", type=Path, help="card of the node that is said to have made it")
    verify.set_defaults(run=_verify, needs_node=False)


def _verify(told: argparse.Namespace) -> int:
    from jiwar.analysis.logic.signed_pdf import MOST_BYTES, BriefInvalid, verify
    from jiwar.identity.cards import CardInvalid, read_card
    from jiwar.identity.keys import fingerprint

    try:
        card = read_card(told.card.read_text(encoding="utf-8")) if told.card else None
        with told.file.open("rb") as file:
            said = verify(file.read(MOST_BYTES + 1), card.signing if card else None)
    except (OSError, CardInvalid, ValueError) as error:
        print(f"{told.file}: {error}", file=sys.stderr)
        return 1
    except BriefInvalid as error:
        print(f"{told.file}: NOT PROVEN, {error}", file=sys.stderr)
        return 1
    if card and card.code != said.node:
        print(f"{told.file}: NOT PROVEN, the card is of {card.code}, the brief says {said.node}", file=sys.stderr)
        return 1
    print(f"{told.file}: proven whole")
    print(f"  node     {said.node}")
    print(f"  key      {fingerprint(said.key)}{'' if card else '  (compare it with the node: no card was given)'}")
    print(f"  brief    {said.brief}, made {said.made_at}")
    print(f"  content  {said.content}  (the hash on each page, and in the ledger's leaf of this brief)")
    return 0
