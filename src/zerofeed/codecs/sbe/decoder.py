"""Decodes the messages of a buffer, for any schema.

::

    decoder = SbeDecoder(load_schema("stream_1_0.xml"))
    for message in decoder.messages(packet):
        if message.name == "DepthDiffStreamEvent":
            bids = message.group("bids").array          # structured array over the packet
            print(message.root["eventTime"], bids["price"], message.text("symbol"))

Bytes from outside never make this module raise. What cannot be decoded ends the iteration,
with the reason in ``status`` and the place in ``position``.

Where a header does not count the bytes of its message (SBE's own does not), a message of a
*newer* version may be followed by groups or data that this schema does not know, and then
nobody can tell where it ends; hand such messages over one at a time, each with its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

import zerofeed.codecs.sbe._words as w
from zerofeed.base.status import BUFFER_FULL, OK, UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs.sbe._walk_kernels import walk_body, walk_message
from zerofeed.codecs.sbe.layout import BlockDtypes
from zerofeed.codecs.sbe.message import MessageView
from zerofeed.codecs.sbe.model import Schema
from zerofeed.codecs.sbe.program import Program, compile_program
from zerofeed.codecs.sbe.schema import load_schema

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Buffer", "MessageIterator", "SbeDecoder"]

Buffer = bytes | bytearray | memoryview | Bytes

_Decode = Callable[[Bytes, int, int], tuple[MessageView | None, int, int]]

_FIRST_ROWS = 256


def _as_bytes(buffer: Buffer) -> Bytes:
    """View any contiguous buffer as bytes, without a copy and keeping it read-only if it was."""
    view = buffer.data if isinstance(buffer, np.ndarray) else memoryview(buffer)
    return np.frombuffer(view, np.uint8) if view.nbytes else np.empty(0, np.uint8)


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
        self._spans: np.ndarray = np.zeros((_FIRST_ROWS, w.SPAN_WORDS), np.int64)
        self._stack: np.ndarray = np.zeros(self.program.stack_words, np.int64)
        self._result: np.ndarray = np.zeros(w.RESULT_WORDS, np.int64)
        self._dtypes = BlockDtypes(self.schema.byte_order)

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
        return MessageIterator(self._view, data, offset, limit)

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
        return self._view(data, offset, len(data) if length is None else offset + length)[0]

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
        return self._view(data, offset, limit, (node, block, version))[0]

    def _view(
        self, data: Bytes, at: int, limit: int, body: tuple[int, int, int] | None = None
    ) -> tuple[MessageView | None, int, int]:
        """Walk one message, with a larger span table for as long as this one is too small.

        Returns:
            The view or None, the status code, and the offset after the message or -1.
        """
        code = self.program.code
        while True:
            tables = (self._spans, self._stack, self._result)
            if body is None:
                rows = walk_message(code, data, at, limit, *tables)
            else:
                rows = walk_body(code, data, at, limit, *body, *tables)
            if rows != BUFFER_FULL:
                break
            self._spans = np.zeros((2 * len(self._spans), w.SPAN_WORDS), np.int64)
        self.status = min(rows, OK)
        end = int(self._result[w.R_END])
        if rows < 0:
            return None, self.status, end
        spans = self._spans[:rows].copy()
        return MessageView(self.program, self._dtypes, data, at, spans, self._result), OK, end


class MessageIterator:
    """The messages of one buffer.

    Attributes:
        status: 0 while all is well and at a clean end; otherwise why the iteration ended.
        position: offset of the first byte that was not consumed.
        skipped: messages passed over, because their template or schema is unknown but their
            header counts their bytes.
    """

    def __init__(self, decode: _Decode, data: Bytes, at: int, limit: int) -> None:
        self.status: int = OK
        self.position = at
        self.skipped = 0
        self._decode = decode
        self._data = data
        self._limit = limit

    def __iter__(self) -> Iterator[MessageView]:
        return self

    def __next__(self) -> MessageView:
        while self.status == OK and self.position < self._limit:
            view, status, end = self._decode(self._data, self.position, self._limit)
            if view is not None:
                self.position = end
                return view
            if end < 0 or status not in {UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE}:
                self.status = status
                break
            self.position = end
            self.skipped += 1
        raise StopIteration
