"""The house rules that no other tool checks: each a function from a file's path and text to the lines that break it."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from babel.messages.pofile import PoFileError, read_po

Rule = Callable[[PurePosixPath, str], Iterator[str]]

MODULE_LINES = 600  # past some 400 lines a module has probably two subjects; past this it certainly has
VAGUE_NAMES = {"utils", "util", "common", "core", "helpers", "helper", "manager", "managers", "misc"}
LANGUAGES = {"ar", "fr"}

_MACHINE = re.compile(r"(?<![\w.$}~-])/(?:home|root|work|Users)/[\w.]")
_REGISTRY = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|pypi\.python\.org|deb\.debian\.org|registry\.npmjs\.org|npmjs\.com)\b"
)
_CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
_CLOCK_OWNERS = {"datetime", "date", "time", "timezone"}


def no_machine_named(path: PurePosixPath, text: str) -> Iterator[str]:
    """No committed file names a person's folder on some machine, or the host of a package registry."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in ((_MACHINE, "a path of one machine"), (_REGISTRY, "a package registry")):
            if found := pattern.search(line):
                yield f"{path}:{number}: names {what}: {found[0]}"


def json_parses(path: PurePosixPath, text: str) -> Iterator[str]:
    """A committed .json file parses as JSON (RFC 8259): no NaN, no duplicate key."""
    if path.suffix != ".json":
        return
    try:
        json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except ValueError as error:
        yield f"{path}: not JSON: {error}"


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key twice among {[key for key, _ in pairs]}")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def catalogue_is_complete(path: PurePosixPath, text: str) -> Iterator[str]:
    """A catalogue (.po) parses, translates every message, has none fuzzy, and keeps every placeholder."""
    if path.suffix != ".po":
        return
    try:
        catalogue = read_po(text.splitlines(keepends=True), locale=_language(path), abort_invalid=True)
    except (PoFileError, ValueError) as error:
        yield f"{path}: not a catalogue: {error}"
        return
    for message in catalogue:
        if not message.id:
            continue
        where = f"{path}:{message.lineno}: {message.id!r}"
        strings = message.string if isinstance(message.string, list | tuple) else (message.string,)
        if message.fuzzy:
            yield f"{where} is fuzzy"
        elif not strings or not all(strings):
            yield f"{where} is not translated"
        for error in message.check(catalogue):
            yield f"{where}: {error}"


def _language(path: PurePosixPath) -> str | None:
    return next((part for part in path.parts if part in LANGUAGES), None)


def name_says_something(path: PurePosixPath, text: str) -> Iterator[str]:
    """No module or folder is called utils, common, core, helpers or manager."""
    if vague := VAGUE_NAMES.intersection([*path.parts[:-1], path.stem]):
        yield f"{path}: a name that says nothing: {', '.join(vague)}"


def module_is_short(path: PurePosixPath, text: str) -> Iterator[str]:
    """A module of the program has one subject: it has at most MODULE_LINES lines."""
    if path.suffix == ".py" and path.parts[0] == "jiwar" and "migrations" not in path.parts:
        lines = text.count("\n")
        if lines > MODULE_LINES:
            yield f"{path}: {lines} lines (at most {MODULE_LINES}): which two subjects does it have?"


def digits_are_ascii(path: PurePosixPath, text: str) -> Iterator[str]:
    r"""A pattern of the program says [0-9], not \d, which matches the digits of every script."""
    nodes = list(_nodes(path, text))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and id(node) not in prose and "\\d" in str(node.value):
            yield f"{path}:{node.lineno}: \\d matches the digits of every script; say [0-9]"


def logic_has_no_clock(path: PurePosixPath, text: str) -> Iterator[str]:
    """`logic` reads no clock: the time is passed in."""
    if "logic" not in (*path.parts[:-1], path.stem):
        return
    for node in _nodes(path, text):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CLOCKS:
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if name in _CLOCK_OWNERS:
                yield f"{path}:{node.lineno}: logic reads the clock ({name}.{node.func.attr}); pass the time in"


def _nodes(path: PurePosixPath, text: str) -> Iterator[ast.AST]:
    """The syntax of a module of the program; nothing of any other file."""
    if path.suffix == ".py" and path.parts[0] == "jiwar" and "migrations" not in path.parts:
        yield from ast.walk(ast.parse(text))


RULES: tuple[Rule, ...] = (
    no_machine_named,
    json_parses,
    catalogue_is_complete,
    name_says_something,
    module_is_short,
    digits_are_ascii,
    logic_has_no_clock,
)
