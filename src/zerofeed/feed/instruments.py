"""Instrument definitions for people: names, types and Decimals out of the shared table.

:class:`InstrumentTable` is a view of memory that the feed's worker goes on writing. It copies a
row under the row's seqlock, so a definition is never a mixture of two; what it returns are
plain frozen values that stay as they were.

Rows are never removed or renumbered: ``record["instrument"]`` is an index here for as long as
the feed lives. A row may exist before its definition arrives; its symbol is "" until then.

Any process, any number of threads. A row that its writer is busy with is tried again, for 0.1 s
at most; one that a killed writer left half written raises ``TimeoutError`` after that, until the
writer's successor has repaired it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.status import OK
from zerofeed.feed._instrument_kernels import (
    LOOKUP_HEADER,
    ROW_WORDS,
    W_REVISION,
    W_SYMBOL,
    copy_table,
    initialise,
    row_count,
)
from zerofeed.records.instruments import INSTRUMENT_ROW, INSTRUMENT_TYPES
from zerofeed.records.units import UNDEF, to_decimal

__all__ = ["Instrument", "InstrumentTable", "lookup_words", "make_table", "symbol_of"]

_SYMBOL_WORDS = 8
_ATTEMPTS = 1_000
_PATIENCE = 100
_PAUSE_S = 0.001
_OPTION_TYPES = {67: "call", 80: "put"}


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument as the venue defined it; None where it said nothing.

    Attributes:
        index: row, as in ``record["instrument"]``.
        venue_key: the venue's own number, or a hash where it has none.
        symbol: the venue's name; "" until the definition arrives.
        kind: spot, perpetual, future, option, combo, index or unknown.
        option_type: "call" or "put", of options.
        price_exponent: a price is mantissa * 10**price_exponent.
        size_exponent: a size is mantissa * 10**size_exponent.
        state: the venue's trading state, its own number.
        tick_size: smallest price step.
        min_size: smallest order.
        contract_size: of one contract.
        strike_price: of options.
        expiry_ns: Unix ns; None when it does not expire.
        created_ns: Unix ns.
        base: asset.
        quote: currency of the price.
        settlement: currency of the margin.
        counter: currency that the size counts.
        is_inverse: True when sizes are in the quote currency.
        definition_seq: sequence number of the latest INSTRUMENT record; -1 before one.
        channel: channel that its events come on; -1 until it is defined.
        revision: how often its definition was written.
    """

    index: int
    venue_key: int
    symbol: str
    kind: str
    option_type: str | None
    price_exponent: int
    size_exponent: int
    state: int
    tick_size: Decimal | None
    min_size: Decimal | None
    contract_size: Decimal | None
    strike_price: Decimal | None
    expiry_ns: int | None
    created_ns: int | None
    base: str
    quote: str
    settlement: str
    counter: str
    is_inverse: bool
    definition_seq: int
    channel: int
    revision: int


def symbol_of(words: npt.NDArray[np.int64], row: int) -> str:
    """Give the symbol of a row of the table's words. The writer only."""
    at = row * ROW_WORDS + W_SYMBOL
    return words[at : at + _SYMBOL_WORDS].tobytes().rstrip(b"\0").decode(errors="replace")


def lookup_words(instruments: int) -> int:
    """Size the writer's map for a table of so many rows.

    Args:
        instruments: rows, row 0 included.

    Returns:
        int64 words: a header, and a power of two of slots of which at most half are used.
    """
    slots = 2
    while slots < 2 * instruments:
        slots *= 2
    return LOOKUP_HEADER + 2 * slots


