"""The kinds of receivers that a feed can have, and how each is opened.

A kind is known before anything is open: what it needs of the feed's memory goes into its sizes,
then the memory is made, then the receivers are opened, which may want to write into it. A new
kind is an entry in :data:`KINDS`, a :class:`~zerofeed.wire.receiver.Receiver` and a function in
:mod:`zerofeed.runtime._receive_kernels`; ``Source.kind`` in the configuration chooses it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from zerofeed.feed.memory import FeedMemory
from zerofeed.runtime import _receive_kernels as k
from zerofeed.runtime.config import FeedConfig, Source
from zerofeed.wire.capture_source import BLOCK_WORDS as CAPTURE_BLOCK_WORDS
from zerofeed.wire.capture_source import open_capture_source
from zerofeed.wire.pacing import parse_speed
from zerofeed.wire.receive_block import block_words
from zerofeed.wire.receiver import Receiver
from zerofeed.wire.udp import open_receiver

__all__ = ["KINDS", "ReceiverKind", "kind_of", "open_receivers", "spare_chunks"]

_Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ReceiverKind:
    """One kind.

    Attributes:
        number: by which the compiled loop knows it.
        block_words: int64 words of a source's receive block.
        spare_chunks: chunks of the arena that a source needs beside one for each frame kept.
        open: opens a source; the memory is the feed's, and lines for people go to the callable.
    """

    number: int
    block_words: Callable[[Source, FeedConfig], int]
    spare_chunks: Callable[[Source, FeedConfig], int]
    open: Callable[[Source, FeedMemory, _Say], Receiver]


def _one_burst(_source: Source, config: FeedConfig) -> int:
    """A burst is received behind the frames that are kept."""
    return config.worker.burst


def _open_udp(source: Source, _memory: FeedMemory, say: _Say) -> Receiver:
    assert source.group is not None
    assert source.port is not None
    receiver = open_receiver(
        source.group,
        source.port,
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


def _open_capture(source: Source, _memory: FeedMemory, say: _Say) -> Receiver:
    assert source.capture is not None
    receiver = open_capture_source(source.capture, parse_speed(source.speed))
    for line in receiver.shortcomings():
        say(line)
    return receiver


KINDS: dict[str, ReceiverKind] = {
    "udp": ReceiverKind(
        k.UDP,
        lambda _source, config: block_words(config.worker.burst),
        _one_burst,
        _open_udp,
    ),
    "capture": ReceiverKind(
        k.CAPTURE, lambda _source, _config: CAPTURE_BLOCK_WORDS, _one_burst, _open_capture
    ),
}
"""Every kind by the name that ``Source.kind`` gives."""


def kind_of(source: Source) -> ReceiverKind:
    """Look up the kind that a source needs."""
    return KINDS[source.kind]


def spare_chunks(config: FeedConfig) -> int:
    """Compute the chunks that the arena must have beside one for each frame kept.

    Sources receive one after the other, so the largest wish is enough for all.
    """
    return max(kind_of(source).spare_chunks(source, config) for source in config.source)


def open_receivers(config: FeedConfig, memory: FeedMemory, say: _Say) -> list[Receiver]:
    """Open every source of a feed, or none.

    Args:
        config: of the feed.
        memory: of the feed.
        say: called with each line for people, the same line once.

    Raises:
        ConfigurationError: a source is impossible, or its file is.
        ReceiverError: this machine refuses (port taken, no such interface, no permission).
    """
    said: set[str] = set()

    def say_once(line: str) -> None:
        if line not in said:
            said.add(line)
            say(line)

    receivers: list[Receiver] = []
    with contextlib.ExitStack() as opened:
        for source in config.source:
            receiver = kind_of(source).open(source, memory, say_once)
            opened.callback(receiver.close)
            receivers.append(receiver)
        opened.pop_all()
    return receivers
