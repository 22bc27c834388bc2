"""The receivers of a feed: what each kind needs of the feed's memory, and how it is opened.

What a kind needs is known before anything is open: it goes into the memory's sizes, then the memory is
made, then the receivers are opened, which may want to write into it. A new kind is a number in
:mod:`zerofeed.wire.receiver`, a :class:`~zerofeed.wire.receiver.Receiver`, and a branch in
:mod:`zerofeed.runtime._receive_kernels`. :mod:`zerofeed.runtime.choice` decides between those that
receive the same packets.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.feed.memory import FeedMemory
from zerofeed.runtime.choice import choose, plan_arena
from zerofeed.runtime.config import FeedConfig, Source
from zerofeed.runtime.venue_config import service_of
from zerofeed.runtime.venue_key import Key, read_key
from zerofeed.wire.capture_source import BLOCK_WORDS as CAPTURE_BLOCK_WORDS
from zerofeed.wire.capture_source import open_capture_source
from zerofeed.wire.pacing import parse_speed
from zerofeed.wire.pcap import Capture, read_capture
from zerofeed.wire.receive_block import block_words
from zerofeed.wire.receiver import Receiver
from zerofeed.wire.udp import open_receiver
from zerofeed.wire.websocket.endpoint import Endpoint, Pace, read_headers
from zerofeed.wire.websocket.plan import StreamPlan
from zerofeed.wire.xdp.flows import Flow
from zerofeed.wire.xdp.receiver import XdpReceiver
from zerofeed.wire.xdp.source import XdpSource

__all__ = ["block_words_of", "longest_packet", "open_receivers", "spare_chunks"]

_Say = Callable[[str], None]
_ReadFile = Callable[[str | Path], Capture]


def spare_chunks(config: FeedConfig) -> int:
    """Compute the chunks that the arena must have beside one for each frame kept.

    Sockets and captures receive a burst behind the frames that are kept, one source after the
    other. AF_XDP's queues have chunks of their own, and WebSockets have regions in place of chunks.
    """
    streams = _stream_plans(config)
    if streams:
        chunk_bytes = config.memory.chunk_bytes
        chunks = -(-(streams[-1].at + streams[-1].arena_bytes) // chunk_bytes)
        return max(config.worker.burst, chunks - config.memory.frames)
    choice = choose(config)
    if not choice.tries_afxdp:
        return config.worker.burst
    plan = plan_arena(config, choice.interface)
    chunks = -(-plan.arena_bytes // plan.chunk_bytes)
    return max(config.worker.burst, chunks - plan.slots)


def block_words_of(config: FeedConfig, place: int) -> int:
    """Compute the int64 words of the receive block of the source at a place.

    With AF_XDP the first source's is that of all queues.
    """
    if config.source[place].kind == "capture":
        return CAPTURE_BLOCK_WORDS
    if config.source[place].kind == "websocket":
        return _stream_plans(config)[place].words
    words = block_words(config.worker.burst)
    choice = choose(config)
    if place == 0 and choice.tries_afxdp:
        words = max(words, plan_arena(config, choice.interface).words(config.worker.burst))
    return words


def longest_packet(config: FeedConfig) -> int:
    """Compute the bytes of the longest packet that a frame can hold."""
    streams = _stream_plans(config)
    if streams:
        return max(plan.longest for plan in streams)
    longest = config.memory.chunk_bytes
    if choose(config).tries_afxdp:
        longest = max(longest, config.afxdp.jumbo_bytes)
    return longest


def _stream_plans(config: FeedConfig) -> list[StreamPlan]:
    """Divide the arena among WebSockets; nothing for a feed of other sources."""
    plans: list[StreamPlan] = []
    at = 0
    for source in config.source:
        if source.kind != "websocket":
            return []
        plan = StreamPlan(
            at,
            source.lines,
            source.region_bytes,
            source.longest_message_bytes,
            inflates=source.compression,
        )
        plans.append(plan)
        at += plan.arena_bytes
    return plans


def open_receivers(
    config: FeedConfig,
    memory: FeedMemory,
    blocks: list[npt.NDArray[np.int64]],
    say: _Say,
    read_file: _ReadFile = read_capture,
) -> list[Receiver]:
    """Open every source of a feed, or none.

    Args:
        config: of the feed.
        memory: of the feed.
        blocks: receive blocks by source, zeroed.
        say: called with each line for people, the same line once.
        read_file: reads a capture whole, as the protocol has them.

    Raises:
        ConfigurationError: a source is impossible, or its file is.
        ReceiverError: this machine refuses (port taken, no such interface, no permission).
    """
    said: set[str] = set()

    def say_once(line: str) -> None:
        if line not in said:
            said.add(line)
            say(line)

    choice = choose(config)
    why_not = choice.why_not
    if choice.tries_afxdp:
        try:
            return _open_afxdp(config, memory, blocks[0], choice.interface, say)
        except ReceiverError as error:
            if config.feed.receiver == "afxdp":
                raise
            why_not = f"{error.what} ({error.got})"
            if "EBUSY" in str(error.got):
                why_not += "; whoever has it may take packets away from these sockets"
            blocks[0][:] = 0
    if why_not:
        say(f"receiving by UDP sockets; not by AF_XDP, because {why_not}")
    receivers: list[Receiver] = []
    streams = _stream_plans(config)
    if streams:
        return _open_websockets(config, streams)
    with contextlib.ExitStack() as opened:
        for source in config.source:
            receiver = (
                _open_udp(source, say_once)
                if source.kind == "udp"
                else _open_capture(source, say_once, read_file)
            )
            opened.callback(receiver.close)
            receivers.append(receiver)
        opened.pop_all()
    return receivers


def _open_afxdp(
    config: FeedConfig,
    memory: FeedMemory,
    block: npt.NDArray[np.int64],
    interface: str,
    say: _Say,
) -> list[Receiver]:
    flows = [
        Flow(source.group, source.port, place, source.source_address)
        for place, source in enumerate(config.source)
        if source.group is not None and source.port is not None
    ]
    receiver = XdpReceiver(
        interface,
        flows,
        memory.arena,
        block,
        plan_arena(config, interface),
        batch=config.worker.burst,
        attach="native" if config.feed.receiver == "auto" else config.afxdp.mode,
        asks_zero_copy=config.afxdp.zero_copy,
        hardware_time=config.afxdp.hardware_time,
        busy_poll_us=config.afxdp.busy_poll_us,
    )
    queues = f"{len(receiver.queues)} queue" + ("s" if len(receiver.queues) > 1 else "")
    notes = "; ".join(receiver.notes)
    say(
        f"receiving by AF_XDP on {interface}, {queues}, {receiver.mode}; other programs on this "
        f"machine no longer get these packets" + (f" ({notes})" if notes else "")
    )
    return [XdpSource(receiver, place) for place in range(len(flows))]


def _open_websockets(config: FeedConfig, plans: list[StreamPlan]) -> list[Receiver]:
    try:
        from zerofeed.wire.websocket.receiver import WebSocketReceiver  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"a WebSocket source needs {error.name}, which is not installed",
            where=f"feed {config.feed.name}",
            next_step="pip install 'zerofeed[ws]'",
        ) from error
    key = _key_of(config)
    receivers: list[Receiver] = []
    with contextlib.ExitStack() as opened:
        for source, plan in zip(config.source, plans, strict=True):
            receiver = WebSocketReceiver(_endpoint_of(source, key), plan)
            opened.callback(receiver.close)
            receivers.append(receiver)
        opened.pop_all()
    return receivers


def _key_of(config: FeedConfig) -> Key | None:
    """Read the key of a feed whose venue needs one.

    Raises:
        ConfigurationError: it cannot be read, or others could read it.
    """
    if config.venue is None or not config.venue.key:
        return None
    use = service_of(msgspec.to_builtins(config.venue)).key
    return None if use is None else read_key(config.venue.key, use)


def _endpoint_of(source: Source, key: Key | None) -> Endpoint:
    assert source.url is not None
    return Endpoint(
        source.url,
        send=tuple(source.send),
        ping_text=source.ping_text,
        pace=Pace(
            ping_s=source.ping_seconds,
            stale_s=source.stale_seconds,
            renew_s=source.renew_hours * 3600.0,
            sends_per_s=source.send_per_second,
        ),
        lines=source.lines,
        dials_per_5min=source.dials_per_5min,
        proxy=source.proxy,
        ca_file=source.ca_file,
        compression=source.compression,
        headers=read_headers(source.headers_file) if source.headers_file else {},
        sign=key,
    )


def _open_udp(source: Source, say: _Say) -> Receiver:
    # A replay's answers come to wherever the requests came from.
    receiver = open_receiver(
        source.group or "0.0.0.0",  # noqa: S104 - any address of this machine
        source.port or 0,
        interface=source.interface,
        source=source.source_address,
        buffer_bytes=source.buffer_bytes,
    )
    if receiver.is_buffer_short:
        asked, got = receiver.asked_buffer_bytes, receiver.buffer_bytes // 2
        say(
            f"receive buffer is {got >> 10} KiB, not {asked >> 10}: bursts may be dropped; "
            f"allow more with `sysctl -w net.core.rmem_max={asked}`"
        )
    return receiver


def _open_capture(source: Source, say: _Say, read_file: _ReadFile) -> Receiver:
    assert source.capture is not None
    receiver = open_capture_source(source.capture, parse_speed(source.speed), read_file)
    for line in receiver.shortcomings():
        say(line)
    return receiver
