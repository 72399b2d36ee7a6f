"""What an officer does about a link: codes of the words group `link_advice`, the most pressing first."""

import datetime as dt

CLOCK_LIMIT = 120.0
"""Seconds between two clocks past which people are told."""
QUIET = dt.timedelta(minutes=10)
"""A link that was silent for longer is a matter for the telephone."""

_BY_FAILURE = {
    "ledger_forked": "ledger_forked",
    "wrong_certificate": "ask_for_card",
    "key_unknown": "ask_for_card",
    "key_revoked": "ask_for_card",
    "key_of_other_node": "ask_for_card",
    "key_expired": "ask_root",
    "key_not_yet_valid": "check_clock",
    "key_uncertified": "ask_root",
    "key_waits": "list_stale",
    "sender_unknown": "give_card",
    "our_error": "tell_administrator",
    "sequence_reused": "tell_administrator",
    "chain_broken": "tell_administrator",
}


def advise(
    *,
    state: str,
    silent: dt.timedelta | None,
    failure: str,
    clock_difference: float | None,
    held: int,
    refused: int,
) -> list[str]:
    """Advice on one link. `state`: up, down, never; `silent`: since the last contact; `failure`: its code, or ""."""
    advice = []
    if state != "up" and failure in _BY_FAILURE:
        advice.append(_BY_FAILURE[failure])
    elif state == "never":
        advice.append("never_answered")
    elif state == "down":
        advice.append("call" if silent is None or silent > QUIET else "wait")
    if clock_difference is not None and abs(clock_difference) > CLOCK_LIMIT:
        advice.append("check_clock")
    if refused:
        advice.append("see_refused")
    if held:
        advice.append("policy_holds")
    return list(dict.fromkeys(advice)) or ["nothing"]
