"""Messages decode without a feed; the scratch holds what any message of its length needs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.venues.binance.vectors import SPOT as VECTORS
from tests.unit.venues.venue import encoded
from zerofeed.codecs.json import scratch as s
from zerofeed.codecs.json.decoder import JsonDecoder, make_scratch, most_records
from zerofeed.records.kinds import INSTRUMENT, LEVEL, QUOTE, TRADE
from zerofeed.venues.binance.messages import SPOT

__all__: list[str] = []


@pytest.mark.parametrize("longest", [0, 100, 65_535])
def test_the_scratch_has_the_table_and_room_for_every_row_of_a_message(longest: int) -> None:
    scratch = make_scratch(SPOT, longest)
    at = int(scratch[s.S_TABLE])
    assert scratch[at : at + SPOT.table.size].tolist() == SPOT.table.tolist()
    rows = int(scratch[s.S_ROWS_END] - scratch[s.S_ROWS]) // SPOT.row_words
    # A level is a row of two texts, and at least ten bytes: `["1","2"],`.
    assert rows >= longest // 10
    assert scratch.size == scratch[s.S_ROWS_END] + 1


def test_longer_messages_may_make_more_records() -> None:
    assert most_records(0) > 1
    assert most_records(65_535) > most_records(600) > 600 // 10


def test_messages_become_records_and_instruments() -> None:
    decoder = JsonDecoder(SPOT, instruments=16, longest_bytes=1024, batch=4096)
    data, index = encoded(message for vector in VECTORS for message in vector.messages)
    columns = [index[name].astype(np.int64) for name in ("offset", "length", "ts_ns")]
    records, taken = decoder.decode(data, *columns)
    assert taken == len(index)
    kinds = set(records["kind"].tolist())
    assert kinds == {INSTRUMENT, LEVEL, QUOTE, TRADE}
    assert {each.symbol for each in decoder.instruments} == {"ABCUSDT"}


def test_a_batch_ends_where_the_next_message_might_not_fit() -> None:
    decoder = JsonDecoder(SPOT, instruments=16, longest_bytes=100, batch=1)
    trade = '{"e":"trade","s":"X","p":"1","q":"1","m":true}'
    data, index = encoded([trade] * 300)
    columns = [index[name].astype(np.int64) for name in ("offset", "length", "ts_ns")]
    first, trades, calls = 0, 0, 0
    while first < 300:
        records, taken = decoder.decode(data, *columns, first)
        assert taken > 0
        first, calls = first + taken, calls + 1
        trades += int((records["kind"] == TRADE).sum())
    assert (first, trades) == (300, 300)
    assert calls > 1


def test_what_is_no_message_makes_no_record() -> None:
    decoder = JsonDecoder(SPOT, instruments=16, longest_bytes=100)
    data, index = encoded(["nonsense", "{", '{"unheard":"of"}'])
    columns = [index[name].astype(np.int64) for name in ("offset", "length", "ts_ns")]
    records, taken = decoder.decode(data, *columns)
    assert (len(records), taken) == (0, 3)
