"""Eight bytes of text at once, for kernels: where a JSON text stops, and what number digits make.

A loop over bytes costs four to six cycles a byte, and text is most of what a JSON feed is. The functions
here become a load and some twenty instructions inside compiled code, whatever the bytes are, and behave
the same, slowly, when ordinary Python calls them.

``stop_in_text(buffer, at)``     bytes of the eight in front of the first that ends or breaks a JSON text
``digits(buffer, at, most)``     number that the leading digits make, and how many they are

Both read ``buffer[at : at + 8]``: the caller has compared ``at + 8`` with the length before. With
``ZEROFEED_BOUNDS_CHECK=1``, and always outside compiled code, an offset outside raises ``IndexError``.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing import signature
from numba.extending import lower_builtin, type_callable

from zerofeed.codecs._bytes import Bytes, address_of, check, is_bytes

__all__ = ["COUNT_SHIFT", "VALUE_MASK", "digits", "stop_in_text"]

COUNT_SHIFT = 32
"""``digits(...) >> COUNT_SHIFT`` is how many digits there are."""
VALUE_MASK = 0xFFFF_FFFF
"""``digits(...) & VALUE_MASK`` is the number that they make."""

_WORD = ir.IntType(64)
_LOW = 0x0101_0101_0101_0101
_HIGH = 0x8080_8080_8080_8080


def stop_in_text(buffer: Bytes, at: int) -> int:
    """Find the first quotation mark, backslash or control character among eight bytes.

    Args:
        buffer: uint8.
        at: the first of the eight.

    Returns:
        0 to 7; 8 when there is none.
    """
    check(buffer, at, 8)
    for place in range(8):
        byte = int(buffer[at + place])
        if byte < 0x20 or byte in (0x22, 0x5C):
            return place
    return 8


def digits(buffer: Bytes, at: int, most: int) -> int:
    """Read the digits that eight bytes begin with.

    Args:
        buffer: uint8.
        at: the first of the eight.
        most: digits to read at most, 0 or more.

    Returns:
        ``count << COUNT_SHIFT | number``.
    """
    check(buffer, at, 8)
    number = count = 0
    while count < min(8, most) and 0x30 <= buffer[at + count] <= 0x39:
        number = number * 10 + int(buffer[at + count]) - 0x30
        count += 1
    return count << COUNT_SHIFT | number


def _constant(value: int) -> Any:
    return ir.Constant(_WORD, value)


def _each(byte: int) -> Any:
    """Give a word of eight equal bytes."""
    return _constant(byte * _LOW)


def _load(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    address = address_of(context, builder, sig.args[0], args[0], args[1], 8)
    return builder.load(builder.bitcast(address, _WORD.as_pointer()), align=1)


def _first_marked(builder: Any, marks: Any) -> Any:
    """Count the bytes in front of the first that has a mark; 8 without any."""
    bits = builder.cttz(marks, ir.Constant(ir.IntType(1), 0))
    return builder.lshr(bits, _constant(3))


def _type_stop(_context: Any) -> Any:
    def typer(buffer: Any, at: Any) -> Any:
        if is_bytes(buffer, writable=False) and isinstance(at, types.Integer):
            return signature(types.int64, buffer, types.int64)
        return None

    return typer


def _lower_stop(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    word = _load(context, builder, sig, args)

    def zeros(value: Any) -> Any:
        """Mark the bytes that are 0; right up to the first of them."""
        borrowed = builder.sub(value, _each(1))
        return builder.and_(borrowed, builder.not_(value))

    quotes = zeros(builder.xor(word, _each(0x22)))
    escapes = zeros(builder.xor(word, _each(0x5C)))
    controls = builder.and_(builder.sub(word, _each(0x20)), builder.not_(word))
    marks = builder.or_(builder.or_(quotes, escapes), controls)
    return _first_marked(builder, builder.and_(marks, _constant(_HIGH)))


def _type_digits(_context: Any) -> Any:
    def typer(buffer: Any, at: Any, most: Any) -> Any:
        is_number = isinstance(at, types.Integer) and isinstance(most, types.Integer)
        if is_bytes(buffer, writable=False) and is_number:
            return signature(types.int64, buffer, types.int64, types.int64)
        return None

    return typer


def _lower_digits(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    word = builder.xor(_load(context, builder, sig, args), _each(0x30))
    # A byte is a digit when neither it nor it and 6 reach 16.
    others = builder.and_(builder.or_(builder.add(word, _each(6)), word), _each(0xF0))
    count = _first_marked(builder, others)
    most = args[2]
    count = builder.select(builder.icmp_signed("<", most, count), most, count)
    # The last digit into the highest byte, zeros below: now there are always eight digits.
    shift = builder.shl(builder.sub(_constant(8), count), _constant(3))
    is_none = builder.icmp_signed("<=", count, _constant(0))
    safe_shift = builder.select(is_none, _constant(0), shift)
    eight = builder.shl(word, safe_shift)
    for mask, factor, bits in (
        (0x0F0F_0F0F_0F0F_0F0F, 10 << 8 | 1, 8),
        (0x00FF_00FF_00FF_00FF, 100 << 16 | 1, 16),
        (0x0000_FFFF_0000_FFFF, 10_000 << 32 | 1, 32),
    ):
        eight = builder.lshr(
            builder.mul(builder.and_(eight, _constant(mask)), _constant(factor)), _constant(bits)
        )
    number = builder.select(is_none, _constant(0), eight)
    counted = builder.select(is_none, _constant(0), count)
    return builder.or_(builder.shl(counted, _constant(COUNT_SHIFT)), number)


type_callable(stop_in_text)(_type_stop)
type_callable(digits)(_type_digits)
lower_builtin(stop_in_text, types.Array, types.int64)(_lower_stop)
lower_builtin(digits, types.Array, types.int64, types.int64)(_lower_digits)
