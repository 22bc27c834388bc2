"""Asking for cache lines before they are needed. Hints: they change nothing but the time taken.

A line that another core or nobody has touched lately takes 100 ns and more to come. Asked for ahead, it
comes while other work is done, or while there is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import JIT, always_inlined

__all__ = ["prefetch", "prefetch_to_write"]

_Array = npt.NDArray[np.uint8] | npt.NDArray[np.int64]

if JIT:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    _READ, _WRITE = 0, 1
    _IN_EVERY_CACHE = 3
    _DATA = 1

    def _hint(purpose: int) -> Any:
        def typed(_typing: Any, data: Any, at: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                array = context.make_array(signature.args[0])(context, builder, arguments[0])
                i32, byte = ir.IntType(32), ir.PointerType(ir.IntType(8))
                kind = ir.FunctionType(ir.VoidType(), [byte, i32, i32, i32])
                function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
                pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), byte)
                builder.call(function, [pointer, i32(purpose), i32(_IN_EVERY_CACHE), i32(_DATA)])
                return context.get_dummy_value()

            return types.void(data, at), generate

        return intrinsic(typed)

    _prefetch = _hint(_READ)
    _prefetch_to_write = _hint(_WRITE)

    @always_inlined
    def prefetch(data: _Array, at: int) -> None:
        """Ask for the cache line of ``data[at]``, to read it soon; an index outside does no harm."""
        _prefetch(data, at)

    @always_inlined
    def prefetch_to_write(data: _Array, at: int) -> None:
        """Ask for the cache line of ``data[at]`` for this core alone; an index outside does no harm."""
        _prefetch_to_write(data, at)

else:

    def prefetch(data: _Array, at: int) -> None:
        """Do nothing; the twin of a hint."""

    def prefetch_to_write(data: _Array, at: int) -> None:
        """Do nothing; the twin of a hint."""
