"""What a check of a document is called, and what its code says, in the reader's language."""

from collections.abc import Mapping

from jiwar.records.words import words


def sentence(code: str, detail: Mapping[str, str | int], language: str) -> str:
    """The sentence of a code, with its values; a field of the zone by its name."""
    told = dict(detail)
    if "field" in told:
        told["field"] = name_of(f"mrz.{told['field']}", language)
    return words()["document_check"][code][language].format_map(told)


def name_of(id: str, language: str) -> str:  # noqa: A002 - what it is
    """What a check asks, by the longest end of its id that has a word, then of what it is part of; the rest follows."""
    known, parts = words()["document_check_part"], id.split(".")
    for stop in range(len(parts), 0, -1):
        for start in range(stop):
            said = known.get("_".join(parts[start:stop]))
            if said is not None:
                rest = [part.upper() if part.startswith("dg") else part.replace("_", " ") for part in parts[stop:]]
                return " ".join([said[language], *rest])
    return id
