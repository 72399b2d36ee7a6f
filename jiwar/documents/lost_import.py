"""Documents reported in bulk, from a table: 500 in a report, some reports in a transaction, each line answered for.

What stops halfway leaves whole reports; the same table read again adds what is missing and nothing twice.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.documents import lost_files as files
from jiwar.documents.logic.lost import STATUS_LETTERS, TYPE_LETTERS, fold
from jiwar.documents.logic.lost_csv import LONGEST, Document, TableInvalid, Wrong, read_table
from jiwar.documents.lost import content_of
from jiwar.documents.lost_kinds import LOST, MOST, LostFact
from jiwar.documents.models import LostDocument, LostImport
from jiwar.records.services import Draft, issue_all
from jiwar.wire.faults import Fault, Refused

AT_ONCE = 10 * MOST
"""Documents of one transaction."""
TOLD = 200
"""Lines that are told of singly; the rest are counted."""


def import_lost(by: Grant, lines: Iterable[bytes], name: str, *, only_check: bool = False) -> LostImport:
    """Report every document of a table that is right and not yet reported; `only_check`: say what would come of it.

    Raises Refused for a head that names not the columns. No edition is made meanwhile.
    """
    by.check(Permission.DOCUMENTS_LOST_REPORT)
    if settings.NODE.role != "national":
        raise Refused(Fault("not_the_national_node"))
    done = LostImport(name=name[:200], by=by.actor_id, at=timezone.now(), only_checked=only_check)
    with files.alone():
        try:
            table = _counted(read_table(lines, timezone.localdate()), done)
            while some := list(islice(table, AT_ONCE)):
                _take(by, some, done)
        except TableInvalid as invalid:
            raise Refused(Fault(invalid.code, "file", invalid.detail)) from None
        finally:
            if done.lines:
                _keep(by, done)
    return done


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of a file that comes in pieces; of a line beyond any length only so much as shows that it is."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        rest = rest[: LONGEST + 1]
    if rest:
        yield rest


def _counted(read: Iterator[Document | Wrong], done: LostImport) -> Iterator[Document]:
    for one in read:
        done.lines += 1
        if isinstance(one, Document):
            yield one
        else:
            done.refused += 1
            if len(done.faults) < TOLD:
                done.faults.append([one.line, one.field, one.code])


def _take(by: Grant, some: list[Document], done: LostImport) -> None:
    new = {_key(one): one for one in some}
    held = LostDocument.objects.filter(
        active=True, issuer=settings.NODE.state, folded__in={fold(one.number) for one in some}
    )
    for known in held.values_list("type", "number", "last", "status"):
        new.pop(known, None)
    done.known += len(some) - len(new)
    done.added += len(new)
    facts = [LostFact(type=o.type, number=o.number, last=o.last, status=o.status, since=o.since) for o in new.values()]
    groups = _groups(facts)
    done.reports += len(groups)
    if groups and not done.only_checked:
        with transaction.atomic():
            issue_all(by, [Draft(LOST, content_of(group, done.name[:80])) for group in groups])


def _groups(facts: list[LostFact]) -> list[list[LostFact]]:
    """Reports of 500; a document that stands there twice, of another status, goes into another."""
    groups: list[list[LostFact]] = [[]]
    named: list[set[tuple[str, str, str]]] = [set()]
    for fact in facts:
        key = (fact.type, fact.number, fact.last)
        if len(groups[-1]) == MOST or key in named[-1]:
            groups.append([])
            named.append(set())
        groups[-1].append(fact)
        named[-1].add(key)
    return [group for group in groups if group]


def _key(one: Document) -> tuple[str, str, str, str]:
    return TYPE_LETTERS[one.type], one.number, one.last, STATUS_LETTERS[one.status]


def _keep(by: Grant, done: LostImport) -> None:
    """What came of it, so far as it came, with its leaf."""
    detail = {name: getattr(done, name) for name in ("lines", "added", "known", "refused", "only_checked")}
    with transaction.atomic():
        done.save()
        append("documents_read_in", by, str(done.pk), detail)
