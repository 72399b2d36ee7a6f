"""When a node runs from an old copy of itself: how it is noticed, the ceremony that ends it, and what comes back.

A node restored from a backup has forgotten what it did since: numbers it gave, leaves it signed. Going on as if nothing
had happened would give numbers twice and show two pasts. So it stops sealing, taking and receipting as soon as it
knows; an administrator ends that with a reason, in the ceremony: a new epoch begins, in the streams and in the ledger.
Then neighbours send again what it had taken, and give back what it had said.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.audit.services import append, begin_epoch
from jiwar.exchange import last_words
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import restored, streams
from jiwar.exchange.logic.envelope import EnvelopeInvalid
from jiwar.exchange.logic.hello import Sent
from jiwar.exchange.logic.message import Message
from jiwar.exchange.models import Incoming, Outgoing, Restore, Sealed, Stream
from jiwar.exchange.routing import enqueue
from jiwar.exchange.standing import changed, epoch, mark, restoring
from jiwar.identity.queries import KeyRefused, signing_key
from jiwar.records.arrivals import check, keep
from jiwar.records.kinds import KINDS
from jiwar.records.services import Record
from jiwar.wire.faults import Fault, Refused

_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
_EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
"""Evidence does not run out: an envelope that has expired was sealed all the same."""


# --- noticing ---------------------------------------------------------------------------------------------------------


def notice(by: str, evidence: Mapping[str, Any]) -> None:
    """Note that this node runs from an old copy, unless that is known; `by` showed it."""
    with transaction.atomic():
        if restoring() is None:
            Restore.objects.create(noticed_at=timezone.now(), by=by, evidence=dict(evidence))
            changed()
            append("restore_noticed", _BY, by, evidence)
            transaction.on_commit(mark)


def shown(peer: str, items: Sequence[bytes]) -> None:
    """Envelopes that a peer says we once sealed: genuine ones that we do not know are evidence."""
    for data in items:
        try:
            envelope = envelopes.read(data)
            header = envelope.header
            if header.sender != settings.NODE.code:
                continue
            public = signing_key(settings.NODE.code, envelope.signing_key)
            envelopes.verify(envelope, public, peer, _EVER)
        except (EnvelopeInvalid, KeyRefused):
            continue
        if restored.is_evidence(header.stream, epoch(), known=_is_known(peer, header, envelope.hash)):
            notice(peer, {"stream": header.stream, "seq": header.seq, "envelope": envelope.hash})


def _is_known(peer: str, header: envelopes.Header, hash_: str) -> bool:
    rows = Sealed.objects.filter(stream__node=peer, stream__incoming=False, stream__name=header.stream, seq=header.seq)
    return rows.filter(hash=hash_).exists()


def forgotten(peer: str, sent: Mapping[str, Sent], epoch: int = 1) -> list[Stream]:
    """Incoming streams, from an epoch on, of which the peer says that it never came as far as we took them."""
    rows = {row.name: row for row in Stream.objects.filter(node=peer, incoming=True)}
    return [rows[name] for name in restored.forgotten({name: row.seq for name, row in rows.items()}, sent, epoch)]


# --- the ceremony -----------------------------------------------------------------------------------------------------


def end_restore(by: Grant, reason: str) -> int:
    """Begin a new epoch after a restore; returns its number. Raises Refused where there is none to end.

    An administrator does it when the old copy is the best there is: what nobody gives back is lost.
    """
    by.check(Permission.EXCHANGE_RESTORE_END)
    reason = reason.strip()
    if not reason:
        raise Refused(Fault("missing", "reason"))
    if len(reason) > 200:
        raise Refused(Fault("too_long", "reason"))
    with transaction.atomic():
        row = Restore.objects.select_for_update().filter(ended_at=None).first()
        if row is None:
            raise Refused(Fault("no_restore", "reason"))
        shown = [str(row.evidence["stream"])] if "stream" in row.evidence else []
        row.epoch = begin_epoch(by, restored.next_epoch(epoch(), shown), reason, row.evidence)
        row.ended_at, row.ended_by, row.reason = timezone.now(), by.actor_id, reason
        row.words = {
            lost.node: {"sent": {name: sent.sealed for name, sent in lost.sent.items()}, "ours": lost.ours}
            for lost in last_words.beyond_us()
        }
        row.save()
        changed()
        transaction.on_commit(mark)
        append("restore_ended", by, settings.NODE.code, {"epoch": row.epoch, "reason": reason, "noticed_by": row.by})
        # What was sealed and not receipted leaves again, in the new epoch; a neighbour that took it has it once.
        for stream in Stream.objects.filter(incoming=False, closed_at=None):
            rest = Sealed.objects.filter(stream=stream, seq__gt=stream.acked)
            again = Outgoing.objects.filter(sealed__in=rest, state=Outgoing.State.SEALED)
            again.update(state=Outgoing.State.QUEUED)
            stream.closed_at = stream.acked
            stream.save(update_fields=["closed_at"])
    return row.epoch


# --- giving back ------------------------------------------------------------------------------------------------------


def give_back(peer: str, sent: Mapping[str, Sent]) -> int:
    """A peer began a new epoch: queue for it what it had said past the point that it remembers. Returns how many."""
    lost: list[Record] = []
    for stream in forgotten(peer, sent):
        kept = sent[stream.name].sealed if stream.name in sent else 0
        taken = Incoming.objects.filter(stream=stream, seq__gt=kept).exclude(record=None)
        lost += [row.record for row in taken.select_related("record").order_by("seq") if row.record]
    return give_records_back(peer, lost)


def give_records_back(peer: str, records: Sequence[Record]) -> int:
    """Queue for a peer what it said itself, and may have lost; nothing twice, and nothing that it passed on."""
    waiting = set(Outgoing.objects.filter(node=peer, returned=True).values_list("record", flat=True))
    own = {record.pk: record for record in records if record.node == peer and record.pk not in waiting}
    rows = [_returned(peer, record) for record in own.values()]
    if rows:
        with transaction.atomic():
            enqueue(_BY, rows)
    return len(rows)


def _returned(peer: str, record: Record) -> Outgoing:
    kind = KINDS.get((record.kind, record.kind_version))
    lane = streams.Lane.URGENT if kind is None or kind.urgent(record) else streams.Lane.ROUTINE
    return Outgoing(node=peer, record=record, returned=True, lane=lane, priority=0, queued_at=timezone.now())


def regain(peer: str, message: Message) -> Record:
    """Keep a statement of our own that we had lost; raises Refused where it is not ours, or not genuine.

    It is on its way to nobody: the peer that gives it back holds it, and to the others it is routed anew.
    """
    signed, place = message.signed, message.place
    checked = check(signed.statement, signed.key, signed.signature, signed.cosignature)
    if checked.data["node"] != settings.NODE.code or place is None:
        raise Refused(Fault("not_the_origin", "node", str(checked.data["node"])[:30]))
    with transaction.atomic():
        [found] = keep(_BY, [checked], peer)
        if isinstance(found, Refused):
            raise found
        Outgoing.objects.filter(record=found, node=peer, state=Outgoing.State.QUEUED).update(
            state=Outgoing.State.ACKNOWLEDGED, acknowledged_at=timezone.now(), receipt_status=place.status
        )
        detail = {"from": peer, "stream": place.stream, "seq": place.seq, "hash": found.hash}
        append("record_regained", _BY, str(found.uid), detail)
    return found
