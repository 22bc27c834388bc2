import json
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runtime.venue_packets import Packets, fed
from zerofeed.apps.record_text import RecordWriter, parse_kinds, select_kinds
from zerofeed.base.errors import ConfigurationError
from zerofeed.feed._instrument_kernels import ROW_WORDS, W_REVISION
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.records import fields
from zerofeed.records.dtypes import BODY, RECORD
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, MBP, flag_names
from zerofeed.records.kinds import (
    ACTION_TRADE,
    BBO,
    BID,
    COMBO_LEG,
    EPOCH,
    FUNDING,
    GAP,
    INDEX,
    KIND_NAMES,
    LEVEL,
    NO_SIDE,
    RFQ,
    TRADE,
)
from zerofeed.records.units import UNDEF, to_decimal
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

HEAD = ["seq", "kind", "instrument", "ts_event_ns", "ts_recv_ns", "side", "action", "price",
        "size", "flags"]  # fmt: skip


class Table:
    """An instruments table of four rows: the venue, two that are defined, one that is not."""

    def __init__(self) -> None:
        self.rows, lookup = make_table(8)
        lookup[0] = 4
        self.rows["venue_key"] = np.arange(8) * 1000
        self.rows["symbol"][1:3] = [b"BTC-PERPETUAL", b'odd "name"']
        self.rows["price_exponent"][1:4] = [-9, -2, 0]
        self.rows["size_exponent"][1:4] = [-8, 0, 1]
        self.instruments = InstrumentTable(self.rows, lookup)
        assert len(self.instruments) == 4


@pytest.fixture
def writer() -> RecordWriter:
    return RecordWriter(Table().instruments)


def record(kind: int, **values: int) -> npt.NDArray[Any]:
    batch = np.zeros(1, RECORD)
    batch.view(np.int64)[4:] = UNDEF
    batch["kind"], batch["side"], batch["action"] = kind, NO_SIDE, NO_SIDE
    for name, value in values.items():
        batch[name] = value
    return batch


def only(writer: RecordWriter, batch: npt.NDArray[Any]) -> dict[str, Any]:
    text = writer.ndjson(batch)
    assert text.endswith("}\n")
    told: dict[str, Any] = json.loads(text)
    return told


def test_a_trade_has_every_key_in_order(writer: RecordWriter) -> None:
    batch = record(
        TRADE, seq=7, ts_event_ns=11, ts_recv_ns=12, instrument=1, side=BID, action=ACTION_TRADE,
        flags=LAST | MBP, price=25_448_570_000_000, size=50_000_000, trade_id=3, trade_seq=4,
    )  # fmt: skip
    told = only(writer, batch)
    assert list(told) == [*HEAD, "trade_id", "trade_seq"]
    assert list(told.values()) == [
        7, "trade", "BTC-PERPETUAL", 11, 12, "B", "T", "25448.57", "0.5", ["last", "mbp"], 3, 4
    ]  # fmt: skip


def test_undefined_values_are_null(writer: RecordWriter) -> None:
    told = only(writer, record(TRADE, instrument=1, ts_event_ns=UNDEF))
    names = ["ts_event_ns", "price", "size", "trade_id", "trade_seq"]
    assert [told[name] for name in names] == [None] * 5


@pytest.mark.parametrize("kind", [BBO, FUNDING, EPOCH, INDEX, RFQ])
def test_price_and_size_are_always_there(writer: RecordWriter, kind: int) -> None:
    values = dict.fromkeys(BODY[kind], 5)
    told = only(writer, record(kind, instrument=3, **values))
    assert told["price"] == ("5" if kind == INDEX else None)
    assert told["size"] == ("50" if kind == RFQ else None)


