"""A slow, readable Deribit decoder and packet writer: the oracle of the compiled one.

Written from the venue's format and the record table alone, with ``struct``, dictionaries and
``Decimal``; it shares no code with the kernels.
"""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

UNDEF = -(2**63)
TRADE, LEVEL, QUOTE, MARK, FUNDING, OPEN_INTEREST, LIMITS = 1, 2, 4, 6, 7, 8, 9
INDEX, LIQUIDATION, STATUS, INSTRUMENT, COMBO_LEG, RFQ = 10, 11, 12, 13, 14, 15
LAST, TOB, SNAPSHOT, MBP, MAYBE_BAD_BOOK = 128, 64, 32, 16, 4

DEFINITION = "<IBBBBBBH8s8s8s8s8sQQ9d"
DEFINITION_V2 = "<IBBBBBH8s8s8s8s8sQQ9d"
TICKER = "<IBQ15d"
TRADE_ENTRY = "<BddQddQQBBdQQ"
CHANGE_ENTRY = "<BBdd"
LEVEL_ENTRY = "<Bdd"
LEG_ENTRY = "<Ii"


class BadMessageError(Exception):
    """The message contradicts its format."""


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
class Definition:
    """What is known of an instrument."""

    fields: tuple[object, ...] | None = None
    state: int | None = None
    open_snapshot: int | None = None


