"""Publishing from Python: a feed whose writer is this process.

``zerofeed run`` starts feeds that receive and decode by themselves. A program that has data
of its own (a model's output, another venue, a test) publishes it with this class; readers
cannot tell the difference.

::

    with Publisher("signals") as publisher:
        with publisher.claim(len(mine)) as records:
            records["kind"] = zf.TRADE
            ...

The records are written straight into the ring. Sequence numbers are set at publication. One
thread publishes; admission is served by :meth:`Publisher.serve`, which every publication
also does when more than ten milliseconds have passed, or by :meth:`Publisher.start` in a thread.
"""

from __future__ import annotations

import contextlib
import os
import platform
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError, ResourceError
from zerofeed.base.kernel import I64, I64_RO, inlined, int64, kernel, record_array
from zerofeed.base.status import OK, WOULD_BLOCK
from zerofeed.feed.address import address_of
from zerofeed.feed.admission import Admission, AllowList, Peer
from zerofeed.feed.copies import TAKES, ReceiverCopies, taking_names
from zerofeed.feed.description import LAYOUT_VERSION, FeedDescription, layout_digest
from zerofeed.feed.members import (
    LOST_PATIENCE,
    Member,
    Members,
    degrade,
    dismiss,
    enlist,
    initial_position,
)
from zerofeed.feed.memory import FeedMemory, MemorySizes
from zerofeed.feed.messages import Request
from zerofeed.feed.metrics import counter_word
from zerofeed.records.dtypes import RECORD
from zerofeed.records.kinds import ACTION_NONE, DISCONNECT, NO_SIDE
from zerofeed.records.own import own_definitions
from zerofeed.records.units import UNDEF
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm._ring_kernels import CAPACITY, PUBLISHED, claim, publish, wake_readers

__all__ = [
    "Publisher",
    "describe_member",
    "listen",
    "publish_copies",
    "stamp",
    "stamp_and_publish",
    "version",
]

_RECORDS = record_array(RECORD)
_RECORDS_PUBLISHED = counter_word("records_published")
_SERVE_EVERY_NS = 10_000_000


@inlined
def stamp(control: Any, records: Any, count: int) -> None:
    """Give the ``count`` records after PUBLISHED their sequence numbers."""
    first = control[PUBLISHED]
    at = first & (control[CAPACITY] - 1)
    for index in range(count):
        records[at + index]["seq"] = first + index


@kernel(int64(I64, I64, I64, _RECORDS, int64, int64))
def stamp_and_publish(
    control: Any, cursors: Any, one: Any, records: Any, count: int, now_ns: int
) -> int:
    """Number the claimed records, make them visible, wake who sleeps."""
    stamp(control, records, count)
    publish(control, count, now_ns)
    return wake_readers(control, cursors, one)


@kernel(int64(I64, I64, I64, I64, I64, I64_RO, int64))
def publish_copies(
    control: Any,
    cursors: Any,
    one: Any,
    state: Any,
    place: Any,
    words: Any,
    now_ns: int,
) -> int:
    """Claim, copy records in, number them, make them visible and wake who sleeps, in one call.

    Args:
        control: the ring's control page.
        cursors: its readers' pages.
        one: int64 array of one 1.
        state: the feed's state, for its counter of records.
        place: the ring's records as int64, eight each, twice over.
        words: the records to publish as int64; at most the ring's largest claim.
        now_ns: Unix ns.

    Returns:
        OK; or WOULD_BLOCK, nothing changed, when a lossless reader still needs the place.
    """
    count = words.size >> 3
    if claim(control, cursors, count) != OK:
        return WOULD_BLOCK
    first = control[PUBLISHED]
    at = (first & (control[CAPACITY] - 1)) << 3
    target = place[at : at + words.size]
    for word in range(words.size):
        target[word] = words[word]
    for index in range(count):
        target[index << 3] = first + index
    state[_RECORDS_PUBLISHED] += count
    publish(control, count, now_ns)
    wake_readers(control, cursors, one)
    return OK


