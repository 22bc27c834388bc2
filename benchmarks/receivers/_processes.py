"""Receivers in a child: a forked Python function, or a C program. Both say on the board what they have."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import IO, Any

from benchmarks.board import LOST, READY, RECEIVED, STOP, Board
from benchmarks.compiler import build
from benchmarks.contest import beside, steady
from benchmarks.generator import Frame
from benchmarks.network import GROUP, HOST, PORT, Wire
from benchmarks.wire_contest import Running, WirePlan

__all__ = ["Forked", "Program", "begin", "program_options"]

_JOIN_SECONDS = 20.0
_LOOK_SECONDS = 0.01


class _OnBoard(Running):
    """What both have in common."""

    def __init__(self, board: Board) -> None:
        self._words = board.words

    def wait_ready(self, timeout_s: float) -> None:
        """Wait for the word on the board."""
        deadline = time.monotonic() + timeout_s
        while not self._words[READY]:
            if self.has_ended() or time.monotonic() > deadline:
                raise RuntimeError(f"the receiver is not ready: {self.complaint()}")
            time.sleep(_LOOK_SECONDS)

    def received(self) -> int:
        """Read the word on the board."""
        return int(self._words[RECEIVED])

    def has_ended(self) -> bool:
        """Tell whether the receiver is gone."""
        raise NotImplementedError

    def complaint(self) -> str:
        """Say why, as far as it is known."""
        return "see above"


class Forked(_OnBoard):
    """A function in forked processes.

    Args:
        board: for their figures.
        works: a function and its core each; the first is the receiver, others are its readers.
    """

    def __init__(self, board: Board, *works: tuple[Callable[[], None], int]) -> None:
        super().__init__(board)
        self._children = [beside(work, core) for work, core in works]

    def has_ended(self) -> bool:
        """Tell whether one of them is gone."""
        return any(child.exitcode is not None for child in self._children)

    def pids(self) -> list[int]:
        """Name them all."""
        return [child.pid for child in self._children if child.pid is not None]

    def stop(self) -> dict[str, int]:
        """Ask them to end, and make sure that they do."""
        self._words[STOP] = 1
        failed = False
        for child in self._children:
            child.join(_JOIN_SECONDS)
            if child.exitcode != 0:
                failed = True
                child.kill()
                child.join()
        if failed:
            raise RuntimeError("a receiver did not end well")
        return {"AF_XDP socket": int(self._words[LOST])}


class Program(_OnBoard):
    """A C program of c/.

    Args:
        board: for its figures.
        name: of its source.
        options: ``name=value`` texts.
        descriptors: that it inherits, besides the board's.
    """

    def __init__(
        self, board: Board, name: str, options: dict[str, object], descriptors: tuple[int, ...] = ()
    ) -> None:
        super().__init__(board)
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
        words = [f"{key}={value}" for key, value in options.items()]
        self._process = subprocess.Popen(
            [str(build(name)), *words], pass_fds=(board.fd, *descriptors), stderr=self._errors
        )

    def has_ended(self) -> bool:
        """Tell whether it is gone."""
        return self._process.poll() is not None

    def complaint(self) -> str:
        """Give what it wrote to standard error."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip()

    def pids(self) -> list[int]:
        """Name it."""
        return [self._process.pid]

    def stop(self) -> dict[str, int]:
        """Ask it to end, and make sure that it does."""
        self._words[STOP] = 1
        try:
            code = self._process.wait(_JOIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if code:
            raise RuntimeError(self.complaint() or f"exit status {code}")
        return {"AF_XDP socket": int(self._words[LOST])}


def program_options(plan: WirePlan, wire: Wire, frame: Frame, board: Board) -> dict[str, object]:
    """Write a plan as the options of c/wire.h."""
    return {
        "core": plan.receiver_core,
        "board": board.fd,
        "words": board.words.size,
        "number": frame.number_at,
        "stamp": frame.stamp_at,
        "latency": int(plan.is_latency),
        "busy": int(plan.is_busy),
        "batch": plan.batch,
        "chunks": plan.chunks,
        "ifindex": socket.if_nametoindex(wire.inside),
        "group": GROUP,
        "host": HOST,
        "port": PORT,
        "buffer": plan.buffer_bytes,
    }


def begin(words: Any, work: Callable[[], None]) -> None:
    """Say that the receiver is ready, and do its work without the garbage collector."""
    with steady():
        words[READY] = 1
        work()
