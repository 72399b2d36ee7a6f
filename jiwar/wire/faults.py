"""What is wrong with an input, as values: a code, a field, a detail. Words for them: `words.toml`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong. `field` is a dotted path into the input, empty for the whole; `detail` is safe to show."""

    code: str
    field: str = ""
    detail: str = ""

    def as_dict(self) -> dict[str, str]:
        """JSON form."""
        return {"code": self.code, "field": self.field, "detail": self.detail}


class Refused(Exception):
    """An input that is not taken, with every fault that was found. Nothing of it was written."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{f.code} {f.field} {f.detail}".strip() for f in faults))
        self.faults = faults


_OF_PYDANTIC = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_too_short": "missing",
    "string_too_long": "too_long",
    "too_short": "missing",
    "too_long": "too_many",
    "string_pattern_mismatch": "wrong_form",
    "enum": "not_in_list",
    "literal_error": "not_in_list",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
}


def of_pydantic(errors: Iterable[Mapping[str, Any]], prefix: Sequence[str] = ()) -> tuple[Fault, ...]:
    """Faults from `ValidationError.errors()`. The offending value is not repeated: it may be personal."""
    faults = []
    for error in errors:
        # Union members show as "function-…" or type names in the path: a reader knows fields and numbers only.
        path = [str(p) for p in (*prefix, *error["loc"]) if not (isinstance(p, str) and ("-" in p or "[" in p))]
        code = _OF_PYDANTIC.get(error["type"], "wrong_form")
        if error["type"] == "value_error" and (reason := error.get("ctx", {}).get("error")):
            code = str(reason) if str(reason).isidentifier() else "wrong_form"
        if error.get("input") in (None, "") and code != "unknown_field":
            code = "missing"
        faults.append(Fault(code, ".".join(path)))
    return tuple(faults)
