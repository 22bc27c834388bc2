"""Loads and stores that order memory between processes. Nowhere else does the project order memory.

Each is an LLVM atomic on one element of an int64 array (of a uint32 array for the two named
``32``, which rings shared with the operating system's kernel need), so it is lock-free, cannot be
torn, and cannot be moved by the compiler:

``load_acquire``    what the other side stored before its matching ``store_release`` is visible
                    to everything after this load
``store_release``   everything before it is visible to whoever load-acquires this value
``fence_acquire``   no later load or store moves before an earlier load
``fence_release``   no earlier load or store moves after a later store
``fence_full``      also keeps a store before a later load (the one reordering x86 does)
``pause``           tells the core that this is a spin loop

On x86-64 the first four cost nothing beyond forbidding the compiler to reorder; on arm64
they are ldar, stlr and dmb. Without the compiler (``NUMBA_DISABLE_JIT=1``) they are plain
element accesses: good for testing logic in one process, not for sharing.

With ``ZEROFEED_BOUNDS_CHECK=1`` the index is checked like any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import intrinsic

from zerofeed.base.kernel import BOUNDS_CHECK, JIT, always_inlined

__all__ = [
    "fence_acquire",
    "fence_full",
    "fence_release",
    "load_acquire",
    "load_acquire32",
    "pause",
    "store_release",
    "store_release32",
]

_Words = npt.NDArray[np.int64]
_Halves = npt.NDArray[np.uint32]

if JIT:
    import platform

    from llvmlite import ir
    from numba import types
    from numba.core import cgutils

    _IS_ARM = platform.machine() in {"aarch64", "arm64"}

    def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
        data = context.make_array(array_type)(context, builder, array).data
        return builder.gep(data, [index])

    @intrinsic
    def _load(_typing: Any, words: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = _pointer(context, builder, signature.args[0], *arguments)
            return builder.load_atomic(pointer, "acquire", 8)

        return types.int64(words, types.int64), generate

    @intrinsic
    def _store(_typing: Any, words: Any, index: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = _pointer(context, builder, signature.args[0], *arguments[:2])
            builder.store_atomic(arguments[2], pointer, "release", 8)
            return context.get_dummy_value()

        return types.void(words, types.int64, types.int64), generate

    def _fence(ordering: str) -> Any:
        def typed(_typing: Any) -> Any:
            def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
                builder.fence(ordering)
                return context.get_dummy_value()

            return types.void(), generate

        typed.__name__ = f"_fence_{ordering}"
        return intrinsic(typed)

    _fence_acquire = _fence("acquire")
    _fence_release = _fence("release")
    _fence_full = _fence("seq_cst")

    @intrinsic
    def _pause(_typing: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
            # By LLVM intrinsic: inline assembly needs a parser that llvmlite does not load.
            void, i32 = ir.VoidType(), ir.IntType(32)
            if _IS_ARM:
                kind, name, hint = ir.FunctionType(void, [i32]), "llvm.aarch64.hint", [i32(1)]
            else:
                kind, name, hint = ir.FunctionType(void, []), "llvm.x86.sse2.pause", []
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), hint)
            return context.get_dummy_value()

        return types.void(), generate

    @always_inlined
    def load_acquire(words: _Words, index: int) -> int:
        """Load ``words[index]``; later accesses stay later."""
        if BOUNDS_CHECK and not 0 <= index < words.size:
            raise IndexError("load_acquire outside its array")
        return _load(words, index)

    @always_inlined
    def store_release(words: _Words, index: int, value: int) -> None:
        """Store ``words[index]``; earlier accesses stay earlier."""
        if BOUNDS_CHECK and not 0 <= index < words.size:
            raise IndexError("store_release outside its array")
        _store(words, index, value)

    @always_inlined
    def fence_acquire() -> None:
        """Keep later accesses after earlier loads."""
        _fence_acquire()

    @always_inlined
    def fence_release() -> None:
        """Keep earlier accesses before later stores."""
        _fence_release()

    @always_inlined
    def fence_full() -> None:
        """Keep everything earlier before everything later, stores before loads too."""
        _fence_full()

    @always_inlined
    def pause() -> None:
        """Tell the core that this is a spin loop."""
        _pause()

    @intrinsic
    def _load32(_typing: Any, halves: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = _pointer(context, builder, signature.args[0], *arguments)
            return builder.zext(builder.load_atomic(pointer, "acquire", 4), ir.IntType(64))

        return types.int64(halves, types.int64), generate

    @intrinsic
    def _store32(_typing: Any, halves: Any, index: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = _pointer(context, builder, signature.args[0], *arguments[:2])
            half = builder.trunc(arguments[2], ir.IntType(32))
            builder.store_atomic(half, pointer, "release", 4)
            return context.get_dummy_value()

        return types.void(halves, types.int64, types.int64), generate

    @always_inlined
    def load_acquire32(halves: _Halves, index: int) -> int:
        """Load ``halves[index]``, 0 to 2**32 - 1; later accesses stay later."""
        if BOUNDS_CHECK and not 0 <= index < halves.size:
            raise IndexError("load_acquire32 outside its array")
        return _load32(halves, index)

    @always_inlined
    def store_release32(halves: _Halves, index: int, value: int) -> None:
        """Store the low 32 bits of a value into ``halves[index]``; earlier accesses stay earlier."""
        if BOUNDS_CHECK and not 0 <= index < halves.size:
            raise IndexError("store_release32 outside its array")
        _store32(halves, index, value)

else:

    def load_acquire(words: _Words, index: int) -> int:
        """Load ``words[index]``; single-process twin."""
        return int(words[index])

    def store_release(words: _Words, index: int, value: int) -> None:
        """Store ``words[index]``; single-process twin."""
        words[index] = value

    def fence_acquire() -> None:
        """Do nothing; single-process twin."""

    def fence_release() -> None:
        """Do nothing; single-process twin."""

    def fence_full() -> None:
        """Do nothing; single-process twin."""

    def pause() -> None:
        """Do nothing; single-process twin."""

    def load_acquire32(halves: _Halves, index: int) -> int:
        """Load ``halves[index]``; single-process twin."""
        return int(halves[index])

    def store_release32(halves: _Halves, index: int, value: int) -> None:
        """Store the low 32 bits of a value into ``halves[index]``; single-process twin."""
        halves[index] = value & 0xFFFFFFFF
