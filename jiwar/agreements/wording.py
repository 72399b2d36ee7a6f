"""What clauses do and how a closed way opens, as sentences in the reader's language, made from the data alone."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from jiwar.agreements.kinds import EVERY_PARTY
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
    said += [onward[clause["onward"]]] if clause.get("onward") in onward else []
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
