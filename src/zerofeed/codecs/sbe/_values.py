r"""Turns decoded cells into plain Python values.

=====================  ========================================================================
in the schema          in Python
=====================  ========================================================================
integer, float         int, float
char                   str of one character, ``""`` for NUL
char array             str up to the first NUL, without trailing spaces
other array            list; the whole is None if every element is null
enum                   name of the value; the raw int if the schema does not name it
set                    tuple of the names of the choices that are set
composite              dict by member, constants included
constant               its value; the name, if it is of an enum
var data               str if the schema names a character encoding, else bytes
null, or not sent      None
=====================  ========================================================================

Text that its encoding cannot decode keeps the bytes visible as ``\xNN`` escapes: no byte
that a venue sends makes decoding raise.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any

from zerofeed.codecs.sbe._words import CELL_ABSENT, CELL_NULL, CELL_VALUE
from zerofeed.codecs.sbe.model import CompositeType, EnumType, Field, ScalarType, SetType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zerofeed.codecs._bytes import Bytes

__all__ = ["CellReader", "text_of"]


def text_of(raw: bytes, encoding: str) -> str:
    """Decode text; bytes outside the encoding become escapes."""
    return raw.decode(encoding, "backslashreplace")


@dataclass(slots=True)
class CellReader:
    """Reads the fields of one block off the cell table, left to right.

    Attributes:
        buffer: the bytes that texts lie in.
        ints: integers of every cell of the message.
        floats: numbers of every cell of the message.
        states: CELL_ABSENT, CELL_VALUE or CELL_NULL of every cell.
        version: version of the message.
        cell: the next cell to read.
    """

    buffer: Bytes
    ints: Sequence[int]
    floats: Sequence[float]
    states: Sequence[int]
    version: int
    cell: int = attribute(default=0)

    def value(self, field: Field, *, is_optional: bool = False) -> Any:
        """Read one field and move past its cells.

        Args:
            field: a field of the block, or a member of a composite.
            is_optional: True if the composite that holds it is optional.

        Returns:
            The value as in this module's table.
        """
        if field.presence == "constant":
            return field.constant if field.since_version <= self.version else None
        is_optional = is_optional or field.presence == "optional"
        kind = field.type
        if isinstance(kind, CompositeType):
            return self._composite(field, kind, is_optional=is_optional)
        if isinstance(kind, ScalarType) and kind.length != 1:
            if kind.is_text:
                return self._text(kind, is_optional=is_optional)
            return self._array(kind)
        value = self._number(
            is_float=kind.primitive.is_float, is_unsigned=kind.primitive.name == "uint64"
        )
        if value is None:
            return None
        if isinstance(kind, EnumType):
            return kind.names.get(int(value), value)
        if isinstance(kind, SetType):
            return tuple(name for name, bit in kind.choices.items() if int(value) >> bit & 1)
        if kind.is_text:
            return (
                ""
                if value == 0
                else text_of(bytes([int(value)]), kind.character_encoding or "ascii")
            )
        return value

    def _number(self, *, is_float: bool, is_unsigned: bool) -> int | float | None:
        cell = self.cell
        self.cell += 1
        if self.states[cell] != CELL_VALUE:
            return None
        if is_float:
            return self.floats[cell]
        value = self.ints[cell]
        return value + 2**64 if is_unsigned and value < 0 else value

    def _composite(
        self, field: Field, kind: CompositeType, *, is_optional: bool
    ) -> dict[str, Any] | None:
        first = self.cell
        values = {
            member.name: self.value(member, is_optional=is_optional) for member in kind.members
        }
        seen = set(self.states[first : self.cell])
        if field.since_version > self.version or seen == {CELL_ABSENT}:
            return None
        return None if is_optional and seen == {CELL_NULL} else values

    def _text(self, kind: ScalarType, *, is_optional: bool) -> str | None:
        cell = self.cell
        self.cell += 1
        if self.states[cell] != CELL_VALUE:
            return None
        at = self.ints[cell]
        raw = self.buffer[at : at + kind.length].tobytes()
        if is_optional and not raw.strip(b"\0"):
            return None
        return text_of(raw.partition(b"\0")[0].rstrip(b" "), kind.character_encoding or "ascii")

    def _array(self, kind: ScalarType) -> list[int | float | None] | None:
        is_unsigned = kind.primitive.name == "uint64"
        values = [
            self._number(is_float=kind.primitive.is_float, is_unsigned=is_unsigned)
            for _ in range(kind.length)
        ]
        return values if any(value is not None for value in values) else None
