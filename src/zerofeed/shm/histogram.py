"""Latency histograms in shared memory: fixed size, one store a sample, any process may read.

Log-linear buckets: values below 32 ns have a bucket each; above, every power of two is cut
into 16 equal parts, so a percentile is right to within 6.25 %. Values are int64
nanoseconds; negative ones (a receive clock behind the kernel's stamp) count in bucket 0 and
in the word before the buckets, so that they are not hidden.

=====  =======================================
word   meaning
=====  =======================================
0      samples
1      sum of the samples, ns
2      largest sample, ns
3      samples below zero
4 ...  BUCKETS counts
=====  =======================================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined

__all__ = ["BUCKETS", "HISTOGRAM_WORDS", "bucket_of", "lower_bound", "percentile", "sample"]

_Words = npt.NDArray[np.int64]

_SUB = 16
_SUB_BITS = 4
BUCKETS = 60 * _SUB
HISTOGRAM_WORDS = 4 + BUCKETS


@inlined
def bucket_of(value: int) -> int:
    """Give the bucket of a value of at least 0 ns."""
    if value < 2 * _SUB:
        return value
    shift = 0
    rest = value >> (_SUB_BITS + 1)
    while rest > 0:
        rest >>= 1
        shift += 1
    return (shift << _SUB_BITS) + (value >> shift)


@inlined
def sample(words: _Words, at: int, value: int) -> None:
    """Count one sample. Single writer.

    Args:
        words: array that holds the histogram.
        at: index of its first word.
        value: nanoseconds; may be negative.
    """
    words[at] += 1
    words[at + 1] += value
    words[at + 2] = max(words[at + 2], value)
    if value < 0:
        words[at + 3] += 1
        value = 0
    words[at + 4 + min(bucket_of(value), BUCKETS - 1)] += 1


def lower_bound(bucket: int) -> int:
    """Give the smallest value in ns that falls into a bucket."""
    if bucket < 2 * _SUB:
        return bucket
    shift = (bucket >> _SUB_BITS) - 1
    return (bucket - (shift << _SUB_BITS)) << shift


def percentile(histogram: npt.NDArray[np.int64], fraction: float) -> int | None:
    """Estimate a percentile.

    Args:
        histogram: HISTOGRAM_WORDS words, a copy or the live memory.
        fraction: 0..1.

    Returns:
        The lower bound in ns of the bucket that holds it, or None without samples.
    """
    counts = histogram[4:HISTOGRAM_WORDS]
    total = int(counts.sum())
    if total == 0:
        return None
    reached = np.searchsorted(np.cumsum(counts), max(1, round(total * fraction)))
    return lower_bound(int(reached))
