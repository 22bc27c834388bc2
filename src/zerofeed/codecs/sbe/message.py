"""Messages of a buffer, seen in place.

:class:`SbeDecoder` walks a buffer with the compiled walker and hands out views. A view copies
none of the message: it holds the buffer and the few rows that say where the parts are. It is
valid as long as the bytes are; over a ring that is being written, check afterwards that the
writer has not come round.

::

    decoder = SbeDecoder(load_schema("stream_1_0.xml"))
    for message in decoder.messages(packet):
        if message.name == "DepthDiffStreamEvent":
            bids = message.group("bids").array          # structured array over the packet
            print(message.root["eventTime"], bids["price"], message.text("symbol"))

Bytes from outside never make this module raise. What cannot be decoded ends the iteration,
with the reason in ``status`` and the place in ``position``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerofeed.base.status import BUFFER_FULL, OK, UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs.sbe import _kernels as k
from zerofeed.codecs.sbe._values import CellReader, text_of
from zerofeed.codecs.sbe.layout import block_dtype
from zerofeed.codecs.sbe.model import Block, Group, Message, Schema
from zerofeed.codecs.sbe.program import Program, compile_program
from zerofeed.codecs.sbe.schema import load_schema

__all__ = ["BlockView", "Buffer", "GroupView", "MessageIterator", "MessageView", "SbeDecoder"]

Buffer = bytes | bytearray | memoryview | Bytes

_FIRST_ROWS = 256


def _as_bytes(buffer: Buffer) -> Bytes:
    """View any contiguous buffer as bytes, without a copy and keeping it read-only if it was."""
    if isinstance(buffer, np.ndarray) and buffer.dtype == np.uint8 and buffer.flags.c_contiguous:
        return buffer.reshape(-1)
    if memoryview(buffer).nbytes == 0:
        return np.empty(0, np.uint8)
    return np.frombuffer(buffer, np.uint8)


class SbeDecoder:
    """Decodes the messages of one schema.

    Not for use by several threads at once: the span table is reused from call to call. Views
    that were handed out keep their own rows and stay valid.

    Args:
        schema: the schema, or the path of its file.
        length_member: member of the message header that counts the bytes of the whole
            message, header included, where the venue added one (Coinbase ``frameLength``).
            Messages are then advanced by it, and unknown templates skipped.
        is_schema_id_checked: False decodes messages whatever schema id they carry.

    Attributes:
        schema: the schema.
        program: the compiled schema, for callers of the kernels.
        status: code of the last message decoded, 0 or one of ``zerofeed.base.status``.
    """

    def __init__(
        self,
        schema: Schema | str | Path,
        *,
        length_member: str | None = None,
        is_schema_id_checked: bool = True,
    ) -> None:
        self.schema = schema if isinstance(schema, Schema) else load_schema(schema)
        self.program: Program = compile_program(
            self.schema, length_member=length_member, is_schema_id_checked=is_schema_id_checked
        )
        self.status: int = OK
        self._spans: NDArray[np.int64] = np.zeros((_FIRST_ROWS, k.SPAN_WORDS), np.int64)
        self._stack: NDArray[np.int64] = np.zeros(self.program.stack_words, np.int64)
        self._result: NDArray[np.int64] = np.zeros(k.RESULT_WORDS, np.int64)
        self._dtypes: dict[tuple[int, int, int], np.dtype[np.void]] = {}

    def messages(
        self, buffer: Buffer, offset: int = 0, length: int | None = None
    ) -> MessageIterator:
        """Iterate over the messages that lie back to back in a buffer.

        Args:
            buffer: contiguous bytes.
            offset: bytes before the first message header.
            length: bytes that belong to the messages; the rest of the buffer if None.

        Returns:
            An iterator of views; ``status`` and ``position`` tell how it ended.
        """
        data = _as_bytes(buffer)
        limit = len(data) if length is None else min(offset + length, len(data))
        return MessageIterator(self, data, offset, limit)

    def message(
        self, buffer: Buffer, offset: int = 0, length: int | None = None
    ) -> MessageView | None:
        """Decode the message whose header is at ``offset``.

        Args:
            buffer: contiguous bytes.
            offset: bytes before the message header.
            length: bytes that may belong to the message; the rest of the buffer if None.

        Returns:
            The view; None if it cannot be decoded, for the reason in ``status``.
        """
        data = _as_bytes(buffer)
        return self._view(data, offset, len(data) if length is None else offset + length)

    def body(
        self,
        name: str,
        buffer: Buffer,
        offset: int = 0,
        length: int | None = None,
        *,
        version: int | None = None,
        block_length: int | None = None,
    ) -> MessageView | None:
        """Decode a message that a venue sends under a header of its own.

        Args:
            name: the message.
            buffer: contiguous bytes.
            offset: bytes before the root block.
            length: bytes that may belong to the message; the rest of the buffer if None.
            version: version that it was sent in; the schema's if None.
            block_length: bytes of its root block; what the schema says if None.

        Returns:
            The view; None if it cannot be decoded, for the reason in ``status``.

        Raises:
            SchemaError: the schema has no such message.
        """
        data = _as_bytes(buffer)
        node = self.program.number[self.schema.message(name)]
        limit = len(data) if length is None else offset + length
        version = self.schema.version if version is None else version
        block = -1 if block_length is None else block_length
        return self._view(data, offset, limit, (node, block, version))

    def _view(
        self, data: Bytes, at: int, limit: int, body: tuple[int, int, int] | None = None
    ) -> MessageView | None:
        """Walk one message, with a larger span table for as long as this one is too small."""
        program = self.program
        while True:
            tail = (self._spans, self._stack, self._result)
            if body is None:
                rows = k.walk_message(program.code, data, at, limit, *tail)
            else:
                rows = k.walk_body(program.code, data, at, limit, *body, *tail)
            if rows != BUFFER_FULL:
                break
            self._spans = np.zeros((2 * len(self._spans), k.SPAN_WORDS), np.int64)
        self.status = min(rows, OK)
        if rows < 0:
            return None
        return MessageView(self, data, at, self._spans[:rows].copy(), self._result)

    def _dtype(self, node: int, version: int, block_length: int) -> np.dtype[np.void]:
        key = (node, version, block_length)
        found = self._dtypes.get(key)
        if found is None:
            block = self.program.nodes[node]
            assert isinstance(block, Block)
            found = block_dtype(block, self.schema.byte_order, version, block_length)
            self._dtypes[key] = found
        return found


class MessageIterator:
    """The messages of one buffer.

    Attributes:
        status: 0 while all is well and at a clean end; otherwise why the iteration ended.
        position: offset of the first byte that was not consumed.
        skipped: messages passed over, because their template or schema is unknown but their
            header counts their bytes.
    """

    def __init__(self, decoder: SbeDecoder, data: Bytes, at: int, limit: int) -> None:
        self.status: int = OK
        self.position = at
        self.skipped = 0
        self._decoder = decoder
        self._data = data
        self._limit = limit

    def __iter__(self) -> Iterator[MessageView]:
        return self

    def __next__(self) -> MessageView:
        decoder = self._decoder
        while self.status == OK and self.position < self._limit:
            view = decoder._view(self._data, self.position, self._limit)
            end = int(decoder._result[k.R_END])
            if view is not None:
                self.position = end
                return view
            is_skippable = decoder.status in {UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE} and end >= 0
            if not is_skippable:
                self.status = decoder.status
                break
            self.position = end
            self.skipped += 1
        raise StopIteration


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
        decoder = message._decoder
        node = decoder.program.number[self.definition]
        dtype = decoder._dtype(node, message.version, self.block_length)
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
        at = int(spans[row, k.S_AT])
        return self._message.buffer[at : at + int(spans[row, k.S_LENGTH])]

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
        reader = self._message._reader(self._cell)
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
        nodes = self._message._decoder.program.nodes
        row = self._row + 1
        while row < spans[self._row, k.S_NEXT]:
            if nodes[spans[row, k.S_NODE]] is definition:
                return row if spans[row, k.S_AT] >= 0 else -1
            row = int(spans[row, k.S_NEXT])
        return -1


class MessageView(BlockView):
    """One message, in place.

    Attributes:
        buffer: the bytes that offsets count in.
        header_offset: offset of the message header, or of the body if it came without one.
        end: offset after the message.
        template_id: from the header.
        schema_id: from the header; -1 if it has none.
        version: version that the message was sent in.
        spans: int64 (rows, 8) table of its parts, see ``_kernels``.
    """

    __slots__ = (
        "_cells",
        "_decoder",
        "buffer",
        "end",
        "header_offset",
        "schema_id",
        "spans",
        "template_id",
        "version",
    )

    definition: Message

    def __init__(
        self,
        decoder: SbeDecoder,
        buffer: Bytes,
        at: int,
        spans: NDArray[np.int64],
        result: NDArray[np.int64],
    ) -> None:
        end, node, template_id, schema_id, version, _, cells, _ = result.tolist()
        definition = decoder.program.nodes[node]
        assert isinstance(definition, Message)
        super().__init__(self, definition, 0, int(spans[0, k.S_AT]), int(spans[0, k.S_LENGTH]), 0)
        self._decoder = decoder
        self._cells: int | tuple[list[int], list[float], list[int]] = cells
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

    def _reader(self, cell: int) -> CellReader:
        """Make a reader of this message's cells, which are read on first use."""
        if isinstance(self._cells, int):
            ints = np.zeros(self._cells, np.int64)
            floats = np.zeros(self._cells, np.float64)
            states = np.zeros(self._cells, np.int64)
            code = self._decoder.program.code
            k.read_cells(
                code, self.buffer, self.spans, len(self.spans), self.version, ints, floats, states
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
            row, k.S_AT : k.S_NEXT + 1
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
        decoder = message._decoder
        node = decoder.program.number[self.definition]
        dtype = decoder._dtype(node, message.version, self.block_length)
        return _array(message.buffer, dtype, self._offset, self._count)

    def __iter__(self) -> Iterator[BlockView]:
        message, definition, length = self._message, self.definition, self.block_length
        if self._count == 0:
            return
        spans = message.spans
        if self.is_strided:
            node = message._decoder.program.number[definition]
            cells = sum(leaf.cells for leaf in message._decoder.program.leaves[node])
            first = int(spans[self._row, k.S_CELL])
            for i in range(self._count):
                yield BlockView(
                    message, definition, -1, self._offset + i * length, length, first + i * cells
                )
            return
        row = self._row + 1
        for _ in range(self._count):
            at, cell = int(spans[row, k.S_AT]), int(spans[row, k.S_CELL])
            yield BlockView(message, definition, row, at, length, cell)
            row = int(spans[row, k.S_NEXT])


def _array(buffer: Bytes, dtype: np.dtype[np.void], at: int, count: int) -> NDArray[np.void]:
    """View part of a buffer as a structured array, without a copy."""
    if dtype.itemsize == 0 or count == 0:
        return np.zeros(count, dtype)
    end = at + count * dtype.itemsize
    return buffer[at:end].view(dtype)
