"""The parts of a store lie one behind the other, on whole cache lines, and nothing is lost between them."""

from __future__ import annotations

import pytest

from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import layout

__all__: list[str] = []


@pytest.mark.parametrize(("books", "orders"), [(0, 1), (3, 31), (3, 33), (7, 1000), (40, 5000)])
def test_a_store_fills_its_memory_exactly(books: int, orders: int) -> None:
    words = L3Books.create(books, orders=orders).words
    parts = [
        layout.HEADS_AT + books * layout.HEAD_WORDS,
        int(words[layout.H_ORDERS_AT]),
        int(words[layout.H_LEVELS_AT]),
        int(words[layout.H_NODES_AT]),
        int(words[layout.H_NODES_AT]) + int(words[layout.H_NODES]) * layout.NODE_WORDS,
    ]
    assert parts[0] == words[layout.H_TABLE_AT]
    assert parts[1] - parts[0] == layout.places_of(orders) == words[layout.H_MASK] + 1
    assert parts[2] - parts[1] >= orders * layout.ORDER_WORDS
    assert parts[3] - parts[2] == words[layout.H_LEVELS] * layout.LEVEL_WORDS
    assert words[layout.H_NODES] == layout.nodes_of(orders, books)
    assert parts[4] == words.size == layout.store_words(books, orders)
    assert all(part % 8 == 0 for part in parts)
    assert words.ctypes.data % 64 == 0


@pytest.mark.parametrize("orders", [1, 32, 33, 4096, 5000])
def test_at_most_half_of_the_table_is_in_use(orders: int) -> None:
    places = layout.places_of(orders)
    assert places >= 2 * orders
    assert places & (places - 1) == 0


def test_words_do_not_overlap() -> None:
    header = [
        value for name, value in vars(layout).items() if name.startswith("H_") and name != "H_PATH"
    ]
    header += [layout.H_REPLACED + 1, *layout.COUNTERS.values()]
    assert len(header) == len(set(header))
    assert max(header) < layout.H_PATH
    assert layout.H_PATH + 2 * layout.MOST_HEIGHT <= layout.HEADER_WORDS
    assert layout.KEYS + layout.FANOUT <= layout.NODE_WORDS // 2 <= layout.VALUES
    assert layout.VALUES + layout.FANOUT <= layout.NODE_WORDS


@pytest.mark.parametrize(
    ("books", "orders"), [(1, 0), (1, (1 << 28) + 1), (-1, 5), ((1 << 28) + 1, 5)]
)
def test_what_is_out_of_range_is_refused(books: int, orders: int) -> None:
    with pytest.raises(ValueError, match="may"):
        layout.store_words(books, orders)
