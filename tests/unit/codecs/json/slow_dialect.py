"""The dialects' slow twin: the declarations themselves, followed in plain Python through a message.

It shares nothing with the kernels but the declarations: JSON by Python's parser, numbers by ``decimal``,
times by ``datetime``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context
from typing import Any

import numpy as np

from tests.unit.codecs.json.oracle import Raw, expected
from zerofeed.codecs._text_kernels import text_key
from zerofeed.codecs.json import message as d
from zerofeed.codecs.json.channels import CHANNELS
from zerofeed.records.dtypes import BODY
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.kinds import ASK, BID, GAP, LEVEL, NO_SIDE, RESET
from zerofeed.records.units import UNDEF

__all__ = ["Made", "SlowDialect", "number", "time_of"]

_EXACT = Context(prec=2_000, rounding=ROUND_HALF_EVEN, Emax=999_999, Emin=-999_999)
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_UNITS = {"s": -9, "ms": -6, "us": -3, "ns": 0}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Made:
    """A record as the declarations make it: what every run must agree on."""

    kind: int
    symbol: tuple[str, bool]
    side: int
    action: str
    flags: int
    ts_event_ns: int
    body: tuple[int, int, int, int]


def number(value: Any, exponent: int, counts: list[int]) -> int:
    """A value as a mantissa; what is no number, or too large, is undefined; that is counted, and what is rounded."""
    if value is None or value == "":
        return UNDEF
    if isinstance(value, bool) or not _NUMBER.fullmatch(value):
        counts[0] += 1
        return UNDEF
    exact = _EXACT.scaleb(_EXACT.create_decimal(value), -exponent)
    mantissa = _EXACT.to_integral_value(exact)
    if abs(mantissa) > 9_223_372_036_854_775_807:
        counts[0] += 1
        return UNDEF
    counts[1] += mantissa != exact
    return int(mantissa)


def time_of(value: Any) -> int:
    """A time in ISO 8601, in ns."""
    try:
        if not isinstance(value, str) or isinstance(value, Raw):
            return UNDEF
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return UNDEF
    since = moment.replace(tzinfo=moment.tzinfo or dt.UTC) - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 10**6 + since.microseconds) * 1000


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _key(text: str) -> int:
    raw = np.frombuffer(text.encode(), np.uint8)
    return int(text_key(raw, 0, raw.size))


class SlowDialect:
    """A dialect that is not compiled.

    Args:
        wanted: the shape's literal.
        messages: the declarations.

    Attributes:
        known: exponents of each instrument seen, by symbol and whether it is of a kind of its own.
        out_of_range: values that were no numbers.
        rounded: values that were published with fewer decimals.
        unknown: messages, and parts of such, that are about nothing known.
    """

    def __init__(self, wanted: Any, messages: Sequence[d.Message]) -> None:
        self._wanted = wanted
        self._messages = messages
        self.known: dict[tuple[str, bool], tuple[int, int]] = {}
        self.unknown = 0
        self._counts = [0, 0]
        self._channels: dict[int, tuple[str, tuple[str, bool] | None]] = {}
        self._next_number: int | None = None
        self._has_channels = any(
            isinstance(condition, d.Opened)
            for message in messages
            for condition in message.when.values()
        )

    @property
    def out_of_range(self) -> int:
        return self._counts[0]

    @property
    def rounded(self) -> int:
        return self._counts[1]

    def take(self, text: str) -> tuple[str, list[Made]]:
        """Follow one message: its name, or what became of it, and its records."""
        found = expected(self._wanted, text)
        if found is None:
            return "malformed", []
        self._fields, self._rows = found
        self._channel: tuple[str, tuple[str, bool] | None] = ("", None)
        before = list(self._counts)
        if self._has_channels:
            told = self._number("number")
            self._channel = self._channels.get(-1 if told is None else told, self._channel)
        for message in self._messages:
            if all(self._is_true(*each) for each in message.when.items()):
                break
        else:
            self._counts = before
            self.unknown += 1
            return "unknown", []
        outers = [-1]
        if message.each is not None:
            outers = [at for at, row in enumerate(self._rows) if row[0] == message.each]
        self._message = message
        self.unknown += message.is_unknown
        made = self._break()
        for outer in outers:
            made += self._part(outer)
            self._act()
        return message.name, made

    # Numbers

    def _number(self, source: str) -> int | None:
        found = number(self._value(source), 0, self._counts)
        return found if 0 <= found < 1 << 62 else None

    def _break(self) -> list[Made]:
        """The record of a message that is not the next of its connection."""
        if self._message.sequence is None:
            return []
        found = self._number(self._message.sequence)
        if found is None:
            return []
        expected, self._next_number = self._next_number, found + 1
        if expected is None or expected == found:
            return []
        kind, missing = (GAP, found - expected) if found > expected else (RESET, 0)
        return [Made(kind, ("", False), NO_SIDE, "N", 0, UNDEF, (expected, found, missing, 0))]

    def _act(self) -> None:
        """What a message does to the numbers of its connection, once its instrument is known."""
        message = self._message
        if message.begins:
            self._channels.clear()
            self._next_number = None
        elif message.closes is not None:
            found = self._number(message.closes)
            self._channels.pop(-1 if found is None else found, None)
        elif message.opens is not None:
            found = self._number(message.opens.number)
            if found is not None and (found in self._channels or len(self._channels) < CHANNELS):
                self._channels[found] = message.opens.name, self._symbol

    # Where values are

    def _value(self, source: str, outer: int = -1, inner: int = -1, rows: str | None = None) -> Any:
        name, dot, column = source.partition(".")
        if not dot:
            return self._fields.get(name)
        if name.endswith("[0]"):
            wanted = name.removesuffix("[0]")
            first = next((row for at, row in self._inside(outer) if row[0] == wanted), None)
            return None if first is None else first[2].get(column)
        return self._rows[inner if name == rows else outer][2].get(column)

    def _inside(self, outer: int) -> list[tuple[int, Any]]:
        """The rows of a part: those that lie in its row, at whatever depth; all without one."""
        inside: list[tuple[int, Any]] = []
        for at, row in enumerate(self._rows):
            if at > outer:
                if row[1] < outer:
                    break
                inside.append((at, row))
        return inside

    def _is_true(self, source: str, condition: d.Condition) -> bool:
        if isinstance(condition, d.Opened):
            return self._channel[0] == condition.name
        if any(row[0] == source for row in self._rows):
            return condition is d.ANY
        value = self._value(source)
        if condition is d.ANY or condition is d.NONE:
            return (value is not None) == (condition is d.ANY)
        if value is None:
            return False
        text = _text(value)
        if isinstance(condition, d.Before):
            return text.partition(condition.mark)[0] == condition.text
        if isinstance(condition, d.Begins):
            return text.startswith(condition.text)
        return text == condition

    def _instrument(self, outer: int) -> tuple[str, bool] | None:
        message = self._message
        symbols = message.symbol if isinstance(message.symbol, tuple) else (message.symbol,)
        for symbol in symbols:
            if symbol.of_channel:
                return self._channel[1]
            if symbol.source is None:
                return next(iter(self.known)) if len(self.known) == 1 else None
            value = self._value(symbol.source, outer)
            if value is None or value == "":
                continue
            text = _text(value)
            text = text[len(symbol.skip) :]
            if symbol.behind:
                text = text.rpartition(symbol.behind)[2]
            if symbol.before:
                text = text.partition(symbol.before)[0]
            if symbol.is_upper:
                text = "".join(c.upper() if "a" <= c <= "z" else c for c in text)
            return text, message.kind is not None
        return None

    def _decimals(self, sources: str | tuple[str, ...]) -> int:
        most = -1
        for source in (sources,) if isinstance(sources, str) else sources:
            name, dot, column = source.partition(".")
            values = [self._fields.get(name)]
            if dot:
                values = [row[2].get(column) for row in self._rows if row[0] == name]
            for value in values:
                if value is not None and value not in {"", "0"}:
                    most = max(most, len(_text(value).partition(".")[2]))
        return -8 if most < 0 else -min(most, 18)

    # What they become

    def _evaluate(self, value: Any, source: Any) -> int:
        if isinstance(value, d.Constant):
            return value.number
        if isinstance(value, d.Price):
            price = number(source, self._exponents[0], self._counts)
            return UNDEF if value.is_zero_none and price == 0 else price
        if isinstance(value, d.Size):
            size = number(source, self._exponents[1], self._counts)
            return abs(size) if value.is_signed and size != UNDEF else size
        if isinstance(value, d.Decimal):
            found = number(source, value.exponent, self._counts)
            return found if found == UNDEF else found + value.plus
        if isinstance(value, d.Time) and value.unit == "iso":
            return time_of(source)
        if isinstance(value, d.Time):
            return number(source, _UNITS[value.unit], self._counts)
        if source is None:
            return UNDEF
        if isinstance(value, d.Code):
            return value.codes.get(_text(source), UNDEF)
        if isinstance(value, d.Key):
            return _key(_text(source))
        sign = self._looked_at(source, self._exponents[1])
        return UNDEF if sign in {0, UNDEF} else BID if (sign > 0) != value.is_position else ASK

    def _looked_at(self, source: Any, exponent: int) -> int:
        """A number that is not published, so whether it is rounded does not matter."""
        rounded = self._counts[1]
        found = number(source, exponent, self._counts)
        self._counts[1] = rounded
        return found

    def _first(self, values: Any, outer: int, inner: int, rows: str | None) -> int:
        found = UNDEF
        for value in values if isinstance(values, tuple) else (values,):
            if found == UNDEF:
                at = getattr(value, "source", None)
                source = None if at is None else self._value(at, outer, inner, rows)
                found = self._evaluate(value, source)
            zero = getattr(value, "unless_zero", None)
            if zero is not None:
                counted = self._value(zero, outer, inner, rows)
                found = 0 if self._looked_at(counted, 0) == 0 else found
        return found

    def _part(self, outer: int) -> list[Made]:
        message = self._message
        symbol: tuple[str, bool] | None = ("", False)
        self._exponents = (0, 0)
        self._symbol: tuple[str, bool] | None = None
        if message.symbol != ():
            symbol = self._instrument(outer)
            if symbol is None:
                self.unknown += 1
                return []
            if symbol not in self.known and not message.emits and message.opens is None:
                return []
            self._symbol = symbol
            if symbol not in self.known:
                price, size = message.exponents or ("", "")
                self.known[symbol] = (
                    self._decimals(price) if price else -8, self._decimals(size) if size else -8
                )  # fmt: skip
            self._exponents = self.known[symbol]
        assert symbol is not None
        made: list[Made] = []
        heads: dict[str, int] = {}
        for emit in message.emits:
            made += self._emit(emit, symbol, outer, heads)
        return self._as_book(made, symbol, heads) if message.book is not None else made

    def _emit(
        self, emit: d.Emit, symbol: tuple[str, bool], outer: int, heads: dict[str, int]
    ) -> list[Made]:
        each_ns: Any = {"time": emit.time} if emit.time is not None else {}
        sides: Any = {} if isinstance(emit.side, int) else {"side": emit.side}
        wanted = {**each_ns, **emit.body, **sides}
        if emit.rows is None:
            if emit.needs is not None and self._value(emit.needs, outer) in {None, ""}:
                return []
            chosen = [outer]
        else:
            chosen = [
                at for at, row in self._inside(outer)
                if row[0] == emit.rows and (outer < 0 or row[1] == outer)
            ]  # fmt: skip
        # What is of no row is read once, also where there are no rows.
        once = {
            name: self._first(values, outer, outer, emit.rows)
            for name, values in wanted.items()
            if not self._is_of(values, emit.rows)
        }
        heads.clear()
        heads.update(once)
        made = []
        for inner in chosen:
            needed = "x" if emit.needs is None else self._value(emit.needs, outer, inner, emit.rows)
            if emit.rows is not None and needed in {None, ""}:
                continue
            values = {
                name: once[name] if name in once else self._first(each, outer, inner, emit.rows)
                for name, each in wanted.items()
            }
            made.append(self._record(emit, symbol, values))
        return made

    def _is_of(self, values: Any, rows: str | None) -> bool:
        each = values if isinstance(values, tuple) else (values,)
        names = ("source", "unless_zero")
        sources = [getattr(value, name, None) or "" for value in each for name in names]
        return rows is not None and any(source.startswith(f"{rows}.") for source in sources)

    def _record(self, emit: d.Emit, symbol: tuple[str, bool], values: dict[str, int]) -> Made:
        book = self._message.book
        flags = emit.flags | (SNAPSHOT if book is not None and book.is_snapshot else 0)
        side = emit.side if isinstance(emit.side, int) else values["side"]
        names = BODY[emit.kind]
        body = [values.get(name, UNDEF) for name in names] + [UNDEF] * (4 - len(names))
        action = "N"
        if emit.kind == LEVEL:
            action = "C" if body[1] == 0 else "A" if flags & SNAPSHOT else "M"
        return Made(
            emit.kind, symbol, NO_SIDE if side == UNDEF else side, action, flags,
            values.get("time", UNDEF), (body[0], body[1], body[2], body[3]),
        )  # fmt: skip

    def _as_book(
        self, made: list[Made], symbol: tuple[str, bool], heads: dict[str, int]
    ) -> list[Made]:
        """Mark the last record; begin a snapshot with a clear, and let a change of nothing be one."""
        assert self._message.book is not None
        is_snapshot = self._message.book.is_snapshot
        ids = (heads.get("change_id", UNDEF), heads.get("prev_change_id", UNDEF))
        bare = Made(
            LEVEL, symbol, NO_SIDE, "R" if is_snapshot else "N", SNAPSHOT if is_snapshot else 0,
            heads.get("time", UNDEF), (UNDEF, UNDEF, *ids),
        )  # fmt: skip
        if is_snapshot or not made:
            made = [bare, *made]
        last = made[-1]
        return [
            *made[:-1],
            Made(
                last.kind, last.symbol, last.side, last.action, last.flags | LAST,
                last.ts_event_ns, last.body,
            ),
        ]  # fmt: skip
