"""Verbs about keys. `ceremony` and `certify` run on an offline machine without a node."""

import argparse
import json
import sys
from pathlib import Path

Verbs = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_key_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `keys`."""
    acts = verbs.add_parser("keys", help="the node's keys and card, the root of its state").add_subparsers(
        required=True, metavar="ACT"
    )
    for name, run, text in (
        ("card", _card, "print the node's card, to hand to a neighbour"),
        ("fingerprint", _fingerprint, "print the fingerprint that the neighbour must hear from you"),
        ("make", _make, "make the keys of a new node"),
        ("rotate", _rotate, "make new keys"),
    ):
        acts.add_parser(name, help=text).set_defaults(run=run, needs_node=True)
    request = acts.add_parser("request", help="write the request for the node's certificate, to carry to the ceremony")
    request.add_argument("--out", type=Path, help="the file; without it, the request is printed")
    request.set_defaults(run=_request, needs_node=True)
    install = acts.add_parser("install", help="take certificates and revocation lists from the ceremony into use")
    install.add_argument("file", type=Path, nargs="+")
    install.add_argument("--fingerprint", help="the root's, from the ceremony's page; without it, it is asked for once")
    install.set_defaults(run=_install, needs_node=True)
    _add_revoke(acts)
    _add_ceremony(acts)


def _add_revoke(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    revoke = acts.add_parser("revoke", help="revoke the keys of an own post or officer, or ask the root to revoke any")
    revoke.add_argument("subject", nargs="+", help="a node's code, an officer's id, or a key's id")
    revoke.add_argument("--reason", required=True, choices=("compromised", "retired"))
    revoke.add_argument("--at", help="of a retired key: until when what it signed counts (now, unless said; RFC 3339)")
    revoke.add_argument("--request", type=Path, help="write what the root is to sign, instead of signing with our keys")
    revoke.set_defaults(run=_revoke, needs_node=True)


def _add_ceremony(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    ceremony = acts.add_parser("ceremony", help="make the root of a state and its shares (offline, without a node)")
    ceremony.add_argument("--state", required=True, help="the state's code (LBY)")
    ceremony.add_argument("--shares", type=int, required=True, help="how many shares")
    ceremony.add_argument("--threshold", type=int, required=True, help="how many of them open the root")
    ceremony.add_argument("--out", type=Path, required=True, help="an empty folder")
    ceremony.add_argument("--language", default="en", choices=("ar", "fr", "en"), help="of the printed pages")
    ceremony.add_argument("--follows", type=Path, nargs="*", help="shares of the root before, which names this one")
    ceremony.set_defaults(run=_ceremony, needs_node=False)
    certify = acts.add_parser("certify", help="sign requests with the root (offline, without a node)")
    certify.add_argument("request", type=Path, nargs="+")
    certify.add_argument("--shares", type=Path, nargs="+", help="files of shares; without them, shares are typed")
    certify.add_argument("--root", type=Path, required=True, help="the root's public file")
    certify.add_argument("--days", type=int, help="how long what is signed stands (180 days; an officer's 90)")
    certify.add_argument("--out", type=Path, default=Path(), help="folder for what is signed")
    certify.add_argument("--yes", action="store_true", help="do not ask, for scripts of training nodes")
    certify.set_defaults(run=_certify, needs_node=False)


def _card(told: argparse.Namespace) -> int:
    from jiwar.identity.services import own_card

    print(own_card())
    return 0


def _fingerprint(told: argparse.Namespace) -> int:
    from django.conf import settings

    from jiwar.identity.cards import read_card
    from jiwar.identity.services import own_card

    card = read_card(own_card())
    print(settings.NODE.code, card.fingerprint)
    print("of the state's root" if card.root else "of the node's own key: it is not certified", file=sys.stderr)
    return 0


def _make(told: argparse.Namespace) -> int:
    from django.conf import settings

    from jiwar.identity.services import make_own_keys

    if (settings.KEYS / "keyring.json").exists():
        print("the node has its keys already", file=sys.stderr)
        return 1
    make_own_keys()
    return 0


def _rotate(told: argparse.Namespace) -> int:
    from jiwar.identity.certification import rotate

    if rotate(by="system"):
        print("the node uses its new keys; its card, signed by the old key too, is on its way to its neighbours")
    else:
        print("the new keys wait for their certificate: `jiwar keys request`, a sitting, `jiwar keys install`")
    return 0


def _request(told: argparse.Namespace) -> int:
    from jiwar.identity.certification import request_certificate
    from jiwar.identity.logic.certificates import read_request

    data = request_certificate()
    text = json.dumps(data, ensure_ascii=False, indent=1)
    if told.out is None:
        print(text)
        return 0
    told.out.write_text(text + "\n", encoding="utf-8")
    of = read_request(data).of
    print(f"wrote {told.out}: {of.subject} as {of.role}\n  fingerprint {of.fingerprint}  (the sitting reads it aloud)")
    return 0


def _install(told: argparse.Namespace) -> int:
    from jiwar.identity.certification import install_paper
    from jiwar.identity.logic import signed
    from jiwar.identity.queries import KeyRefused
    from jiwar.wire.faults import Refused

    for path in told.file:
        try:
            data = signed.load(path.read_text(encoding="utf-8"), 300_000)
            try:
                done = install_paper(data, heard=told.fingerprint, by="system")
            except signed.PaperRefused as refused:
                if refused.code != "root_unread" or told.fingerprint or not sys.stdin.isatty():
                    raise
                heard = input("Fingerprint of the root, as the page of the ceremony has it: ")
                done = install_paper(data, heard=heard, by="system")
        except (OSError, UnicodeDecodeError, signed.PaperRefused, KeyRefused, Refused) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        print(f"{path}: {done}")
    return 0


def _revoke(told: argparse.Namespace) -> int:
    import datetime as dt

    from jiwar.identity.logic.signed import PaperRefused
    from jiwar.identity.queries import KeyRefused
    from jiwar.identity.revoking import ask_root, revoke
    from jiwar.wire.faults import Refused

    try:
        at = dt.datetime.fromisoformat(told.at) if told.at else None
        if told.request is None:
            place = revoke(told.subject, told.reason, at, by="system")
            print(f"revoked: list {place} is on its way to the neighbours and the posts")
            return 0
        data = ask_root(told.subject, told.reason, at)
    except (ValueError, Refused, PaperRefused, KeyRefused) as error:
        print(error, file=sys.stderr)
        return 1
    told.request.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {told.request}: list number {data['number']}, {len(data['entries'])} keys; carry it to a sitting")
    return 0


def _ceremony(told: argparse.Namespace) -> int:
    import datetime as dt

    from jiwar.identity.ceremony import CeremonyRefused, hold, open_root, read_share_file

    try:
        previous = open_root([read_share_file(path) for path in told.follows]) if told.follows else None
        made = hold(
            told.state,
            told.threshold,
            told.shares,
            told.out,
            dt.datetime.now(dt.UTC),
            language=told.language,
            previous=previous,
        )
    except (CeremonyRefused, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The root of {told.state} is made. Fingerprint: {made.public.fingerprint}")
    print(f"  {made.root_file}  public: it goes to the nodes and to the neighbours")
    for page in made.pages:
        print(f"  {page}  one share: print it, seal it, hand it to its holder, then delete the file")
    print(f"Any {told.threshold} of the {told.shares} shares sign in the name of {told.state}. The secret is nowhere.")
    return 0


def _certify(told: argparse.Namespace) -> int:
    import datetime as dt

    from jiwar.identity import ceremony
    from jiwar.identity.typed_shares import Terminal, type_shares

    now = dt.datetime.now(dt.UTC)
    if not told.yes and not sys.stdin.isatty():
        print("people must say yes to what is signed: run it at a terminal", file=sys.stderr)
        return 1
    try:
        asked = ceremony.read_requests(told.request)
        if told.shares:
            parts = [ceremony.read_share_file(path) for path in told.shares]
        else:
            parts = type_shares(Terminal(input, print, _forget))
        root = ceremony.open_root(parts)
        del parts
        file = ceremony.read_root_file(told.root, root)
        print(f"The root of {root.state} is put together. Fingerprint: {root.public.fingerprint}")
        for number, one in enumerate(asked, 1):
            print(f"\n{number} of {len(asked)}: " + "\n".join(one.lines(now, told.days)))
            if not told.yes and input('Read it aloud. Sign it? Type "yes": ').strip().lower() != "yes":
                print("  not signed")
                continue
            print(f"  signed: {ceremony.sign(root, file.data, one, now, told.days, told.out)}")
    except (ceremony.CeremonyRefused, OSError, EOFError) as error:
        print(error or "ended", file=sys.stderr)
        return 1
    return 0


def _forget(lines: int) -> None:
    """Take typed lines of a share from the screen (ECMA-48: cursor up, erase below)."""
    print(f"\x1b[{lines}A\x1b[J", end="")
