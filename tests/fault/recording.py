"""What a reader in another process saw: every record at its number, in memory that outlives it."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import FeedGoneError
from zerofeed.feed.attach import attach
from zerofeed.records.dtypes import RECORD

__all__ = ["Recording"]


class Recording:
    """Memory that a reader fills and its parent looks at.

    Args:
        capacity: most records.
    """

    def __init__(self, capacity: int) -> None:
        self._memory = mmap.mmap(-1, capacity * RECORD.itemsize)
        self.slots: npt.NDArray[Any] = np.frombuffer(self._memory, RECORD)
        self.slots["seq"] = -1
        self._flags: npt.NDArray[np.int64] = np.frombuffer(mmap.mmap(-1, 4096), np.int64)

    def ask_to_end(self, at: int) -> None:
        """Tell the reader the number at which it is done."""
        self._flags[1] = at
        self._flags[0] = 1

    @property
    def position(self) -> int:
        """Number of the record that the reader takes next."""
        return int(self._flags[2])

    def reader_of(self, name: str, mode: str) -> Callable[[], dict[str, Any]]:
        """Make the work of a reading process.

        Args:
            name: of the feed.
            mode: of the reader.
        """

        def work() -> dict[str, Any]:
            taken = disordered = repeated = 0
            last = -1
            with attach(name, wait=30.0) as feed:
                reader = feed.reader(mode, start="oldest")  # type: ignore[arg-type]
                self._flags[3] = 1
                has_ended = False
                while not has_ended:
                    batch = reader.copy(reader.poll())
                    if batch.size:
                        numbers = batch["seq"]
                        disordered += int((np.diff(numbers) != 1).sum()) + int(numbers[0] <= last)
                        repeated += int((self.slots["seq"][numbers] != -1).sum())
                        last = int(numbers[-1])
                        self.slots[numbers] = batch
                        taken += len(batch)
                        self._flags[2] = reader.position
                        continue
                    if self._flags[0] and reader.position >= self._flags[1]:
                        break
                    try:
                        reader.wait(0.05)
                    except FeedGoneError:
                        has_ended = True
                reader.poll()
                return {
                    "taken": taken,
                    "disordered": disordered,
                    "repeated": repeated,
                    "consumed": reader.consumed,
                    "lost": reader.lost,
                    "lag": reader.lag,
                    "mode": reader.mode,
                    "position": reader.position,
                    "has_ended": has_ended,
                }

        return work

    def is_reading(self) -> bool:
        """Tell whether the reader has its place in the feed."""
        return bool(self._flags[3])

    def seen(self) -> npt.NDArray[Any]:
        """Every record that was seen, in order."""
        return self.slots[self.slots["seq"] >= 0].copy()
