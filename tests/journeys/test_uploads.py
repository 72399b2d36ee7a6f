"""A file of fifty megabytes through a real console: sealed as it comes, cut, too large, and given back."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from jiwar.exchange.logic.chunks import LARGEST
from jiwar.identity.node import NodeSettings
from jiwar.operation.demo import wait_for
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import Node
from tests.journeys.conftest import Nodes, free_ports

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]
FOR = "purpose=criminal_investigation"
MOST_GROWTH = 40_000
"""Kilobytes that the console may grow by while it takes or gives fifty megabytes."""

SEED = """
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import allow
from jiwar.access.services import actor_of_person
from jiwar.identity.queries import agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person
from jiwar.requests import services
amal = add_person("amal", "Amal", "a long test secret", agency=agency("ncb", "NCB"), roles=[Role.CONTACT_OFFICER])
by = allow(actor_of_person(amal), Permission.REQUESTS_LETTER_WRITE, Purpose.CRIMINAL_INVESTIGATION)
draft = services.draft_letter(by, services.blank_letter("criminal_investigation"))
client = Client()
client.force_login(amal, backend="django.contrib.auth.backends.ModelBackend")
print(draft.pk, settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value)
"""


class Desk:
    """Amal's browser at the page of her draft's files."""

    def __init__(self, node: Node, draft: str, cookie: dict[str, str]) -> None:
        self.node, self.folder = node, node.folder / "attachments"
        self.http = httpx.Client(base_url=node.settings.console_url, cookies=cookie, timeout=120, trust_env=False)
        self.page = f"/letters/drafts/{draft}/files/?{FOR}"

    def token(self) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.http.get(self.page).text)
        assert found is not None
        return found[1]

    def form(self, size: int, token: str) -> tuple[bytes, bytes, int]:
        """What stands before and after a file of so many bytes, and the length of all."""
        head = (
            f'--b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
            '--b\r\nContent-Disposition: form-data; name="file"; filename="film.mp4"\r\n'
            "Content-Type: video/mp4\r\n\r\n"
        ).encode()
        tail = b'\r\n--b\r\nContent-Disposition: form-data; name="whole"\r\n\r\nyes\r\n--b--\r\n'
        return head, tail, len(head) + size + len(tail)

    def upload(self, size: int) -> httpx.Response:
        head, tail, length = self.form(size, self.token())

        def body() -> Iterator[bytes]:
            yield head
            for _ in range(size >> 20):
                yield bytes(1 << 20)
            yield bytes(size % (1 << 20))
            yield tail

        headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(length)}
        return self.http.post(self.page, content=body(), headers=headers)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*"))

    def until(self, holds: Callable[[], bool], seconds: float = 60) -> None:
        """Wait: the console needs a moment to see what came, and that nobody is there any longer."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.files()
            time.sleep(0.05)

    def peak(self) -> int:
        """Most memory that a process of the console has had, in kilobytes."""
        group = self.node.pids["console"]
        peaks = []
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text, stat = status.read_text(), (status.parent / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(stat.rpartition(")")[2].split()[2]) == group:
                peaks += [int(found[1]) for found in re.finditer(r"VmHWM:\s+([0-9]+) kB", text)]
        return max(peaks)


@pytest.fixture
def desk(tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[Desk]:
    port = free_ports(2)
    settings = NodeSettings(
        code="LBY",
        role="national",
        name="LBY",
        console_url=f"http://localhost:{port}",
        exchange_url=f"https://127.0.0.1:{port + 1}",
        require_second_factor=False,
        database_url=migrated(tmp_path / "LBY"),
    )
    write_settings(tmp_path / "LBY", settings)
    node = Node(tmp_path / "LBY", settings)
    node.prepare()
    nodes = Nodes(LBY=node)
    try:
        node.start()
        wait_for([node])
        draft, name, session = nodes.python("LBY", SEED).split()
        desk = Desk(node, draft, {name: session})
        with desk.http:
            yield desk
    finally:
        nodes.close()


def test_fifty_megabytes_go_in_and_out_and_are_never_in_memory(desk: Desk) -> None:
    assert desk.upload(1000).status_code == 302
    before = desk.peak()
    assert desk.upload(LARGEST).status_code == 302
    assert len(desk.files()) == 2
    with desk.http.stream("GET", desk.page.replace("/files/?", "/files/1/?")) as answer:
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(LARGEST))
        assert sum(len(piece) for piece in answer.iter_raw()) == LARGEST
    refused = desk.upload(LARGEST + 1000)
    assert (refused.status_code, "larger than 50" in refused.text.replace("\xa0", " ")) == (422, True)
    unread = desk.upload(LARGEST + (20 << 20))
    assert (unread.status_code, "takes at most 53 MB" in unread.text.replace("\xa0", " ")) == (413, True)
    assert len(desk.files()) == 2
    assert desk.peak() - before < MOST_GROWTH


def test_a_cut_upload_leaves_nothing_in_the_letter(desk: Desk) -> None:
    head, _, length = desk.form(8 << 20, desk.token())
    cookies = "; ".join({f"{cookie.name}={cookie.value}" for cookie in desk.http.cookies.jar})
    request = (
        f"POST {desk.page} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
    ).encode()
    port = int(desk.node.settings.console_url.rpartition(":")[2])
    with socket.create_connection(("localhost", port)) as connection:
        connection.sendall(request + head + bytes(3 << 20))
        desk.until(lambda: [name for name in desk.files() if name.endswith(".new")] != [])
    desk.until(lambda: desk.files() == [])
    answer = desk.http.get(desk.page)
    assert (answer.status_code, "film.mp4" in answer.text) == (200, False)
    assert desk.upload(1000).status_code == 302
