"""The link chart of a subject: what it is linked with, a step further where the reader asks, and how it is drawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import get_language

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.analysis.dossiers import check
from jiwar.analysis.logic.chart import Drawing, Edge, Node, bounded, lay_out
from jiwar.audit.services import append
from jiwar.identity.roles import Clearance
from jiwar.records.reading import content_of
from jiwar.records.words import word
from jiwar.watchlist.links import Link, links_of, visible_entries
from jiwar.watchlist.resolution import together
from jiwar.watchlist.subject_queries import said_about

MOST = 40
"""Nodes that are drawn; the page says how many are left out."""
MOST_STEPS = 6
"""Subjects whose own links are drawn beside those of the first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One link for the table: node, what it is, node."""

    one: Node
    label: str
    other: Node


@dataclass(frozen=True, slots=True)
class Chart:
    """`subjects`: the uid of each node that is a subject; `expanded` those whose links are here; `left` out so many."""

    uid: UUID
    name: str
    drawing: Drawing
    rows: tuple[Row, ...]
    subjects: dict[str, UUID]
    expanded: tuple[UUID, ...]
    left: int


def open_chart(by: Grant, uid: UUID, further: Iterable[UUID], *, rtl: bool) -> Chart | None:
    """The links of a subject, and of those further ones that are drawn; None where the reader may know of none.

    The ledger keeps whose links were shown. At most fifteen queries for each subject whose links are drawn.
    """
    check(by, Permission.ANALYSIS_SUBJECT_READ)
    wanted = [uid, *(other for other in dict.fromkeys(further) if other != uid)][:MOST_STEPS]
    if uid not in visible_entries(by, [uid]):
        return None
    gathering = _Gathering(by)
    for each in wanted:
        gathering.add(each)
    nodes, edges, left = bounded(gathering.nodes, gathering.edges, MOST)
    centre = gathering.key(uid)
    drawing = lay_out(nodes, edges, centre, rtl=rtl)
    drawn = {box.node.key: box.node for box in drawing.boxes}
    rows = tuple(Row(drawn[line.edge.one], line.edge.label, drawn[line.edge.other]) for line in drawing.lines)
    subjects = {key: lead for key, lead in gathering.subjects.items() if key in drawn}
    with transaction.atomic():
        append("links_read", by, str(uid), {"subjects": sorted(map(str, subjects.values()))})
    expanded = tuple(gathering.lead(each) for each in wanted)
    return Chart(uid, drawn[centre].label, drawing, rows, subjects, expanded, left)


def links_for(by: Grant, uid: UUID) -> tuple[Row, ...]:
    """The links of one subject alone, without a leaf: for acts that leave their own."""
    gathering = _Gathering(by)
    gathering.add(uid)
    nodes, edges, _ = bounded(gathering.nodes, gathering.edges, MOST)
    drawn = {node.key: node for node in nodes}
    return tuple(Row(drawn[edge.one], edge.label, drawn[edge.other]) for edge in edges)


class _Gathering:
    """Nodes and edges, as far as the actor may know; entries that are together are one node."""

    def __init__(self, by: Grant) -> None:
        self.by, self.actor = by, by.actor
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.subjects: dict[str, UUID] = {}
        self._leads: dict[UUID, UUID] = {}
        self._language = get_language() or "en"

    def lead(self, uid: UUID) -> UUID:
        return self._leads.get(uid, uid)

    def key(self, uid: UUID) -> str:
        return str(self.lead(uid))

    def add(self, uid: UUID) -> None:
        """The links of one subject: relations, what it shares with others, and its hits."""
        own = self._as_one([uid])
        links = links_of(self.by, own)
        others = {other for link in links for other in (link.one, link.other) if other}
        self._as_one(others)
        self._name(own | others)
        for link in links:
            self._link(link)
        for hit in said_about(self.actor, own):
            if hit.kind == "alert.hit" and hit.about and (body := content_of(hit).get("body")):
                where = " · ".join(filter(None, (body.get("place"), str(body["at"])[:10])))
                node = Node(f"hit {hit.uid}", where, "hit", self._word("action_taken", body["action_taken"]))
                self.nodes.append(node)
                self.edges.append(Edge(self.key(hit.about), node.key, self._word("chart_node", "hit")))

    def _as_one(self, uids: Iterable[UUID]) -> set[UUID]:
        uids = set(uids)
        as_one = together(uids, cleared=self.actor.clearance is Clearance.COVERT)
        self._leads |= as_one
        return uids | as_one.keys()

    def _name(self, uids: Iterable[UUID]) -> None:
        for uid, entry in visible_entries(self.by, uids).items():
            key = self.key(uid)
            if key not in self.subjects:
                self.subjects[key] = self.lead(uid)
                kind = entry.facts["type"]
                self.nodes.append(
                    Node(key, entry.facts["names"][0]["text"], "subject", self._word("subject_type", kind))
                )

    def _link(self, link: Link) -> None:
        one = self.key(link.one)
        if link.what == "relation":
            other = self.key(link.other) if link.other else f"name {' '.join(link.value.casefold().split())}"
            if not link.other:
                self.nodes.append(Node(other, link.value, "name"))
            self.edges.append(Edge(one, other, self._word("relation_kind", link.sort)))
        elif link.other:
            group = {"identifier": "identifier_kind"}.get(link.what)
            sort = self._word(group, link.sort) if group else link.sort or self._word("chart_node", link.what)
            # One node, however two records write the number or the address.
            written = "".join(c for c in link.value.casefold() if c.isalnum())
            shared = Node(f"{link.what} {link.sort} {written}", link.value, link.what, sort)
            if shared.key not in {node.key for node in self.nodes}:
                self.nodes.append(shared)
            self.edges += [Edge(one, shared.key, sort), Edge(self.key(link.other), shared.key, sort)]

    def _word(self, group: str, code: str) -> str:
        return word(group, code, self._language)
