"""What the messages of a kind of seal mean: its profile. The profiles are data, in `documents/data/seals.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from jiwar.documents.logic.seal import Seal, SealUnreadable
from jiwar.documents.logic.seal_coding import CODINGS, BadValue, Codes, SealValue

LANGUAGES = ("ar", "fr", "en")
Words: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One message of a seal, of `least` to `most` bytes; `codes` and `code_words` for a coding of codes."""

    name: str
    tag: int
    coding: str
    least: int
    most: int
    required: bool
    words: Words
    codes: Codes
    code_words: Mapping[str, Words]


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of document: `reference` is what `SealHeader.profile` says of it.

    `one_of`: names of fields of which exactly one stands in the seal. `open`: further messages are no surprise.
    `document_code`: the two letters of a document of ours that has no zone to say them; such a document has
    ``valid_from`` and ``valid_until``. `revocable`: the states of the Plan list which of these they revoked.
    """

    name: str
    reference: str
    source: str
    words: Words
    fields: tuple[Field, ...]
    one_of: tuple[str, ...] = ()
    open: bool = False
    document_code: str = ""
    revocable: bool = False

    def field(self, name: str) -> Field:
        """Raises KeyError."""
        found = next((field for field in self.fields if field.name == name), None)
        if found is None:
            raise KeyError(name)
        return found


Profiles: TypeAlias = Mapping[str, Profile]
"""By name: ``visa``, ``emergency_travel_document``, ``crossing_permit``, ``convoy_permit``."""


def read_profiles(text: str) -> Profiles:
    """The profiles that a TOML text defines. Raises ValueError or KeyError where it is not one of ours."""
    profiles = {name: _profile(name, said) for name, said in tomllib.loads(text).items()}
    references = [profile.reference for profile in profiles.values()]
    if len(set(references)) < len(references):
        raise ValueError("two profiles with one reference")
    return profiles


def profile_of(profiles: Profiles, reference: str) -> Profile | None:
    return next((profile for profile in profiles.values() if profile.reference == reference), None)


@dataclass(frozen=True, slots=True)
class Content:
    """What a seal says under its profile: `unknown` are tags that the profile has not."""

    values: Mapping[str, SealValue]
    unknown: tuple[int, ...]


def read_content(seal: Seal, profile: Profile) -> Content:
    """The values of the messages. Raises SealUnreadable with `code` ``bad_value`` or ``missing``."""
    return read_messages(seal.messages, profile)


def read_messages(messages: Mapping[int, bytes], profile: Profile) -> Content:
    """As `read_content`, of messages by their tags."""
    fields = {field.tag: field for field in profile.fields}
    values = {fields[tag].name: read_value(fields[tag], data) for tag, data in messages.items() if tag in fields}
    if missing := missing_field(profile, values):
        raise SealUnreadable("missing", missing)
    unknown = () if profile.open else tuple(tag for tag in messages if tag not in fields)
    return Content(values, unknown)


def read_value(field: Field, data: bytes) -> SealValue:
    """Raises SealUnreadable."""
    if not field.least <= len(data) <= field.most:
        raise SealUnreadable("bad_value", field.name, f"{field.least}-{field.most}", len(data))
    try:
        return CODINGS[field.coding].read(data, field.codes)
    except BadValue as bad:
        raise SealUnreadable("bad_value", field.name, bad.expected, bad.found) from None


def missing_field(profile: Profile, values: Mapping[str, object]) -> str:
    """The first field that should be there and is not, or that stands beside its alternative; "" where all is well."""
    missing = next((field.name for field in profile.fields if field.required and field.name not in values), "")
    if not missing and profile.one_of and len([name for name in profile.one_of if name in values]) != 1:
        return profile.one_of[0]
    return missing


def _profile(name: str, said: dict[str, Any]) -> Profile:
    fields = tuple(_field(field) for field in said["fields"])
    if len({field.tag for field in fields}) < len(fields) or len({field.name for field in fields}) < len(fields):
        raise ValueError(f"{name}: a field twice")
    return Profile(
        name,
        said["reference"],
        said["source"],
        _words(said),
        fields,
        tuple(said.get("one_of", ())),
        said.get("open", False),
        said.get("document_code", ""),
        said.get("revocable", False),
    )


def _field(said: dict[str, Any]) -> Field:
    if said["coding"] not in CODINGS:
        raise ValueError(f"{said['name']}: no coding {said['coding']}")
    least, most = said["bytes"]
    codes = said.get("codes", {})
    return Field(
        said["name"],
        said["tag"],
        said["coding"],
        least,
        most,
        said.get("required", False),
        _words(said),
        {code["number"]: name for name, code in codes.items()},
        {name: _words(code) for name, code in codes.items()},
    )


def _words(said: dict[str, Any]) -> Words:
    return {language: said[language] for language in LANGUAGES}
