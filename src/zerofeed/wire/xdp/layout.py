"""Who owns which chunk, and the words that the kernels share: geometry, receive blocks, owners.

**Ownership.** Every slot of the feed's frame ring owns exactly one chunk of the arena, from the
start, before the first packet. The rest of the chunks belong to the receive queues: each lies in
its queue's FILL ring, at the kernel, in the RX ring, or is just being received. Publishing a packet
exchanges two chunks: the slot takes the packet's chunk, the queue gets the one that the slot had::

    slot owns c7 ──┐                        ┌─▶ slot owns c93, where the packet lies
                   ├── publish packet c93 ──┤
    queue gave c93 ┘                        └─▶ FILL ring: c7

So the chunks of each queue are as many as ever, nothing is counted by reference, and FILL, twice as
large, always has room. The claim that precedes a publication is what tells readers of the slot's old frame that
it is going (``shm.ring``); only then does the kernel get its chunk.

**A packet in several pieces** (longer than a chunk) is copied into its slot's own *gather place*,
behind the chunks: the one copy in user space here, counted and flagged. The slot keeps its chunk
and the queue gets all pieces back. A place is protected by the same claim as its slot. Without
gather places such a packet is cut to its first piece, and says so.

The arena::

    | chunk 0 | chunk 1 | ... | chunk n-1 | place of slot 0 | place of slot 1 | ...
    |<------------ the UMEM ------------->|<-------- only with gather_bytes ------->

**Geometry**: int64[queues, GEOMETRY_WORDS], written once by the opener. Names are those of the
constants below; ``*_PRODUCER``, ``*_CONSUMER`` and ``*_FLAGS`` are indices into the uint32 view of the
rings, ``*_RING`` into the int64 view.

**Receive block**: int64[BLOCK_HEAD_WORDS + 2 * batch] for each queue, in memory that outlives the
worker. It says how to finish a batch, so that a successor can:

=====  ============  ===============================================================================
word   name          meaning
=====  ============  ===============================================================================
0      MAGIC         tells a prepared block from any other memory
1      OPEN          1: what follows is one batch, perhaps not yet carried out; 0: nothing to do
2      FIRST_SEQ     number of its first frame
3      COUNT         its frames
4      RX_FROM       consumer index of the RX ring before it
5      TAKEN         descriptors taken off the RX ring; as many chunks go to the FILL ring
6      FILL_FROM     producer index of the FILL ring before it
7      BATCH         descriptors at most
8      RECEIVED      packets published so far, this batch included (with it, for a redo)
9      GATHERED      of those, copied together from several pieces
10     CUT           of those, cut short
11     FOREIGN       packets of no flow or that contradict themselves; given back
16     (live)        the four counters as they are published to whoever looks
24     SCRATCH[8]    of the parser
32     OWNS[batch]   by frame: the chunk that its slot owns from now on, as offset in the arena
32+b   GIVES[batch]  by descriptor: the chunk that goes to the FILL ring
=====  ============  ===============================================================================
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError, ConfigurationError

__all__ = [
    "BATCH",
    "BLOCK_HEAD_WORDS",
    "BLOCK_MAGIC",
    "BUSY_POLL",
    "CHUNK_BYTES",
    "COMPLETION_CONSUMER",
    "COMPLETION_MASK",
    "COMPLETION_PRODUCER",
    "COMPLETION_RING",
    "COUNT",
    "CUT",
    "DESCRIPTOR",
    "FILL_CONSUMER",
    "FILL_FLAGS",
    "FILL_FROM",
    "FILL_MASK",
    "FILL_PRODUCER",
    "FILL_RING",
    "FIRST_SEQ",
    "FOREIGN",
    "GATHERED",
    "GATHER_AT",
    "GATHER_BYTES",
    "GEOMETRY_WORDS",
    "HARDWARE_TIME",
    "LEAST_BATCH",
    "LIVE",
    "MAGIC",
    "OPEN",
    "OWNS",
    "RECEIVED",
    "RX_CONSUMER",
    "RX_FROM",
    "RX_MASK",
    "RX_PRODUCER",
    "RX_RING",
    "SCRATCH",
    "TAKEN",
    "TX_CONSUMER",
    "TX_FLAGS",
    "TX_MASK",
    "TX_PRODUCER",
    "TX_RING",
    "UMEM_BYTES",
    "ArenaPlan",
    "block_words",
    "prepare_words",
]

# Geometry
RX_PRODUCER = 0
RX_CONSUMER = 1
RX_RING = 2
RX_MASK = 3
FILL_PRODUCER = 4
FILL_CONSUMER = 5
FILL_FLAGS = 6
FILL_RING = 7
FILL_MASK = 8
TX_PRODUCER = 9
TX_CONSUMER = 10
TX_FLAGS = 11
TX_RING = 12
TX_MASK = 13
COMPLETION_PRODUCER = 14
COMPLETION_CONSUMER = 15
COMPLETION_RING = 16
COMPLETION_MASK = 17
DESCRIPTOR = 18
"""The socket."""
CHUNK_BYTES = 19
UMEM_BYTES = 20
GATHER_AT = 21
"""Offset of the first gather place."""
GATHER_BYTES = 22
"""Bytes of one, or 0."""
HARDWARE_TIME = 23
"""1: the card's time is the arrival time where there is one."""
BUSY_POLL = 24
"""1: a look that finds nothing makes the kernel poll the driver."""
GEOMETRY_WORDS = 25

