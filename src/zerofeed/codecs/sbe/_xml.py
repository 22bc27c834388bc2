"""The XML of a schema file: reading it, its includes, and the attributes of one element.

Namespaces are dropped, because vendors disagree on them. Nothing here knows what a schema
means. A failure names the file and the element.
"""

from __future__ import annotations

import codecs
import struct
from typing import TYPE_CHECKING, NoReturn
from xml.etree import ElementTree as ET

from zerofeed.base.errors import SchemaError

if TYPE_CHECKING:
    from pathlib import Path

    from zerofeed.codecs.sbe.model import Presence, Primitive

__all__ = [
    "Element",
    "codec_of",
    "fail",
    "include",
    "integer_of",
    "name_of",
    "parse_xml",
    "presence_of",
    "raw_value",
    "tag_of",
]

Element = ET.Element

_MAX_INCLUDES = 16
_CHARACTER_SETS = ("ascii", "utf-8", "iso8859", "cp", "koi8", "gb", "big5", "shift_jis", "euc")


def fail(
    what: str,
    where: str,
    *,
    expected: object = None,
    got: object = None,
    cause: Exception | None = None,
) -> NoReturn:
    """Refuse a schema."""
    raise SchemaError(
        what,
        where=where,
        expected=expected,
        got=got,
        next_step="correct the schema, or ask its publisher for one that validates",
    ) from cause


def parse_xml(text: str | bytes, source: str) -> Element:
    """Parse a document."""
    try:
        # The operator's own file, not a peer's; expat limits the expansion of entities itself.
        return ET.fromstring(text)  # noqa: S314
    except (ET.ParseError, ValueError) as error:
        fail("not well-formed XML", source, got=error, cause=error)


def include(parent: Element, source: str, directory: Path | None, depth: int) -> None:
    """Replace each include by the element that it names, in place."""
    for index, child in enumerate(list(parent)):
        if tag_of(child) != "include":
            include(child, source, directory, depth)
            continue
        href = child.get("href", "")
        where = f"{source}: include of {href!r}"
        if directory is None:
            fail("the schema was given as text, so nothing can be included", where)
        if depth >= _MAX_INCLUDES:
            fail("files include one another", where, expected=f"at most {_MAX_INCLUDES} levels")
        path = directory / href
        try:
            text = path.read_bytes()
        except OSError as error:
            fail("the included file cannot be read", where, got=error.strerror, cause=error)
        included = parse_xml(text, str(path))
        holder = ET.Element("holder")
        holder.append(included)
        include(holder, str(path), path.parent, depth + 1)
        parent[index] = holder[0]


def tag_of(element: Element) -> str:
    """Name an element without its namespace."""
    return element.tag.rpartition("}")[2]


def name_of(element: Element, where: str) -> str:
    """Read the name that an element must have."""
    name = element.get("name", "").strip()
    if not name:
        fail(f"<{tag_of(element)}> has no name", where, expected="a name attribute")
    return name


def integer_of(element: Element, attribute: str, default: int | None, where: str) -> int:
    """Read a count, id, offset or version; without a default it must be there."""
    text = element.get(attribute)
    if text is None:
        if default is None:
            fail(f"<{tag_of(element)}> has no {attribute}", where, expected="an integer")
        return default
    try:
        value = int(text)
    except ValueError as error:
        fail(f"{attribute} is not a number", where, expected="an integer", got=text, cause=error)
    if value < 0:
        fail(f"{attribute} is negative", where, expected="0 or more", got=value)
    return value


def presence_of(element: Element, default: Presence, where: str) -> Presence:
    """Read ``presence``."""
    text = element.get("presence")
    if text is None:
        return default
    for known in ("required", "optional", "constant"):
        if text == known:
            return known
    fail("unknown presence", where, expected="required, optional or constant", got=text)


def codec_of(label: str | None) -> str | None:
    """Turn a characterEncoding label into a Python codec name; None when it is not one."""
    if not label:
        return None
    try:
        name = codecs.lookup(label.strip()).name
    except LookupError:
        return None
    # Python also calls hex, rot13, idna and the like codecs; they are not character sets.
    return name if name.startswith(_CHARACTER_SETS) else None


def raw_value(text: str, primitive: Primitive, where: str) -> int | float:
    """Read one value as a schema writes it; a character gives its code."""
    try:
        if primitive.is_char:
            (code,) = text.encode("latin-1")
            return code
        if primitive.is_float:
            return _rounded(float(text), primitive)
        value = int(text)
    except (ValueError, OverflowError) as error:
        fail("not a value of its type", where, expected=primitive.name, got=text, cause=error)
    low, high = _range(primitive)
    if not low <= value <= high:
        fail("value out of range", where, expected=f"{low} to {high}", got=value)
    return value


def _rounded(value: float, primitive: Primitive) -> float:
    """Round to what the wire can carry, so that a null value compares equal."""
    layout = struct.Struct("<" + primitive.struct_code)
    rounded: float = layout.unpack(layout.pack(value))[0]
    return rounded


def _range(primitive: Primitive) -> tuple[int, int]:
    bits = 8 * primitive.size
    if primitive.name.startswith("u") or primitive.is_char:
        return 0, (1 << bits) - 1
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
