"""The worker killed while it rewrites a row of a table: never torn, never open for ever.

Between the odd and the even version of a row lie some nanoseconds, which a kill at a random
moment does not hit. So the processor is asked to stop the worker at the very store that opens the
row (a watchpoint, set with ptrace), the worker is led some instructions further, and killed
there; the next one a few instructions later, until the row is closed again.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.codecs.deribit.naive import book, definition, packet, snapshot
from tests.unit.runtime.live import Live, Packeteer, make_config, until
from zerofeed.feed._instrument_kernels import ROW_WORDS, W_REVISION
from zerofeed.feed.attach import Feed
from zerofeed.feed.instruments import Instrument
from zerofeed.records.kinds import ACTION_ADD, ACTION_MODIFY, INSTRUMENT

__all__: list[str] = []

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        platform.machine() != "x86_64", reason="debug registers are set as x86-64 has them"
    ),
]

_ATTACH, _DETACH, _CONTINUE, _STEP, _SET_REGISTER = 16, 17, 7, 9, 6
_DEBUG_REGISTERS = 848
"""``offsetof(struct user, u_debugreg)``."""
_EIGHT_BYTES_WRITTEN = 1 | 0b01 << 16 | 0b10 << 18
_ANY_CHILD = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


class Trap:
    """Stops a process behind its next store to an address. To be used from one thread.

    Args:
        pid: of the process; it is stopped until :meth:`go_on`.
        address: of 8 bytes, in that process.
    """

    def __init__(self, pid: int, address: int) -> None:
        self._pid = pid
        self._ask(_ATTACH)
        self._wait()
        self._ask(_SET_REGISTER, _DEBUG_REGISTERS, address)
        self._ask(_SET_REGISTER, _DEBUG_REGISTERS + 7 * 8, _EIGHT_BYTES_WRITTEN)

    def go_on(self) -> None:
        """Let the process run."""
        self._ask(_CONTINUE)

    def wait_for_store(self) -> None:
        """Wait until it is stopped behind its store."""
        while (number := self._wait()) != signal.SIGTRAP:
            self._ask(_CONTINUE, 0, number)

    def step(self) -> None:
        """Let the process do one instruction."""
        self._ask(_STEP)
        assert self._wait() == signal.SIGTRAP

    def kill(self) -> None:
        """End the process where it is."""
        os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, _ANY_CHILD)
        assert os.WIFSIGNALED(status)

    def remove(self) -> None:
        """Let the process go its way."""
        self._ask(_SET_REGISTER, _DEBUG_REGISTERS + 7 * 8, 0)
        self._ask(_DETACH)

    def _wait(self) -> int:
        _, status = os.waitpid(self._pid, _ANY_CHILD)
        assert os.WIFSTOPPED(status), status
        return os.WSTOPSIG(status)

    def _ask(self, request: int, address: int = 0, data: int = 0) -> None:
        if _libc.ptrace(request, self._pid, address, data) < 0:
            error = ctypes.get_errno()
            pytest.skip(f"ptrace {request} is refused here ({os.strerror(error)})")


class Witness:
    """Looks at a row without a pause from a thread, and notes all it sees and how long it took.

    Args:
        look: reads the row.
    """

    def __init__(self, look: Callable[[], Any]) -> None:
        self.seen: set[Any] = set()
        self.longest_s = 0.0
        self.looks = self.refusals = 0
        self._look_once = look
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._is_over.is_set():
            began = time.monotonic()
            try:
                self.seen.add(self._look_once())
            except TimeoutError:
                self.refusals += 1
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            self.looks += 1

    def end(self) -> None:
        """Stop looking."""
        self._is_over.set()
        self._thread.join(20.0)
        assert not self._thread.is_alive()


def meaning(row: Instrument) -> tuple[Any, ...]:
    """What a definition says, in one value."""
    return (
        row.symbol, row.kind, row.option_type, row.tick_size, row.min_size, row.contract_size,
        row.strike_price, row.expiry_ns, row.created_ns, row.base, row.quote, row.settlement,
        row.counter, row.is_inverse, row.channel,
    )  # fmt: skip


UNDEFINED = ("", "unknown", None, *[None] * 6, "", "", "", "", False, -1)


def first_of(number: int) -> bytes:
    """A definition that differs from the second in every column."""
    return definition(
        number, b"SHORT", kind=1, option=1, period=4, created=1_600_000_000_001,
        expiry=1_800_000_000_001, strike=100.0, contract=1.0, minimum=0.1, tick=0.5,
        currencies=(b"AAA", b"BBB", b"CCC", b"DDD", b"BBB"),
    )  # fmt: skip


def second_of(number: int) -> bytes:
    """The other one."""
    return definition(
        number, b"A-NAME-OF-MORE-THAN-FORTY-CHARACTERS-IN-ALL", kind=2, period=3,
        created=1_600_000_000_002, expiry=1_800_000_000_002, contract=2.0, minimum=0.2, tick=0.25,
        currencies=(b"EEEEEEEE", b"FFFFFFFF", b"GGGGGGGG", b"HHHHHHHH", b"IIIIIIII"),
    )  # fmt: skip


class Rig:
    """A feed, its packets, and where its rows lie in its worker."""

    def __init__(self, feed: Feed, sender: Packeteer) -> None:
        self.feed, self._sender = feed, sender
        self._sent = dict.fromkeys((1, 101), 0)
        self._epoch = feed.epoch

    def send(self, message: bytes, channel: int = 1) -> None:
        """One packet with one message."""
        self._sent[channel] += 1
        self._sender.send_bytes([packet(message, channel=channel, seq=self._sent[channel])])

    def version(self, row: int) -> int:
        """The row's version word as it is now."""
        return int(self.feed.memory.instrument_rows["version"][row])

    def revision(self, row: int) -> int:
        """How often its definition was written."""
        return int(self.feed.memory.instrument_rows.view(np.int64)[row * ROW_WORDS + W_REVISION])

    def trap(self, row: int, table: str = "instruments") -> Trap:
        """Stop the worker until a trap for its next store to a row's version is sprung."""
        pid = self.feed.status()["worker_pid"]
        shape = self.feed.description.objects[table]
        # The books have no head: their rows begin where the object does.
        head = shape.head_bytes if table == "instruments" else 0
        return Trap(pid, self._address(pid, table) + head + row * shape.item_bytes)

    def _address(self, pid: int, table: str) -> int:
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
            if f"zerofeed-{self.feed.name}-{table}" in line:
                return int(line.partition("-")[0], 16)
        raise AssertionError(f"the worker has no {table}")

    def wait_for_successor(self) -> None:
        """Wait until another worker has taken over and answers."""
        until(lambda: self.feed.epoch > self._epoch, "a successor came")
        self._epoch = self.feed.epoch
        self.feed.reader().close()


