"""What an SBE schema says, resolved: every type looked up, every offset known.

Frozen values, made by :mod:`zerofeed.codecs.sbe.schema` from XML and read by everything else
in this package. Hand-written kernels of a venue take their constants from here when their
module is imported, so that Numba sees plain integers::

    TICKER = SCHEMA.message("Ticker")
    MARK_PRICE_AT = TICKER.offset("markPrice")          # from the start of the root block
    BIDS = SCHEMA.message("DepthDiff").group("bids")
    PRICE_AT = BIDS.offset("price.mantissa")            # from the start of an entry

Offsets count bytes from the start of the block that holds the field. Objects compare by
identity, so they can be keys of a cache.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zerofeed.base.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "PRIMITIVES",
    "Block",
    "CompositeType",
    "EnumType",
    "Field",
    "FieldType",
    "Group",
    "GroupDimensions",
    "Header",
    "Message",
    "Presence",
    "Primitive",
    "ScalarType",
    "Schema",
    "SetType",
    "Slot",
    "VarData",
]

Presence = Literal["required", "optional", "constant"]
Plain = int | float | str


@dataclass(frozen=True, eq=False, slots=True)
class Primitive:
    """One of SBE's eleven primitive types.

    Attributes:
        name: as written in a schema, ``uint16``.
        size: bytes.
        code: number of the type in compiled programs, from 1.
        struct_code: letter of the ``struct`` module.
        numpy_code: NumPy's type string without the byte order.
        default_null: the standard's null value where a schema gives none.
    """

    name: str
    size: int
    code: int
    struct_code: str
    numpy_code: str
    default_null: int | float

    @property
    def is_float(self) -> bool:
        """True of ``float`` and ``double``."""
        return self.name in {"float", "double"}

    @property
    def is_char(self) -> bool:
        """True of ``char``."""
        return self.name == "char"


PRIMITIVES: Mapping[str, Primitive] = {
    primitive.name: primitive
    for primitive in (
        Primitive("uint8", 1, 1, "B", "u1", 2**8 - 1),
        Primitive("int8", 1, 2, "b", "i1", -(2**7)),
        Primitive("uint16", 2, 3, "H", "u2", 2**16 - 1),
        Primitive("int16", 2, 4, "h", "i2", -(2**15)),
        Primitive("uint32", 4, 5, "I", "u4", 2**32 - 1),
        Primitive("int32", 4, 6, "i", "i4", -(2**31)),
        Primitive("uint64", 8, 7, "Q", "u8", 2**64 - 1),
        Primitive("int64", 8, 8, "q", "i8", -(2**63)),
        Primitive("float", 4, 9, "f", "f4", math.nan),
        Primitive("double", 8, 10, "d", "f8", math.nan),
        Primitive("char", 1, 11, "B", "S1", 0),
    )
}
"""Every primitive type by its name in schemas."""


@dataclass(frozen=True, eq=False, slots=True)
class ScalarType:
    """A number, a character, or a fixed-length array of either.

    Attributes:
        length: elements; 0 only for the bytes member of a var-data composite.
        null: raw value that means "no value" where the field is optional.
        constant: the value that is never sent, where ``presence`` is constant.
        character_encoding: Python codec name for text, None for numbers and plain bytes.
    """

    name: str
    primitive: Primitive
    length: int
    presence: Presence
    null: int | float
    constant: Plain | None
    character_encoding: str | None

    @property
    def size(self) -> int:
        """Bytes on the wire; a constant takes none."""
        return 0 if self.presence == "constant" else self.primitive.size * self.length

    @property
    def is_text(self) -> bool:
        """True of ``char`` and its arrays."""
        return self.primitive.is_char


@dataclass(frozen=True, eq=False, slots=True)
class EnumType:
    """Named values of an integer or a character.

    Attributes:
        values: raw number (a character's code) by name, in schema order.
        null: raw value that means "no value".
    """

    name: str
    primitive: Primitive
    null: int
    values: Mapping[str, int]
    names: Mapping[int, str]

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return self.primitive.size


@dataclass(frozen=True, eq=False, slots=True)
class SetType:
    """Named bits of an unsigned integer. A set has no null value.

    Attributes:
        choices: bit index by name, in schema order.
    """

    name: str
    primitive: Primitive
    choices: Mapping[str, int]

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return self.primitive.size


@dataclass(frozen=True, eq=False, slots=True)
class CompositeType:
    """Members at fixed offsets, each a :class:`Field`."""

    name: str
    members: tuple[Field, ...]
    size: int

    def member(self, name: str) -> Field | None:
        """Find a member, or None."""
        return next((member for member in self.members if member.name == name), None)


FieldType = ScalarType | EnumType | SetType | CompositeType


@dataclass(frozen=True, eq=False, slots=True)
class Field:
    """A field of a block, or a member of a composite.

    Attributes:
        offset: bytes from the start of the block or composite.
        presence: the field's own, or else that of its type.
        since_version: first schema version that sends it.
        constant: the value where presence is constant: an enum value's name, a number or text.
    """

    name: str
    type: FieldType
    offset: int
    presence: Presence
    since_version: int
    constant: Plain | None

    @property
    def size(self) -> int:
        """Bytes on the wire; a constant takes none."""
        return 0 if self.presence == "constant" else self.type.size


@dataclass(frozen=True, eq=False, slots=True)
class Slot:
    """One integer of a header: where it is, or what it always is.

    Attributes:
        offset: bytes from the start of the header; meaningless for a constant.
        constant: its value where the header does not carry it.
    """

    offset: int
    primitive: Primitive
    constant: int | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Header:
    """The message header: a composite of the schema's choosing."""

    composite: CompositeType
    size: int
    template_id: Slot
    block_length: Slot | None
    schema_id: Slot | None
    version: Slot | None
    num_groups: Slot | None
    num_var_data: Slot | None

    def offset(self, member: str) -> int:
        """Bytes from the start of the header to a member of it."""
        found = self.composite.member(member)
        if found is None:
            raise _unknown("header member", member, [m.name for m in self.composite.members])
        return found.offset


@dataclass(frozen=True, eq=False, slots=True)
class GroupDimensions:
    """What precedes the entries of a repeating group."""

    composite: CompositeType
    size: int
    block_length: Slot
    num_in_group: Slot
    num_groups: Slot | None
    num_var_data: Slot | None


@dataclass(frozen=True, eq=False, slots=True)
class VarData:
    """A variable-length field: a length, then that many bytes.

    Attributes:
        size: bytes before the data, the length included.
        character_encoding: Python codec name, None for plain bytes.
    """

    name: str
    composite: CompositeType
    since_version: int
    size: int
    length: Slot
    character_encoding: str | None


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Fixed-size fields, then groups, then var data: a message's body or a group's entry.

    Attributes:
        block_length: bytes of the fields and their padding in this version of the schema.
        since_version: first schema version that sends it.
    """

    name: str
    id: int
    since_version: int
    block_length: int
    fields: tuple[Field, ...]
    groups: tuple[Group, ...]
    data: tuple[VarData, ...]

    def field(self, path: str) -> Field:
        """Find a field, or a member of a composite field by a dotted path."""
        return self._locate(path)[0]

    def offset(self, path: str) -> int:
        """Bytes from the start of the block to a field or a member of a composite field."""
        return self._locate(path)[1]

    def group(self, name: str) -> Group:
        """Find a repeating group that lies directly in this block."""
        for group in self.groups:
            if group.name == name:
                return group
        raise _unknown(f"group of {self.name}", name, [group.name for group in self.groups])

    def var_data(self, name: str) -> VarData:
        """Find a variable-length field that lies directly in this block."""
        for data in self.data:
            if data.name == name:
                return data
        raise _unknown(f"var data of {self.name}", name, [data.name for data in self.data])

    def _locate(self, path: str) -> tuple[Field, int]:
        first, *rest = path.split(".")
        field = next((field for field in self.fields if field.name == first), None)
        if field is None:
            raise _unknown(f"field of {self.name}", first, [field.name for field in self.fields])
        offset = field.offset
        for name in rest:
            composite = field.type
            member = composite.member(name) if isinstance(composite, CompositeType) else None
            if member is None:
                raise _unknown(f"member of {self.name}.{field.name}", name, [])
            field = member
            offset += member.offset
        return field, offset


@dataclass(frozen=True, eq=False, slots=True)
class Group(Block):
    """A repeating group."""

    dimensions: GroupDimensions


@dataclass(frozen=True, eq=False, slots=True)
class Message(Block):
    """A message template; ``id`` is its template id."""


@dataclass(frozen=True, eq=False, slots=True)
class Schema:
    """A whole message schema.

    Attributes:
        source: the file it came from, for error messages.
        byte_order: ``<`` little-endian, ``>`` big-endian; holds for headers and lengths too.
        header: None where the schema defines no composite by the header's name.
        default_dimensions: what an unknown group is taken to start with, where it can be told.
        default_var_data: the same for an unknown variable-length field.
    """

    source: str
    package: str
    id: int
    version: int
    byte_order: Literal["<", ">"]
    header: Header | None
    types: Mapping[str, FieldType]
    messages: tuple[Message, ...]
    default_dimensions: GroupDimensions | None
    default_var_data: VarData | None

    def message(self, name: str) -> Message:
        """Find a message by its name."""
        for message in self.messages:
            if message.name == name:
                return message
        raise _unknown(f"message of {self.source}", name, [m.name for m in self.messages])

    def enum(self, name: str) -> EnumType:
        """Find a top-level enum by its name."""
        found = self.types.get(name)
        if not isinstance(found, EnumType):
            enums = [key for key, value in self.types.items() if isinstance(value, EnumType)]
            raise _unknown(f"enum of {self.source}", name, enums)
        return found

    def blocks(self) -> Iterator[Block]:
        """Every block: each message, then its groups, outer before inner."""
        waiting: list[Block] = list(reversed(self.messages))
        while waiting:
            block = waiting.pop()
            yield block
            waiting.extend(reversed(block.groups))


def _unknown(kind: str, name: str, known: list[str]) -> SchemaError:
    return SchemaError(
        f"no {kind} is named {name!r}",
        expected=f"one of {', '.join(known)}" if known else None,
        next_step="check the spelling against the schema file",
    )
