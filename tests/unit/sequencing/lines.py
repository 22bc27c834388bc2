"""Packets by several lines through the arbiter, as a feed's loop puts them; and a slow arbiter beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_2D, int64, kernel
from zerofeed.feed.metrics import state_words
from zerofeed.sequencing._arbiter_kernels import HELD_BACK, VERDICT, arbitrate
from zerofeed.sequencing._holding_kernels import due_channel, due_frame, take_out
from zerofeed.sequencing._tracker_kernels import find_channel
from zerofeed.sequencing.channels import EXPECTED
from zerofeed.sequencing.holding import A_DUE, A_FRAME, A_HELD, A_MUST_TAKE, A_REPLAYS, A_WAIT_NS
from zerofeed.shm import journal

__all__ = ["CHANNEL", "WINDOW", "Line", "NaiveArbiter", "Packet", "fresh_state", "run"]

CHANNEL = 7
WINDOW = 1000


@dataclass(frozen=True)
class Packet:
    """One packet: when it comes, by which source, what it is."""

    ts_ns: int
    source: int
    seq: int
    count: int = 1
    session: int = 0


def fresh_state(wait_ns: int, replays: int = 0) -> npt.NDArray[np.int64]:
    """A feed's state with lines that wait."""
    state = np.zeros(state_words(0), np.int64)
    journal.prepare(state)
    state[A_WAIT_NS] = wait_ns
    state[A_REPLAYS] = replays
    return state


@kernel(int64(I64, I64_2D, int64, int64, I64_2D))
def _run(state, packets, first, room, out):  # type: ignore[no-untyped-def]
    """Put packets to the arbiter; write down (frame, result, expected before, expected behind)."""
    made = 0
    frame = int64(first)
    while True:
        due = int64(0)
        number = frame
        if state[A_HELD] > 0 and frame > first:
            due = due_channel(state, frame - room, packets[frame - 1, 0])
        if due != 0:
            number = due_frame(state, due)
        elif frame >= packets.shape[0]:
            return made
        state[A_DUE] = due
        state[A_FRAME] = number
        if due == 0:
            state[A_MUST_TAKE] = 0
        journal.begin(state, state[journal.DONE])
        if due != 0:
            take_out(state, due)
        at = find_channel(state, 7)
        before = state[at + EXPECTED]
        result = arbitrate(
            state, at, packets[number, 1], packets[number, 4], packets[number, 2],
            packets[number, 3], packets[number, 0], 1000,
        )  # fmt: skip
        if result & VERDICT != HELD_BACK or result != HELD_BACK:
            out[made, 0] = number
            out[made, 1] = result
            out[made, 2] = before
            out[made, 3] = state[at + EXPECTED]
            made += 1
        journal.seal(state, 0)
        journal.finish(state, state[journal.DONE])
        if due == 0:
            frame += 1


def run(
    state: npt.NDArray[np.int64], packets: list[Packet], *, room: int = 1 << 30
) -> list[tuple[int, int, int, int]]:
    """Put packets to the arbiter in the order of their arrival.

    Args:
        state: of :func:`fresh_state`.
        packets: by arrival.
        room: frames that the ring keeps.

    Returns:
        For each packet that was judged for good, or began a numbering: its place in the list, the result,
        the number expected before it and behind it.
    """
    table = np.array(
        [(p.ts_ns, p.source, p.seq, p.count, p.session) for p in packets], np.int64
    ).reshape(-1, 5)
    out = np.zeros((2 * len(packets) + 1, 4), np.int64)
    made = _run(state, table, 0, room, out)
    return [tuple(row) for row in out[:made].tolist()]


@dataclass
class Line:
    """What one line did."""

    next: int = -1
    first: int = 0
    late: int = 0
    missed: int = 0


@dataclass
class NaiveArbiter:
    """The rules in plain Python, for one numbering without restarts: what is taken, lost, late."""

    wait_ns: int
    expected: int | None = None
    held: list[tuple[int, int, int, int]] = field(default_factory=list)
    taken: list[tuple[int, int]] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)
    stale: int = 0
    lines: dict[int, Line] = field(default_factory=dict)

    def put(self, packet: Packet) -> None:
        line = self.lines.setdefault(packet.source, Line())
        if line.next >= 0 and packet.seq > line.next:
            line.missed += packet.seq - line.next
        line.next = max(line.next, packet.seq + packet.count)
        self._judge(packet, may_wait=True)
        while self.held:
            self.held.sort()
            seq, _, deadline_ns, number = self.held[0]
            assert self.expected is not None
            if seq > self.expected and deadline_ns > packet.ts_ns:
                return
            self.held.pop(0)
            self._judge(self._waiting.pop(number), may_wait=False)

    _waiting: dict[int, Packet] = field(default_factory=dict)

    def _judge(self, packet: Packet, *, may_wait: bool) -> None:
        if self.expected is None:
            self.expected = packet.seq
        end = packet.seq + packet.count
        if packet.seq > self.expected and may_wait:
            before = [held for held in self.held if held[0] <= packet.seq]
            if before and end <= max(before)[0] + max(before)[1]:
                self.stale += packet.count > 0
                self.lines[packet.source].late += packet.count > 0
                return
            number = len(self._waiting) + 1000 * self.stale + len(self.taken) * 100_000
            while number in self._waiting:
                number += 1
            self._waiting[number] = packet
            self.held.append((packet.seq, packet.count, packet.ts_ns + self.wait_ns, number))
            return
        if packet.seq > self.expected:
            self.lost.append((self.expected, packet.seq))
            self.expected = packet.seq
        if end <= self.expected:
            if packet.count:
                self.stale += 1
                self.lines[packet.source].late += 1
            return
        self.taken.append((self.expected, end))
        self.lines[packet.source].first += end - self.expected
        self.expected = end
