"""The board: what a receiver tells the process that measures, in memory that both have mapped.

An array of int64 in an anonymous file, so that C programs can be handed it, too.

=====  ========  ===================================================================================
word   writer    meaning
=====  ========  ===================================================================================
0      receiver  READY: 1 once packets that arrive from now on are counted
1      receiver  RECEIVED: packets
2      receiver  LOST: packets that the kernel counted as lost at an AF_XDP socket; at the end
3      receiver  SAMPLES: latencies noted so far
4      receiver  NEXT: number that the next packet should have
5      receiver  DISORDER: times that it had another one; a loss is one of them
8      measurer  STOP: 1 asks the receiver to end
9      measurer  INTERVAL: ns between two packets of a pacer, 0: none
16     pacer     SENT: packets
32...  receiver  latencies in ns, as many as there is room for
=====  ========  ===================================================================================
"""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np

__all__ = [
    "DATA", "DISORDER", "INTERVAL", "LOST", "NEXT", "READY", "RECEIVED", "SAMPLES", "SENT", "STOP",
    "Board",
]  # fmt: skip

READY, RECEIVED, LOST, SAMPLES, NEXT, DISORDER = range(6)
STOP, INTERVAL = 8, 9
SENT = 16
DATA = 32


class Board:
    """Shared memory for one receiver.

    Args:
        samples: room for so many latencies.

    Attributes:
        words: all of it as int64.
        fd: the file, for programs that are handed it.
    """

    def __init__(self, samples: int) -> None:
        self.fd = os.memfd_create("zerofeed-board")
        size = 8 * (DATA + samples)
        os.ftruncate(self.fd, size)
        self._memory = mmap.mmap(self.fd, size)
        self.words: Any = np.frombuffer(self._memory, np.int64)

    def samples(self) -> list[int]:
        """Give the latencies, in the order of arrival."""
        count = int(self.words[SAMPLES])
        found: list[int] = self.words[DATA : DATA + count].tolist()
        return found
