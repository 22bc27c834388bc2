"""A slow, readable PITCH decoder: the oracle of the compiled one.

Written from the venue's format and the record contract alone, with ``struct`` and dictionaries; it shares
no code with the kernels, the message table or the encoder.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

UNDEF = -(2**63)
TRADE, ORDER, STATUS, INSTRUMENT, TRADE_BREAK, IMBALANCE, INDICATIVE = 1, 3, 12, 13, 22, 23, 24
LAST, SNAPSHOT = 128, 32

SHORTEST = {
    0x20: 6, 0x21: 34, 0x22: 26, 0x23: 26, 0x24: 38, 0x25: 18, 0x26: 16, 0x27: 27, 0x28: 19, 0x29: 14,
    0x2A: 41, 0x2B: 33, 0x2C: 14, 0x2D: 6, 0x2E: 30, 0x2F: 36, 0x30: 43, 0x31: 18, 0x95: 47, 0x96: 27,
    0x97: 6, 0x98: 15, 0x9D: 42, 0x9E: 58, 0xAD: 43, 0xAE: 14, 0xAF: 34, 0xB1: 18, 0xBC: 6, 0xBD: 6,
    0xD1: 64, 0xD2: 19, 0x01: 22, 0x02: 3, 0x03: 9, 0x04: 10, 0x80: 6, 0x81: 6, 0x82: 11, 0x83: 6,
    0x84: 6, 0x85: 11, 0x86: 2,
}  # fmt: skip

Said = tuple[Any, ...]
"""Kind, side, action, flags, and the four numbers of a record."""


class BadMessageError(Exception):
    """The message is shorter than its type."""


@dataclass(frozen=True)
class Row:
    """A record but for ``seq``: the head's columns, then the four numbers of the body."""

    ts_event_ns: int
    ts_recv_ns: int
    instrument: int
    kind: int
    side: str
    action: str
    flags: int
    body: tuple[int, int, int, int]


@dataclass
class Security:
    """What is known of a security."""

    row: int
    definition: tuple[Any, ...]
    state: int | None = None
    announced: tuple[Any, ...] | None = None


def signed(value: int) -> int:
    """See eight bytes as a record does."""
    return value - 2**64 if value >= 2**63 else value


def blocks(payload: bytes) -> list[bytes]:
    """Split a unit's payload into messages."""
    found = []
    while payload:
        found.append(payload[: payload[0]])
        payload = payload[payload[0] :]
    return found


@dataclass
class NaivePitch:
    """Decode messages into lists of :class:`Row`; the time is that of the latest Time message."""

    midnight_ns: int | None
    securities: dict[bytes, Security] = field(default_factory=dict)
    second_ns: int | None = None
    unknown: int = 0

    def message(self, data: bytes, recv: int) -> list[Row]:
        """Decode one message."""
        code = data[1]
        if code not in SHORTEST:
            self.unknown += 1
            return []
        if len(data) < SHORTEST[code]:
            raise BadMessageError
        if code in (0x20, 0xB1):
            self._time(code, data)
            return []
        ts = UNDEF
        if self.second_ns is not None:
            ts = self.second_ns
            if code != 0x2E:
                ts += struct.unpack_from("<I", data, 2)[0] if len(data) >= 6 else 0
        if code in SAYS:
            return [Row(ts, recv, 0, *as_row(each)) for each in SAYS[code](code, data)]
        if code not in NAMED:
            return []
        symbol_at, size, say = NAMED[code]
        symbol = data[symbol_at : symbol_at + size].ljust(8, b" ")
        name = symbol.rstrip(b" ")
        known = self.securities.setdefault(
            symbol, Security(len(self.securities) + 1, ("stock", name, name, UNDEF, UNDEF))
        )
        if code == 0x2E:
            known.definition = mapped(data)
        said: list[Said] = []
        if known.announced != known.definition:
            action = "A" if known.announced is None else "M"
            known.announced = known.definition
            said.append((INSTRUMENT, "N", action, 0, UNDEF, UNDEF, UNDEF, known.definition[4]))
        elif code == 0x2E:
            said.append((INSTRUMENT, "N", "N", SNAPSHOT, UNDEF, UNDEF, UNDEF, known.definition[4]))
        if say is not None:
            said += say(code, data, known)
        return [Row(ts, recv, known.row, *as_row(each)) for each in said]

    def _time(self, code: int, data: bytes) -> None:
        if code == 0xB1:
            midnight, second = struct.unpack_from("<II", data, 2)
            unix = midnight + second
        else:
            (second,) = struct.unpack_from("<I", data, 2)
            unix = struct.unpack_from("<I", data, 6)[0] if len(data) >= 10 else 0
        if unix:
            self.second_ns = unix * 10**9
        elif self.midnight_ns is not None:
            self.second_ns = self.midnight_ns + second * 10**9


def as_row(said: Said) -> tuple[int, str, str, int, tuple[int, int, int, int]]:
    """Put the four numbers of a record together."""
    kind, side, action, flags, *body = said
    return kind, side, action, flags, (body[0], body[1], body[2], body[3])


def mapped(data: bytes) -> tuple[Any, ...]:
    """Give kind, symbol, base, strike and expiry of a symbol mapping."""
    osi = data[8:29]
    base = data[30:38] if len(data) >= 38 else osi[:6]
    found = re.fullmatch(rb".{6}(\d\d)(\d\d)(\d\d)([CP])(\d{8})", osi, re.DOTALL)
    name = osi.rstrip(b" ")
    if found is None:
        return ("unknown", name, base.rstrip(b" "), UNDEF, UNDEF)
    year, month, day, letter, strike = found.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return ("unknown", name, base.rstrip(b" "), UNDEF, UNDEF)
    first = datetime(2000 + int(year), int(month), 1, tzinfo=UTC)
    expiry = (int(first.timestamp()) + 86_400 * (int(day) - 1)) * 10**9
    return (b"option " + letter, name, base.rstrip(b" "), int(strike) * 10, expiry)


