"""``recvmmsg`` and ``sendmmsg`` from compiled code, with errno turned into the result.

The C functions are called by symbol (see ``base.libc``), so kernels that use them stay
cacheable. errno belongs to the thread and is read before anything else can run on it.
Without the compiler (``NUMBA_DISABLE_JIT=1``) ctypes does the same, slowly.
"""

from __future__ import annotations

import ctypes
from typing import Any

from zerofeed.base.kernel import JIT, inlined, int64

__all__ = ["receive_batch", "send_batch"]

if JIT:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    from zerofeed.base.libc import c_errno_location

    _recvmmsg = types.ExternalFunction(
        "recvmmsg", types.int32(types.int32, types.intp, types.uint32, types.int32, types.intp)
    )
    _sendmmsg = types.ExternalFunction(
        "sendmmsg", types.int32(types.int32, types.intp, types.uint32, types.int32)
    )

    def _typed_load_i32(_typing: Any, address: Any) -> Any:
        """Load the int32 at an address, as int64."""

        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], ir.PointerType(ir.IntType(32)))
            return builder.sext(builder.load(pointer), ir.IntType(64))

        return types.int64(address), generate

    _load_i32 = intrinsic(_typed_load_i32)

    @inlined
    def receive_batch(descriptor: int, headers: int, count: int, flags: int) -> int:
        """Call ``recvmmsg`` without a time-out.

        Args:
            descriptor: the socket.
            headers: address of ``count`` mmsghdr.
            count: messages at most.
            flags: MSG_* bits.

        Returns:
            Messages received, or minus errno.
        """
        got: int = int64(_recvmmsg(descriptor, headers, count, flags, 0))
        if got < 0:
            got = -_load_i32(c_errno_location())
        return got

    @inlined
    def send_batch(descriptor: int, headers: int, count: int, flags: int) -> int:
        """Call ``sendmmsg``.

        Args:
            descriptor: the socket.
            headers: address of ``count`` mmsghdr.
            count: messages to send.
            flags: MSG_* bits.

        Returns:
            Messages that the kernel took, counted from the first, or minus errno when it took
            none.
        """
        sent: int = int64(_sendmmsg(descriptor, headers, count, flags))
        if sent < 0:
            sent = -_load_i32(c_errno_location())
        return sent

else:
    _libc = ctypes.CDLL(None, use_errno=True)

    def receive_batch(descriptor: int, headers: int, count: int, flags: int) -> int:
        """Call ``recvmmsg``; messages received, or minus errno."""
        got: int = _libc.recvmmsg(
            int(descriptor), ctypes.c_void_p(int(headers)), int(count), int(flags), None
        )
        return -ctypes.get_errno() if got < 0 else got

    def send_batch(descriptor: int, headers: int, count: int, flags: int) -> int:
        """Call ``sendmmsg``; messages taken, or minus errno."""
        sent: int = _libc.sendmmsg(
            int(descriptor), ctypes.c_void_p(int(headers)), int(count), int(flags)
        )
        return -ctypes.get_errno() if sent < 0 else sent
