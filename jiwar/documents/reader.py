"""Readers for contactless chips, by the PC/SC library of the system (PC/SC part 5; WinSCard on Windows).

It is called as it stands, without a package of bindings: its functions have not changed in twenty-five years.
Where a machine has no such library, or no reader, `ReaderAbsent` says which; nothing else of the room needs one.
"""

import ctypes
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import (
    POINTER,
    byref,
    c_char_p,
    c_int32,
    c_long,
    c_size_t,
    c_uint32,
    c_ulong,
    c_void_p,
    create_string_buffer,
    sizeof,
    string_at,
)
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

from jiwar.documents.logic.apdu import EXTENDED_MAX, CardFault
from jiwar.documents.logic.chip_access import Password
from jiwar.documents.logic.chip_reading import ReadingPolicy, read_chip
from jiwar.documents.logic.chip_transcripts import Reading

_LIBRARY: Final = {"win32": "winscard.dll", "darwin": "/System/Library/Frameworks/PCSC.framework/PCSC"}
# What the library calls DWORD is a long on Linux alone.
_WORD: Final[Any] = c_ulong if sys.platform.startswith("linux") else c_uint32
_HANDLE: Final[Any] = {"darwin": c_int32, "win32": c_size_t}.get(sys.platform, c_long)
# A session is one program's alone; contactless chips speak T=1 to whoever asks through a reader (PC/SC part 3).
_SYSTEM, _EXCLUSIVE, _T1, _RESET = 2, 1, 2, 1
_NO_SERVICE: Final = frozenset({0x8010001D, 0x8010001E})
_NO_READERS: Final = 0x8010002E
_NAMES_MOST: Final = 8_192


class _Protocol(ctypes.Structure):
    """SCARD_IO_REQUEST."""

    _fields_ = [("protocol", _WORD), ("length", _WORD)]


class ReaderAbsent(Exception):
    """No chip can be read on this machine now. `code`: ``reader_library``, ``reader_service``, ``reader_none``,
    ``card_none``; `detail` the number that the library gave.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.field = "reader"
        self.detail = detail


def readers() -> tuple[str, ...]:
    """The names of the readers that are plugged in. Raises ReaderAbsent."""
    with _context() as context:
        return _readers(context)


def read_present(password: Password, policy: ReadingPolicy, name: str | None = None) -> Reading:
    """The chip that lies on the reader with this name, or on the first that has one.

    Raises ReaderAbsent, NotOpened, CardFault.
    """
    with _context() as context:
        card = _first(context, _readers(context) if name is None else (name,))
        try:
            return read_chip(card, password, policy, secrets.token_bytes)
        finally:
            card.close()


def _first(context: Any, names: tuple[str, ...]) -> "_PcscCard":
    """The first that has a chip in its field."""
    absent = ReaderAbsent("reader_none")
    for name in names:
        try:
            return _PcscCard(context, name)
        except ReaderAbsent as none:
            absent = none
    raise absent


class _PcscCard:
    """`apdu.Card` on a reader."""

    def __init__(self, context: Any, name: str) -> None:
        self._handle, active = _HANDLE(), _WORD()
        connect = _library().connect
        _check(connect(context, name.encode(), _EXCLUSIVE, _T1, byref(self._handle), byref(active)), "card_none")
        self._answer = create_string_buffer(EXTENDED_MAX + 2)

    def transmit(self, apdu: bytes) -> bytes:
        size, protocol = _WORD(EXTENDED_MAX + 2), _Protocol(_T1, sizeof(_Protocol))
        transmit = _library().transmit
        _gone(transmit(self._handle, byref(protocol), apdu, len(apdu), None, self._answer, byref(size)))
        return string_at(self._answer, size.value)

    def reset(self) -> None:
        active = _WORD()
        _gone(_library().reconnect(self._handle, _EXCLUSIVE, _T1, _RESET, byref(active)))

    def close(self) -> None:
        _library().disconnect(self._handle, _RESET)


@contextmanager
def _context() -> Iterator[Any]:
    context = _HANDLE()
    _check(_library().establish(_SYSTEM, None, None, byref(context)), "reader_service")
    try:
        yield context
    finally:
        _library().release(context)


def _readers(context: Any) -> tuple[str, ...]:
    names, size = create_string_buffer(_NAMES_MOST), _WORD(_NAMES_MOST)
    code = _library().list_readers(context, None, names, byref(size)) & 0xFFFFFFFF
    if code != _NO_READERS:
        _check(code, "reader_none")
    found = tuple(name for name in names.raw[: size.value].decode("utf-8", "replace").split("\0") if name)
    if code == _NO_READERS or not found:
        raise ReaderAbsent("reader_none")
    return found


def _check(code: int, otherwise: str) -> None:
    number = code & 0xFFFFFFFF
    if not number:
        return
    raise ReaderAbsent("reader_service" if number in _NO_SERVICE else otherwise, f"{number:08X}")


def _gone(code: int) -> None:
    if number := code & 0xFFFFFFFF:
        raise CardFault("card_gone", "reader", {"status": f"{number:08X}"})


# What each takes (PC/SC part 5, 3.2); all give back a number, zero where all went well.
_FUNCTIONS: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    "establish": ("SCardEstablishContext", (_WORD, c_void_p, c_void_p, POINTER(_HANDLE))),
    "release": ("SCardReleaseContext", (_HANDLE,)),
    "list_readers": ("SCardListReaders", (_HANDLE, c_char_p, c_char_p, POINTER(_WORD))),
    "connect": ("SCardConnect", (_HANDLE, c_char_p, _WORD, _WORD, POINTER(_HANDLE), POINTER(_WORD))),
    "reconnect": ("SCardReconnect", (_HANDLE, _WORD, _WORD, _WORD, POINTER(_WORD))),
    "disconnect": ("SCardDisconnect", (_HANDLE, _WORD)),
    "transmit": (
        "SCardTransmit",
        (_HANDLE, POINTER(_Protocol), c_char_p, _WORD, c_void_p, c_char_p, POINTER(_WORD)),
    ),
}
# Windows has them for each of its two kinds of text.
_OF_TEXT: Final = frozenset({"list_readers", "connect"})


@cache
def _library() -> SimpleNamespace:
    try:
        library = ctypes.CDLL(_LIBRARY.get(sys.platform, "libpcsclite.so.1"))
    except OSError as missing:
        raise ReaderAbsent("reader_library", str(missing)) from None
    functions = {}
    for short, (name, takes) in _FUNCTIONS.items():
        function = getattr(library, f"{name}A" if sys.platform == "win32" and short in _OF_TEXT else name)
        function.argtypes, function.restype = takes, c_int32
        functions[short] = function
    return SimpleNamespace(**functions)