@pytest.fixture
def rig(tmp_path) -> Iterator[Rig]:
    """A running feed."""
    config = make_config()
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Packeteer(feed, config) as sender,
    ):
        yield Rig(feed, sender)


def test_a_worker_killed_inside_a_rows_update_leaves_the_old_or_the_new_definition(
    rig: Rig,
) -> None:
    feed = rig.feed
    announced = feed.reader("lossless", kinds=["instrument"])
    texts: list[tuple[Any, ...]] = []
    for message in (first_of(7), second_of(7)):
        rig.send(message)
        until(lambda: rig.revision(1) == len(texts) + 1, "it was defined")
        until(lambda: feed.metrics["messages"] == len(texts) + 1, "its step is over")
        texts.append(meaning(feed.instruments.row(1)))
    assert all(one != other for one, other in zip(texts[0][:13], texts[1][:13], strict=True))
    witness = Witness(lambda: meaning(feed.instruments.row(1)))
    kills = steps = 0
    while True:
        new = kills % 2
        trap = rig.trap(1)
        trap.go_on()
        rig.send((first_of(7), second_of(7))[new])
        trap.wait_for_store()
        assert rig.version(1) % 2 == 1
        for _ in range(steps):
            trap.step()
        if rig.version(1) % 2 == 0:
            trap.remove()
            until(lambda new=new: meaning(feed.instruments.row(1)) == texts[new], "the new one")
            break
        trap.kill()
        kills += 1
        steps += 3
        rig.wait_for_successor()
        # It does the packet again: what the venue said last is what readers have.
        until(lambda new=new: meaning(feed.instruments.row(1)) == texts[new], "the new one")
        assert rig.version(1) % 2 == 0
    witness.end()
    assert kills > 6
    assert witness.seen <= {*texts, UNDEFINED}
    assert witness.seen >= set(texts)
    assert witness.longest_s < 5.0
    assert witness.looks > witness.refusals
    # Each change was announced once, whoever died in it.
    until(lambda: feed.published == feed.metrics["records_published"], "the last is published")
    actions: list[int] = []
    while announced.lag:
        actions += announced.poll()["action"].tolist()
    assert actions == [ACTION_ADD] + [ACTION_MODIFY] * (kills + 2)


