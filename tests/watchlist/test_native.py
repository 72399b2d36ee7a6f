"""`POST /screen` and `POST /screen/batch` at a real front: a granian process, real sockets, and whoever asks badly."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from jiwar.access.bearer import BAD_TOKENS
from jiwar.watchlist import native
from tests.node import NODE_TOML
from tests.watchlist.conftest import SAMPLE

QUESTION = {"names": ["Youssef El Megaryef"], "birth_date": "1984-06-17", "case": "LBY/2026/7"}
PREPARE = f"""
import sys, django; django.setup()
from jiwar.access.permissions import OF_TOKENS, Permission as P, Purpose
from jiwar.access.policy import Actor, allow
from jiwar.access.services import make_token
from jiwar.identity.models import Agency
from jiwar.identity.services import make_own_keys
from jiwar.watchlist.lists import import_un_list
make_own_keys()
someone = Actor("5f6b2ad0-0f2b-4a1a-9df0-3a8a1f1f1c11", "console", frozenset(P))
with open({str(SAMPLE)!r}, "rb") as file:
    import_un_list(allow(someone, P.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS), file, "sample")
agency, by = Agency.objects.create(code="ncb", name="NCB"), allow(someone, P.ACCESS_TOKEN_MANAGE)
for given in ([P.WATCHLIST_PERSON_SCREEN], set(OF_TOKENS) - {{P.WATCHLIST_PERSON_SCREEN}}):
    print(make_token(by, agency, "program", given, Purpose.BORDER_CHECK)[1])
"""
READ_LEDGER = """
import django; django.setup()
from jiwar.audit.models import Leaf
print("[" + ",".join(Leaf.objects.order_by("index").values_list("content", flat=True)) + "]")
"""


class Front:
    """A running console: its address, two tokens, and its ledger read by another process."""

    def __init__(self, folder: Path, database: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        told = f'{NODE_TOML}console_url = "{self.url}"\nrequire_second_factor = false\n'
        (folder / "node.toml").write_text(told, encoding="utf-8")
        self._environment = os.environ | {
            "JIWAR_DATA": str(folder),
            "JIWAR_DATABASE_URL": database,
            "DJANGO_SETTINGS_MODULE": "jiwar.settings",
        }
        self.others: list[subprocess.Popen[str]] = []
        self.good, self.other = self._python(PREPARE).split()
        arguments = ["-m", "granian", "jiwar.asgi:console", "--interface", "asgi", "--no-ws", "--host", "127.0.0.1"]
        self.process = subprocess.Popen(
            [sys.executable, *arguments, "--port", str(self.port), "--workers", "1", "--log-level", "warning"],
            env=self._environment,
        )
        for _ in range(300):
            try:
                httpx.get(f"{self.url}/health", timeout=1)
                break
            except httpx.TransportError:
                assert self.process.poll() is None, "the front ended"
                time.sleep(0.1)

    def _python(self, program: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program], env=self._environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def other_process(self) -> Callable[[str], str]:
        """What one more process of this node answers to each act that it is told; it ends with its input."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.watchlist.other_process"],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.others.append(process)
        assert process.stdin
        assert process.stdout
        told, said = process.stdin, process.stdout

        def tell(act: str) -> str:
            print(act, file=told, flush=True)
            return said.readline().strip()

        return tell

    def ledger(self, act: str) -> list[dict[str, Any]]:
        return [leaf for leaf in json.loads(self._python(READ_LEDGER)) if leaf["act"] == act]

    def client(self, secret: str = "", language: str = "en") -> httpx.Client:
        headers = {"Authorization": f"Bearer {secret or self.good}", "Accept-Language": language}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)

    def raw(self, *pieces: bytes, wait: float = 0) -> bytes:
        """What comes back for bytes that are sent as they are."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            for piece in pieces:
                line.sendall(piece)
                time.sleep(wait)
            return line.recv(65_536)


@pytest.fixture
def front(tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[Front]:
    folder = tmp_path / "node"
    running = Front(folder, migrated(folder))
    yield running
    for other in running.others:
        other.communicate(timeout=20)
    running.process.terminate()
    try:
        running.process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()


def codes(answer: httpx.Response) -> tuple[int, set[tuple[str, str]]]:
    return answer.status_code, {(fault["field"], fault["code"]) for fault in answer.json()["faults"]}


def unspecific(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what differs between two answers to one question, and to the second."""
    same = {name: value for name, value in answer.items() if name not in {"id", "at", "took_ms"}}
    return same | {"list_age": answer["list_age"][:19]}


