"""Messages with a value for every field: what a test does not say is zero, empty, or the first of an enum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zerofeed.codecs.sbe.encoder import encode
from zerofeed.codecs.sbe.model import Block, CompositeType, EnumType, Field, Schema, SetType

__all__ = ["filled", "filled_message"]


def filled(block: Block, values: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the values of a block; those of its groups are lists of such."""
    made: dict[str, Any] = {}
    for field in block.fields:
        if field.presence == "constant":
            continue
        made[field.name] = _value(field, values.get(field.name))
    for group in block.groups:
        made[group.name] = [filled(group, entry) for entry in values.get(group.name, ())]
    unknown = values.keys() - {each.name for each in (*block.fields, *block.groups)}
    assert not unknown, f"{block.name} has no {unknown}"
    return made


def _value(field: Field, given: Any) -> Any:
    kind = field.type
    if isinstance(kind, CompositeType):
        members = [each for each in kind.members if each.presence != "constant"]
        if given is None or isinstance(given, dict):
            of = given or {}
            return {each.name: _value(each, of.get(each.name)) for each in members}
        # A decimal is given by its mantissa alone.
        return {members[0].name: given}
    if given is not None:
        return given
    if isinstance(kind, EnumType):
        return next(iter(kind.values))
    if isinstance(kind, SetType):
        return set()
    if kind.is_text:
        return ""
    return [0] * kind.length if kind.length > 1 else 0


def filled_message(
    schema: Schema,
    name: str,
    values: Mapping[str, Any] | None = None,
    *,
    version: int | None = None,
    length_member: str | None = None,
) -> bytes:
    """Encode a message of which only some values are given."""
    message = schema.message(name)
    return encode(
        schema, name, filled(message, values or {}), version=version, length_member=length_member
    )
