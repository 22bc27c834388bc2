"""The supervisor: owns everything a feed has, and replaces its worker when that dies.

Ordinary, cold Python. It makes the shared memory and the sockets, listens for readers, forks
the worker, and waits. Because it holds every descriptor, a killed worker loses nothing that
the kernel had already received: packets wait in the socket, state waits in shared memory, and
the next worker, a fork of this process with everything already compiled, goes on from there in
milliseconds.

The worker is forked and not started afresh for a second reason: the shared memory is sealed
against new writable maps, so only a child that inherits this process's can write it.

When the supervisor itself is killed the kernel takes everything back: the worker dies with
it (PR_SET_PDEATHSIG), readers see their sockets close, and nothing has a name that could be
left behind.

Its parts: :mod:`~zerofeed.runtime.gate` knows the readers, :mod:`~zerofeed.runtime.worker_link`
talks to the worker, :mod:`~zerofeed.runtime.deaths` judges its deaths.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from zerofeed.base.errors import BugError
from zerofeed.feed.address import address_of
from zerofeed.feed.admission import Admission, Quota
from zerofeed.feed.memory import FeedMemory
from zerofeed.feed.publisher import listen
from zerofeed.runtime.book_progress import BookProgress
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.deaths import WINDOW_NS, Deaths
from zerofeed.runtime.gate import AuditLog, FeedGate, allow_list
from zerofeed.runtime.private import divide
from zerofeed.runtime.privileges import find_account, rehearse
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.receivers import open_receivers
from zerofeed.runtime.stage import Stage, sizes_of
from zerofeed.runtime.venue_instruments import define_for
from zerofeed.runtime.worker import Worker
from zerofeed.runtime.worker_link import Outcome, WorkerLink

__all__ = ["Supervisor"]

_TURN_S = 1.0
_NAMED_SOURCES = 4
"""Sources that the first line names."""


class Supervisor:
    """Run one feed.

    Args:
        config: of the feed.
        log: called with each line for people.

    Raises:
        ConfigurationError: something in the configuration is impossible here; nothing started.
        ResourceError: the machine refuses memory, port, interface or the worker's user; nothing
            started.
    """

    def __init__(self, config: FeedConfig, log: Callable[[str], None]) -> None:
        self.config = config
        self._log = log
        protocol = find_protocol(config.feed.protocol, config.sbe)
        allowed = allow_list(config)
        addresses = [address_of(config.feed.name)]
        if config.feed.socket is not None:
            addresses.append(config.feed.socket)
        self._socket_paths = [a for a in addresses if not a.startswith("\0")]
        user = config.worker.user
        self._account = None if user is None else find_account(user)
        if self._account is not None:
            rehearse(self._account)
        self.memory = FeedMemory(config.feed.name, sizes_of(config, protocol))
        with contextlib.ExitStack() as opened:
            blocks = divide(config, self.memory).blocks
            said: list[str] = []
            self.receivers = open_receivers(
                config, self.memory, blocks, said.append, protocol.read_file
            )
            for receiver in self.receivers:
                opened.callback(receiver.close)
            self.stage = Stage(config, self.memory, protocol, self.receivers)
            listeners = []
            for address in addresses:
                listener = opened.enter_context(listen(address))
                listeners.append(listener)
                if address in self._socket_paths:
                    opened.callback(Path(address).unlink, missing_ok=True)
            self._audit = AuditLog(config.log.audit, log)
            opened.pop_all()
        # Not before everything is open: who cannot start says why, and nothing else.
        for line in [
            *said,
            *define_for(config, self.stage.words, self.stage.lookup),
            *(self.memory.lock() if config.memory.lock else []),
            *self.memory.notes,
        ]:
            log(line)
        self._link = WorkerLink(self._pass_on)
        self._gate = FeedGate(config, self.stage, self._link)
        readers = config.readers
        quota = Quota(readers.limit, readers.user_share, readers.process_share)
        self._admission = Admission(listeners, self._gate, allowed, self._audit.write, quota)
        self._deaths = Deaths()
        self._stop_requested = False
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._wake_lock = threading.RLock()

    @property
    def worker_pid(self) -> int:
        """The worker's process, 0 when there is none."""
        return self._gate.worker_pid

    def count_books(self) -> BookProgress:
        """Count the books that the feed was asked for, and those that are proven."""
        return self._gate.books.look()

    def run(self, look: Callable[[], float] | None = None) -> None:
        """Run until SIGINT or SIGTERM, :meth:`stop`, or the end of a capture that stops the feed.

        Blocks; call from the main thread, once.

        Args:
            look: called now and then between two turns; it says in how many seconds to call it again.
        """
        previous = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
        }
        wake_before = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        try:
            self._start_worker()
            self._log(self._first_line())
            wait_s = 0.0 if look is not None else _TURN_S
            while not self._stop_requested:
                self._turn(min(wait_s, _TURN_S))
                wait_s = _TURN_S if look is None else look()
        finally:
            self._end()
            signal.set_wakeup_fd(wake_before)
            for number, handler in previous.items():
                signal.signal(number, handler)
            self.close()

    def stop(self) -> None:
        """Ask :meth:`run` to return. Safe from a signal handler or another thread, at any time."""
        self._stop_requested = True
        with self._wake_lock:
            if self._wake_write >= 0:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._wake_write, b"\0")

    def close(self) -> None:
        """End the worker, the readers' connections and the sockets. Idempotent."""
        self._end()
        with self._wake_lock:
            ends = self._wake_read, self._wake_write
            self._wake_read = self._wake_write = -1
            for end in ends:
                if end >= 0:
                    os.close(end)

    def _first_line(self) -> str:
        names = ", ".join(receiver.name for receiver in self.receivers[:_NAMED_SOURCES])
        others = len(self.receivers) - _NAMED_SOURCES
        more = f" and {others} more" if others > 0 else ""
        return (
            f"feed {self.config.feed.name}: {self.config.feed.protocol} from {names}{more} "
            f"({self.stage.how}); worker {self.worker_pid}"
        )

    def _on_signal(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._stop_requested = True

    def _turn(self, timeout: float) -> None:
        watched = [self._wake_read, *self._link.filenos(), *self._admission.filenos()]
        for fileno in _readable(watched, timeout):
            if fileno == self._wake_read:
                _drain(self._wake_read)
            elif fileno in self._link.filenos():
                self._link.listen()
            else:
                self._admission.serve(fileno)
        self._link.flush()
        self._reap()

    def _pass_on(self, outcome: Outcome) -> None:
        """Tell people what the worker said unasked."""
        if outcome.what == "degraded":
            who = self._gate.describe_slot(outcome.ring, outcome.slot)
            self._audit.write(f"degrade slot={outcome.slot} ring={outcome.ring} {who}")
            self._log(
                f"reader {who} in slot {outcome.slot} held the feed back longer than "
                f"{self.config.patience_ms} ms and is lossy now"
            )
            return
        self._log(outcome.detail)
        if outcome.what == "ended":
            self._stop_requested = True

    def _start_worker(self) -> None:
        self._gate.epoch += 1
        theirs = self._link.renew()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_worker(parent, theirs)
        theirs.close()
        self._gate.worker_pid = pid

    def _become_worker(self, parent: int, orders: socket.socket) -> NoReturn:
        """Go on as the worker, in the forked child."""
        try:
            signal.set_wakeup_fd(-1)
            self._link.close()
            # What the supervisor alone serves: a peer must see its connection end with the
            # supervisor, not with the last of its workers. The objects stay, and are never used.
            for fileno in (*self._admission.filenos(), self._wake_read, self._wake_write):
                os.close(fileno)
            self._audit.close()
            for receiver in self.receivers:
                receiver.leave_to_opener()
            worker = Worker(self.stage, self.config, orders, self._gate.epoch, self._account)
            worker.run_and_exit(parent, self._gate.members(), self._deaths.skip)
        except BaseException:  # noqa: BLE001 - the last place that can say why
            traceback.print_exc()
        finally:
            # The supervisor's own way out would close the feed, and it is not this process's.
            os._exit(os.EX_SOFTWARE)

    def _reap(self) -> None:
        pid, status = os.waitpid(self.worker_pid, os.WNOHANG) if self.worker_pid else (0, 0)
        if pid == 0:
            return
        self._gate.worker_pid = 0
        if self._stop_requested:
            return
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        is_worth_while = self._deaths.note(time.monotonic_ns(), number, self.stage.open_frame())
        self._log(f"worker {pid} ended ({_cause(status)}); starting epoch {self._gate.epoch + 1}")
        if not is_worth_while:
            raise BugError(
                f"the worker ended by itself {self._deaths.count} times within "
                f"{WINDOW_NS // 10**9} s",
                where=f"feed {self.config.feed.name}",
                got=_cause(status),
                next_step="report this with the lines above",
            )
        self._start_worker()

    def _end(self) -> None:
        if self.worker_pid:
            _end_process(self.worker_pid)
            self._gate.worker_pid = 0
        self._admission.close()
        self._link.close()
        for receiver in self.receivers:
            receiver.close()
        for path in self._socket_paths:
            Path(path).unlink(missing_ok=True)
        self._audit.close()


def _end_process(pid: int) -> None:
    """Ask a child to end, and kill it if it does not within two seconds."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 2.0
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(0.002)


def _readable(descriptors: list[int], timeout: float) -> list[int]:
    """Wait until some descriptors can be read; any number of them, unlike with select."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(timeout * 1e3)]


def _drain(fd: int) -> None:
    try:
        while os.read(fd, 512):
            pass
    except BlockingIOError:
        pass


def _cause(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.WEXITSTATUS(status)}"
