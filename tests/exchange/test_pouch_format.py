"""The pouch as a format: what goes in comes out; what was cut, swapped, doubled or altered is refused by its number."""

import datetime as dt
import os
import struct
import tracemalloc
from collections import deque
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import pouch as pouches
from jiwar.exchange.logic.pouch import CHUNK, HEAD, MAX_FRAME, SEALED, Header, Opening, PouchInvalid, Sealing
from jiwar.identity.keys import KeyRing, sealing_public, signing_public
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import canonical

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
SENDER, RECIPIENT, OTHER = KeyRing.make(), KeyRing.make(), KeyRing.make()
KEY = bytes(range(32))


def header(chunks: int = 1, **changes: Any) -> Header:
    fields = {"id": uuid7(NOW), "sender": "LBY", "recipient": "NER", "at": NOW, "chunks": chunks}
    return Header(**(fields | changes))


def head(chunks: int = 1, to: tuple[KeyRing, ...] = (RECIPIENT,), by: KeyRing = SENDER, **changes: Any) -> bytes:
    return pouches.write_head(
        header(chunks, **changes),
        KEY,
        sealing=[(ring.sealing[0].id, sealing_public(ring.sealing[0].public)) for ring in to],
        signing_key=by.signing[0].id,
        signing_private=by.signing[0].private,
    )


def sealed(*frames: bytes) -> list[bytes]:
    sealing = Sealing(KEY)
    return [*(chunk for frame in frames for chunk in sealing.add(frame)), *sealing.end()]


def opened(chunks: list[bytes], count: int | None = None, offset: int = 0) -> list[bytes]:
    opening = Opening(KEY, header(count or len(chunks)), offset)
    found = [frame for chunk in chunks[opening.number :] for frame in opening.add(chunk)]
    assert opening.ended
    return found


def own(ring: KeyRing) -> dict[str, Any]:
    return {key.id: key.private for key in ring.sealing}


# --- head -------------------------------------------------------------------------------------------------------------


def test_a_head_says_who_sealed_it_for_whom_and_how_long_it_is() -> None:
    data = head(7)
    read = pouches.read_head(data)
    assert len(data) == HEAD
    assert read.header == header(7, id=read.header.id)
    assert read.header.size == HEAD + 7 * SEALED
    assert read.signing_key == SENDER.signing[0].id
    pouches.verify(read, signing_public(SENDER.signing[0].public), "NER")
    assert pouches.content_key(read, own(RECIPIENT)) == KEY


def test_either_key_of_a_rotation_opens_it_and_no_other() -> None:
    read = pouches.read_head(head(to=(RECIPIENT, OTHER)))
    assert pouches.content_key(read, own(RECIPIENT)) == pouches.content_key(read, own(OTHER)) == KEY
    with pytest.raises(PouchInvalid, match="pouch_key_unknown"):
        pouches.content_key(read, own(SENDER))


def test_the_content_key_is_bound_to_the_header() -> None:
    """Who takes the sealed key out of one pouch and signs another around it cannot have it opened."""
    a = pouches.read_head(head(1))
    b = pouches.read_head(head(2))
    with pytest.raises(PouchInvalid, match="pouch_seal"):
        pouches.content_key(pouches.Head(b.header, b.text, a.keys, "", b"", b"", ""), own(RECIPIENT))


def test_a_forged_signer_and_another_recipient_are_refused() -> None:
    public = signing_public(SENDER.signing[0].public)
    with pytest.raises(PouchInvalid, match="pouch_signature"):
        pouches.verify(pouches.read_head(head(by=OTHER)), public, "NER")
    with pytest.raises(PouchInvalid, match="pouch_not_for_us") as refused:
        pouches.verify(pouches.read_head(head(recipient="TUN")), public, "NER")
    assert refused.value.detail == "TUN"


@settings(max_examples=60)
@given(st.integers(0, 2000), st.integers(1, 255))
def test_any_altered_byte_of_the_head_is_refused(at: int, change: int) -> None:
    whole = head(3, to=(RECIPIENT, OTHER))
    data = whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :]
    with pytest.raises(PouchInvalid):
        pouches.verify(pouches.read_head(data), signing_public(SENDER.signing[0].public), "NER")


def test_bytes_after_the_signature_are_refused() -> None:
    data = head()
    with pytest.raises(PouchInvalid, match="pouch_form"):
        pouches.read_head(data[:-1] + b"\x01")


