"""One compressed message (RFC 7692) into the arena, by zlib itself (kernels).

zlib's two functions are called by their addresses, which Python finds (:mod:`.inflate`), so that no
kernel has to be linked with a library that may not be there. ``next_out`` points into the arena:
zlib writes the message where readers read it.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import JIT, inlined, int64
from zerofeed.wire.websocket._words import (
    INFLATE,
    INFLATE_RESET,
    KEEPS_CONTEXT,
    TAIL,
    Z_STREAM,
)

__all__ = ["BAD_DATA", "inflate_message"]

_Words = npt.NDArray[np.int64]

BAD_DATA = -1
"""What was sent is no deflate stream."""

_NEXT_IN = Z_STREAM
_AVAIL_IN = Z_STREAM + 1
_NEXT_OUT = Z_STREAM + 3
_AVAIL_OUT = Z_STREAM + 4
_LOW_HALF = 0xFFFFFFFF
_SYNC_FLUSH = 2
_STREAM_END = 1
_BUFFER_ERROR = -5
_TAIL_BYTES = 4

if JIT:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    def _typed_call(_typing: Any, function: Any, stream: Any, flush: Any) -> Any:
        """Call ``int f(z_stream *, int)`` at an address."""

        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            i32, i64 = ir.IntType(32), ir.IntType(64)
            kind = ir.FunctionType(i32, [i64, i32])
            pointer = builder.inttoptr(arguments[0], ir.PointerType(kind))
            result = builder.call(pointer, [arguments[1], builder.trunc(arguments[2], i32)])
            return builder.sext(result, i64)

        return types.int64(function, stream, flush), generate

    _call = intrinsic(_typed_call)

else:
    _FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)

    def _call(function: int, stream: int, flush: int) -> int:
        """Call ``int f(z_stream *, int)`` at an address."""
        return int(_FUNCTION(int(function))(int(stream), int(flush)))


@inlined
def _run(words: _Words, stream: int) -> int:
    """Inflate what ``next_in`` has; 0, or BAD_DATA."""
    while words[_AVAIL_IN] & _LOW_HALF and words[_AVAIL_OUT] & _LOW_HALF:
        code = _call(words[INFLATE], stream, int64(_SYNC_FLUSH))
        if code == _STREAM_END:
            # A last block in the middle of a connection (RFC 7692, 7.2.3.5): another stream follows.
            _call(words[INFLATE_RESET], stream, int64(0))
        elif code != 0 and code != _BUFFER_ERROR:
            return BAD_DATA
    return 0


@inlined
def inflate_message(words: _Words, at: int, length: int, to: int, room: int) -> int:
    """Inflate one message.

    Args:
        words: of the stream, whose ``z_stream`` was prepared in this process.
        at: address of the compressed bytes.
        length: how many.
        to: address to write to.
        room: bytes that may be written there, at least 1.

    Returns:
        Bytes written; ``room`` means that there may be more; BAD_DATA. Cost: zlib's own.
    """
    stream = words.ctypes.data + 8 * Z_STREAM
    words[_NEXT_IN] = at
    words[_AVAIL_IN] = length
    words[_NEXT_OUT] = to
    words[_AVAIL_OUT] = room
    status = _run(words, stream)
    if status == 0:
        words[_NEXT_IN] = words.ctypes.data + 8 * TAIL
        words[_AVAIL_IN] = _TAIL_BYTES
        status = _run(words, stream)
    if status != 0:
        return status
    if words[KEEPS_CONTEXT] == 0:
        _call(words[INFLATE_RESET], stream, int64(0))
    return room - (words[_AVAIL_OUT] & _LOW_HALF)
