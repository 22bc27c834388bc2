"""Handlers: a user's own function, compiled into the reader's poll loop.

::

    @zf.handler
    def volume(record, state):
        if record.kind == zf.TRADE:
            state[0] += record.size

    feed.reader().run(volume, np.zeros(1, np.int64))

The function is ordinary Python that Numba can compile: numbers, arrays, ``if`` and loops. It
gets one record, with the fields of :data:`zerofeed.records.dtypes.RECORD`, and the state
that was passed to ``run`` (an array, or a tuple of arrays). It is inlined, so a record costs
nanoseconds, and no interpreter is involved until ``run`` returns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

from zerofeed.base.kernel import JIT, handler_of
from zerofeed.feed._reader_kernels import build_loop

__all__ = ["Handler", "handler"]


class Handler:
    """A compiled handler; make one with :func:`handler`.

    Attributes:
        function: the Python function.
    """

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self._is_counting = False
        self._compile()

    def _compile(self) -> None:
        """Choose how to compile; Numba does it at the first call, for the types of that call."""
        compiled: Any = _with_fields(self.function)
        if JIT:
            compiled = handler_of(self.function, is_counting=self._is_counting)

        def first(records: Any, state: Any) -> Any:
            return compiled(records[0], state)

        self._first = handler_of(first, is_counting=self._is_counting)
        self._loop = handler_of(build_loop(compiled), is_counting=self._is_counting)

    def loop(self, *arguments: Any) -> int:
        """Run the reader's poll loop with this handler inside; see :func:`build_loop`."""
        handled: int = self._run("_loop", *arguments)
        return handled

    def __call__(self, record: Any, state: Any) -> Any:
        """Call it from Python with one record, as a test would."""
        # By way of an array: Numba takes no single record whose fields overlap.
        return self._run("_first", np.asarray(record).reshape(1), state)

    def _run(self, name: str, *arguments: Any) -> Any:
        """Call what was compiled; compile it again, with counting, when that is what it needs.

        Numba counts references to arrays with each call of a function. That costs more than
        most handlers do, so it is left out at first; a handler that allocates does not compile
        then.
        """
        try:
            return getattr(self, name)(*arguments)
        except NumbaError:
            if self._is_counting:
                raise
        self._is_counting = True
        self._compile()
        return getattr(self, name)(*arguments)


class _Fields:
    """A record as compiled code sees it: its fields are attributes, and items too."""

    __slots__ = ("_record",)

    def __init__(self, record: Any) -> None:
        self._record = record

    def __getattr__(self, name: str) -> Any:
        return self._record[name]

    def __getitem__(self, name: str) -> Any:
        return self._record[name]


def _with_fields(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Give the plain Python twin of a handler records with attributes."""

    def call(record: Any, state: Any) -> Any:
        return function(_Fields(record), state)

    return call


def handler(function: Callable[[Any, Any], Any]) -> Handler:
    """Make a function a handler. It is compiled at its first use by ``run``.

    Args:
        function: ``function(record, state)``.
    """
    return Handler(function)
