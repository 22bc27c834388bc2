"""Clocks, for the few places that may read one.

Kernels of the codecs, books and sequencing take time as an argument; only the receive loop
and the readers' latency measurements ask for it here.

All times are int64 nanoseconds. ``realtime_ns`` is what the network stack stamps packets
with, so only it can be compared with an arrival time; ``monotonic_ns`` is for durations.
"""

from __future__ import annotations

import time
from typing import Any

from numba.core import cgutils
from numba.extending import intrinsic

from zerofeed.base.kernel import JIT, inlined, int64
from zerofeed.base.libc import CLOCK_MONOTONIC, CLOCK_REALTIME

__all__ = ["monotonic_ns", "realtime_ns"]

if JIT:
    from llvmlite import ir

    @intrinsic
    def _clock_ns(_typing: Any, clock: Any) -> Any:
        """Call ``clock_gettime`` with a timespec on the stack; int64 nanoseconds."""

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            i32, i64 = ir.IntType(32), ir.IntType(64)
            timespec = cgutils.alloca_once(builder, ir.ArrayType(i64, 2))
            kind = ir.FunctionType(i32, [i32, ir.PointerType(i64)])
            function = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
            seconds = builder.bitcast(timespec, ir.PointerType(i64))
            builder.call(function, [builder.trunc(arguments[0], i32), seconds])
            nanoseconds = builder.gep(seconds, [ir.Constant(i64, 1)])
            whole = builder.mul(builder.load(seconds), ir.Constant(i64, 1_000_000_000))
            return builder.add(whole, builder.load(nanoseconds))

        return int64(int64), generate

    @inlined
    def realtime_ns() -> int:
        """Nanoseconds since the Unix epoch (``CLOCK_REALTIME``), from compiled code."""
        return _clock_ns(CLOCK_REALTIME)

    @inlined
    def monotonic_ns() -> int:
        """Nanoseconds of ``CLOCK_MONOTONIC``, from compiled code."""
        return _clock_ns(CLOCK_MONOTONIC)

else:

    def realtime_ns() -> int:
        """Nanoseconds since the Unix epoch (``CLOCK_REALTIME``)."""
        return time.time_ns()

    def monotonic_ns() -> int:
        """Nanoseconds of ``CLOCK_MONOTONIC``."""
        return time.monotonic_ns()
