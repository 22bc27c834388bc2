"""permessage-deflate (RFC 7692) by the system's own zlib, through its address and no binding.

Python's zlib module gives a message as a new bytes object, which would have to be copied into the
arena. The library itself writes where it is told to. So its functions are found by ctypes, a
``z_stream`` lies in the stream's words, and the compiled loop calls them (:mod:`._inflate_kernels`).

zlib keeps its window in memory of the process that began the stream, and a stream ends with its
connection, so nothing of it has to outlive a worker.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError, ResourceError
from zerofeed.wire.websocket import _words as w

__all__ = ["begin_inflating", "end_inflating", "find_zlib"]

_Words = npt.NDArray[np.int64]

_STREAM_WORDS = 14
_TAIL = 0xFFFF0000


@functools.cache
def find_zlib() -> ctypes.CDLL:
    """Load the system's zlib.

    Raises:
        ResourceError: there is none.
    """
    for name in ("libz.so.1", ctypes.util.find_library("z")):
        try:
            if name is not None:
                return ctypes.CDLL(name)
        except OSError:
            continue
    raise ResourceError(
        "there is no zlib on this machine",
        where="source.compression",
        expected="libz.so.1",
        next_step="install it, or leave compression out",
    )


def begin_inflating(words: _Words, *, keeps_context: bool, window_bits: int = 15) -> None:
    """Prepare a stream's words for compressed messages.

    Args:
        words: of the stream.
        keeps_context: each message goes on with the window of the one before.
        window_bits: of the server's compressor, 8 to 15.

    Raises:
        BugError: zlib does not take its own version.
    """
    zlib = find_zlib()
    words[w.Z_STREAM : w.Z_STREAM + _STREAM_WORDS] = 0
    version = zlib.zlibVersion
    version.restype = ctypes.c_char_p
    # Negative: raw deflate. A window of 8 bits is one of 9 to zlib, and reading takes a larger one.
    code = zlib.inflateInit2_(
        ctypes.c_void_p(_z_stream(words)),
        -max(9, window_bits),
        version(),
        8 * _STREAM_WORDS,
    )
    if code != 0:
        raise BugError("zlib refuses to begin", where="permessage-deflate", got=f"code {code}")
    words[w.INFLATE] = _address(zlib, "inflate")
    words[w.INFLATE_RESET] = _address(zlib, "inflateReset")
    words[w.TAIL] = _TAIL
    words[w.KEEPS_CONTEXT] = int(keeps_context)
    words[w.DEFLATE] = 1


def end_inflating(words: _Words) -> None:
    """Give zlib's memory back, in the process that began. Idempotent."""
    if words[w.DEFLATE]:
        words[w.DEFLATE] = 0
        find_zlib().inflateEnd(ctypes.c_void_p(_z_stream(words)))


def _z_stream(words: _Words) -> int:
    return int(words.ctypes.data) + 8 * w.Z_STREAM


def _address(zlib: ctypes.CDLL, name: str) -> int:
    address = ctypes.cast(getattr(zlib, name), ctypes.c_void_p).value
    assert address is not None
    return address
