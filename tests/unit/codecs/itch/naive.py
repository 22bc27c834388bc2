"""A slow, readable ITCH decoder: the oracle of the compiled one.

Written from Nasdaq's format and the record table alone, with ``struct`` and dictionaries; it shares no
code with the kernels, the message table or the encoder.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FORMATS", "LENGTHS", "UNDEF", "BadMessageError", "NaiveItch", "Row"]

UNDEF = -(2**63)
TRADE, ORDER, LIMITS, STATUS, INSTRUMENT = 1, 3, 9, 12, 13
TRADE_BREAK, IMBALANCE, INDICATIVE = 22, 23, 24
LAST = 128

FORMATS = {
    "S": ("code", "c"),
    "R": (
        "stock category financial lot lots_only class sub authenticity short ipo tier etp leverage inverse",
        "8sccIcc2scccccIc",
    ),
    "H": ("stock state reserved reason", "8scc4s"),
    "Y": ("stock action", "8sc"),
    "L": ("mpid stock primary mode state", "4s8sccc"),
    "V": ("level_1 level_2 level_3", "QQQ"),
    "W": ("level", "c"),
    "K": ("stock release qualifier price", "8sIcI"),
    "J": ("stock reference upper lower extension", "8sIIII"),
    "h": ("stock market action", "8scc"),
    "A": ("order side shares stock price", "QcI8sI"),
    "F": ("order side shares stock price mpid", "QcI8sI4s"),
    "E": ("order shares match", "QIQ"),
    "C": ("order shares match printable price", "QIQcI"),
    "X": ("order shares", "QI"),
    "D": ("order", "Q"),
    "U": ("order new shares price", "QQII"),
    "P": ("order side shares stock price match", "QcI8sIQ"),
    "Q": ("shares stock price match cross", "Q8sIQc"),
    "B": ("match", "Q"),
    "I": (
        "paired imbalance direction stock far near reference cross variation",
        "QQc8sIIIcc",
    ),
    "N": ("stock flag", "8sc"),
    "O": ("stock eligible minimum maximum near near_time lower upper", "8scIIIQII"),
}
"""Fields behind the head, and their struct codes."""

LENGTHS = {kind: struct.calcsize(">cHHHI" + codes) for kind, (_, codes) in FORMATS.items()}

SAYS = {
    "S": "system_event", "W": "breaker", "H": "trading_action", "h": "halt", "A": "added",
    "F": "added", "E": "executed", "C": "executed_at", "X": "cancelled", "D": "deleted",
    "U": "replaced", "P": "traded", "Q": "crossed", "B": "broken", "I": "auction", "J": "collar",
    "O": "listing",
}  # fmt: skip
"""Which method says what a type becomes; the others become nothing."""

Said = tuple[Any, ...]
"""Kind, side, action, and the four numbers of a record."""


class BadMessageError(Exception):
    """The message is shorter than its type, or has an impossible side."""


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


def signed(value: int) -> int:
    """Give eight bytes as the signed number that a record holds."""
    return value - 2**64 if value >= 2**63 else value


def letters(text: bytes) -> int:
    """Give text as the little-endian number of its bytes, without spaces behind; UNDEF for none."""
    kept = text.rstrip(b" ")
    return int.from_bytes(kept, "little") if kept else UNDEF


@dataclass
class NaiveItch:
    """Decode messages into lists of :class:`Row`."""

    midnight_ns: int = 0
    most_rows: int = 10**6
    symbols: dict[bytes, int] = field(default_factory=dict)
    """Row of each symbol; and of locates without one, under their number."""
    locates: dict[int, Any] = field(default_factory=dict)
    definitions: dict[int, Any] = field(default_factory=dict)
    """What was announced of each row."""
    states: dict[int, int] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    def row_of(self, key: Any) -> int | None:
        if key not in self.symbols:
            if len(self.symbols) + 1 >= self.most_rows:
                return None
            self.symbols[key] = len(self.symbols) + 1
        return self.symbols[key]

    def message(self, data: bytes, ts_recv_ns: int) -> list[Row]:
        """Decode one message.

        Raises:
            BadMessageError: as it says.
            KeyError: there is no such type.
        """
        kind = data[:1].decode("latin-1")
        if not data:
            raise BadMessageError
        names, codes = FORMATS[kind]
        if len(data) < LENGTHS[kind]:
            raise BadMessageError
        _, locate, _, high, low, *values = struct.unpack_from(">cHHHI" + codes, data)
        v = dict(zip(names.split(), values, strict=True))
        if kind in "AF" and v["side"] not in (b"B", b"S"):
            raise BadMessageError
        self.messages[kind] += 1
        ts_event_ns = self.midnight_ns + (high << 32 | low)

        rows: list[Row] = []

        def say(row: int, said: Said, flags: int = 0) -> None:
            what, side, action, *body = said
            rows.append(
                Row(ts_event_ns, ts_recv_ns, row, what, side, action, flags, tuple(body))
            )  # fmt: skip

        row = 0
        if kind == "R":
            return self.define(v, locate, say, rows)
        if kind not in "SVW":
            found = self.find(v.get("stock"), locate, say)
            if found is None:
                self.refused += 1
                return []
            row = found
        says = SAYS.get(kind)
        said = getattr(self, says)(row, v) if says else []
        for place, each in enumerate(said):
            where = 0 if kind in "SW" else row
            say(where, each, LAST if place == len(said) - 1 else 0)
        return rows

    def find(self, stock: bytes | None, locate: int, say: Any) -> int | None:
        """Find the row of a message; tell a symbol that is new."""
        known = self.locates.get(locate)
        if known is not None and (known[1] or stock is None):
            return int(known[0])
        row = self.row_of(stock if stock is not None else locate)
        if row is None:
            return None
        self.locates[locate] = (row, stock is not None)
        if stock is not None and row not in self.definitions:
            self.announce(row, (UNDEF, UNDEF, UNDEF), say)
        return row

    def announce(self, row: int, sizes: tuple[int, int, int], say: Any) -> None:
        known = self.definitions.get(row)
        if known != sizes:
            self.definitions[row] = sizes
            say(row, (INSTRUMENT, "N", "A" if known is None else "M", *sizes, UNDEF))

    def define(self, v: Any, locate: int, say: Any, rows: list[Row]) -> list[Row]:
        row = self.row_of(v["stock"])
        if row is None:
            self.refused += 1
            return []
        self.locates[locate] = (row, True)
        self.announce(row, (1, v["lot"] if v["lots_only"] == b"Y" else 1, 1), say)
        return rows

    # What each type says: (kind, side, action, four numbers) for each record.

    def status(self, row: int, state: bytes, reason: int = UNDEF) -> list[Said]:
        before = self.states.get(row, UNDEF)
        self.states[row] = state[0]
        return [(STATUS, "N", "N", state[0], before, reason, UNDEF)]

    def system_event(self, _row: int, v: Any) -> list[Said]:
        return self.status(0, v["code"])

    def breaker(self, _row: int, v: Any) -> list[Said]:
        return self.status(0, v["level"])

    def trading_action(self, row: int, v: Any) -> list[Said]:
        return self.status(row, v["state"], letters(v["reason"]))

    def halt(self, _row: int, v: Any) -> list[Said]:
        return [(STATUS, "N", "N", v["action"][0] | 32, UNDEF, v["market"][0], UNDEF)]

    def added(self, _row: int, v: Any) -> list[Said]:
        side = "B" if v["side"] == b"B" else "A"
        return [(ORDER, side, "A", v["price"], v["shares"], signed(v["order"]), UNDEF)]

    def executed(self, _row: int, v: Any) -> list[Said]:
        return [
            (TRADE, "N", "T", UNDEF, v["shares"], signed(v["match"]), UNDEF),
            (ORDER, "N", "F", UNDEF, v["shares"], signed(v["order"]), UNDEF),
        ]

    def executed_at(self, row: int, v: Any) -> list[Said]:
        trade, order = self.executed(row, v)
        if v["printable"] == b"N":
            return [order]
        return [(*trade[:3], v["price"], *trade[4:]), order]

    def cancelled(self, _row: int, v: Any) -> list[Said]:
        return [(ORDER, "N", "C", UNDEF, v["shares"], signed(v["order"]), UNDEF)]

    def deleted(self, _row: int, v: Any) -> list[Said]:
        return [(ORDER, "N", "C", UNDEF, UNDEF, signed(v["order"]), UNDEF)]

    def replaced(self, _row: int, v: Any) -> list[Said]:
        return [
            (ORDER, "N", "C", UNDEF, UNDEF, signed(v["order"]), UNDEF),
            (ORDER, "N", "A", v["price"], v["shares"], signed(v["new"]), UNDEF),
        ]

    def traded(self, _row: int, v: Any) -> list[Said]:
        return [(TRADE, "N", "T", v["price"], v["shares"], signed(v["match"]), UNDEF)]

    def crossed(self, _row: int, v: Any) -> list[Said]:
        if v["shares"] == 0:
            return []
        return [(TRADE, "N", "T", v["price"], signed(v["shares"]), signed(v["match"]), UNDEF)]

    def broken(self, _row: int, v: Any) -> list[Said]:
        return [(TRADE_BREAK, "N", "N", UNDEF, UNDEF, signed(v["match"]), UNDEF)]

    def auction(self, _row: int, v: Any) -> list[Said]:
        side = {b"B": "B", b"S": "A"}.get(v["direction"], "N")
        auction = v["cross"][0]
        paired, imbalance = signed(v["paired"]), signed(v["imbalance"])
        return [
            (IMBALANCE, side, "N", v["reference"] or UNDEF, paired, imbalance, auction),
            (INDICATIVE, "N", "N", v["near"] or UNDEF, v["far"] or UNDEF, UNDEF, auction),
        ]

    def collar(self, _row: int, v: Any) -> list[Said]:
        return [(LIMITS, "N", "N", v["lower"] or UNDEF, v["upper"] or UNDEF, UNDEF, UNDEF)]

    def listing(self, row: int, v: Any) -> list[Said]:
        near_ns = self.midnight_ns + v["near_time"] if 0 < v["near_time"] < 2**48 else UNDEF
        return [
            *self.collar(row, v),
            (INDICATIVE, "N", "N", v["near"] or UNDEF, UNDEF, near_ns, UNDEF),
        ]
