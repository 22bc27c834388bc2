"""The loop that benchmarks.arbitration times: a journal step a packet, judged or not."""

from __future__ import annotations

from zerofeed.base.kernel import I64, I64_2D, int64, kernel
from zerofeed.sequencing._arbiter_kernels import arbitrate
from zerofeed.sequencing._holding_kernels import due_channel, due_frame, take_out
from zerofeed.sequencing._tracker_kernels import find_channel
from zerofeed.sequencing.holding import A_DUE, A_FRAME, A_HELD, A_MUST_TAKE
from zerofeed.shm import journal

__all__ = ["judge"]


@kernel(int64(I64, I64_2D, int64))
def judge(state, packets, is_judging):  # type: ignore[no-untyped-def]
    """Take packets as the worker's loop does, but for decoding and publishing.

    Args:
        state: the feed's state array.
        packets: int64[n, 5]: arrival in ns, source, first number, count, session.
        is_judging: 0 leaves the judgement out, and is what the loop itself costs.

    Returns:
        A sum of what was found, so that nothing is optimised away.
    """
    found = int64(0)
    frame = int64(0)
    while True:
        due = int64(0)
        number = frame
        if state[A_HELD] > 0 and frame > 0:
            due = due_channel(state, frame - (1 << 20), packets[frame - 1, 0])
        if due != 0:
            number = due_frame(state, due)
        elif frame >= packets.shape[0]:
            return found
        state[A_DUE] = due
        state[A_FRAME] = number
        if due == 0:
            state[A_MUST_TAKE] = 0
        journal.begin(state, state[journal.DONE])
        if due != 0:
            take_out(state, due)
        if is_judging != 0:
            at = find_channel(state, 7)
            found += arbitrate(
                state, at, packets[number, 1], packets[number, 4], packets[number, 2],
                packets[number, 3], packets[number, 0], 100_000,
            )  # fmt: skip
        else:
            found += packets[number, 2]
        journal.seal(state, 0)
        journal.finish(state, state[journal.DONE])
        if due == 0:
            frame += 1
