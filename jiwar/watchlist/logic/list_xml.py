"""Lists in XML as a stream of elements, each whole, one at a time in memory; without DTD or entities."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from xml.parsers import expat

from .listed import MAX_BYTES, MAX_FIELD, ListError

MAX_DEPTH: Final = 8
MAX_CHILDREN: Final = 5_000
_CHUNK: Final = 1024 * 1024
"""Expat reads an unfinished comment or attribute anew with each chunk: small ones make a long comment quadratic."""


@dataclass(slots=True)
class Element:
    """`path` is the way from the root, "sdnEntry/akaList"; names without their namespace prefix."""

    tag: str
    path: str
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)

    def whole_text(self) -> str:
        """All text in it and below."""
        texts = [self.text.strip(), *(child.whole_text() for child in self.children)]
        return " ".join(filter(None, texts))[:MAX_FIELD]

    def is_empty(self) -> bool:
        """Whether nothing in it says anything."""
        return not self.text.strip() and not self.attributes and all(child.is_empty() for child in self.children)


def elements(file: BinaryIO, roots: Collection[str], groups: Collection[str] = ()) -> Iterator[Element]:
    """The root without its children, then each of its children whole; of those named in `groups`, their children.

    A group comes too, after its children, with the text that stood loose in it. Raises ListError.
    """
    tree = _Tree(frozenset(roots), frozenset(groups))
    taken = 0
    try:
        while chunk := file.read(_CHUNK):
            taken += len(chunk)
            if taken > MAX_BYTES:
                raise ListError("too_large")
            tree.parser.Parse(chunk, False)
            yield from tree.take()
        tree.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ListError("malformed", error.lineno, expat.errors.messages.get(error.code, "")) from error
    except (UnicodeError, ValueError, LookupError) as error:
        raise ListError("malformed", detail=str(error)[:200]) from error
    yield from tree.take()


class _Tree:
    def __init__(self, roots: frozenset[str], groups: frozenset[str]) -> None:
        self._roots, self._groups = roots, groups
        self._open: list[Element] = []
        self._whole = 1
        """How deep an element stands that is given whole."""
        self._children = 0
        self._size = 0
        self._done: list[Element] = []
        parser = self.parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._forbid
        parser.EntityDeclHandler = self._forbid
        parser.UnparsedEntityDeclHandler = self._forbid
        parser.ExternalEntityRefHandler = self._forbid

    def take(self) -> list[Element]:
        done, self._done = self._done, []
        return done

    def _forbid(self, *_told: object) -> int:
        raise ListError("forbidden", self.parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag, depth = name.rpartition(":")[2], len(self._open)
        path = f"{self._open[-1].path}/{tag}" if depth > 1 else tag
        element = Element(tag, path, self.parser.CurrentLineNumber, attributes=attributes)
        if depth >= MAX_DEPTH:
            raise ListError("too_deep", element.line)
        if depth == 0:
            if tag not in self._roots:
                raise ListError("not_the_list", element.line, tag[:60])
            self._done.append(element)
        elif depth == 1:
            self._whole = 2 if tag in self._groups else 1
        if depth > self._whole:
            self._children += 1
            if self._children > MAX_CHILDREN:
                raise ListError("too_many", element.line)
            self._open[-1].children.append(element)
        else:
            self._children = 0
        self._open.append(element)
        self._size = 0

    def _characters(self, content: str) -> None:
        if len(self._open) <= self._whole and not content.strip():
            return
        self._size += len(content)
        if self._size > MAX_FIELD:
            raise ListError("too_large", self.parser.CurrentLineNumber)
        self._open[-1].text += content

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        depth = len(self._open)
        if depth in (1, self._whole):
            self._done.append(element)
        if depth == 1:
            self._whole = 1
        if depth == 0 and element.text.strip():
            self._done.append(Element(element.tag, element.tag, element.line, element.text.strip()))


class Reader:
    """Takes what it knows out of one element; what is left at the end was not understood."""

    def __init__(self, element: Element) -> None:
        self.element = element

    def one(self, tag: str, parent: Element | None = None) -> str:
        """The text of the first child `tag`, on one line; a second one stays and is reported as left."""
        parent = self.element if parent is None else parent
        for child in parent.children:
            if child.tag == tag and not child.children:
                parent.children.remove(child)
                return " ".join(child.text.split())
        return ""

    def groups(self, tag: str, parent: Element | None = None) -> list[Element]:
        """Every child `tag`."""
        parent = self.element if parent is None else parent
        found = [child for child in parent.children if child.tag == tag]
        if found:
            parent.children = [child for child in parent.children if child.tag != tag]
        return found

    def left(self, element: Element | None = None) -> Iterator[tuple[Element, str]]:
        """What nobody has taken, with its text: elements that say something."""
        element = self.element if element is None else element
        if element.text.strip():
            yield element, element.text.strip()
        for child in element.children:
            if not child.is_empty():
                yield child, child.whole_text()
