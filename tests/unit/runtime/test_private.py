"""The private memory's parts lie one behind the other and are its whole."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.runtime.live import make_config
from zerofeed.feed.memory import FeedMemory
from zerofeed.runtime.deribit import DERIBIT
from zerofeed.runtime.private import LIFE_WORDS, divide, private_words
from zerofeed.runtime.stage import sizes_of

__all__: list[str] = []

pytestmark = pytest.mark.compiled


def test_parts_do_not_overlap_and_nothing_is_left() -> None:
    config = make_config()
    memory = FeedMemory("parts", sizes_of(config, DERIBIT))
    private = divide(config, memory)
    parts = [private.life, private.books, private.undo, *private.blocks]
    for number, part in enumerate(parts, 1):
        assert not part.any()
        part[:] = number
    counts = np.unique(memory.private[: private_words(config)], return_counts=True)[1]
    assert counts.tolist() == [part.size for part in parts]
    assert private.life.size == LIFE_WORDS
    assert memory.private[private.blocks_at] == 4
