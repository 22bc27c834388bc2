"""zlib by its address gives what Python's own zlib gives, and no more than there is room for."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.wire.websocket import _words as w
from zerofeed.wire.websocket._inflate_kernels import BAD_DATA, inflate_message
from zerofeed.wire.websocket.inflate import begin_inflating, end_inflating

__all__: list[str] = []

ROOM = 1 << 14
GUARD = 0xA5


@kernel(int64(I64, int64, int64, int64, int64))
def inflate(words, at, length, to, room):
    return inflate_message(words, at, length, to, room)


class Inflater:
    """A stream that inflates, with bytes around what it may write."""

    def __init__(self, *, keeps_context: bool = True) -> None:
        self.words = np.zeros(w.STREAM_WORDS, np.int64)
        begin_inflating(self.words, keeps_context=keeps_context)

    def message(self, compressed: bytes, room: int = ROOM) -> bytes | int:
        source = np.frombuffer(compressed, np.uint8).copy()
        out = np.full(room + 64, GUARD, np.uint8)
        got = inflate(self.words, source.ctypes.data, source.size, out.ctypes.data + 32, room)
        assert (out[:32] == GUARD).all()
        assert (out[32 + room :] == GUARD).all()
        return out[32 : 32 + got].tobytes() if got >= 0 else got


def compressor():
    return zlib.compressobj(wbits=-15)


def compressed(deflater, message: bytes) -> bytes:
    """As RFC 7692, 7.2.1 says."""
    return (deflater.compress(message) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.slow
@given(st.lists(st.binary(max_size=2000), max_size=6))
def test_messages_with_one_window_come_back(messages) -> None:
    inflater, deflater = Inflater(), compressor()
    for message in messages:
        assert inflater.message(compressed(deflater, message)) == message
    end_inflating(inflater.words)


@pytest.mark.slow
@given(st.lists(st.binary(max_size=2000), max_size=6))
def test_messages_with_windows_of_their_own_come_back(messages) -> None:
    inflater = Inflater(keeps_context=False)
    for message in messages:
        assert inflater.message(compressed(compressor(), message)) == message
    end_inflating(inflater.words)


def test_a_last_block_may_come_in_the_middle_of_a_connection() -> None:
    inflater = Inflater()
    deflater = compressor()
    whole = deflater.compress(b"first") + deflater.flush(zlib.Z_FINISH)
    assert inflater.message(whole + b"\0") == b"first"
    assert inflater.message(compressed(compressor(), b"second")) == b"second"
    end_inflating(inflater.words)


def test_a_message_that_fills_the_room_says_so_and_writes_nothing_behind_it() -> None:
    inflater = Inflater()
    assert inflater.message(compressed(compressor(), bytes(100_000)), room=500) == bytes(500)
    end_inflating(inflater.words)


@pytest.mark.slow
@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    inflater = Inflater()
    try:
        expected = zlib.decompressobj(wbits=-15).decompress(data + b"\0\0\xff\xff")
    except zlib.error:
        expected = None
    got = inflater.message(data)
    assert got == BAD_DATA or isinstance(got, bytes)
    if expected is None:
        assert got == BAD_DATA
    elif isinstance(got, bytes):
        assert got.startswith(expected)
    end_inflating(inflater.words)


def test_ending_twice_frees_once() -> None:
    inflater = Inflater()
    end_inflating(inflater.words)
    end_inflating(inflater.words)
    assert inflater.words[w.DEFLATE] == 0


@pytest.mark.parametrize("bits", [8, 9, 15])
def test_every_window_that_can_be_agreed_on_is_taken(bits: int) -> None:
    words = np.zeros(w.STREAM_WORDS, np.int64)
    begin_inflating(words, keeps_context=True, window_bits=bits)
    assert words[w.DEFLATE] == 1
    end_inflating(words)
