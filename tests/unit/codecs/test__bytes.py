"""Loads and stores at any offset mean the same compiled, interpreted and to ``struct``."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.kernel import BOUNDS_CHECK, F64, I64, JIT, U8, U8_RO, int64, kernel
from zerofeed.codecs import _bytes
from zerofeed.codecs._bytes import (
    f32,
    f32_be,
    f64,
    f64_be,
    i8,
    i16,
    i16_be,
    i32,
    i32_be,
    i64,
    i64_be,
    put_f32,
    put_f32_be,
    put_f64,
    put_f64_be,
    put_u8,
    put_u16,
    put_u16_be,
    put_u32,
    put_u32_be,
    put_u64,
    put_u64_be,
    u8,
    u16,
    u16_be,
    u32,
    u32_be,
    u64,
    u64_be,
)

INTEGERS = ["<B", "<b", "<H", "<h", "<I", "<i", "<q", "<q", ">H", ">h", ">I", ">i", ">q", ">q"]
FLOATS = ["<f", "<d", ">f", ">d"]


@kernel(int64(U8_RO, int64, I64, F64))
def load_all(buffer, at, integers, floats):  # type: ignore[no-untyped-def]
    integers[0] = u8(buffer, at)
    integers[1] = i8(buffer, at)
    integers[2] = u16(buffer, at)
    integers[3] = i16(buffer, at)
    integers[4] = u32(buffer, at)
    integers[5] = i32(buffer, at)
    integers[6] = u64(buffer, at)
    integers[7] = i64(buffer, at)
    integers[8] = u16_be(buffer, at)
    integers[9] = i16_be(buffer, at)
    integers[10] = u32_be(buffer, at)
    integers[11] = i32_be(buffer, at)
    integers[12] = u64_be(buffer, at)
    integers[13] = i64_be(buffer, at)
    floats[0] = f32(buffer, at)
    floats[1] = f64(buffer, at)
    floats[2] = f32_be(buffer, at)
    floats[3] = f64_be(buffer, at)
    return 0


@kernel(int64(U8, int64, int64, _bytes.types.float64))
def store_all(buffer, at, integer, number):  # type: ignore[no-untyped-def]
    put_u8(buffer, at, integer)
    put_u16(buffer, at + 1, integer)
    put_u32(buffer, at + 3, integer)
    put_u64(buffer, at + 7, integer)
    put_u16_be(buffer, at + 15, integer)
    put_u32_be(buffer, at + 17, integer)
    put_u64_be(buffer, at + 21, integer)
    put_f32(buffer, at + 29, number)
    put_f64(buffer, at + 33, number)
    put_f32_be(buffer, at + 41, number)
    put_f64_be(buffer, at + 45, number)
    return 0


@kernel(int64(U8_RO, int64))
def load_u32(buffer, at):  # type: ignore[no-untyped-def]
    return u32(buffer, at)


def same(left: float, right: float) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right))


def expected(data: bytes, at: int) -> tuple[list[int], list[float]]:
    return (
        [struct.unpack_from(code, data, at)[0] for code in INTEGERS],
        [struct.unpack_from(code, data, at)[0] for code in FLOATS],
    )


@given(st.binary(min_size=24, max_size=24), st.integers(0, 16))
def test_compiled_loads_agree_with_struct_at_every_offset(data: bytes, at: int) -> None:
    integers = np.zeros(14, np.int64)
    floats = np.zeros(4, np.float64)
    buffer = np.frombuffer(data, np.uint8)
    assert not buffer.flags.writeable
    load_all(buffer, at, integers, floats)
    whole, real = expected(data, at)
    assert integers.tolist() == whole
    assert all(map(same, floats.tolist(), real))


@given(st.binary(min_size=24, max_size=24), st.integers(0, 16))
def test_interpreted_loads_agree_with_struct_at_every_offset(data: bytes, at: int) -> None:
    buffer = np.frombuffer(bytearray(data), np.uint8)
    assert buffer.flags.writeable
    whole, real = expected(data, at)
    calls = (u8, i8, u16, i16, u32, i32, u64, i64, u16_be, i16_be, u32_be, i32_be, u64_be, i64_be)
    assert [call(buffer, at) for call in calls] == whole
    loads = (f32, f64, f32_be, f64_be)
    assert all(same(call(buffer, at), right) for call, right in zip(loads, real, strict=True))


@given(st.integers(-(2**63), 2**63 - 1), st.floats(width=64), st.integers(0, 7))
def test_compiled_and_interpreted_stores_write_the_same_bytes(
    integer: int, number: float, at: int
) -> None:
    compiled = np.zeros(64, np.uint8)
    store_all(compiled, at, integer, number)
    slow = np.zeros(64, np.uint8)
    getattr(store_all, "py_func", store_all)(slow, at, integer, number)
    assert compiled.tobytes() == slow.tobytes()
    assert struct.unpack_from("<Q", compiled, at + 7)[0] == integer % 2**64
    assert struct.unpack_from(">I", compiled, at + 17)[0] == integer % 2**32
    assert same(struct.unpack_from(">d", compiled, at + 45)[0], number)


def test_read_only_and_writable_buffers_are_both_accepted() -> None:
    data = b"\x01\x02\x03\x04\x05"
    assert load_u32(np.frombuffer(data, np.uint8), 1) == 0x05040302
    assert load_u32(np.frombuffer(bytearray(data), np.uint8), 1) == 0x05040302


@pytest.mark.parametrize("at", [-1, -4, 2, 5, 2**62, -(2**63), 2**63 - 1])
def test_interpreted_load_outside_the_buffer_raises_index_error(at: int) -> None:
    with pytest.raises(IndexError, match="outside"):
        u32(np.zeros(5, np.uint8), at)
    with pytest.raises(IndexError, match="outside"):
        put_u32(np.zeros(5, np.uint8), at, 1)
    with pytest.raises(IndexError, match="outside"):
        put_f32(np.zeros(5, np.uint8), at, 1.0)


@pytest.mark.skipif(JIT and not BOUNDS_CHECK, reason="bounds checks are off in this process")
@pytest.mark.parametrize("at", [-1, 2, 5, 2**62, -(2**63), 2**63 - 1])
def test_compiled_load_outside_the_buffer_raises_index_error_when_checks_are_on(at: int) -> None:
    with pytest.raises(IndexError, match="outside"):
        load_u32(np.zeros(5, np.uint8), at)


def test_a_buffer_shorter_than_the_scalar_is_outside_too() -> None:
    with pytest.raises(IndexError, match="outside"):
        u64(np.zeros(3, np.uint8), 0)
