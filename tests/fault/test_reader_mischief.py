"""A reader that lies, scribbles, attacks the memory or stops harms nobody but itself.

The offender is a process of its own that attached like any other. Beside it two honest readers
follow the feed, one lossy and one lossless, in two more processes. After every mischief both
must have seen every record whole and in order, the feed must have published all of them, and
what it cost the feed in waiting must be at most its patience, once for each offending reader.
"""

from __future__ import annotations

import ctypes
import faulthandler
import fcntl
import mmap
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

from tests.unit.children import Child, Gate
from tests.unit.feed.feeds import is_whole, name_of_feed, records, sizes
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.publisher import Publisher
from zerofeed.feed.reader import Reader
from zerofeed.records.kinds import DISCONNECT
from zerofeed.shm import _ring_kernels as k

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

TOTAL = 20_000
PATIENCE = 0.2

Mischief = Callable[[Feed, Reader], Any]

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.syscall.argtypes = [ctypes.c_long] * 7
_MADV_REMOVE = 9


class Field:
    """A feed with two honest readers and one offender, each in a process of its own."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.name = name_of_feed()
        self.begin, self.ready = Gate(), Gate()
        for gate in (self.begin, self.ready):
            stack.callback(gate.close)
        self.honest = [stack.enter_context(Child(self._follow(m))) for m in ("lossy", "lossless")]

    def _follow(self, mode: Any) -> Callable[[], list[int]]:
        def work() -> list[int]:
            feed = attach(self.name, wait=20)
            reader = feed.reader(mode)
            self.ready.open()
            seen = wrong = 0
            expected = -1
            for batch in reader:
                kept = reader.copy(batch)
                if kept.size == 0:
                    continue
                seqs = kept["seq"]
                wrong += int(seqs[0] <= expected) + int(np.any(np.diff(seqs) != 1))
                wrong += int(not is_whole(kept[kept["kind"] != DISCONNECT]))
                expected = int(seqs[-1])
                seen += kept.size
            return [seen, wrong, reader.lost, feed.published]

        return work

    def offend(self, mischief: Mischief, mode: Any = "lossy") -> Child:
        """Start the offender; it begins when the feed does."""

        def work() -> Any:
            feed = attach(self.name, wait=20)
            reader = feed.reader(mode)
            self.ready.open()
            self.begin.wait()
            return mischief(feed, reader)

        return self._stack.enter_context(Child(work))

    def publish_beside(
        self, offenders: int, *, goes_on: Callable[[], bool] = lambda: False
    ) -> float:
        """Publish everything, and more while it goes on; the longest that one publication took.

        Args:
            offenders: how many of them to wait for, and to let loose.
            goes_on: asked behind each publication once everything is published.

        Returns:
            Seconds.
        """
        longest, self.sent = 0.0, 0
        with Publisher(self.name, sizes(records=4096), patience=PATIENCE) as publisher:
            publisher.start()
            for _ in range(2 + offenders):
                self.ready.wait()
            for _ in range(offenders):
                self.begin.open()
            while self.sent < TOTAL or goes_on():
                batch = records(self.sent, 50)
                before = time.monotonic()
                publisher.publish(batch)
                longest = max(longest, time.monotonic() - before)
                self.sent += 50
            self.degraded = publisher.memory.metrics["readers_degraded"]
            self.published = publisher.memory.record_ring.published
        return longest

    def check_nobody_was_harmed(self) -> None:
        assert self.published == self.sent + self.degraded
        lossy, lossless = (child.result() for child in self.honest)
        assert lossless == [self.published, 0, 0, self.published]
        seen, wrong, lost, published = lossy
        assert (wrong, published, seen + lost) == (0, self.published, self.published)


@pytest.fixture
def field() -> Iterator[Field]:
    with ExitStack() as stack:
        yield Field(stack)


def scribble(feed: Feed, reader: Reader) -> str:
    """Fill the page's words with all that a liar may think of, for as long as the feed lives."""
    source = random.Random(5)
    words = reader._page.words
    lies = [0, 1, -1, 2**63 - 1, -(2**63), 2**62, 7, 3]
    while feed.is_alive():
        ahead = int(feed.memory.record_ring.control[k.PUBLISHED])
        for _ in range(200):
            value = source.choice([*lies, ahead, ahead + 10**9, ahead - 10**9, 2 * ahead + 1])
            words[source.choice([k.POSITION, k.CONSUMED, k.LOST, k.WAITING, k.SLEEPS_ON])] = value
        words[source.randrange(words.size)] = source.choice(lies)
    return "done"


@pytest.mark.parametrize("mode", ["lossy", "lossless"])
def test_a_reader_that_scribbles_over_its_page_harms_nobody(field: Field, mode: str) -> None:
    offender = field.offend(scribble, mode)
    longest = field.publish_beside(1)
    field.check_nobody_was_harmed()
    assert offender.result() == "done"
    assert longest < PATIENCE + 1.0
    assert field.degraded <= 1


@pytest.mark.parametrize(
    "position", [0, -1, -(2**63), 2**63 - 1, 2**40], ids=lambda position: f"{position:+.0e}"
)
def test_a_lossless_reader_with_a_false_position_costs_patience_at_most_once(
    field: Field, position: int
) -> None:
    def lie(feed: Feed, reader: Reader) -> str:
        reader._page.words[k.POSITION] = position
        signal.pause()
        return "not reached"

    field.offend(lie, "lossless")
    longest = field.publish_beside(1)
    field.check_nobody_was_harmed()
    assert field.degraded == (position <= 0)
    assert longest < PATIENCE + 1.0


