"""A feed's configuration: one TOML file, typed, with a default for everything but what to receive.

::

    [feed]
    name = "deribit"
    protocol = "deribit-multicast"

    [[source]]
    group = "239.111.111.1"
    port = 6100
    interface = "eth0"

or, in place of a network, ``capture = "FILE"``, or ``url = "wss://host/path"``. Unknown keys, wrong types and impossible values are errors that name the key, say what was
expected and what to do; nothing is started before all of them are right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.sbe_config import SbeSection
from zerofeed.runtime.settings import apply_setting
from zerofeed.runtime.venue_config import expand_venue
from zerofeed.wire.pacing import parse_speed
from zerofeed.wire.websocket._words import LEAST_REGIONS
from zerofeed.wire.websocket.endpoint import check_proxy, split_url

__all__ = [
    "AfxdpSection",
    "ArbitrationSection",
    "FeedConfig",
    "FeedSection",
    "LogSection",
    "MemorySection",
    "ReadersSection",
    "Source",
    "VenueSection",
    "WorkerSection",
    "load",
    "parse",
    "parse_tree",
]

_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
_BUFFER_BYTES = 16 << 20
_PATIENCE_MS = 100
_LINES_WAIT_NS = 1_000_000
_REPLAY_WAIT_NS = 2_000_000_000
_KEYS_OF = {
    "udp": frozenset(
        {"group", "port", "interface", "source_address", "role", "asks", "buffer_bytes"}
    ),
    "capture": frozenset({"capture", "speed", "at_end", "day"}),
    "websocket": frozenset(
        {
            "url",
            "send",
            "send_per_second",
            "ping_text",
            "ping_seconds",
            "stale_seconds",
            "renew_hours",
            "proxy",
            "ca_file",
            "compression",
            "lines",
            "dials_per_5min",
            "headers_file",
            "region_bytes",
            "longest_message_bytes",
        }
    ),
}
"""Keys of a source by its kind."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file; unknown keys are errors."""


class FeedSection(_Section, frozen=True):
    """``[feed]``.

    Attributes:
        name: what readers attach to.
        protocol: what the packets are; or ``FILE.py:NAME``, a dialect of one's own.
        socket: also listen on this path, for containers.
        receiver: ``udp`` sockets, ``afxdp``, or the better of them that works here.
    """

    name: str
    protocol: str
    socket: str | None = None
    receiver: Literal["auto", "afxdp", "udp"] = "auto"


