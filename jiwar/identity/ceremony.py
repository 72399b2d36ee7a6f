"""The ceremony of a state's root: on an offline machine, without a node, with people around one table.

`hold` makes a root and its shares; `Sitting` puts a root together from shares, in memory alone, and signs what the
people said yes to. Nothing here writes the secret, or two shares into one file. Python cannot promise that memory is
wiped: the machine is switched off afterwards (docs/operations.md says which machine).
"""

import datetime as dt
import json
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jiwar.identity.keys import write_secret
from jiwar.identity.logic import bundles, certificates, revocations, shares, signed
from jiwar.identity.logic.certificates import Subject
from jiwar.identity.logic.revocations import ListRequest
from jiwar.identity.logic.roots import Root, RootFile, RootKeys, read_root, write_root
from jiwar.identity.logic.shares import Share, ShareInvalid
from jiwar.identity.logic.signed import PaperRefused
from jiwar.identity.share_page import page_of
from jiwar.wire.ids import uuid7


class CeremonyRefused(ValueError):
    """The ceremony cannot go on; the message says why. Nothing was signed or written."""


@dataclass(frozen=True, slots=True)
class Made:
    """A root that was made: its public half, its public file, the pages of its shares."""

    public: RootKeys
    root_file: Path
    pages: tuple[Path, ...]