def test_a_worker_killed_inside_a_new_row_leaves_no_row_or_a_whole_one(rig: Rig) -> None:
    feed = rig.feed
    rig.send(first_of(100))
    until(lambda: len(feed.instruments) == 2, "the first is there")
    expected = meaning(feed.instruments.row(1))
    rows = 1
    steps = 0
    while True:
        rows += 1
        trap = rig.trap(rows)
        trap.go_on()
        rig.send(first_of(100 + rows))
        trap.wait_for_store()
        assert len(feed.instruments) == rows
        for _ in range(steps):
            trap.step()
        # Not counted yet, so not seen, until it is whole.
        assert len(feed.instruments) == rows or rig.version(rows) % 2 == 0
        is_over = rig.version(rows) % 2 == 0
        if is_over:
            trap.remove()
        else:
            trap.kill()
            rig.wait_for_successor()
        until(lambda row=rows: len(feed.instruments) == row + 1, "the row is there")
        until(lambda row=rows: rig.revision(row) == 1, "it is defined")
        assert meaning(feed.instruments.row(rows)) == expected
        assert feed.instruments.row(rows).venue_key == 100 + rows
        if is_over:
            break
        steps += 2
    assert rows > 6
    until(lambda: feed.published == feed.metrics["records_published"], "the last is published")
    with feed.reader(start="oldest", kinds=[INSTRUMENT]) as reader:
        told = reader.poll()
    assert told["instrument"].tolist() == list(range(1, rows + 1))
    assert set(told["action"].tolist()) == {ACTION_ADD}


LEVELS = [
    (side, 100.0 + step) for side, steps in ((0, range(1, 6)), (1, range(-5, 0))) for step in steps
]
"""Side (0 ask) and price of each level of the book."""


def test_a_worker_killed_inside_a_books_row_leaves_the_old_or_the_new_book(rig: Rig) -> None:
    """Every level of the book has the same size, another one in each version of it."""
    feed = rig.feed
    rig.send(first_of(7))
    rig.send(snapshot(7, [(*level, 1.0) for level in LEVELS], change_id=1), channel=101)

    def change(size: int) -> bytes:
        changes = [(side, 1, price, float(size)) for side, price in LEVELS]
        return book(7, changes, before=size - 1, change_id=size)

    def sizes() -> tuple[int, ...]:
        top = feed.latest("SHORT")
        return tuple(int(size) for _, size in (*top.bids, *top.asks))

    words = feed.description.objects["books"].item_bytes // 8
    size = 2
    rig.send(change(size))
    until(lambda: feed.memory.book_words[words] > 0 and sizes() == (2,) * 10, "it is published")
    witness = Witness(sizes)
    steps = 0
    is_over = False
    while not is_over:
        size += 1
        trap = rig.trap(1, "books")
        trap.go_on()
        rig.send(change(size))
        trap.wait_for_store()
        assert feed.memory.book_words[words] % 2 == 1
        for _ in range(steps):
            trap.step()
        is_over = feed.memory.book_words[words] % 2 == 0
        if is_over:
            trap.remove()
        else:
            trap.kill()
            rig.wait_for_successor()
        until(lambda size=size: sizes() == (size,) * 10, "the row is that of the new book")
        steps += 12
    witness.end()
    assert size > 8
    assert witness.seen <= {(each,) * 10 for each in range(2, size + 1)}
    assert {(2,) * 10, (size,) * 10} <= witness.seen
    assert witness.longest_s < 5.0
    assert not feed.latest("SHORT").doubts
