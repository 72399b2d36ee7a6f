"""A real PostgreSQL server for the tests, started from the machine's own programs in a folder that is thrown away."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60


class PostgresUnavailable(Exception):
    """PostgreSQL is not installed, or may not run here; the text says which."""


def programs() -> Path:
    """The folder of `initdb` and `postgres`: Debian's newest version, else the one on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    if found is None:
        raise PostgresUnavailable("PostgreSQL is not installed (no initdb)")
    return Path(found).resolve().parent


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Start a server on a free loopback port and yield its URL; its data is gone afterwards.

    `durable`: it answers when the disk has it, as a node's must; tests can do without.
    Yields: `postgresql://jiwar:jiwar@127.0.0.1:PORT/jiwar`, a superuser's, on an empty database.
    """
    binaries = programs()
    user = _unprivileged_user()
    with tempfile.TemporaryDirectory(prefix="jiwar-postgres-", ignore_cleanup_errors=True) as folder:
        if user is not None:
            shutil.chown(folder, user)
        data, log = Path(folder, "data"), Path(folder, "log")
        password = Path(folder, "password")
        password.write_text("jiwar\n", encoding="utf-8")
        password.chmod(0o644)
        identity = ["-U", "jiwar", f"--pwfile={password}", "--auth=scram-sha-256"]
        _run([binaries / "initdb", "-D", data, *identity, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"], user)
        port = _free_port()
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "100"}
        if not durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-p", str(port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=user,
                cwd=folder,
            )
        try:
            _wait_until_ready(process, binaries, port, log)
            env = {"PGPASSWORD": "jiwar"}
            _run([binaries / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "jiwar", "jiwar"], user, env)
            yield f"postgresql://jiwar:jiwar@127.0.0.1:{port}/jiwar"
        finally:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: it does not wait for clients
            process.wait()


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: the user it runs as, or None for the present one."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise PostgresUnavailable("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _run(command: list, user: str | None, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        user=user,
        cwd="/",
        env=os.environ | (env or {}),
        timeout=START_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise PostgresUnavailable(f"{command[0]} failed: {done.stderr.strip()}")


def _wait_until_ready(process: subprocess.Popen, binaries: Path, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-d", "postgres"]
    while subprocess.run(ready, stdin=subprocess.DEVNULL, check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise PostgresUnavailable(f"PostgreSQL did not start: {log.read_text(errors='replace').strip()}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
