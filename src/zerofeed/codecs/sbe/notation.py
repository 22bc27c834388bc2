"""Schemas in a notation of our own: what the project carries of venues whose files are not ours to pass on.

One line says one thing, and what is inside stands two spaces deeper::

    schema example id 1 version 13 header messageHeader
    type Text char*180
    type Size int32 null 2147483647
    composite Price
      mantissa int64
      exponent int8 = -9
    enum Action uint8 New=0 Change=1 Delete=2
    set Indicator uint8 LastTrade=0 EndOfEvent=7
    message 46 Book block 11 since 9
      TransactTime uint64
      Indicator Indicator
      group Entries groupSize block 32
        Price Price
        Size Size @8 since 10
      data Note varString

The words behind a name and a type: ``*N`` in a type, an array of N; ``null N``; ``optional``; ``= VALUE``, a
constant; ``@N``, the offset; ``block N``, the length of a block with its padding; ``since N``, the first version that
sends it. Values of an enum of characters are characters. ``#`` begins a comment.

Lines become the elements that a file of XML would have, and :mod:`.schema` resolves them by the rules it has for those:
there is one reading of a schema, whatever it is written in.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe.model import Schema
from zerofeed.codecs.sbe.schema import read_schema

__all__ = ["parse_notation"]

_INDENT = 2
_WORDS = {"null": "nullValue", "block": "blockLength", "since": "sinceVersion"}
_SCHEMA_WORDS = {"id": "id", "version": "version", "header": "headerType", "order": "byteOrder"}


def parse_notation(text: str, *, source: str) -> Schema:
    """Read a schema from its notation.

    Args:
        text: the notation.
        source: what to call it in error messages.

    Returns:
        The schema, every offset resolved.

    Raises:
        SchemaError: a line is none of the notation, or the schema is not a usable one.
    """
    root = ET.Element("messageSchema")
    types = ET.SubElement(root, "types")
    open_blocks: list[ET.Element] = []
    for where, depth, words in _lines(text, source):
        if depth > len(open_blocks):
            raise _wrong("a line stands too deep", where, " ".join(words))
        del open_blocks[depth:]
        try:
            parent = open_blocks[-1] if open_blocks else None
            made = _top(root, types, words) if parent is None else _inner(parent, words)
        except (IndexError, ValueError) as error:
            raise _wrong("not a line of the notation", where, " ".join(words)) from error
        open_blocks.append(made)
    return read_schema(root, source)


def _lines(text: str, source: str) -> Iterator[tuple[str, int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].rstrip()
        if said:
            depth = (len(said) - len(said.lstrip())) // _INDENT
            yield f"{source}: line {number}", depth, said.split()


def _top(root: ET.Element, types: ET.Element, words: list[str]) -> ET.Element:
    """Make the element of a line that is inside no other."""
    what, name, *rest = words
    if what == "schema":
        root.set("package", name)
        for key, value in zip(rest[::2], rest[1::2], strict=True):
            if key not in _SCHEMA_WORDS:
                raise ValueError(key)
            root.set(_SCHEMA_WORDS[key], value)
        return root
    if what == "message":
        element = ET.SubElement(root, "message", id=name, name=rest[0])
        _read_words(element, rest[1:])
        return element
    element = ET.SubElement(types, what, name=name)
    if what == "type":
        _read_type(element, rest)
    elif what in {"enum", "set"}:
        _read_values(element, rest)
    elif what != "composite":
        raise ValueError(what)
    return element


def _inner(parent: ET.Element, words: list[str]) -> ET.Element:
    """Make the element of a line inside a composite, a message or a group."""
    if parent.tag == "composite":
        if words[0] in {"enum", "set"}:
            element = ET.SubElement(parent, words[0], name=words[1])
            _read_values(element, words[2:])
            return element
        element = ET.SubElement(parent, "type", name=words[0])
        _read_type(element, words[1:])
        return element
    if words[0] == "group":
        element = ET.SubElement(parent, "group", name=words[1], dimensionType=words[2])
        _read_words(element, words[3:])
        return element
    if words[0] == "data":
        return ET.SubElement(parent, "data", name=words[1], type=words[2])
    element = ET.SubElement(parent, "field", name=words[0], type=words[1])
    _read_words(element, words[2:])
    return element


def _read_type(element: ET.Element, words: list[str]) -> None:
    primitive, times, length = words[0].partition("*")
    element.set("primitiveType", primitive)
    if times:
        element.set("length", length)
    _read_words(element, words[1:])


def _read_values(element: ET.Element, words: list[str]) -> None:
    """Read the encoding of an enum or a set, and its values."""
    element.set("encodingType", words[0])
    tag = "validValue" if element.tag == "enum" else "choice"
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(word)
        ET.SubElement(element, tag, name=name).text = value


def _read_words(element: ET.Element, words: list[str]) -> None:
    """Read what stands behind a name and its type."""
    rest = iter(words)
    for word in rest:
        if word.startswith("@"):
            element.set("offset", word[1:])
        elif word == "optional":
            element.set("presence", "optional")
        elif word == "=":
            element.set("presence", "constant")
            element.text = next(rest, "")
        elif word in _WORDS:
            element.set(_WORDS[word], next(rest, ""))
            if word == "null":
                element.set("presence", "optional")
        else:
            raise ValueError(word)


def _wrong(what: str, where: str, got: str) -> SchemaError:
    return SchemaError(what, where=where, got=got, next_step="see zerofeed.codecs.sbe.notation")
