"""Arrays and functions that compiled code reaches by their addresses.

A loop that is the same for every protocol calls the protocol's own function once for each packet. To
compile the loop again for each protocol costs half a minute each; to pass the function a dozen arrays
costs more than many packets do, because an array is seven words and all of them go over the stack. So
a loop is compiled once and is given two numbers: the address of the function, and the address of a
table of arrays, from which the function takes those that it needs.

==================  ================================================================================
``Context``         the table, made in Python: keeps its arrays alive for as long as it lives itself
``address_of``      a kernel as a number that compiled code can call
``call_at``         the compiled call of such a number
``array_in``        makes the compiled look-up of one array of a context
==================  ================================================================================

This is the only place where a number becomes memory. What keeps it safe: a context is written by
:class:`Context` alone, from live arrays; compiled code names its slots by constants; and every array
has its length with it, so that indices are checked where all others are.

Without the compiler (``NUMBA_DISABLE_JIT=1``) a context is the list of its arrays and an address is the
function itself: the same sources run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import intrinsic

from zerofeed.base.errors import BugError
from zerofeed.base.kernel import JIT

__all__ = ["Context", "address_of", "array_in", "call_at"]

_SLOT_WORDS = 2
"""Words of a slot: address of the first item, number of items."""


class Context:
    """A table of arrays for compiled code.

    Args:
        arrays: one-dimensional and C-contiguous, by slot. None may be replaced behind the table's
            back: :meth:`put` it.
    """

    def __init__(self, arrays: Sequence[npt.NDArray[Any]]) -> None:
        self._arrays: list[npt.NDArray[Any]] = []
        self._table = np.zeros(_SLOT_WORDS * len(arrays), np.int64)
        for slot, array in enumerate(arrays):
            self._arrays.append(array)
            self.put(slot, array)

    def put(self, slot: int, array: npt.NDArray[Any]) -> None:
        """Put another array into a slot, when no compiled code is using it.

        Raises:
            BugError: compiled code would see other items than this array has.
        """
        if array.ndim != 1 or not array.flags.c_contiguous:
            raise BugError("an array in a context has one dimension and no gaps", got=array.shape)
        self._arrays[slot] = array
        self._table[_SLOT_WORDS * slot] = array.ctypes.data
        self._table[_SLOT_WORDS * slot + 1] = array.size

    @property
    def address(self) -> Any:
        """What compiled code is given."""
        return int(self._table.ctypes.data) if JIT else self._arrays


def address_of(kernel: Callable[..., int]) -> Any:
    """Name a kernel for the compiled code that calls it.

    Args:
        kernel: compiled for one signature of int64 alone. It must outlive whoever has its address;
            kernels of modules do.
    """
    if not JIT:
        return kernel
    (compiled,) = kernel.overloads.values()  # type: ignore[attr-defined]
    return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name))


if JIT:
    from llvmlite import ir
    from numba import types
    from numba.np import arrayobj

    def array_in(array_type: Any) -> Callable[[int, int], Any]:
        """Make the compiled function ``f(context, slot)`` that gives one array of a context.

        Args:
            array_type: Numba type of the array, as :func:`zerofeed.base.kernel.array_of` names it.
        """

        @intrinsic
        def look_up(_typing: Any, _context: Any, _slot: Any) -> Any:
            def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                word = ir.IntType(64)
                table = builder.inttoptr(arguments[0], word.as_pointer())
                at = builder.mul(arguments[1], word(_SLOT_WORDS))
                address = builder.load(builder.gep(table, [at]))
                size = builder.load(builder.gep(table, [builder.add(at, word(1))]))
                item = context.get_data_type(array_type.dtype)
                item_bytes = context.get_constant(types.intp, context.get_abi_sizeof(item))
                array = context.make_array(array_type)(context, builder)
                arrayobj.populate_array(
                    array,
                    data=builder.inttoptr(address, item.as_pointer()),
                    shape=[size],
                    strides=[item_bytes],
                    itemsize=item_bytes,
                    meminfo=None,
                )
                return array._getvalue()  # noqa: SLF001 - Numba's own way to make a value of it

            return array_type(types.int64, types.int64), generate

        look: Callable[[int, int], Any] = look_up
        return look

    @intrinsic
    def _call(
        _typing: Any, _to: Any, _a: Any, _b: Any, _c: Any, _d: Any, _e: Any, _f: Any, _g: Any,
        _h: Any,
    ) -> Any:  # fmt: skip
        word = ir.IntType(64)

        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            kind = ir.FunctionType(word, [word] * 8)
            return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])

        return types.int64(*[types.int64] * 9), generate

    call_at: Callable[..., int] = _call
    """Call what :func:`address_of` named, in compiled code: ``call_at(address, ...)``, eight int64.

    An exception of the callee, which only bounds checks raise, is printed and the result is 0: a call
    by address has nobody to raise it to.
    """

else:

    def array_in(array_type: Any) -> Callable[[int, int], Any]:
        """Make the function ``f(context, slot)`` that gives one array of a context."""

        def look_up(context: Any, slot: int) -> Any:
            return context[slot]

        return look_up

    def call_at(function: Any, *arguments: Any) -> int:
        """Call what :func:`address_of` named."""
        result: int = function(*arguments)
        return result
