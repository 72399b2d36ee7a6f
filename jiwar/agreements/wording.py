"""What clauses do and how a closed way opens, as sentences in the reader's language, made from the data alone."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from jiwar.agreements.kinds import EVERY_PARTY
from jiwar.agreements.logic.verdicts import Closed
from jiwar.records.words import word


def does(clause: Mapping[str, Any]) -> list[str]:
    """What a clause does, one sentence for each thing; of a clause that is not complete, what it says so far."""
    said = []
    from_, to_ = clause.get("from_states") or (), clause.get("to_states") or ()
    if from_ and to_ and clause.get("kinds"):
        kinds = words("kind", clause["kinds"])
        if sorted(from_) == sorted(to_):
            said.append(_("%(states)s may send one another: %(kinds)s.") % {"states": states(from_), "kinds": kinds})
        else:
            way = {"sender": states(from_), "recipient": states(to_), "kinds": kinds}
            said.append(_("%(sender)s may send to %(recipient)s: %(kinds)s.") % way)
    if clause.get("purposes"):
        said.append(_("For: %(purposes)s.") % {"purposes": words("purpose", clause["purposes"])})
    onward = {
        "no": _("The recipient may not pass it on."),
        "ask": _("The recipient passes it on only with the consent of the state that issued it."),
        "yes": _("The recipient may pass it on."),
    }
    said += [text for code, text in onward.items() if code == clause.get("onward")]
    if (number := _whole(clause.get("depth_km"))) is not None:
        text = ngettext(
            "It reaches at most %(number)s kilometre beyond the border.",
            "It reaches at most %(number)s kilometres beyond the border.",
            number,
        )
        said.append(text % {"number": number})
    if (number := _whole(clause.get("retention_days"))) is not None:
        text = ngettext(
            "The recipient keeps it for at most %(number)s day.",
            "The recipient keeps it for at most %(number)s days.",
            number,
        )
        said.append(text % {"number": number})
    if (number := _whole(clause.get("answer_within_hours"))) is not None:
        text = ngettext(
            "The recipient answers within %(number)s hour.", "The recipient answers within %(number)s hours.", number
        )
        said.append(text % {"number": number})
    return said


def remedy(verdict: Closed, sender: str, recipient: str, origin: str, starts: dt.date | None) -> str:
    """Who could open a closed way, and how. `origin`: the state that said the record asked about, "" for none."""
    both, whose = states([sender, recipient]), states(verdict.by)
    said = {
        "no_agreement": _("%(both)s could make an agreement, or accede to one of the other’s."),
        "kind_not_covered": _("The parties could sign a new text of this agreement, or a further one."),
        "expired": _("The state that issued the text could issue a new one, for all parties to sign."),
        "denounced": _("%(whose)s has left. It could accede anew, or both could sign a new text."),
        "not_signed": _("It waits for the word of: %(whose)s."),
        "not_yet_in_force": _("Nobody need do anything: it opens on %(starts)s."),
        "reserved": _("%(whose)s could take the reservation back."),
        "suspended": _("%(whose)s could end the suspension."),
        "outside_corridor": _(
            "Nothing opens it for this record; the parties could sign a text with a deeper corridor."
        ),
        "no_consent": _("%(origin)s, which issued it, could consent: ask for it."),
        "not_decidable": _("The log of this node says what failed: ask the administrator."),
    }
    said |= dict.fromkeys(("purpose_not_covered", "direction_not_covered"), said["kind_not_covered"])
    said["tlp_red"] = said["no_consent"]
    day = date_format(starts, "SHORT_DATE_FORMAT") if starts else ""
    named = {"both": both, "whose": whose, "origin": states([origin]) if origin else "", "starts": day}
    return said[verdict.code] % named


def states(codes: Iterable[str]) -> str:
    """Names of states, and of all parties."""
    every = _("every party, those that accede included")
    return _(", ").join(
        every if code == EVERY_PARTY else word("state", code, get_language() or "en") for code in sorted(codes)
    )


def words(group: str, codes: Iterable[str]) -> str:
    """The words of codes, in their order."""
    return _(", ").join(word(group, code, get_language() or "en") for code in codes)


def _whole(value: object) -> int | None:
    """A number as typed or as kept; a draft may hold what is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
