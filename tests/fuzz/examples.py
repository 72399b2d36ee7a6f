"""A body of any kind, made from its schema: of the right form, if not always of sense."""

from typing import Any

from pydantic import BaseModel

_TEXT = {
    "uuid": "019ababa-0000-7000-8000-0000000000aa",
    "date": "2026-11-25",
    "date-time": "2026-11-25T12:00:00Z",
}
_OF_PATTERN = {
    "^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?$": "1984-03-09",
    "^([0-9]{4}-(0[1-9]|1[0-2]))?$": "2026-11",
    "^([A-Z][a-z]{3})?$": "Arab",
    "^([A-Z]{3})?$": "NER",
    "^([A-Z]{1,3})?$": "NER",
    "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?|/[0-9]{4})?$": "1984-03-09",
    "^[0-9a-f]{64}$": "0" * 64,
    "^[A-Z0-9][A-Z0-9/\\-]{0,29}$": "K0451187",
    "^[A-Z]{3}$": "LBY",
    "^[A-Z]{3}(-[A-Z0-9]{2,20})?$": "LBY",
    "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$": "A" * 43 + "=",
    "^[a-z]{2,10}(-[0-9]{1,3}){1,3}$": "art-3-1",
    "^match_[a-z_]{1,40}$": "match_quota",
}


def example(model: type[BaseModel]) -> dict[str, Any]:
    """Every member of the model, the optional ones too."""
    schema = model.model_json_schema()
    made: dict[str, Any] = _made(schema, schema.get("$defs", {}))
    return made


def _made(schema: dict[str, Any], named: dict[str, Any]) -> Any:
    if ref := schema.get("$ref"):
        return _made(named[ref.rpartition("/")[2]], named)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for way in ("anyOf", "oneOf", "allOf"):
        if way in schema:
            return _made(schema[way][0], named)
    if "prefixItems" in schema:
        return [_made(each, named) for each in schema["prefixItems"]]
    match schema.get("type"):
        case "object":
            return {name: _made(each, named) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [_made(schema.get("items", {}), named)] * max(1, schema.get("minItems", 1))
        case "string":
            return _text(schema)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return None


def _text(schema: dict[str, Any]) -> str:
    if "format" in schema:
        return _TEXT.get(schema["format"], "x")
    found = _OF_PATTERN.get(schema.get("pattern", ""), "x")
    return found * -(-max(1, schema.get("minLength", 1)) // len(found))
