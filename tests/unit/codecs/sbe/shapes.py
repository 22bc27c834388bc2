"""What a version of a schema says of a block, to compare one schema with another."""

from __future__ import annotations

from typing import Any

from zerofeed.codecs.sbe.layout import leaves
from zerofeed.codecs.sbe.model import Block

__all__ = ["shape_of"]


def shape_of(block: Block, version: int, *, is_named: bool = True) -> Any:
    """List where the fields are, what their nulls are, and the same of the groups.

    Args:
        block: the block.
        version: fields and groups that are newer are left out.
        is_named: False leaves names out, too.
    """
    fields = [
        (leaf.path if is_named else "", leaf.offset, leaf.size, leaf.code, leaf.cells, leaf.null)
        for leaf in leaves(block)
        if leaf.since_version <= version
    ]
    groups = [
        (
            group.name if is_named else "",
            group.dimensions.size,
            group.dimensions.num_in_group.offset,
            shape_of(group, version, is_named=is_named),
        )
        for group in block.groups
        if group.since_version <= version
    ]
    return fields, groups
