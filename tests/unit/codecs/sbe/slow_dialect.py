"""The dialects' slow twin: the declarations themselves, followed in plain Python through decoded values.

It shares nothing with the kernels but the declarations and the schema: messages are taken apart by
``naive``, numbers are decimals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context
from typing import Any

from tests.unit.codecs.sbe.naive import decode
from zerofeed.codecs.sbe import meaning as m
from zerofeed.codecs.sbe.model import CompositeType, EnumType, Schema
from zerofeed.records.dtypes import BODY
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.kinds import LEVEL, NO_SIDE
from zerofeed.records.units import RATE_EXPONENT, UNDEF

__all__ = ["Made", "SlowDialect"]

_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN, Emax=9_999, Emin=-9_999)
_UNITS = {"s": 0, "ms": -3, "us": -6, "ns": -9}
_LARGEST = 2**63 - 1


class _Nothing(dict[str, Any]):
    """Of a row that there is not, every value is none."""

    def __missing__(self, key: str) -> None:
        return None


@dataclass(frozen=True)
class Made:
    """A record as the declarations make it."""

    kind: int
    symbol: str | int
    side: int
    action: str
    flags: int
    ts_event_ns: int
    body: tuple[int, int, int, int]


class SlowDialect:
    """A dialect that is not compiled.

    Attributes:
        known: exponents of each instrument seen, by symbol.
        out_of_range: values that do not fit.
    """

    def __init__(self, schema: Schema, messages: Sequence[m.Message]) -> None:
        self._schema = schema
        self._messages = messages
        self.known: dict[str | int, tuple[int, int]] = {}
        self.out_of_range = 0

    def take(self, data: bytes) -> tuple[str, list[Made]]:
        """Follow one message: its name, or what became of it, and its records."""
        name, values, _ = decode(self._schema, data)
        self._definition = self._schema.message(name)
        length = int.from_bytes(data[:2], "little")
        for message in self._messages:
            if message.template != name or message.block_bytes not in {None, length}:
                continue
            if all(self._number(path, [(self._definition, values)]) == self._raw(path, want)
                   for path, want in message.when.items()):  # fmt: skip
                break
        else:
            return "unknown", []
        self._message = message
        parts: list[Any] = [None]
        if message.each is not None:
            parts = values[message.each]
        return message.name or name, [made for part in parts for made in self._part(values, part)]

    def _raw(self, path: str, want: str | int, blocks: Any = None) -> int:
        if isinstance(want, int):
            return want
        for block, _ in blocks or [(self._definition, None)]:
            if any(field.name == path.partition(".")[0] for field in block.fields):
                kind = block.field(path).type
                return kind.values[want] if isinstance(kind, EnumType) else ord(want)
        raise AssertionError(path)

    def _value(self, path: str, blocks: Any) -> tuple[Any, Any]:
        """A value and its type, from the innermost block that has it."""
        first, _, rest = path.partition(".")
        for block, values in blocks:
            if any(field.name == first for field in block.fields):
                value = values[first]
                if rest:
                    value = None if value is None else value[rest]
                return value, block.field(path).type
        raise AssertionError(path)

    def _number(self, path: str, blocks: Any) -> int:
        value, kind = self._value(path, blocks)
        if isinstance(kind, EnumType) and isinstance(value, str):
            return kind.values[value]
        if value is None:
            return UNDEF
        if isinstance(value, str):
            return ord(value) if value else 0
        if value > _LARGEST:
            self.out_of_range += 1
            return UNDEF
        return int(value)

    def _exponent(self, value: m.Scaled, blocks: Any) -> int:
        exponent: Any = value.exponent
        _, kind = self._value(value.source, blocks)
        if isinstance(kind, CompositeType) and exponent is None and value.decimals is None:
            member = kind.member("exponent")
            assert member is not None
            exponent = member.constant
            if exponent is None:
                exponent = f"{value.source}.exponent"
        if value.decimals is not None:
            found = self._number(value.decimals, blocks)
            return found if found == UNDEF else -abs(found)
        if isinstance(exponent, str):
            return self._number(exponent, blocks)
        return int(exponent or 0)

    def _scaled(self, value: m.Scaled, wanted: int, blocks: Any) -> int:
        _, kind = self._value(value.source, blocks)
        path = f"{value.source}.mantissa" if isinstance(kind, CompositeType) else value.source
        mantissa = self._number(path, blocks)
        if mantissa == UNDEF or (mantissa == 0 and value.is_zero_none):
            return UNDEF
        exponent = self._exponent(value, blocks)
        if exponent == UNDEF:
            self.out_of_range += 1
            return UNDEF
        return self._fit(mantissa, exponent - wanted)

    def _fit(self, mantissa: int, shift: int) -> int:
        # Far away from anything that an int64 holds, however far.
        exact = _EXACT.scaleb(_EXACT.create_decimal(mantissa), max(-60, min(60, shift)))
        scaled = int(_EXACT.to_integral_value(exact))
        if abs(scaled) > _LARGEST:
            self.out_of_range += 1
            return UNDEF
        return scaled

    def _evaluate(self, value: m.Value, blocks: Any) -> int:
        match value:
            case m.Constant():
                return value.number
            case m.Price():
                return self._scaled(value, self._exponents[0], blocks)
            case m.Size():
                return self._scaled(value, self._exponents[1], blocks)
            case m.Rate():
                return self._scaled(value, RATE_EXPONENT, blocks)
            case m.Time():
                number = self._number(value.source, blocks)
                unit = value.unit
                if unit == "ms or us":
                    unit = "ms" if abs(number) < 10**14 else "us"
                return number if number == UNDEF else self._fit(number, _UNITS[unit] + 9)
            case m.Whole():
                number = self._number(value.source, blocks)
                if number == UNDEF:
                    return UNDEF
                if abs(number + value.plus) > _LARGEST:
                    self.out_of_range += 1
                    return UNDEF
                return number + value.plus
            case m.Code():
                number = self._number(value.source, blocks)
                codes = {
                    self._raw(value.source, name, blocks): c for name, c in value.codes.items()
                }
                return codes.get(number, UNDEF)
        raise AssertionError(value)

    def _symbol(self, blocks: Any) -> str | int | None:
        name = self._message.symbol
        assert name is not None
        for block, values in blocks:
            if any(data.name == name for data in block.data):
                return values[name] or None
        value, _ = self._value(name, blocks)
        if isinstance(value, str):
            return value or None
        return None if value is None else int(value)

    def _part(self, root: Mapping[str, Any], part: Any) -> list[Made]:
        message = self._message
        blocks: list[Any] = [(self._definition, root)]
        if message.each is not None:
            blocks = [(self._definition.group(message.each), part), *blocks]
        self._exponents = (0, 0)
        symbol: str | int | None = ""
        if message.symbol is not None:
            symbol = self._symbol(blocks)
            if symbol is None:
                return []
            if symbol not in self.known:
                self.known[symbol] = (self._first(m.Price, blocks), self._first(m.Size, blocks))
            self._exponents = self.known[symbol]
        made: list[Made] = []
        heads: dict[str, int] = {}
        for emit in message.emits:
            made += self._emit(emit, symbol, blocks, heads)
        return made if message.book is None else self._as_book(made, symbol, heads)

    def _first(self, kind: type[m.Scaled], blocks: Any) -> int:
        for emit in self._message.emits:
            for value in emit.body.values():
                if isinstance(value, kind):
                    # That of a row is not known before there is one.
                    exponent = self._exponent(value, self._inside(emit, blocks, _Nothing()))
                    return -8 if exponent == UNDEF else max(-18, min(-8, exponent))
        return -8

    def _inside(self, emit: m.Emit, blocks: Any, row: Any) -> Any:
        if emit.rows is None:
            return blocks
        return [(blocks[0][0].group(emit.rows), row), *blocks]

    def _emit(
        self, emit: m.Emit, symbol: str | int, blocks: Any, heads: dict[str, int]
    ) -> list[Made]:
        rows = [None] if emit.rows is None else blocks[0][1][emit.rows]
        wanted: dict[str, Any] = dict(emit.body)
        if emit.time is not None:
            wanted["time"] = emit.time
        chosen = {"side": emit.side, "action": emit.action}
        wanted |= {name: value for name, value in chosen.items() if isinstance(value, m.Code)}
        once = {
            name: self._evaluate(value, self._inside(emit, blocks, _Nothing()))
            for name, value in wanted.items()
            if not self._is_of_rows(emit, value, blocks)
        }
        heads.clear()
        heads.update(once)
        made = []
        for row in rows:
            inside = self._inside(emit, blocks, row)
            if any(self._number(path, inside) != self._raw(path, want, inside)
                   for path, want in emit.when.items()):  # fmt: skip
                continue
            values = {
                name: once[name] if name in once else self._evaluate(value, inside)
                for name, value in wanted.items()
            }
            made.append(self._record(emit, symbol, values))
        return made

    def _is_of_rows(self, emit: m.Emit, value: m.Value, blocks: Any) -> bool:
        if emit.rows is None or isinstance(value, m.Constant):
            return False
        names = {field.name for field in blocks[0][0].group(emit.rows).fields}
        paths = [value.source]
        if isinstance(value, m.Scaled):
            paths += [each for each in (value.exponent, value.decimals) if isinstance(each, str)]
        return any(path.partition(".")[0] in names for path in paths)

    def _record(self, emit: m.Emit, symbol: str | int, values: dict[str, int]) -> Made:
        book = self._message.book
        flags = emit.flags | (SNAPSHOT if book is not None and book.is_snapshot else 0)
        names = BODY[emit.kind]
        body = [values.get(name, UNDEF) for name in names] + [UNDEF] * (4 - len(names))
        side = emit.side if isinstance(emit.side, int) else values["side"]
        action = "N"
        if isinstance(emit.action, int):
            action = chr(emit.action)
        elif emit.action is not None:
            action = "N" if values["action"] == UNDEF else chr(values["action"])
        elif emit.kind == LEVEL:
            action = "C" if body[1] == 0 else "A" if flags & SNAPSHOT else "M"
        return Made(
            emit.kind, symbol, NO_SIDE if side == UNDEF else side, action, flags,
            values.get("time", UNDEF), (body[0], body[1], body[2], body[3]),
        )  # fmt: skip

    def _as_book(self, made: list[Made], symbol: str | int, heads: dict[str, int]) -> list[Made]:
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
