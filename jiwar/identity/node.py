"""Who this node is: the settings that its administrator writes in `node.toml`."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Role = Literal["national", "post", "secretariat"]
LANGUAGES = ("ar", "fr", "en")


class NodeSettingsInvalid(ValueError):
    """`node.toml` is missing or wrong: the message names the file, the field and the reason."""


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """Settings of one node.

    `code` is the ISO 3166-1 alpha-3 code of the state (`LBY`), with a suffix for a post (`NER-MADAMA`).
    """

    code: str
    role: Role
    name: str
    console_url: str = "http://localhost:8000"
    exchange_url: str = "https://127.0.0.1:8443"
    language: str = "en"
    timezone: str = "UTC"
    require_second_factor: bool = True
    require_certificates: bool = False
    training: bool = False
    database_url: str = field(default="", repr=False)
    bus_url: str = field(default="", repr=False)
    console_hosts: tuple[str, ...] = field(default=())
    zone_reader: str = ""

    @property
    def state(self) -> str:
        """ISO 3166-1 alpha-3 code of the state that this node belongs to."""
        return self.code[:3]

    @property
    def national(self) -> str | None:
        """Code of the national node that a post reports to; None for the national node itself."""
        return self.state if self.role == "post" else None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check `node.toml`; raises NodeSettingsInvalid."""
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NodeSettingsInvalid(f"{path}: no such file; `jiwar up --code CODE` makes a node") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise NodeSettingsInvalid(f"{path}: {error}") from None
        known = set(cls.__dataclass_fields__)
        for name in data:
            if name not in known:
                raise NodeSettingsInvalid(f"{path}: unknown setting {name!r}")
        try:
            node = cls(**{**data, "console_hosts": tuple(data.get("console_hosts", ()))})
        except TypeError as error:
            raise NodeSettingsInvalid(f"{path}: {error}") from None
        try:
            node.check()
        except ValueError as error:
            raise NodeSettingsInvalid(f"{path}: {error}") from None
        hosts = node.console_hosts or ("localhost", "127.0.0.1", urlsplit(node.console_url).hostname or "localhost")
        object.__setattr__(node, "console_hosts", tuple(dict.fromkeys(hosts)))
        return node

    def check(self) -> None:
        """Raise ValueError that names the first wrong setting."""

        def refuse(name: str, reason: str) -> ValueError:
            return ValueError(f"{name} = {getattr(self, name)!r}: {reason}")

        if self.role not in get_args(Role):
            raise refuse("role", f"must be one of {', '.join(get_args(Role))}")
        pattern = r"[A-Z]{3}-[A-Z0-9]{2,20}" if self.role == "post" else r"[A-Z]{3}"
        if not re.fullmatch(pattern, str(self.code)):
            raise refuse("code", "a state's code has three capitals (LBY), a post's has a suffix (NER-MADAMA)")
        if self.language not in LANGUAGES:
            raise refuse("language", f"must be one of {', '.join(LANGUAGES)}")
        for name, schemes in (("console_url", {"http", "https"}), ("exchange_url", {"https"})):
            parts = urlsplit(getattr(self, name))
            if parts.scheme not in schemes or not parts.hostname:
                raise refuse(name, f"must be a URL with the scheme {' or '.join(sorted(schemes))}")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise refuse("timezone", "no such time zone") from None
