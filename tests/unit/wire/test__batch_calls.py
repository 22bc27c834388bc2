"""The batch calls turn errno into their result."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from zerofeed.base.kernel import int64, kernel
from zerofeed.wire import _batch_calls as calls
from zerofeed.wire.socket_abi import MSG_DONTWAIT


@kernel(int64(int64, int64))
def receive_nothing(descriptor, address):
    return calls.receive_batch(descriptor, address, 1, MSG_DONTWAIT)


@kernel(int64(int64, int64))
def send_nothing(descriptor, address):
    return calls.send_batch(descriptor, address, 1, MSG_DONTWAIT)


@pytest.mark.parametrize("call", [receive_nothing, send_nothing])
def test_error_is_minus_errno(call) -> None:
    headers = np.zeros(8, np.int64)
    assert call(-1, headers.ctypes.data) == -errno.EBADF
    with Path(os.devnull).open() as file:
        assert call(file.fileno(), headers.ctypes.data) == -errno.ENOTSOCK
