"""A descriptor says where a packet is, when it came, and what is wrong with either."""

from __future__ import annotations

import numpy as np
import pytest

from zerofeed.base.kernel import int64, kernel
from zerofeed.feed.memory import FRAME
from zerofeed.wire import _arrival_kernels as arrival

__all__: list[str] = []

pytestmark = pytest.mark.compiled


@kernel(int64(arrival.FRAMES, *[int64] * 9))
def describe(frames, at, seq, offset, length, cut_bytes, arrival_ns, now_ns, source, flags):
    arrival.describe_frame(
        frames, at, seq, offset, length, cut_bytes, arrival_ns, now_ns, source, flags
    )
    return 0


@pytest.mark.parametrize("cut_bytes", [0, 7])
@pytest.mark.parametrize("arrival_ns", [1234, 0, -(2**63)])
@pytest.mark.parametrize("flags", [0, arrival.RECORDED_FLAG])
def test_every_field_is_what_was_said(cut_bytes: int, arrival_ns: int, flags: int) -> None:
    frames = np.zeros(4, FRAME)
    describe(frames, 2, 9002, 4096, 100, cut_bytes, arrival_ns, 99, 5, flags)
    expected = flags
    if cut_bytes:
        expected |= arrival.CUT_FLAG
    if arrival_ns <= 0:
        expected |= arrival.NO_STAMP_FLAG
    time_ns = arrival_ns if arrival_ns > 0 else 99
    assert frames[2].tolist() == (9002, time_ns, 4096, 100, 5, expected)
    assert not any(frames[other].tobytes().strip(b"\0") for other in (0, 1, 3))