def test_lossless_readers_that_never_read_cost_patience_once_together(field: Field) -> None:
    def stop(feed: Feed, reader: Reader) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    for _ in range(3):
        field.offend(stop, "lossless")
    longest = field.publish_beside(3)
    field.check_nobody_was_harmed()
    assert field.degraded == 3
    assert longest < PATIENCE + 1.0


def refused(attack: Callable[[], Any]) -> bool:
    """Run an attack; True when the kernel refuses it."""
    try:
        result = attack()
    except (OSError, ValueError):
        return True
    return isinstance(result, int) and result < 0


def test_a_reader_that_attacks_the_memory_is_refused_by_the_kernel(field: Field) -> None:
    def attack(feed: Feed, reader: Reader) -> list[bool]:
        ring = feed.memory.record_ring.mapping
        _, fds = feed._connection.ask(_attach_request())
        memory = os.open("/proc/self/mem", os.O_RDWR)
        outcomes = [
            refused(lambda: _libc.mprotect(ring.address, ring.length, mmap.PROT_WRITE)),
            refused(lambda: _libc.madvise(ring.address, ring.length, _MADV_REMOVE)),
            refused(lambda: os.pwrite(memory, b"\xff" * 64, ring.address)),
            refused(lambda: setattr(feed.memory.records.flags, "writeable", True)),
        ]
        for fd in fds:
            again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
            outcomes += [
                refused(lambda fd=fd: os.ftruncate(fd, 0)),
                refused(lambda fd=fd: os.pwrite(fd, b"\xff" * 64, 0)),
                refused(lambda fd=again: os.pwrite(fd, b"\xff" * 64, 0)),
                refused(lambda fd=fd: mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_WRITE)),
                refused(lambda fd=fd: fcntl.fcntl(fd, 1033, 0x8)),
            ]
        return outcomes

    offender = field.offend(attack)
    field.publish_beside(1)
    field.check_nobody_was_harmed()
    outcomes = offender.result()
    assert len(outcomes) == 4 + 5 * 6
    assert all(outcomes)


def _attach_request() -> Any:
    from zerofeed.feed.description import LAYOUT_VERSION
    from zerofeed.feed.messages import Request

    return Request(op="attach", layout=LAYOUT_VERSION)


def test_a_reader_that_writes_to_the_records_dies_of_it_alone(field: Field) -> None:
    def write(feed: Feed, reader: Reader) -> None:
        faulthandler.disable()
        ctypes.memset(feed.memory.record_ring.mapping.address, 0xFF, 1 << 16)

    offender = field.offend(write)
    field.publish_beside(1)
    field.check_nobody_was_harmed()
    _, status = os.waitpid(offender.pid, 0)
    offender._is_reaped = True
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV


def test_a_reader_that_spoils_its_bell_does_not_stop_the_writer(field: Field) -> None:
    """With an eventfd it could: the flag that keeps a write from blocking is shared."""

    def spoil(feed: Feed, reader: Reader) -> str:
        bell, words = reader._bell, reader._page.words
        flags = fcntl.fcntl(bell.fileno(), fcntl.F_GETFL)
        fcntl.fcntl(bell.fileno(), fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
        bell.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        words[k.SLEEPS_ON] = k.BELL
        while feed.is_alive():
            seen = int(feed.memory.record_ring.control[k.PUBLISHED])
            words[k.WAITING] = 2 * (seen - 1) + 1
        return "done"

    offender = field.offend(spoil)
    longest = field.publish_beside(1)
    field.check_nobody_was_harmed()
    assert offender.result() == "done"
    assert longest < 1.0


def test_a_reader_that_takes_others_out_of_their_futex_delays_them_and_no_more(
    field: Field,
) -> None:
    """FUTEX_REQUEUE needs only a readable map; the victims' time slice brings them back."""
    requeue, wake = 3, 1

    def disturb(feed: Feed, reader: Reader) -> str:
        word = feed.memory.record_ring.mapping.address + k.PUBLISHED * 8
        own = reader._page.mapping.address + 64 * 8
        while feed.is_alive():
            _libc.syscall(202, word, requeue, 0, 2**31 - 1, own, 0)
            _libc.syscall(202, word, wake, 2**31 - 1, 0, 0, 0)
        return "done"

    if os.uname().machine != "x86_64":
        pytest.skip("the system call is given by its number on x86-64")
    offender = field.offend(disturb)
    field.publish_beside(1)
    field.check_nobody_was_harmed()
    assert offender.result() == "done"


def test_a_reader_that_floods_the_attach_socket_does_not_stop_the_feed(field: Field) -> None:
    def flood(feed: Feed, reader: Reader) -> str:
        from zerofeed.feed.address import address_of

        source = random.Random(9)
        while feed.is_alive():
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
                caller.settimeout(0.0)
                try:
                    caller.connect(address_of(feed.name))
                    for _ in range(source.randint(0, 50)):
                        caller.send(source.choice([b'{"op":"status"}', b"\0", b"x" * 60_000]))
                except OSError:
                    continue
        return "done"

    offender = field.offend(flood)
    longest = field.publish_beside(1)
    field.check_nobody_was_harmed()
    assert offender.result() == "done"
    assert longest < 2.0


def test_a_reader_that_is_killed_again_and_again_leaves_its_place_free(field: Field) -> None:
    def come_and_die() -> None:
        attach(field.name, wait=20).reader("lossless", "oldest").poll()
        os.kill(os.getpid(), signal.SIGKILL)

    deaths = 0
    victim: list[Child] = []

    def kill_another() -> bool:
        nonlocal deaths
        if not victim:
            victim.append(Child(come_and_die))
        elif victim[0].has_ended():
            victim.pop().__exit__(None, None, None)
            deaths += 1
        return deaths < 12

    longest = field.publish_beside(0, goes_on=kill_another)
    field.check_nobody_was_harmed()
    assert field.degraded == 0
    assert longest < PATIENCE + 1.0
