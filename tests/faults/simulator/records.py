"""Records of a simulated node: issued, kept, withdrawn, expired, in the transaction of the caller."""

import base64
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature

from jiwar.records.statement import SIGNED, VERSION, read_statement, sha256
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import canonical
from tests.faults.simulator import agreements, routing
from tests.faults.simulator.kinds import ACKNOWLEDGEMENT, KINDS, WITHDRAWAL, Kind
from tests.faults.simulator.rows import Record

if TYPE_CHECKING:
    from tests.faults.simulator.node import SimNode

_LONG = dt.timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Checked:
    """A genuine statement; `kind` is None of one that this node does not know."""

    statement: bytes
    data: dict[str, Any]
    key: str
    signature: str
    digest: str
    kind: Kind | None


def issue(
    node: "SimNode",
    kind: Kind,
    body: dict[str, Any],
    *,
    purpose: str = "border_check",
    days: int = 300,
    tlp: str = "AMBER",
    supersedes: Record | None = None,
) -> Record:
    """Sign a statement of this node, store and route it."""
    at = node.now()
    statement = canonical(
        {
            "v": VERSION,
            "id": supersedes.uid if supersedes else str(uuid7(at, node.world.chance.randbytes(10))),
            "version": supersedes.version + 1 if supersedes else 1,
            "kind": kind.name,
            "kind_version": kind.version,
            "origin": node.state,
            "node": node.code,
            "issued_at": at.isoformat(timespec="microseconds"),
            "content": {
                "purpose": purpose,
                "handling": {"tlp": tlp, "restrictions": [], "onward": "no"},
                "valid_until": (at + dt.timedelta(days=days)).isoformat(),
                "review_on": (at + dt.timedelta(days=days)).date().isoformat(),
                "body": body,
            },
            "supersedes": supersedes.hash if supersedes else None,
            "approval": None,
        }
    )
    key = node.keys.signing[0]
    signature = base64.b64encode(key.sign(SIGNED + statement)).decode()
    with node.disk.transaction():
        checked = Checked(statement, read_statement(statement), key.id, signature, sha256(statement), kind)
        record = _store(node, checked, "")
        node.append(("record_issued", record.uid, record.hash))
        node.world.issued(node, record)
        routing.route(node, [record])
    return record


def withdraw(node: "SimNode", record: Record) -> Record:
    """Take an own record back."""
    return issue(node, WITHDRAWAL, {"target": record.uid, "reason": "over"}, purpose=record.purpose, days=_LONG.days)


def acknowledge(node: "SimNode", withdrawal: Record, holder: str) -> Record:
    """Say to the origin that a holder applied a withdrawal."""
    body = {"target": withdrawal.uid, "holder": holder, "origin": withdrawal.origin}
    return issue(node, ACKNOWLEDGEMENT, body, purpose=withdrawal.purpose, days=_LONG.days)


def check(node: "SimNode", statement: bytes, key: str, signature: str) -> Checked:
    """Verify a statement that another node signed; raises Refused."""
    data = read_statement(statement)
    signed_at = min(dt.datetime.fromisoformat(data["issued_at"]), node.now())
    try:
        public = node.signing_key(data["node"], key, signed_at)
        public.verify(base64.b64decode(signature, validate=True), SIGNED + statement)
    except InvalidSignature:
        raise Refused(Fault("signature_wrong", "signature")) from None
    kind = KINDS[data["kind"], data["kind_version"]]
    return Checked(statement, data, key, signature, sha256(statement), kind if node.knows(kind) else None)


def keep(node: "SimNode", checked: Sequence[Checked], delivered_by: str) -> list[Record | Refused]:
    """Store genuine statements of different ids; the same record twice is one record."""
    found: list[Record | Refused] = []
    stored = []
    for each in checked:
        already = _already(each, versions(node, each.data["id"]))
        if already is None:
            already = _store(node, each, delivered_by)
            stored.append(already)
        found.append(already)
    if stored:
        routing.route(node, stored)
    return found


