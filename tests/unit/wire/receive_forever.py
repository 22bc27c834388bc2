"""A worker for the kill test: recovers, prepares, then receives and publishes until it is killed.

Run as ``python receive_forever.py MEMORY_FD SOCKET_FD``. The memory holds, in int64 words: how
many frames are published, the receive block, the lengths of the frames, the arena.
"""

import mmap
import sys

import numpy as np

from zerofeed.wire import _udp_kernels as k
from zerofeed.wire.receive_block import block_words, prepare_block, recover_block, result_table
from zerofeed.wire.udp import ReadableWait

__all__ = ["BATCH", "CHUNK_BYTES", "FRAMES", "MEMORY_BYTES", "take_over", "views"]

BATCH = 32
FRAMES = 1 << 16
CHUNK_BYTES = 64
_WORDS = 8 + block_words(BATCH) + FRAMES
MEMORY_BYTES = 8 * _WORDS + FRAMES * CHUNK_BYTES


def views(memory):
    """Give (published, block, lengths, arena) of the shared memory."""
    words = np.frombuffer(memory, np.int64, _WORDS)
    arena = np.frombuffer(memory, np.uint8, FRAMES * CHUNK_BYTES, 8 * _WORDS)
    head, block, lengths = np.split(words, [8, 8 + block_words(BATCH)])
    return head, block, lengths, arena.reshape(FRAMES, CHUNK_BYTES)


def publish(published, lengths, first, results):
    """Publish frames ``first`` onward, those of them that are not published yet."""
    for i, row in enumerate(results):
        if first + i >= published[0]:
            lengths[first + i] = row[k.LENGTH]
            published[0] = first + i + 1


def take_over(memory):
    """Publish what a predecessor had received and not published."""
    published, block, lengths, _ = views(memory)
    left = recover_block(block)
    publish(published, lengths, left.first_chunk, left.results)


def main(memory_fd: int, socket_fd: int) -> None:
    """Receive for ever."""
    memory = mmap.mmap(memory_fd, MEMORY_BYTES)
    take_over(memory)
    published, block, lengths, arena = views(memory)
    prepare_block(block, BATCH)
    results = result_table(BATCH)
    waiting = ReadableWait([socket_fd])
    while True:
        first = int(published[0])
        got = k.receive(
            socket_fd, block, arena.ctypes.data, FRAMES, CHUNK_BYTES, first, BATCH, results
        )
        if got > 0:
            publish(published, lengths, first, results[:got])
            k.settle(block)
        else:
            waiting.wait(-1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
