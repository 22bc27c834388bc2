"""The receive block: its layout, and that no datagram is lost or doubled when its owner is killed."""

import mmap
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.unit.wire import receive_forever as worker
from zerofeed.base.errors import BugError
from zerofeed.wire import _udp_kernels as k
from zerofeed.wire import socket_abi as abi
from zerofeed.wire.receive_block import block_words, prepare_block, recover_block, result_table
from zerofeed.wire.udp import open_receiver, wait_readable

BATCH = 4


def prepared():
    block = np.full(block_words(BATCH), -1, np.int64)
    prepare_block(block, BATCH)
    return block


def test_layout_is_the_table_of_the_module() -> None:
    assert list(range(9)) == [
        k.MAGIC,
        k.BATCH,
        k.BLOCK_ADDRESS,
        k.STATE,
        k.FIRST_CHUNK,
        k.LIMIT,
        k.CHUNK_BYTES,
        k.ARENA_CHUNKS,
        k.BLOCK_HEADER_WORDS,
    ]
    assert block_words(BATCH) == 8 + BATCH * (8 + 2 + 8)


def test_prepared_block_points_into_itself() -> None:
    block = prepared()
    address = block.ctypes.data
    assert block[:8].tolist() == [k.BLOCK_MAGIC, BATCH, address, k.IDLE, 0, 0, 0, 0]
    for i in range(BATCH):
        header = block[8 + 8 * i : 16 + 8 * i].tolist()
        assert header[abi.HDR_NAME] == header[abi.HDR_NAME_BYTES] == 0
        assert header[abi.HDR_IOV] == address + 8 * (8 + 8 * BATCH + 2 * i)
        assert header[abi.HDR_IOV_COUNT] == 1
        assert header[abi.HDR_CONTROL] == address + 8 * (8 + 10 * BATCH + 8 * i)
        assert header[abi.HDR_LENGTH] == k.SENTINEL


def test_block_of_the_wrong_kind_or_size_is_refused() -> None:
    with pytest.raises(BugError, match="too small; expected 80 words"):
        prepare_block(np.zeros(79, np.int64), BATCH)
    with pytest.raises(BugError, match="int64"):
        prepare_block(np.zeros(200, np.uint64), BATCH)
    with pytest.raises(BugError, match="int64"):
        prepare_block(np.zeros(400, np.int64)[::2], BATCH)
    with pytest.raises(BugError, match="at least one"):
        block_words(0)


def test_nothing_is_recovered_from_an_unused_or_foreign_block() -> None:
    assert len(recover_block(np.zeros(block_words(BATCH), np.int64))) == 0
    assert len(recover_block(np.zeros(3, np.int64))) == 0
    assert len(recover_block(prepared())) == 0


def test_block_that_contradicts_itself_is_reported() -> None:
    block = prepared()
    block[k.BATCH] = BATCH + 1
    with pytest.raises(BugError, match="contradicts itself"):
        recover_block(block)


def test_recovery_gives_the_leading_messages_that_were_received() -> None:
    """As the kernel leaves the block when it had delivered two of four messages."""
    block = prepared()
    block[k.STATE] = k.CALLING
    block[k.FIRST_CHUNK], block[k.LIMIT] = 1_000_001, 4
    block[k.CHUNK_BYTES], block[k.ARENA_CHUNKS] = 100, 64
    for i, size in enumerate((40, 130)):
        block[8 + 8 * i + abi.HDR_LENGTH] = size
        control = 8 + 10 * BATCH + 8 * i
        block[control : control + 7] = [32, abi.CMSG_TIMESTAMP, 5, 7, 20, abi.CMSG_DROPS, 3]
        block[8 + 8 * i + abi.HDR_CONTROL_BYTES] = 56
    moved = block.copy()  # another address, as in another process
    left = recover_block(moved)
    assert left.first_chunk == 1_000_001
    assert left.results.tolist() == [[40, 5_000_000_007, 0, 3], [100, 5_000_000_007, 30, 3]]
    k.settle(moved)
    assert len(recover_block(moved)) == 0


def test_recovery_repeats_what_receive_returned_until_it_is_settled() -> None:
    block, results = prepared(), result_table(BATCH)
    arena = np.zeros(BATCH * 2048, np.uint8)
    with open_receiver("127.0.0.1", 0) as receiver, socket.socket(type=socket.SOCK_DGRAM) as out:
        for size in (3, 0, 700):
            out.sendto(bytes(size), (receiver.address, receiver.port))
        assert wait_readable([receiver.fileno()], 5_000_000_000)
        args = (receiver.fileno(), block, arena.ctypes.data, BATCH, 2048)
        assert k.receive(*args, 77, BATCH, results) == 3
        left = recover_block(block.copy())
        assert (left.first_chunk, left.results.tolist()) == (77, results[:3].tolist())
        assert k.receive(*args, 80, BATCH, results) < 0
        assert len(recover_block(block)) == 0


def test_block_prepared_elsewhere_is_not_used() -> None:
    """Its addresses are another process's."""
    block = prepared().copy()
    assert k.receive(0, block, 0, 1, 1, 0, 1, result_table(1)) < -1000


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.compiled
def test_no_datagram_is_lost_or_doubled_when_workers_are_killed() -> None:
    """Six workers in turn are killed while receiving; the last state is read by this process."""
    choose = random.Random(6)
    descriptor = os.memfd_create("receive-test")
    os.ftruncate(descriptor, worker.MEMORY_BYTES)
    memory = mmap.mmap(descriptor, worker.MEMORY_BYTES)
    published, block, lengths, arena = worker.views(memory)
    arena[:] = 0
    sent = 0
    with open_receiver("127.0.0.1", 0) as receiver, socket.socket(type=socket.SOCK_DGRAM) as out:
        target = (receiver.address, receiver.port)
        for _ in range(6):
            process = subprocess.Popen(
                [sys.executable, worker.__file__, str(descriptor), str(receiver.fileno())],
                pass_fds=[descriptor, receiver.fileno()],
                cwd=Path(__file__).resolve().parents[3],
            )
            try:
                goal = int(published[0]) + choose.randrange(200, 2000)
                deadline = time.monotonic() + 60
                while published[0] < goal:
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    if sent - published[0] < 5000:
                        for _ in range(choose.randrange(1, 50)):
                            out.sendto(struct.pack("<I", sent), target)
                            sent += 1
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
        assert receiver.drops() == 0
        worker.take_over(memory)
        prepare_block(block, worker.BATCH)
        results = result_table(worker.BATCH)
        while published[0] < sent:
            assert wait_readable([receiver.fileno()], 5_000_000_000)
            first = int(published[0])
            got = k.receive(
                receiver.fileno(),
                block,
                arena.ctypes.data,
                worker.FRAMES,
                worker.CHUNK_BYTES,
                first,
                worker.BATCH,
                results,
            )
            worker.publish(published, lengths, first, results[: max(got, 0)])
        assert not wait_readable([receiver.fileno()], 0)
    assert sent < worker.FRAMES
    assert published[0] == sent
    assert set(lengths[:sent].tolist()) == {4}
    assert arena[:sent, :4].copy().view("<u4").ravel().tolist() == list(range(sent))
