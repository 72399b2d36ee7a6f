"""A reader at a serial port: a pseudo-terminal that sends what readers send, in pieces, with noise, or not at all."""

import os
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.mrz_stream import Framing
from jiwar.documents.serial_reader import zone_of_reader
from jiwar.wire.faults import Refused

TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"


@given(st.sampled_from([TD1, TD2, TD3]), st.sampled_from(["\r", "\n", "\r\n"]), st.booleans(), st.data())
def test_a_zone_is_whole_however_its_bytes_are_cut(zone: str, end: str, framed: bool, data: st.DataObject) -> None:
    sent = (zone.replace("\n", end) + end).encode()
    sent = b"\x02" + sent + b"\x03" if framed else sent
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    framing = Framing()
    got = [framing.take(sent[a:b]) for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    assert [found for found in got if found] == [zone]


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_any_bytes_are_text_of_lines(pieces: list[bytes]) -> None:
    framing = Framing()
    for piece in pieces:
        framing.take(piece)
    assert len(framing.rest()) <= 400


@pytest.fixture
def port() -> Iterator[tuple[int, str]]:
    ours, theirs = os.openpty()
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def send(reader: int, *pieces: bytes, after: float = 0.25) -> threading.Thread:
    def go() -> None:
        for piece in pieces:
            time.sleep(after)
            os.write(reader, piece)

    thread = threading.Thread(target=go)
    thread.start()
    return thread


def refusal(device: str, patience: float = 0.5) -> str:
    with pytest.raises(Refused) as refused:
        zone_of_reader(device, patience=patience)
    return refused.value.faults[0].code


def test_the_next_document_is_read_and_what_came_before_is_not(port: tuple[int, str]) -> None:
    pytest.importorskip("serial", reason="the extra `serial` is not installed")
    reader, device = port
    os.write(reader, TD1.replace("\n", "\r").encode() + b"\r")  # of the traveller before
    sent = TD3.replace("\n", "\r").encode() + b"\r"
    thread = send(reader, sent[:50], sent[50:])
    assert zone_of_reader(device, patience=5) == TD3
    thread.join()


def test_half_a_zone_is_given_as_it_came(port: tuple[int, str]) -> None:
    pytest.importorskip("serial", reason="the extra `serial` is not installed")
    reader, device = port
    thread = send(reader, b"P<UTOERIKSSON<<ANNA\r")
    assert zone_of_reader(device, patience=5) == "P<UTOERIKSSON<<ANNA"
    thread.join()


def test_a_silent_reader_and_a_missing_one_are_said(port: tuple[int, str]) -> None:
    pytest.importorskip("serial", reason="the extra `serial` is not installed")
    assert refusal(port[1]) == "reader_silent"
    assert refusal("/dev/no-such-reader") == "reader_absent"
