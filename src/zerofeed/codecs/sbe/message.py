"""Messages seen in place: views of a root block, of groups and their entries, of var data.

A view copies none of the message. It holds the buffer and the few rows that say where the
parts are, and is valid as long as the bytes are; over a ring that is being written, check
afterwards that the writer has not come round.

==================  ===========================================================================
``view.root``       the fixed fields, one element of a structured array over the buffer
``view.group(n)``   a :class:`GroupView`: ``len``, iteration, ``array`` where there is a stride
``view.data(n)``    the bytes of a variable-length field; ``text(n)`` as str
``view.to_dict()``  all of it copied into plain Python values
==================  ===========================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import zerofeed.codecs.sbe._words as w
from zerofeed.codecs.sbe._cell_kernels import read_cells
from zerofeed.codecs.sbe._values import CellReader, text_of
from zerofeed.codecs.sbe.model import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from zerofeed.codecs._bytes import Bytes
    from zerofeed.codecs.sbe.layout import BlockDtypes
    from zerofeed.codecs.sbe.model import Block, Group
    from zerofeed.codecs.sbe.program import Program

__all__ = ["BlockView", "GroupView", "MessageView"]


class BlockView:
    """A message's root or one entry of a group: fixed fields, groups, var data.

    Attributes:
        definition: the block in the schema.
        offset: bytes from the start of the buffer to the block.
        block_length: bytes of the block as received.
    """

    __slots__ = ("_cell", "_message", "_row", "block_length", "definition", "offset")

    def __init__(
        self, message: MessageView, definition: Block, row: int, offset: int, length: int, cell: int
    ) -> None:
        self._message = message
        self._row = row
        self._cell = cell
        self.definition = definition
        self.offset = offset
        self.block_length = length

    @property
    def block(self) -> np.void:
        """The fixed fields in place, as one element of a structured array."""
        message = self._message
        dtype = message.dtypes.of(self.definition, message.version, self.block_length)
        element: np.void = _array(message.buffer, dtype, self.offset, 1)[0]
        return element

    def group(self, name: str) -> GroupView:
        """Get a repeating group; one that this version does not send is empty.

        Raises:
            SchemaError: the block has no such group.
        """
        definition = self.definition.group(name)
        return GroupView(self._message, definition, self._child(definition))

    def data(self, name: str) -> Bytes | None:
        """Get the bytes of a variable-length field in place; None if it is not sent.

        Raises:
            SchemaError: the block has no such field.
        """
        row = self._child(self.definition.var_data(name))
        if row < 0:
            return None
        spans = self._message.spans
        at = int(spans[row, w.S_AT])
        return self._message.buffer[at : at + int(spans[row, w.S_LENGTH])]

    def text(self, name: str) -> str | None:
        """Get a variable-length field as text; None if it is not sent.

        Raises:
            SchemaError: the block has no such field.
        """
        raw = self.data(name)
        if raw is None:
            return None
        encoding = self.definition.var_data(name).character_encoding
        return text_of(raw.tobytes(), encoding or "utf-8")

    def to_dict(self) -> dict[str, Any]:
        """Copy everything into plain Python values; see ``_values`` for the types."""
        reader = self._message.cell_reader(self._cell)
        values = {field.name: reader.value(field) for field in self.definition.fields}
        for group in self.definition.groups:
            values[group.name] = [entry.to_dict() for entry in self.group(group.name)]
        for data in self.definition.data:
            if data.character_encoding is not None:
                values[data.name] = self.text(data.name)
            else:
                raw = self.data(data.name)
                values[data.name] = None if raw is None else raw.tobytes()
        return values

    def _child(self, definition: object) -> int:
        """Find the row of a group or var data of this block; -1 if it is not sent."""
        if self._row < 0:
            return -1
        spans = self._message.spans
        nodes = self._message.program.nodes
        row = self._row + 1
        while row < spans[self._row, w.S_NEXT]:
            if nodes[spans[row, w.S_NODE]] is definition:
                return row if spans[row, w.S_AT] >= 0 else -1
            row = int(spans[row, w.S_NEXT])
        return -1


class MessageView(BlockView):
    """One message, in place.

    Attributes:
        program: the compiled schema.
        dtypes: dtypes of the schema's blocks.
        buffer: the bytes that offsets count in.
        header_offset: offset of the message header, or of the body if it came without one.
        end: offset after the message.
        template_id: from the header.
        schema_id: from the header; -1 if it has none.
        version: version that the message was sent in.
        spans: int64 (rows, 8) table of its parts, see ``_walk_kernels``.
    """

    __slots__ = (
        "_cells",
        "buffer",
        "dtypes",
        "end",
        "header_offset",
        "program",
        "schema_id",
        "spans",
        "template_id",
        "version",
    )

    definition: Message

    def __init__(
        self,
        program: Program,
        dtypes: BlockDtypes,
        buffer: Bytes,
        at: int,
        spans: NDArray[np.int64],
        result: NDArray[np.int64],
    ) -> None:
        end, node, template_id, schema_id, version, _, cells, _ = result.tolist()
        definition = program.nodes[node]
        assert isinstance(definition, Message)
        super().__init__(self, definition, 0, int(spans[0, w.S_AT]), int(spans[0, w.S_LENGTH]), 0)
        self._cells: int | tuple[list[int], list[float], list[int]] = cells
        self.program = program
        self.dtypes = dtypes
        self.buffer = buffer
        self.header_offset = at
        self.end = end
        self.template_id = template_id if template_id >= 0 else definition.id
        self.schema_id = schema_id
        self.version = version
        self.spans = spans

    @property
    def name(self) -> str:
        """Name of the message in the schema."""
        return self.definition.name

    @property
    def root(self) -> np.void:
        """The fixed fields in place, as one element of a structured array."""
        return self.block

    def cell_reader(self, cell: int) -> CellReader:
        """Make a reader of this message's cells from one on; they are filled at the first call."""
        if isinstance(self._cells, int):
            ints = np.zeros(self._cells, np.int64)
            floats = np.zeros(self._cells, np.float64)
            states = np.zeros(self._cells, np.int64)
            read_cells(
                self.program.code,
                self.buffer,
                self.spans,
                len(self.spans),
                self.version,
                ints,
                floats,
                states,
            )
            self._cells = (ints.tolist(), floats.tolist(), states.tolist())
        return CellReader(self.buffer, *self._cells, self.version, cell)


