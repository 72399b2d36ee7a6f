"""What the tests need of the machine beyond Python packages: Debian's packages, seen by what they install."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.postgres import PostgresUnavailable, programs

APT_SECONDS = 900
_OF_WEASYPRINT = {
    "libharfbuzz-subset0": "libharfbuzz-subset.so.0",
    "libpango-1.0-0": "libpango-1.0.so.0",
    "libpangoft2-1.0-0": "libpangoft2-1.0.so.0",
}
BROWSER = ("chromium", "libatomic1")  # the second for the Node.js inside the Python package playwright


def missing() -> list[str]:
    """The Debian packages whose content is not on this machine."""
    there = {
        "chromium": shutil.which("chromium") is not None,
        "fonts-noto-core": any(Path("/usr/share/fonts").glob("**/NotoSansArabic-*")),
        "fuse": shutil.which("fusermount") is not None,
        "iptables": shutil.which("iptables") is not None,
        "libatomic1": any(Path("/usr").glob("lib*/**/libatomic.so.1")),
        **{package: any(Path("/usr/lib").glob(f"*/{file}")) for package, file in _OF_WEASYPRINT.items()},
        "libfuse2": any(Path("/usr/lib").glob("*/libfuse.so.2")),
        "postgresql": _has_postgresql(),
    }
    return [name for name, found in there.items() if not found]


def prepare() -> list[str]:
    """Install by apt what is missing, where this is root on Debian, and return what is missing still."""
    wanted = missing()
    if not wanted or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return wanted
    print(f"=== installing {', '.join(wanted)} by apt", flush=True)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *wanted]):
        apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", *command]
        try:
            subprocess.run(
                apt, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=APT_SECONDS, check=True
            )
        except subprocess.CalledProcessError as failure:
            print(f"{' '.join(apt)} failed:\n{failure.stdout}{failure.stderr}", flush=True)
        except subprocess.TimeoutExpired:
            print(f"{' '.join(apt)} took over {APT_SECONDS} s", flush=True)
    return missing()


def _has_postgresql() -> bool:
    try:
        programs()
    except PostgresUnavailable:
        return False
    return True
