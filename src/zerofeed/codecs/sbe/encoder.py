"""Encodes plain Python values as SBE messages, driven by the same schema as the decoder.

For the embedded venue, for tests and for captures of one's own; it is not on the hot path.
``encode(schema, name, view.to_dict())`` gives back the message, as far as its values are
known to the schema: unknown set bits and bytes of padding are not kept.

A value that a block needs and the caller does not give is an error, except where the schema
has a way to say "nothing": null of an optional field or enum, an empty set, group or var data.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.sbe.model import (
    Block,
    CompositeType,
    EnumType,
    Field,
    FieldType,
    Group,
    Primitive,
    ScalarType,
    Schema,
    SetType,
    Slot,
    VarData,
)

__all__ = ["encode", "encode_body"]

Values = Mapping[str, Any]


def encode(
    schema: Schema,
    name: str,
    values: Values,
    *,
    version: int | None = None,
    length_member: str | None = None,
) -> bytes:
    """Encode one message, header included.

    Args:
        schema: the schema.
        name: the message.
        values: by field, group and var data, of the types that ``to_dict`` gives; enums also
            by raw value, sets also as an integer. Constants are ignored.
        version: version to send; the schema's if None. What came later is left out, and a
            block that loses fields ends after the last one that remains.
        length_member: header member that receives the bytes of the whole message.

    Returns:
        The message.

    Raises:
        SchemaError: the schema has no such message.
        ConfigurationError: a value is missing, unknown, of the wrong type or out of range.
    """
    message = schema.message(name)
    encoder = _Encoder(schema, schema.version if version is None else version)
    body = encoder.body(message, values, name)
    header = schema.header
    assert header is not None
    out = bytearray(header.size)
    encoder.slot(out, header.template_id, message.id, name)
    encoder.slot(out, header.block_length, encoder.block_length(message), name)
    encoder.slot(out, header.schema_id, schema.id, name)
    encoder.slot(out, header.version, encoder.version, name)
    encoder.slot(out, header.num_groups, encoder.count_sent(message.groups), name)
    encoder.slot(out, header.num_var_data, encoder.count_sent(message.data), name)
    if length_member is not None:
        member = header.composite.member(length_member)
        if member is None or isinstance(member.type, CompositeType):
            _fail("the header has no such member", name, got=length_member)
        slot = Slot(member.offset, member.type.primitive)
        encoder.slot(out, slot, len(out) + len(body), name)
    return bytes(out + body)


def encode_body(schema: Schema, name: str, values: Values, *, version: int | None = None) -> bytes:
    """Encode one message without its header; otherwise like :func:`encode`."""
    encoder = _Encoder(schema, schema.version if version is None else version)
    return bytes(encoder.body(schema.message(name), values, name))


def _fail(what: str, where: str, *, expected: object = None, got: object = None) -> NoReturn:
    raise ConfigurationError(
        what,
        where=where,
        expected=expected,
        got=got,
        next_step="correct the values given to the encoder",
    )


class _Encoder:
    def __init__(self, schema: Schema, version: int) -> None:
        self.byte_order = schema.byte_order
        self.version = version

    def count_sent(self, children: Sequence[Group] | Sequence[VarData]) -> int:
        """Count the groups or var data that this version sends."""
        return sum(child.since_version <= self.version for child in children)

    def block_length(self, block: Block) -> int:
        """Bytes of a block in this version."""
        sent = [field for field in block.fields if field.since_version <= self.version]
        if len(sent) == len(block.fields):
            return block.block_length
        return max((field.offset + field.size for field in sent), default=0)

    def body(self, block: Block, values: Values, where: str) -> bytearray:
        """Encode the fields, groups and var data of a message or an entry."""
        if not isinstance(values, Mapping):
            _fail("not a mapping", where, expected="values by name", got=type(values).__name__)
        known = {field.name for field in block.fields}
        known.update(group.name for group in block.groups)
        known.update(data.name for data in block.data)
        unknown = [name for name in values if name not in known]
        if unknown:
            _fail("the schema has no such field", where, expected=sorted(known), got=unknown)
        out = bytearray(self.block_length(block))
        for field in block.fields:
            if field.since_version <= self.version:
                value = values.get(field.name)
                self._field(out, field, 0, value, f"{where}.{field.name}", is_optional=False)
        for group in block.groups:
            if group.since_version <= self.version:
                out += self._group(group, values.get(group.name) or (), f"{where}.{group.name}")
        for data in block.data:
            if data.since_version <= self.version:
                out += self._var_data(data, values.get(data.name), f"{where}.{data.name}")
        return out

    def slot(self, out: bytearray, slot: Slot | None, value: int, where: str) -> None:
        """Write one integer of a header, if the header has it."""
        if slot is None:
            return
        if slot.constant is None:
            self._pack(out, slot.primitive, slot.offset, value, where)
        elif slot.constant != value:
            _fail("the schema fixes another value", where, expected=slot.constant, got=value)

    def _group(self, group: Group, entries: Sequence[Values], where: str) -> bytearray:
        dimensions = group.dimensions
        out = bytearray(dimensions.size)
        self.slot(out, dimensions.block_length, self.block_length(group), where)
        self.slot(out, dimensions.num_in_group, len(entries), where)
        self.slot(out, dimensions.num_groups, self.count_sent(group.groups), where)
        self.slot(out, dimensions.num_var_data, self.count_sent(group.data), where)
        for i, entry in enumerate(entries):
            out += self.body(group, entry, f"{where}[{i}]")
        return out

    def _var_data(self, data: VarData, value: Any, where: str) -> bytearray:
        if value is None:
            value = b""
        raw = self._text(value, data.character_encoding or "utf-8", where)
        out = bytearray(data.size)
        self.slot(out, data.length, len(raw), where)
        return out + raw

    def _field(
        self, out: bytearray, field: Field, base: int, value: Any, where: str, *, is_optional: bool
    ) -> None:
        """Write one field whose block or composite starts at ``base``."""
        if field.presence == "constant":
            return
        is_optional = is_optional or field.presence == "optional"
        at = base + field.offset
        kind = field.type
        if isinstance(kind, CompositeType):
            self._composite(out, kind, at, value, where, is_optional=is_optional)
        elif isinstance(kind, ScalarType) and kind.length != 1:
            self._array(out, kind, at, value, where, is_optional=is_optional)
        else:
            raw = self._raw(kind, value, where, is_optional=is_optional)
            self._pack(out, kind.primitive, at, raw, where)

    def _composite(
        self,
        out: bytearray,
        kind: CompositeType,
        at: int,
        value: Any,
        where: str,
        *,
        is_optional: bool,
    ) -> None:
        members = {} if value is None else value
        if not isinstance(members, Mapping):
            _fail("not a mapping", where, expected="values by member", got=repr(value))
        unknown = [name for name in members if kind.member(name) is None]
        if unknown:
            _fail("the composite has no such member", where, got=unknown)
        for member in kind.members:
            if member.since_version <= self.version:
                inside = f"{where}.{member.name}"
                given = members.get(member.name)
                self._field(out, member, at, given, inside, is_optional=is_optional)

    def _array(
        self,
        out: bytearray,
        kind: ScalarType,
        at: int,
        value: Any,
        where: str,
        *,
        is_optional: bool,
    ) -> None:
        if kind.is_text:
            if value is None and not is_optional:
                _fail("a required value is missing", where, expected="text")
            raw = self._text(value or "", kind.character_encoding or "ascii", where)
            if len(raw) > kind.length:
                _fail("text is too long", where, expected=f"{kind.length} bytes", got=len(raw))
            out[at : at + len(raw)] = raw
            return
        elements = [None] * kind.length if value is None else list(value)
        if len(elements) != kind.length:
            _fail("wrong number of elements", where, expected=kind.length, got=len(elements))
        for i, element in enumerate(elements):
            raw_element = self._raw(kind, element, f"{where}[{i}]", is_optional=is_optional)
            self._pack(out, kind.primitive, at + i * kind.primitive.size, raw_element, where)

    def _raw(self, kind: FieldType, value: Any, where: str, *, is_optional: bool) -> int | float:
        """Turn one value into the number that is sent."""
        if isinstance(kind, EnumType):
            if value is None:
                return kind.null
            if isinstance(value, str):
                if value not in kind.values:
                    _fail(
                        "the enum has no such value", where, expected=list(kind.values), got=value
                    )
                return kind.values[value]
            return int(value)
        if isinstance(kind, SetType):
            return self._set(kind, value, where)
        assert isinstance(kind, ScalarType)
        if value is None:
            if not is_optional:
                _fail("a required value is missing", where, expected=kind.primitive.name)
            return kind.null
        if kind.is_text and isinstance(value, str | bytes):
            raw = self._text(value, kind.character_encoding or "ascii", where)
            if len(raw) > 1:
                _fail("text is too long", where, expected="one character", got=repr(value))
            return raw[0] if raw else 0
        if not isinstance(value, int | float) and not hasattr(value, "__index__"):
            _fail("not a number", where, expected=kind.primitive.name, got=repr(value))
        return value

    def _set(self, kind: SetType, value: Any, where: str) -> int:
        if value is None:
            return 0
        if isinstance(value, int):
            return value
        bits = 0
        for name in value:
            if name not in kind.choices:
                _fail("the set has no such choice", where, expected=list(kind.choices), got=name)
            bits |= 1 << kind.choices[name]
        return bits

    def _text(self, value: Any, encoding: str, where: str) -> bytes:
        if isinstance(value, str):
            try:
                return value.encode(encoding)
            except UnicodeEncodeError:
                _fail("text outside its encoding", where, expected=encoding, got=repr(value))
        if not isinstance(value, bytes | bytearray | memoryview):
            _fail("not text", where, expected="str or bytes", got=repr(value))
        return bytes(value)

    def _pack(self, out: bytearray, primitive: Primitive, at: int, value: Any, where: str) -> None:
        try:
            struct.pack_into(self.byte_order + primitive.struct_code, out, at, value)
        except (struct.error, OverflowError, TypeError):
            _fail("the value does not fit", where, expected=primitive.name, got=repr(value))
