"""What may be asked of the watchlist, how often, and what the ledger keeps of a question (rule R7).

Each search names a purpose and a case, or is made at a post; a search by name alone says why; nothing answers an empty
search or a wildcard.
"""

import datetime as dt
import unicodedata
from collections.abc import Sequence

from django.conf import settings
from django.utils.crypto import salted_hmac

from jiwar.access.policy import Grant
from jiwar.watchlist import rates
from jiwar.watchlist.logic import identifiers
from jiwar.watchlist.logic.evidence import Query, document_number
from jiwar.watchlist.logic.names import read_name
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.strict_json import canonical

RATES = ((dt.timedelta(minutes=1), 120), (dt.timedelta(days=1), 5_000))
"""Most searches of one person: a bus of sixty twice a minute; a busy post's day."""
RATES_OF_PROGRAMS = ((dt.timedelta(minutes=1), 15_000), (dt.timedelta(days=1), 500_000))
"""Most searches of one token (decision 0028): it asks for all desks of an agency, 200 a second with some room; a day is
held to what travels through a large airport several times over, so that a stolen token cannot try out a population."""
LEAST_CHARACTERS = 2
LEAST_DIGITS = 4
LEAST_REASON = 10
WIDEST_BIRTH = 10
"""Years that a date of birth may span and still count as a second identifier."""
_MOST = 5
_LONGEST = 200
_WILDCARDS = frozenset("*?%_")


def may_ask(by: Grant, query: Query, reason: str) -> None:
    """Raises Refused where a question is not lawful, or none (rule R7)."""
    faults = [*_too_much(query)]
    if not faults:
        faults += _too_little(query)
    if not by.case and settings.NODE.role != "post":
        faults.append(Fault("case_missing", "case"))
    if not faults and _wide(query) and sum(c.isalpha() for c in reason) < LEAST_REASON:
        faults.append(Fault("reason_missing", "reason"))
    if len(reason) > _LONGEST:
        faults.append(Fault("too_long", "reason"))
    if faults:
        raise Refused(*faults)


def _too_much(query: Query) -> list[Fault]:
    faults = []
    for field, values in (
        ("names", query.names),
        ("relatives", query.relatives),
        ("documents", query.documents),
        ("identifiers", query.identifiers),
    ):
        if len(values) > _MOST:
            faults.append(Fault("too_many", field))
    texts = [(f"names.{i}", name) for i, name in enumerate(query.names)]
    texts += [(f"documents.{i}", document.number) for i, document in enumerate(query.documents)]
    texts += [(f"identifiers.{i}", identifier.number) for i, identifier in enumerate(query.identifiers)]
    texts += [(f"relatives.{i}", name) for i, name in enumerate(query.relatives)]
    texts.append(("birth_place", query.birth_place))
    for field, text in texts:
        if len(text) > _LONGEST or len(unicodedata.normalize("NFKC", text)) > _LONGEST:
            faults.append(Fault("too_long", field))
        elif not _WILDCARDS.isdisjoint(text):
            faults.append(Fault("wildcard", field))
    return faults


def _too_little(query: Query) -> list[Fault]:
    """A birth date, a sex or a country alone would be a dump of the list, not a question about a person."""
    faults = []
    for i, name in enumerate(query.names):
        says = any(c.isalpha() for c in name) and sum(c.isalnum() for c in name) >= LEAST_CHARACTERS
        if name.strip() and not (says and read_name(name).parts):
            faults.append(Fault("name_unreadable", f"names.{i}"))
    named = any(read_name(name).parts for name in query.names)
    if not faults and not named and not _numbered(query):
        faults.append(Fault("query_empty"))
    return faults


def _wide(query: Query) -> bool:
    """Whether nothing but a name, or next to nothing else, was given."""
    born = query.birth_date is not None and len(query.birth_date.years) <= WIDEST_BIRTH
    return not born and not _numbered(query)


def _numbered(query: Query) -> bool:
    """Whether a number was given that is long enough to be one."""
    numbers = [document_number(document.number) for document in query.documents]
    numbers += [identifiers.normal(identifier.kind, identifier.number) for identifier in query.identifiers]
    return any(len(number) >= LEAST_DIGITS for number in numbers)


def beyond_rates(asking: Sequence[Grant], at: dt.datetime) -> list[Refused | None]:
    """For each question the refusal where its actor has asked too many: the first ones of each pass."""
    beyond: list[Refused | None] = [None] * len(asking)
    places: dict[str, list[int]] = {}
    for place, by in enumerate(asking):
        places.setdefault(by.actor_id, []).append(place)
    for actor in sorted(places):
        own = places[actor]
        limits = RATES_OF_PROGRAMS if asking[own[0]].via == "api" else RATES
        taken = rates.take(actor, limits, at, len(own))
        for place in own[taken.number :]:
            beyond[place] = Refused(Fault("too_many_searches", "", str(taken.most)))
    return beyond


def fields(query: Query) -> list[str]:
    given = {
        "names": query.names,
        "birth_date": query.birth_date,
        "sex": query.sex,
        "nationality": query.nationality,
        "documents": query.documents,
        "identifiers": query.identifiers,
        "birth_place": query.birth_place,
        "relatives": query.relatives,
    }
    return sorted(name for name, value in given.items() if value)


def mark(query: Query) -> str:
    """Says that two questions were the same, and to no one without this node's secret who was asked about."""
    plain = {
        "names": list(query.names),
        "birth_date": str(query.birth_date or ""),
        "sex": query.sex,
        "nationality": query.nationality,
        "documents": [[d.type, d.country, d.number] for d in query.documents],
    }
    if query.identifiers:
        plain["identifiers"] = [[i.kind, i.country, i.number] for i in query.identifiers]
    if query.birth_place:
        plain["birth_place"] = query.birth_place
    if query.relatives:
        plain["relatives"] = list(query.relatives)
    return salted_hmac("jiwar.watchlist.query", canonical(plain), algorithm="sha256").hexdigest()
