"""Walk a pcap or pcapng file that lies in memory (kernels).

Two entry points, ``scan_pcap`` and ``scan_pcapng``. Each continues where ``state`` says,
fills an index (one row per UDP packet, see ``pcap.INDEX_DTYPE``) and stops when the rows or
the bytes run out. The input is untrusted: a length is compared with the bytes that are left
before anything behind it is read, and every step consumes at least eight bytes, so any input
ends.

``state``, int64:

====  =============  =====================================================================
slot  name           meaning
====  =============  =====================================================================
0     POSITION       offset of the next record or block
1     BIG_ENDIAN     1 when numbers of this file (pcapng: section) are big-endian
2     ROWS           rows of the index filled by the last call
3     LINK           pcap: link type
4     TICK_NS        pcap: nanoseconds in one unit of the fraction, 1 or 1000
5     HEADER_BYTES   pcap: bytes of a record header, 16 or 24
6     SNAP_BYTES     pcap: the largest stored length that the file header allows
7     INTERFACES     pcapng: interfaces described so far in this section
8     FAULT          what is wrong, ``FAULT_*``
9     FAULT_AT       offset of the number that is wrong
10    FAULT_GOT      that number
====  =============  =====================================================================

``interfaces``, int64[n, 5], pcapng only: link type, snap length (0: none), how a time becomes
nanoseconds (``TIME_*``), the factor of that, and the seconds to add.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_2D, U8_RO, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED, OK
from zerofeed.records.units import UNDEF
from zerofeed.wire._frame_kernels import (
    DST_IP,
    DST_PORT,
    FLAG_CUT,
    FLAG_UNTIMED,
    FOUND,
    FRAME_FLAGS,
    PAYLOAD_AT,
    PAYLOAD_STORED,
    PAYLOAD_WIRE,
    SRC_IP,
    SRC_PORT,
    locate_udp,
)
from zerofeed.wire.pcap_index import INDEX_RECORDS

__all__ = [
    "BIG_ENDIAN",
    "BLOCKS_SKIPPED",
    "COUNTERS",
    "FAULT",
    "FAULT_AT",
    "FAULT_BLOCK_LENGTH",
    "FAULT_BLOCK_TRAILER",
    "FAULT_BYTE_ORDER",
    "FAULT_GOT",
    "FAULT_INTERFACE",
    "FAULT_NO_SECTION",
    "FAULT_OPTION",
    "FAULT_PACKET_LENGTH",
    "FAULT_VERSION",
    "FRAMES",
    "HEADER_BYTES",
    "INTERFACES",
    "INTERFACES_SEEN",
    "INTERFACE_SLOTS",
    "LINK",
    "MAX_BLOCK_BYTES",
    "MAX_STORED_BYTES",
    "MORE",
    "PACKETS_CUT",
    "PACKETS_UNTIMED",
    "PAYLOAD_BYTES",
    "POSITION",
    "ROWS",
    "SECTIONS",
    "SNAP_BYTES",
    "STATE_SLOTS",
    "TAIL_BYTES",
    "TICK_NS",
    "scan_pcap",
    "scan_pcapng",
]

Bytes = npt.NDArray[np.uint8]
Index = npt.NDArray[Any]
Words = npt.NDArray[np.int64]

MORE = 1
"""Returned when the index is full and the file goes on."""

POSITION = 0
BIG_ENDIAN = 1
ROWS = 2
LINK = 3
TICK_NS = 4
HEADER_BYTES = 5
SNAP_BYTES = 6
INTERFACES = 7
FAULT = 8
FAULT_AT = 9
FAULT_GOT = 10
STATE_SLOTS = 11

FAULT_PACKET_LENGTH = 1
FAULT_BLOCK_LENGTH = 2
FAULT_BLOCK_TRAILER = 3
FAULT_BYTE_ORDER = 4
FAULT_INTERFACE = 5
FAULT_OPTION = 6
FAULT_VERSION = 7
FAULT_NO_SECTION = 8

# Counters. The first seven are the classes that locate_udp returns, FOUND first.
FRAMES = 7
PAYLOAD_BYTES = 8
PACKETS_CUT = 9
PACKETS_UNTIMED = 10
TAIL_BYTES = 11
BLOCKS_SKIPPED = 12
SECTIONS = 13
INTERFACES_SEEN = 14
COUNTERS = 15

MAX_STORED_BYTES = 262_144
"""A record may not claim more than this (libpcap's own limit) or the file's snap length."""
MAX_BLOCK_BYTES = 1 << 28
"""A pcapng block that claims more is taken for damage rather than for a cut tail."""

INTERFACE_SLOTS = 5
_IF_LINK = 0
_IF_SNAP = 1
_IF_TIME = 2
_IF_FACTOR = 3
_IF_OFFSET_S = 4

_TIME_MULTIPLY = 0
_TIME_DIVIDE = 1
_TIME_SHIFT = 2

_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_OBSOLETE_PACKET = 2
_SIMPLE_PACKET = 3
_ENHANCED_PACKET = 6
_BYTE_ORDER = 0x1A2B3C4D
_OPTION_TSRESOL = 9
_OPTION_TSOFFSET = 14

_MAX_INT64 = 2**63 - 1
_MAX_SECONDS = _MAX_INT64 // 1_000_000_000 - 1


@inlined
def _u16(data: Bytes, at: int, big: int) -> int:
    """Load a u16; big-endian when ``big`` is 1."""
    value: int = int64(data[at]) | (int64(data[at + 1]) << 8)
    if big:
        value = (int64(data[at]) << 8) | int64(data[at + 1])
    return value


@inlined
def _u32(data: Bytes, at: int, big: int) -> int:
    """Load a u32, never negative; big-endian when ``big`` is 1."""
    if big:
        return (_u16(data, at, big) << 16) | _u16(data, at + 2, big)
    return _u16(data, at, big) | (_u16(data, at + 2, big) << 16)


@inlined
def _fault(state: Words, what: int, at: int, got: int) -> int:
    """Note what is wrong where."""
    state[FAULT] = what
    state[FAULT_AT] = at
    state[FAULT_GOT] = got
    return MALFORMED


@inlined
def _take_frame(
    data: Bytes,
    at: int,
    end: int,
    link: int,
    ts_ns: int,
    index: Index,
    row: int,
    counters: Words,
    found: Words,
) -> int:
    """Count one frame and, when it is a UDP packet, index it in ``row``; how many rows that took."""
    counters[FRAMES] += 1
    kind = locate_udp(data, at, end, link, found)
    counters[kind] += 1
    if kind != FOUND:
        return 0
    flags = found[FRAME_FLAGS]
    counters[PAYLOAD_BYTES] += found[PAYLOAD_STORED]
    if flags & FLAG_CUT:
        counters[PACKETS_CUT] += 1
    if ts_ns == UNDEF:
        counters[PACKETS_UNTIMED] += 1
        flags |= FLAG_UNTIMED
    record = index[row]
    record["ts_ns"] = ts_ns
    record["offset"] = found[PAYLOAD_AT]
    record["length"] = found[PAYLOAD_STORED]
    record["orig_length"] = found[PAYLOAD_WIRE]
    record["src_ip"] = found[SRC_IP]
    record["dst_ip"] = found[DST_IP]
    record["src_port"] = found[SRC_PORT]
    record["dst_port"] = found[DST_PORT]
    record["flags"] = flags
    return 1


@inlined
def _least_bytes(kind: int) -> int:
    """Give the shortest legal total length of a block."""
    if kind == _ENHANCED_PACKET or kind == _OBSOLETE_PACKET:
        return 32
    if kind == _SECTION:
        return 28
    if kind == _INTERFACE:
        return 20
    if kind == _SIMPLE_PACKET:
        return 16
    return 12


@inlined
def _shifted(high: int, low: int, bits: int) -> int:
    """Shift a 64-bit number of two halves right; _MAX_INT64 when the result has 64 bits."""
    if bits >= 64:
        return 0
    if bits >= 32:
        return high >> (bits - 32)
    kept = high >> bits
    if kept >= 1 << 31:
        return _MAX_INT64
    return (kept << 32) | ((((high << 32) | low) >> bits) & 0xFFFFFFFF)


@inlined
def _fraction_ns(high: int, low: int, bits: int) -> int:
    """Turn the low ``bits`` bits of a 64-bit number, a binary fraction of a second, into nanoseconds.

    10**9 is 2**9 * 5**9 and 5**9 has 21 bits, so 42 bits of fraction multiply exactly; finer
    ones are cut to 42 first, which is 0.0003 ns.
    """
    if bits == 0:
        return 0
    if bits <= 32:
        fraction = low & ((1 << bits) - 1)
    elif bits <= 42:
        fraction = ((high & ((1 << (bits - 32)) - 1)) << 32) | low
    else:
        spare = bits - 42
        if bits < 64:
            high &= (1 << (bits - 32)) - 1
        fraction = _shifted(high, low, spare)
        bits = 42
    if bits <= 9:
        return (fraction * 1_953_125) << (9 - bits)
    return (fraction * 1_953_125) >> (bits - 9)


@inlined
def _time_ns(high: int, low: int, interfaces: Words, which: int) -> int:
    """Turn a 64-bit packet time (two u32 halves) into nanoseconds, rounded down; UNDEF if it does not fit.

    The halves are kept apart until it is known that the number fits an int64.
    """
    how = interfaces[which, _IF_TIME]
    factor = interfaces[which, _IF_FACTOR]
    if how == _TIME_MULTIPLY:
        if high >= 1 << 31:
            return UNDEF
        units = (high << 32) | low
        if units > _MAX_INT64 // factor:
            return UNDEF
        ts_ns = units * factor
    elif how == _TIME_DIVIDE:
        ts_ns = 0
        if factor > 0:
            # Halving both sides keeps a number of 64 bits positive; factors of ten are even.
            ts_ns = ((high << 31) | (low >> 1)) // (factor // 2)
    else:
        seconds = _shifted(high, low, factor)
        if seconds > _MAX_SECONDS:
            return UNDEF
        ts_ns = seconds * 1_000_000_000 + _fraction_ns(high, low, factor)
    offset_s = interfaces[which, _IF_OFFSET_S]
    if offset_s > _MAX_SECONDS or offset_s < -_MAX_SECONDS:
        return UNDEF
    offset_ns = offset_s * 1_000_000_000
    if offset_ns > 0 and ts_ns > _MAX_INT64 - offset_ns:
        return UNDEF
    total: int = ts_ns + offset_ns
    return total


@inlined
def _set_resolution(interfaces: Words, which: int, resolution: int) -> None:
    """Turn an ``if_tsresol`` byte into how a time of this interface becomes nanoseconds."""
    exponent = resolution & 0x7F
    if resolution & 0x80:
        interfaces[which, _IF_TIME] = _TIME_SHIFT
        interfaces[which, _IF_FACTOR] = exponent
        return
    factor = 1
    for _ in range(min(abs(9 - exponent), 18)):
        factor *= 10
    if exponent > 27:  # 2**64 units are less than two nanoseconds
        factor = 0
    interfaces[which, _IF_FACTOR] = factor
    interfaces[which, _IF_TIME] = _TIME_MULTIPLY if exponent <= 9 else _TIME_DIVIDE


@inlined
def _take_interface(data: Bytes, position: int, end: int, state: Words, interfaces: Words) -> int:
    """Note one interface description; OK, BUFFER_FULL or MALFORMED."""
    big = state[BIG_ENDIAN]
    which = state[INTERFACES]
    if which == interfaces.shape[0]:
        return BUFFER_FULL
    resolution = 6  # microseconds unless an option says otherwise
    offset_s = 0
    at = position + 16
    while end - at >= 4:
        option = _u16(data, at, big)
        length = _u16(data, at + 2, big)
        if option == 0:
            break
        if length > end - at - 4:
            return _fault(state, FAULT_OPTION, at + 2, length)
        if option == _OPTION_TSRESOL and length == 1:
            resolution = int64(data[at + 4])
        elif option == _OPTION_TSOFFSET and length == 8:
            high = _u32(data, at + 8, big)
            low = _u32(data, at + 4, big)
            if big:
                high, low = low, high
            if high >= 1 << 31:
                high -= 1 << 32
            offset_s = high * (1 << 32) + low
        at += 4 + ((length + 3) & ~3)
    interfaces[which, _IF_LINK] = _u16(data, position + 8, big)
    interfaces[which, _IF_SNAP] = _u32(data, position + 12, big)
    interfaces[which, _IF_OFFSET_S] = offset_s
    _set_resolution(interfaces, which, resolution)
    state[INTERFACES] = which + 1
    return OK


@inlined
def _take_block(
    data: Bytes,
    position: int,
    end: int,
    kind: int,
    state: Words,
    counters: Words,
    found: Words,
    interfaces: Words,
    index: Index,
    row: int,
) -> int:
    """Index one packet block; rows taken (0 or 1), or MALFORMED."""
    big = state[BIG_ENDIAN]
    which = 0
    if kind == _SIMPLE_PACKET:
        at = position + 12
    else:
        at = position + 28
        if kind == _ENHANCED_PACKET:
            which = _u32(data, position + 8, big)
        else:
            which = _u16(data, position + 8, big)
    if which >= state[INTERFACES]:
        return _fault(state, FAULT_INTERFACE, position + 8, which)
    if kind == _SIMPLE_PACKET:  # has no stored length of its own, and no time
        stored = min(_u32(data, position + 8, big), end - at)
        if interfaces[which, _IF_SNAP] > 0:
            stored = min(stored, interfaces[which, _IF_SNAP])
        ts_ns = UNDEF
    else:
        stored = _u32(data, position + 20, big)
        if stored > end - at:
            return _fault(state, FAULT_PACKET_LENGTH, position + 20, stored)
        ts_ns = _time_ns(
            _u32(data, position + 12, big), _u32(data, position + 16, big), interfaces, which
        )
    link = interfaces[which, _IF_LINK]
    return _take_frame(data, at, at + stored, link, ts_ns, index, row, counters, found)


@kernel(int64(U8_RO, I64, I64, I64, INDEX_RECORDS))
def scan_pcap(data: Bytes, state: Words, counters: Words, found: Words, index: Index) -> int:
    """Index the UDP packets of a classic pcap file.

    Args:
        data: uint8, the whole file.
        state: int64[STATE_SLOTS]; POSITION behind the file header at first, and BIG_ENDIAN,
            LINK, TICK_NS, HEADER_BYTES, SNAP_BYTES set.
        counters: int64[COUNTERS], added to.
        found: int64[FOUND_SLOTS] scratch.
        index: rows to fill, from 0.

    Returns:
        OK when the file is finished, MORE when the rows are, MALFORMED with FAULT* set.
        ROWS rows are valid in every case.
    """
    position = state[POSITION]
    big = state[BIG_ENDIAN]
    header = state[HEADER_BYTES]
    limit = max(MAX_STORED_BYTES, min(state[SNAP_BYTES], MAX_BLOCK_BYTES))
    size = data.size
    row = 0
    code = OK
    while position < size:
        if row == index.size:
            code = MORE
            break
        left = size - position
        if left < header:
            counters[TAIL_BYTES] += left
            position = size
            break
        stored = _u32(data, position + 8, big)
        if stored > limit:
            code = _fault(state, FAULT_PACKET_LENGTH, position + 8, stored)
            break
        if stored > left - header:
            counters[TAIL_BYTES] += left
            position = size
            break
        seconds = _u32(data, position, big)
        ts_ns = seconds * 1_000_000_000 + _u32(data, position + 4, big) * state[TICK_NS]
        at = position + header
        row += _take_frame(data, at, at + stored, state[LINK], ts_ns, index, row, counters, found)
        position = at + stored
    state[POSITION] = position
    state[ROWS] = row
    return code


@kernel(int64(U8_RO, I64, I64, I64, I64_2D, INDEX_RECORDS))
def scan_pcapng(
    data: Bytes, state: Words, counters: Words, found: Words, interfaces: Words, index: Index
) -> int:
    """Index the UDP packets of a pcapng file.

    Args:
        data: uint8, the whole file.
        state: int64[STATE_SLOTS], zeros at first.
        counters: int64[COUNTERS], added to.
        found: int64[FOUND_SLOTS] scratch.
        interfaces: int64[n, INTERFACE_SLOTS], the interfaces of the current section.
        index: rows to fill, from 0.

    Returns:
        OK when the file is finished, MORE when the rows are, MALFORMED with FAULT* set,
        BUFFER_FULL when ``interfaces`` is too small (give a larger one with the same
        contents and call again). ROWS rows are valid in every case.

    Source: draft-ietf-opsawg-pcapng, sections 3 and 4; the Packet Block from its appendix.
    """
    position = state[POSITION]
    size = data.size
    row = 0
    code = OK
    while position < size:
        if row == index.size:
            code = MORE
            break
        left = size - position
        if left < 12:
            counters[TAIL_BYTES] += left
            position = size
            break
        big = state[BIG_ENDIAN]
        kind = _u32(data, position, big)
        if kind == _SECTION:  # reads the same in both byte orders
            if _u32(data, position + 8, 0) == _BYTE_ORDER:
                big = 0
            elif _u32(data, position + 8, 1) == _BYTE_ORDER:
                big = 1
            else:
                code = _fault(state, FAULT_BYTE_ORDER, position + 8, _u32(data, position + 8, 0))
                break
        elif counters[SECTIONS] == 0:
            code = _fault(state, FAULT_NO_SECTION, position, kind)
            break
        length = _u32(data, position + 4, big)
        if length < _least_bytes(kind) or length & 3 != 0 or length > MAX_BLOCK_BYTES:
            code = _fault(state, FAULT_BLOCK_LENGTH, position + 4, length)
            break
        if length > left:
            counters[TAIL_BYTES] += left
            position = size
            break
        end = position + length - 4
        if _u32(data, end, big) != length:
            code = _fault(state, FAULT_BLOCK_TRAILER, end, _u32(data, end, big))
            break
        if kind == _ENHANCED_PACKET or kind == _SIMPLE_PACKET or kind == _OBSOLETE_PACKET:
            taken = _take_block(
                data, position, end, kind, state, counters, found, interfaces, index, row
            )
            if taken < 0:
                code = taken
                break
            row += taken
        elif kind == _SECTION:
            version = _u16(data, position + 12, big)
            if version != 1:
                code = _fault(state, FAULT_VERSION, position + 12, version)
                break
            state[BIG_ENDIAN] = big
            state[INTERFACES] = 0
            counters[SECTIONS] += 1
        elif kind == _INTERFACE:
            code = _take_interface(data, position, end, state, interfaces)
            if code != OK:
                break
            counters[INTERFACES_SEEN] += 1
        else:
            counters[BLOCKS_SKIPPED] += 1
        position += length
    state[POSITION] = position
    state[ROWS] = row
    return code
