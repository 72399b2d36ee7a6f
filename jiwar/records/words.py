"""The one map of words: every code that people see, in Arabic, French and English, with its source.

The words stand in `words.toml`, beside this file, as `[group.code]`. Forms, pages, API and exchange use the same codes.
"""

import tomllib
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("ar", "fr", "en")


@lru_cache(maxsize=1)
def words() -> dict[str, dict[str, dict[str, str]]]:
    """All groups: `words()[group][code][language]`."""
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


def word(group: str, code: object, language: str) -> str:
    """The word for a code; the code itself where none is known (a neighbour may run a newer program)."""
    entry = words().get(group, {}).get(str(code))
    return entry[language] if entry else str(code)


def choices(group: str, language: str) -> list[tuple[str, str]]:
    """Codes and words of a group, in the file's order: for a form's list."""
    return [(code, entry[language]) for code, entry in words()[group].items()]


def fault_text(code: str, detail: str, language: str) -> str:
    """The sentence for a fault's code, with its detail where the sentence has room for it.

    What no agreement opens is refused with the verdict's own code.
    """
    group = "fault" if code in words()["fault"] else "verdict"
    return word(group, code, language).replace("{detail}", detail)


def accepted(header: str, other: str) -> str:
    """The first language of ours that a header `Accept-Language` names; else the other."""
    named = (part.strip()[:2].lower() for part in header[:200].split(","))
    return next((code for code in named if code in LANGUAGES), other)
