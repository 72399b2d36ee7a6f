"""What the compiled requirement files must be: pinned, hashed, naming no host, and up to date with the .in files."""

import re
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_HOST = re.compile(r"[a-z]+://|--(?:extra-)?index-url|--find-links|--trusted-host|\s@\s")


def pinned(compiled: str) -> dict[str, tuple[list[Requirement], int]]:
    """Read a compiled file: {canonical name: (its requirements, how many hashes they have in all)}.

    A name may stand more than once, under different environment markers.
    """
    found: dict[str, tuple[list[Requirement], int]] = {}
    for logical in re.sub(r"\\\n", " ", compiled).splitlines():
        line = logical.split("#", 1)[0].strip()
        if not line or line.startswith("-"):
            continue
        requirement = Requirement(line.split("--hash", 1)[0].strip())
        requirements, hashes = found.get(canonicalize_name(requirement.name), ([], 0))
        found[canonicalize_name(requirement.name)] = ([*requirements, requirement], hashes + len(_HASH.findall(line)))
    return found


def asked(source: str) -> list[Requirement]:
    """Read an .in file: its requirements, without options such as `-r`."""
    lines = (line.split("#", 1)[0].strip() for line in source.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def faults(source: str, compiled: str) -> Iterator[str]:
    """Say what is wrong with a compiled file, given the .in file it was compiled from."""
    for number, line in enumerate(compiled.splitlines(), 1):
        if found := _HOST.search(line.split("#", 1)[0]):
            yield f"line {number} names a host: {found[0]}"
    pins = pinned(compiled)
    for name, (requirements, hashes) in pins.items():
        if any([spec.operator for spec in r.specifier] != ["=="] for r in requirements):
            yield f"{name} is not pinned"
        if hashes < len(requirements):
            yield f"{name} has no hash"
    for wanted in asked(source):
        requirements, _ = pins.get(canonicalize_name(wanted.name), ([], 0))
        versions = [spec.version for r in requirements for spec in r.specifier]
        if not versions or not all(wanted.specifier.contains(version, prereleases=True) for version in versions):
            yield f"{wanted} is asked for, but {versions or 'nothing'} is pinned: run `make lock`"