class Source(_Section, frozen=True):
    """``[[source]]``: where packets come from, a UDP socket, a capture file or a WebSocket.

    Attributes:
        group: multicast group to join, or local address for unicast.
        port: UDP port.
        interface: name or address of the interface.
        source_address: accept this sender only (source-specific multicast).
        role: ``line``, or ``replay``: what was missing, because it was asked for.
        asks: of a replay, ``HOST:PORT`` of whom to ask.
        buffer_bytes: socket receive buffer to ask for.
        capture: pcap or pcapng file, or the protocol's own kind of file, also gzipped, in place of a socket.
        speed: of a capture: ``1x`` as recorded, ``10x``, ``0.5x``, or ``max``.
        at_end: of a capture: ``stay`` up behind its last packet, or ``stop`` the feed.
        day: of a capture whose messages say only the time of day; default: as arrivals or its name say.
        url: of a WebSocket, ``wss://host/path`` or ``ws://...``; each message is a packet.
        send: texts to send after each opening.
        send_per_second: how many of them in a second, at most.
        ping_text: text to send now and then; default: a ping frame.
        ping_seconds: how often; 0: never.
        stale_seconds: give a connection up that brings nothing for so long, no pong either; 0: never.
        renew_hours: replace a connection that is so old, without a gap; 0: never.
        proxy: ``http://host:port``; default: as the environment says; ``none``: no proxy.
        ca_file: certificates to trust in place of the system's, PEM.
        compression: offer permessage-deflate.
        lines: connections to keep at a time, all to the same address; of equal messages the first is taken.
        dials_per_5min: attempts to connect to its host, of all sources of the feed together; 0: any number.
        headers_file: file of mode 0600, or ``env:NAME``, with headers to send: ``Name: value`` lines.
        region_bytes: memory for the messages of one connection, a multiple of 256 KiB.
        longest_message_bytes: longer messages end the connection; a quarter of region_bytes at most.
    """

    group: str | None = None
    port: _Port | None = None
    interface: str | None = None
    source_address: str | None = None
    role: Literal["line", "replay"] = "line"
    asks: str = ""
    buffer_bytes: _Positive = _BUFFER_BYTES
    capture: str | None = None
    speed: str = "1x"
    at_end: Literal["stay", "stop"] = "stay"
    day: date | None = None
    url: str | None = None
    send: list[str] = []
    send_per_second: Annotated[float, msgspec.Meta(gt=0)] = 4.0
    ping_text: str = ""
    ping_seconds: Annotated[float, msgspec.Meta(ge=0)] = 20.0
    stale_seconds: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    renew_hours: Annotated[float, msgspec.Meta(ge=0)] = 23.0
    proxy: str = ""
    ca_file: str = ""
    compression: bool = False
    lines: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1
    dials_per_5min: Annotated[int, msgspec.Meta(ge=0)] = 0
    headers_file: str = ""
    region_bytes: Annotated[int, msgspec.Meta(ge=1 << 18, le=1 << 30, multiple_of=1 << 18)] = (
        4 << 20
    )
    longest_message_bytes: _Positive = 1 << 20

    @property
    def kind(self) -> Literal["udp", "capture", "websocket"]:
        """Name the kind of receiver that it needs."""
        if self.url is not None:
            return "websocket"
        return "udp" if self.capture is None else "capture"

    @property
    def whom(self) -> tuple[str, int]:
        """Address and port of who is asked for what is missing; of a replay."""
        host, _, port = self.asks.rpartition(":")
        return host, int(port)


class MemorySection(_Section, frozen=True):
    """``[memory]``: sizes, in items.

    Attributes:
        records: records kept, a power of two; 2**18 are 16 MiB.
        frames: packets kept, a power of two.
        chunk_bytes: longest packet kept whole.
        instruments: most instruments.
        book_levels: levels a side that are tracked.
        book_depth: levels a side that readers see.
        orders: orders that may rest at once, in all books together; 0: no books of orders. For protocols that
            send every order.
        huge_pages: ask for 2 MiB pages.
        lock: keep everything resident, and touch it before the first packet.
    """

    records: _Positive = 1 << 18
    frames: _Positive = 1 << 13
    chunk_bytes: Annotated[int, msgspec.Meta(ge=512, le=16384, multiple_of=64)] = 2048
    instruments: Annotated[int, msgspec.Meta(ge=2)] = 4096
    book_levels: Annotated[int, msgspec.Meta(ge=8, multiple_of=8)] = 256
    book_depth: _Positive = 20
    orders: Annotated[int, msgspec.Meta(ge=0, le=1 << 28)] = 0
    huge_pages: bool = False
    lock: bool = False


class AfxdpSection(_Section, frozen=True):
    """``[afxdp]``: for feeds that are received by AF_XDP.

    Attributes:
        mode: ``native``, in the driver; ``skb``, anywhere; ``auto``, native where it works.
        zero_copy: let the card write into the feed's memory, where it can.
        queues: queues to open; default: all that the interface uses.
        chunks_per_queue: chunks of a queue, a power of two; half as many packets can wait for the
            worker.
        jumbo_bytes: keep packets that are longer than a chunk up to this length; 0 cuts them.
        hardware_time: take the card's arrival times; its clock must follow Unix time.
        busy_poll_us: let the worker drive the card for so long at a time instead of interrupts, with
            ``worker.idle = "spin"``; 0: no.
    """

    mode: Literal["auto", "native", "skb"] = "auto"
    zero_copy: bool = True
    queues: _Positive | None = None
    chunks_per_queue: Annotated[int, msgspec.Meta(ge=64, le=1 << 19)] = 16_384
    jumbo_bytes: Annotated[int, msgspec.Meta(ge=0, le=65536, multiple_of=8)] = 0
    hardware_time: bool = False
    busy_poll_us: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class ArbitrationSection(_Section, frozen=True):
    """``[arbitration]``: several lines that bring the same messages.

    Attributes:
        wait_us: longest that a packet waits for what is missing before it, from another line or a replay;
            0: a gap is declared at once. Default: 1000 with more than one line, 2,000,000 with a replay,
            else 0.
    """

    wait_us: Annotated[int, msgspec.Meta(ge=0, le=60_000_000)] | None = None


