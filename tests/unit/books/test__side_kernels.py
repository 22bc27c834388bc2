"""One side of a book, against a sorted list."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.books import _side_kernels as side

CAPACITY = 40
prices = st.lists(st.integers(-60, 60), max_size=CAPACITY, unique=True)


@kernel(int64(I64, int64, int64, int64, int64))
def find(words, at, levels, flip, price):
    return side.find(words, at, levels, flip, price)


@kernel(int64(I64, int64, int64, int64, int64, int64, int64, int64))
def insert(words, at, capacity, levels, index, price, size, change_id):
    side.insert(words, at, capacity, levels, index, price, size, change_id)
    return 0


@kernel(int64(I64, int64, int64, int64, int64))
def remove(words, at, capacity, levels, index):
    side.remove(words, at, capacity, levels, index)
    return 0


@kernel(int64(I64, int64, int64, int64, int64))
def keep_newer(words, at, capacity, count, change_id):
    side.keep_newer(words, at, capacity, count, change_id)
    return words[count]


@kernel(int64(I64, int64, int64, int64))
def drop_tombstones(words, at, capacity, count):
    side.drop_tombstones(words, at, capacity, count)
    return words[count]


@kernel(int64(I64, int64, int64, int64))
def best(words, at, capacity, levels):
    return side.best(words, at, capacity, levels)


def laid_out(levels, capacity=CAPACITY):
    """Word 0 is the count; the side's columns begin at word 1; a guard word follows."""
    words = np.full(2 + 3 * capacity, -99, dtype=np.int64)
    words[0] = len(levels)
    for index, level in enumerate(levels):
        words[1 + index :: capacity][:3] = level
    return words


def read(words, levels, capacity=CAPACITY):
    columns = words[1 : 1 + 3 * capacity].reshape(3, capacity)[:, :levels]
    return [tuple(level) for level in columns.T.tolist()]


@given(prices, st.integers(-61, 61), st.sampled_from([1, -1]))
def test_find_gives_the_best_level_at_or_worse_than_the_price(values, price, sign):
    ordered = sorted(values, key=lambda value: sign * value)
    words = laid_out([(value, 1, 1) for value in ordered])
    expected = sum(sign * value <= sign * price for value in ordered) - 1
    assert find(words, 1, len(ordered), min(sign, 0), price) == expected


@given(prices, st.integers(0, CAPACITY))
def test_insert_keeps_every_other_level_and_writes_nothing_else(values, place):
    levels = [(value, value + 1, value + 2) for value in sorted(values)][: CAPACITY - 1]
    index = min(place, len(levels)) - 1
    words = laid_out(levels)
    insert(words, 1, CAPACITY, len(levels), index, 7, 8, 9)
    levels.insert(index + 1, (7, 8, 9))
    assert read(words, len(levels)) == levels
    assert words[-1] == -99


@given(st.integers(0, 7))
def test_insert_into_a_full_side_drops_the_worst_level(index):
    levels = [(value, value + 1, value + 2) for value in range(8)]
    words = laid_out(levels, 8)
    insert(words, 1, 8, 8, index, 70, 80, 90)
    levels.insert(index + 1, (70, 80, 90))
    assert read(words, 8, 8) == levels[1:]
    assert words[-1] == -99


@given(prices.filter(bool), st.data())
def test_remove_takes_one_level_out(values, data):
    levels = [(value, value + 1, value + 2) for value in sorted(values)]
    index = data.draw(st.integers(0, len(levels) - 1))
    words = laid_out(levels)
    remove(words, 1, CAPACITY, len(levels), index)
    del levels[index]
    assert read(words, len(levels)) == levels


@given(prices, st.integers(-5, 5))
def test_keep_newer_keeps_only_levels_of_later_changes(values, change_id):
    levels = [(value, 1, value % 10 - 5) for value in sorted(values)]
    words = laid_out(levels)
    kept = [level for level in levels if level[2] > change_id]
    assert keep_newer(words, 1, CAPACITY, 0, change_id) == len(kept)
    assert read(words, len(kept)) == kept


@given(prices)
def test_drop_tombstones_keeps_only_levels_with_a_size(values):
    levels = [(value, value % 3, 1) for value in sorted(values)]
    words = laid_out(levels)
    kept = [level for level in levels if level[1]]
    assert drop_tombstones(words, 1, CAPACITY, 0) == len(kept)
    assert read(words, len(kept)) == kept


@given(prices)
def test_best_passes_over_tombstones(values):
    levels = [(value, value % 3, 1) for value in sorted(values)]
    alive = [index for index, level in enumerate(levels) if level[1]]
    assert best(laid_out(levels), 1, CAPACITY, len(levels)) == (alive[-1] if alive else -1)


@kernel(int64(I64, int64, int64, int64, int64, int64, int64, int64))
def fill_gap(words, at, capacity, levels, index, price, size, change_id):
    return int64(side.fill_gap(words, at, capacity, levels, index, price, size, change_id))


@kernel(int64(I64, int64, int64, int64, int64))
def drop_worst(words, at, capacity, count, worst):
    side.drop_worst(words, at, capacity, count, worst)
    return words[count]


@given(prices.filter(bool), st.integers(-60, 60), st.sets(st.integers(0, CAPACITY - 1), min_size=1))
def test_filled_gap_keeps_every_level_and_the_order(levels, price, gaps):
    levels = sorted(levels)
    gone = {index for index in gaps if index < len(levels)}
    if price in levels:
        return
    words = np.full(3 * CAPACITY, -7, dtype=np.int64)
    for index, each in enumerate(levels):
        size = 0 if index in gone else 100 + each
        words[index::CAPACITY] = (each, size, 1000 + each)
    index = find(words, 0, len(levels), 0, price)
    assert fill_gap(words, 0, CAPACITY, len(levels), index, price, 5, 9) == bool(gone)
    columns = words.reshape(3, CAPACITY)[:, : len(levels)]
    assert (np.diff(columns[0]) > 0).all()
    alive = {int(p): (int(s), int(i)) for p, s, i in columns.T if s != 0}
    kept = {each: (100 + each, 1000 + each) for i, each in enumerate(levels) if i not in gone}
    assert alive == (kept | {price: (5, 9)} if gone else kept)


@given(prices, st.integers(0, CAPACITY))
def test_worst_levels_are_dropped_from_all_columns(levels, worst):
    levels = sorted(levels)
    worst = min(worst, len(levels))
    words = np.zeros(3 * CAPACITY + 1, dtype=np.int64)
    for column in range(3):
        words[column * CAPACITY :][: len(levels)] = [each + column for each in levels]
    words[-1] = len(levels)
    assert drop_worst(words, 0, CAPACITY, 3 * CAPACITY, worst) == len(levels) - worst
    for column in range(3):
        found = words[column * CAPACITY :][: len(levels) - worst].tolist()
        assert found == [each + column for each in levels[worst:]]


@given(st.lists(st.integers(-10**6, 10**6), min_size=200, max_size=900, unique=True),
       st.integers(-10**6, 10**6), st.sampled_from([0, -1]))  # fmt: skip
@pytest.mark.slow
def test_deep_side_is_searched_like_a_short_one(levels, price, flip):
    ordered = sorted(levels, key=lambda each: each ^ flip)
    words = np.array(ordered, dtype=np.int64)
    expected = sum((each ^ flip) <= (price ^ flip) for each in ordered) - 1
    assert find(words, 0, len(ordered), flip, price) == expected
