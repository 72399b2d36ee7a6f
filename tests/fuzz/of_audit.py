"""The ledger's formats: notes, checkpoints, cosignatures, evidence, exports, tiles, what neighbours tell of it."""

import datetime as dt
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from jiwar.audit.logic import checkpoint, cosignature, export, forks, instants, leaf, member, merkle, notes, tiles
from jiwar.audit.logic.checkpoint import Epoch
from jiwar.audit.logic.export import LedgerInvalid
from jiwar.audit.logic.forks import Evidence, EvidenceInvalid
from jiwar.audit.logic.leaf import Leaf, LeafInvalid
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.wire.strict_json import JsonRefused, canonical, parse
from tests.fuzz.target import storable, target

AT = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
KEY, SECOND = Ed25519PrivateKey.from_private_bytes(bytes(32)), MLDSA65PrivateKey.from_seed_bytes(bytes(32))


@cache
def some_notes() -> tuple[str, str]:
    plain = checkpoint.sign_checkpoint("jiwar/NER", 3, bytes(32), AT, KEY, extensions=["x y"])
    epochs = (Epoch(2, 3, bytes(32)), Epoch(4, 5, bytes(32)))
    return plain, checkpoint.sign_checkpoint("jiwar/NER/4", 9, bytes(32), AT, KEY, epochs=epochs, cosigning_key=SECOND)


def encoded() -> list[bytes]:
    return [note.encode() for note in some_notes()]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@target("jiwar.audit.logic.notes", "jiwar.audit.logic.checkpoint", "jiwar.audit.logic.instants", corpus=encoded)
def note(data: bytes) -> None:
    text = _text(data)
    try:
        storable(checkpoint.read_unverified(text))
        assert checkpoint.read_unverified(checkpoint.plain(text)).root == checkpoint.read_unverified(text).root
    except CheckpointInvalid:
        pass
    for name in ("jiwar/NER", "jiwar/NER/4"):
        try:
            checkpoint.open_checkpoint(text, KEY.public_key(), name, SECOND.public_key())
        except CheckpointInvalid:
            continue


@target("jiwar.audit.logic.instants", corpus=lambda: [instants.write(AT).encode()])
def instant(data: bytes) -> None:
    try:
        found = instants.read(_text(data))
    except ValueError:
        return
    assert instants.write(found).encode() == data


@target("jiwar.audit.logic.cosignature", corpus=lambda: [cosignature.cosign(some_notes()[0], "LBY", KEY, AT).encode()])
def a_cosignature(data: bytes) -> None:
    try:
        notes.read_line(_text(data))
        storable(cosignature.open_cosignature(some_notes()[0], _text(data), "LBY", KEY.public_key()))
    except CheckpointInvalid:
        return


def members() -> list[bytes]:
    text, root = some_notes()[0], notes.encode(bytes(32))
    proof = {"size": 2, "root": root, "path": [root]}
    said = {
        "v": 1, "n": 7, "got": 4, "checkpoint": text, "proofs": {"epoch": 1, "size": 3, "from": [proof]},
        "held": {"epoch": 1, "size": 2, "root": root, "note": text},
        "cosignature": {"epoch": 1, "size": 3, "line": "— jiwar/LBY AAAAAAAA"}, "asks": [{"epoch": 1, "size": 2}],
        "show": True, "gossip": [text],
    }  # fmt: skip
    return [canonical(said), canonical({"v": 1, "n": 0, "got": 0})]


@target("jiwar.audit.logic.member", corpus=members)
def ledger_member(data: bytes) -> None:
    try:
        storable(member.read_member(parse(data)))
    except (CheckpointInvalid, JsonRefused):
        return


@target(
    "jiwar.audit.logic.forks",
    "jiwar.audit.logic.merkle",
    corpus=lambda: [forks.write(Evidence(*some_notes(), bytes(32), (bytes(32),)))],
)
def evidence(data: bytes) -> None:
    try:
        found = forks.read(data)
        storable(found)
        assert forks.read(forks.write(found)) == found
        forks.judge(found, checkpoint.read_unverified)
    except EvidenceInvalid:
        return


def leaves() -> list[bytes]:
    salt = "0" * 32
    few = [Leaf(n, AT, "NER", "somebody", "console", "record_read", salt, detail={"a": [n]}) for n in range(2)]
    return [leaf.content(each) for each in few]


@target("jiwar.audit.logic.leaf", corpus=leaves)
def a_leaf(data: bytes) -> None:
    try:
        found = leaf.read(data)
    except LeafInvalid:
        return
    storable(found)
    assert leaf.content(found) == data


def exports() -> list[bytes]:
    range_ = merkle.CompactRange()
    for data in leaves():
        range_, _ = merkle.append(range_, merkle.leaf_hash(data))
    return [b"".join(export.export(leaves(), node="NER", tree=range_, private_key=KEY, exported_at=AT))]


@target("jiwar.audit.logic.export", corpus=exports)
def ledger_export(data: bytes) -> None:
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    for expected in (None, KEY.public_key().public_bytes_raw()):
        try:
            storable(export.verify_export(filter(None, lines), expected))
        except LedgerInvalid as invalid:
            assert invalid.line >= 1
            assert str(invalid)


@target("jiwar.audit.logic.tiles", corpus=lambda: [b"tile/0/x001/x234/067.p/112", b"tile/3/000"])
def tile_path(data: bytes) -> None:
    try:
        place, width = tiles.read_path(_text(data))
    except ValueError:
        return
    assert tiles.write_path(place, width).encode() == data
    assert 0 < width <= tiles.WIDTH