BAD: list[tuple[str, dict[str, Any], int, set[tuple[str, str]]]] = [
    ("/screen", {"content": b""}, 400, {("", "syntax")}),
    ("/screen", {"content": b'{"names":["a"],"names":["b"]}'}, 400, {("", "duplicate_name")}),
    ("/screen", {"content": b"\xff\xfe{}"}, 400, {("", "not_utf8")}),
    ("/screen", {"content": b'{"names":["\\u0000"]}'}, 400, {("", "nul")}),
    ("/screen", {"content": b"[" * 30_000}, 400, {("", "too_deep")}),
    ("/screen", {"content": b'{"names":[NaN]}'}, 400, {("", "not_a_number")}),
    ("/screen", {"content": b'{"a":' + b"9" * 5_000 + b"}"}, 400, {("", "integer_too_long")}),
    ("/screen", {"content": b" " * (native.MOST_BYTES["/screen"] + 1)}, 413, {("", "too_large")}),
    ("/screen/batch", {"content": b" " * (native.MOST_BYTES["/screen/batch"] + 1)}, 413, {("", "too_large")}),
    ("/screen", {"json": []}, 422, {("", "wrong_form")}),
    ("/screen", {"json": "Youssef"}, 422, {("", "wrong_form")}),
    ("/screen", {"json": {}}, 422, {("", "query_empty"), ("case", "case_missing")}),
    ("/screen", {"json": QUESTION | {"names": "Youssef"}}, 422, {("names", "wrong_form")}),
    ("/screen", {"json": QUESTION | {"names": [{"text": "Youssef"}]}}, 422, {("names.0", "wrong_form")}),
    ("/screen", {"json": QUESTION | {"names": ["*"]}}, 422, {("names.0", "wildcard")}),
    ("/screen", {"json": QUESTION | {"names": ["Youssef"] * 6}}, 422, {("names", "too_many")}),
    ("/screen", {"json": QUESTION | {"birth_date": "1984-13-01"}}, 422, {("birth_date", "wrong_form")}),
    ("/screen", {"json": QUESTION | {"birth_date": None}}, 422, {("reason", "reason_missing")}),
    ("/screen", {"json": QUESTION | {"case": ""}}, 422, {("case", "case_missing")}),
    ("/screen", {"json": QUESTION | {"case": "a\u0007b"}}, 422, {("case", "control_character")}),
    ("/screen", {"json": QUESTION | {"purpose": "sanctions"}}, 422, {("purpose", "unknown_field")}),
    ("/screen/batch", {"json": QUESTION}, 422, {(name, "unknown_field") for name in QUESTION}),
    ("/screen/batch", {"json": {"questions": []}}, 422, {("questions", "missing")}),
    ("/screen/batch", {"json": {"questions": {"0": QUESTION}}}, 422, {("questions", "wrong_form")}),
    ("/screen/batch", {"json": {"questions": [1] * 501}}, 422, {("questions", "too_many")}),
]  # fmt: skip


