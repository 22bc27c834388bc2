"""The receive kernels as plain Python over arrays that may end their process at any store."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from tests.unit.shm import plain
from zerofeed.shm import _ring_kernels
from zerofeed.wire import _frame_kernels
from zerofeed.wire.xdp import _xdp_kernels

__all__ = ["Dying", "twin"]

Told = Callable[[str, Any, Any], None]


def _nothing(_name: str, _index: Any, _value: Any) -> None:
    return


class Dying:
    """An array that tells of each store before and after it happens.

    Args:
        array: what is written to.
        name: of the array.
        before: called with name, index and value; may raise, and the store does not happen.
        after: called when it has happened.
    """

    def __init__(
        self, array: np.ndarray, name: str, before: Told = _nothing, after: Told = _nothing
    ) -> None:
        self.array = array
        self.name = name
        self.before = before
        self.after = after

    @property
    def shape(self):
        return self.array.shape

    @property
    def size(self):
        return self.array.size

    def __getitem__(self, index):
        part = self.array[index]
        if isinstance(part, np.ndarray):
            return Dying(part, self.name, self.before, self.after)
        return part.item()

    def __setitem__(self, index, value) -> None:
        self.before(self.name, index, value)
        self.array[index] = value
        self.after(self.name, index, value)


def twin() -> SimpleNamespace:
    """Give the receive kernels as plain Python that calls plain Python."""
    fixed = {**plain._ATOMICS, "int64": int, "wake": lambda _: None, "prefetch": lambda *_: None}
    space = {**vars(_frame_kernels), **vars(_ring_kernels), **vars(_xdp_kernels), **fixed}
    for name, value in list(space.items()):
        function = getattr(value, "py_func", value)
        if name not in fixed and isinstance(function, FunctionType):
            space[name] = FunctionType(function.__code__, space, name, function.__defaults__)
    return SimpleNamespace(**space)
