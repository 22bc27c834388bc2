"""Schemas without XML: tables of a venue's messages, for those whose files are not ours to carry.

::

    DIFF = message("DepthDiffStreamEvent", 10003,
        {"eventTime": "int64", "priceExponent": "int8"},
        groups=[group("bids", {"price": "int64", "qty": "int64"})],
        data=["symbol"],
    )
    SCHEMA = schema("binance", 1, [DIFF])

A field has the name of a primitive type, or an :class:`~zerofeed.codecs.sbe.model.EnumType` that
:func:`enum` makes; fields follow one another without gaps. What comes out is the same
:class:`~zerofeed.codecs.sbe.model.Schema` that XML gives: the header is SBE's of four uint16, groups
begin with a block length and a count, data with a length of one byte and is UTF-8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zerofeed.codecs.sbe.model import (
    PRIMITIVES,
    CompositeType,
    EnumType,
    Field,
    FieldType,
    Group,
    GroupDimensions,
    Header,
    Message,
    ScalarType,
    Schema,
    Slot,
    VarData,
)

__all__ = ["enum", "group", "message", "schema"]

Fields = Mapping[str, str | EnumType]


def _scalar(name: str) -> ScalarType:
    primitive = PRIMITIVES[name]
    return ScalarType(name, primitive, 1, "required", primitive.default_null, None, None)


def _composite(name: str, members: Mapping[str, str]) -> CompositeType:
    fields, size = _fields(members)
    return CompositeType(name, fields, size)


def _fields(named: Fields) -> tuple[tuple[Field, ...], int]:
    fields: list[Field] = []
    end = 0
    for name, kind in named.items():
        type_: FieldType = _scalar(kind) if isinstance(kind, str) else kind
        fields.append(Field(name, type_, end, "required", 0, None))
        end += type_.size
    return tuple(fields), end


def _slot(composite: CompositeType, name: str) -> Slot:
    member = composite.member(name)
    assert member is not None
    assert isinstance(member.type, ScalarType)
    return Slot(member.offset, member.type.primitive)


def _dimensions(count: str) -> GroupDimensions:
    head = _composite("groupSize", {"blockLength": "uint16", "numInGroup": count})
    block, number = _slot(head, "blockLength"), _slot(head, "numInGroup")
    return GroupDimensions(head, head.size, block, number, None, None)


def _var_data(name: str) -> VarData:
    text = ScalarType("uint8", PRIMITIVES["uint8"], 0, "required", 255, None, "utf-8")
    length = Field("length", _scalar("uint8"), 0, "required", 0, None)
    body = Field("varData", text, 1, "required", 0, None)
    head = CompositeType("varString8", (length, body), 1)
    return VarData(name, head, 0, 1, Slot(0, PRIMITIVES["uint8"]), "utf-8")


def enum(name: str, primitive: str, values: Mapping[str, int]) -> EnumType:
    """Make an enum.

    Args:
        name: of the type.
        primitive: name of the integer that is sent.
        values: raw numbers by name.
    """
    kind = PRIMITIVES[primitive]
    names = {raw: each for each, raw in values.items()}
    return EnumType(name, kind, int(kind.default_null), values, names)


def group(
    name: str, fields: Fields, *, count: str = "uint16", data: Sequence[str] = (), number: int = 0
) -> Group:
    """Make a repeating group.

    Args:
        name: of the group.
        fields: of an entry.
        count: primitive of the number of entries.
        data: variable-length texts of an entry.
        number: the schema's own for it.
    """
    made, length = _fields(fields)
    held = tuple(_var_data(each) for each in data)
    return Group(name, number, 0, length, made, (), held, _dimensions(count))


def message(
    name: str,
    template: int,
    fields: Fields,
    *,
    groups: Sequence[Group] = (),
    data: Sequence[str] = (),
) -> Message:
    """Make a message.

    Args:
        name: of the message.
        template: its id.
        fields: of the root block.
        groups: behind it.
        data: variable-length texts behind them.
    """
    made, length = _fields(fields)
    held = tuple(_var_data(each) for each in data)
    return Message(name, template, 0, length, made, tuple(groups), held)


def schema(name: str, number: int, messages: Sequence[Message], *, version: int = 0) -> Schema:
    """Make a schema.

    Args:
        name: what to call it in errors.
        number: its id.
        messages: all of them.
        version: its version.
    """
    names = ("blockLength", "templateId", "schemaId", "version")
    head = _composite("messageHeader", dict.fromkeys(names, "uint16"))
    block, template, schema_id, version_slot = (_slot(head, each) for each in names)
    return Schema(
        source=name,
        package=name,
        id=number,
        version=version,
        byte_order="<",
        header=Header(head, head.size, template, block, schema_id, version_slot, None, None),
        types={},
        messages=tuple(messages),
        default_dimensions=None,
        default_var_data=None,
    )
