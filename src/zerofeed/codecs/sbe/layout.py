"""Where the bytes of a block are: its leaves, and the NumPy dtype that views them in place.

A *leaf* is what is left when composites are taken apart: one number, one array of numbers, or
one fixed-length text. A leaf of a received block may be read only if both hold:

* its ``since_version`` is not above the version in the message's header, and
* it ends within the block length in the message's header (or the group's dimensions).

The second alone is not enough: a version 9 sender may already have sent, as padding, the
bytes that version 10 gave a meaning to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zerofeed.codecs.sbe._words import CODE_TEXT
from zerofeed.codecs.sbe.model import (
    Block,
    CompositeType,
    EnumType,
    Field,
    ScalarType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BlockDtypes", "Leaf", "block_dtype", "field_leaves", "leaves"]

_MAX_DTYPES = 1024


@dataclass(frozen=True, eq=False, slots=True)
class Leaf:
    """One number, array of numbers or text at a fixed place of a block.

    Attributes:
        path: dotted name, ``engine.booster.horsePower``.
        offset: bytes from the start of the block.
        size: bytes, of the whole array or text.
        code: a primitive's code, or that of a text of more than one character.
        cells: elements; one for a text.
        since_version: first schema version that sends it.
        null: raw value that means "no value", or None where every value is one.
    """

    path: str
    offset: int
    size: int
    code: int
    cells: int
    since_version: int
    null: int | float | None

    def is_readable(self, version: int, block_length: int) -> bool:
        """True if a block of this version and length carries the leaf."""
        return self.since_version <= version and self.offset + self.size <= block_length


def leaves(block: Block) -> tuple[Leaf, ...]:
    """List the leaves of a block, in the order of the schema; constants have none."""
    return tuple(leaf for field in block.fields for leaf in field_leaves(field))


def field_leaves(
    field: Field, path: str = "", offset: int = 0, since: int = 0, *, is_optional: bool = False
) -> Iterator[Leaf]:
    """List the leaves of one field.

    Args:
        field: the field, or a member of a composite.
        path: dotted name of what holds it.
        offset: bytes from the start of the block to what holds it.
        since: version that what holds it needs.
        is_optional: True makes every number below nullable, because the composite field is.
    """
    if field.presence == "constant":
        return
    path = f"{path}.{field.name}" if path else field.name
    offset += field.offset
    since = max(since, field.since_version)
    is_optional = is_optional or field.presence == "optional"
    kind = field.type
    if isinstance(kind, CompositeType):
        for member in kind.members:
            yield from field_leaves(member, path, offset, since, is_optional=is_optional)
        return
    code, cells, null = kind.primitive.code, 1, None
    if isinstance(kind, ScalarType):
        if kind.is_text and kind.length != 1:
            code = CODE_TEXT
        else:
            cells = kind.length
            null = kind.null if is_optional else None
    elif isinstance(kind, EnumType) and kind.null not in kind.names:
        null = kind.null
    yield Leaf(path, offset, kind.size, code, cells, since, null)


class BlockDtypes:
    """Structured dtypes of received blocks, each made once.

    Args:
        byte_order: ``<`` or ``>``.
    """

    def __init__(self, byte_order: str) -> None:
        self._byte_order = byte_order
        self._made: dict[tuple[Block, int, int], np.dtype[np.void]] = {}

    def of(self, block: Block, version: int, block_length: int) -> np.dtype[np.void]:
        """Get the dtype of a block as received; see :func:`block_dtype`."""
        key = (block, version, block_length)
        found = self._made.get(key)
        if found is None:
            # Versions and lengths come from outside: a hostile sender must not fill memory.
            if len(self._made) >= _MAX_DTYPES:
                self._made.clear()
            found = self._made[key] = block_dtype(block, self._byte_order, version, block_length)
        return found


def block_dtype(
    block: Block, byte_order: str, version: int, block_length: int
) -> np.dtype[np.void]:
    """Make the structured dtype that views a received block in place.

    Args:
        block: the block's definition.
        byte_order: ``<`` or ``>``.
        version: version in the message's header.
        block_length: bytes of the block as received; becomes the item size.

    Returns:
        A dtype with the readable fields only: composites nested, fixed arrays as
        sub-arrays, text as bytes, enums and sets as their raw integers. No constants.
    """
    names: list[str] = []
    formats: list[Any] = []
    offsets: list[int] = []
    for field in block.fields:
        if field.since_version > version or field.presence == "constant":
            continue
        form = _format(field, byte_order, version, block_length - field.offset)
        if form is not None:
            names.append(field.name)
            formats.append(form)
            offsets.append(field.offset)
    return np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": block_length}
    )


def _format(field: Field, byte_order: str, version: int, room: int) -> Any:
    """Give the NumPy format of a field, None if it does not fit into the room left."""
    kind = field.type
    if not isinstance(kind, CompositeType):
        if field.size > room or field.size == 0:
            return None
        code = kind.primitive.numpy_code
        length = kind.length if isinstance(kind, ScalarType) else 1
        if kind.primitive.is_char:
            return f"S{length}"
        scalar = np.dtype(byte_order + code)
        return (scalar, (length,)) if length != 1 else scalar
    names: list[str] = []
    formats: list[Any] = []
    offsets: list[int] = []
    for member in kind.members:
        if member.presence == "constant" or member.since_version > version:
            continue
        form = _format(member, byte_order, version, room - member.offset)
        if form is not None:
            names.append(member.name)
            formats.append(form)
            offsets.append(member.offset)
    if not names:
        return None
    return np.dtype(
        {
            "names": names,
            "formats": formats,
            "offsets": offsets,
            "itemsize": max(1, min(kind.size, room)),
        }
    )