@dataclass
class NaiveDecoder:
    """Decode packets into lists of :class:`Row`."""

    rows: dict[object, int] = field(default_factory=dict)
    known: dict[int, Definition] = field(default_factory=dict)
    messages: Counter[int] = field(default_factory=Counter)
    malformed: int = 0
    unknown: int = 0
    out_of_range: int = 0

    def packet(self, data: bytes, ts_recv_ns: int) -> list[Row]:
        """Decode one datagram."""
        if len(data) < 8:
            return []
        length, channel, _ = struct.unpack_from("<HHI", data)
        if length != len(data) - 8:
            return []
        rows: list[Row] = []
        at = 8
        while at < len(data):
            try:
                header = struct.unpack("<6H", cut(data, at, 12))
                body, group, texts, end = outline(data, at)
            except BadMessageError:
                self.malformed += 1
                break
            except struct.error:
                self.malformed += 1
                break
            if header[2] != 1 or not 1000 <= header[1] <= 1010:
                self.unknown += 1
                at = end
                continue
            try:
                rows += self.message(header[1], body, group, texts, channel, ts_recv_ns)
            except (BadMessageError, struct.error):
                self.malformed += 1
                break
            self.messages[header[1]] += 1
            at = end
        return rows

    def scale(self, value: float, places: int) -> int:
        """Scale a double as the decimal that it prints as."""
        if math.isnan(value):
            return UNDEF
        if math.isinf(value):
            self.out_of_range += 1
            return UNDEF
        if places == 12 and abs(value) * 1e12 >= 2**51 and value != int(value):
            self.out_of_range += 1
            return UNDEF
        mantissa = int(Decimal(repr(value)).scaleb(places).to_integral_value(ROUND_HALF_EVEN))
        if abs(mantissa) >= 9_200_000_000_000_000_000:
            self.out_of_range += 1
            return UNDEF
        return mantissa

    def row_of(self, key: object) -> int:
        """Number instruments in the order in which they are met, from 1 on."""
        row = self.rows.setdefault(key, len(self.rows) + 1)
        self.known.setdefault(row, Definition())
        return row

    def message(
        self,
        template: int,
        body: bytes,
        group: tuple[int, list[bytes]] | None,
        texts: list[bytes],
        channel: int,
        recv: int,
    ) -> list[Row]:
        """Decode one message whose outline is sound."""
        if template in (1000, 1010):
            return self._definition(template, body, texts, recv)
        if template == 1003:
            return self._ticker(body, recv)
        if template == 1008:
            return self._index(body, recv)
        if template == 1009:
            return self._rfq(body, recv)
        if template == 1005:
            struct.unpack_from("<I", body)
            return []
        if template == 1006:
            return []
        if group is None:
            raise BadMessageError
        size, entries = group
        needed = {1001: 18, 1002: 57, 1004: 17, 1007: 8}[template]
        if entries and size < needed:
            raise BadMessageError
        if template == 1001:
            return self._book(body, entries, recv)
        if template == 1002:
            return self._trades(body, entries, recv)
        if template == 1004:
            return self._snapshot(body, entries, recv)
        return self._legs(body, entries, recv)

    def _status(self, row: int, state: int, event: int, recv: int) -> list[Row]:
        previous = self.known[row].state
        if previous == state:
            return []
        self.known[row].state = state
        body = (state, UNDEF if previous is None else previous, UNDEF, UNDEF)
        return [Row(event, recv, row, STATUS, "N", "N", 0, body)]

    def _definition(self, template: int, body: bytes, texts: list[bytes], recv: int) -> list[Row]:
        if not texts or not texts[0]:
            raise BadMessageError
        if template == 1000:
            number, state, kind, _, option, _, *rest = read_block(DEFINITION, body, 12)
        else:
            number, state, kind, _, option, *rest = read_block(DEFINITION_V2, body, 11)
        period, _, base, quote, _counter, settlement, size_currency, created, expiry = rest[:9]
        strike, contract, minimum, tick = rest[9:13]
        row = self.row_of(number)
        expires = not (kind == 4 or (kind == 0 and period == 0))
        definition = (
            texts[0][:64],
            {0: 2 if period == 0 else 3, 1: 4, 2: 5, 3: 5, 4: 1}.get(kind, 0),
            {1: "C", 2: "P"}.get(option),
            self.scale(tick, 9),
            self.scale(minimum, 8),
            self.scale(contract, 8),
            self.scale(strike, 9) if kind == 1 else UNDEF,
            ns(expiry) if expires and expiry else UNDEF,
            ns(created) if created else UNDEF,
            base.rstrip(b"\0"),
            quote.rstrip(b"\0"),
            settlement.rstrip(b"\0"),
            size_currency.rstrip(b"\0"),
            size_currency == quote and quote != base,
        )
        before = self.known[row].fields
        self.known[row].fields = definition
        action, flags = ("A", 0) if before is None else ("M", 0)
        if before == definition:
            action, flags = "N", SNAPSHOT
        values = (definition[3], definition[4], definition[5], definition[7])
        announced = Row(UNDEF, recv, row, INSTRUMENT, "N", action, flags, values)  # type: ignore[arg-type]
        return [announced, *self._status(row, state, UNDEF, recv)]

    def _ticker(self, body: bytes, recv: int) -> list[Row]:
        number, state, ms, *values = read_block(TICKER, body, 13)
        interest, low, high, last, index, mark, bid, bid_size, ask, ask_size = values[:10]
        funding, funding_8h, estimated, delivery, settlement = values[10:]
        row = self.row_of(number)

        def price(value: float) -> int:
            return self.scale(value, 9)

        def size(value: float) -> int:
            return self.scale(value, 8)

        def record(kind: int, flags: int, *numbers: int) -> Row:
            padded = (*numbers, UNDEF, UNDEF, UNDEF)[:4]
            return Row(ns(ms), recv, row, kind, "N", "N", flags, padded)  # type: ignore[arg-type]

        rows = [
            record(
                QUOTE,
                LAST | TOB,
                UNDEF if bid_size == 0 else price(bid),
                size(bid_size),
                UNDEF if ask_size == 0 else price(ask),
                size(ask_size),
            ),
            record(MARK, 0, price(mark), price(index), price(settlement), price(estimated)),
            record(OPEN_INTEREST, 0, size(interest)),
            record(LIMITS, 0, price(low), price(high), price(last), price(delivery)),
        ]
        if not (math.isnan(funding) and math.isnan(funding_8h)):
            rows.append(record(FUNDING, 0, self.scale(funding, 12), self.scale(funding_8h, 12)))
        return rows + self._status(row, state, ns(ms), recv)

    def _book(self, body: bytes, entries: list[bytes], recv: int) -> list[Row]:
        number, ms, before, change_id, is_last = struct.unpack_from("<IQQQB", body)
        changes = [struct.unpack_from(CHANGE_ENTRY, entry) for entry in entries]
        if is_last > 1 or any(side > 1 or change > 2 for side, change, _, _ in changes):
            raise BadMessageError
        row = self.row_of(number)
        ids = (signed(change_id), signed(before))
        rows = []
        for side, change, price, amount in changes:
            level = self.scale(price, 9)
            size = 0 if change == 2 else self.scale(amount, 8)
            flags = MBP | (MAYBE_BAD_BOOK if UNDEF in (level, size) else 0)
            body_of = (level, size, *ids)
            rows.append(Row(ns(ms), recv, row, LEVEL, "AB"[side], "AMC"[change], flags, body_of))
        if not rows:
            rows = [Row(ns(ms), recv, row, LEVEL, "N", "N", MBP, (UNDEF, 0, *ids))]
        return with_last(rows) if is_last else rows

    def _trades(self, body: bytes, entries: list[bytes], recv: int) -> list[Row]:
        (number,) = struct.unpack_from("<I", body)
        trades = []
        for entry in entries:
            side, price, amount, ms, _, _, seq, trade_id = struct.unpack_from("<BddQddQQ", entry)
            liquidation = entry[58] if len(entry) > 58 else 0
            if side > 2 and side != 255:
                raise BadMessageError
            trades.append((side, price, amount, ms, seq, trade_id, liquidation))
        row = self.row_of(number)
        rows = []
        for side, price, amount, ms, seq, trade_id, liquidation in trades:
            taker = {0: "B", 1: "A"}.get(side, "N")
            level, size = self.scale(price, 9), self.scale(amount, 8)
            numbers = (level, size, signed(trade_id), signed(seq))
            rows.append(Row(ns(ms), recv, row, TRADE, taker, "T", 0, numbers))
            if liquidation not in (0, 255):
                other = {"B": "A", "A": "B", "N": "N"}[taker]
                party = {1: other, 2: taker}.get(liquidation, "N")
                numbers = (level, size, signed(trade_id), UNDEF)
                rows.append(Row(ns(ms), recv, row, LIQUIDATION, party, "N", 0, numbers))
        return with_last(rows)

    def _snapshot(self, body: bytes, entries: list[bytes], recv: int) -> list[Row]:
        number, ms, change_id, _, is_last = struct.unpack_from("<IQQBB", body)
        levels = [struct.unpack_from(LEVEL_ENTRY, entry) for entry in entries]
        if is_last > 1 or any(side > 1 for side, _, _ in levels):
            raise BadMessageError
        row = self.row_of(number)
        known = self.known[row]
        goes_on = known.open_snapshot == change_id
        known.open_snapshot = None if is_last else change_id
        ids = (signed(change_id), UNDEF)
        rows = []
        if not goes_on or not levels:
            action = "N" if goes_on else "R"
            rows.append(Row(ns(ms), recv, row, LEVEL, "N", action, SNAPSHOT, (UNDEF, 0, *ids)))
        for side, price, amount in levels:
            numbers = (self.scale(price, 9), self.scale(amount, 8), *ids)
            flags = SNAPSHOT | MBP | (MAYBE_BAD_BOOK if UNDEF in numbers[:2] else 0)
            rows.append(Row(ns(ms), recv, row, LEVEL, "AB"[side], "A", flags, numbers))
        return with_last(rows) if is_last else rows

    def _legs(self, body: bytes, entries: list[bytes], recv: int) -> list[Row]:
        (number,) = struct.unpack_from("<I", body)
        row = self.row_of(number)
        rows = []
        for index, entry in enumerate(entries):
            leg, ratio = struct.unpack_from(LEG_ENTRY, entry)
            side = "N" if ratio == 0 else "B" if ratio > 0 else "A"
            numbers = (self.row_of(leg), ratio, index, len(entries))
            rows.append(Row(UNDEF, recv, row, COMBO_LEG, side, "N", 0, numbers))
        return with_last(rows)

    def _index(self, body: bytes, recv: int) -> list[Row]:
        name, price, ms = struct.unpack_from("<16sdQ", body)
        is_new = name not in self.rows
        row = self.row_of(name)
        rows = []
        if is_new:
            rows.append(Row(ns(ms), recv, row, INSTRUMENT, "N", "A", 0, (UNDEF,) * 4))
        numbers = (self.scale(price, 9), UNDEF, UNDEF, UNDEF)
        return [*rows, Row(ns(ms), recv, row, INDEX, "N", "N", LAST, numbers)]

    def _rfq(self, body: bytes, recv: int) -> list[Row]:
        number, state, side, amount, ms = struct.unpack_from("<IBBdQ", body)
        if side > 2 and side != 255:
            raise BadMessageError
        row = self.row_of(number)
        numbers = (state, self.scale(amount, 8), UNDEF, UNDEF)
        return [Row(ns(ms), recv, row, RFQ, {0: "B", 1: "A"}.get(side, "N"), "N", LAST, numbers)]


