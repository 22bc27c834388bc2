"""Random schemas, and random values for the blocks of a schema."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from zerofeed.codecs.sbe.model import (
    Block,
    CompositeType,
    EnumType,
    Field,
    ScalarType,
    SetType,
)

__all__ = ["block_values", "schema_texts"]

_INTEGERS = "uint8 int8 uint16 int16 uint32 int32 uint64 int64".split()  # noqa: SIM905
_TYPES = (
    [f'type="{name}"' for name in [*_INTEGERS, "float", "double", "char"]]
    + [f'type="{name}" presence="optional"' for name in ["uint8", "int64", "uint64", "double"]]
    + [f'type="{name}"' for name in ["Text", "Numbers", "Side", "Flags", "Price", "Mixed"]]
    + ['type="Price" presence="optional"', 'type="Side" presence="constant" valueRef="Side.buy"']
)
_TYPE_BLOCK = """
<types>
  <type name="Text" primitiveType="char" length="5"/>
  <type name="Numbers" primitiveType="int16" length="3"/>
  <enum name="Side" encodingType="int8">
    <validValue name="buy">1</validValue><validValue name="sell">-1</validValue>
  </enum>
  <set name="Flags" encodingType="uint16">
    <choice name="one">1</choice><choice name="nine">9</choice>
  </set>
  <composite name="Price">
    <type name="mantissa" primitiveType="int32"/>
    <type name="exponent" primitiveType="int8"/>
  </composite>
  <composite name="Mixed">
    <ref name="side" type="Side"/>
    <type name="null" primitiveType="uint16" presence="optional" offset="3"/>
    <ref name="price" type="Price"/>
    <type name="fixed" primitiveType="uint8" presence="constant">4</type>
  </composite>
</types>
"""


@st.composite
def schema_texts(draw: st.DrawFn) -> str:
    """Draw the XML of a schema of a few messages."""
    order = draw(st.sampled_from(["littleEndian", "bigEndian"]))
    counts = draw(st.sampled_from(["", "counted"]))
    kinds = st.sampled_from(["uint8", "uint16", "uint32"])
    extra = (
        '<type name="numGroups" primitiveType="uint8"/>'
        '<type name="numVarDataFields" primitiveType="uint16"/>'
        if counts
        else ""
    )
    pad = draw(st.integers(0, 3))
    types = f"""
<types>
  <composite name="messageHeader">
    <type name="templateId" primitiveType="{draw(kinds)}"/>
    <type name="blockLength" primitiveType="uint16"/>
    <type name="version" primitiveType="uint16"/>
    {draw(st.sampled_from(["", '<type name="schemaId" primitiveType="uint16"/>']))}
    {extra}
  </composite>
  <composite name="groupSizeEncoding">
    <type name="blockLength" primitiveType="uint16"/>
    <type name="numInGroup" primitiveType="{draw(kinds)}" offset="{2 + pad}"/>
    {extra}
  </composite>
  <composite name="bytesEncoding">
    <type name="length" primitiveType="{draw(kinds)}"/>
    <type name="varData" primitiveType="uint8" length="0"/>
  </composite>
  <composite name="textEncoding">
    <type name="length" primitiveType="{draw(kinds)}"/>
    <type name="varData" primitiveType="uint8" length="0" characterEncoding="UTF-8"/>
  </composite>
