"""A latency histogram loses no sample and misplaces none by more than a sixteenth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, I64_RO, int64, kernel
from zerofeed.shm.histogram import (
    BUCKETS,
    HISTOGRAM_WORDS,
    bucket_of,
    lower_bound,
    percentile,
    sample,
)

VALUES = st.one_of(
    st.integers(0, 2**63 - 1), st.integers(0, 10_000), st.integers(0, 62).map(lambda n: 2**n)
)


@kernel(int64(I64, int64, I64_RO))
def sample_all(words, at, values):  # type: ignore[no-untyped-def]
    for value in values:
        sample(words, at, value)
    return 0


def histogram_of(values: list[int]) -> np.ndarray:
    words = np.zeros(HISTOGRAM_WORDS, np.int64)
    sample_all(words, 0, np.array(values, np.int64))
    return words


def test_bounds_grow_and_are_their_own_buckets_first_value() -> None:
    bounds = [lower_bound(bucket) for bucket in range(BUCKETS)]
    assert bounds == sorted(set(bounds))
    assert [bucket_of(bound) for bound in bounds] == list(range(BUCKETS))


def test_the_value_before_a_bound_is_in_the_bucket_before() -> None:
    befores = [bucket_of(lower_bound(bucket) - 1) for bucket in range(1, BUCKETS)]
    assert befores == list(range(BUCKETS - 1))


def test_the_largest_int64_has_the_last_bucket() -> None:
    assert bucket_of(2**63 - 1) == BUCKETS - 1


@given(VALUES)
def test_a_value_is_within_a_sixteenth_of_its_buckets_bound(value: int) -> None:
    bound = lower_bound(bucket_of(value))
    assert 0 <= (value - bound) * 16 <= value


@given(st.lists(st.integers(0, 2**55), min_size=1, max_size=200), st.floats(0, 1))
def test_a_percentile_is_within_a_sixteenth_of_the_sample_it_stands_for(
    values: list[int], fraction: float
) -> None:
    exact = sorted(values)[max(1, round(len(values) * fraction)) - 1]
    found = percentile(histogram_of(values), fraction)
    assert found is not None
    assert found <= exact <= found * 17 / 16


@given(st.lists(st.integers(-(10**9), 10**9), max_size=50))
def test_count_sum_largest_and_negative_samples_are_kept(values: list[int]) -> None:
    words = histogram_of(values)
    negative = sum(value < 0 for value in values)
    assert words[:4].tolist() == [len(values), sum(values), max([0, *values]), negative]
    assert words[4:].sum() == len(values)


def test_a_negative_sample_counts_in_the_first_bucket() -> None:
    assert histogram_of([-5])[4] == 1


def test_a_histogram_does_not_write_beyond_its_words() -> None:
    words = np.zeros(HISTOGRAM_WORDS + 2, np.int64)
    sample_all(words, 1, np.array([0, 2**63 - 1], np.int64))
    assert words[0] == words[-1] == 0


def test_without_samples_there_is_no_percentile() -> None:
    assert percentile(np.zeros(HISTOGRAM_WORDS, np.int64), 0.5) is None


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_a_single_sample_is_every_percentile(fraction: float) -> None:
    assert percentile(histogram_of([31]), fraction) == 31
