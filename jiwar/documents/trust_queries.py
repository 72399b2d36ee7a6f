"""Reads of trust: how far it reaches for each state, what is about to expire, who said what of one certificate."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, Grant
from jiwar.documents.models import TrustCertificate, TrustCrl, TrustDefect, TrustFile, TrustSource, TrustState
from jiwar.documents.trust_kinds import HELD, OFFERED, TRUST
from jiwar.identity.queries import neighbours
from jiwar.records.queries import drafts, held

SOON = dt.timedelta(days=180)
"""How long before its end a certificate is said to be about to expire: time to fetch the next by bilateral exchange."""
CRL_LATE = dt.timedelta(days=90)
"""Doc 9303-12, 7.2: a list of revocations is issued at least so often."""
PLAN_STATES = ("DZ", "TD", "EG", "LY", "ML", "MR", "MA", "NE", "SD", "TN")
"""The states of the Plan (ISO 3166 alpha-2, as certificates have it); shown whether or not anything is trusted."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is trusted of one state. `valid`: how many of its anchors are within their validity now.

    `until`: the last day on which one is. `code`: ``none``, ``expired``, ``soon`` (nothing outlasts SOON) or ``good``.
    `crl`: ``none``, ``late`` (past its own next update, or older than CRL_LATE) or ``fresh``. `sources`: who vouches.
    """

    country: str
    anchors: int
    valid: int
    until: dt.datetime | None
    code: str
    crl: str
    crl_at: dt.datetime | None
    sources: tuple[str, ...]
    of_plan: bool


def coverage(by: Grant, at: dt.datetime) -> list[Coverage]:
    """Every state that anything is trusted of, and the ten of the Plan first; two queries."""
    by.check(Permission.DOCUMENTS_TRUST_READ)
    columns = [f"certificate__{name}" for name in ("country", "fingerprint", "not_before", "not_after")]
    open_ = TrustSource.objects.filter(until=None, role="anchor").values_list(*columns, "source")
    ends: dict[str, dict[str, tuple[dt.datetime, dt.datetime]]] = defaultdict(dict)
    sources: dict[str, set[str]] = defaultdict(set)
    for country, fingerprint, begins, end, source in open_:
        ends[country][fingerprint] = begins, end
        sources[country].add(source)
    crls = {row.country: row for row in TrustCrl.objects.filter(current=True).order_by("this_update").defer("der")}
    rest = sorted(ends.keys() - set(PLAN_STATES))
    return [
        _coverage(country, list(ends[country].values()), sources[country], crls.get(country), at)
        for country in (*PLAN_STATES, *rest)
    ]


def _coverage(
    country: str,
    anchors: Sequence[tuple[dt.datetime, dt.datetime]],
    sources: Iterable[str],
    crl: TrustCrl | None,
    at: dt.datetime,
) -> Coverage:
    until = max((end for _, end in anchors), default=None)
    code = "none" if until is None else "expired" if until <= at else "soon" if until <= at + SOON else "good"
    return Coverage(
        country,
        len(anchors),
        sum(begins <= at < end for begins, end in anchors),
        until,
        code,
        crl_code(crl, at),
        crl.this_update if crl else None,
        tuple(sorted(sources)),
        country in PLAN_STATES,
    )


def crl_code(crl: TrustCrl | None, at: dt.datetime) -> str:
    """How a list of revocations stands: ``none``, ``late`` or ``fresh``."""
    if crl is None:
        return "none"
    late = (crl.next_update is not None and crl.next_update <= at) or crl.this_update + CRL_LATE <= at
    return "late" if late else "fresh"


def expiring(by: Grant, at: dt.datetime) -> list[TrustCertificate]:
    """What is in use and ends within SOON, the first to end first; one query."""
    by.check(Permission.DOCUMENTS_TRUST_READ)
    rows = trusted().filter(not_after__gt=at, not_after__lte=at + SOON)
    return list(rows.order_by("not_after").defer("der"))


def trusted(role: str = "") -> QuerySet[TrustCertificate]:
    """Certificates in use, for one role or any."""
    open_ = Q(sources__until=None) & (Q(sources__role=role) if role else Q())
    return TrustCertificate.objects.filter(open_).distinct()


@dataclass(frozen=True, slots=True)
class OfState:
    """All that is known of one state: its certificates with who said what of each, its revocations, its defects."""

    certificates: list[TrustCertificate]
    crls: list[TrustCrl]
    defects: list[TrustDefect]


def of_state(by: Grant, country: str) -> OfState:
    """Certificates in use and ended, with their sources, the latest to expire first; four queries."""
    by.check(Permission.DOCUMENTS_TRUST_READ)
    rows = TrustCertificate.objects.filter(country=country, sources__isnull=False).distinct()
    return OfState(
        list(rows.order_by("-not_after").defer("der").prefetch_related("sources")),
        list(TrustCrl.objects.filter(country=country, current=True).defer("der")),
        list(TrustDefect.objects.filter(country=country, ended_by=None)),
    )


def one(by: Grant, fingerprint: str) -> TrustCertificate | None:
    """A certificate with everything that anyone here said of it; three queries."""
    by.check(Permission.DOCUMENTS_TRUST_READ)
    rows = TrustCertificate.objects.filter(fingerprint=fingerprint)
    return rows.prefetch_related("sources__record", "sources__ended_by").first()


def files(by: Grant) -> QuerySet[TrustFile]:
    """What was read in, the newest first."""
    by.check(Permission.DOCUMENTS_TRUST_READ)
    return TrustFile.objects.all()


def open_drafts() -> QuerySet:
    """Changes by hand that wait, the last changed first."""
    return drafts(TRUST.name, OFFERED.name)


@dataclass(frozen=True, slots=True)
class PostTrust:
    """What a post says that it trusts. `code` is ``same``, ``behind`` or ``unheard``."""

    node: str
    name: str
    certificates: int
    told_at: dt.datetime | None
    code: str


def posts(version: str) -> list[PostTrust]:
    """Own posts beside what is held here, by its version; two queries."""
    said = {}
    for record in held(HELD.name).order_by("pk"):
        said[record.node] = record
    own = neighbours().filter(state=settings.NODE.state, role="post").order_by("code")
    found = []
    for code, name in own.values_list("code", "name"):
        record = said.get(code)
        if record is None:
            found.append(PostTrust(code, name, 0, None, "unheard"))
        else:
            same = record.body["version"] == version
            count = record.body["certificates"]
            found.append(PostTrust(code, name, count, record.issued_at, "same" if same else "behind"))
    return found


@dataclass(frozen=True, slots=True)
class Offer:
    """A certificate that a neighbour's record shows. `held`: somebody here vouches for it already."""

    state: str
    fingerprint: str
    note: str
    at: dt.datetime
    record: str
    withdrawn: bool
    held: bool


