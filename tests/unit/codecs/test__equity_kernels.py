"""What the codecs of equity exchanges share: eight letters name a row, and what is told once is told once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.codecs import _equity_kernels as k
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.records import kinds
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, MBP, SNAPSHOT
from zerofeed.records.units import UNDEF
from zerofeed.shm import journal

__all__: list[str] = []

_ROWS = 8


@kernel(int64(int64))
def trimmed(symbol: int) -> int:
    return k.without_spaces(symbol)


@kernel(int64(int64, I64, I64, I64, I64, I64))
def meet(symbol: int, words, lookup, state, records, result) -> int:
    """Find a symbol's row on channel 9 and announce it, as the messages do."""
    row = k.row_of(symbol, 9, words, lookup, state, journal.DATA, result)
    if row < 0:
        return -1
    return k.announce(row, 7, 5, words, state, journal.DATA, records, 0)


@kernel(int64(int64, int64, int64, I64, I64, I64))
def tell(row: int, trading_state: int, reason: int, words, state, records) -> int:
    return k.put_status(row, trading_state, 7, 5, reason, words, state, journal.DATA, records, 0)


@kernel(int64(int64, int64, I64, I64))
def begin(row: int, era: int, state, records) -> int:
    return k.begin_book(row, era, 7, 5, state, journal.DATA, records, 0)


class Memory:
    """What a codec works on."""

    def __init__(self) -> None:
        rows, self.lookup = make_table(_ROWS)
        self.table = InstrumentTable(rows, self.lookup)
        self.words = rows.view(np.int64)
        self.state = np.zeros(journal.DATA + k.SCRATCH_WORDS + _ROWS * k.STATE_WORDS, np.int64)
        journal.prepare(self.state)
        self.records = np.zeros(2, RECORD)
        self.result = np.zeros(k.RESULT_WORDS, np.int64)

    def meet(self, symbol: str) -> int:
        number = int.from_bytes(symbol.encode().ljust(8, b" "), "little")
        flat = self.records.view(np.int64)
        return meet(number, self.words, self.lookup, self.state, flat, self.result)

    def tell(self, row: int, state: int, reason: int = UNDEF) -> list[int]:
        assert tell(row, state, reason, self.words, self.state, self.records.view(np.int64)) == 1
        return self.records.view(np.int64)[4:8].tolist()

    def begin(self, row: int, era: int) -> int:
        return begin(row, era, self.state, self.records.view(np.int64))


@settings(max_examples=50)
@given(st.binary(min_size=8, max_size=8) | st.text("A B", max_size=8).map(lambda t: t.encode()))
def test_spaces_at_the_end_become_nul(text: bytes) -> None:
    padded = text.ljust(8, b" ")
    symbol = int.from_bytes(padded, "little", signed=True)
    expected = int.from_bytes(padded.rstrip(b" "), "little")
    assert trimmed(symbol) % 2**64 == expected


def test_a_symbol_is_announced_once_with_what_it_tells() -> None:
    memory = Memory()
    assert [memory.meet(symbol) for symbol in ("ZVZZT", "ZVZZT", "A", "ZVZZT")] == [1, 0, 1, 0]
    row = memory.table.row("ZVZZT")
    assert (row.index, row.kind, row.base, row.quote, row.settlement) == (
        1, "stock", "ZVZZT", "USD", "USD",
    )  # fmt: skip
    assert (row.channel, row.revision, row.price_exponent, row.size_exponent) == (9, 1, -4, 0)
    record = memory.records[0]
    assert (record["kind"], record["action"], record["instrument"]) == (
        kinds.INSTRUMENT, kinds.ACTION_ADD, 2,
    )  # fmt: skip
    assert (record["ts_event_ns"], record["ts_recv_ns"], record["tick_size"]) == (7, 5, UNDEF)


def test_symbols_beyond_the_table_are_refused() -> None:
    memory = Memory()
    met = [memory.meet(chr(65 + index)) for index in range(_ROWS)]
    assert met == [1] * (_ROWS - 1) + [-1]
    assert (memory.result[k.REFUSED], memory.result[k.ROW] < 0) == (1, True)
    assert memory.meet("A") == 0


def test_a_status_says_what_the_state_was() -> None:
    memory = Memory()
    memory.meet("A")
    assert memory.tell(1, 84) == [84, UNDEF, UNDEF, UNDEF]
    assert memory.tell(1, 0, 5) == [0, 84, 5, UNDEF]
    assert memory.tell(1, 0) == [0, 0, UNDEF, UNDEF]
    assert memory.table.row("A").state == 0
    assert (memory.records[0]["kind"], memory.records[0]["flags"]) == (kinds.STATUS, LAST)


def test_a_book_begins_once_in_an_era_and_never_in_none() -> None:
    memory = Memory()
    assert [memory.begin(1, era) for era in (0, 1, 1, 0, 2, 2)] == [0, 1, 0, 0, 1, 0]
    record = memory.records[0]
    assert (record["kind"], record["action"], record["side"], record["flags"]) == (
        kinds.LEVEL, kinds.ACTION_CLEAR, kinds.NO_SIDE, LAST | SNAPSHOT | MBP,
    )  # fmt: skip


def test_what_was_told_is_forgotten_with_a_step_that_was_not_published() -> None:
    memory = Memory()
    memory.meet("A")
    journal.begin(memory.state, 0)
    memory.tell(1, 84)
    memory.begin(1, 3)
    journal.recover(memory.state, 0)
    assert memory.tell(1, 72) == [72, UNDEF, UNDEF, UNDEF]
    assert memory.begin(1, 3) == 1


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(0, 255), st.integers(0, 255))
def test_a_head_is_the_columns_of_a_record(row: int, kind: int, flags: int) -> None:
    words = np.zeros(8, np.int64)
    words[3] = k.head_of(row, kind, 66, 77, flags)
    (record,) = words.view(RECORD)
    assert (record["instrument"], record["kind"], record["flags"]) == (row, kind, flags)
    assert (record["side"], record["action"]) == (66, 77)
