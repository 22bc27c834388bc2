"""Compiled: one number, by the type code that a compiled schema gives it."""

from __future__ import annotations

import zerofeed.codecs.sbe._words as w
from zerofeed.base.kernel import inlined
from zerofeed.codecs._bytes import (
    Bytes,
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
    u8,
    u16,
    u16_be,
    u32,
    u32_be,
    u64,
    u64_be,
)

__all__ = ["load_float", "load_integer"]


@inlined
def load_integer(buffer: Bytes, at: int, code: int, order: int) -> int:
    """Load an integer by its type code; the caller has checked the bounds."""
    if code == w.CODE_U8 or code == w.CODE_CHAR:
        return u8(buffer, at)
    if code == w.CODE_I8:
        return i8(buffer, at)
    if order == w.BIG_ENDIAN:
        if code == w.CODE_U16:
            return u16_be(buffer, at)
        if code == w.CODE_I16:
            return i16_be(buffer, at)
        if code == w.CODE_U32:
            return u32_be(buffer, at)
        if code == w.CODE_I32:
            return i32_be(buffer, at)
        if code == w.CODE_U64:
            return u64_be(buffer, at)
        return i64_be(buffer, at)
    if code == w.CODE_U16:
        return u16(buffer, at)
    if code == w.CODE_I16:
        return i16(buffer, at)
    if code == w.CODE_U32:
        return u32(buffer, at)
    if code == w.CODE_I32:
        return i32(buffer, at)
    if code == w.CODE_U64:
        return u64(buffer, at)
    return i64(buffer, at)


@inlined
def load_float(buffer: Bytes, at: int, code: int, order: int) -> float:
    """Load a float or double by its type code; the caller has checked the bounds."""
    if order == w.BIG_ENDIAN:
        return f32_be(buffer, at) if code == w.CODE_F32 else f64_be(buffer, at)
    return f32(buffer, at) if code == w.CODE_F32 else f64(buffer, at)
