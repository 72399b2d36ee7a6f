"""The one JSON reader and the one JSON writer of the program.

Reading follows RFC 8259 with the restrictions of I-JSON (RFC 7493): UTF-8, no duplicate names, no lone
surrogates; and with limits on bytes, depth and count, so that no input costs more than its size. Writing is
the JSON Canonicalization Scheme (RFC 8785). Whatever `canonical` writes, `parse` reads (within its limits),
and writing it again gives the same bytes.
"""

import json
import math
import re
from typing import Any, NoReturn

import rfc8785

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*["\\]?'  # matches an unclosed string too, so that scanning stays linear
_STRUCTURE = re.compile(_STRING + r"|[\[\]{},]", re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:(?P<nul>u0000)"
    r"|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone_surrogate>u[dD][89a-fA-F])"
    r"|.)",
    re.DOTALL,
)

_write_plain = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class JsonRefused(Exception):
    """A text that is not acceptable JSON, or a value that has no canonical form.

    `code` is stable: `too_large`, `byte_order_mark`, `not_utf8`, `nul`, `lone_surrogate`, `too_deep`,
    `too_many_items`, `syntax`, `trailing_data`, `duplicate_name`, `not_a_number`, `number_too_large`,
    `integer_too_long`, `integer_inexact`, `unsupported_type`, `not_canonical`. `detail` is the offending piece or the
    limit. `position` is the offset in characters from the start of the text, None where it is not known.
    """

    def __init__(self, code: str, detail: str = "", position: int | None = None) -> None:
        super().__init__(code, detail, position)
        self.code = code
        self.detail = detail
        self.position = position

    def __str__(self) -> str:
        where = "" if self.position is None else f" at {self.position}"
        return f"{self.code}{where}: {self.detail}"


def parse(
    data: bytes,
    *,
    max_bytes: int = 1_000_000,
    max_depth: int = 32,
    max_items: int = 100_000,
    max_digits: int = 21,
) -> object:
    """The value of one JSON text.

    `max_depth` counts nested arrays and objects; `max_items` counts commas and containers; `max_digits` bounds
    an integer literal (21: the longest that RFC 8785 writes). Raises `JsonRefused`, and nothing else.
    """
    if len(data) > max_bytes:
        raise JsonRefused("too_large", f"{len(data)} > {max_bytes} bytes")
    text = _decode(data)
    _measure(text, max_depth, max_items)

    def integer(literal: str) -> int:
        if len(literal.lstrip("-")) > max_digits:
            raise JsonRefused("integer_too_long", f"{literal[:24]}…", _find(text, literal))
        return int(literal)

    def real(literal: str) -> float:
        number = float(literal)
        if math.isinf(number):
            raise JsonRefused("number_too_large", literal[:24], _find(text, literal))
        return number

    def constant(literal: str) -> NoReturn:
        raise JsonRefused("not_a_number", literal, _find(text, literal))

    try:
        value: object = json.loads(
            text, parse_int=integer, parse_float=real, parse_constant=constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        code = "trailing_data" if error.msg == "Extra data" else "syntax"
        raise JsonRefused(code, error.msg, error.pos) from None
    except RecursionError:
        raise JsonRefused("too_deep", f"> {max_depth}") from None
    _check_escapes(text)
    return value


def parse_canonical(
    data: bytes, *, max_bytes: int = 1_000_000, max_depth: int = 32, max_items: int = 100_000
) -> object:
    """As `parse`, of a text that must be as `canonical` writes it; raises `JsonRefused`, also with `not_canonical`.

    Half the time of `parse`: what is written back the same has no duplicate name, no odd number and no odd escape.
    """
    if len(data) > max_bytes:
        raise JsonRefused("too_large", f"{len(data)} > {max_bytes} bytes")
    text = _decode(data)
    _measure(text, max_depth, max_items)
    try:
        value, plain = _load(text)
        if (_write_plain(value).encode() if plain else canonical(value)) == data:
            _check_escapes(text)
            return value
    except (ValueError, RecursionError, JsonRefused):
        pass
    parse(data, max_bytes=max_bytes, max_depth=max_depth, max_items=max_items)  # says what is wrong, if it is more
    raise JsonRefused("not_canonical")


def _load(text: str) -> tuple[object, bool]:
    """What a text says, and whether `_is_plain` is sure of it: the reader itself saw what it looks for."""
    plain = text.isascii()

    def integer(literal: str) -> int:
        nonlocal plain
        plain = plain and len(literal) < len(str(2**53))
        return int(literal)

    def real(literal: str) -> float:
        nonlocal plain
        plain = False
        return float(literal)

    return json.loads(text, parse_int=integer, parse_float=real, parse_constant=real), plain


def canonical(value: object) -> bytes:
    """The RFC 8785 form of dicts with string keys, lists, tuples, strings, numbers, booleans and None.

    Raises `JsonRefused` for anything that `parse` would not give back: NaN and infinities, integers that no
    IEEE 754 double holds exactly, lone surrogates, NUL, other types, cycles.
    """
    try:
        data = _write_plain(value).encode() if _is_plain(value) else rfc8785.dumps(_doubles(value))
    except rfc8785.FloatDomainError as error:
        raise JsonRefused("not_a_number", str(error)) from None
    except rfc8785.CanonicalizationError as error:
        code = "lone_surrogate" if isinstance(error.__cause__, UnicodeEncodeError) else "unsupported_type"
        raise JsonRefused(code, str(error)) from None
    except UnicodeEncodeError as error:
        raise JsonRefused("lone_surrogate", str(error)) from None
    except RecursionError:
        raise JsonRefused("too_deep") from None
    if rb"\u0000" in data:
        _check_escapes(data.decode())
    return data


def _decode(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise JsonRefused("byte_order_mark", "", 0)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonRefused("not_utf8", error.reason, len(data[: error.start].decode("utf-8"))) from None
    if "\0" in text:
        raise JsonRefused("nul", "", text.index("\0"))
    return text


def _measure(text: str, max_depth: int, max_items: int) -> None:
    opened = text.count("[") + text.count("{")
    if opened <= max_depth and opened + text.count(",") <= max_items:
        return  # an upper bound that costs nothing: most texts need no scan
    depth = items = 0
    for token in _STRUCTURE.finditer(text):
        match token[0]:
            case "[" | "{":
                depth += 1
                items += 1
            case "]" | "}":
                depth -= 1
            case ",":
                items += 1
        if depth > max_depth:
            raise JsonRefused("too_deep", f"> {max_depth}", token.start())
        if items > max_items:
            raise JsonRefused("too_many_items", f"> {max_items}", token.start())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise JsonRefused("duplicate_name", name[:100])
            seen.add(name)
    return members


def _check_escapes(text: str) -> None:
    """Refuse escapes for NUL and for halves of surrogate pairs. `text` is well-formed JSON."""
    if r"\u" not in text:
        return
    for escape in _ESCAPE.finditer(text):
        if escape.lastgroup:
            raise JsonRefused(escape.lastgroup, escape[0], escape.start())


def _find(text: str, literal: str) -> int | None:
    tokens = re.finditer(f"{_STRING}|{re.escape(literal)}", text, re.DOTALL)
    return next((token.start() for token in tokens if not token[0].startswith('"')), None)


def _is_plain(value: object) -> bool:
    """Whether Python's own writer, several times faster, gives the RFC 8785 form of `value`.

    It differs in the form of fractions and in the order of names: by code points, not by UTF-16 code units.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    match value:
        case int():
            return kind is int and -(2**53) < value < 2**53
        case dict():
            return all(type(name) is str and name.isascii() and _is_plain(item) for name, item in value.items())
        case list() | tuple():
            return all(map(_is_plain, value))
    return False


def _doubles(value: object) -> Any:
    """`value` with integers beyond ±(2^53-1) as the doubles that RFC 8785 takes every number for."""
    match value:
        case dict():
            return {name: _doubles(member) for name, member in value.items()}
        case list() | tuple():
            return [_doubles(item) for item in value]
        case int() if abs(value) >= 2**53:
            try:
                number = float(value)
            except OverflowError:
                raise JsonRefused("integer_inexact", f"{value.bit_length()} bits") from None
            if rfc8785.dumps(number) != b"%d" % value:  # compares the shortest decimal, not only the double
                raise JsonRefused("integer_inexact", f"{value.bit_length()} bits")
            return number
    return value