def read_block(form: str, body: bytes, required: int) -> list[Any]:
    """Read the fields of a block; those that a short block does not wholly hold are unset."""
    if len(body) < required:
        raise BadMessageError
    values: list[Any] = []
    at = 0
    for times, code in re.findall(r"(\d*)([A-Za-z])", form):
        single = code if code != "s" else f"{times}s"
        for _ in range(int(times or 1) if code != "s" else 1):
            size = struct.calcsize(f"<{single}")
            unset = {"d": math.nan, "s": b""}.get(code, 0)
            is_there = at + size <= len(body)
            values.append(struct.unpack_from(f"<{single}", body, at)[0] if is_there else unset)
            at += size
    return values


def ns(milliseconds: int) -> int:
    """Scale milliseconds to nanoseconds, or UNDEF beyond int64."""
    return milliseconds * 10**6 if milliseconds <= 9_223_372_036_854 else UNDEF


def signed(value: int) -> int:
    """Read a uint64 as int64; its null is UNDEF."""
    if value == 2**64 - 1:
        return UNDEF
    return value - 2**64 if value >= 2**63 else value


def with_last(rows: list[Row]) -> list[Row]:
    """Flag the last row."""
    if not rows:
        return rows
    last = rows[-1]
    flagged = Row(
        last.ts_event_ns,
        last.ts_recv_ns,
        last.instrument,
        last.kind,
        last.side,
        last.action,
        last.flags | LAST,
        last.body,
    )
    return [*rows[:-1], flagged]


