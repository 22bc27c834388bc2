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
"""

from __future__ import annotations

import os
import platform
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from zerofeed.base.errors import BugError, ConfigurationError, ResourceError
from zerofeed.feed.address import address_of
from zerofeed.feed.admission import Admission, AllowList, Peer, Quota
from zerofeed.feed.description import LAYOUT_VERSION, FeedDescription, layout_digest
from zerofeed.feed.members import Member, Members, initial_position
from zerofeed.feed.memory import FeedMemory
from zerofeed.feed.messages import Request
from zerofeed.feed.publisher import describe_member, listen, version
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.protocols import Stage, find_protocol
from zerofeed.runtime.worker import Order, Outcome, Worker
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.ring import CursorTable, Ring
from zerofeed.wire.udp import UdpReceiver, open_receiver

__all__ = ["Supervisor"]

_REPLY_SECONDS = 5.0
_CRASHES = 5
_CRASH_WINDOW_NS = 5_000_000_000


class Supervisor:
    """Run one feed.

    Args:
        config: of the feed.
        log: called with each line for people.

    Raises:
        ConfigurationError: something in the configuration is impossible here; nothing started.
        ResourceError: the machine refuses memory, port or interface; nothing started.
    """

    def __init__(self, config: FeedConfig, log: Callable[[str], None]) -> None:
        self.config = config
        self._log = log
        self._started_ns = time.time_ns()
        protocol = find_protocol(config.feed.protocol)
        allowed = _allow_list(config)
        addresses = [address_of(config.feed.name)]
        if config.feed.socket is not None:
            addresses.append(config.feed.socket)
        self._socket_paths = [a for a in addresses if not a.startswith("\0")]
        self.memory = FeedMemory(config.feed.name, protocol.sizes(config))
        self.stage: Stage = protocol.build(config, self.memory)
        if config.memory.lock:
            for line in self.memory.lock():
                log(line)
        for line in self.memory.notes:
            log(line)
        self.receivers: list[UdpReceiver] = []
        listeners: list[socket.socket] = []
        try:
            self._open_sources()
            for address in addresses:
                listener = listen(address)
                listeners.append(listener)
            self._audit_file = _open_audit(config.log.audit)
        except BaseException:
            for receiver in self.receivers:
                receiver.close()
            for listener in listeners:
                listener.close()
            for address in addresses[: len(listeners)]:
                if address in self._socket_paths:
                    Path(address).unlink(missing_ok=True)
            raise
        self._members = {
            "records": Members(config.readers.limit),
            "frames": Members(config.readers.limit),
        }
        readers = config.readers
        quota = Quota(readers.limit, readers.user_share, readers.process_share)
        self._admission = Admission(listeners, self, allowed, self._audit, quota)
        self._stop_requested = False
        self._orders: socket.socket | None = None
        self._epoch = 0
        self._deaths: list[int] = []
        self.worker_pid = 0
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def _open_sources(self) -> None:
        for source in self.config.source:
            receiver = open_receiver(
                source.group,
                source.port,
                interface=source.interface,
                source=source.source_address,
                buffer_bytes=source.buffer_bytes,
            )
            self.receivers.append(receiver)
        if short := [r for r in self.receivers if r.is_buffer_short]:
            asked, got = short[0].asked_buffer_bytes, short[0].buffer_bytes // 2
            self._log(
                f"receive buffer is {got >> 10} KiB, not {asked >> 10}: bursts may be dropped; "
                f"allow more with `sysctl -w net.core.rmem_max={asked}`"
            )

    # Running

    def run(self) -> None:
        """Run until SIGINT or SIGTERM, or :meth:`stop`. Blocks; call from the main thread."""
        previous = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
        }
        wake_before = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        try:
            self._start_worker()
            sources = ", ".join(f"{s.group}:{s.port}" for s in self.config.source[:4])
            more = f" and {len(self.config.source) - 4} more" if len(self.config.source) > 4 else ""
            self._log(
                f"feed {self.config.feed.name}: {self.config.feed.protocol} from {sources}{more} "
                f"({self.stage.receiver}); worker {self.worker_pid}"
            )
            while not self._stop_requested:
                self._turn(1.0)
        finally:
            self.close()
            signal.set_wakeup_fd(wake_before)
            for number, handler in previous.items():
                signal.signal(number, handler)
            os.close(self._wake_read)
            os.close(self._wake_write)

    def stop(self) -> None:
        """Ask :meth:`run` to return. Safe from a signal handler or another thread."""
        self._stop_requested = True
        os.write(self._wake_write, b"\0")

    def _on_signal(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._stop_requested = True

    def _turn(self, timeout: float) -> None:
        watched = [self._wake_read, *self._admission.filenos()]
        if self._orders is not None:
            watched.append(self._orders.fileno())
        for fileno in _readable(watched, timeout):
            if fileno == self._wake_read:
                _drain(self._wake_read)
            elif self._orders is not None and fileno == self._orders.fileno():
                self._hear_worker()
            else:
                self._admission.serve(fileno)
        self._reap()

    def _hear_worker(self) -> None:
        """Take what the worker says unasked; its end is noticed by :meth:`_reap`."""
        outcome = self._receive(0.0)
        if outcome is not None:
            self._pass_on(outcome)

    def _pass_on(self, outcome: Outcome) -> None:
        """Tell people what the worker said."""
        if outcome.what == "degraded":
            member = self._members[outcome.ring].by_slot.get(outcome.slot)
            who = f"pid={member.pid} uid={member.uid}" if member else "gone"
            self._audit(f"degrade slot={outcome.slot} ring={outcome.ring} {who}")
            self._log(
                f"reader {who} in slot {outcome.slot} held the feed back longer than "
                f"{self.config.readers.patience_ms} ms and is lossy now"
            )
        elif outcome.what == "note":
            self._log(outcome.detail)

    def _start_worker(self) -> None:
        self._epoch += 1
        if self._orders is not None:
            self._orders.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            ours.close()
            members = [m for group in self._members.values() for m in group.by_slot.values()]
            Worker(
                self.memory, self.stage, self.receivers, self.config, theirs, self._epoch
            ).run_and_exit(parent, members)
        theirs.close()
        self._orders = ours
        self.worker_pid = pid

    def _reap(self) -> None:
        pid, status = os.waitpid(self.worker_pid, os.WNOHANG) if self.worker_pid else (0, 0)
        if pid == 0:
            return
        self.worker_pid = 0
        if self._stop_requested:
            return
        now = time.monotonic_ns()
        self._deaths = [at for at in self._deaths if now - at < _CRASH_WINDOW_NS] + [now]
        self._log(f"worker {pid} ended ({_cause(status)}); starting epoch {self._epoch + 1}")
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if len(self._deaths) > _CRASHES and not was_killed:
            raise BugError(
                f"the worker ended by itself {len(self._deaths)} times within "
                f"{_CRASH_WINDOW_NS // 10**9} s",
                where=f"feed {self.config.feed.name}",
                got=_cause(status),
                next_step="report this with the lines above",
            )
        self._start_worker()

    def close(self) -> None:
        """End the worker, the readers' connections and the sockets. Idempotent."""
        if self.worker_pid:
            os.kill(self.worker_pid, signal.SIGTERM)
            deadline = time.monotonic() + 2.0
            while os.waitpid(self.worker_pid, os.WNOHANG)[0] == 0:
                if time.monotonic() > deadline:
                    os.kill(self.worker_pid, signal.SIGKILL)
                    os.waitpid(self.worker_pid, 0)
                    break
                time.sleep(0.002)
            self.worker_pid = 0
        self._admission.close()
        for receiver in self.receivers:
            receiver.close()
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        for path in self._socket_paths:
            Path(path).unlink(missing_ok=True)
        if self._audit_file is not None:
            self._audit_file.close()
            self._audit_file = None

    # Talking to the worker

    def _receive(self, timeout: float) -> Outcome | None:
        """Take one message of the worker's; None when there is none, or the worker is gone."""
        if self._orders is None:
            return None
        if not _readable([self._orders.fileno()], timeout):
            return None
        try:
            data = self._orders.recv(65536)
        except OSError:
            data = b""
        if not data:
            # The worker is gone; SIGCHLD brings it to _reap. Stop watching the dead socket.
            self._orders.close()
            self._orders = None
            return None
        return msgspec.json.decode(data, type=Outcome)

    def _order(self, order: Order, fds: list[int]) -> Outcome:
        """Send an order and wait for its outcome; a worker that died has done everything on restart."""
        if self._orders is not None:
            try:
                socket.send_fds(self._orders, [msgspec.json.encode(order)], fds)
            except (BrokenPipeError, ConnectionResetError):
                # The worker is gone: its successor lets every member in when it starts.
                return Outcome("done")
            except OSError as error:
                raise ResourceError(
                    f"the worker cannot be told ({error.strerror})", next_step="try again"
                ) from error
        deadline = time.monotonic() + _REPLY_SECONDS
        while self._orders is not None and time.monotonic() < deadline:
            outcome = self._receive(0.2)
            if outcome is None:
                continue
            if outcome.what in ("done", "late") and outcome.slot == order.slot:
                return outcome
            self._pass_on(outcome)
        if self._orders is not None:
            raise ResourceError(
                f"the worker did not answer within {_REPLY_SECONDS:.0f} s",
                where=f"feed {self.config.feed.name}",
                next_step="try again; if it lasts, a lossless reader holds the feed up",
            )
        return Outcome("done")

    # The gate that admission asks

    def describe(self) -> tuple[FeedDescription, list[int]]:
        """Describe the feed to an attaching process."""
        description = FeedDescription(
            name=self.config.feed.name,
            protocol=self.config.feed.protocol,
            layout=LAYOUT_VERSION,
            formats=layout_digest(),
            machine=platform.machine(),
            zerofeed=version(),
            supervisor_pid=os.getpid(),
            started_ns=self._started_ns,
            book_depth=self.stage.book_depth,
            templates=self.stage.templates,
            receiver=self.stage.receiver,
            clock="CLOCK_REALTIME when the network stack received the packet (SO_TIMESTAMPNS)",
            objects=self.memory.objects(),
        )
        return description, self.memory.descriptors()

    def _ring(self, name: str) -> tuple[Ring, CursorTable]:
        if name == "frames":
            return self.memory.frame_ring, self.memory.frame_cursors
        return self.memory.record_ring, self.memory.record_cursors

    def admit(self, request: Request, peer: Peer) -> Member:
        """Give an attached process a slot, together with the worker."""
        members = self._members[request.ring]
        ring, table = self._ring(request.ring)
        slot = members.free_slot()
        start = initial_position(ring, request.start)
        member = Member(
            slot, request.ring, request.mode, peer.pid, peer.uid, request.program, start
        )
        for attempt in range(4):
            if attempt:
                start = initial_position(ring, "now" if attempt == 3 else request.start)
                member.start = start
            member.page.words[k.POSITION] = start
            table.install(slot, member.page.fd)
            members.by_slot[slot] = member
            order = Order("enlist", request.ring, slot, request.mode)
            if self._order(order, member.fds).what == "done":
                return member
        members.by_slot.pop(slot, None)
        member.close()
        raise ResourceError(
            "the feed moves too fast for a lossless reader to join at that place",
            where=f"start {request.start}",
            next_step='use start="now", or enlarge memory.records',
        )

    def dismiss(self, member: Member) -> None:
        """Take a slot back."""
        self._members[member.ring].by_slot.pop(member.slot, None)
        self._order(Order("dismiss", member.ring, member.slot, member.mode), [])

    def status(self) -> dict[str, Any]:
        """Describe worker and readers."""
        ring = self.memory.record_ring
        return {
            "name": self.config.feed.name,
            "protocol": self.config.feed.protocol,
            "published": ring.published,
            "epoch": self._epoch,
            "supervisor_pid": os.getpid(),
            "worker_pid": self.worker_pid,
            "started_ns": self._started_ns,
            "readers": [
                describe_member(self._ring(name)[0], member)
                for name, group in self._members.items()
                for member in group.by_slot.values()
            ],
        }

    def _audit(self, line: str) -> None:
        stamped = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} audit {line}"
        if self._audit_file is not None:
            try:
                self._audit_file.write(stamped + "\n")
                self._audit_file.flush()
            except OSError as error:
                # A full disk must not end the feed; the line goes where the other lines go.
                self._log(f"audit log: {error.strerror}; the line was: {line}")
        else:
            self._log(f"audit {line}")


def _open_audit(path: str | None) -> Any:
    if path is None:
        return None
    try:
        return Path(path).open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"the audit log cannot be opened ({error.strerror})",
            where=path,
            next_step="choose a writable path for log.audit",
        ) from error


def _allow_list(config: FeedConfig) -> AllowList:
    try:
        return AllowList.from_names(config.readers.allow_users, config.readers.allow_groups)
    except KeyError as error:
        raise ConfigurationError(
            f"no such user or group: {error}",
            where="readers.allow_users or readers.allow_groups",
            next_step="give a name from /etc/passwd or /etc/group, or a number",
        ) from error


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
