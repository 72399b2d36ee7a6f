"""What every test may ask for: a throw-away node, the shared real data, a browser, a check of accessibility."""

import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest

from tests import databases
from tests.machine import BROWSER, missing
from tests.machine import browser as browser_program
from tests.node import throwaway

ROOT = Path(__file__).resolve().parent.parent
_NODE = throwaway()  # before Django reads its settings
# The processes that a test starts run this tree's code, whatever is installed.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))

from django.conf import settings  # noqa: E402

django.setup()  # now, so that the conftest of a room may import models
settings.PASSWORD_HASHERS = ["tests.passwords.Quick"]

# The same examples in every CI run: a failure there is one that can be run again here.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("dev", deadline=None, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")

DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "node_database"}
DATABASE_MARKS = ("django_db", "journey", "fault")
LONG = {"test_bad_input.py", "test_targets.py"}
"""Files that take most of a minute."""
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WCAG_A_AND_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    # A worker process that inherited this would load the settings of the first process's node before its own is made.
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="only the tests that touch a database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # What takes minutes begins first, so that no worker waits for another at the end.
    items.sort(key=_when)
    if not config.getoption("--database-only"):
        return
    chosen = [item for item in items if _touches_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _when(item: pytest.Item) -> int:
    if any(item.get_closest_marker(mark) for mark in ("journey", "fault")):
        return 0
    return 1 if item.get_closest_marker("browser") or item.path.name in LONG else 2


def _touches_database(item: pytest.Item) -> bool:
    marked = any(item.get_closest_marker(mark) for mark in DATABASE_MARKS)
    return marked or not DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_report_header() -> list[str]:
    database = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    profile = hypothesis.settings.get_current_profile_name()
    return [f"database: {database}, hypothesis profile: {profile}, python: {sys.version.split()[0]}"]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real documents and lists that stands beside the repository; never committed."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/data beside the repository")
    return folder


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """PostgreSQL drops no database that a thread of a test, a live server's say, still holds a connection to."""
    yield
    from django.db import connection

    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def node_database() -> Iterator[Callable[..., str]]:
    """Make an empty database for one more node on the engine under test: its `JIWAR_DATABASE_URL`, '' for SQLite."""
    server = databases.server()
    if not server:
        yield lambda: ""
        return
    import psycopg

    made: list[str] = []

    def make(template: str = "template1") -> str:
        name = f"node_{uuid.uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        made.append(name)
        return f"{server.rpartition('/')[0]}/{name}"

    yield make
    with psycopg.connect(server, autocommit=True) as connection:
        for name in made:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | str]:
    """A new database that the program's own migrations have made: a file, or the name of one of PostgreSQL."""
    own = tmp_path_factory.getbasetemp()
    with databases.template(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) as made:
        yield made


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, template: Path | str) -> None:
    """The tests' own database is a copy of it."""
    databases.begin("default", template)


@pytest.fixture
def migrated(node_database: Callable[..., str], template: Path | str) -> Callable[[Path], str]:
    """`migrated(folder)`: like `node_database`, but migrated, for a node that is to be made in this folder.

    Migrations take most of the time that `jiwar prepare` needs for a new node; it makes its keys itself.
    """

    def make(folder: Path) -> str:
        folder.mkdir(parents=True, mode=0o700)
        if isinstance(template, str):
            return node_database(template)
        shutil.copy(template, folder / "node.sqlite3")
        return ""

    return make


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser of Debian's, on a machine that has what Playwright needs."""
    if lacking := set(missing()).intersection(BROWSER):
        pytest.skip(f"no {', '.join(lacking)} on this machine (`make test` installs it where it is root on Debian)")
    return str(browser_program())


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """A running browser (playwright.sync_api.Browser) for the session; each `browser.new_context()` is a person."""
    from playwright.sync_api import sync_playwright

    # Playwright's sync API keeps an event loop on this thread, by which Django takes the test for asynchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh page (playwright.sync_api.Page) in a context of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    """`axe(page)`: the page's violations of WCAG 2.2 level A and AA by axe-core, one line each; [] is a pass.

    `axe(page, rules)`: of these rules alone, where only they can have another answer than before.
    """
    from axe_playwright_python.base import AXE_SCRIPT

    def violations(page: Any, rules: tuple[str, ...] = ()) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        looked_for = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG_A_AND_AA}
        options = {"runOnly": looked_for, "resultTypes": ["violations"]}
        # All that passed stays in the browser: to bring it here takes as long as to look for it.
        found = page.evaluate("async (options) => (await axe.run(options)).violations", options)
        return [
            f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:200]}"
            for rule in found
            for node in rule["nodes"]
        ]

    return violations
