"""Reading the instruments table: by name, by row, by pattern, and never half a definition."""

from __future__ import annotations

import threading
from decimal import Decimal

import numpy as np
import pytest

from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.feed import _instrument_kernels as k
from zerofeed.feed.instruments import Instrument, InstrumentTable, lookup_words, make_table
from zerofeed.records.instruments import FUTURE, OPTION, PERPETUAL
from zerofeed.records.units import UNDEF
from zerofeed.shm._atomics import pause


class Filled:
    """A table with three instruments, the last of them not yet defined."""

    def __init__(self) -> None:
        self.rows, self.lookup = make_table(16)
        self.words = self.rows.view(np.int64)
        for key in (100, 200, 300):
            k.add_instrument(self.words, self.lookup, key, -9, -8)
        self.name(1, b"BTC-PERPETUAL", PERPETUAL)
        self.name(2, b"ETH-26DEC25-3000-C", OPTION)
        self.table = InstrumentTable(self.rows, self.lookup)

    def name(self, row: int, symbol: bytes, kind: int) -> None:
        self.rows[row]["symbol"] = symbol
        self.rows[row]["kind"] = kind


def test_row_is_found_by_name_and_by_index() -> None:
    table = Filled().table
    assert table.row("ETH-26DEC25-3000-C") == table.row(2)
    assert table.row(2).index == 2


def test_all_columns_arrive_as_people_read_them() -> None:
    filled = Filled()
    row = filled.rows[2]
    row["option_type"], row["state"], row["tick_size"], row["min_size"] = 67, 1, 500_000, 10_000_000
    row["contract_size"], row["strike_price"] = 100_000_000, 3_000_000_000_000
    row["expiry_ns"], row["created_ns"] = 1_766_736_000_000_000_000, UNDEF
    row["base"], row["quote"], row["settlement"], row["counter"] = b"ETH", b"ETH", b"ETH", b"ETH"
    row["channel"], row["is_inverse"] = 4, 1
    assert filled.table.row(2) == Instrument(
        index=2, venue_key=200, symbol="ETH-26DEC25-3000-C", kind="option", option_type="call",
        price_exponent=-9, size_exponent=-8, state=1, tick_size=Decimal("0.0005"),
        min_size=Decimal("0.1"), contract_size=Decimal(1), strike_price=Decimal(3000),
        expiry_ns=1_766_736_000_000_000_000, created_ns=None, base="ETH", quote="ETH",
        settlement="ETH", counter="ETH", is_inverse=True, definition_seq=-1, channel=4, revision=0,
    )  # fmt: skip


def test_length_counts_the_venue_s_own_row() -> None:
    assert len(Filled().table) == 4
    assert Filled().table.row(0).symbol == ""


def test_iteration_leaves_out_the_venue_and_keeps_the_undefined() -> None:
    table = Filled().table
    assert [each.index for each in table] == [1, 2, 3]
    assert table.symbols() == ["BTC-PERPETUAL", "ETH-26DEC25-3000-C", ""]


def test_find_matches_shell_patterns() -> None:
    table = Filled().table
    assert [each.symbol for each in table.find("BTC*")] == ["BTC-PERPETUAL"]
    assert [each.symbol for each in table.find("*-[CP]")] == ["ETH-26DEC25-3000-C"]
    assert [each.index for each in table.find("*")] == [1, 2]
    assert table.find("btc*") == []


@pytest.mark.parametrize("which", ["NOPE", "", "btc-perpetual", 4, -1, 99])
def test_unknown_instrument_is_a_key_error(which: str | int) -> None:
    with pytest.raises(KeyError):
        Filled().table.row(which)


def test_membership_is_by_symbol() -> None:
    table = Filled().table
    assert "BTC-PERPETUAL" in table
    assert "BTC" not in table
    assert "" not in table
    assert 1 not in table


def test_names_that_arrive_later_are_found() -> None:
    filled = Filled()
    assert "SOL-PERPETUAL" not in filled.table
    filled.name(3, b"SOL-PERPETUAL", PERPETUAL)
    assert filled.table.row("SOL-PERPETUAL").index == 3
    k.add_instrument(filled.words, filled.lookup, 400, -9, -8)
    filled.name(4, b"XRP", FUTURE)
    assert filled.table.row("XRP").index == 4


def test_symbol_that_changed_is_not_found_under_its_old_name() -> None:
    filled = Filled()
    assert filled.table.row("BTC-PERPETUAL").index == 1
    filled.name(1, b"XBT-PERPETUAL", PERPETUAL)
    assert "BTC-PERPETUAL" not in filled.table
    assert filled.table.row("XBT-PERPETUAL").index == 1


def test_exponents_are_indexed_by_a_record_s_instrument() -> None:
    table = Filled().table
    instruments = np.array([2, 1, 3, 1], dtype=np.uint32)
    assert table.price_exponents()[instruments].tolist() == [-9] * 4
    assert table.size_exponents()[instruments].tolist() == [-8] * 4


def test_exponents_are_a_view_that_sees_rows_added_later() -> None:
    filled = Filled()
    exponents = filled.table.price_exponents()
    assert exponents.base is not None
    k.add_instrument(filled.words, filled.lookup, 400, -2, 0)
    assert exponents[4] == -2


def test_instruments_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Filled().table.row(1).symbol = "x"  # type: ignore[misc]


def test_kind_that_is_not_in_the_table_is_named_by_its_number() -> None:
    filled = Filled()
    filled.name(3, b"X", 77)
    assert filled.table.row(3).kind == "kind 77"


def test_half_written_row_is_an_error_that_says_why() -> None:
    filled = Filled()
    filled.rows[2]["version"] += 1
    with pytest.raises(TimeoutError, match="writer is dead or stopped"):
        filled.table.row(2)
    assert filled.table.row(1).symbol == "BTC-PERPETUAL"


def test_read_only_memory_is_enough() -> None:
    filled = Filled()
    filled.rows.flags.writeable = False
    filled.lookup.flags.writeable = False
    table = InstrumentTable(filled.rows, filled.lookup)
    assert table.row("BTC-PERPETUAL").kind == "perpetual"
    assert not table.price_exponents().flags.writeable


@pytest.mark.parametrize("instruments", [1, 2, 3, 64, 65, 4096])
def test_lookup_is_at_most_half_full(instruments: int) -> None:
    slots = (lookup_words(instruments) - k.LOOKUP_HEADER) // 2
    assert slots >= 2 * instruments
    assert slots & (slots - 1) == 0


@kernel(int64(I64, I64, I64))
def rewrite_until_told(words, definition, stop):
    """Define row 1 again and again, each time with one number in all its words."""
    turns = 0
    while stop[0] == 0 and turns < 50_000_000:
        turns += 1
        for index in range(k.W_TICK_SIZE, k.W_BASE):
            definition[index] = turns
        k.define(words, 1, definition, 0)
        for _ in range(50):
            pause()
    return turns


@pytest.mark.compiled
def test_reader_never_sees_half_a_definition() -> None:
    filled = Filled()
    stop = np.zeros(1, np.int64)
    definition = np.zeros(k.ROW_WORDS, np.int64)
    writer = threading.Thread(target=rewrite_until_told, args=(filled.words, definition, stop))
    writer.start()
    try:
        seen = set()
        for _ in range(300):
            row = filled.table.row(1)
            assert row.tick_size is None or row.tick_size * 10 == row.min_size
            assert row.expiry_ns == row.created_ns
            seen.add(row.revision)
    finally:
        stop[0] = 1
        writer.join()
    assert len(seen) > 1
