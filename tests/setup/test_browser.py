"""The browser and the accessibility check that the tests of pages stand on."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

pytestmark = pytest.mark.browser

GOOD = "<!doctype html><html lang=en><title>t</title><main><h1>Alerts</h1><label>Name <input></label></main></html>"
BAD = "<!doctype html><html><title>t</title><main><h1>Alerts</h1><input><p style='color:#ddd'>faint</p></main></html>"


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'")
        self.end_headers()
        self.wfile.write((BAD if "bad" in self.path else GOOD).encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_page_without_fault_has_no_violation(page: Any, axe: Callable[[Any], list[str]], site: str) -> None:
    page.goto(f"{site}/good")
    assert page.title() == "t"
    assert axe(page) == []


def test_violations_are_named_even_under_a_strict_content_policy(
    page: Any, axe: Callable[[Any], list[str]], site: str
) -> None:
    page.goto(f"{site}/bad")
    assert {line.split(" ", 1)[0] for line in axe(page)} == {"color-contrast", "html-has-lang", "label"}