def versions(node: "SimNode", uid: str) -> list[Record]:
    """Every version held of a record."""
    records = node.disk.tables["records"]
    return [records[hash_] for hash_ in node.disk.tables["versions"].get(uid, ())]


def expire(node: "SimNode") -> None:
    """Retire every record whose time has run out."""
    now = node.now()
    for record in list(node.disk.tables["records"].values()):
        if record.state == "in_force" and record.valid_until <= now:
            with node.disk.transaction():
                _retire(node, record, "expired")
                node.append(("record_expired", record.uid, ""))


def read_again(node: "SimNode") -> None:
    """After an upgrade: apply the records whose kind was not known before."""
    for record in list(node.disk.tables["records"].values()):
        kind = KINDS[record.kind, record.kind_version]
        if record.state == "not_understood" and node.knows(kind):
            with node.disk.transaction():
                understood = record._replace(state="in_force")
                node.disk.put("records", record.hash, understood)
                _project(node, understood)
                node.append(("record_understood", record.uid, ""))


def _already(checked: Checked, held: Sequence[Record]) -> Record | Refused | None:
    for record in held:
        if record.hash == checked.digest:
            return record
    data = checked.data
    for record in held:
        if record.origin != data["origin"] or record.kind != data["kind"]:
            return Refused(Fault("not_the_origin", "origin", data["origin"]))
        if record.version == data["version"]:
            return Refused(Fault("version_conflict", "version", str(data["version"])))
    return None


def _store(node: "SimNode", checked: Checked, delivered_by: str) -> Record:
    data, disk = checked.data, node.disk
    content = data["content"]
    record = Record(
        hash=checked.digest,
        uid=data["id"],
        version=data["version"],
        kind=data["kind"],
        kind_version=data["kind_version"],
        origin=data["origin"],
        node=data["node"],
        purpose=content["purpose"],
        tlp=content["handling"]["tlp"],
        valid_until=dt.datetime.fromisoformat(content["valid_until"]),
        about=content["body"].get("target", ""),
        statement=checked.statement,
        key=checked.key,
        signature=checked.signature,
        received_from=delivered_by,
        state="in_force" if checked.kind else "not_understood",
        body=content["body"],
    )
    others = versions(node, record.uid)
    disk.put("records", record.hash, record)
    disk.put("versions", record.uid, (*disk.tables["versions"].get(record.uid, ()), record.hash))
    if record.about:
        disk.put("about", record.about, (*disk.tables["about"].get(record.about, ()), record.hash))
    for other in others:
        if other.version < record.version and other.state == "in_force":
            _retire(node, other, "superseded")
    if any(other.version > record.version for other in others):
        _retire(node, record, "superseded")
    elif checked.kind and _is_withdrawn(node, record):
        _retire(node, record, "withdrawn")
    elif record.valid_until <= node.now():
        _retire(node, record, "expired")
    elif checked.kind:
        _project(node, record)
    stored: Record = disk.tables["records"][record.hash]
    return stored


def _is_withdrawn(node: "SimNode", record: Record) -> bool:
    tables = node.disk.tables
    about = (tables["records"][hash_] for hash_ in tables["about"].get(record.uid, ()))
    return any(each.kind == WITHDRAWAL.name and each.origin == record.origin for each in about)


def _retire(node: "SimNode", record: Record, state: str) -> None:
    if record.state not in {"in_force", "not_understood"}:
        return
    node.disk.put("records", record.hash, record._replace(state=state))
    if record.kind.startswith("agreement"):
        agreements.changed(node)


def _project(node: "SimNode", record: Record) -> None:
    """The effect of a record. It is counted: none has it twice."""
    disk = node.disk
    disk.put("effects", record.hash, disk.tables["effects"].get(record.hash, 0) + 1)
    if record.kind == WITHDRAWAL.name:
        for target in versions(node, record.about):
            if target.origin == record.origin:
                _retire(node, target, "withdrawn")
    elif record.kind == ACKNOWLEDGEMENT.name:
        if record.body["holder"][:3] == record.origin:
            disk.put("acknowledged", (record.about, record.body["holder"]), True)
    elif record.kind.startswith("agreement"):
        agreements.changed(node)
