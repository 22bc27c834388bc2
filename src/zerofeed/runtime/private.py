"""How the feed's private memory is divided: int64 words that outlive every worker, read by nobody else.

One part lies behind the other::

    LIFE_WORDS      what the feed knows of its own life: whether its sources have started
    books           every book, whole
    undo            books as they were before the open step
    receive blocks  one for each source, in the configuration's order
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zerofeed.feed.memory import FeedMemory
from zerofeed.runtime.book_store import book_words, kept_words
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.receivers import block_words_of

__all__ = ["LIFE_WORDS", "PrivateMemory", "divide", "private_words"]

_Words = npt.NDArray[np.int64]

LIFE_WORDS = 16
"""int64 words at the beginning."""


class PrivateMemory(NamedTuple):
    """Views of the parts."""

    life: _Words
    books: _Words
    undo: _Words
    blocks: list[_Words]
    """By source."""
    blocks_at: int
    """Word at which the first block begins."""


def private_words(config: FeedConfig) -> int:
    """Compute how many int64 words a feed's private memory has."""
    return sum(_parts(config))


def divide(config: FeedConfig, memory: FeedMemory) -> PrivateMemory:
    """View the parts of a feed's private memory."""
    parts = _parts(config)
    ends = list(itertools.accumulate(parts))
    life, books, undo, *blocks = (
        memory.private[end - words : end] for words, end in zip(parts, ends, strict=True)
    )
    return PrivateMemory(life, books, undo, blocks, ends[2])


def _parts(config: FeedConfig) -> list[int]:
    """Words of each part, the blocks' last."""
    memory = config.memory
    return [
        LIFE_WORDS,
        book_words(memory),
        kept_words(memory),
        *(block_words_of(config, place) for place in range(len(config.source))),
    ]
