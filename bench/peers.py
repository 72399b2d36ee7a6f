"""Environments of their own for the programs that a benchmark compares Jiwar with."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ENVIRONMENTS = Path(__file__).resolve().parent / ".envs"
INSTALL_SECONDS = 600


class PeerUnavailable(Exception):
    """The peer cannot be installed or run here; the text says why. The row is printed without a peer."""


def python(name: str, packages: list[str]) -> Path:
    """Make an environment with `packages` (requirements such as `pymerkle==6.1.0`) once, and return its python.

    It is kept in bench/.envs/ and made anew only when the packages or this Python change. Raises PeerUnavailable.
    """
    key = hashlib.sha256(repr((sys.version_info[:2], sorted(packages))).encode()).hexdigest()[:12]
    folder = ENVIRONMENTS / f"{name}-{key}"
    interpreter = folder / "bin" / "python"
    done = folder / "installed"
    if done.exists():
        return interpreter
    venv.create(folder, clear=True)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        interpreter,
    ]  # ours: to put one into each takes longer than most peers
    install = [*pip, "install", "--quiet", "--disable-pip-version-check", *packages]
    # The peer's environment is its own: nothing of ours is on its path.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    try:
        subprocess.run(
            install, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=INSTALL_SECONDS
        )
    except subprocess.CalledProcessError as failure:
        said = failure.stderr.decode(errors="replace").strip().splitlines() or ["pip said nothing"]
        raise PeerUnavailable(f"{', '.join(packages)} could not be installed: {said[-1]}") from None
    except subprocess.TimeoutExpired:
        raise PeerUnavailable(f"{', '.join(packages)} took over {INSTALL_SECONDS} s to install") from None
    done.touch()
    return interpreter
