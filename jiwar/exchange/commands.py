"""Verbs about neighbours, pouches, and the end of a restore."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jiwar.access.permissions import Permission
    from jiwar.access.policy import Grant
    from jiwar.exchange.models import Pouch


def add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `neighbours`, `pouch` and `restore-end`."""
    acts = verbs.add_parser("neighbours", help="nodes that this node exchanges with").add_subparsers(
        required=True, metavar="ACT"
    )
    add = acts.add_parser("add", help="enter the card of a neighbour or of an own post")
    add.add_argument("card", type=Path)
    add.add_argument("--fingerprint", help="what the neighbour read to you; without it, it is asked for")
    add.set_defaults(run=_add, needs_node=True)
    listing = acts.add_parser("list", help="who is known, and how the link is")
    listing.set_defaults(run=_list, needs_node=True)
    pouch = verbs.add_parser("pouch", help="carry messages as a file").add_subparsers(required=True, metavar="ACT")
    pack = pouch.add_parser("pack", help="seal what waits for a node into a file")
    pack.add_argument("node", help="code of the node: NER")
    pack.add_argument("file", type=Path)
    pack.add_argument("--user", required=True, help="who packs it; the password is asked for")
    pack.add_argument("--reason", required=True, help="why it does not wait for a line")
    pack.add_argument("--megabytes", type=int, default=2000, help="the largest that the file may be (default: 2000)")
    pack.set_defaults(run=_pack, needs_node=True)
    opening = pouch.add_parser("open", help="take what a pouch brings; again, to go on where it stopped")
    opening.add_argument("file", type=Path)
    opening.add_argument("--user", required=True, help="who opens it; the password is asked for")
    opening.set_defaults(run=_open, needs_node=True)
    end = verbs.add_parser("restore-end", help="begin a new epoch after a restore from an old copy")
    end.add_argument("--user", required=True, help="the administrator; the password is asked for")
    end.add_argument("--reason", required=True)
    end.set_defaults(run=_restore_end, needs_node=True)


def _add(told: argparse.Namespace) -> int:
    from jiwar.identity.cards import CardInvalid, read_card
    from jiwar.identity.services import add_node, needs_reading

    try:
        text = told.card.read_text(encoding="utf-8")
        card = read_card(text)
        heard = told.fingerprint or ""
        if needs_reading(card) and not heard:
            heard = input(f"Fingerprint that {card.code} reads to you over another line: ")
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


def _grant(username: str, permission: "Permission") -> "Grant":
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.identity.terminal import sign_in

    return allow(actor_of_person(sign_in(username), "cli"), permission)


def _pack(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission
    from jiwar.exchange.pouch import pack
    from jiwar.records.refusals import say_refusals

    def act() -> int:
        by, show = _grant(told.user, Permission.EXCHANGE_POUCH_CARRY), _progress()
        made = pack(by, told.node, told.file, why=told.reason, most=told.megabytes * 1_000_000, progress=show)
        has = made.contents
        print(f"wrote {told.file} ({made.size} bytes) for {made.node}: {has['envelopes']} messages, receipts for")
        print(f"{has['receipts']}, {has['files']} files; it opens nowhere else")
        if has["left"] or has["files_left"]:
            print(f"no room for {has['left']} messages and {has['files_left']} files: they wait for the next")
        return 0

    return say_refusals(act)


def _open(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission
    from jiwar.exchange.pouch import open_pouch
    from jiwar.records.refusals import say_refusals

    def act() -> int:
        by, show = _grant(told.user, Permission.EXCHANGE_POUCH_CARRY), _progress()
        with told.file.open("rb") as file:
            return _say(open_pouch(by, file, progress=show))

    return say_refusals(act)


def _say(pouch: "Pouch") -> int:
    """What came, what was refused and why; 1 where something could not be taken."""
    from django.utils.translation import get_language

    from jiwar.records.words import word

    def words(group: str, code: str) -> str:
        return word(group, code, get_language() or "en")

    has = pouch.contents
    print(f"pouch of {pouch.node}, made {pouch.made_at:%Y-%m-%d %H:%M %Z}: {has.get('applied', 0)} messages taken,")
    print(f"{has.get('again', 0)} were here already, {has.get('kept', 0)} kept unread; {has.get('settled', 0)} of ours")
    print(f"are acknowledged; {has.get('chunks', 0)} pieces of files came")
    for code, count in has.get("refused", {}).items():
        said = words("fault", code)
        print(f"refused {count}: {said if said != code else words('verdict', code)}")
    for stream, code, detail in pouch.stopped:
        print(f"stopped {stream}: {words('link_failure', code)} {detail}", file=sys.stderr)
    print(f"now pack the pouch that goes back: jiwar pouch pack {pouch.node} FILE")
    return 1 if pouch.stopped else 0


def _progress() -> Callable[..., None]:
    """How far it is, on a terminal alone."""

    def show(done: int, size: int = 0) -> None:
        if sys.stderr.isatty():
            of = f" of {size / 1e6:.1f}" if size else ""
            print(f"\r{done / 1e6:.1f}{of} MB", end="\n" if done == size else "", file=sys.stderr, flush=True)

    return show


def _restore_end(told: argparse.Namespace) -> int:
    from jiwar.access.permissions import Permission
    from jiwar.exchange.restore import end_restore
    from jiwar.records.refusals import say_refusals

    def act() -> int:
        epoch = end_restore(_grant(told.user, Permission.EXCHANGE_RESTORE_END), told.reason)
        print(f"epoch {epoch} begun: neighbours send again what came since the copy, and give back what was said since")
        return 0

    return say_refusals(act)