def offers() -> list[Offer]:
    """What neighbours show and is not trusted here, and what is trusted and its state took back; two queries."""
    records = [record for record in held(OFFERED.name) if record.origin != settings.NODE.state]
    fingerprints = [record.body["fingerprint"] for record in records]
    taken = set(trusted("anchor").filter(fingerprint__in=fingerprints).values_list("fingerprint", flat=True))
    found = []
    for record in records:
        body, withdrawn = record.body, record.state == "withdrawn"
        if (body["fingerprint"] in taken) == withdrawn and record.state in {"in_force", "withdrawn"}:
            found.append(
                Offer(
                    record.origin,
                    body["fingerprint"],
                    body["note"],
                    record.issued_at,
                    str(record.uid),
                    withdrawn,
                    body["fingerprint"] in taken,
                )
            )
    return found


def waiting_changes(actor: Actor) -> int:
    """How many changes by hand wait for this person's word; one query."""
    if not actor.may(Permission.DOCUMENTS_TRUST_APPROVE):
        return 0
    return open_drafts().filter(state="submitted").exclude(author_id=actor.id).count()


def state_row() -> TrustState:
    """The counter of changes; one query."""
    return TrustState.objects.filter(pk=1).first() or TrustState()


def ending_soon(at: dt.datetime | None = None) -> int:
    """How many of the Plan's states are trusted for less than SOON; one query."""
    now = at or timezone.now()
    rows = trusted("anchor").filter(country__in=PLAN_STATES, not_after__gt=now)
    latest: dict[str, dt.datetime] = {}
    for country, end in rows.values_list("country", "not_after"):
        latest[country] = max(end, latest.get(country, end))
    return sum(end <= now + SOON for end in latest.values())