def make_table(instruments: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Make an empty table in private memory, for tests and offline decoding.

    Args:
        instruments: rows, row 0 included.

    Returns:
        Rows and lookup, initialised.
    """
    rows = np.zeros(instruments, dtype=INSTRUMENT_ROW)
    lookup = np.zeros(lookup_words(instruments), dtype=np.int64)
    initialise(rows.view(np.int64), lookup)
    return rows, lookup


class InstrumentTable:
    """Read the instruments table. Any process.

    Args:
        rows: INSTRUMENT_ROW array, read-only in readers.
        lookup: the head words of the table, whose first is the count.
    """

    def __init__(self, rows: npt.NDArray[Any], lookup: npt.NDArray[np.int64]) -> None:
        self._rows = rows
        self._words: npt.NDArray[np.int64] = rows.view(np.int64)
        self._lookup = lookup
        self._known: dict[str, int] = {}

    def __len__(self) -> int:
        """Count the rows, row 0 (the venue itself) included."""
        return int(row_count(self._lookup))

    def version(self) -> int:
        """Give a number that grows whenever a row is added or a definition changes."""
        count = len(self)
        return count + int(self._words.reshape(-1, ROW_WORDS)[:count, W_REVISION].sum())

    def __iter__(self) -> Iterator[Instrument]:
        """Go through all instruments as they are now, row 0 left out."""
        return iter(self._read(1, len(self)))

    def __contains__(self, symbol: object) -> bool:
        return isinstance(symbol, str) and self._index_of(symbol) is not None

    def row(self, which: str | int) -> Instrument:
        """Read one instrument.

        Args:
            which: symbol, or index as in ``record["instrument"]``.

        Raises:
            KeyError: no instrument has this symbol, or no row this index.
            TimeoutError: a dead writer left the row half written.
        """
        if isinstance(which, str):
            index = self._index_of(which)
            if index is None:
                raise KeyError(f"no instrument is named {which!r}; the table has {len(self) - 1}")
            return self._read(index, index + 1)[0]
        if not 0 <= which < len(self):
            raise KeyError(
                f"no instrument has row {which}; the table has rows 0 to {len(self) - 1}"
            )
        return self._read(which, which + 1)[0]

    def symbols(self) -> list[str]:
        """List the names of all instruments, by row; "" for those not yet defined."""
        return [_text(symbol) for symbol in self._copy(1, len(self))["symbol"].tolist()]

    def find(self, pattern: str) -> list[Instrument]:
        """List the instruments whose symbol matches a shell pattern.

        Args:
            pattern: with ``*``, ``?`` and ``[...]``; upper and lower case differ.
        """
        return [each for each in self if each.symbol and fnmatchcase(each.symbol, pattern)]

    def price_exponents(self) -> npt.NDArray[np.int8]:
        """View the price exponents, indexed by ``record["instrument"]``. Not a copy.

        The view covers rows that do not exist yet, so it need not be asked for again. An
        exponent is one byte that is stored before its row is counted and never changes.
        """
        return self._rows["price_exponent"]

    def size_exponents(self) -> npt.NDArray[np.int8]:
        """View the size exponents, indexed by ``record["instrument"]``. Not a copy."""
        return self._rows["size_exponent"]

    def _index_of(self, symbol: str) -> int | None:
        if not symbol:
            return None
        index = self._known.get(symbol)
        if index is None or _text(self._copy(index, index + 1)["symbol"].item()) != symbol:
            self._known = {name: row for row, name in enumerate(self.symbols(), 1) if name}
            index = self._known.get(symbol)
        return index

    def _copy(self, first: int, end: int) -> npt.NDArray[Any]:
        count = max(end - first, 0)
        out = np.empty(count * ROW_WORDS, dtype=np.int64)
        for _ in range(_PATIENCE):
            if copy_table(self._words, first, count, out, _ATTEMPTS) == OK:
                return out.view(INSTRUMENT_ROW)
            # The writer was interrupted inside a row, which takes it 20 ns otherwise.
            time.sleep(_PAUSE_S)
        raise TimeoutError(
            f"an instrument row between {first} and {end - 1} stayed half written for "
            f"{_PATIENCE * _PAUSE_S:.1f} s; its writer is dead or stopped, try again shortly"
        )

    def _read(self, first: int, end: int) -> list[Instrument]:
        copied = self._copy(first, end)
        revisions = copied.view(np.int64).reshape(-1, ROW_WORDS)[:, W_REVISION]
        return [
            _instrument(first + place, row, int(revision))
            for place, (row, revision) in enumerate(zip(copied, revisions, strict=True))
        ]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _time(value: int) -> int | None:
    return None if value == UNDEF else value


def _instrument(index: int, row: Any, revision: int) -> Instrument:
    price, size = int(row["price_exponent"]), int(row["size_exponent"])
    kind = int(row["kind"])
    return Instrument(
        index=index,
        venue_key=int(row["venue_key"]),
        symbol=_text(row["symbol"].item()),
        kind=INSTRUMENT_TYPES.get(kind, f"kind {kind}"),
        option_type=_OPTION_TYPES.get(int(row["option_type"])),
        price_exponent=price,
        size_exponent=size,
        state=int(row["state"]),
        tick_size=to_decimal(int(row["tick_size"]), price),
        min_size=to_decimal(int(row["min_size"]), size),
        contract_size=to_decimal(int(row["contract_size"]), size),
        strike_price=to_decimal(int(row["strike_price"]), price),
        expiry_ns=_time(int(row["expiry_ns"])),
        created_ns=_time(int(row["created_ns"])),
        base=_text(row["base"].item()),
        quote=_text(row["quote"].item()),
        settlement=_text(row["settlement"].item()),
        counter=_text(row["counter"].item()),
        is_inverse=bool(row["is_inverse"]),
        definition_seq=int(row["definition_seq"]),
        channel=int(row["channel"]),
        revision=revision,
    )
