"""Other processes, forked from the test: they run one function and say what it returned.

A child is forked while the test has no feed yet (or attaches by itself), so it shares nothing
with the test but what a reader would get. Its result comes back as JSON over a pipe; so does
an exception, as text. It is killed when the test leaves the ``with`` block.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Child", "Gate", "maps_of", "open_descriptors"]


def open_descriptors() -> int:
    """Count the descriptors that this process has open, those of forgotten objects left out."""
    # Twice: what the first pass finalises may have kept something else alive.
    gc.collect()
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def maps_of(name: str) -> int:
    """Count the maps of this process whose line in /proc mentions a name."""
    return Path("/proc/self/maps").read_text(encoding="utf-8").count(name)


class Gate:
    """A door between two processes: :meth:`wait` returns once :meth:`open` was called.

    Closed by the end of whoever would have opened it, too; then waiting fails.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def open(self) -> None:
        """Let one waiter through."""
        os.write(self._write, b"!")

    def wait(self, timeout: float = 20.0) -> None:
        """Wait to be let through."""
        assert _is_readable(self._read, timeout), "the gate was not opened in time"
        assert os.read(self._read, 1) == b"!"

    def is_open(self) -> bool:
        """Tell whether waiting would return at once."""
        return _is_readable(self._read, 0)

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)


class Child:
    """Run ``work()`` in a forked process.

    Args:
        work: what to run; returns something that JSON can carry.
    """

    def __init__(self, work: Callable[[], Any]) -> None:
        self._read, write = os.pipe()
        with warnings.catch_warnings():
            # Newer Pythons warn of forking beside threads; this child takes none of their locks.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            _run_and_exit(work, write)
        os.close(write)
        self._is_reaped = False
        self._answer: dict[str, Any] | None = None

    def has_ended(self) -> bool:
        """Tell whether the result is there, or the child is gone."""
        return self._answer is not None or _is_readable(self._read, 0)

    def result(self, timeout: float = 30.0) -> Any:
        """Wait for what ``work`` returned; fails with its traceback when it raised."""
        if self._answer is None:
            # A line, not up to the end: a child forked meanwhile may have inherited the other end.
            text = b""
            while not text.endswith(b"\n"):
                assert _is_readable(self._read, timeout), "the child did not end"
                part = os.read(self._read, 1 << 16)
                assert part, "the child was killed"
                text += part
            self._answer = json.loads(text)
        assert "raised" not in self._answer, self._answer["raised"]
        return self._answer["returned"]

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal; for SIGKILL, wait until the process is gone."""
        if not self._is_reaped:
            os.kill(self.pid, number)
            if number == signal.SIGKILL:
                self._reap()

    def _reap(self) -> None:
        os.waitpid(self.pid, 0)
        self._is_reaped = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        os.close(self._read)


def _is_readable(fd: int, timeout: float) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(timeout * 1e3))


def _run_and_exit(work: Callable[[], Any], write: int) -> None:
    status = 0
    try:
        gc.disable()
        try:
            answer = {"returned": work()}
        except BaseException:  # noqa: BLE001 - it is told to the test
            answer = {"raised": traceback.format_exc()}
            status = 1
        text = json.dumps(answer).encode() + b"\n"
        while text:
            text = text[os.write(write, text) :]
    finally:
        os._exit(status)
