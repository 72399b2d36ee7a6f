"""What an officer does about a link: codes of the words group `link_advice`, the most pressing first."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

CLOCK_LIMIT = 120.0
"""Seconds between two clocks past which people are told."""
QUIET = dt.timedelta(minutes=10)
"""A link that was silent for longer is a matter for the telephone."""
LONG = dt.timedelta(days=1)
"""What waits for longer over a link that works, or on one that does not, is a matter for somebody."""


class Trouble(StrEnum):
    """How pressing a link is: somebody acts NOW, somebody sees to it SOON, it is WELL."""

    NOW = "now"
    SOON = "soon"
    WELL = "well"


ADVICE = {
    "end_restore": Trouble.NOW,
    "ledger_forked": Trouble.NOW,
    "ask_for_card": Trouble.NOW,
    "tell_administrator": Trouble.NOW,
    "restored_there": Trouble.NOW,
    "give_card": Trouble.NOW,
    "ask_root": Trouble.NOW,
    "upgrade": Trouble.NOW,
    "check_clock": Trouble.NOW,
    "never_answered": Trouble.NOW,
    "call": Trouble.NOW,
    "fault_there": Trouble.SOON,
    "carry_pouch": Trouble.SOON,
    "weak_line": Trouble.SOON,
    "backlog": Trouble.SOON,
    "certificate_ends": Trouble.SOON,
    "list_stale": Trouble.SOON,
    "see_refused": Trouble.SOON,
    "wait": Trouble.WELL,
    "policy_holds": Trouble.WELL,
    "nothing": Trouble.WELL,
}
"""Every advice, the most pressing first."""

_SILENCE = ""
"""How long it has been silent decides."""
_BY_FAILURE = {
    "unreachable": _SILENCE,
    "too_slow": "weak_line",
    "wrong_certificate": "ask_for_card",
    "http": "fault_there",
    "internal_error": "fault_there",
    "our_error": "tell_administrator",
    "answer_too_large": "tell_administrator",
    "not_understood": "tell_administrator",
    "no_progress": "tell_administrator",
    "sender_unknown": "give_card",
    "key_unknown": "ask_for_card",
    "key_revoked": "ask_for_card",
    "key_of_other_node": "ask_for_card",
    "key_expired": "ask_root",
    "key_uncertified": "ask_root",
    "key_not_yet_valid": "check_clock",
    "key_waits": "list_stale",
    "sealing_key_unknown": "ask_for_card",
    "ledger_forked": "ledger_forked",
    "restored": "restored_there",
    "restoring": "restored_there",
    "epoch_old": "restored_there",
    # Sent again, or sealed anew, by itself: only if it stays so, a clock is wrong.
    "sequence_gap": _SILENCE,
    "envelope_expired": "check_clock",
    "sequence_reused": "tell_administrator",
    "chain_broken": "tell_administrator",
    "hello_stale": "tell_administrator",
    **dict.fromkeys(("envelope_version", "frame_version", "hello_version", "receipt_version"), "upgrade"),
    **dict.fromkeys(
        (
            "chunk_wrong", "envelope_field", "envelope_form", "envelope_not_for_us", "envelope_seal",
            "envelope_signature", "envelope_too_large", "frame_form", "frame_too_large", "hello_form", "hello_of_other",
            "hello_signature", "receipt_form", "receipt_of_other", "receipt_signature",
        ),
        "tell_administrator",
    ),
}  # fmt: skip
_BY_KEYS = {"revoked": "ask_for_card", "expired": "ask_root", "ends_soon": "certificate_ends", "waits": "list_stale"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one link.

    `state`: up, down, never; `silent`: since the last contact; `failure`: its code, or ""; `waiting` messages, the
    `oldest` for so long; `held` by policy, `refused` by it; `keys`: how its keys stand, a code of the words group
    `standing`; `restoring`: whether this node itself waits for the end of a restore.
    """

    state: str
    silent: dt.timedelta | None = None
    failure: str = ""
    clock_difference: float | None = None
    waiting: int = 0
    oldest: dt.timedelta = dt.timedelta()
    held: int = 0
    refused: int = 0
    keys: str = ""
    list_stale: bool = False
    forked: bool = False
    restoring: bool = False


def advise(facts: Facts) -> list[str]:
    """Advice on one link, the most pressing first; never empty."""
    found = {_of_line(facts), _BY_KEYS.get(facts.keys, "")}
    if facts.forked:
        found.add("ledger_forked")
    if facts.clock_difference is not None and abs(facts.clock_difference) > CLOCK_LIMIT:
        found.add("check_clock")
    if facts.list_stale:
        found.add("list_stale")
    if facts.waiting and facts.oldest > LONG and not facts.restoring:
        found.add("backlog" if facts.state == "up" else "carry_pouch")
    if facts.refused:
        found.add("see_refused")
    if facts.held:
        found.add("policy_holds")
    return [code for code in ADVICE if code in found] or ["nothing"]


def trouble(advice: list[str]) -> Trouble:
    """How pressing a link with this advice is."""
    return ADVICE[advice[0]]


def _of_line(facts: Facts) -> str:
    """What the line itself asks for; "" where it is up."""
    if facts.restoring and facts.failure in {"", "restoring"}:
        return "end_restore"
    if facts.state == "up":
        return ""
    by_failure = _BY_FAILURE.get(facts.failure, "tell_administrator") if facts.failure else _SILENCE
    if by_failure != _SILENCE:
        return by_failure
    if facts.state == "never":
        return "never_answered"
    return "call" if facts.silent is None or facts.silent > QUIET else "wait"
