"""Scalars at any offset of a byte array, for kernels.

Wire formats pack their fields without alignment, so a kernel can neither index a wider view
of the buffer nor afford to put a number together byte by byte. The functions here become one
unaligned machine load or store inside compiled code (and one byte swap for the big-endian
ones), and behave the same, slowly, when ordinary Python calls them.

=====================  ===================  ===============================================
little-endian          big-endian           value
=====================  ===================  ===============================================
``u8`` ``i8``          the same             int64
``u16 i16 u32 i32``    ``u16_be`` ...       int64
``u64`` ``i64``        ``u64_be`` ...       int64; ``u64`` above 2**63 - 1 comes out negative
``f32`` ``f64``        ``f32_be`` ...       float64
=====================  ===================  ===============================================

``put_u16(buffer, at, value)`` and its like store. They keep the low bits of an integer, so
signed and unsigned share one name.

Guarantees: every integer is int64 (Numba turns a mix of int64 and uint64 into a double);
loads accept read-only and writable buffers alike; nothing is allocated. The offset is *not*
checked in compiled code: the caller has compared it with the length before. With
``ZEROFEED_BOUNDS_CHECK=1``, and always outside compiled code, an offset that does not lie
wholly inside the buffer raises ``IndexError``; a negative one never counts from the end.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing import signature
from numba.extending import lower_builtin, type_callable
from numpy.typing import NDArray

from zerofeed.base.kernel import BOUNDS_CHECK

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Bytes",
    "address_of",
    "check",
    "f32",
    "f32_be",
    "f64",
    "f64_be",
    "i8",
    "i16",
    "i16_be",
    "i32",
    "i32_be",
    "i64",
    "i64_be",
    "is_bytes",
    "put_f32",
    "put_f32_be",
    "put_f64",
    "put_f64_be",
    "put_u8",
    "put_u16",
    "put_u16_be",
    "put_u32",
    "put_u32_be",
    "put_u64",
    "put_u64_be",
    "u8",
    "u16",
    "u16_be",
    "u32",
    "u32_be",
    "u64",
    "u64_be",
]

Bytes = NDArray[np.uint8]

_OUTSIDE = "offset outside the buffer"


def is_bytes(array: Any, *, writable: bool) -> bool:
    """Tell whether a Numba type is a byte array that these functions take."""
    return (
        isinstance(array, types.Array)
        and array.dtype == types.uint8
        and array.ndim == 1
        and array.layout == "C"
        and (array.mutable or not writable)
    )


def address_of(context: Any, builder: Any, array_type: Any, array: Any, at: Any, size: int) -> Any:
    """Emit the address of one byte of an array, checked where checks are on."""
    view = context.make_array(array_type)(context, builder, array)
    if BOUNDS_CHECK:
        length = view.nitems
        last = builder.sub(length, ir.Constant(length.type, size))
        outside = builder.or_(
            builder.icmp_signed("<", at, ir.Constant(at.type, 0)),
            builder.icmp_signed(">", at, last),
        )
        with builder.if_then(outside, likely=False):
            context.call_conv.return_user_exc(builder, IndexError, (_OUTSIDE,))
    return cgutils.gep(builder, view.data, at)


def _swapped(builder: Any, bits: Any) -> Any:
    swap = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(bits.type, [bits.type]),
        f"llvm.bswap.i{bits.type.width}",
    )
    return builder.call(swap, [bits])


def check(buffer: Bytes, at: int, size: int) -> None:
    """Raise IndexError unless so many bytes from an offset on lie in a buffer; not for kernels."""
    if at < 0 or at > len(buffer) - size:
        raise IndexError(_OUTSIDE)


def _lower_load(load: Callable[..., Any], size: int, *, signed: bool, swap: bool) -> None:
    def typer_of(_context: Any) -> Any:
        def typer(buffer: Any, at: Any) -> Any:
            if is_bytes(buffer, writable=False) and isinstance(at, types.Integer):
                return signature(types.int64, buffer, types.int64)
            return None

        return typer

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(8 * size)
        address = address_of(context, builder, sig.args[0], args[0], args[1], size)
        bits = builder.load(builder.bitcast(address, word.as_pointer()), align=1)
        if swap:
            bits = _swapped(builder, bits)
        if size == 8:
            return bits
        wide = ir.IntType(64)
        return builder.sext(bits, wide) if signed else builder.zext(bits, wide)

    type_callable(load)(typer_of)
    lower_builtin(load, types.Array, types.int64)(lower)


def _lower_float_load(load: Callable[..., Any], size: int, *, swap: bool) -> None:
    def typer_of(_context: Any) -> Any:
        def typer(buffer: Any, at: Any) -> Any:
            if is_bytes(buffer, writable=False) and isinstance(at, types.Integer):
                return signature(types.float64, buffer, types.int64)
            return None

        return typer

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(8 * size)
        address = address_of(context, builder, sig.args[0], args[0], args[1], size)
        bits = builder.load(builder.bitcast(address, word.as_pointer()), align=1)
        if swap:
            bits = _swapped(builder, bits)
        if size == 8:
            return builder.bitcast(bits, ir.DoubleType())
        return builder.fpext(builder.bitcast(bits, ir.FloatType()), ir.DoubleType())

    type_callable(load)(typer_of)
    lower_builtin(load, types.Array, types.int64)(lower)


def _lower_store(store: Callable[..., Any], size: int, *, value_type: Any, swap: bool) -> None:
    def typer_of(_context: Any) -> Any:
        def typer(buffer: Any, at: Any, value: Any) -> Any:
            fits = isinstance(value, types.Integer | types.Boolean) or (
                value_type is types.float64 and isinstance(value, types.Float)
            )
            if fits and is_bytes(buffer, writable=True) and isinstance(at, types.Integer):
                return signature(types.none, buffer, types.int64, value_type)
            return None

        return typer

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(8 * size)
        address = address_of(context, builder, sig.args[0], args[0], args[1], size)
        bits = args[2]
        if value_type is types.float64:
            if size == 4:
                bits = builder.fptrunc(bits, ir.FloatType())
            bits = builder.bitcast(bits, word)
        elif size < 8:
            bits = builder.trunc(bits, word)
        if swap:
            bits = _swapped(builder, bits)
        builder.store(bits, builder.bitcast(address, word.as_pointer()), align=1)
        return context.get_dummy_value()

    type_callable(store)(typer_of)
    lower_builtin(store, types.Array, types.int64, value_type)(lower)


def _loader(code: str) -> Callable[[Bytes, int], int]:
    """Make the load of one integer type, named by its ``struct`` code with byte order."""
    layout = struct.Struct(code.replace("Q", "q"))

    def load(buffer: Bytes, at: int) -> int:
        check(buffer, at, layout.size)
        value: int = layout.unpack_from(buffer.data, at)[0]
        return value

    _lower_load(load, layout.size, signed=code[1].islower(), swap=code[0] == ">")
    return load


def _float_loader(code: str) -> Callable[[Bytes, int], float]:
    layout = struct.Struct(code)

    def load(buffer: Bytes, at: int) -> float:
        check(buffer, at, layout.size)
        value: float = layout.unpack_from(buffer.data, at)[0]
        return value

    _lower_float_load(load, layout.size, swap=code[0] == ">")
    return load


def _storer(code: str) -> Callable[[Bytes, int, int], None]:
    layout = struct.Struct(code)
    mask = (1 << (8 * layout.size)) - 1

    def store(buffer: Bytes, at: int, value: int) -> None:
        check(buffer, at, layout.size)
        layout.pack_into(buffer.data, at, int(value) & mask)

    _lower_store(store, layout.size, value_type=types.int64, swap=code[0] == ">")
    return store


def _float_storer(code: str) -> Callable[[Bytes, int, float], None]:
    layout = struct.Struct(code)
    dtype = np.dtype(code)

    def store(buffer: Bytes, at: int, value: float) -> None:
        check(buffer, at, layout.size)
        with np.errstate(over="ignore"):
            buffer[at : at + layout.size] = np.asarray([value]).astype(dtype).view(np.uint8)

    _lower_store(store, layout.size, value_type=types.float64, swap=code[0] == ">")
    return store


u8 = _loader("<B")
i8 = _loader("<b")
u16 = _loader("<H")
i16 = _loader("<h")
u32 = _loader("<I")
i32 = _loader("<i")
u64 = _loader("<Q")
i64 = _loader("<q")
f32 = _float_loader("<f")
f64 = _float_loader("<d")

u16_be = _loader(">H")
i16_be = _loader(">h")
u32_be = _loader(">I")
i32_be = _loader(">i")
u64_be = _loader(">Q")
i64_be = _loader(">q")
f32_be = _float_loader(">f")
f64_be = _float_loader(">d")

put_u8 = _storer("<B")
put_u16 = _storer("<H")
put_u32 = _storer("<I")
put_u64 = _storer("<Q")
put_f32 = _float_storer("<f")
put_f64 = _float_storer("<d")

put_u16_be = _storer(">H")
put_u32_be = _storer(">I")
put_u64_be = _storer(">Q")
put_f32_be = _float_storer(">f")
put_f64_be = _float_storer(">d")
