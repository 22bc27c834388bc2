"""Plain Python twins of compiled functions, run step by step: what a test may stop anywhere.

A compiled function cannot be interrupted between two stores, and it calls other compiled ones.
:func:`twin_of` takes the Python source of a module's functions and lets them call each other
and the plain atomics instead; :class:`Stores` counts the stores that they make.
"""

from __future__ import annotations

from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Killed", "Stores", "twin_of"]


class Killed(Exception):  # noqa: N818 - not an error: what a SIGKILL is to a process
    """The process was killed just before a store."""


class Stores:
    """An int64 array that dies before its n-th store.

    Args:
        words: what is written to.
        lives: stores that still succeed.
    """

    def __init__(self, words: npt.NDArray[np.int64], lives: int = 2**62) -> None:
        self.words = words
        self.made = 0
        self._lives = lives

    def __getitem__(self, index: int) -> int:
        return int(self.words[index])

    def __setitem__(self, index: int, value: int) -> None:
        if self.made == self._lives:
            raise Killed
        self.made += 1
        self.words[index] = value


def _load(words: Any, index: int) -> int:
    return int(words[index])


def _store(words: Any, index: int, value: int) -> None:
    words[index] = value


def _nothing() -> None:
    return


_ATOMICS = {
    "load_acquire": _load,
    "store_release": _store,
    "load_acquire32": _load,
    "store_release32": _store,
    "fence_acquire": _nothing,
    "fence_release": _nothing,
    "fence_full": _nothing,
    "pause": _nothing,
}


def twin_of(module: ModuleType) -> SimpleNamespace:
    """Give a module's functions as plain Python that calls plain Python."""
    space = {**vars(module), **_ATOMICS}
    for name, value in vars(module).items():
        function = getattr(value, "py_func", value)
        if name not in _ATOMICS and isinstance(function, FunctionType):
            space[name] = FunctionType(function.__code__, space, name, function.__defaults__)
    return SimpleNamespace(**space)