class GroupView:
    """The entries of a repeating group.

    Attributes:
        definition: the group in the schema.
        block_length: bytes of one entry's block as received.
        is_strided: True if the entries lie at equal distances, so that ``array`` works.
    """

    __slots__ = (
        "_count",
        "_message",
        "_offset",
        "_row",
        "block_length",
        "definition",
        "is_strided",
    )

    def __init__(self, message: MessageView, definition: Group, row: int) -> None:
        self._message = message
        self._row = row
        self.definition = definition
        if row < 0:
            self._count = self._offset = self.block_length = 0
            self.is_strided = True
            return
        self._offset, self.block_length, self._count, _, after = message.spans[
            row, w.S_AT : w.S_NEXT + 1
        ].tolist()
        self.is_strided = after == row + 1

    def __len__(self) -> int:
        return self._count

    @property
    def array(self) -> NDArray[np.void]:
        """The entries in place, as a structured array.

        Raises:
            ValueError: the entries hold groups or var data, so their distances differ.
        """
        if not self.is_strided:
            raise ValueError(
                f"entries of {self.definition.name} hold groups or var data and have no stride; "
                "iterate over them instead"
            )
        message = self._message
        dtype = message.dtypes.of(self.definition, message.version, self.block_length)
        return _array(message.buffer, dtype, self._offset, self._count)

    def __iter__(self) -> Iterator[BlockView]:
        message, definition, length = self._message, self.definition, self.block_length
        if self._count == 0:
            return
        spans = message.spans
        if self.is_strided:
            node = message.program.number[definition]
            cells = sum(leaf.cells for leaf in message.program.leaves[node])
            first = int(spans[self._row, w.S_CELL])
            for i in range(self._count):
                yield BlockView(
                    message, definition, -1, self._offset + i * length, length, first + i * cells
                )
            return
        row = self._row + 1
        for _ in range(self._count):
            at, cell = int(spans[row, w.S_AT]), int(spans[row, w.S_CELL])
            yield BlockView(message, definition, row, at, length, cell)
            row = int(spans[row, w.S_NEXT])


def _array(buffer: Bytes, dtype: np.dtype[np.void], at: int, count: int) -> NDArray[np.void]:
    """View part of a buffer as a structured array, without a copy."""
    if dtype.itemsize == 0 or count == 0:
        return np.zeros(count, dtype)
    end = at + count * dtype.itemsize
    return buffer[at:end].view(dtype)
