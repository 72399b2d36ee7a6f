"""Verbs about neighbours."""

import argparse
import sys
from pathlib import Path


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `neighbours`."""
    acts = verbs.add_parser("neighbours", help="nodes that this node exchanges with").add_subparsers(
        required=True, metavar="ACT"
    )
    add = acts.add_parser("add", help="enter the card of a neighbour or of an own post")
    add.add_argument("card", type=Path)
    add.add_argument("--fingerprint", help="what the neighbour read to you; without it, it is asked for")
    add.set_defaults(run=_add, needs_node=True)
    listing = acts.add_parser("list", help="who is known, and how the link is")
    listing.set_defaults(run=_list, needs_node=True)


def _add(told: argparse.Namespace) -> int:
    from jiwar.identity.cards import CardInvalid, read_card
    from jiwar.identity.services import add_node

    try:
        text = told.card.read_text(encoding="utf-8")
        card = read_card(text)
        heard = told.fingerprint or input(f"Fingerprint that {card.code} reads to you over another line: ")
        node = add_node(text, heard=heard)
    except (OSError, UnicodeDecodeError, CardInvalid) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"added {node.code} ({node.name})")
    return 0


def _list(told: argparse.Namespace) -> int:
    from jiwar.exchange.queries import links

    for link in links():
        contact = link.contact_at or "never"
        waiting = sum(link.waiting.values())
        print(f"{link.code:14} {link.state:6} waiting {waiting:4}  last contact {contact}  {link.failure}")
    return 0
