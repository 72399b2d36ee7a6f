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
SHELL = "chromium-headless-shell"
BROWSER = (SHELL, "libatomic1")  # the second for the Node.js inside the Python package playwright


def browser() -> str | None:
    """The program of a browser: Chromium without its own windows, else all of it, which needs a second more a page."""
    return shutil.which(SHELL) or shutil.which("chromium")


def missing() -> list[str]:
    """The Debian packages whose content is not on this machine."""
    there = {
        SHELL: browser() is not None,
        "fonts-noto-core": any(Path("/usr/share/fonts").glob("**/NotoSansArabic-*")),
        "fonts-ocr-b": any(Path("/usr/share/fonts").glob("**/ocr-b/OCRB.otf")),
        "fuse": shutil.which("fusermount") is not None,
        "iptables": shutil.which("iptables") is not None,
        "libatomic1": any(Path("/usr").glob("lib*/**/libatomic.so.1")),
        **{package: any(Path("/usr/lib").glob(f"*/{file}")) for package, file in _OF_WEASYPRINT.items()},
        "libfuse2": any(Path("/usr/lib").glob("*/libfuse.so.2")),
        "pcscd": shutil.which("pcscd") is not None,
        "postgresql": _has_postgresql(),
        "vsmartcard-vpcd": any(Path("/usr/lib/pcsc").glob("drivers/**/libifdvpcd.so")),
    }
    return [name for name, found in there.items() if not found]


def prepare() -> list[str]:
    """Install by apt what is missing, where this is root on Debian, and return what is missing still."""
    groups = [missing(), [SHELL] if shutil.which(SHELL) is None else []]  # what has a substitute may fail alone
    groups[0] = [name for name in groups[0] if name != SHELL]
    if not any(groups) or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return missing()
    print(f"=== installing {', '.join(groups[0] + groups[1])} by apt", flush=True)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], *(["install", "-y", "--no-install-recommends", *group] for group in groups if group)):
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
