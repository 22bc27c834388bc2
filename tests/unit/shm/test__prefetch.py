"""Hints change nothing: neither memory nor what happens with an index outside."""

from __future__ import annotations

from typing import Any

import numpy as np

from zerofeed.base.kernel import I64, U8, int64, kernel
from zerofeed.shm._prefetch import prefetch, prefetch_to_write

__all__: list[str] = []


@kernel(int64(U8, I64, int64))
def hint(data: Any, words: Any, at: int) -> int:
    prefetch(data, at)
    prefetch_to_write(data, at)
    prefetch(words, at)
    prefetch_to_write(words, at)
    return at


def test_memory_is_as_it_was_and_an_index_outside_does_no_harm() -> None:
    data, words = np.arange(64, dtype=np.uint8), np.arange(64)
    data.flags.writeable = words.flags.writeable = True
    for at in (0, 63, 64, -1, 1 << 40):
        assert hint(data, words, at) == at
    assert data.tolist() == words.tolist() == list(range(64))
