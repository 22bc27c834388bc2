"""Whole feeds: `zerofeed run` with a configuration, and a reader in another process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Literal

import numpy as np

import zerofeed as zf
from benchmarks.board import Board
from benchmarks.contest import end_with_parent
from benchmarks.contestants._zerofeed import feed_name
from benchmarks.generator import Frame
from benchmarks.network import GROUP, PORT, Wire
from benchmarks.pacer import Pacer
from benchmarks.receivers._processes import Forked
from benchmarks.receivers._zerofeed_wire_kernels import count_trades
from benchmarks.wire_contest import Receiver, Running, WirePlan
from zerofeed.codecs.deribit.encoder import encode_message, encode_packet

__all__ = ["FeedReceiver", "RunningFeed"]

_MARK = 0x1122_3344_5566_7788
_SEQUENCE_AT = 4
_END_SECONDS = 20.0


def _trade_packet() -> Frame:
    """Make a packet of one trade: its sequence is the running number, its id the time."""
    trade = {
        "direction": "buy", "price": 100.5, "amount": 10.0, "timestampMs": 1_700_000_000_000,
        "markPrice": 100.0, "indexPrice": 100.0, "tradeSeq": 1, "tradeId": _MARK,
        "tickDirection": 0, "liquidation": 0, "iv": float("nan"), "blockTradeId": 0,
        "comboTradeId": 0,
    }  # fmt: skip
    message = encode_message("Trades", {"instrumentId": 1, "tradesList": [trade]})
    payload = encode_packet(1, 1, [message])
    stamp_at = payload.index(_MARK.to_bytes(8, "little"))
    return Frame(payload, number_at=_SEQUENCE_AT, number_bytes=4, stamp_at=stamp_at, first=1)


class FeedReceiver(Receiver):
    """A feed of one source, run by the command.

    Args:
        kind: what receives.
    """

    bias = (
        "does more than the others: decodes 115 bytes into a record, keeps sequence and journal,"
        " publishes frames and records"
    )
    payloads = (115,)
    handler = "another process"

    def __init__(self, kind: Literal["udp", "afxdp"]) -> None:
        self.name = f"zerofeed, whole feed over {kind}"  # type: ignore[misc]
        self._kind = kind

    def frame(self, plan: WirePlan) -> Frame:
        """Give the packet of one trade, 115 bytes."""
        del plan
        return _trade_packet()

    def start(self, plan: WirePlan, wire: Wire, board: Board) -> RunningFeed:
        """Write the configuration and run the feed."""
        name = feed_name()
        text = _configuration(name, wire.inside, plan)
        settings = [
            f"feed.receiver={self._kind}",
            f"worker.idle={'spin' if plan.is_busy else 'sleep'}",
            f"afxdp.chunks_per_queue={plan.chunks}",
        ]
        return RunningFeed(
            name, text, settings, plan, board, wire.outlet, counts_loss=self._kind == "afxdp"
        )


class RunningFeed(Running):
    """The command's processes, and this process attached to the feed."""

    def __init__(
        self,
        name: str,
        text: str,
        settings: list[str],
        plan: WirePlan,
        board: Board,
        outlet: socket.socket,
        *,
        counts_loss: bool,
    ) -> None:
        self._name = name
        self._outlet = outlet
        self._counts_loss = counts_loss
        self._plan = plan
        self._board = board
        self._feed: zf.Feed | None = None
        self._reader: Forked | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
        chosen = [word for setting in settings for word in ("--set", setting)]
        # A file without a name: nothing of it is left, whoever is killed.
        file = os.memfd_create("feed.toml")
        os.write(file, text.encode())
        self._process = subprocess.Popen(
            [sys.executable, "-m", "zerofeed", "run", f"/dev/fd/{file}", *chosen],
            stdout=self._errors,
            stderr=self._errors,
            pass_fds=(file,),
            preexec_fn=end_with_parent,  # noqa: PLW1509 - this process has no threads
        )
        os.close(file)

    def wait_ready(self, timeout_s: float) -> None:
        """Attach, and start the reader of a latency run."""
        deadline = time.monotonic() + timeout_s
        while self._feed is None:
            try:
                self._feed = zf.attach(self._name, wait=1.0)
            except zf.ZerofeedError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the feed did not start: {self._said()}") from error
        if self._plan.is_latency:
            self._reader = Forked(self._board, (self._read, self._plan.sender_core))
            self._reader.wait_ready(timeout_s)

    @property
    def feed(self) -> zf.Feed:
        """The feed, attached to by this process."""
        assert self._feed is not None
        return self._feed

    def received(self) -> int:
        """Read the feed's own counter, or what the reader has."""
        if self._reader is not None:
            return self._reader.received()
        assert self._feed is not None
        return int(self._feed.metrics["packets_received"])

    def pids(self) -> list[int]:
        """Name supervisor and worker."""
        supervisor = self._process.pid
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text()
        return [supervisor, *map(int, children.split())]

    def stop(self) -> dict[str, int]:
        """End reader and feed, and make sure that they do."""
        lost = {}
        try:
            if self._reader is not None:
                self._reader.stop()
            if self._feed is not None:
                if self._counts_loss:
                    # What UDP sockets drop is in the network's own counters.
                    lost["AF_XDP socket"] = int(self._feed.metrics["packets_dropped_kernel"])
                self._feed.close()
        finally:
            self._process.send_signal(signal.SIGTERM)
            try:
                code = self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                code = self._process.wait()
        if code:
            raise RuntimeError(self._said())
        return lost

    def _read(self) -> None:
        pacer = Pacer(self._outlet, _trade_packet(), self._board)
        reader = zf.attach(self._name, wait=10.0).reader("lossy", "now")
        control, items, page = reader.memory
        overrun = count_trades(
            control, items.view(np.int64), page, int(reader.position), self._board.words,
            *pacer.arrays[:2],
        )  # fmt: skip
        if overrun:
            raise SystemExit(f"{overrun} records were overwritten before they were read")

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip()


def _configuration(name: str, interface: str, plan: WirePlan) -> str:
    return f"""
[feed]
name = "{name}"
protocol = "deribit-multicast"

[[source]]
group = "{GROUP}"
port = {PORT}
interface = "{interface}"
buffer_bytes = {plan.buffer_bytes}

[worker]
core = {plan.receiver_core}
burst = {plan.batch}
"""