def outline(data: bytes, at: int) -> tuple[bytes, tuple[int, list[bytes]] | None, list[bytes], int]:
    """Cut a message: root block, entry length and entries of its first group, texts, its end."""
    length, template, schema, _, groups, texts = struct.unpack_from("<6H", data, at)
    is_known = schema == 1 and 1000 <= template <= 1010
    at += 12
    body = cut(data, at, length)
    at += length
    first: tuple[int, list[bytes]] | None = None
    for _ in range(groups):
        size, count, inner_groups, inner_texts = struct.unpack("<4H", cut(data, at, 8))
        at += 8
        if count and (inner_groups or inner_texts):
            if is_known:
                raise BadMessageError
            return body, None, [], len(data)
        entries = cut(data, at, size * count)
        if first is None:
            first = (size, [entries[k * size : (k + 1) * size] for k in range(count)])
        at += size * count
    found = []
    for _ in range(texts):
        size = cut(data, at, 1)[0]
        found.append(cut(data, at + 1, size))
        at += 1 + size
    return body, first, found, at


def cut(data: bytes, at: int, size: int) -> bytes:
    """Take bytes that must be there."""
    if at + size > len(data):
        raise BadMessageError
    return data[at : at + size]


def message(
    template: int,
    body: bytes,
    *,
    entries: list[bytes] | None = None,
    entry_size: int = 0,
    texts: list[bytes] | None = None,
    schema: int = 1,
    version: int = 2,
) -> bytes:
    """Write one message; ``entry_size`` is needed for a group without entries."""
    groups = 0 if entries is None else 1
    names = texts or []
    out = struct.pack("<6H", len(body), template, schema, version, groups, len(names)) + body
    if entries is not None:
        size = len(entries[0]) if entries else entry_size
        out += struct.pack("<4H", size, len(entries), 0, 0) + b"".join(entries)
    return out + b"".join(bytes([len(name)]) + name for name in names)


def packet(*messages: bytes, channel: int = 1, seq: int = 1) -> bytes:
    """Write one packet."""
    body = b"".join(messages)
    return struct.pack("<HHI", len(body), channel, seq) + body


