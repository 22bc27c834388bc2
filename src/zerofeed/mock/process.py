"""The simulated venue as a child process, held by a handle.

The child loads, waits for ``go``, sends, and hands its report back. One whose parent has gone
stops by itself, since the pipe between them closes.
"""

from __future__ import annotations

import select
import signal
import subprocess
import sys
from types import TracebackType
from typing import Self

from zerofeed.base.errors import ResourceError
from zerofeed.mock.plan import READY, Plan, Report

__all__ = ["VenueProcess"]

_START_PATIENCE_S = 120.0
"""A child may have to compile its kernels first."""
_STOP_PATIENCE_S = 10.0


class VenueProcess:
    """A venue in a child process.

    Loaded and ready when the constructor returns; nothing is sent before ``go``. As a context
    manager it is gone when the block ends, however it ends.

    Args:
        plan: what to send.

    Raises:
        ResourceError: the child did not come up; the message has its last words.
    """

    def __init__(self, plan: Plan) -> None:
        self._child = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
            [sys.executable, "-m", "zerofeed.mock.serve", "--wait", *plan.to_arguments()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._line(_START_PATIENCE_S) != READY:
            raise self._failure("the simulated venue did not start")

    @property
    def pid(self) -> int:
        """Number of the child."""
        return self._child.pid

    def go(self) -> None:
        """Begin to send."""
        assert self._child.stdin is not None
        self._child.stdin.write("go\n")
        self._child.stdin.flush()

    def is_running(self) -> bool:
        """True until the plan is done."""
        return self._child.poll() is None

    def stop(self, *, patience_s: float = _STOP_PATIENCE_S) -> Report:
        """End it if it still runs, and take its report.

        Args:
            patience_s: how long it may take to stop.

        Raises:
            ResourceError: it failed, or did not answer.
        """
        if self.is_running():
            self._child.send_signal(signal.SIGTERM)
        return self.wait(patience_s)

    def wait(self, patience_s: float | None = None) -> Report:
        """Wait until the plan is done, and take the report.

        Raises:
            ResourceError: it failed, or took longer than ``patience_s``.
        """
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        try:
            # Not communicate(): it would close the child's input, which tells it to stop. The
            # report is far smaller than a pipe, so the child never waits for us to read.
            self._child.wait(patience_s)
        except subprocess.TimeoutExpired as error:
            raise self._failure("the simulated venue did not stop") from error
        out, errors = self._child.stdout.read(), self._child.stderr.read()
        if self._child.returncode != 0:
            raise ResourceError("the simulated venue failed", got=errors.strip()[-500:])
        return Report.from_json(out)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_running():
            self._child.kill()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()
        self._child.wait()

    def _line(self, patience_s: float) -> str:
        assert self._child.stdout is not None
        ready, _, _ = select.select([self._child.stdout], [], [], patience_s)
        return self._child.stdout.readline().strip() if ready else ""

    def _failure(self, what: str) -> ResourceError:
        self._child.kill()
        _, errors = self._child.communicate()
        return ResourceError(what, got=errors.strip()[-500:] or "no answer")
