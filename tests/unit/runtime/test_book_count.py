"""Books are counted by what is published of them, and those that never came are waiting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from zerofeed.feed.instruments import make_table
from zerofeed.records.book_rows import (
    DOUBT_CHAIN_BREAK,
    DOUBT_NO_SNAPSHOT,
    ROW_TRUNCATED_BIDS,
    book_row,
    row_words,
)
from zerofeed.runtime.book_count import BookCount
from zerofeed.runtime.config import FeedConfig, parse_tree
from zerofeed.runtime.stage import Stage

__all__: list[str] = []

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]
DEPTH = 20


def config_of(**venue: Any) -> FeedConfig:
    return parse_tree({"venue": {"service": "binance", "symbols": SYMBOLS} | venue})


class Published:
    """What a stage has that is looked at: the rows of books, and the instruments."""

    def __init__(self) -> None:
        rows, _ = make_table(8)
        for row, symbol in enumerate(SYMBOLS, 1):
            rows[row]["symbol"] = symbol.encode()
        self.words = rows.view(np.int64)
        book_words = np.zeros(8 * row_words(DEPTH), np.int64)
        self.rows = book_words.view(book_row(DEPTH))
        self.stage = cast(
            "Stage",
            SimpleNamespace(
                memory=SimpleNamespace(book_words=book_words), book_depth=DEPTH, words=self.words
            ),
        )

    def say(self, row: int, flags: int) -> None:
        self.rows["version"][row] = 2
        self.rows["flags"][row] = flags


def test_each_book_is_proven_or_waits_or_is_in_doubt() -> None:
    published = Published()
    count = BookCount(config_of(), published.stage)
    told = count.look()
    assert (told.expected, told.proven, told.waiting, told.in_doubt) == (4, 0, 4, 0)
    assert told.late == tuple(SYMBOLS)
    published.say(1, ROW_TRUNCATED_BIDS)
    published.say(2, DOUBT_NO_SNAPSHOT)
    published.say(3, DOUBT_CHAIN_BREAK)
    told = count.look()
    assert (told.expected, told.proven, told.waiting, told.in_doubt) == (4, 1, 2, 1)
    assert told.late == ("ETHUSDT", "SOLUSDT", "XRPUSDT")
    for row in range(1, 5):
        published.say(row, 0)
    assert count.look().is_done
    assert count.look().late == ()


@pytest.mark.parametrize("channels", [["trades"], ["bbo"]])
def test_a_feed_without_books_expects_none(channels: list[str]) -> None:
    told = BookCount(config_of(channels=channels), Published().stage).look()
    assert told.is_done
    assert told.expected == 0
