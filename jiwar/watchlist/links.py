"""What listed subjects have to do with each other: relations that records name, and numbers and addresses in common.

Numbers are looked up in the index; who is named in another's relations, and who shares an address, in `ties`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from jiwar.access.policy import Grant
from jiwar.records.reading import is_for, readable
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.logic.evidence import Document, Identifier, Query
from jiwar.watchlist.models import Entry, Tie
from jiwar.watchlist.standing import in_force, known_to
from jiwar.watchlist.this_index import current_index
from jiwar.watchlist.ties import addresses

MOST_NUMBERS = 20
"""Numbers of one subject that are looked up in the index."""
MOST_SHARING = 20
_SHARED = 0.5


@dataclass(frozen=True, slots=True)
class Link:
    """`one` is linked with `other`, or, where that is None, with what bears the name or number `value`.

    `what` is "relation", "document", "identifier" or "address"; `sort` the kind of relation or of number.
    """

    one: UUID
    what: str
    sort: str
    value: str
    other: UUID | None


def links_of(by: Grant, uids: Iterable[UUID]) -> list[Link]:
    """Everything that these entries are linked with, as far as the reader may know: relations both ways, documents,
    identifiers and addresses in common. Four queries and those of `readable`, and a search for each number."""
    own = set(uids)
    held = [row for row in _visible(by, own) if row.facts]
    found: list[Link] = []
    for row in held:
        found += _of_entry(row, own)
    lived = {value: text for row in held for value, text in addresses(SubjectFacts.model_validate(row.facts))}
    named = [uid.hex for uid in own]
    for row in Tie.objects.filter(what="address", value__in=list(lived)).exclude(entry__in=own)[:MOST_SHARING]:
        found += [Link(each, "address", "", lived[row.value], row.entry_id) for each in _having(held, row.value)]
    naming = Tie.objects.filter(what="target", value__in=named).exclude(entry__in=own)
    for row in naming.select_related("entry")[:MOST_SHARING]:
        found += [link for link in _of_entry(row.entry, {row.entry_id}, numbers=False) if link.other in own]
    others = {uid for link in found for uid in (link.one, link.other) if uid} - own
    known = own | {row.uid for row in _visible(by, others)}
    told = [link for link in found if link.one in known]
    # Of one that the actor may not know of, what its relative's record calls it is all that is told.
    hidden = {link.other for link in told if link.other} - known
    told = [replace(link, other=None) if link.other in hidden and link.what == "relation" else link for link in told]
    return [link for link in told if link.other not in hidden and (link.other or link.value)]


def visible_entries(by: Grant, uids: Iterable[UUID]) -> dict[UUID, Entry]:
    """Those of these entries in force that the reader may know of, and use for this purpose (rule R10)."""
    return {row.uid: row for row in _visible(by, uids)}


def _visible(by: Grant, uids: Iterable[UUID]) -> list[Entry]:
    rows = Entry.objects.filter(in_force(), known_to(by.actor), uid__in=list(uids)).select_related("record")
    told = {record.pk for record in readable([row.record for row in rows], by.actor)}
    return [row for row in rows if row.record_id in told and is_for(row.record, by.purpose)]


def _of_entry(row: Entry, own: set[UUID], *, numbers: bool = True) -> Iterator[Link]:
    facts = SubjectFacts.model_validate(row.facts)
    for relation in facts.relations:
        yield Link(row.uid, "relation", relation.kind, relation.name, relation.target)
    if not numbers:
        return
    asked = [("document", d.type, d.number, Query(documents=(Document(d.type, d.country, d.number),)))
             for d in facts.documents]  # fmt: skip
    asked += [("identifier", i.kind, i.number, Query(identifiers=(Identifier(i.kind, i.country, i.number),)))
              for i in facts.identifiers if not i.fault]  # fmt: skip
    for what, sort, number, query in asked[:MOST_NUMBERS]:
        for candidate in current_index().search(query, MOST_SHARING, _SHARED):
            if UUID(candidate.key) not in own:
                yield Link(row.uid, what, sort, number, UUID(candidate.key))


def _having(held: Iterable[Entry], address: str) -> Iterator[UUID]:
    for row in held:
        if any(value == address for value, _ in addresses(SubjectFacts.model_validate(row.facts))):
            yield row.uid
