"""The worker: the one process that writes a feed. Forked by the supervisor, replaceable.

Its life is the compiled loop of :mod:`zerofeed.runtime._burst_kernels`; Python only runs
between turns, to let readers in and out when the supervisor says so, and to deal with a
lossless reader that is in the way: wait for it, up to the feed's patience, then make it lossy
and say so in the log and in the feed.

Before its first turn it gives up its rights (:mod:`zerofeed.runtime.privileges`): everything that
needs one is open by then.

It never decides when to die: SIGTERM ends it, and the kernel kills it when the supervisor is
gone.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import time
import traceback
from collections import deque
from typing import NoReturn

import msgspec
import numpy as np

from zerofeed.base.status import OK, WOULD_BLOCK
from zerofeed.feed.members import (
    LOST_PATIENCE,
    Debts,
    Member,
    degrade,
    dismiss,
    enlist,
    in_the_way,
)
from zerofeed.feed.publisher import stamp_and_publish
from zerofeed.records.kinds import ACTION_NONE, DISCONNECT, EPOCH, NO_SIDE
from zerofeed.records.units import UNDEF
from zerofeed.runtime import _burst_kernels as burst
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.gap_care import GapCare
from zerofeed.runtime.privileges import Account, drop
from zerofeed.runtime.stage import Stage
from zerofeed.runtime.venue_care import VenueCare, make_care
from zerofeed.runtime.worker_link import Order, Outcome
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.ring import CursorTable, Ring
from zerofeed.wire.udp import UdpReceiver

__all__ = ["Worker"]


_TURN_NS = 1_000_000
_SLEEP_MS = 200
_LOOK_NS = 200_000_000
_MOST_LINES = 64
"""Lines from other threads that wait to be told."""
"""How often the worker looks at what is counted and told outside of its turns."""
_READERS_DEGRADED = "readers_degraded"


class Worker:
    """Made in the forked child.

    Args:
        stage: compiled loop, its arrays, its receivers.
        config: of the feed.
        orders: SEQPACKET socket to the supervisor.
        epoch: number of this worker.
        account: user to become, without any right; None: the supervisor's user, without its
            capabilities if it is not root.
    """

    def __init__(
        self,
        stage: Stage,
        config: FeedConfig,
        orders: socket.socket,
        epoch: int,
        account: Account | None = None,
    ) -> None:
        self._memory = stage.memory
        self._stage = stage
        self._config = config
        # Python's recv_fds ignores its flags argument, so the socket itself must not block.
        orders.settimeout(0.0)
        self._orders = orders
        self._epoch = epoch
        self._account = account
        self._has_sources = False
        self._one = np.ones(1, dtype=np.int64)
        self._debts = Debts()
        self._patience_ms = config.patience_ms
        self._care: VenueCare | None = None
        self._replays = [
            (receiver.socket, source.whom)
            for receiver, source in zip(stage.receivers, config.source, strict=False)
            if source.role == "replay" and isinstance(receiver, UdpReceiver)
        ]
        ask = stage.protocol.ask if self._replays else None
        self._gap_care = GapCare(stage.memory, ask, self._request, self._note)
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)
        self._has_told_overflow = False
        self._stoppers = [n for n, source in enumerate(config.source) if source.at_end == "stop"]
        self._orders_waiting = select.poll()
        self._orders_waiting.register(orders, select.POLLIN)
        memory = stage.memory
        self._rings: dict[str, tuple[Ring, CursorTable]] = {
            "records": (memory.record_ring, memory.record_cursors),
            "frames": (memory.frame_ring, memory.frame_cursors),
        }

    def run_and_exit(
        self, supervisor_pid: int, members: list[Member], skip: int | None
    ) -> NoReturn:
        """Work until killed. Never returns into the supervisor's code.

        Args:
            supervisor_pid: dies with it.
            members: readers that are attached already.
            skip: frame that ended the workers before this one, if any.
        """
        status = 0
        try:
            self._detach()
            self._settle()
            # Rights go last: a priority needs one. Nothing has come from the network yet.
            drop(self._account, supervisor_pid)
            self._take_over(members, skip)
            self._work()
        except BaseException:  # noqa: BLE001 - the last place that can say why
            traceback.print_exc()
            status = 70
        finally:
            os._exit(status)

    def _detach(self) -> None:
        """Forget what is the supervisor's: its signals, and garbage that is its to collect."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        gc.disable()

    def _settle(self) -> None:
        """Take the core, the priority and the pages that the configuration asks for.

        What the machine refuses is said, and the worker runs without it.
        """
        wanted = self._config.worker
        if wanted.core is not None:
            try:
                os.sched_setaffinity(0, {wanted.core})
            except OSError as error:
                self._note(
                    f"worker.core = {wanted.core} is not possible here "
                    f"({error.strerror}); the worker runs unpinned"
                )
        if wanted.realtime is not None:
            try:
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(wanted.realtime))
            except OSError as error:
                self._note(
                    f"worker.realtime = {wanted.realtime} is not allowed ({error.strerror}); the "
                    "worker has an ordinary priority; give the feed CAP_SYS_NICE or LimitRTPRIO="
                )
        if self._config.memory.lock:
            self._stage.touch()

    def _take_over(self, members: list[Member], skip: int | None) -> None:
        degraded_before = {
            (name, slot)
            for name, (ring, _) in self._rings.items()
            for slot in range(k.MAX_READERS)
            if ring.control[k.MODES + slot] == k.DEGRADED
        }
        for ring, _ in self._rings.values():
            ring.control[k.MODES : k.MODES + k.MAX_READERS] = k.FREE
            ring.control[k.EPOCH] = self._epoch
        fell_behind: list[tuple[str, int]] = []
        for member in members:
            ring, table = self._rings[member.ring]
            place = (member.ring, member.slot)
            if place in degraded_before:
                enlist(ring, table, member.slot, "lossy", member.fds)
                degrade(ring, member.slot)
            elif not enlist(ring, table, member.slot, member.mode, member.fds):
                # It fell behind while there was no worker: it cannot be held for any more.
                enlist(ring, table, member.slot, "lossy", member.fds)
                fell_behind.append(place)
        in_doubt = self._stage.recover()
        if skip is not None and self._stage.skip(skip):
            self._note(
                f"{self._stage.describe_frame(skip)}, has ended two workers: it is skipped and "
                "counted as malformed"
            )
        self._stage.watch(self._orders.fileno())
        self._stage.wake()
        self._announce(EPOCH, self._epoch, self._stage.frames_taken)
        for name, slot in fell_behind:
            self._degrade(name, slot)
        if in_doubt:
            self._note(f"{in_doubt} book(s) in doubt: the worker died changing them")
        if self._stage.has_started:
            self._stage.start_sources()
            self._has_sources = True
        else:
            self._start_when_awaited()

    def _start_when_awaited(self) -> None:
        """Start the sources once as many readers are attached as the feed waits for."""
        if self._has_sources:
            return
        attached = sum(
            int((ring.control[k.MODES : k.MODES + k.MAX_READERS] != k.FREE).sum())
            for ring, _ in self._rings.values()
        )
        wanted = self._config.readers.wait_for
        if attached < wanted:
            return
        self._stage.start_sources()
        self._has_sources = True
        if wanted:
            who = "1 reader is" if attached == 1 else f"{attached} readers are"
            self._note(f"{who} attached: the sources start")

    def _work(self) -> None:
        self._care = make_care(self._config, self._stage, self._lines.append)
        spins = self._config.worker.idle == "spin"
        timeout_ms = 0 if spins else _SLEEP_MS
        report = self._stage.report
        error_told = 0
        look_at = 0
        while True:
            code = self._stage.turn(timeout_ms, _TURN_NS)
            self._gap_care.look()
            if report[burst.HAS_ORDERS]:
                self._obey()
            if report[burst.ERROR] and report[burst.ERROR] != error_told:
                error_told = int(report[burst.ERROR])
                self._note(f"receiving failed: {os.strerror(error_told)}")
            now = time.monotonic_ns()
            if now > look_at:
                look_at = now + _LOOK_NS
                self._look()
            if code == OK and report[burst.SERVE] and self._stage.serve() == WOULD_BLOCK:
                self._wait_for_readers("frames")
            if code != WOULD_BLOCK:
                continue
            ring = "records" if report[burst.BLOCKED_ON] == burst.RECORDS else "frames"
            self._wait_for_readers(ring)

    def _look(self) -> None:
        """Count and tell what no packet brings with it."""
        stage = self._stage
        stage.note_drops()
        stage.note_doubts()
        if stage.note_overflows() and not self._has_told_overflow:
            self._has_told_overflow = True
            metrics = self._memory.metrics
            self._note(
                f"a packet changed more than can be undone ({metrics['changes_unkept']} changes, "
                f"{metrics['books_unkept']} books so far): a worker killed in such a packet "
                "leaves them wrong or in doubt"
            )
        self._gap_care.tell_losses()
        for line in stage.news():
            self._note(line)
        if self._care is not None:
            self._care.look()
            while self._lines:
                self._note(self._lines.popleft())
        if self._stoppers and stage.has_ended(self._stoppers):
            self._say(Outcome("ended", detail="every capture that stops the feed has ended"))
            self._stoppers = []

    def _wait_for_readers(self, name: str) -> None:
        """Let a moment pass, and charge it to the readers that are in the way."""
        ring, table = self._rings[name]
        began = time.monotonic_ns()
        if self._orders_waiting.poll(0.2):
            self._obey()
        else:
            time.sleep(0.0001)
        now = time.monotonic_ns()
        if self._patience_ms is None:
            return
        for slot in in_the_way(ring, table):
            owed = self._debts.charge((name, slot), now - began, now)
            if owed >= self._patience_ms * 1_000_000:
                self._degrade(name, slot)

    def _degrade(self, name: str, slot: int) -> None:
        """Make a lossless reader lossy; say so in the counters, the log and the feed."""
        degrade(self._rings[name][0], slot)
        self._debts.forget((name, slot))
        self._memory.metrics.add(_READERS_DEGRADED, 1)
        self._say(Outcome("degraded", name, slot))
        if name == "records":
            self._announce(DISCONNECT, LOST_PATIENCE, slot)

    def _obey(self) -> None:
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self._orders, 65536, 4)
            except BlockingIOError:
                return
            except ConnectionResetError:
                # The supervisor died with words of this worker's unread.
                data = b""
            if not data:
                os._exit(0)
            order = msgspec.json.decode(data, type=Order)
            ring, table = self._rings[order.ring]
            if order.what == "enlist":
                accepted = enlist(ring, table, order.slot, order.mode, fds)
                os.close(fds[0])
                if not accepted:
                    os.close(fds[1])
                self._answer(order, "done" if accepted else "late")
                self._start_when_awaited()
            else:
                bell = int(ring.control[k.BELLS + order.slot])
                dismiss(ring, order.slot)
                self._debts.forget((order.ring, order.slot))
                if bell >= 0:
                    os.close(bell)
                self._answer(order, "done")

    def _announce(self, kind: int, first: int, second: int) -> None:
        """Publish one record about the feed itself, unless a lossless reader is in the way."""
        ring, table = self._rings["records"]
        while k.try_claim(ring.control, table.words, 1) == WOULD_BLOCK:
            self._wait_for_readers("records")
        now = time.time_ns()
        record = self._memory.records[ring.published & (ring.capacity - 1)]
        record["ts_event_ns"] = now
        record["ts_recv_ns"] = now
        record["instrument"] = 0
        record["kind"] = kind
        record["side"] = NO_SIDE
        record["action"] = ACTION_NONE
        record["flags"] = 0
        record["epoch"] = first
        record["resumed_frame"] = second
        record["trade_id"] = UNDEF
        record["trade_seq"] = UNDEF
        stamp_and_publish(ring.control, table.words, self._one, self._memory.records, 1, now)
        self._memory.metrics.add("records_published", 1)

    def _answer(self, order: Order, what: str) -> None:
        self._say(Outcome(what, order.ring, order.slot, number=order.number))

    def _request(self, packet: bytes) -> None:
        """Ask every replay; what is lost on the way is asked for again."""
        for asking, whom in self._replays:
            with contextlib.suppress(OSError):
                asking.sendto(packet, whom)

    def _note(self, line: str) -> None:
        self._say(Outcome("note", detail=line))

    def _say(self, outcome: Outcome) -> None:
        try:
            self._orders.send(msgspec.json.encode(outcome), socket.MSG_DONTWAIT)
        except (BlockingIOError, BrokenPipeError):
            # The supervisor is busy or gone; what matters is in the feed's memory too.
            return
