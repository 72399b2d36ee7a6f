"""export: what is written verifies, and not one byte of it can change."""

import base64
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from jiwar.audit.logic import merkle, notes
from jiwar.audit.logic.checkpoint import Epoch, key_id, sign_checkpoint
from jiwar.audit.logic.cosignature import cosign
from jiwar.audit.logic.export import MAX_LINE, LedgerInvalid, Summary, Witnessed, export, verify_export
from jiwar.audit.logic.leaf import Leaf, content
from jiwar.audit.logic.proof import with_cosignatures
from tests.audit.books import Log

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw()
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXPORTED = AT + timedelta(days=1)


def leaf(index: int, **change: object) -> bytes:
    parts = {
        "index": index,
        "at": AT + timedelta(seconds=index),
        "node": "LBY",
        "actor": "fatima",
        "via": "console",
        "act": ("alert_issued", "search_made", "alert_withdrawn")[index % 3],
        "salt": hashlib.sha256(bytes([index])).hexdigest()[:32],
        "purpose": "border-check",
        "subject": "محمد",
    }
    return content(Leaf(**parts | change))


def grow(contents: Iterable[bytes]) -> merkle.CompactRange:
    tree = merkle.CompactRange()
    for each in contents:
        tree, _ = merkle.append(tree, merkle.leaf_hash(each))
    return tree


def exported(contents: list[bytes], key: Ed25519PrivateKey = KEY, node: str = "LBY") -> list[bytes]:
    return list(export(contents, node=node, tree=grow(contents), exported_at=EXPORTED, private_key=key))


LEAVES = [leaf(index) for index in range(7)]
LINES = exported(LEAVES)
FILE = b"".join(LINES)


def code_of(lines: Iterable[bytes], expected_key: bytes | None = PUBLIC) -> str:
    with pytest.raises(LedgerInvalid) as caught:
        verify_export(lines, expected_key)
    assert caught.value.code in str(caught.value)
    return caught.value.code


def as_file(data: bytes) -> Iterable[bytes]:
    file = io.BytesIO(data)
    return iter(lambda: file.readline(MAX_LINE + 1), b"")


def test_summary():
    assert verify_export(as_file(FILE), PUBLIC) == Summary(
        node="LBY",
        size=7,
        root=merkle.root(grow(LEAVES)),
        exported_at=EXPORTED,
        first_at=AT,
        last_at=AT + timedelta(seconds=6),
        key=PUBLIC,
        acts={"alert_issued": 3, "alert_withdrawn": 2, "search_made": 2},
    )


def test_leaves_stand_in_the_file_byte_for_byte():
    assert LINES[1:-1] == [each + b"\n" for each in LEAVES]


def test_an_empty_ledger():
    summary = verify_export(exported([]), PUBLIC)
    assert (summary.size, summary.root, summary.first_at, summary.acts) == (0, merkle.EMPTY_ROOT, None, {})


@given(st.integers(0, 40))
def test_any_size(size):
    assert verify_export(exported([leaf(index) for index in range(size)]), None).size == size


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255), st.booleans())
def test_any_changed_byte_is_refused(position, mask, key_is_known):
    data = bytearray(FILE)
    data[position] ^= mask
    code_of(as_file(bytes(data)), PUBLIC if key_is_known else None)


@given(st.integers(0, len(FILE)), st.sampled_from([b" ", b"\n", b"\r", b"\t", b"0", b"}", b"\0"]))
def test_any_inserted_byte_is_refused(position, byte):
    code_of(as_file(FILE[:position] + byte + FILE[position:]), None)


@given(st.integers(0, len(FILE) - 1))
def test_any_cut_is_refused(length):
    code_of(as_file(FILE[:length]), None)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 300))
def test_any_gap_is_refused(position, length):
    code_of(as_file(FILE[:position] + FILE[position + length :]), None)


@given(st.permutations(LINES).filter(lambda lines: lines != LINES))
def test_any_other_order_is_refused(lines):
    code_of(lines, None)


@given(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES)))
def test_any_line_twice_is_refused(line, place):
    code_of([*LINES[:place], LINES[line], *LINES[place:]], None)


@given(st.integers(0, len(LINES) - 1))
def test_any_line_missing_is_refused(line):
    code_of(LINES[:line] + LINES[line + 1 :], None)


def test_codes_say_what_is_wrong():
    header, *leaves, end = LINES
    assert code_of([]) == "empty"
    assert code_of([header]) == "cut"
    assert code_of([header, *leaves]) == "cut"
    assert code_of([header, *leaves, end, end]) == "trailing_data"
    assert code_of([header, *leaves, end, b"\n"]) == "trailing_data"
    assert code_of([header, *leaves, end[:-1]]) == "line_end"
    assert code_of([header, *leaves, b""]) == "line_end"
    assert code_of([header, leaves[0][:-1] + b"\r\n", *leaves[1:], end]) == "leaf"
    assert code_of([header, leaves[0].replace(b":0,", b": 0,"), *leaves[1:], end]) == "leaf"
    assert code_of([header, leaves[1], leaves[0], *leaves[2:], end]) == "index"
    assert code_of([header, *leaves[:-1], end]) == "size"
    assert code_of([header, *leaves, leaf(7) + b"\n", end]) == "size"
    assert code_of([header, leaf(0, actor="nobody") + b"\n", *leaves[1:], end]) == "root"
    assert code_of([header, leaf(0, node="NER") + b"\n", *leaves[1:], end]) == "node"
    assert code_of([header, b"x" * MAX_LINE + b"\n", end]) == "too_long"
    assert code_of([b"{}\n", *leaves, end]) == "header"
    assert code_of([b"[1]\n", *leaves, end]) == "header"
    assert code_of([b"{\n", *leaves, end]) == "json"
    assert code_of([header.replace(b",", b", ", 1), *leaves, end]) == "not_canonical"


