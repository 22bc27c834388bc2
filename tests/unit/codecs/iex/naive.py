"""A slow, readable TOPS and DEEP decoder: the oracle of the compiled one.

Written from the venue's format and the record table alone, with ``struct`` and dictionaries; it shares
no code with the kernels, the message table or the encoder.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

UNDEF = -(2**63)
TRADE, LEVEL, QUOTE, STATUS, INSTRUMENT = 1, 2, 4, 12, 13
TRADE_BREAK, IMBALANCE, INDICATIVE = 22, 23, 24
LAST, TOB, SNAPSHOT, MBP = 128, 64, 32, 16

SHORTEST = {
    "S": 10, "D": 31, "H": 22, "I": 18, "O": 18, "P": 19, "E": 18, "Q": 42, "8": 30, "5": 30,
    "T": 38, "B": 38, "X": 26, "A": 80,
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
    state: int | None = None
    book_begun_in: int = 0
    is_announced: bool = False


@dataclass
class NaiveIex:
    """Decode messages into lists of :class:`Row`."""

    securities: dict[bytes, Security] = field(default_factory=dict)
    venue_state: int | None = None
    messages: Counter[str] = field(default_factory=Counter)
    unknown: int = 0

    def blocks(self, payload: bytes) -> list[bytes]:
        """Split a segment's payload into messages."""
        found = []
        while payload:
            (length,) = struct.unpack_from("<H", payload)
            found.append(payload[2 : 2 + length])
            payload = payload[2 + length :]
        return found

    def packet(self, data: bytes, ts_recv_ns: int, era: int = 1) -> list[Row]:
        """Decode a segment whose header is right; the numbers in it are not looked at."""
        rows: list[Row] = []
        for message in self.blocks(data[40:]):
            rows += self.message(message, ts_recv_ns, era)
        return rows

    def message(self, data: bytes, recv: int, era: int = 1) -> list[Row]:
        """Decode one message."""
        letter = data[:1].decode("latin-1")
        if letter not in SHORTEST:
            self.unknown += 1
            return []
        if len(data) < SHORTEST[letter]:
            raise BadMessageError
        self.messages[letter] += 1
        code, ts = struct.unpack_from("<Bq", data, 1)
        if letter == "S":
            before, self.venue_state = self.venue_state, code
            body = (code, UNDEF if before is None else before, UNDEF, UNDEF)
            return [Row(ts, recv, 0, STATUS, "N", "N", LAST, body)]
        if letter in "XEI":
            return []
        symbol = data[10:18]
        known = self.securities.setdefault(symbol, Security(len(self.securities) + 1))
        said: list[Said] = []
        is_new = not known.is_announced
        known.is_announced = True
        if is_new:
            said.append((INSTRUMENT, "N", "A", 0, UNDEF, UNDEF, UNDEF, UNDEF))
        elif letter == "D":
            said.append((INSTRUMENT, "N", "N", SNAPSHOT, UNDEF, UNDEF, UNDEF, UNDEF))
        if letter in "HOP":
            said += self._state(letter, data, known, code)
        elif letter in "85":
            said += self._level(letter, data, known, code, era)
        elif letter != "D":
            said += {"Q": quote, "T": trade, "B": trade, "A": auction}[letter](letter, data)
        return [
            Row(ts, recv, known.row, kind, side, action, flags, body)
            for kind, side, action, flags, body in map(as_row, said)
        ]

    def _level(
        self, letter: str, data: bytes, known: Security, flags: int, era: int
    ) -> Iterator[Said]:
        if era and known.book_begun_in != era:
            known.book_begun_in = era
            yield LEVEL, "N", "R", LAST | SNAPSHOT | MBP, UNDEF, 0, UNDEF, UNDEF
        size, price = struct.unpack_from("<Iq", data, 18)
        side = "B" if letter == "8" else "A"
        last = LAST if flags % 2 else 0
        yield LEVEL, side, "M" if size else "C", MBP | last, price, size, UNDEF, UNDEF

    def _state(self, letter: str, data: bytes, known: Security, code: int) -> Iterator[Said]:
        before = known.state or 0
        reason = UNDEF
        if letter == "H":
            now = before - before % 256 + code
            text = data[18:22].rstrip(b" ")
            reason = int.from_bytes(text, "little") if text else UNDEF
        else:
            bit, setting = (256, ord("O")) if letter == "O" else (512, 1)
            now = before & ~bit
            if code == setting:
                now += bit
            if now == before:
                return
        previous = UNDEF if known.state is None else known.state
        known.state = now
        yield STATUS, "N", "N", LAST, now, previous, reason, UNDEF


def as_row(said: Said) -> tuple[int, str, str, int, tuple[int, ...]]:
    """Put the four numbers of a record together."""
    kind, side, action, flags, *body = said
    return kind, side, action, flags, tuple(body)


def quote(_letter: str, data: bytes) -> Iterator[Said]:
    """A best bid and offer."""
    bid_size, bid, ask, ask_size = struct.unpack_from("<IqqI", data, 18)
    bid, ask = (bid if bid_size else UNDEF), (ask if ask_size else UNDEF)
    yield QUOTE, "N", "N", LAST | TOB, bid, bid_size, ask, ask_size


def trade(letter: str, data: bytes) -> Iterator[Said]:
    """A trade, or its end."""
    size, price, trade_id = struct.unpack_from("<Iqq", data, 18)
    kind, action = (TRADE, "T") if letter == "T" else (TRADE_BREAK, "N")
    yield kind, "N", action, LAST, price, size, trade_id, UNDEF


def auction(_letter: str, data: bytes) -> Iterator[Said]:
    """What an auction has, and where it would clear."""
    paired, reference, near, lacking = struct.unpack_from("<IqqI", data, 18)
    (seconds,) = struct.unpack_from("<I", data, 44)
    (far,) = struct.unpack_from("<q", data, 48)
    side = {"B": "B", "S": "A"}.get(chr(data[42]), "N")
    yield IMBALANCE, side, "N", 0, reference or UNDEF, paired, lacking, data[1]
    when = seconds * 10**9 or UNDEF
    yield INDICATIVE, "N", "N", LAST, near or UNDEF, far or UNDEF, when, data[1]
