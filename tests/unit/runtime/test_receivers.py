"""A source's kind says what it needs before it is open, and all are opened, or none."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.unit.apps.commands import write_capture
from tests.unit.runtime.live import LOCAL, free_port, make_config
from tests.unit.runtime.venue_packets import of_the_venue
from zerofeed.base.errors import CaptureError, ConfigurationError, ReceiverError
from zerofeed.feed.memory import FeedMemory
from zerofeed.runtime import receivers as module
from zerofeed.runtime.choice import Choice
from zerofeed.runtime.config import FeedConfig, Source, parse_tree
from zerofeed.runtime.private import divide
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.receivers import (
    block_words_of,
    longest_packet,
    open_receivers,
    spare_chunks,
)
from zerofeed.runtime.stage import sizes_of
from zerofeed.wire.receiver import CAPTURE, UDP, WEBSOCKET

__all__: list[str] = []

pytestmark = pytest.mark.compiled

PROTOCOL = find_protocol("okx")
"""One whose sources may have several connections."""


def config_of(*sources: Source) -> FeedConfig:
    return msgspec.structs.replace(make_config(), source=list(sources))


def opened(config: FeedConfig, lines: list[str]):
    memory = FeedMemory("kinds", sizes_of(config, PROTOCOL))
    return open_receivers(config, memory, divide(config, memory).blocks, lines.append)


def test_every_source_has_a_block_and_a_burst_is_received_behind_the_frames_that_are_kept() -> None:
    config = make_config(burst=32)
    assert block_words_of(config, 0) > 0
    assert spare_chunks(config) == 32


def test_receivers_are_in_the_configurations_order(tmp_path) -> None:
    path = write_capture(tmp_path / "venue.pcap", of_the_venue(10))
    port = free_port()
    config = config_of(Source(capture=str(path)), Source(LOCAL, port, buffer_bytes=4096))
    receivers = opened(config, [])
    assert [receiver.name for receiver in receivers] == ["venue.pcap", f"{LOCAL}:{port}"]
    assert [receiver.kind for receiver in receivers] == [CAPTURE, UDP]
    for receiver in receivers:
        receiver.close()


def test_a_venues_key_is_given_to_every_connection_and_shown_by_none(monkeypatch) -> None:
    pytest.importorskip("websockets")
    keys = {"encoding": "sbe", "key": "env:A_KEY_OF_MINE", "longest_message_bytes": 4096}
    venue = {"service": "binance", "symbols": ["BTCUSDT"], "region_bytes": 1 << 18} | keys
    config = parse_tree({"venue": venue})
    with pytest.raises(ConfigurationError, match="is not set"):
        opened(config, [])
    monkeypatch.setenv("A_KEY_OF_MINE", "S3CRET")
    lines: list[str] = []
    (receiver,) = opened(config, lines)
    endpoint = receiver.endpoint
    assert endpoint.sign is not None
    assert endpoint.sign() == {"X-MBX-APIKEY": "S3CRET"}
    for text in (repr(endpoint), repr(receiver), receiver.name, repr(config), *lines):
        assert "S3CRET" not in text
    receiver.close()


def test_websockets_have_regions_and_streams_of_their_own(tmp_path) -> None:
    pytest.importorskip("websockets")
    sizes = {"region_bytes": 1 << 18, "longest_message_bytes": 4096}
    sources = [
        Source(url="ws://one.example/", lines=2, **sizes),
        Source(url="ws://two.example/", compression=True, **sizes),
    ]
    config = config_of(*sources)
    regions = (3 + 1) + (2 + 1 + 2)
    arena = (config.memory.frames + spare_chunks(config)) * config.memory.chunk_bytes
    assert arena >= regions << 18
    assert longest_packet(config) == 4096
    words = [block_words_of(config, place) for place in range(2)]
    assert words[0] * 3 == words[1] * 4
    receivers = opened(config, [])
    assert [receiver.kind for receiver in receivers] == [WEBSOCKET, WEBSOCKET]
    assert [len(receiver.filenos()) for receiver in receivers] == [4, 3]
    for receiver in receivers:
        receiver.close()


def test_headers_that_cannot_be_had_keep_a_feed_from_starting(tmp_path) -> None:
    pytest.importorskip("websockets")
    config = config_of(
        Source(
            url="ws://one.example/",
            headers_file=str(tmp_path / "none"),
            longest_message_bytes=4096,
        )
    )
    with pytest.raises(ConfigurationError, match="cannot be read"):
        opened(config, [])


def test_when_one_cannot_be_opened_none_stays_open(tmp_path) -> None:
    config = config_of(
        Source(LOCAL, free_port(), buffer_bytes=4096), Source(capture=str(tmp_path / "absent"))
    )
    with pytest.raises(CaptureError, match="absent"):
        opened(config, [])
    # The port is free again, or this would say that it is taken.
    with pytest.raises(CaptureError, match="absent"):
        opened(config, [])


def test_a_short_buffer_is_said_once_for_all_sockets(monkeypatch) -> None:
    monkeypatch.setattr("zerofeed.wire.udp.UdpReceiver.is_buffer_short", True)
    lines: list[str] = []
    config = config_of(*(Source(LOCAL, free_port(), buffer_bytes=8192) for _ in range(3)))
    for receiver in opened(config, lines):
        receiver.close()
    (line,) = lines
    assert "sysctl -w net.core.rmem_max=8192" in line


@pytest.mark.parametrize(
    ("got", "warns"),
    [("EBUSY; held by process 7 (feed)", True), ("EOPNOTSUPP (not supported)", False)],
)
def test_what_keeps_af_xdp_away_is_said_and_whose_the_packets_are(
    monkeypatch, got: str, warns: bool
) -> None:
    def refuse(*_arguments, **_options) -> None:
        raise ReceiverError("the interface will not", got=got)

    config = config_of(Source(LOCAL, free_port(), buffer_bytes=4096))
    feed = msgspec.structs.replace(config.feed, receiver="auto")
    config = msgspec.structs.replace(config, feed=feed)
    lines: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(module, "choose", lambda _config: Choice(tries_afxdp=True, interface="lo"))
        patched.setattr(module, "XdpReceiver", refuse)
        (receiver,) = opened(config, lines)
    receiver.close()
    assert receiver.kind == UDP
    line = lines[0]
    assert line.startswith("receiving by UDP sockets; not by AF_XDP, because the interface will")
    assert got in line
    assert ("may take packets away from these sockets" in line) is warns


def test_what_of_a_capture_is_not_played_is_said(tmp_path: Path) -> None:
    path = write_capture(tmp_path / "cut.pcap", of_the_venue(10))
    path.write_bytes(path.read_bytes()[:-1])
    lines: list[str] = []
    for receiver in opened(config_of(Source(capture=str(path))), lines):
        receiver.close()
    assert "cut.pcap: the file is cut behind packet 9" in lines[0]