@given(st.binary(max_size=300).map(lambda noise: (pouches.MAGIC + noise).ljust(HEAD, b"\0")[:HEAD]))
def test_noise_is_no_head(noise: bytes) -> None:
    with pytest.raises(PouchInvalid, match="pouch_form"):
        pouches.read_head(noise)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "pouch_form"), (b"JWP", "pouch_version"), (b"PK\x03\x04" * 2048, "pouch_form"),
        (b"JWP\x00" + bytes(HEAD - 4), "pouch_version"), (b"JWP\x02" + bytes(HEAD - 4), "pouch_version"),
        (head()[:-1], "pouch_form"),
    ],
    ids=["empty", "cut at once", "another file", "lower", "higher", "cut"],
)  # fmt: skip
def test_what_is_no_pouch_is_told(data: bytes, code: str) -> None:
    with pytest.raises(PouchInvalid) as refused:
        pouches.read_head(data)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "changes",
    [
        {"chunks": 0}, {"chunks": pouches.MAX_CHUNKS + 1}, {"chunks": True}, {"chunks": "1"}, {"v": 2},
        {"from": "libya"}, {"to": 7}, {"id": "x"}, {"at": "noon"}, {"more": 1}, {"at": ...},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_header_is_refused(changes: dict[str, Any]) -> None:
    data = header(1).as_json() | changes
    text = canonical({name: value for name, value in data.items() if value is not ...})
    whole = head()
    (length,) = struct.unpack_from(">H", whole, 4)
    wrong = whole[:4] + struct.pack(">H", len(text)) + text + whole[6 + length :]
    with pytest.raises(PouchInvalid, match="pouch_form"):
        pouches.read_head(wrong[:HEAD].ljust(HEAD, b"\0"))


# --- chunks -----------------------------------------------------------------------------------------------------------

SIZES = st.one_of(st.integers(1, 300), st.integers(CHUNK - 20, CHUNK + 20), st.integers(2 * CHUNK - 9, 2 * CHUNK + 9))


@settings(max_examples=40)
@given(st.lists(SIZES, max_size=6))
def test_frames_come_out_as_they_went_in(sizes: list[int]) -> None:
    given_ = [bytes([n + 1]) * size for n, size in enumerate(sizes)]
    chunks = sealed(*given_)
    assert {len(chunk) for chunk in chunks} == {SEALED}
    assert len(chunks) == -(-(sum(sizes) + 4 * len(sizes) + 4) // CHUNK)
    assert opened(chunks) == given_


@settings(max_examples=30)
@given(st.lists(SIZES, min_size=1, max_size=5), st.data())
def test_who_was_interrupted_goes_on_with_the_next_frame(sizes: list[int], data: st.DataObject) -> None:
    given_ = [bytes([n + 1]) * size for n, size in enumerate(sizes)]
    chunks = sealed(*given_)
    stop = data.draw(st.integers(0, len(given_)))
    offset = sum(4 + len(frame) for frame in given_[:stop])
    assert opened(chunks, offset=offset) == given_[stop:]


def test_the_size_is_known_before_it_is_closed() -> None:
    sealing = Sealing(KEY)
    for size in (10, CHUNK - 38, 5, 1, 3 * CHUNK):
        chunks = list(sealing.add(bytes(size)))
        assert all(len(chunk) == SEALED for chunk in chunks)
        expected = sealing.size
        assert sealing.room(expected) < CHUNK
    done = sealing.count + len(list(sealing.end()))
    assert expected == pouches.size_of(done)


@pytest.mark.parametrize("most", [HEAD, HEAD + SEALED - 1, HEAD + SEALED, HEAD + 3 * SEALED + 7, HEAD + 40 * SEALED])
def test_what_there_is_room_for_fits(most: int) -> None:
    sealing, count = Sealing(KEY), 0
    while room := sealing.room(most):
        count += len(list(sealing.add(bytes(room))))
    count += len(list(sealing.end()))
    assert pouches.size_of(count) == max(HEAD + (most - HEAD) // SEALED * SEALED, HEAD + SEALED)


def test_the_file_is_never_larger_than_a_stick_takes() -> None:
    assert pouches.size_of(pouches.MAX_CHUNKS) < 2**32 - 1 <= pouches.size_of(pouches.MAX_CHUNKS + 1)


FRAMES = [os.urandom(size) for size in (6_000, 44_000, 5, 19_000)]
CHUNKS = sealed(*FRAMES)


def refused(chunks: list[bytes]) -> tuple[str, str, list[bytes]]:
    """Code and detail of a refusal, and the frames that came before it."""
    opening, found = Opening(KEY, header(len(CHUNKS))), []
    try:
        for chunk in chunks:
            found += opening.add(chunk)
    except PouchInvalid as invalid:
        return invalid.code, invalid.detail, found
    raise AssertionError("it was taken")


@pytest.mark.parametrize("number", range(len(CHUNKS)))
def test_an_altered_a_cut_a_doubled_and_a_missing_chunk_are_refused_by_number(number: int) -> None:
    chunk = CHUNKS[number]
    at = number * 999
    altered = chunk[:at] + bytes([chunk[at] ^ 1]) + chunk[at + 1 :]
    for wrong in (
        [*CHUNKS[:number], altered, *CHUNKS[number + 1 :]],
        [*CHUNKS[:number], chunk[:-1], *CHUNKS[number + 1 :]],
        [*CHUNKS[:number], b"", *CHUNKS[number + 1 :]],
    ):
        code, detail, before = refused(wrong)
        assert (code, detail) == ("pouch_chunk", str(number + 1))
        assert before == [frame for frame, end in zip(FRAMES, ENDS, strict=True) if end <= number * CHUNK]
    doubled = [*CHUNKS[: number + 1], chunk]
    if number < len(CHUNKS) - 1:
        assert refused(doubled)[:2] == ("pouch_chunk", str(number + 2))
        assert refused([*CHUNKS[:number], CHUNKS[number + 1], chunk])[:2] == ("pouch_chunk", str(number + 1))


ENDS = [sum(4 + len(frame) for frame in FRAMES[: n + 1]) for n in range(len(FRAMES))]


def test_a_chunk_of_another_pouch_and_a_header_that_counts_wrong_are_refused() -> None:
    other = Sealing(bytes(32))
    foreign = [*other.add(FRAMES[0]), *other.end()]
    assert refused([foreign[0]])[:2] == ("pouch_chunk", "1")
    for count in (len(CHUNKS) - 1, len(CHUNKS) + 1):
        with pytest.raises(PouchInvalid, match="pouch_chunk"):
            opened(CHUNKS, count)


def of_plain(plain: bytes) -> list[bytes]:
    """Chunks that hold just these bytes, as only the writer of a pouch could make them."""
    sealing = Sealing(KEY)
    sealing._plain += plain
    return [*iter_more(sealing), sealing._seal(b"last")]


def iter_more(sealing: Sealing) -> list[bytes]:
    found = []
    while len(sealing._plain) > CHUNK:
        found.append(sealing._seal(b"more"))
    return found


@pytest.mark.parametrize(
    "plain",
    [
        struct.pack(">I", MAX_FRAME + 1) + bytes(10),
        struct.pack(">I", 2**32 - 1),
        struct.pack(">I", 100) + b"x" * 100 + struct.pack(">I", CHUNK),
        bytes(4) + b"x",
        bytes(2 * CHUNK),
        bytes(4) + bytes(3 * CHUNK) + b"x",
        struct.pack(">I", CHUNK - 4) + b"x" * (CHUNK - 4),
    ],
    ids=["too long", "longest", "runs out", "words after the end", "ends early", "goes on after the end", "no end"],
)
def test_chunks_that_hold_no_frames_are_refused(plain: bytes) -> None:
    chunks = of_plain(plain)
    with pytest.raises(PouchInvalid, match="pouch_frame"):
        opened(chunks)


def test_more_frames_than_a_pouch_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = sealed(*[b"x"] * 30)
    monkeypatch.setattr(pouches, "MAX_FRAMES", 29)
    with pytest.raises(PouchInvalid, match="pouch_frame"):
        opened(chunks)


def test_a_writer_stops_at_the_number_that_a_reader_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pouches, "MAX_FRAMES", 29)
    sealing, count = Sealing(KEY), 0
    while sealing.room(10**9):
        list(sealing.add(b"x"))
        count += 1
    assert count == 29


def test_a_bomb_costs_a_chunk_and_a_frame_of_memory() -> None:
    """Thirty-two megabytes of zeros, and as many of frames that never come to an end, are not held."""
    for plain in (bytes(32 << 20), struct.pack(">I", MAX_FRAME) + bytes(32 << 20)):
        sealing = Sealing(KEY)
        sealing._plain += plain
        chunks = iter_more(sealing)
        opening = Opening(KEY, header(len(chunks) + 1))
        tracemalloc.start()
        with pytest.raises(PouchInvalid, match="pouch_frame"):
            deque((frame for chunk in chunks for frame in opening.add(chunk)), maxlen=0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * MAX_FRAME


def test_real_frames_travel_unchanged() -> None:
    frame = frames.write(frames.Frame(b"hello", [b"r"], [b"e" * 1000], [b"c"], [b"o"]))
    assert [frames.read(found) for found in opened(sealed(frame))] == [frames.read(frame)]


def test_no_two_chunks_share_a_nonce() -> None:
    assert len(set(CHUNKS)) == len(CHUNKS)
    assert all(a != b for a, b in pairwise(sealed(bytes(3 * CHUNK))))
