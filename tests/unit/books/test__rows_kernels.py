"""The published rows: their layout, what they show, when they are left alone."""

import numpy as np
import pytest

from tests.unit.books.naive_book import batch, clear, control, level
from zerofeed.base.status import MALFORMED, NOT_READY, OK
from zerofeed.books import _kernels, _rows_kernels
from zerofeed.books import layout as lay
from zerofeed.books.l2 import L2Books
from zerofeed.records import book_rows as rows
from zerofeed.records import kinds
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.units import UNDEF
from zerofeed.shm.seqlock import read_row


def snapshot(instrument=0, levels=3):
    bids = [level("B", 100 - i, i + 1, 10, flags=SNAPSHOT) for i in range(levels)]
    asks = [level("A", 102 + i, i + 1, 10, flags=SNAPSHOT) for i in range(levels)]
    records = batch(clear(10, flags=SNAPSHOT), *bids, *asks)
    records["flags"][-1] |= LAST
    records["instrument"] = instrument
    return records


def made(count=2, depth=20):
    books = L2Books.create(count, depth=depth, capacity=32)
    table = np.zeros(count, dtype=rows.book_row(depth))
    return books, table, table.view(np.int64)


@pytest.mark.parametrize("depth", [1, 2, 3, 20])
def test_row_shows_the_top_levels_best_first(depth):
    books, table, words = made(depth=depth)
    books.apply(snapshot(1))
    assert _rows_kernels.publish_book(books.words, words, 1, 77) == OK
    row = read_row(table, 1)[0]
    shown = min(depth, 3)
    assert (row["version"], row["record_seq"], row["instrument"]) == (2, 77, 1)
    assert (row["change_id"], row["ts_event_ns"], row["flags"]) == (10, 1, 0)
    assert (row["n_bids"], row["n_asks"]) == (shown, shown)
    assert row["bids"]["price"].tolist() == [100, 99, 98][:depth] + [UNDEF] * (depth - 3)
    assert row["asks"]["size"].tolist() == [1, 2, 3][:depth] + [UNDEF] * (depth - 3)
    assert not table[0].tobytes().strip(b"\0")


def test_row_says_why_its_book_is_in_doubt():
    books, table, words = made()
    books.apply(snapshot())
    books.apply(level("B", 101, 1, 13, 12, flags=LAST))
    _rows_kernels.publish_book(books.words, words, 0, 5)
    assert table[0]["flags"] == lay.DOUBT_CHAIN_BREAK


def test_deleted_levels_of_a_book_in_doubt_are_not_in_its_row():
    books, table, words = made()
    books.apply(snapshot())
    books.apply(level("B", 101, 1, 13, 12, flags=LAST))
    books.apply(level("B", 100, 0, 14, 13, flags=LAST))
    _rows_kernels.publish_book(books.words, words, 0, 5)
    assert table[0]["bids"]["price"][:4].tolist() == [101, 99, 98, UNDEF]
    assert table[0]["n_bids"] == 3


def test_truncated_sides_are_marked():
    books, table, words = made()
    books.apply(snapshot(levels=40))
    _rows_kernels.publish_book(books.words, words, 0, 5)
    assert table[0]["flags"] == rows.ROW_TRUNCATED_BIDS | rows.ROW_TRUNCATED_ASKS


def test_book_in_the_middle_of_a_transaction_keeps_its_old_row():
    books, table, words = made()
    books.apply(snapshot())
    _rows_kernels.publish_book(books.words, words, 0, 5)
    books.apply(level("B", 101, 1, 11, 10))
    before = table.tobytes()
    assert _rows_kernels.publish_book(books.words, words, 0, 6) == NOT_READY
    assert table.tobytes() == before


def test_publish_book_refuses_a_book_that_is_not_there():
    books, _, words = made()
    assert _rows_kernels.publish_book(books.words, words, 2, 0) == MALFORMED


def run(books, words, records, first_seq):
    """Apply and publish a batch as a worker does."""
    room = np.zeros(2 * len(records), dtype=RECORD)
    room[: len(records)] = records
    count = len(records)
    written = _kernels.apply(books.words, room, 0, count, count, len(room))
    return _rows_kernels.publish_batch(books.words, words, room, 0, count + written, first_seq)


def test_batch_publishes_each_book_once_as_of_its_last_bbo():
    books, table, words = made()
    changes = [level("B", 101 - i, 1, 11 + i, 10 + i, flags=LAST) for i in range(3)]
    assert run(books, words, batch(snapshot(0), snapshot(1), *changes), 1000) == 2
    # 17 records, then the BBO of each snapshot and of each change
    assert table["record_seq"].tolist() == [1000 + 17 + 4, 1000 + 17 + 1]
    assert table["version"].tolist() == [2, 2]
    assert table[0]["change_id"] == 13


def test_batch_leaves_a_book_whose_next_transaction_is_open():
    books, table, words = made()
    run(books, words, snapshot(), 0)
    changes = batch(level("B", 101, 1, 11, 10, flags=LAST), level("B", 97, 1, 12, 11))
    assert run(books, words, changes, 100) == 0
    assert table[0]["change_id"] == 10
    assert run(books, words, level("B", 96, 1, 12, 11, flags=LAST), 200) == 1
    assert (table[0]["change_id"], table[0]["record_seq"]) == (12, 201)


def test_gap_rewrites_the_rows_of_the_books_it_concerns():
    books, table, words = made()
    run(books, words, batch(snapshot(0), snapshot(1)), 0)
    books.bind_channels(0, channel=1, snapshot_channel=9)
    books.bind_channels(1, channel=2, snapshot_channel=9)
    assert run(books, words, control(kinds.GAP, channel=2), 500) == 1
    assert table["flags"].tolist() == [0, lay.DOUBT_GAP]
    assert table[1]["record_seq"] == 500


def test_definition_that_ends_an_instrument_rewrites_its_row_alone():
    books, table, words = made()
    run(books, words, batch(snapshot(0), snapshot(1)), 0)
    ending = control(kinds.INSTRUMENT, instrument=1, action="C")
    assert run(books, words, ending, 500) == 1
    assert table["record_seq"].tolist() == [14, 500]
    assert table["n_bids"].tolist() == [3, 0]
    assert run(books, words, control(kinds.INSTRUMENT, instrument=0, action="M"), 501) == 0


def test_takeover_repairs_the_row_that_a_killed_worker_was_writing():
    books, table, words = made()
    books.apply(snapshot())
    table["version"][0] = 7
    with pytest.raises(TimeoutError):
        read_row(table, 0, attempts=3)
    assert _rows_kernels.publish_dirty(books.words, words, 40) == 1
    assert read_row(table, 0)["record_seq"] == 40
    assert _rows_kernels.publish_dirty(books.words, words, 41) == 0


def test_takeover_marks_the_row_of_a_book_with_an_open_transaction():
    books, table, words = made()
    books.apply(batch(snapshot(), level("B", 101, 1, 11, 10)))
    _rows_kernels.publish_dirty(books.words, words, 40)
    assert table[0]["flags"] == rows.ROW_OPEN