</types>
"""
    version = draw(st.integers(0, 3))
    messages = "".join(
        f'<message name="M{i}" id="{i + 1}">{draw(_bodies(0, version))}</message>'
        for i in range(draw(st.integers(1, 2)))
    )
    return (
        f'<messageSchema id="3" version="{version}" byteOrder="{order}">'
        f"{types}{_TYPE_BLOCK}{messages}</messageSchema>"
    )


@st.composite
def _bodies(draw: st.DrawFn, depth: int, version: int) -> str:
    since = st.integers(0, version)
    parts: list[str] = []
    for i, first in enumerate(sorted(draw(st.lists(since, max_size=5)))):
        kind = draw(st.sampled_from(_TYPES))
        parts.append(f'<field name="f{i}" id="{i}" {kind} sinceVersion="{first}"/>')
    if depth < 2:
        for i, first in enumerate(sorted(draw(st.lists(since, max_size=2)))):
            body = draw(_bodies(depth + 1, version))
            parts.append(f'<group name="g{i}" id="{i}" sinceVersion="{first}">{body}</group>')
    for i, first in enumerate(sorted(draw(st.lists(since, max_size=2)))):
        kind = draw(st.sampled_from(["bytesEncoding", "textEncoding"]))
        parts.append(f'<data name="d{i}" id="{i}" type="{kind}" sinceVersion="{first}"/>')
    return "".join(parts)


@st.composite
def block_values(draw: st.DrawFn, block: Block) -> dict[str, Any]:
    """Draw values for a block, exactly as ``to_dict`` would give them back."""
    values: dict[str, Any] = {
        field.name: draw(_field_values(field, optional=False)) for field in block.fields
    }
    for group in block.groups:
        values[group.name] = draw(st.lists(block_values(group), max_size=3))
    for data in block.data:
        texts = st.text(st.characters(codec=data.character_encoding or "utf-8"), max_size=6)
        if data.character_encoding is None:
            values[data.name] = draw(st.binary(max_size=6))
        else:
            values[data.name] = draw(texts)
    return values


def _field_values(field: Field, *, optional: bool) -> st.SearchStrategy[Any]:
    if field.presence == "constant":
        return st.just(field.constant)
    optional = optional or field.presence == "optional"
    kind = field.type
    if isinstance(kind, CompositeType):
        # An optional composite is given whole or not at all: nothing between has one reading.
        whole = st.fixed_dictionaries(
            {m.name: _field_values(m, optional=False).filter(_not_null(m)) for m in kind.members}
            if optional
            else {m.name: _field_values(m, optional=False) for m in kind.members}
        )
        return st.none() | whole if optional else whole
    if isinstance(kind, EnumType):
        low, high = _range(kind.primitive.name)
        unknown = st.integers(low, high).filter(
            lambda raw: raw != kind.null and raw not in kind.names
        )
        return st.sampled_from([*kind.values, None]) | unknown
    if isinstance(kind, SetType):
        names = list(kind.choices)
        return st.sets(st.sampled_from(names)).map(
            lambda chosen: tuple(name for name in names if name in chosen)
        )
    return _scalar_values(kind, optional=optional)


def _scalar_values(kind: ScalarType, *, optional: bool) -> st.SearchStrategy[Any]:
    if kind.is_text:
        first = 1 if optional else 0
        letters = st.text(
            st.characters(min_codepoint=33, max_codepoint=126), min_size=first, max_size=kind.length
        )
        return st.none() | letters if optional else letters
    if kind.primitive.is_float:
        one: st.SearchStrategy[Any] = st.floats(
            width=8 * kind.primitive.size, allow_nan=False
        ).filter(lambda value: not optional or value != kind.null)
    else:
        low, high = _range(kind.primitive.name)
        one = st.sampled_from([low, high]) | st.integers(low, high)
        if optional:
            one = one.filter(lambda value: value != kind.null)
    if kind.length != 1:
        one = st.lists(one, min_size=kind.length, max_size=kind.length)
    return st.none() | one if optional else one


def _not_null(member: Field) -> Any:
    null = getattr(member.type, "null", None)

    def is_value(value: Any) -> bool:
        return value is not None and (value != null or isinstance(value, str | dict | tuple))

    if isinstance(null, float) and math.isnan(null):
        return lambda value: value is not None
    return is_value


def _range(name: str) -> tuple[int, int]:
    bits = int(name.lstrip("uint") if name != "char" else "8")
    if name.startswith("u") or name == "char":
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