def test_where_it_is_wrong():
    for line in range(2, 9):
        changed = [*LINES[: line - 1], LINES[line - 1].replace(b"fatima", b"\xff"), *LINES[line:]]
        with pytest.raises(LedgerInvalid) as caught:
            verify_export(changed, PUBLIC)
        assert caught.value.line == line


def header_changed(**change: object) -> list[bytes]:
    members = json.loads(LINES[0]) | change
    return [json.dumps(members, sort_keys=True, separators=(",", ":")).encode() + b"\n", *LINES[1:]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"exported_at": "2026-11-24T12:00:00.000001Z"}, "header_changed"),
        ({"exported_at": "yesterday"}, "header"),
        ({"v": 3}, "version"),
        ({"v": 1}, "header"),
        ({"epoch": 2}, "checkpoint"),
        ({"epoch": 0}, "checkpoint"),
        ({"epochs": [{"number": 2, "size": 3, "root": "AA=="}]}, "epoch"),
        ({"epochs": [{"number": 2, "size": 99, "root": "AA=="}]}, "epoch"),
        ({"epochs": [2]}, "header"),
        ({"epochs": {}}, "header"),
        ({"v": True}, "version"),
        ({"first": 1}, "header"),
        ({"first": False}, "header"),
        ({"format": "other"}, "header"),
        ({"node": "NER"}, "node"),
        ({"node": "LBY\n"}, "header"),
        ({"extra": 1}, "header"),
        ({"key": base64.b64encode(PUBLIC).decode().replace("g=", "h=")}, "header_changed"),  # spare bits: the same key
        ({"key": "AAAA"}, "header"),
        ({"key": "?"}, "header"),
    ],
)
def test_a_changed_header_is_refused(change, code):
    assert code_of(header_changed(**change), None) == code


def test_a_ledger_signed_anew_by_another_is_refused_when_the_key_is_known():
    forged = exported([leaf(0, actor="nobody")], OTHER)
    assert code_of(forged) == "key"
    assert verify_export(forged, None).key == OTHER.public_key().public_bytes_raw()


def test_the_key_of_the_header_must_sign():
    key = base64.b64encode(OTHER.public_key().public_bytes_raw()).decode()
    assert code_of(header_changed(key=key), None) == "checkpoint"


