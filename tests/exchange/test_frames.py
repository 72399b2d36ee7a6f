"""What stands in a frame: hello, receipt, message. What is written is read; what is not of the form is refused."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic import message as messages
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic import signed, streams
from jiwar.exchange.logic.frame import Frame, FrameInvalid
from jiwar.exchange.logic.hello import Hello, Problem, Sent
from jiwar.exchange.logic.message import Message, MessageInvalid, MessageUnknown, Place, Signed
from jiwar.exchange.logic.receipt import Receipt, Result
from jiwar.exchange.logic.signed import SignedInvalid
from jiwar.exchange.logic.streams import Cursor, Lane, Misplaced, Name
from jiwar.identity.keys import KeyRing
from jiwar.wire.strict_json import canonical

RING, OTHER = KeyRing.make(), KeyRing.make()
KEY = RING.signing[0]
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC).isoformat()
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
NAMES = st.builds(Name, st.integers(1, 999_999), st.integers(0, 999_999), st.sampled_from(Lane))
COUNTS = st.integers(0, 2**53 - 1)
TEXT = st.text("abcdefghijklmnopqrstuvwxyz/+=-", max_size=16)
LINE = st.binary(max_size=60).map(lambda data: data.replace(b"\n", b""))


# --- frame ------------------------------------------------------------------------------------------------------------


@given(*[st.lists(st.binary(max_size=40), max_size=4)] * 4, st.binary(max_size=40))
def test_a_frame_is_read_as_it_was_written(
    receipts_: list[bytes], envelopes: list[bytes], chunks: list[bytes], own: list[bytes], hello: bytes
) -> None:
    frame = Frame(hello, receipts_, envelopes, chunks, own)
    assert frames.read(frames.write(frame)) == frame


@given(st.binary(max_size=200).map(lambda tail: tail if len(tail) % 2 else frames.MAGIC + tail))
def test_no_frame_is_refused_with_a_code(noise: bytes) -> None:
    with pytest.raises(FrameInvalid, match=r"frame_form|frame_version"):
        frames.read(noise)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "frame_form"),
        (b"JWF\x01", "frame_version"),
        (b"JWF\x03", "frame_version"),
        (frames.MAGIC, "frame_form"),
        (frames.MAGIC + b"e\0\0\0\0", "frame_form"),
        (frames.write(Frame(b"hello")) + b"h\0\0\0\0", "frame_form"),
        (frames.write(Frame(b"hello")) + b"?\0\0\0\0", "frame_form"),
        (frames.write(Frame(b"hello"))[:-1], "frame_form"),
        (frames.write(Frame(b"hello")) + b"e\xff\xff\xff\xff", "frame_form"),
        (frames.write(Frame(b"hello", [b""] * frames.MAX_ITEMS)), "frame_form"),
        (frames.MAGIC + bytes(frames.MAX_BYTES), "frame_too_large"),
    ],
)
def test_what_is_wrong_with_a_frame_is_named(data: bytes, code: str) -> None:
    with pytest.raises(FrameInvalid) as invalid:
        frames.read(data)
    assert invalid.value.code == code


# --- hello ------------------------------------------------------------------------------------------------------------

HELLOS = st.builds(
    Hello,
    sender=st.sampled_from(["LBY", "NER-MADAMA"]),
    recipient=st.just("NER"),
    at=st.just(NOW),
    epoch=st.integers(1, 999),
    nonce=st.binary(min_size=16, max_size=16).map(bytes.hex),
    re=st.one_of(st.just(""), st.binary(min_size=16, max_size=16).map(bytes.hex)),
    have=st.dictionaries(NAMES.map(str), st.builds(Cursor, COUNTS, HASHES), max_size=5),
    sent=st.dictionaries(NAMES.map(str), st.builds(Sent, COUNTS, COUNTS), max_size=5),
    lack=st.dictionaries(HASHES, COUNTS, max_size=3),
    room=COUNTS,
    ledger=st.dictionaries(st.text("abc", min_size=1), st.integers(0, 9), max_size=3),
    problem=st.one_of(st.none(), st.builds(Problem, st.just("sequence_gap"), st.just("routine.1.0 7"))),
)


@given(HELLOS)
def test_a_hello_is_read_as_it_was_said(hello: Hello) -> None:
    read, found = hellos.read(hellos.sign(hello, KEY.id, KEY.private))
    assert read == hello
    hellos.verify(found, KEY.private.public_key())


def said(**changes: Any) -> bytes:
    data = {
        "v": 2, "from": "LBY", "to": "NER", "at": NOW, "epoch": 1, "nonce": "0" * 32, "re": "", "have": {}, "sent": {},
        "lack": {}, "room": 0, "ledger": {}, "card": {}, "problem": None,
    } | changes  # fmt: skip
    return signed.sign(hellos.LABEL, {k: v for k, v in data.items() if v is not ...}, KEY.id, KEY.private)


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "libya"}, {"to": None}, {"at": "2026-11-25T12:00:00"}, {"at": "noon"}, {"epoch": 0}, {"epoch": True},
        {"nonce": ""}, {"re": "xyz"}, {"have": {"routine.1.0": [1]}}, {"have": {"routine": [1, "0" * 64]}},
        {"have": {"routine.1.0": [-1, "0" * 64]}}, {"have": {f"routine.1.{n}": [1, "0" * 64] for n in range(201)}},
        {"sent": {"routine.1.0": [1, "2"]}}, {"lack": {"abc": 1}}, {"lack": {f"{n:064x}": 0 for n in range(9)}},
        {"room": 1.5}, {"ledger": []}, {"problem": {"code": "Bad Code", "detail": ""}},
        {"problem": {"code": "x", "detail": "y" * 301}}, {"problem": {"code": "x"}}, {"extra": 1}, {"room": ...},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_hello_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SignedInvalid) as invalid:
        hellos.read(said(**changes))
    assert invalid.value.code == "hello_form"


@pytest.mark.parametrize("version", [1, 3, "2", None])
def test_a_hello_of_another_version_is_refused_by_name(version: object) -> None:
    with pytest.raises(SignedInvalid, match="hello_version"):
        hellos.read(said(v=version))


def test_a_hello_that_another_signed_or_somebody_altered_is_not_believed() -> None:
    _, found = hellos.read(said())
    with pytest.raises(SignedInvalid, match="hello_signature"):
        hellos.verify(found, OTHER.signing[0].private.public_key())
    _, altered = hellos.read(said().replace(b'"room":0', b'"room":9'))
    with pytest.raises(SignedInvalid, match="hello_signature"):
        hellos.verify(altered, KEY.private.public_key())


def test_signed_json_is_canonical_and_small() -> None:
    text = said()
    with pytest.raises(SignedInvalid, match="hello_form"):
        hellos.read(text.replace(b'"room":0', b'"room": 0'))
    with pytest.raises(SignedInvalid, match="hello_form"):
        hellos.read(said(ledger={"x": "y" * hellos.MAX_BYTES}))
    with pytest.raises(SignedInvalid, match="hello_form"):
        hellos.read(text[:50])


# --- receipt ----------------------------------------------------------------------------------------------------------

RESULTS = st.builds(Result, st.sampled_from(receipts.STATUSES), st.text("abc_", max_size=5), TEXT)


@given(st.lists(RESULTS, min_size=1, max_size=40), st.integers(1, 1000))
def test_a_receipt_is_read_as_it_was_signed(results: list[Result], first: int) -> None:
    last = first + len(results) - 1
    receipt = Receipt("NER", "LBY", "urgent.1.0", first, last, "ab" * 32, tuple(results), NOW, "jiwar/NER\n…")
    read, found = receipts.read(receipts.sign(receipt, KEY.id, KEY.private))
    assert read == receipt
    receipts.verify(found, KEY.private.public_key())
    with pytest.raises(SignedInvalid, match="receipt_signature"):
        receipts.verify(found, OTHER.signing[0].private.public_key())


def test_equal_results_take_one_line() -> None:
    many = Receipt("NER", "LBY", "routine.1.0", 1, 1000, "ab" * 32, (Result("applied"),) * 1000, NOW, "")
    assert len(receipts.sign(many, KEY.id, KEY.private)) < 500


@pytest.mark.parametrize(
    "changes",
    [
        {"first": 0}, {"last": 4}, {"first": "1"}, {"stream": "routine"}, {"head": "x"}, {"at": "noon"},
        {"results": [[2, "applied", "", ""]]}, {"results": [[4, "applied", "", ""]]},
        {"results": [[3, "lost", "", ""]]},
        {"results": [[3, "applied", ""]]}, {"results": [[10**9, "applied", "", ""]]}, {"results": {}},
        {"results": [[3, "refused", "c" * 61, ""]]}, {"checkpoint": None}, {"from": 1}, {"x": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_receipt_is_refused(changes: dict[str, Any]) -> None:
    data = {
        "v": 2, "from": "NER", "to": "LBY", "stream": "routine.1.0", "first": 1, "last": 3, "head": "ab" * 32,
        "results": [[3, "applied", "", ""]], "at": NOW, "checkpoint": "",
    } | changes  # fmt: skip
    with pytest.raises(SignedInvalid, match="receipt_form"):
        receipts.read(signed.sign(receipts.LABEL, data, KEY.id, KEY.private))


# --- message ----------------------------------------------------------------------------------------------------------

STATEMENTS = st.builds(Signed, LINE, TEXT, TEXT, TEXT)
PLACES = st.builds(Place, NAMES.map(str), st.integers(1, 99), HASHES, st.just("applied"), st.just(""))


@given(
    st.one_of(
        st.builds(Message, STATEMENTS, TEXT, TEXT),
        st.builds(Message, STATEMENTS, place=PLACES),
    )
)
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    assert messages.read(messages.write(message)) == message


def test_a_type_that_is_not_known_is_told_from_a_wrong_form() -> None:
    with pytest.raises(MessageUnknown, match="hologram"):
        messages.read(canonical({"type": "hologram", "anything": 1}) + b"\n" + b"{}")


@given(st.binary(max_size=200))
def test_no_message_is_refused(noise: bytes) -> None:
    with pytest.raises((MessageInvalid, MessageUnknown)):
        messages.read(noise)


@pytest.mark.parametrize(
    "payload",
    [
        messages.write(Message(Signed(b"{}", "k", "s"))) + b"\n{}",
        messages.write(Message(Signed(b"{}", "k", "s"))).replace(b'"clause":""', b'"clause": ""'),
        messages.write(Message(Signed(b"{}", "k" * 17, "s"))),
        messages.write(Message(Signed(b"{}", "k", "s"), "a" * 61)),
        messages.write(Message(Signed(b"{}", "k", "s"), place=Place("routine.1.0", 0, "0" * 64, "applied", ""))),
        messages.write(Message(Signed(b"{}", "k", "s"), place=Place("here", 1, "0" * 64, "applied", ""))),
        b"",
        *(canonical({"type": type_}) + b"\n{}" for type_ in ([], {}, ["record"], "", None, 1, True)),
        b"{}\n{}",
    ],
)
def test_a_wrong_message_is_refused(payload: bytes) -> None:
    with pytest.raises(MessageInvalid):
        messages.read(payload)


# --- streams ----------------------------------------------------------------------------------------------------------


@given(NAMES)
def test_a_stream_has_one_name(name: Name) -> None:
    assert streams.parse(str(name)) == name


@pytest.mark.parametrize(
    "text", ["", "routine", "routine.0.0", "routine.1.01", "routine.1.0\n", "bulk.1.0", "urgent.١.0"]
)
def test_no_stream_is_called_so(text: str) -> None:
    with pytest.raises(ValueError, match="no stream"):
        streams.parse(text)


def test_an_envelope_follows_the_one_before_it_or_says_why_not() -> None:
    first = streams.follow(Cursor(), 1, streams.FIRST, "aa" * 32)
    assert first == Cursor(1, "aa" * 32)
    assert streams.follow(first, 2, "aa" * 32, "bb" * 32) == Cursor(2, "bb" * 32)
    for seq, prev, code in ((3, "aa" * 32, "sequence_gap"), (2, "cc" * 32, "chain_broken")):
        with pytest.raises(Misplaced) as misplaced:
            streams.follow(first, seq, prev, "dd" * 32)
        assert (misplaced.value.code, misplaced.value.expected) == (code, 2)