def listen(address: str, *, mode: int = 0o660) -> socket.socket:
    """Open a feed's attach socket.

    Args:
        address: as :func:`zerofeed.feed.address.address_of` gives it.
        mode: permissions of a socket that is a file.

    Raises:
        ConfigurationError: the name is taken, or the path cannot be used.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        if not address.startswith("\0"):
            _remove_stale(address)
        listener.bind(address)
        if not address.startswith("\0"):
            Path(address).chmod(mode)
        listener.listen(64)
    except OSError as error:
        listener.close()
        shown = address.replace("\0", "@")
        raise ConfigurationError(
            f"its socket cannot be opened ({error.strerror})",
            where=shown,
            next_step="stop the feed that has this name, or choose another name",
        ) from error
    listener.settimeout(0.0)
    return listener


def _remove_stale(path: str) -> None:
    """Remove a socket file that a killed feed left; one that answers stays.

    So does a file that is no socket: a connection to it is refused in the same words.
    """
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()


def version() -> str:
    """Give the version of the installed package."""
    from importlib import metadata  # noqa: PLC0415 - slow to import

    try:
        return metadata.version("zerofeed")
    except metadata.PackageNotFoundError:
        return "0.dev"


class Publisher:
    """A feed written by this process.

    Args:
        name: of the feed, or a path for its socket.
        sizes: of its memory.
        patience: seconds that a publication waits for a lossless reader before degrading it.
        allowed: who else may attach.
        audit: called with one line for each attach and refusal.

    Raises:
        ConfigurationError: the name is taken.
        ResourceError: the kernel refuses the memory.
    """

    def __init__(
        self,
        name: str,
        sizes: MemorySizes | None = None,
        *,
        patience: float = 0.1,
        allowed: AllowList | None = None,
        audit: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = name
        self._address = address_of(name)
        self.memory = FeedMemory(Path(name).name, sizes or MemorySizes())
        self.patience_ns = int(patience * 1e9)
        self._ring = self.memory.record_ring
        self._ring.control[k.EPOCH] = 1
        self._one = np.ones(1, dtype=np.int64)
        self._most_words = 8 * int(self._ring.control[k.MAX_CLAIM])
        self._writing = (
            self._ring.control,
            self.memory.record_cursors.words,
            self._one,
            self.memory.state,
            self.memory.records.view(np.int64),
        )
        self._members = Members()
        self._started_ns = time.time_ns()
        self._admission = Admission([listen(self._address)], self, allowed or AllowList(), audit)
        self._lock = threading.Lock()
        self._served_ns = 0
        self._thread: threading.Thread | None = None
        self._is_closed = threading.Event()

    @contextlib.contextmanager
    def claim(self, count: int) -> Iterator[npt.NDArray[Any]]:
        """Write the next ``count`` records in place; they are published when the block ends.

        Args:
            count: 1 to the ring's largest claim.

        Yields:
            The records' own memory, holding whatever was there before.

        Raises:
            ValueError: more than may be claimed at once.
        """
        with self._lock:
            self._claim(count)
            at = self._ring.published & (self._ring.capacity - 1)
            yield self.memory.records[at : at + count]
            self._publish(count)

    def publish(self, records: npt.NDArray[Any]) -> None:
        """Copy records into the ring and publish them, in claims of any size."""
        words = np.ascontiguousarray(records).view(np.int64)
        step = self._most_words
        with self._lock:
            for first in range(0, words.size, step):
                part = words if words.size <= step else words[first : first + step]
                now_ns = time.time_ns()
                while publish_copies(*self._writing, part, now_ns) != OK:
                    self._claim(part.size >> 3)
                self._serve_now_and_then(now_ns)

    def _claim(self, count: int) -> None:
        if not 0 < count <= int(self._ring.control[k.MAX_CLAIM]):
            raise ValueError(
                f"a claim is 1 to {int(self._ring.control[k.MAX_CLAIM])} records, not {count}"
            )
        cursors = self.memory.record_cursors.words
        if k.try_claim(self._ring.control, cursors, count) == OK:
            return
        deadline = time.monotonic_ns() + self.patience_ns
        degraded: list[int] = []
        while k.try_claim(self._ring.control, cursors, count) != OK:
            self._serve(0.0005)
            if time.monotonic_ns() >= deadline:
                slot = k.slowest_slot(self._ring.control, cursors)
                if slot >= 0:
                    degrade(self._ring, slot)
                    degraded.append(slot)
        if degraded:
            for slot in degraded:
                self._announce_degraded(slot)
            self._claim(count)

    def _announce_degraded(self, slot: int) -> None:
        """Say in the feed itself that a lossless reader is lossy from here on."""
        self.memory.metrics.add("readers_degraded", 1)
        self._claim(1)
        now_ns = time.time_ns()
        record = self.memory.records[self._ring.published & (self._ring.capacity - 1)]
        record["ts_event_ns"] = record["ts_recv_ns"] = now_ns
        record["instrument"] = record["flags"] = 0
        record["kind"] = DISCONNECT
        record["side"], record["action"] = NO_SIDE, ACTION_NONE
        record["reason"], record["reader"] = LOST_PATIENCE, slot
        record["trade_id"] = record["trade_seq"] = UNDEF
        self._publish(1)

    def _publish(self, count: int) -> None:
        now_ns = time.time_ns()
        self.memory.state[_RECORDS_PUBLISHED] += count
        stamp_and_publish(
            self._ring.control,
            self.memory.record_cursors.words,
            self._one,
            self.memory.records,
            count,
            now_ns,
        )
        self._serve_now_and_then(now_ns)

    def _serve_now_and_then(self, now_ns: int) -> None:
        # Also when the clock was set back.
        if not 0 <= now_ns - self._served_ns <= _SERVE_EVERY_NS:
            self._served_ns = now_ns
            self._serve(0.0)

    def serve(self, timeout: float = 0.0) -> None:
        """Admit whoever is waiting to attach, and notice who left.

        Args:
            timeout: seconds to wait for something to do.
        """
        with self._lock:
            self._serve(timeout)

    def _serve(self, timeout: float) -> None:
        for fileno in self._readable(timeout):
            self._admission.serve(fileno)

    def _readable(self, timeout: float) -> list[int]:
        """Wait for a descriptor; any number of them, and closed ones do no harm."""
        poll = select.poll()
        for fileno in self._admission.filenos():
            poll.register(fileno, select.POLLIN)
        return [fileno for fileno, _ in poll.poll(timeout * 1e3)]

    def start(self) -> None:
        """Serve attaching processes from a thread, for a publisher that is often silent."""

        def work() -> None:
            while not self._is_closed.is_set():
                if self._readable(0.05):
                    self.serve()

        self._thread = threading.Thread(target=work, name=f"{self.name}-admission", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the feed; attached processes see it end."""
        self._is_closed.set()
        if self._thread is not None:
            self._thread.join()
        self._admission.close()
        if not self._address.startswith("\0"):
            with contextlib.suppress(FileNotFoundError):
                Path(self._address).unlink()

    def __enter__(self) -> Self:
        """Use as a context manager: the feed ends with the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the feed."""
        self.close()

    # The gate that admission asks

    def describe(self) -> tuple[FeedDescription, list[int]]:
        """Describe this feed to an attaching process."""
        description = FeedDescription(
            name=Path(self.name).name,
            protocol="records",
            layout=LAYOUT_VERSION,
            formats=layout_digest(),
            machine=platform.machine(),
            zerofeed=version(),
            supervisor_pid=os.getpid(),
            started_ns=self._started_ns,
            book_depth=0,
            templates={},
            receiver="published by a program",
            clock="as the program sets it",
            objects=self.memory.objects(),
            own=own_definitions(),
        )
        return description, self.memory.descriptors()

    def admit(self, request: Request, peer: Peer) -> Member:
        """Give an attached process a slot."""
        if request.ring != "records":
            raise ResourceError("this feed has no frames", next_step="read its records")
        slot = self._members.free_slot()
        start = initial_position(self._ring, request.start)
        member = Member(slot, "records", request.mode, peer.pid, peer.uid, request.program, start)
        member.page.words[k.POSITION] = start
        enlist(self._ring, self.memory.record_cursors, slot, request.mode, member.fds)
        self._members.by_slot[slot] = member
        return member

    def dismiss(self, member: Member) -> None:
        """Take a slot back."""
        dismiss(self._ring, member.slot)
        self._members.by_slot.pop(member.slot, None)

    def status(self) -> dict[str, Any]:
        """Describe this feed's readers."""
        published = self._ring.published
        return {
            "name": self.name,
            "protocol": "records",
            "published": published,
            "epoch": 1,
            "worker_pid": os.getpid(),
            "receivers": [msgspec.to_builtins(self._tell_copies())],
            "readers": [describe_member(self._ring, m) for m in self._members.by_slot.values()],
        }

    def _tell_copies(self) -> ReceiverCopies:
        """Say what is known of copies here: how the program came by its records is its own affair."""
        return ReceiverCopies(
            kind="program",
            source=self.name,
            mode="published by a program",
            kernel_copies=None,
            user_copies=None,
            how_known="no receiver: `publish` copies records in once, `claim` lets the program write "
            "them in place, and where it has them from is not known here",
        )


def describe_member(ring: Any, member: Member) -> dict[str, Any]:
    """Describe one reader for ``zerofeed ls``: who it is, how far, what it lost."""
    words = member.page.words
    position = min(int(words[k.POSITION]), ring.published)
    modes = {k.FREE: "free", k.LOSSY: "lossy", k.LOSSLESS: "lossless", k.DEGRADED: "degraded"}
    return {
        "slot": member.slot,
        "ring": member.ring,
        "pid": member.pid,
        "uid": member.uid,
        "program": member.program,
        "mode": modes[int(ring.control[k.MODES + member.slot])],
        "position": position,
        "lag": ring.published - position,
        "consumed": int(words[k.CONSUMED]),
        "lost": int(words[k.LOST]),
        "takes": taking_names(int(words[TAKES])),
    }