def order(action: str, flags: int, size: int, price: int, order_id: int) -> Said:
    """An order known by its number."""
    return ORDER, "N", action, flags, price, size, signed(order_id), UNDEF


def executed(_code: int, data: bytes) -> Iterator[Said]:
    """An execution at the order's price."""
    order_id, size, execution = struct.unpack_from("<QIQ", data, 6)
    yield TRADE, "N", "T", 0, UNDEF, size, signed(execution), UNDEF
    yield order("F", LAST, size, UNDEF, order_id)


def executed_at(_code: int, data: bytes) -> Iterator[Said]:
    """An execution at a price, and the size that is left."""
    order_id, size, left, execution, price = struct.unpack_from("<QIIQq", data, 6)
    yield TRADE, "N", "T", 0, price, size, signed(execution), UNDEF
    if left:
        yield order("F", 0, size, UNDEF, order_id)
        yield order("M", LAST, left, UNDEF, order_id)
    else:
        yield order("F", LAST, UNDEF, UNDEF, order_id)


def cancelled(code: int, data: bytes) -> Iterator[Said]:
    """An order that is smaller, or gone."""
    (order_id,) = struct.unpack_from("<Q", data, 6)
    size = UNDEF
    if code != 0x29:
        (size,) = struct.unpack_from("<I" if code == 0x25 else "<H", data, 14)
    yield order("C", LAST, size, UNDEF, order_id)


def modified(code: int, data: bytes) -> Iterator[Said]:
    """An order's new size and price."""
    if code == 0x27:
        order_id, size, price, flags = struct.unpack_from("<QIqB", data, 6)
    else:
        order_id, size, price, flags = struct.unpack_from("<QHHB", data, 6)
        price *= 100
    if flags & 2:
        yield order("M", LAST, size, price, order_id)
    else:
        yield order("C", 0, UNDEF, UNDEF, order_id)
        yield order("A", LAST, size, price, order_id)


def broken(_code: int, data: bytes) -> Iterator[Said]:
    """A trade that is none any more."""
    (execution,) = struct.unpack_from("<q", data, 6)
    yield TRADE_BREAK, "N", "N", LAST, UNDEF, UNDEF, execution, UNDEF


def cleared(_code: int, _data: bytes) -> Iterator[Said]:
    """A unit without orders; the harness's unit is 1."""
    yield ORDER, "N", "R", LAST | SNAPSHOT, UNDEF, UNDEF, UNDEF, 1


SAYS: dict[int, Callable[[int, bytes], Iterator[Said]]] = {
    0x23: executed, 0x24: executed_at, 0x25: cancelled, 0x26: cancelled, 0x29: cancelled,
    0x27: modified, 0x28: modified, 0x2C: broken, 0x97: cleared,
}  # fmt: skip


def add_or_trade(code: int, data: bytes, _known: Security) -> Iterator[Said]:
    """A new order, or a trade of orders that nobody saw."""
    form = {0x21: "<QcI6sq", 0x22: "<QcH6sH", 0x2F: "<QcI8sq"}.get(code)
    if form is None:
        form = {0x2A: "<QcI6sqq", 0x2B: "<QcH6sHq", 0x30: "<QcI8sqq"}[code]
        _, _, size, _, price, execution = struct.unpack_from(form, data, 6)
        price *= 100 if code == 0x2B else 1
        yield TRADE, "N", "T", LAST, price, size, execution, UNDEF
    else:
        order_id, side, size, _, price = struct.unpack_from(form, data, 6)
        price *= 100 if code == 0x22 else 1
        which = {b"B": "B", b"S": "A"}.get(side, "N")
        yield ORDER, which, "A", LAST, price, size, signed(order_id), UNDEF


def status(_code: int, data: bytes, known: Security) -> Iterator[Said]:
    """A trading status."""
    now = data[14] + (0x200 if data[15:16] == b"1" else 0)
    before, known.state = known.state, now
    yield STATUS, "N", "N", LAST, now, UNDEF if before is None else before, UNDEF, UNDEF


def auction(_code: int, data: bytes, _known: Security) -> Iterator[Said]:
    """What an auction has, and where it would clear."""
    letter, reference, buy, sell, near, far = struct.unpack_from("<BqIIqq", data, 14)
    side = "B" if buy > sell else "A" if sell > buy else "N"
    lacking = abs(buy - sell)
    yield IMBALANCE, side, "N", 0, reference or UNDEF, min(buy, sell), lacking, letter
    yield INDICATIVE, "N", "N", LAST, near or UNDEF, far or UNDEF, UNDEF, letter


NAMED: dict[int, tuple[int, int, Callable[[int, bytes, Security], Iterator[Said]] | None]] = {
    0x21: (19, 6, add_or_trade), 0x22: (17, 6, add_or_trade), 0x2F: (19, 8, add_or_trade),
    0x2A: (19, 6, add_or_trade), 0x2B: (17, 6, add_or_trade), 0x30: (19, 8, add_or_trade),
    0x2E: (2, 6, None), 0x31: (6, 8, status), 0x95: (6, 8, auction), 0xD1: (6, 8, auction),
}  # fmt: skip
"""Messages about a security: where its symbol is, how long that is, and what it says."""
