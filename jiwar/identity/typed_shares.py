"""Shares that people type at the offline machine, line by line: a slip is named at once and typed again."""

from collections.abc import Callable
from dataclasses import dataclass

from jiwar.identity.ceremony import WHY
from jiwar.identity.logic import shares
from jiwar.identity.logic.shares import Share, ShareInvalid


@dataclass(frozen=True, slots=True)
class Terminal:
    """`ask` gives what was typed after a prompt; `say` prints a line; `forget(n)` takes the last n from the screen."""

    ask: Callable[[str], str]
    say: Callable[[str], None]
    forget: Callable[[int], None]


def type_shares(terminal: Terminal) -> list[Share]:
    """As many shares as open their root."""
    found: list[Share] = []
    while not found or len(found) < found[0].threshold:
        terminal.say(f"Share {len(found) + 1}" + (f" of {found[0].threshold}:" if found else ":"))
        try:
            share = _type_share(terminal, found)
        except ShareInvalid as invalid:
            terminal.say(f"  {WHY[invalid.code]}; type this share again")
            continue
        terminal.say(f"  share {share.number} of {share.count} of the root of {share.state}")
        found.append(share)
    return found


def _type_share(terminal: Terminal, others: list[Share]) -> Share:
    lines: list[str] = []
    shown = 0
    while len(lines) < shares.LINES:
        line = terminal.ask(f"  line {len(lines) + 1}: ")
        shown += 1
        try:
            shares.read_line(len(lines), line)
        except ShareInvalid as invalid:
            terminal.say(f"  {WHY[invalid.code]}; type it again")
            shown += 1
        else:
            lines.append(line)
    terminal.forget(shown)
    share = shares.read("\n".join(lines))
    if others and (share.state, share.root) != (others[0].state, others[0].root):
        raise ShareInvalid("shares_mixed")
    if share.number in {other.number for other in others}:
        raise ShareInvalid("share_twice")
    return share
