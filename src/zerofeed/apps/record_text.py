"""Records as text: one JSON object a line, or aligned columns for people.

:class:`RecordWriter` turns a batch into lines column by column and kind by kind: NumPy takes the
columns apart, and what is left for each record is one ``%`` of a template that its kind has once
and for all. Texts of prices and sizes are remembered, because they repeat.

What a line has, in both styles: the head of the record, its price and size, and the kind's own
fields as :mod:`zerofeed.records.fields` says. A decimal is written as a string, exactly; a
value that the venue did not send is ``null``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError
from zerofeed.feed.instruments import InstrumentTable
from zerofeed.records import fields
from zerofeed.records.dtypes import BODY, KIND_DTYPES
from zerofeed.records.flags import BAD_TS_RECV, MAYBE_BAD_BOOK, SNAPSHOT, flag_names
from zerofeed.records.kinds import (
    ASK,
    BBO,
    BID,
    DISCONNECT,
    EPOCH,
    GAP,
    KIND_NAMES,
    QUOTE,
    RESET,
    TRADE,
    kind_code,
)
from zerofeed.records.units import RATE_EXPONENT, UNDEF, to_text

__all__ = ["RecordWriter", "parse_kinds", "select_kinds"]

Batch = npt.NDArray[Any]

_MOST_TEXTS = 1 << 18
"""Remembered texts for one exponent, before all are forgotten."""

_DAY_MS = 86_400_000
_HEADINGS = ("time", "kind", "instrument", "", "price", "size", "more")
_PRICED = "%-12s %-13s %-22s %-2s %12s %10s %s"
_OTHER = "%-12s %-13s %-22s %-2s %s"
_PRICED_BY = ("price", "size")
_MARKS = {TRADE: "1", BBO: "36", QUOTE: "36", EPOCH: "33"}
_LOSS_KINDS = {GAP, RESET, DISCONNECT}
_QUOTES = {QUOTE, BBO}


def parse_kinds(text: str | None) -> list[int] | None:
    """Read kinds as the command line gives them.

    Args:
        text: names with commas between them; None for all.

    Returns:
        Their codes, or None for all.

    Raises:
        ConfigurationError: there is no such kind.
    """
    if text is None:
        return None
    try:
        return [kind_code(name) for name in text.split(",") if name.strip()]
    except KeyError as error:
        raise ConfigurationError(
            "no such kind of record",
            where="kinds",
            expected=", ".join(KIND_NAMES.values()),
            got=text,
        ) from error


def select_kinds(batch: Batch, kinds: Sequence[int] | None) -> Batch:
    """Give the records of some kinds, in order; a copy unless all are wanted."""
    if kinds is None:
        return batch
    wanted = np.zeros(256, dtype=np.bool_)
    wanted[list(kinds)] = True
    chosen: Batch = batch[wanted[batch["kind"]]]
    return chosen


class _Texts(dict[int, str]):
    """Decimal texts of the mantissas of one exponent, made when first asked for."""

    def __init__(self, exponent: int, form: Callable[[str | None], str]) -> None:
        super().__init__()
        self._exponent = exponent
        self._form = form

    def __missing__(self, mantissa: int) -> str:
        if len(self) >= _MOST_TEXTS:
            self.clear()
        text = self[mantissa] = self._form(to_text(mantissa, self._exponent))
        return text


class RecordWriter:
    """Turn records into lines. One thread.

    Args:
        instruments: symbols and exponents; it may grow meanwhile.
        is_coloured: tables carry terminal colours.
        width: tables' lines are cut at so many characters; None leaves them whole.
    """

    def __init__(
        self,
        instruments: InstrumentTable,
        *,
        is_coloured: bool = False,
        width: int | None = None,
    ) -> None:
        self._instruments = instruments
        self._is_coloured = is_coloured
        self._width = width
        self._json = _Style(_quoted, "null", json.dumps, _JSON_SIDES, _JSON_FLAGS)
        self._plain = _Style(_bare, "-", str, _PLAIN_SIDES, _PLAIN_FLAGS)
        self._templates = {kind: _json_template(kind) for kind in range(256)}

    def ndjson(self, batch: Batch) -> str:
        """Write records as JSON, one object and one newline each.

        Args:
            batch: RECORD array.
        """
        style = self._json
        style.see(self._instruments)
        lines = np.empty(len(batch), dtype=object)
        for kind, places in _by_kind(batch):
            part = _under_its_names(batch[places], kind)
            template = self._templates[kind]
            columns = [
                style.numbers(part["seq"]),
                style.symbols(part["instrument"]),
                style.numbers(part["ts_event_ns"]),
                style.numbers(part["ts_recv_ns"]),
                style.letters(part["side"]),
                style.letters(part["action"]),
            ]
            body = BODY.get(kind, ())
            columns.extend(self._column(style, part, name) for name in _PRICED_BY if name in body)
            columns.append(style.flags(part["flags"]))
            columns.extend(self._column(style, part, name) for name in fields.own_fields(kind))
            lines[places] = [template % row for row in zip(*columns, strict=True)]
        return "".join(lines.tolist())

    def heading(self) -> str:
        """Give the first line of a table."""
        line = (_PRICED % _HEADINGS).rstrip() + "\n"
        return f"\x1b[2m{line}\x1b[0m" if self._is_coloured else line

    def table(self, batch: Batch) -> str:
        """Write records as lines of a table.

        Args:
            batch: RECORD array.
        """
        style = self._plain
        style.see(self._instruments)
        lines = np.empty(len(batch), dtype=object)
        for kind, places in _by_kind(batch):
            part = _under_its_names(batch[places], kind)
            body = BODY.get(kind, ())
            priced = [self._column(style, part, each) for each in _PRICED_BY if each in body]
            if len(priced) == 1:
                priced.append([""] * len(part))
            times = np.where(part["ts_event_ns"] == UNDEF, part["ts_recv_ns"], part["ts_event_ns"])
            sides = style.letters(part["side"])
            actions = style.letters(part["action"])
            columns = [
                _clock_texts(times),
                [KIND_NAMES.get(kind, f"kind {kind}")] * len(part),
                style.symbols(part["instrument"]),
                [side + action for side, action in zip(sides, actions, strict=True)],
                *priced,
                self._details(part, kind),
            ]
            form = _PRICED if priced else _OTHER
            made = [(form % row).rstrip() for row in zip(*columns, strict=True)]
            lines[places] = self._finished(made, part, kind)
        return "".join(lines.tolist())

    def level_texts(
        self, instrument: int, levels: Iterable[tuple[int, int]]
    ) -> list[tuple[str | None, str | None]]:
        """Write price levels as pairs of decimal texts.

        Args:
            instrument: row of the instruments table.
            levels: price and size, in its units.
        """
        price = int(self._instruments.price_exponents()[instrument])
        size = int(self._instruments.size_exponents()[instrument])
        return [(to_text(p, price), to_text(s, size)) for p, s in levels]

    def symbol(self, instrument: int) -> str | None:
        """Give an instrument's name as records show it; None for the venue itself."""
        style = self._json
        style.see(self._instruments)
        name: str | None = json.loads(style.symbols(np.array([instrument]))[0])
        return name

    def _column(self, style: _Style, part: Batch, name: str) -> list[str]:
        unit = fields.UNITS[name]
        if unit == fields.PRICE:
            exponents = self._instruments.price_exponents()
            return style.decimals(part[name], exponents, part["instrument"])
        if unit == fields.SIZE:
            exponents = self._instruments.size_exponents()
            return style.decimals(part[name], exponents, part["instrument"])
        if unit == fields.RATE:
            return style.rates(part[name])
        if unit == fields.ROW:
            return style.symbols(part[name])
        return style.numbers(part[name])

    def _details(self, part: Batch, kind: int) -> list[str]:
        """Write a kind's own fields as far as they have values, and what the flags say of trust."""
        style = self._plain
        names = fields.own_fields(kind)
        columns = [self._column(style, part, name) for name in names]
        if kind in _QUOTES:
            texts = [f"{bid} x {bids} | {ask} x {asks}"
                     for bid, bids, ask, asks in zip(*columns, strict=True)]  # fmt: skip
        else:
            template = " ".join(f"{name}=%s" for name in names)
            rows = zip(*columns, strict=True) if columns else [()] * len(part)
            texts = [template % row if "-" not in row else _known(names, row) for row in rows]
        flags = style.flags(part["flags"])
        return [f"{text}{flag}" for text, flag in zip(texts, flags, strict=True)]

    def _finished(self, lines: list[str], part: Batch, kind: int) -> list[str]:
        if self._width is not None:
            width = self._width
            lines = [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
        if not self._is_coloured:
            return [line + "\n" for line in lines]
        if kind in _LOSS_KINDS:
            return [f"\x1b[1;31m{line}\x1b[0m\n" for line in lines]
        mark = _MARKS.get(kind)
        doubts = (part["flags"] & MAYBE_BAD_BOOK).tolist()
        return [
            f"\x1b[{_colour(mark, side, is_doubted)}m{line}\x1b[0m\n"
            for line, side, is_doubted in zip(lines, part["side"].tolist(), doubts, strict=True)
        ]


class _Style:
    """How single values are written: as JSON, or bare for a table."""

    def __init__(
        self,
        decimal: Callable[[str | None], str],
        undefined: str,
        name: Callable[[str], str],
        letters: list[str],
        flags: list[str],
    ) -> None:
        self._decimal = decimal
        self._undefined = undefined
        self._name = name
        self._letters = letters
        self._flags = flags
        self._texts: dict[int, _Texts] = {}
        self._rates = _Texts(RATE_EXPONENT, decimal)
        self._symbols: list[str] = []
        self._version = -1

    def see(self, instruments: InstrumentTable) -> None:
        """Take over the names of instruments, when there are new ones."""
        version = instruments.version()
        if version == self._version:
            return
        names = [self._name(symbol) if symbol else "" for symbol in instruments.symbols()]
        for row, name in enumerate(names, 1):
            if not name:
                names[row - 1] = self._name(f"#{instruments.row(row).venue_key}")
        self._symbols = [self._undefined, *names]
        self._version = version

    def symbols(self, rows: npt.NDArray[Any]) -> list[str]:
        """Name instruments; a row that no table has is shown by its number."""
        names = self._symbols
        if rows.size and rows.min() >= 0 and rows.max() < len(names):
            return list(map(names.__getitem__, rows.tolist()))
        return [self._symbol(row) for row in rows.tolist()]

    def _symbol(self, row: int) -> str:
        if 0 <= row < len(self._symbols):
            return self._symbols[row]
        return self._undefined if row == UNDEF else self._name(f"row {row}")

    def numbers(self, values: npt.NDArray[Any]) -> list[Any]:
        """Give integers as what ``%s`` writes well."""
        numbers: list[Any] = values.tolist()
        for place in np.flatnonzero(values == UNDEF).tolist():
            numbers[place] = self._undefined
        return numbers

    def letters(self, codes: npt.NDArray[Any]) -> list[str]:
        """Write one-byte columns."""
        return list(map(self._letters.__getitem__, codes.tolist()))

    def flags(self, flags: npt.NDArray[Any]) -> list[str]:
        """Write flag bytes."""
        return list(map(self._flags.__getitem__, flags.tolist()))

    def rates(self, values: npt.NDArray[Any]) -> list[str]:
        """Write pure numbers."""
        return list(map(self._rates.__getitem__, values.tolist()))

    def decimals(
        self, values: npt.NDArray[Any], by_row: npt.NDArray[np.int8], rows: npt.NDArray[Any]
    ) -> list[str]:
        """Write mantissas, each with its instrument's exponent."""
        exponents = by_row[np.minimum(rows, len(by_row) - 1)]
        first = int(exponents[0]) if exponents.size else 0
        if (exponents == first).all():
            return list(map(self._with_exponent(first).__getitem__, values.tolist()))
        pairs = zip(values.tolist(), exponents.tolist(), strict=True)
        return [self._with_exponent(exponent)[value] for value, exponent in pairs]

    def _with_exponent(self, exponent: int) -> _Texts:
        texts = self._texts.get(exponent)
        if texts is None:
            texts = self._texts[exponent] = _Texts(exponent, self._decimal)
        return texts


def _by_kind(batch: Batch) -> list[tuple[int, npt.NDArray[np.intp]]]:
    """Give each kind that occurs with the places of its records."""
    kinds = batch["kind"]
    return [(kind, np.flatnonzero(kinds == kind)) for kind in np.unique(kinds).tolist()]


def _under_its_names(part: Batch, kind: int) -> Batch:
    """Give records of one kind the names of that kind, which may be a program's own."""
    return part.view(KIND_DTYPES[kind]) if kind in KIND_DTYPES else part


def _json_template(kind: int) -> str:
    body = BODY.get(kind, ())
    price, size = ("%s" if name in body else "null" for name in ("price", "size"))
    head = (
        f'{{"seq":%s,"kind":{json.dumps(KIND_NAMES.get(kind, f"kind {kind}"))},"instrument":%s,'
        f'"ts_event_ns":%s,"ts_recv_ns":%s,"side":%s,"action":%s,'
        f'"price":{price},"size":{size},"flags":%s'
    )
    own = "".join(f',"{name}":%s' for name in fields.own_fields(kind))
    return f"{head}{own}}}\n"


def _quoted(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'


def _bare(text: str | None) -> str:
    return "-" if text is None else text


def _letter(code: int) -> str:
    return chr(code) if 0x20 < code < 0x7F else f"0x{code:02x}"


def _clock_texts(times: npt.NDArray[np.int64]) -> list[str]:
    """Write the time of day, UTC, to the millisecond."""
    milliseconds = times // 1_000_000 % _DAY_MS
    pairs = zip((milliseconds // 1000).tolist(), (milliseconds % 1000).tolist(), strict=True)
    texts = [f"{_of_day(second)}.{millisecond:03d}" for second, millisecond in pairs]
    for place in np.flatnonzero(times == UNDEF).tolist():
        texts[place] = "-"
    return texts


@functools.lru_cache(maxsize=4096)
def _of_day(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _colour(mark: str | None, side: int, is_doubted: int) -> str:
    codes = [mark] if mark is not None else []
    if is_doubted:
        codes.append("33")
    elif side in _SIDE_COLOURS and mark != "36":
        codes.append(_SIDE_COLOURS[side])
    return ";".join(codes)


_TOLD = SNAPSHOT | BAD_TS_RECV | MAYBE_BAD_BOOK
"""Flags that a table shows; ndjson has all of them."""
_SIDE_COLOURS = {BID: "32", ASK: "31"}
_JSON_SIDES = [json.dumps(_letter(code)) for code in range(256)]
_PLAIN_SIDES = [" " if chr(code) == "N" else _letter(code) for code in range(256)]
_JSON_FLAGS = [json.dumps(flag_names(flags), separators=(",", ":")) for flags in range(256)]
_PLAIN_FLAGS = ["".join(f" {name}" for name in flag_names(flags & _TOLD)) for flags in range(256)]


def _known(names: Iterable[str], texts: Iterable[str]) -> str:
    """Name the values that there are."""
    pairs = zip(names, texts, strict=True)
    return " ".join(f"{name}={text}" for name, text in pairs if text != "-")
