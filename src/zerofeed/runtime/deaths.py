"""What to make of a worker's death: start another, let it skip a frame, or give up. Pure.

Three causes are told apart:

* ``SIGKILL`` is somebody's wish or the kernel's need of memory. It says nothing about the feed and
  is not counted.
* Another signal in the middle of a frame is that frame's fault as long as nothing else is known.
  A frame that ended two workers is skipped by the third. These deaths are not counted either: a
  frame costs two at most, and the feed gets on.
* Whatever else ends a worker will probably end the next one. More than CRASHES of these within
  WINDOW_NS, and the feed ends.
"""

from __future__ import annotations

import signal

__all__ = ["CRASHES", "WINDOW_NS", "Deaths"]

CRASHES = 5
"""Deaths within the window that are borne."""
WINDOW_NS = 5_000_000_000

_PATIENCE_WITH_A_FRAME = 2


class Deaths:
    """The deaths of a feed's workers.

    Attributes:
        skip: number of the frame that the next worker must skip if it is still to be done, or
            None.
    """

    def __init__(self) -> None:
        self.skip: int | None = None
        self._at: list[int] = []
        self._blamed: int | None = None
        self._times = 0

    @property
    def count(self) -> int:
        """Deaths that count, within the window before the latest of them."""
        return len(self._at)

    def note(self, now_ns: int, number: int, frame: int | None) -> bool:
        """Note a death.

        Args:
            now_ns: monotonic time.
            number: of the signal, 0 when the worker ended by itself.
            frame: that it was in the middle of, or None.

        Returns:
            True when it is worth while to start another worker.
        """
        if number == signal.SIGKILL:
            return True
        if number and frame is not None:
            self._times = self._times + 1 if frame == self._blamed else 1
            self._blamed = frame
            if self._times >= _PATIENCE_WITH_A_FRAME:
                self.skip = frame
            if self._times <= _PATIENCE_WITH_A_FRAME:
                return True
        self._at = [at for at in self._at if now_ns - at < WINDOW_NS] + [now_ns]
        return len(self._at) <= CRASHES
