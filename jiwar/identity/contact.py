"""A contact point (Plan B5, D3): whom a neighbour calls, and when."""

import re
from collections.abc import Mapping

from jiwar.wire.faults import Fault, Refused

FIELDS = ("name", "telephone", "email", "hours", "languages")
REQUIRED = ("name", "telephone")
LONGEST = 200
_FORMS = {
    "telephone": re.compile(r"\+?[0-9][0-9 ()./-]{4,39}"),
    "email": re.compile(r"[^@\s]{1,64}@[A-Za-z0-9.-]{3,120}"),
}


def check_contact(contact: Mapping[str, str]) -> dict[str, str]:
    """The contact without its empty fields and outer spaces; raises Refused with every fault."""
    faults = [Fault("unknown_field", name) for name in contact if name not in FIELDS]
    checked = {}
    for name in FIELDS:
        try:
            if value := check_line(contact.get(name, ""), name, required=name in REQUIRED):
                checked[name] = value
        except Refused as refused:
            faults.extend(refused.faults)
            continue
        if value and name in _FORMS and not _FORMS[name].fullmatch(value):
            faults.append(Fault("wrong_form", name))
    if faults:
        raise Refused(*faults)
    return checked


def check_line(text: str, field: str, *, required: bool = True) -> str:
    """One printable line of at most 200 characters; raises Refused."""
    text = text.strip()
    if not text and required:
        raise Refused(Fault("missing", field))
    if len(text) > LONGEST:
        raise Refused(Fault("too_long", field))
    if not text.isprintable():
        raise Refused(Fault("control_character", field))
    return text