def test_fields_are_written_by_their_units(writer: RecordWriter) -> None:
    quote = only(writer, record(BBO, instrument=2, bid_price=-150, bid_size=3, ask_price=UNDEF))
    assert (quote["bid_price"], quote["bid_size"], quote["ask_price"]) == ("-1.5", "3", None)
    funding = only(writer, record(FUNDING, instrument=1, funding_rate=-25_000_000))
    assert funding["funding_rate"] == "-0.000025"
    assert funding["next_funding_ns"] is None
    leg = only(writer, record(COMBO_LEG, instrument=1, leg_instrument=2, leg_ratio=-1))
    assert (leg["leg_instrument"], leg["leg_ratio"]) == ('odd "name"', -1)


def test_the_venue_is_null_and_an_unknown_instrument_its_number(writer: RecordWriter) -> None:
    names = [only(writer, record(GAP, instrument=row))["instrument"] for row in (0, 2, 3, 7)]
    assert names == [None, 'odd "name"', "#3000", "row 7"]


def test_names_that_arrive_later_are_seen() -> None:
    table = Table()
    writer = RecordWriter(table.instruments)
    batch = record(INDEX, instrument=3)
    assert only(writer, batch)["instrument"] == "#3000"
    table.rows["symbol"][3] = b"late"
    table.rows.view(np.int64).reshape(-1, ROW_WORDS)[3, W_REVISION] += 1
    assert only(writer, batch)["instrument"] == "late"


def test_an_unknown_kind_is_written_without_fields(writer: RecordWriter) -> None:
    told = only(writer, record(99, instrument=1))
    assert (list(told), told["kind"]) == (HEAD, "kind 99")
    assert "kind 99" in writer.table(record(99, instrument=1))


def test_an_odd_letter_is_still_json(writer: RecordWriter) -> None:
    told = only(writer, record(INDEX, side=0, action=ord('"')))
    assert (told["side"], told["action"]) == ("0x00", '"')


def naive(batch: npt.NDArray[Any], table: InstrumentTable) -> list[dict[str, Any]]:
    """What the lines mean, one field after the other."""
    told = []
    for each in batch:
        kind = int(each["kind"])
        instrument = table.row(int(each["instrument"]))
        entry: dict[str, Any] = {
            "seq": int(each["seq"]),
            "kind": KIND_NAMES[kind],
            "instrument": None if instrument.index == 0 else instrument.symbol,
            "side": chr(each["side"]),
            "action": chr(each["action"]),
            "price": None,
            "size": None,
            "flags": flag_names(int(each["flags"])),
        }
        for name in ("ts_event_ns", "ts_recv_ns", *BODY[kind]):
            value = int(each[name])
            unit = fields.UNITS.get(name, fields.TIME)
            exponents = {
                fields.PRICE: instrument.price_exponent,
                fields.SIZE: instrument.size_exponent,
                fields.RATE: -12,
            }
            if value == UNDEF:
                entry[name] = None
            elif unit in exponents:
                entry[name] = to_decimal(value, exponents[unit])
            elif unit == fields.ROW:
                entry[name] = table.row(value).symbol
            else:
                entry[name] = value
        told.append(entry)
    return told


@pytest.mark.slow
def test_a_market_is_written_as_the_slow_way_says(packets: Packets) -> None:
    feed = OfflineFeed("deribit-multicast", instruments=1024)
    batch = fed(feed, packets)
    lines = RecordWriter(feed.instruments).ndjson(batch).splitlines()
    decimals = {name for name, unit in fields.UNITS.items()
                if unit in {fields.PRICE, fields.SIZE, fields.RATE}}  # fmt: skip
    told = [
        {
            k: Decimal(v) if k in decimals and v is not None else v
            for k, v in json.loads(line).items()
        }
        for line in lines
    ]
    assert told == naive(batch, feed.instruments)
    assert len({entry["kind"] for entry in told}) >= 8


@given(st.lists(st.sampled_from(sorted(KIND_NAMES)), max_size=40))
def test_lines_stay_in_order_whatever_the_kinds(kinds: list[int]) -> None:
    batch = np.zeros(len(kinds), RECORD)
    batch["seq"] = np.arange(len(kinds))
    batch["kind"] = kinds
    writer = RecordWriter(Table().instruments)
    told = [json.loads(line) for line in writer.ndjson(batch).splitlines()]
    assert [(each["seq"], each["kind"]) for each in told] == [
        (seq, KIND_NAMES[kind]) for seq, kind in enumerate(kinds)
    ]
    assert len(writer.table(batch).splitlines()) == len(kinds)