def end_line(note: str) -> bytes:
    return json.dumps({"checkpoint": note}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def test_a_checkpoint_made_for_something_else_is_refused():
    """The ledger's ordinary checkpoint, signed by the same key over the same root, is not the file's."""
    tree = grow(LEAVES)
    note = sign_checkpoint("jiwar/LBY", tree.size, merkle.root(tree), EXPORTED, KEY)
    assert code_of([*LINES[:-1], end_line(note)]) == "header_changed"
    note = sign_checkpoint("jiwar/NER", tree.size, merkle.root(tree), EXPORTED, KEY)
    assert code_of([*LINES[:-1], end_line(note)]) == "checkpoint"


def test_an_added_signature_is_refused():
    note = json.loads(LINES[-1])["checkpoint"]
    body = note.rpartition("\n\n")[0] + "\n"
    blob = key_id("jiwar/NER", OTHER.public_key()) + OTHER.sign(body.encode())
    witnessed = f"{note}— jiwar/NER {base64.b64encode(blob).decode()}\n"
    assert code_of([*LINES[:-1], end_line(witnessed)]) == "checkpoint"


def test_leaves_that_are_not_the_ledger_s_are_not_signed():
    tree = grow(LEAVES)
    for leaves, code in [
        ([leaf(0, actor="nobody"), *LEAVES[1:]], "root"),
        (LEAVES[:-1], "size"),
        ([*LEAVES, leaf(7)], "size"),
        ([b"a\nb", *LEAVES[1:]], "leaf"),
        ([b"x" * MAX_LINE, *LEAVES[1:]], "leaf"),
    ]:
        written = []
        with pytest.raises(LedgerInvalid) as caught:
            written.extend(export(leaves, node="LBY", tree=tree, exported_at=EXPORTED, private_key=KEY))
        assert caught.value.code == code
        assert not any(b"checkpoint" in line for line in written)


def test_a_tree_with_other_peaks_is_not_signed():
    tree = grow(LEAVES)
    forged = replace(tree, peaks=(*tree.peaks[:-1], bytes(32)))
    with pytest.raises(LedgerInvalid, match="root"):
        list(export(LEAVES, node="LBY", tree=forged, exported_at=EXPORTED, private_key=KEY))


def test_both_ways_hold_one_line_at_a_time():
    taken = []

    def leaves() -> Iterable[bytes]:
        for each in LEAVES:
            taken.append(each)
            yield each

    lines = export(leaves(), node="LBY", tree=grow(LEAVES), exported_at=EXPORTED, private_key=KEY)
    next(lines)
    assert not taken
    next(lines)
    assert len(taken) == 1


EPOCHS = (Epoch(2, 3, merkle.root(grow(LEAVES[:3]))),)
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WITNESSES = {"NER": WITNESS.public_key()}


def witnessed(size: int = 5, name: str = "jiwar/LBY/2", path: tuple[bytes, ...] | None = None) -> Witnessed:
    log = Log(LEAVES)
    epochs = EPOCHS if name.endswith("/2") else ()
    note = sign_checkpoint(name, size, log.root(size), AT, KEY, epochs=epochs)
    note = with_cosignatures(note, [cosign(note, "NER", WITNESS, AT), cosign(note, "TUN", OTHER, AT)])
    proof = merkle.consistency_path(size, 7, lambda *at: log.nodes[at])
    return Witnessed(note, tuple(proof) if path is None else path)


def second(**change: object) -> list[bytes]:
    told = {"epochs": EPOCHS, "witnessed": witnessed()} | change
    tree = grow(LEAVES)
    return list(export(LEAVES, node="LBY", tree=tree, exported_at=EXPORTED, private_key=KEY, **told))


SECOND = b"".join(second())


def test_epochs_and_witnesses_go_with_it():
    summary = verify_export(as_file(SECOND), PUBLIC, WITNESSES)
    assert (summary.epoch, summary.epochs, summary.witnessed) == (2, EPOCHS, 5)
    assert (summary.witnesses, summary.unknown) == ({"NER": AT}, ("jiwar/TUN",))
    without = verify_export(as_file(SECOND), PUBLIC)
    assert (without.witnesses, without.unknown) == ({}, ("jiwar/NER", "jiwar/TUN"))


@given(st.integers(0, len(SECOND) - 1), st.integers(1, 255))
def test_any_changed_byte_of_such_a_file_is_refused(position, mask):
    """The lines of witnesses too, though nobody gave their keys: the node signed the file with them."""
    data = bytearray(SECOND)
    data[position] ^= mask
    code_of(as_file(bytes(data)), None)


def test_a_forged_epoch_is_refused():
    lines = second()
    for epochs in ([Epoch(2, 4, EPOCHS[0].root)], [Epoch(2, 3, bytes(32))]):
        note = witnessed(name="jiwar/LBY")
        assert code_of(second(epochs=epochs, witnessed=note)) == "epoch"
    assert code_of([lines[0].replace(b'"size":3', b'"size":2'), *lines[1:]]) == "epoch"
    assert code_of([lines[0].replace(b'"epoch":2', b'"epoch":3'), *lines[1:]]) == "checkpoint"


def test_a_checkpoint_of_witnesses_that_is_not_this_tree_s_is_refused():
    for other in (
        witnessed(path=()),
        witnessed(path=(bytes(32),) * 3),
        witnessed(name="jiwar/LBY"),
        Witnessed(witnessed().note.replace("LBY", "TUN"), witnessed().path),
    ):
        with pytest.raises(LedgerInvalid) as caught:
            verify_export(second(witnessed=other), PUBLIC)
        assert caught.value.code == "witnessed"


def test_a_witness_whose_signature_does_not_hold_is_refused():
    forged = witnessed()
    body, lines = notes.read(forged.note)
    bent = notes.write_line(lines[1].name, lines[1].key_id, bytes(72))
    changed = Witnessed(notes.write(body, [lines[0].text, bent]), forged.path)
    with pytest.raises(LedgerInvalid) as caught:
        verify_export(second(witnessed=changed), PUBLIC, WITNESSES)
    assert caught.value.code == "witnessed"


def test_the_rest_of_the_last_line_cannot_change():
    *lines, end = second()
    members = json.loads(end)
    for change in ({"witnessed": None, "path": []}, {"more": 1}, {"path": members["path"][:-1]}):
        changed = json.dumps(members | change, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        assert code_of([*lines, changed + b"\n"]) == "rest_changed"
    plain = {"checkpoint": members["checkpoint"]}
    assert code_of([*lines, json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"]) == (
        "rest_changed"
    )


def test_a_file_of_version_1_is_still_proven():
    """Written by the program before there were epochs and witnesses."""
    data = (Path(__file__).parents[1] / "data" / "export-v1.jsonl").read_bytes()
    summary = verify_export(as_file(data), None, WITNESSES)
    assert (summary.node, summary.size, summary.epoch, summary.witnessed) == ("LBY", 4, 1, None)
    assert summary.acts == {"alert_read": 1, "ledger_exported": 1, "own_keys_made": 1, "person_screened": 1}
    for position in range(0, len(data), 7):
        changed = bytearray(data)
        changed[position] ^= 1
        code_of(as_file(bytes(changed)), None)
