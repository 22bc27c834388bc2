"""The slow, obvious SBE decoder that the compiled one is compared with.

It goes through the bytes once, left to right, with ``struct``, and builds the dictionaries on
the way. It shares the resolved schema with the compiled decoder and nothing else; that the
schema is resolved rightly is for the vectors and the other library to show.
"""

from __future__ import annotations

import math
import struct
from typing import Any

from zerofeed.codecs.sbe.model import (
    Block,
    CompositeType,
    EnumType,
    Field,
    GroupDimensions,
    ScalarType,
    Schema,
    SetType,
    Slot,
    VarData,
)

__all__ = ["NaiveError", "decode"]

NULL = object()
ABSENT = object()


class NaiveError(Exception):
    """The bytes are not a message of the schema."""


def decode(schema: Schema, data: bytes, at: int = 0) -> tuple[str, dict[str, Any], int]:
    """Return the message's name, its values, and the offset after it."""
    return _Decoder(schema, data).message(at)


class _Decoder:
    def __init__(self, schema: Schema, data: bytes) -> None:
        self.schema = schema
        self.data = data
        self.version = schema.version

    def need(self, at: int, size: int) -> None:
        if size < 0 or at + size > len(self.data):
            raise NaiveError(f"{size} bytes at {at} of {len(self.data)}")

    def number(self, at: int, letter: str) -> Any:
        return struct.unpack_from(self.schema.byte_order + letter, self.data, at)[0]

    def slot(self, slot: Slot | None, head: int) -> int | None:
        if slot is None:
            return None
        if slot.constant is not None:
            return slot.constant
        return int(self.number(head + slot.offset, slot.primitive.struct_code))

    def message(self, at: int) -> tuple[str, dict[str, Any], int]:
        header = self.schema.header
        assert header is not None
        self.need(at, header.size)
        schema_id = self.slot(header.schema_id, at)
        if schema_id is not None and schema_id != self.schema.id:
            raise NaiveError("schema")
        template_id = self.slot(header.template_id, at)
        found = [message for message in self.schema.messages if message.id == template_id]
        if not found:
            raise NaiveError("template")
        version = self.slot(header.version, at)
        self.version = self.schema.version if version is None else version
        length = self.slot(header.block_length, at)
        groups, data = self.slot(header.num_groups, at), self.slot(header.num_var_data, at)
        length = found[0].block_length if length is None else length
        values, end = self.block(found[0], at + header.size, length, groups, data)
        return found[0].name, values, end

    def block(
        self, block: Block | None, at: int, length: int, groups: int | None, data: int | None
    ) -> tuple[dict[str, Any], int]:
        """Decode a root block or entry, and the groups and data after it; None: skip it."""
        self.need(at, length)
        values: dict[str, Any] = {}
        if block is not None:
            for field in block.fields:
                values[field.name] = self.plain(self.field(field, at, length, optional=False))
        at += length
        for group in block.groups if block is not None else ():
            values[group.name] = []
            if group.since_version > self.version or groups == 0:
                continue
            groups = None if groups is None else groups - 1
            values[group.name], at = self.group(group, group.dimensions, at)
        for _ in range(groups or 0):
            if self.schema.default_dimensions is None:
                raise NaiveError("a group of unknown form")
            _, at = self.group(None, self.schema.default_dimensions, at)
        for item in block.data if block is not None else ():
            values[item.name] = None
            if item.since_version > self.version or data == 0:
                continue
            data = None if data is None else data - 1
            values[item.name], at = self.var_data(item, at)
        for _ in range(data or 0):
            if self.schema.default_var_data is None:
                raise NaiveError("data of unknown form")
            _, at = self.var_data(self.schema.default_var_data, at)
        return values, at

    def group(
        self, group: Block | None, dimensions: GroupDimensions, at: int
    ) -> tuple[list[dict[str, Any]], int]:
        self.need(at, dimensions.size)
        length = self.slot(dimensions.block_length, at)
        count = self.slot(dimensions.num_in_group, at)
        groups = self.slot(dimensions.num_groups, at)
        data = self.slot(dimensions.num_var_data, at)
        assert length is not None
        assert count is not None
        at += dimensions.size
        entries = []
        for _ in range(count):
            before = at
            entry, at = self.block(group, at, length, groups, data)
            entries.append(entry)
            if at == before and count > 255:
                raise NaiveError("many entries of nothing")
        return entries, at

    def var_data(self, item: VarData, at: int) -> tuple[str | bytes, int]:
        self.need(at, item.size)
        length = self.slot(item.length, at)
        assert length is not None
        at += item.size
        self.need(at, length)
        raw = self.data[at : at + length]
        if item.character_encoding is None:
            return raw, at + length
        return raw.decode(item.character_encoding, "backslashreplace"), at + length

    def field(self, field: Field, base: int, room: int, *, optional: bool) -> Any:
        """Decode one field of a block at ``base`` with ``room`` bytes, or NULL, or ABSENT."""
        optional = optional or field.presence == "optional"
        if field.since_version > self.version:
            return ABSENT
        if field.presence == "constant":
            return field.constant
        kind = field.type
        if isinstance(kind, CompositeType):
            return self.composite(field, kind, base, room, optional=optional)
        if field.offset + kind.size > room:
            return ABSENT
        at = base + field.offset
        if isinstance(kind, ScalarType) and kind.is_text and kind.length != 1:
            raw = self.data[at : at + kind.length]
            if optional and set(raw) <= {0}:
                return ABSENT
            text = raw[: raw.index(0)] if 0 in raw else raw
            return text.decode(kind.character_encoding or "ascii", "backslashreplace").rstrip(" ")
        if isinstance(kind, ScalarType) and kind.length != 1:
            size = kind.primitive.size
            numbers = [self.scalar(kind, at + i * size, optional) for i in range(kind.length)]
            return NULL if all(number is NULL for number in numbers) else numbers
        return self.scalar(kind, at, optional)

    def composite(
        self, field: Field, kind: CompositeType, base: int, room: int, *, optional: bool
    ) -> Any:
        base, room = base + field.offset, room - field.offset
        values = {m.name: self.field(m, base, room, optional=optional) for m in kind.members}
        sent = [values[m.name] for m in kind.members if m.presence != "constant"]
        if sent and all(value is ABSENT for value in sent):
            return ABSENT
        if optional and sent and all(value is NULL for value in sent):
            return NULL
        return {name: self.plain(value) for name, value in values.items()}

    def scalar(self, kind: ScalarType | EnumType | SetType, at: int, optional: bool) -> Any:
        raw = self.number(at, kind.primitive.struct_code)
        if isinstance(kind, EnumType):
            names = {value: name for name, value in reversed(kind.values.items())}
            return names.get(raw, NULL if raw == kind.null else raw)
        if isinstance(kind, SetType):
            return tuple(name for name, bit in kind.choices.items() if raw & (1 << bit))
        if optional and (raw == kind.null or (math.isnan(kind.null) and math.isnan(raw))):
            return NULL
        if kind.is_text:
            return bytes([raw]).decode("ascii", "backslashreplace") if raw else ""
        return raw

    def plain(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.plain(element) for element in value]
        return None if value is NULL or value is ABSENT else value
