"""Shared memory: segments, rings, arena, seqlock, counters, histograms and all memory ordering.

Knows nothing of what the bytes mean.
"""

__all__: list[str] = []
