"""A virtual chip laid on a virtual reader of the system's own PC/SC service (pcscd with vsmartcard's vpcd)."""

import fcntl
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which

import pytest

from jiwar.documents.logic.apdu import CardFault
from tests.documents.virtual_card import VirtualCard

DRIVERS = ("/usr/lib/pcsc/drivers/serial/libifdvpcd.so", "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so")
SERVICE = Path("/run/pcscd/pcscd.comm")
# ISO 14443-4 type A as PC/SC part 3 writes it: no historical bytes, T=1.
ATR = bytes.fromhex("3B80800101")
_OFF, _ON, _RESET, _ATR = 0, 1, 2, 4


def missing() -> str:
    """What this machine lacks for it; "" where nothing."""
    if not which("pcscd"):
        return "no pcscd"
    return "" if any(Path(driver).exists() for driver in DRIVERS) else "no vsmartcard-vpcd"


@contextmanager
def service(folder: Path) -> Iterator[int]:
    """pcscd with one virtual reader, and the port where a chip is laid on it. One at a time: a machine has one."""
    with (Path(tempfile.gettempdir()) / "jiwar-pcscd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if SERVICE.exists():
            pytest.skip("a PC/SC service runs already")
        with _running(folder) as port:
            yield port


@contextmanager
def _running(folder: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    driver = next(driver for driver in DRIVERS if Path(driver).exists())
    reader = f'FRIENDLYNAME "Jiwar test"\nDEVICENAME /dev/null:{port:#x}\nLIBPATH {driver}\nCHANNELID {port:#x}\n'
    (folder / "reader.conf").write_text(reader)
    with subprocess.Popen(
        ["pcscd", "--foreground", "--config", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            _wait_for(lambda: SERVICE.exists() and _answers(port))
            yield port
        finally:
            running.terminate()


def _wait_for(ready: object) -> None:
    until = time.monotonic() + 20
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < until, "the PC/SC service does not start"
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextmanager
def laid(card: VirtualCard, port: int) -> Iterator[None]:
    """The chip on the reader, as vpcd's protocol has it: each message behind its length in two bytes."""
    link = socket.create_connection(("127.0.0.1", port), 5)
    link.settimeout(None)
    thread = threading.Thread(target=_answer, args=(card, link), daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)
        link.close()
        thread.join(5)


def _answer(card: VirtualCard, link: socket.socket) -> None:
    with suppress(OSError, EOFError):
        while True:
            message = _exactly(link, int.from_bytes(_exactly(link, 2), "big"))
            if len(message) == 1 and message[0] in (_OFF, _ON, _RESET):
                card.reset()
            elif message == bytes((_ATR,)):
                link.sendall(len(ATR).to_bytes(2, "big") + ATR)
            else:
                try:
                    answer = card.transmit(message)
                except CardFault:
                    return  # it leaves the field
                link.sendall(len(answer).to_bytes(2, "big") + answer)


def _exactly(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        # vpcd writes length and message apart, and waits with the second for the first to be acknowledged.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = link.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data