@pytest.mark.journey
@pytest.mark.timeout(300)
def test_programs_are_answered_as_at_the_api_and_refused_in_their_language(front: Front) -> None:
    """One front for all of it: first a body that drips, which is waited for while the others ask."""
    body = json.dumps(QUESTION).encode()
    head = b"POST /screen HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += b"Authorization: Bearer %s\r\n" % front.good.encode()
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    with ThreadPoolExecutor(9) as pool, front.client() as client:
        dripping = pool.submit(front.raw, head + b"Content-Length: 500\r\n\r\n" + body[:20])
        answered_as_at_the_api(client)
        for address, told, status, faults in BAD:
            headers = {"Content-Type": "application/json"} if "content" in told else {}
            assert codes(client.post(address, headers=headers, **told)) == (status, faults), (address, told)
        for kind in ("", "text/plain", "application/x-www-form-urlencoded"):
            refused = client.post("/screen", content=body, headers={"Content-Type": kind})
            assert codes(refused) == (415, {("", "not_json")})
        for method in ("GET", "PUT", "DELETE"):
            refused = client.request(method, "/screen", params={"names": "Youssef"})
            assert (codes(refused), refused.headers["allow"]) == ((405, {("", "method_not_allowed")}), "POST")
        wildcard = QUESTION | {"names": ["*"]}
        said = {
            client.post("/screen", json=wildcard, headers={"Accept-Language": language}).json()["faults"][0]["message"]
            for language in ("ar", "fr-DZ, en;q=0.5", "en", "de")
        }
        assert len(said) == 3

        # A length that is a lie, a body in chunks past the limit, one in two pieces, and one whose sender goes away.
        assert b" 413 " in front.raw(head + b"Content-Length: 99999999999\r\n\r\n")
        chunk = b"%x\r\n%s\r\n" % (40_000, b" " * 40_000)
        assert b" 413 " in front.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 2)
        assert b" 200 " in front.raw(head + length + body[:9], body[9:], wait=0.05)
        with socket.create_connection(("127.0.0.1", front.port)) as gone:
            gone.sendall(head + length + body[:9])

        asked = [client.build_request("POST", "/screen", json=QUESTION | {"case": f"C/{n}"}) for n in range(40)]
        answers = list(pool.map(client.send, asked))
        assert {answer.status_code for answer in answers} == {200}

        with front.client(front.other) as other:
            for address, asked_in in (("/screen", QUESTION), ("/screen/batch", {"questions": [QUESTION]})):
                assert codes(other.post(address, json=asked_in)) == (403, {("", "permission_missing")})
        with httpx.Client(base_url=front.url, timeout=20) as nobody:
            for header in ("", "Bearer", "Bearer jiwar_no-such-token", "Basic YTpi"):
                refused = nobody.post("/screen", json=QUESTION, headers={"Authorization": header})
                assert (codes(refused), refused.headers["www-authenticate"]) == (
                    (401, {("", "not_signed_in")}),
                    "Bearer",
                )
            kind = {"Content-Type": "application/json"}
            tries = [nobody.post("/screen/batch", content=b"", headers=kind) for _ in range(20)]
            assert codes(tries[-1]) == (429, {("", "too_many_bad_tokens")})
            assert tries[-1].headers["retry-after"] == "60"
        late = dripping.result()
        assert b" 408 " in late
        assert b"too_slow" in late
        assert client.post("/screen", json=QUESTION).status_code == 200

    searched = front.ledger("person_screened")
    held = {leaf["subject"]: leaf["case"] for leaf in searched}
    assert {answer.json()["id"]: f"C/{n}" for n, answer in enumerate(answers)}.items() <= held.items()
    assert len(searched) == len(held) == 4 + 1 + 40 + 1
    assert {leaf["detail"]["channel"] for leaf in searched} == {"api"}
    refusals = [leaf["detail"]["code"] for leaf in front.ledger("access_refused")]
    assert refusals == ["permission_missing"] * 2 + ["not_signed_in"] * BAD_TOKENS

    what_another_process_changes_counts_for_the_next_question(front)


def what_another_process_changes_counts_for_the_next_question(front: Front) -> None:
    other = front.other_process()
    with front.client() as client:

        def after(act: str, **changed: Any) -> list[tuple[str, int]]:
            """Whom the next question finds, and how many more records on the same."""
            assert other(act) == "done"
            answer = client.post("/screen", json=QUESTION | changed).json()
            return [(c["issuing_state"], len(c["others"])) for c in answer["candidates"]]

        assert sorted(after("alert")) == [("LBY", 0), ("NER", 0)]
        assert after("merge") == [("NER", 1)]
        assert after("withdraw") == [("LBY", 0)]
        name_alone = {"birth_date": None, "reason": "asked by the test in writing"}
        assert len(client.post("/screen", json=QUESTION | name_alone).json()["candidates"]) == 1
        assert after("policy", **name_alone) == []
        assert other("revoke") == "done"
        # As a token that never was, of which this address has tried too many in this minute.
        refused = [client.post("/screen", json=QUESTION), client.post("/screen/batch", json={"questions": [QUESTION]})]
        assert {answer.status_code for answer in refused} <= {401, 429}


def answered_as_at_the_api(client: httpx.Client) -> None:
    answer = client.post("/screen", json=QUESTION)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert [c["source_reference"] for c in answer.json()["candidates"]] == ["JWi.001"]
    same = client.post("/api/v1/screenings", json=QUESTION).json()
    assert unspecific(answer.json()) == unspecific(same)
    batch = [QUESTION, {"names": ["*"]}, 7, {"names": ["Nobody Ofthisname"], "birth_date": "1970", "case": "1"}]
    answers = client.post("/screen/batch", json={"questions": batch}).json()["answers"]
    assert [one["index"] for one in answers] == [0, 1, 2, 3]
    assert unspecific(answers[0]["screening"]) == unspecific(same)
    assert {fault["code"] for fault in answers[1]["faults"]} == {"wildcard", "case_missing"}
    assert [fault["code"] for fault in answers[2]["faults"]] == ["wrong_form"]
    assert answers[3]["screening"]["candidates"] == []