# Receive block
MAGIC = 0
OPEN = 1
FIRST_SEQ = 2
COUNT = 3
RX_FROM = 4
TAKEN = 5
FILL_FROM = 6
BATCH = 7
RECEIVED = 8
GATHERED = 9
CUT = 10
FOREIGN = 11
LIVE = 8
"""Distance from a counter to what is published of it."""
SCRATCH = 24
OWNS = 32
BLOCK_HEAD_WORDS = 32
BLOCK_MAGIC = 0x7A66_7864_0000_0001

LEAST_BATCH = 64
"""More than the pieces of any packet: 64 KiB in chunks of 2048 bytes are 37."""

_CHUNK_SIZES = (2048, 4096)
_MOST_CHUNKS = 1 << 19
"""Half of what a ring may have: FILL has twice the chunks."""


@dataclass(frozen=True, slots=True)
class ArenaPlan:
    """How an arena is divided among frame slots and receive queues.

    Attributes:
        slots: frames that the ring keeps, a power of two.
        queues: receive queues.
        chunks_per_queue: chunks that belong to each, a power of two, at least 64: what can wait
            between the card and the worker.
        chunk_bytes: 2048 or 4096; 256 of them are the kernel's. Longer packets come in pieces.
        gather_bytes: size of a slot's gather place, a multiple of 8; 0 cuts longer packets.
    """

    slots: int
    queues: int = 1
    chunks_per_queue: int = 4096
    chunk_bytes: int = 2048
    gather_bytes: int = 0

    def __post_init__(self) -> None:
        wrong: tuple[str, object, int] | None = None
        if self.chunk_bytes not in _CHUNK_SIZES:
            wrong = ("chunk_bytes", _CHUNK_SIZES, self.chunk_bytes)
        elif self.queues < 1:
            wrong = ("queues", "at least 1", self.queues)
        elif self.slots < 2 or self.slots & (self.slots - 1):
            wrong = ("slots", "a power of two", self.slots)
        elif not 64 <= self.chunks_per_queue <= _MOST_CHUNKS or self.chunks_per_queue & (
            self.chunks_per_queue - 1
        ):
            wrong = ("chunks_per_queue", "a power of two, 64 to 524288", self.chunks_per_queue)
        elif self.gather_bytes < 0 or self.gather_bytes % 8:
            wrong = ("gather_bytes", "0 or a multiple of 8", self.gather_bytes)
        if wrong is not None:
            name, expected, got = wrong
            raise ConfigurationError(
                "an arena cannot be divided so", where=name, expected=expected, got=got
            )

    @property
    def chunks(self) -> int:
        """Chunks of the UMEM: one for each slot, and those of the queues."""
        return self.slots + self.queues * self.chunks_per_queue

    @property
    def umem_bytes(self) -> int:
        """Bytes of the UMEM, whole pages."""
        return -(-self.chunks * self.chunk_bytes // mmap.PAGESIZE) * mmap.PAGESIZE

    @property
    def arena_bytes(self) -> int:
        """Bytes of the arena: the UMEM and the gather places."""
        return self.umem_bytes + self.slots * self.gather_bytes

    @property
    def fill_entries(self) -> int:
        """Entries of a FILL ring: twice the chunks of a queue.

        So there is room for every chunk that is given back, without a look at how far the kernel
        is: it shows packets a moment before it shows that it took chunks for them, and a look
        would cost the worker a cache line that the kernel's core has just written.
        """
        return 2 * self.chunks_per_queue

    @property
    def rx_entries(self) -> int:
        """Entries of an RX ring: half, so that chunks run out later than descriptors."""
        return self.chunks_per_queue // 2

    def slot_chunks(self) -> npt.NDArray[np.int64]:
        """Give the chunk that each slot owns at the start, as offsets."""
        return np.arange(self.slots, dtype=np.int64) * self.chunk_bytes

    def queue_chunks(self, queue: int) -> npt.NDArray[np.int64]:
        """Give the chunks that belong to a queue at the start, as offsets."""
        first = self.slots + queue * self.chunks_per_queue
        return np.arange(first, first + self.chunks_per_queue, dtype=np.int64) * self.chunk_bytes

    def words(self, batch: int) -> int:
        """Give the int64 words that must outlive a worker: a block for each queue, the owners."""
        return self.queues * block_words(batch) + self.slots


def block_words(batch: int) -> int:
    """Give the int64 words of one receive block.

    Args:
        batch: descriptors in one batch, at least LEAST_BATCH.

    Raises:
        BugError: fewer than that.
    """
    if batch < LEAST_BATCH:
        raise BugError("the batch is shorter than a packet may be", expected=LEAST_BATCH, got=batch)
    return BLOCK_HEAD_WORDS + 2 * batch


def prepare_words(
    words: npt.NDArray[np.int64], plan: ArenaPlan, batch: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lay out the words that outlive a worker, once, before the first packet.

    Args:
        words: writable int64 array of ``plan.words(batch)``.
        plan: of the arena.
        batch: descriptors in one batch.

    Returns:
        (blocks, owners): int64[queues, block_words], int64[slots], views of ``words``.

    Raises:
        BugError: the array is of another size or kind.
    """
    if words.dtype != np.int64 or words.ndim != 1 or not words.flags.c_contiguous:
        raise BugError("receive blocks need a contiguous int64 array", got=str(words.dtype))
    if words.size < plan.words(batch):
        raise BugError("too few words", expected=plan.words(batch), got=words.size)
    size = plan.queues * block_words(batch)
    blocks = words[:size].reshape(plan.queues, -1)
    owners = words[size : size + plan.slots]
    blocks[:] = 0
    blocks[:, BATCH] = batch
    blocks[:, MAGIC] = BLOCK_MAGIC
    owners[:] = plan.slot_chunks()
    return blocks, owners
