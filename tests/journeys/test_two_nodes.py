"""Two real nodes: cards by the command line, records over TLS, receipts; silence, another certificate."""

import datetime as dt
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from jiwar.identity.keys import make_tls
from tests.pair import Machine, Pair, expected, two_nodes

pytestmark = [pytest.mark.journey, pytest.mark.two_engines, pytest.mark.timeout(300)]


@pytest.fixture
def pair(tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[Pair]:
    with two_nodes(tmp_path, migrated) as nodes:
        yield nodes


@contextmanager
def impostor(machine: Machine, folder: Path) -> Iterator[list[bytes]]:
    """Whoever answers TLS at a node's address with keys of its own; what it is told there."""
    own, told = folder / "impostor", list[bytes]()
    own.mkdir()
    make_tls(own, machine.settings.code, machine.settings.exchange_url, dt.datetime.now(dt.UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own / "tls.crt", own / "tls.key")
    url = urlsplit(machine.settings.exchange_url)
    with socket.create_server((url.hostname or "", url.port or 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # closed: the test is over
                with connection:
                    connection.settimeout(10)
                    try:
                        with context.wrap_socket(connection, server_side=True) as line:
                            told.append(line.recv(1))
                    except OSError:
                        continue  # it hung up during the handshake, as it should

        thread = Thread(target=answer)
        thread.start()
        yield told
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_records_pass_wait_for_who_is_silent_and_go_to_nobody_else(pair: Pair, tmp_path: Path) -> None:
    pair.issue(1, 1)
    pair.acknowledged(1)
    assert pair.taken() == expected(1)

    pair["NER"].stop()
    pair.issue(2, 3)
    waiting = "Outgoing.objects.exclude(state='acknowledged').count() == 3"
    pair.wait("LBY", f"{waiting} and links()[0].failure == 'unreachable'")
    pair["NER"].start()
    pair.acknowledged(4)
    assert pair.taken() == expected(4)

    # Somebody else answers at Niger's address, with a certificate as good as any: Libya says nothing there.
    pair["NER"].stop()
    pair.issue(5, 1)
    with impostor(pair["NER"], tmp_path) as told:
        pair.wait("LBY", "links()[0].failure == 'wrong_certificate'")
    assert told == []

    # Niger has a new certificate of its own: it says so itself, over keys that Libya knows.
    pair["NER"].python(
        "from django.conf import settings; from django.utils import timezone\n"
        "from jiwar.identity.keys import make_tls\n"
        "make_tls(settings.KEYS, 'NER', settings.NODE.exchange_url, timezone.now())"
    )
    pair["NER"].start()
    pair.acknowledged(5)
    assert pair.taken() == expected(5)
    pair.verified()
