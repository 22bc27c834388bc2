"""The published row of a book: its layout, and the names of its doubts."""

import pytest

from zerofeed.records import book_rows as rows


def test_row_of_the_default_depth_is_laid_out_as_documented():
    fields = {name: offset for name, (_, offset, *_) in rows.BOOK_ROW.fields.items()}
    assert fields == {
        "version": 0, "record_seq": 8, "ts_event_ns": 16, "change_id": 24, "instrument": 32,
        "n_bids": 40, "n_asks": 48, "flags": 56, "bids": 64, "asks": 64 + 320,
        "bid_orders": 64 + 640, "ask_orders": 64 + 800,
    }  # fmt: skip
    assert rows.BOOK_ROW.itemsize == 1024


@pytest.mark.parametrize("depth", range(1, 40))
def test_every_row_fills_whole_cache_lines(depth):
    row = rows.book_row(depth)
    assert row.itemsize % 64 == 0
    assert row.itemsize == 8 * rows.row_words(depth)
    assert row.fields["ask_orders"][1] + 8 * depth <= row.itemsize


def test_doubts_are_named_and_a_proven_book_has_none():
    assert rows.doubt_names(rows.DOUBT_GAP | rows.DOUBT_CROSSED) == ["crossed", "gap"]
    assert rows.doubt_names(0) == []
