"""Make the ledger's test vectors: `python -m tests.ledger_vectors` writes docs/independent/ledger.json.

ML-DSA-65 draws random numbers when it signs: each run writes other signatures by that key, and all else the same. The
private keys are in this file: they sign nothing else.
"""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from jiwar.audit.logic import forks, merkle, tiles
from jiwar.audit.logic.checkpoint import Epoch, origin, sign_checkpoint
from jiwar.audit.logic.cosignature import cosign
from jiwar.audit.logic.export import Witnessed, export
from jiwar.audit.logic.leaf import Leaf, content
from jiwar.audit.logic.notes import encode
from jiwar.audit.logic.proof import with_cosignatures, write_proof
from tests.audit.books import Log

FILE = Path(__file__).resolve().parent.parent / "docs" / "independent" / "ledger.json"
AT = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
COSIGNING = MLDSA65PrivateKey.from_seed_bytes(bytes(range(32)))
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def make() -> dict[str, Any]:
    """Keys, a tree of 300 leaves with its tiles and proofs, checkpoints, and the three files that people carry."""
    log = Log(f"leaf {n}".encode() for n in range(300))
    first = _checkpoint(log, 300)
    begun = (Epoch(2, 200, log.root(200)),)
    cosigned = with_cosignatures(first["note"], [cosign(first["note"], "NER", WITNESS, AT)])
    return {
        "about": "Test vectors of docs/protocol.md, Ledger. Keys and hashes are base64; leaves are text.",
        "keys": {
            "signing": encode(SIGNING.public_key().public_bytes_raw()),
            "cosigning": encode(COSIGNING.public_key().public_bytes_raw()),
            "witness": encode(WITNESS.public_key().public_bytes_raw()),
        },
        "leaves": [leaf.decode() for leaf in log.leaves],
        "tiles": list(_tiles(log)),
        "consistency": [
            _consistency(log, old, new) for old, new in ((1, 300), (6, 7), (128, 300), (255, 256), (256, 300))
        ],
        "checkpoints": [first, _checkpoint(log, 128), _checkpoint(log, 300, begun)],
        "cosigned": {"note": cosigned, "time": int(AT.timestamp())},
        "fork": _fork(log),
    } | _files()


def _checkpoint(log: Log, size: int, epochs: tuple[Epoch, ...] = ()) -> dict[str, Any]:
    name = origin("LBY", epochs[-1].number if epochs else 1)
    note = sign_checkpoint(name, size, log.root(size), AT, SIGNING, epochs=epochs, cosigning_key=COSIGNING)
    return {"origin": name, "size": size, "root": encode(log.root(size)), "note": note}


def _tiles(log: Log) -> Iterator[dict[str, Any]]:
    _, growths = tiles.grow(merkle.CompactRange(), map(merkle.leaf_hash, log.leaves))
    for place, (_, hashes) in sorted(growths.items()):
        width = len(hashes) // merkle.HASH_BYTES
        path = tiles.write_path(place, width)
        yield {"path": path, "level": place.level, "number": place.number, "width": width, "hashes": encode(hashes)}


def _consistency(log: Log, old: int, new: int) -> dict[str, Any]:
    path = merkle.consistency_path(old, new, lambda *at: log.nodes[at])
    roots = {"old_root": encode(log.root(old)), "new_root": encode(log.root(new))}
    return {"old": old, "new": new, "path": [encode(each) for each in path]} | roots


def _fork(log: Log) -> dict[str, Any]:
    """LBY signed the first 100 leaves, and 120 that do not continue them."""
    other = Log([*log.leaves[:70], *(b"another %d" % n for n in range(50))])
    path = merkle.consistency_path(100, 120, lambda *at: other.nodes[at])
    notes = _checkpoint(log, 100)["note"], _checkpoint(other, 120)["note"]
    found: dict[str, Any] = json.loads(forks.write(forks.Evidence(*notes, other.root(100), tuple(path))))
    return found


def _files() -> dict[str, Any]:
    """An export of seven leaves in the second epoch, and the proof of one of them."""
    contents = [
        content(
            Leaf(
                index=n,
                at=AT + dt.timedelta(minutes=n),
                node="LBY",
                actor="فاطمة",
                via="console",
                act="alert_read",
                salt=f"{n:032x}",
                purpose="border_check",
                subject=f"alert-{n}",
                detail={"version": n},
            )
        )
        for n in range(7)
    ]
    log, epochs = Log(contents), (Epoch(2, 3, Log(contents[:3]).root(3)),)
    seen = _checkpoint(log, 5, epochs)["note"]
    witnessed = with_cosignatures(seen, [cosign(seen, "NER", WITNESS, AT)])
    path = tuple(merkle.consistency_path(5, 7, lambda *at: log.nodes[at]))
    lines = export(
        contents,
        node="LBY",
        tree=log.ranges[-1],
        exported_at=AT,
        private_key=SIGNING,
        epochs=epochs,
        witnessed=Witnessed(witnessed, path),
    )
    inclusion = merkle.inclusion_path(4, 5, lambda *at: log.nodes[at])
    return {
        "export": [line.decode().removesuffix("\n") for line in lines],
        "proof": write_proof(contents[4], 4, inclusion, witnessed),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