def definition(
    number: int,
    name: bytes = b"BTC-PERPETUAL",
    *,
    version: int = 1,
    state: int = 1,
    kind: int = 0,
    option: int = 0,
    period: int = 0,
    currencies: tuple[bytes, bytes, bytes, bytes, bytes] = (b"BTC", b"USD", b"USD", b"BTC", b"USD"),
    created: int = 1_600_000_000_000,
    expiry: int = 32_503_708_800_000,
    strike: float = math.nan,
    contract: float = 10.0,
    minimum: float = 10.0,
    tick: float = 0.5,
    steps: list[tuple[float, float]] | None = None,
) -> bytes:
    """Write Instrument (``version`` 1) or InstrumentV2 (2)."""
    head: tuple[int, ...] = (number, state, kind, 1, option)
    tail = (period, 1, *currencies, created, expiry, strike, contract, minimum, tick)
    fees = (0.0, 0.0005, math.nan, math.nan, 50.0)
    if version == 1:
        return message(1000, struct.pack(DEFINITION, *head, 0, *tail, *fees), texts=[name])
    entries = [struct.pack("<dd", *step) for step in steps or []]
    body = struct.pack(DEFINITION_V2, *head, *tail, *fees)
    return message(1010, body, entries=entries, entry_size=16, texts=[name], version=3)


def ticker(number: int, *, state: int = 1, ms: int = 1_700_000_000_000, **values: float) -> bytes:
    """Write Ticker; numbers that are not named are NaN."""
    names = (
        "interest", "low", "high", "last", "index", "mark", "bid", "bid_size", "ask", "ask_size",
        "funding", "funding_8h", "estimated", "delivery", "settlement",
    )  # fmt: skip
    numbers = [values.pop(name, math.nan) for name in names]
    assert not values, values
    return message(1003, struct.pack(TICKER, number, state, ms, *numbers))


def book(
    number: int,
    changes: list[tuple[int, int, float, float]],
    *,
    ms: int = 1_700_000_000_000,
    before: int = 100,
    change_id: int = 101,
    is_last: int = 1,
) -> bytes:
    """Write Book; a change is side (0 ask), change (0 created), price, amount."""
    body = struct.pack("<IQQQB", number, ms, before, change_id, is_last)
    entries = [struct.pack(CHANGE_ENTRY, *change) for change in changes]
    return message(1001, body, entries=entries, entry_size=18)


def trade(
    side: int = 0,
    price: float = 100.5,
    amount: float = 10.0,
    *,
    ms: int = 1_700_000_000_000,
    trade_seq: int = 7,
    trade_id: int = 70,
    liquidation: int = 0,
) -> bytes:
    """Write one entry of Trades."""
    return struct.pack(
        TRADE_ENTRY, side, price, amount, ms, 1.0, 2.0, trade_seq, trade_id, 0, liquidation,
        math.nan, 0, 0,
    )  # fmt: skip


def trades(number: int, *entries: bytes) -> bytes:
    """Write Trades."""
    return message(1002, struct.pack("<I", number), entries=list(entries), entry_size=83)


def snapshot(
    number: int,
    levels: list[tuple[int, float, float]],
    *,
    ms: int = 1_700_000_000_000,
    change_id: int = 101,
    is_last: int = 1,
) -> bytes:
    """Write Snapshot; a level is side (0 ask), price, amount."""
    body = struct.pack("<IQQBB", number, ms, change_id, 1, is_last)
    entries = [struct.pack(LEVEL_ENTRY, *level) for level in levels]
    return message(1004, body, entries=entries, entry_size=17)


def legs(number: int, *pairs: tuple[int, int]) -> bytes:
    """Write ComboLegs; a leg is instrument id and size."""
    entries = [struct.pack(LEG_ENTRY, *pair) for pair in pairs]
    return message(1007, struct.pack("<I", number), entries=entries, entry_size=8)


def price_index(name: bytes, price: float, ms: int = 1_700_000_000_000) -> bytes:
    """Write PriceIndex."""
    return message(1008, struct.pack("<16sdQ", name, price, ms))


def rfq(number: int, *, state: int = 1, side: int = 2, amount: float = 5.0) -> bytes:
    """Write Rfq."""
    return message(1009, struct.pack("<IBBdQ", number, state, side, amount, 1_700_000_000_000))
