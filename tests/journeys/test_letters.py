"""A letter with a file of fifty megabytes over a link that is cut in the middle, and its answer."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from jiwar.exchange.logic.chunks import LARGEST
from tests.journeys.conftest import Nodes

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(500)]


class Road:
    """A way to a listener that counts what passes, and that can be cut: then it drops what it has and takes nobody."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.passed = 0
        self.most: int | None = None
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    @property
    def cut(self) -> bool:
        return self.most is not None and self.passed >= self.most

    def close(self) -> None:
        self._listener.close()
        self._drop()

    def _take(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.cut:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:  # its node has stopped
                client.close()
                continue
            self._open |= {client, server}
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError), closing(one), closing(other):
            while data := one.recv(1 << 16):
                self.passed += len(data)
                if self.cut:
                    self._drop()
                    return
                other.sendall(data)

    def _drop(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._open.clear()


ASK = """
import hashlib, io, json, sys
from jiwar.access.permissions import Permission as P, Purpose
from jiwar.access.policy import allow
from jiwar.access.services import actor_of_person
from jiwar.exchange import attachments
from jiwar.identity.queries import person
from jiwar.records.models import Draft, Record
from jiwar.requests import services
from jiwar.requests.models import Addressee, Letter
def by(who, permission):
    return allow(actor_of_person(person(who), "cli"), permission, Purpose.CRIMINAL_INVESTIGATION)
"""
MOVE = """
from jiwar.identity.models import Node
Node.objects.filter(code={code!r}).update(exchange_url="https://127.0.0.1:{port}")
"""
SEND = """
class Film(io.RawIOBase):
    left = {size}
    def read(self, size=-1):
        given = min(size, self.left)
        self.left -= given
        return hashlib.shake_128(self.left.to_bytes(8, "big")).digest(given)
write = by("amal", P.REQUESTS_LETTER_WRITE)
content = services.blank_letter("criminal_investigation") | {{"legal_basis": "Accord, art. 6"}}
content["body"] = {{
    "flow": "13", "to": ["NER"], "subject": "قافلة", "text": "Whose are the lorries in the film?", "urgency": "urgent",
}}
draft = services.draft_letter(write, content)
services.attach(write, draft.pk, attachments.store("film.mp4", "", Film()))
record = services.send_letter(write, draft.pk)
whole = hashlib.sha256()
for piece in attachments.open_plain(services.files_of(draft.__class__.objects.get(pk=draft.pk).content)[0]):
    whole.update(piece)
print(record.uid, whole.hexdigest())
"""
HELD = """
letter = Letter.objects.filter(uid={uid!r}).first()
print(json.dumps([attachments.held(services.body_of(letter).attachments[0]) if letter else -1]))
"""
READ = """
letter = services.open_letter(by("moussa", P.REQUESTS_LETTER_READ), {uid!r})
_, pieces = services.open_file(by("moussa", P.REQUESTS_LETTER_READ), letter.uid, 0)
whole = hashlib.sha256()
for piece in pieces:
    whole.update(piece)
write = by("moussa", P.REQUESTS_LETTER_WRITE)
draft = services.begin_answer(write, letter.uid)
body = draft.content["body"] | {{"answer": "information", "text": "They belong to nobody that we know."}}
draft = services.draft_letter(write, draft.content | {{"body": body}}, draft.pk)
services.send_letter(write, draft.pk)
print(whole.hexdigest())
"""
FAR = """
row = Addressee.objects.filter(letter__uid={uid!r}).get()
print(json.dumps([name for name in ("received", "read", "answered") if getattr(row, name + "_at")] + [row.answer]))
"""


def until(holds: Callable[[], Any], what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


@pytest.fixture
def roads(nodes: Nodes) -> Iterator[list[Road]]:
    """The two ways between Libya and Niger; each node takes the other's address to be that of its road."""
    made = []
    for here, there in (("LBY", "NER"), ("NER", "LBY")):
        road = Road(int(nodes[there].settings.exchange_url.rpartition(":")[2]))
        made.append(road)
        nodes.python(here, MOVE.format(code=there, port=road.port))
    yield made
    for road in made:
        road.close()


def test_a_large_file_comes_whole_over_a_link_that_was_cut_and_the_answer_goes_back(
    nodes: Nodes, roads: list[Road]
) -> None:
    def ask(code: str, program: str, **values: object) -> str:
        return nodes.python(code, ASK + program.format(**values))

    for road in roads:
        road.most = road.passed + (LARGEST // 3)
    uid, digest = ask("LBY", SEND, size=LARGEST).split()
    until(lambda: any(road.cut for road in roads), "the link was not cut")
    for road in roads:
        road.most = 0
    [first] = json.loads(ask("NER", HELD, uid=uid))
    assert 0 < first < 200
    for road in roads:
        road.most = None
    seen = [first]
    until(lambda: seen.append(*json.loads(ask("NER", HELD, uid=uid))) or seen[-1] == 200, "the file did not come")
    # It went on from where it was cut.
    assert seen == sorted(seen)
    assert ask("NER", READ, uid=uid) == digest
    until(lambda: json.loads(ask("LBY", FAR, uid=uid))[-1] == "information", "the answer did not come")
    assert json.loads(ask("LBY", FAR, uid=uid)) == ["received", "read", "answered", "information"]
    # Tunisia was not addressed: it holds neither the letter nor a byte of the file.
    assert not nodes.holds("TUN", uid)
    assert list((nodes["TUN"].folder / "attachments").glob("*")) == []
