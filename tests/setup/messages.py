"""The texts of the program and its catalogues: `make messages` brings these up to date, `make check` compares them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

LANGUAGES = ("ar", "fr")
METHODS = [("**.py", "python"), ("**/templates/**", "jinja2")]
# A template that cannot be read is an error, not a template without texts.
OPTIONS = {"**/templates/**": {"extensions": "jinja2.ext.do", "silent": "false"}}
# Django's lazy twins are extracted like the eager ones.
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def texts(package: Path) -> Catalog:
    """Every text under `package` that is marked for translation, with the files that it stands in."""
    found = Catalog(fuzzy=False)
    for file, _, text, comments, context in extract_from_dir(package, METHODS, OPTIONS, KEYWORDS):
        found.add(text, locations=[(f"{package.name}/{file}", 1)], auto_comments=comments, context=context)
    return found


def catalogue_path(package: Path, language: str) -> Path:
    """Where the catalogue of a language stands."""
    return package / "locale" / language / "LC_MESSAGES" / "django.po"


def read(path: Path, language: str) -> Catalog:
    """Read a catalogue; one that does not exist yet is empty."""
    if not path.exists():
        return Catalog(locale=language, project="jiwar", fuzzy=False)
    return read_po(path.read_bytes().splitlines(keepends=True), locale=language)


def untranslated(package: Path) -> Iterator[str]:
    """The texts that a catalogue lacks; a language without a catalogue yet lacks nothing."""
    wanted = [message for message in texts(package) if message.id]
    for language in LANGUAGES:
        path = catalogue_path(package, language)
        if not path.exists():
            continue
        catalogue = read(path, language)
        for message in wanted:
            if catalogue.get(message.id, message.context) is None:
                yield f"{path.name} of {language} lacks {message.id!r} ({message.locations[0][0]}): run `make messages`"


_BREAKS = re.compile(r"(?<=\S) [:;!?»]|« ")


def breakable(package: Path) -> Iterator[str]:
    """French texts in which a mark may stand alone at the head of a line: its space is a no-break one (U+00A0)."""
    path = catalogue_path(package, "fr")
    said = [text for message in read(path, "fr") if message.id for text in _forms(message.string)]
    known = tomllib.loads((package / "records" / "words.toml").read_text(encoding="utf-8"))
    said += [entry["fr"] for group in known.values() for entry in group.values()]
    for text in said:
        if found := _BREAKS.search(text):
            yield f"a plain space beside {found[0].strip()!r} in French: {text[:60]!r}"


def _forms(string: object) -> tuple[str, ...]:
    return string if isinstance(string, tuple) else (str(string),)


def update(package: Path) -> None:
    """Add to each catalogue the texts that it lacks, and drop those that the program no longer has."""
    template = texts(package)
    for language in LANGUAGES:
        path = catalogue_path(package, language)
        catalogue = read(path, language)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=120, sort_by_file=True, include_lineno=False, ignore_obsolete=True)


if __name__ == "__main__":
    update(Path(__file__).resolve().parents[2] / "jiwar")
