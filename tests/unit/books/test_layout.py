"""The offsets of a store are a format: they may not move unnoticed."""

import pytest

from zerofeed.books import layout as lay
from zerofeed.books.l2 import L2Books


def test_offsets_are_those_of_layout_two():
    assert lay.LAYOUT & 0xFFFF == 2, "a moved offset needs a new layout number, and this test"
    head = {n: v for n, v in vars(lay).items() if n.startswith(("H_", "B_")) and n in lay.__all__}
    assert head == {
        "H_LAYOUT": 0, "H_BOOKS": 1, "H_CAPACITY": 2, "H_STRIDE": 3, "H_RULES": 4, "H_DEPTH": 5,
        "H_FRAGMENT": 6, "H_USED": 7, "H_DOUBT_MOVES": 29,
        "B_BUSY": 0, "B_DOUBTS": 1, "B_CHANGE_ID": 2, "B_TX_ID": 3, "B_TX": 4, "B_BIDS": 5,
        "B_ASKS": 6, "B_LEVELS": 7, "B_HORIZON": 8, "B_HORIZON_ID": 10, "B_BASE_ID": 11,
        "B_SNAP": 12, "B_SNAP_ID": 13, "B_NEEDS_CLEAR": 14, "B_DIRTY": 15, "B_SNAP_EQUAL":
        16, "B_SNAP_DIFFERENT": 18, "B_TS_EVENT_NS": 19, "B_CHANNEL": 20, "B_SNAP_CHANNEL":
        21, "B_EVICTED": 22, "B_DOUBT_COUNT": 23, "B_WINDOW": 24, "B_DOUBT_MOVE": 25, "B_GAPS": 26,
    }  # fmt: skip


def test_counters_stay_inside_the_header_and_apart():
    words = list(lay.COUNTERS.values())
    assert len(set(words)) == len(words)
    assert min(words) > lay.H_USED
    assert max(words) < lay.H_DOUBT_MOVES < lay.HEADER_WORDS


def test_every_book_begins_on_a_cache_line():
    books = L2Books.create(3, capacity=8, depth=1)
    for instrument in range(3):
        head = lay.HEADER_WORDS + instrument * books.words[lay.H_STRIDE]
        assert head * 8 % 64 == 0
        assert books[instrument].word(lay.B_LEVELS) * 8 % 64 == 0
    assert books[2].word(lay.B_LEVELS) + 6 * 8 == lay.store_words(3, 8) == books.words.size


def test_store_words_refuses_a_capacity_that_would_break_alignment():
    assert lay.store_words(3, 8) == 32 + 3 * (32 + 48)
    with pytest.raises(ValueError, match="multiple of 8"):
        lay.store_words(1, 12)


def test_doubts_are_single_bits_with_names():
    bits = [v for n, v in vars(lay).items() if n.startswith("DOUBT_") and n != "DOUBT_NAMES"]
    assert sorted(bits) == sorted(lay.DOUBT_NAMES)
    assert all(bit & (bit - 1) == 0 for bit in bits)
    assert lay.doubt_names(lay.DOUBT_GAP | lay.DOUBT_CROSSED) == ["crossed", "gap"]
    assert lay.doubt_names(0) == []