class WorkerSection(_Section, frozen=True):
    """``[worker]``.

    Attributes:
        idle: ``sleep`` until packets come, or ``spin`` and burn a core for latency.
        burst: most packets in one receive call.
        core: pin the worker to this core.
        realtime: run before everything of lower priority (SCHED_FIFO, 1 to 99).
        user: the worker becomes this user, by name or number, and has no rights.
    """

    idle: Literal["sleep", "spin"] = "sleep"
    burst: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64
    core: Annotated[int, msgspec.Meta(ge=0)] | None = None
    realtime: Annotated[int, msgspec.Meta(ge=1, le=99)] | None = None
    user: Annotated[str, msgspec.Meta(min_length=1)] | None = None


class ReadersSection(_Section, frozen=True):
    """``[readers]``.

    Attributes:
        patience_ms: longest that the feed waits for a lossless reader before degrading it;
            default: 100, and for ever when every source is a capture, which waits without loss.
        limit: most readers at a time.
        user_share: part of them that one user other than the feed's own may have.
        process_share: part of them that one process may have.
        wait_for: start the sources when so many readers are attached.
        allow_users: users, by name or number, who may attach besides the feed's own.
        allow_groups: groups whose members may.
    """

    patience_ms: Annotated[int, msgspec.Meta(ge=0)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=128)] = 64
    user_share: _Share = 0.5
    process_share: _Share = 0.75
    wait_for: Annotated[int, msgspec.Meta(ge=0, le=128)] = 0
    allow_users: list[str] = []
    allow_groups: list[str] = []


class LogSection(_Section, frozen=True):
    """``[log]``.

    Attributes:
        audit: file for attach and refusal lines; default: standard error with the rest.
    """

    audit: str | None = None


class VenueSection(_Section, frozen=True):
    """``[venue]``: a crypto venue's service, in place of sources and protocol.

    Attributes:
        service: as ``zerofeed venues`` lists them.
        symbols: as ``zerofeed instruments`` lists them.
        channels: trades, book, bbo ...; default: the service's own.
        encoding: of its messages, ``json`` or ``sbe``, where the service has several.
        key: where the key is that this needs: a file of mode 0600, or ``env:NAME``; never the key.
        numbers: the venue's numbers of symbols, where its messages have no symbols; default: looked
            up in its list of instruments.
        test_net: use the venue's test net.
        ws_url: scheme, host and port of another WebSocket interface, a local one for instance.
        rest_url: the same of the REST interface.
        ca_file: certificates to trust in place of the system's, PEM.
        proxy: as for a source.
        lines: connections to keep for each stream.
        instruments: fetch the venue's definitions before the start.
        longest_message_bytes: as for a source.
        region_bytes: as for a source.
    """

    service: str
    symbols: Annotated[list[str], msgspec.Meta(min_length=1)]
    channels: list[str] = []
    encoding: str = ""
    key: str = ""
    numbers: dict[str, int] = {}
    test_net: bool = False
    ws_url: str | None = None
    rest_url: str | None = None
    ca_file: str = ""
    proxy: str = ""
    lines: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1
    instruments: bool = True
    longest_message_bytes: int = 0
    region_bytes: int = 0


