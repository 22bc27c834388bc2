"""The clocks agree with the system's own account of them; a refusal is minus errno."""

import ctypes
import errno

import pytest

from zerofeed.base.kernel import int64, kernel
from zerofeed.wire.xdp._xdp_calls import kick, tai_shift_ns, wake


@kernel(int64())
def shift():  # type: ignore[no-untyped-def]
    return tai_shift_ns()


@kernel(int64(int64))
def kicked(descriptor):  # type: ignore[no-untyped-def]
    return kick(descriptor)


@kernel(int64(int64))
def woken(descriptor):  # type: ignore[no-untyped-def]
    wake(descriptor)
    return 0


class Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("before", ctypes.c_byte * 156),
        ("tai", ctypes.c_int),
        ("after", ctypes.c_int * 11),
    )


def test_tai_shift_is_the_offset_that_the_kernel_was_told() -> None:
    """adjtimex(2) reports it in whole seconds."""
    timex = Timex()
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)) < 0:
        pytest.skip("adjtimex is not allowed here")
    assert Timex.tai.offset == 160
    assert shift() == timex.tai * 1_000_000_000


def test_refusal_is_minus_errno_and_waking_never_fails() -> None:
    assert kicked(-1) == -errno.EBADF
    assert woken(-1) == 0
