"""What an analyst typed, as a question to the watchlist and the filters of its answer."""

import datetime as dt
from collections.abc import Mapping

from jiwar.watchlist.finding import SOURCES, Narrow
from jiwar.watchlist.screening import Document, Identifier, PartialDate, Query
from jiwar.wire.faults import Fault, Refused

FIELDS = (
    "name", "other_name", "birth_date", "sex", "nationality", "document_country", "document_number",
    "identifier_kind", "identifier_number", "type", "source", "issuer", "listed_nationality", "born_from", "born_to",
    "alert_type", "tlp", "since",
)  # fmt: skip
IN_FORM = {"names.0": "name", "names.1": "other_name", "names": "name", "documents": "document_number",
           "documents.0": "document_number", "identifiers.0": "identifier_number", "": "name"}  # fmt: skip
"""What the search calls a field, and what the form calls it."""


def query_of(typed: Mapping[str, str]) -> Query:
    """The question; raises Refused."""
    names = tuple(name for name in (typed["name"].strip(), typed["other_name"].strip()) if name)
    number, kind, digits = (typed[f].strip() for f in ("document_number", "identifier_kind", "identifier_number"))
    country = typed["document_country"].strip().upper()
    faults = []
    born = None
    try:
        born = PartialDate.parse(typed["birth_date"].strip()) if typed["birth_date"].strip() else None
    except ValueError:
        faults.append(Fault("wrong_form", "birth_date"))
    if digits and not kind:
        faults.append(Fault("missing", "identifier_kind"))
    if faults:
        raise Refused(*faults)
    return Query(
        names,
        born,
        typed["sex"],
        typed["nationality"].strip().upper()[:3],
        (Document("", country, number),) if number else (),
        (Identifier(kind, "", digits),) if digits else (),
    )


def narrow_of(typed: Mapping[str, str], *, by_sound: bool, inexact: bool) -> Narrow:
    """The filters; raises Refused."""
    faults = []
    years: dict[str, int | None] = {}
    for name in ("born_from", "born_to"):
        text = typed[name].strip()
        years[name] = int(text) if text.isascii() and text.isdecimal() and len(text) == 4 else None
        if text and years[name] is None:
            faults.append(Fault("wrong_form", name))
    since = None
    try:
        since = dt.date.fromisoformat(typed["since"]) if typed["since"] else None
    except ValueError:
        faults.append(Fault("wrong_form", "since"))
    if typed["source"] not in {"", *SOURCES}:
        faults.append(Fault("not_in_list", "source"))
    if faults:
        raise Refused(*faults)
    return Narrow(
        type=typed["type"],
        source=typed["source"],
        issuer=typed["issuer"].strip().upper(),
        nationality=typed["listed_nationality"].strip().upper(),
        born_from=years["born_from"],
        born_to=years["born_to"],
        alert_type=typed["alert_type"],
        tlp=typed["tlp"],
        since=since,
        by_sound=by_sound,
        inexact=inexact,
    )