def test_an_empty_batch_is_no_text(writer: RecordWriter) -> None:
    assert writer.ndjson(np.zeros(0, RECORD)) == ""
    assert writer.table(np.zeros(0, RECORD)) == ""


def test_a_table_line_has_time_kind_instrument_price_and_size(writer: RecordWriter) -> None:
    hour = 3_600_000_000_000
    batch = record(
        TRADE, ts_event_ns=13 * hour + 1_500_000_000, instrument=2, side=BID, action=ACTION_TRADE,
        price=12345, size=6, trade_id=9,
    )  # fmt: skip
    words = writer.table(batch).split()
    assert words[:2] == ["13:00:01.500", "trade"]
    assert words[4:] == ["BT", "123.45", "6", "trade_id=9"]  # it has no trade_seq


def test_a_table_shows_a_quote_side_by_side_and_its_doubt(writer: RecordWriter) -> None:
    batch = record(BBO, instrument=3, bid_price=5, bid_size=1, ask_price=6, ask_size=2,
                   ts_event_ns=UNDEF, ts_recv_ns=UNDEF, flags=MAYBE_BAD_BOOK | LAST)  # fmt: skip
    line = writer.table(batch)
    assert line.startswith("-  ")
    assert line.endswith("5 x 10 | 6 x 20 maybe_bad_book\n")


def test_table_lines_are_cut_at_the_terminals_width() -> None:
    writer = RecordWriter(Table().instruments, width=40)
    lines = writer.table(record(LEVEL, instrument=1, price=1, size=1)).splitlines()
    assert [len(line) for line in lines] == [40]
    assert lines[0].endswith("…")


def test_colours_are_closed_on_every_line() -> None:
    writer = RecordWriter(Table().instruments, is_coloured=True)
    batch = np.concatenate([record(kind).view(np.uint8) for kind in (TRADE, GAP, BBO)]).view(RECORD)
    lines = [writer.heading(), *writer.table(batch).splitlines(keepends=True)]
    assert len(lines) == 4
    assert all(line.startswith("\x1b[") and line.rstrip("\n").endswith("\x1b[0m") for line in lines)
    assert "\x1b[1;31m" in lines[2]


def test_remembered_texts_do_not_grow_without_end(writer: RecordWriter, monkeypatch) -> None:
    monkeypatch.setattr("zerofeed.apps.record_text._MOST_TEXTS", 4)
    batch = np.concatenate([record(INDEX, instrument=3).view(np.uint8)] * 20).view(RECORD)
    batch["price"] = np.arange(20)
    prices = [json.loads(line)["price"] for line in writer.ndjson(batch).splitlines()]
    assert prices == [str(price) for price in range(20)]
    assert len(writer._json._texts[0]) <= 4


def test_levels_and_names_are_written_for_books(writer: RecordWriter) -> None:
    assert writer.level_texts(2, [(150, 3), (UNDEF, 0)]) == [("1.5", "3"), (None, "0")]
    assert [writer.symbol(row) for row in (0, 1)] == [None, "BTC-PERPETUAL"]


def test_kinds_are_read_as_people_write_them() -> None:
    assert parse_kinds(None) is None
    assert parse_kinds("trade, BBO,open-interest") == [TRADE, BBO, 8]
    with pytest.raises(ConfigurationError, match=r"expected trade, .*; got trade,treid"):
        parse_kinds("trade,treid")


def test_kinds_are_selected_in_order() -> None:
    batch = np.zeros(6, RECORD)
    batch["kind"] = [TRADE, BBO, GAP, TRADE, 250, BBO]
    batch["seq"] = range(6)
    assert select_kinds(batch, [BBO, TRADE])["seq"].tolist() == [0, 1, 3, 5]
    assert select_kinds(batch, None) is batch