def hold(
    state: str,
    threshold: int,
    count: int,
    out: Path,
    at: dt.datetime,
    *,
    language: str = "en",
    previous: Root | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Made:
    """Make a root, write its public file and one page for each share into an empty folder; raises CeremonyRefused.

    `previous` signs that this root follows it.
    """
    if not signed.STATE.fullmatch(state):
        raise CeremonyRefused("the state's code has three capitals: LBY")
    if not 2 <= threshold <= count <= shares.MOST:
        raise CeremonyRefused(f"2 <= threshold <= shares <= {shares.MOST}: one share alone must never be enough")
    if out.exists() and any(out.iterdir()):
        raise CeremonyRefused(f"{out} is not empty: the pages of two ceremonies must not be mixed")
    if previous is not None and previous.state != state:
        raise CeremonyRefused(f"the shares of the root before are of {previous.state}")
    secret = bytearray(random(shares.SECRET_BYTES))
    try:
        root = Root.of(state, bytes(secret))
        values = shares.split(bytes(secret), threshold, count, random)
        parts = [Share(state, root.public.hash[:8], threshold, count, n, value) for n, value in enumerate(values, 1)]
        _prove(parts, root.public)
    finally:
        secret[:] = bytes(len(secret))
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    root_file = out / f"{state}-root.json"
    write_public(root_file, write_root(root, at, previous))
    pages = []
    for part in parts:
        path = out / f"{state}-share-{part.number}-of-{count}.html"
        write_secret(path, page_of(part, root.public.fingerprint, at.date(), language).encode())
        pages.append(path)
    return Made(root.public, root_file, tuple(pages))


def _prove(parts: list[Share], public: RootKeys) -> None:
    """What is written must open the root again, from the first shares as from the last."""
    threshold = parts[0].threshold
    for some in (parts[:threshold], parts[-threshold:]):
        if _root([shares.read(shares.write(part)) for part in some]).public != public:
            raise CeremonyRefused("the shares do not give the root back: this machine is not to be trusted")


def open_root(parts: list[Share]) -> Root:
    """The root that shares open; raises CeremonyRefused."""
    try:
        return _root(parts)
    except ShareInvalid as invalid:
        raise CeremonyRefused(WHY.get(invalid.code, invalid.code)) from None


def _root(parts: list[Share]) -> Root:
    root = Root.of(parts[0].state, shares.combine(parts)) if parts else None
    if root is None or root.public.hash[:8] != parts[0].root:
        raise ShareInvalid("shares_wrong" if parts else "shares_too_few")
    return root


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that the root is asked to sign: whose certificate, or which list. `path`: where the request came from.

    `fingerprint` is what the asker's own console shows.
    """

    path: Path
    of: Subject | ListRequest

    @property
    def state(self) -> str:
        return self.of.state

    def lines(self, at: dt.datetime, days: int | None) -> list[str]:
        """What it is, in words to be read aloud."""
        if isinstance(self.of, ListRequest):
            until = at + dt.timedelta(days=days or revocations.ROOT_DAYS)
            head = f"revocation list number {self.of.number} of {self.of.state}, fresh until {until:%Y-%m-%d}"
            entries = sorted(self.of.entries.values(), key=lambda entry: entry.key)
            keys = [f"  key {e.key[:16]}  {e.reason}  {e.at:%Y-%m-%d %H:%M} UTC" for e in entries]
            return [head, *(keys or ["  no key is revoked"])]
        until = at + dt.timedelta(days=self.days(days))
        ids = "  ".join(f"{use} {id_}" for use, id_ in self.of.key_ids.items())
        return [
            f"certificate for {self.of.subject} as {self.of.role.replace('_', ' ')}, until {until:%Y-%m-%d}",
            f"  fingerprint {self.of.fingerprint}",
            f"  keys {ids}",
        ]

    def days(self, asked: int | None) -> int:
        """For how many days the certificate stands."""
        officer = isinstance(self.of, Subject) and self.of.is_officer
        return asked or (certificates.OFFICER_DAYS if officer else certificates.NODE_DAYS)


def read_requests(paths: Iterable[Path]) -> list[Asked]:
    """Requests of one state from files; raises CeremonyRefused."""
    found = []
    for path in paths:
        try:
            data = signed.load(path.read_text(encoding="utf-8"), revocations.MAX_BYTES)
            if data.get("format") == revocations.REQUEST_FORMAT:
                found.append(Asked(path, revocations.read_request(data)))
            else:
                found.append(Asked(path, certificates.read_request(data).of))
        except (OSError, UnicodeDecodeError, PaperRefused) as error:
            raise CeremonyRefused(f"{path}: {error}") from None
    if len({asked.state for asked in found}) != 1:
        raise CeremonyRefused("the requests are not of one state")
    return found


def read_root_file(path: Path, root: Root) -> RootFile:
    """The public file of a root; raises CeremonyRefused when it is another's."""
    try:
        file = read_root(signed.load(path.read_text(encoding="utf-8"), 20_000))
    except (OSError, UnicodeDecodeError, PaperRefused) as error:
        raise CeremonyRefused(f"{path}: {error}") from None
    if file.keys != root.public:
        raise CeremonyRefused(f"{path} is the file of another root than the one that the shares open")
    return file


def sign(root: Root, file: dict[str, Any], asked: Asked, at: dt.datetime, days: int | None, out: Path) -> Path:
    """Sign one request and write what came of it; raises CeremonyRefused."""
    if asked.state != root.state:
        raise CeremonyRefused(f"{asked.path}: of {asked.state}, and the shares open the root of {root.state}")
    try:
        if isinstance(asked.of, ListRequest):
            entries = asked.of.entries.values()
            done = revocations.write_by_root(root, asked.of.number, at, entries, days or revocations.ROOT_DAYS)
            revocations.read_revocations(done)
            path = out / f"{asked.state}-revocations-{asked.of.number}.json"
        else:
            certificate = certificates.certify(root, asked.of, at, asked.days(days), uuid7(at))
            done = bundles.write_bundle(file, certificate)
            path = out / f"{_name(asked.of)}.certificate.json"
    except PaperRefused as refused:
        raise CeremonyRefused(f"{asked.path}: {refused}") from None
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_public(path, done)
    return path


def _name(of: Subject) -> str:
    return f"{of.state}-officer-{of.subject[:8]}" if of.is_officer else of.subject


def write_public(path: Path, data: dict[str, Any]) -> None:
    """Write a file that everybody may read, whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


WHY = {
    "share_symbols": "there is a symbol that no share has (U is not among them; O is 0, I and L are 1)",
    "share_length": "a line has 20 symbols, a share four lines",
    "share_line": "there is a slip in this line",
    "share_check": "the lines do not belong together",
    "share_version": "this program does not know this version of a share",
    "share_form": "these are no share's numbers",
    "shares_mixed": "the shares are not of one ceremony",
    "share_twice": "the same share twice",
    "shares_too_few": "too few shares",
    "shares_wrong": "these shares do not open their root: one of them is forged or was miscopied",
}
"""What is wrong with a share, for the people at the table."""


def read_share_file(path: Path) -> Share:
    """A share from the page that was printed of it, or from a file with its four lines; raises CeremonyRefused."""
    try:
        return shares.read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CeremonyRefused(f"{path}: {error}") from None
    except ShareInvalid as invalid:
        where = f"line {invalid.line}: " if invalid.line else ""
        raise CeremonyRefused(f"{path}: {where}{WHY[invalid.code]}") from None