class FeedConfig(_Section, frozen=True):
    """A whole file."""

    feed: FeedSection
    source: Annotated[list[Source], msgspec.Meta(min_length=1)]
    memory: MemorySection = MemorySection()
    afxdp: AfxdpSection = AfxdpSection()
    arbitration: ArbitrationSection = ArbitrationSection()
    worker: WorkerSection = WorkerSection()
    readers: ReadersSection = ReadersSection()
    log: LogSection = LogSection()
    venue: VenueSection | None = None
    sbe: SbeSection | None = None

    @property
    def wait_ns(self) -> int:
        """Longest that a packet waits for what is missing before it."""
        if self.arbitration.wait_us is not None:
            return self.arbitration.wait_us * 1000
        if any(each.role == "replay" for each in self.source):
            return _REPLAY_WAIT_NS
        return _LINES_WAIT_NS if sum(each.kind == "udp" for each in self.source) > 1 else 0

    @property
    def patience_ms(self) -> int | None:
        """Longest that the feed waits for a lossless reader; None: for ever."""
        if self.readers.patience_ms is not None:
            return self.readers.patience_ms
        return None if all(s.kind == "capture" for s in self.source) else _PATIENCE_MS


def parse(text: str, where: str = "configuration", settings: Sequence[str] = ()) -> FeedConfig:
    """Read a configuration from TOML text.

    Args:
        text: the file's contents.
        where: what to call it in errors.
        settings: ``key.path=value`` texts that replace single values, for instance
            ``memory.records=1048576`` or ``source.0.port=6200``. A value is read as TOML, and
            as a string where it is none.

    Raises:
        ConfigurationError: not TOML, an unknown key, a wrong type or an impossible value.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"not valid TOML: {error}", where=where) from error
    return parse_tree(tree, where, settings)


def parse_tree(
    tree: dict[str, Any], where: str = "configuration", settings: Sequence[str] = ()
) -> FeedConfig:
    """Read a configuration from tables, as :func:`parse` does.

    Args:
        tree: as TOML gives them; changed.
        where: what to call it in errors.
        settings: as for :func:`parse`.

    Raises:
        ConfigurationError: an unknown key, a wrong type or an impossible value.
    """
    try:
        for setting in settings:
            apply_setting(tree, setting)
        expand_venue(tree, where)
        config = msgspec.convert(tree, FeedConfig)
    except msgspec.ValidationError as error:
        raise _explained(str(error), where) from error
    for key, value in (
        ("memory.records", config.memory.records),
        ("memory.frames", config.memory.frames),
        ("afxdp.chunks_per_queue", config.afxdp.chunks_per_queue),
    ):
        if value & (value - 1):
            raise ConfigurationError(
                f"{key} is not a power of two",
                where=where,
                got=value,
                next_step=f"choose {1 << value.bit_length()}",
            )
    if config.afxdp.busy_poll_us and config.worker.idle != "spin":
        raise ConfigurationError(
            "afxdp.busy_poll_us has the worker drive the card, and this worker sleeps",
            where=where,
            expected='worker.idle = "spin"',
            got=f'busy_poll_us = {config.afxdp.busy_poll_us} and idle = "{config.worker.idle}"',
            next_step="say one of the two, or leave busy_poll_us out",
        )
    if len({source.kind == "websocket" for source in config.source}) > 1:
        raise ConfigurationError(
            "WebSockets and other sources divide the frames differently",
            where=where,
            expected="sources that all have a url, or none that has",
            next_step="run two feeds",
        )
    for index, source in enumerate(config.source):
        _check_source(source, tree["source"][index], f"source[{index}]", where)
    if config.readers.wait_for > config.readers.limit:
        raise ConfigurationError(
            "readers.wait_for is more than the feed admits, so its sources would never start",
            where=where,
            expected=f"at most {config.readers.limit}, the value of readers.limit",
            got=config.readers.wait_for,
        )
    return config


def _check_source(source: Source, given: dict[str, Any], place: str, where: str) -> None:
    """Refuse a source that is neither a socket nor a capture, or half of each.

    Raises:
        ConfigurationError: a key is missing, foreign, or no speed.
    """
    if source.role == "replay" or source.asks:
        _check_replay(source, place, where)
    needed = () if source.role == "replay" else ("group", "port")
    missing = [key for key in needed if key not in given]
    if source.kind == "udp" and missing:
        raise ConfigurationError(
            f"{place}.{missing[0]} is missing",
            where=where,
            expected="group and port of a socket, capture, a file, or url, a WebSocket",
            next_step="see docs/reference/configuration.md for every key",
        )
    foreign = sorted(given.keys() - _KEYS_OF[source.kind])
    if foreign:
        raise ConfigurationError(
            f"{place}.{foreign[0]} does not belong to a source of this kind ({source.kind})",
            where=where,
            expected=f"one of {', '.join(sorted(_KEYS_OF[source.kind]))}",
            next_step="give sockets, captures and WebSockets a [[source]] each",
        )
    if source.kind == "websocket":
        _check_websocket(source, place, where)
    try:
        parse_speed(source.speed)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{place}.speed is not a speed", where=where, expected=error.expected, got=source.speed
        ) from error


def _check_replay(source: Source, place: str, where: str) -> None:
    """Refuse a replay that has nobody to ask, and somebody to ask without a replay.

    Raises:
        ConfigurationError: as said.
    """
    host, _, port = source.asks.rpartition(":")
    if source.role == "replay" and host and port.isdecimal() and 0 < int(port) <= 65535:
        return
    raise ConfigurationError(
        f"{place} needs both role and asks to ask for what is missing",
        where=where,
        expected='role = "replay" and asks = "HOST:PORT"',
        got=f'role = "{source.role}" and asks = "{source.asks}"',
        next_step="name the venue's re-request server, or leave both out",
    )


def _check_websocket(source: Source, place: str, where: str) -> None:
    """Refuse an address or a size that can never work.

    Raises:
        ConfigurationError: the address is none, a message would not fit, or nothing would be noticed.
    """
    assert source.url is not None
    try:
        split_url(source.url)
        if source.proxy not in {"", "none"}:
            check_proxy(source.proxy)
    except ConfigurationError as error:
        raise ConfigurationError(
            error.what,
            where=f"{where}: {place}.{(error.where or '').removeprefix('source.')}",
            expected=error.expected,
            got=error.got,
            next_step=error.next_step,
        ) from error
    if source.longest_message_bytes * LEAST_REGIONS > source.region_bytes:
        raise ConfigurationError(
            f"{place}.longest_message_bytes is too long for region_bytes",
            where=where,
            expected=f"at most {source.region_bytes // LEAST_REGIONS}, a quarter of it",
            got=source.longest_message_bytes,
            next_step="enlarge region_bytes, in steps of 262144",
        )
    if source.stale_seconds and source.ping_seconds >= source.stale_seconds:
        raise ConfigurationError(
            f"{place}.ping_seconds is not less than stale_seconds",
            where=where,
            expected=f"less than {source.stale_seconds:g}",
            got=source.ping_seconds,
            next_step="ping more often, or a quiet venue would look like a dead one",
        )


def load(path: str | Path, settings: Sequence[str] = ()) -> FeedConfig:
    """Read a configuration file.

    Args:
        path: of the file.
        settings: as for :func:`parse`.

    Raises:
        ConfigurationError: it cannot be read, or as :func:`parse`.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read ({error.strerror})",
            where=str(path),
            next_step="give the path of a feed's TOML file",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError("is not UTF-8 text", where=str(path)) from error
    return parse(text, str(path), settings)


def _explained(message: str, where: str) -> ConfigurationError:
    """Say in the file's own words what the typed conversion did not like."""
    what, _, place = message.partition(" - at `$")
    path = place.removesuffix("`").removeprefix(".")
    next_step = "see docs/reference/configuration.md for every key"
    unknown = _UNKNOWN_FIELD.fullmatch(what)
    if unknown is not None:
        keys = _SECTIONS.get(path.partition("[")[0], FeedConfig).__struct_fields__
        name = f"{path}.{unknown[1]}".removeprefix(".")
        return ConfigurationError(
            f"there is no key {name}",
            where=where,
            expected=f"one of {', '.join(keys)}",
            next_step=next_step,
        )
    named = f"{path}: {what}" if path else what
    return ConfigurationError(named.replace("`", ""), where=where, next_step=next_step)


_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`")
_SECTIONS: dict[str, type[msgspec.Struct]] = {
    "feed": FeedSection,
    "source": Source,
    "memory": MemorySection,
    "afxdp": AfxdpSection,
    "worker": WorkerSection,
    "readers": ReadersSection,
    "log": LogSection,
    "arbitration": ArbitrationSection,
    "venue": VenueSection,
    "sbe": SbeSection,
}
