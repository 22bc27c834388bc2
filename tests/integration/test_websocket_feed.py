"""A whole feed whose source is a WebSocket: what a server says becomes records, whatever happens.

The packets are Deribit's, as binary messages: nothing here depends on what a message contains.
"""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from tests.unit.runtime.live import Live, make_config, until
from tests.unit.runtime.venue_packets import Packets, comparable, decode, joined, of_the_venue
from tests.unit.wire.websocket.servers import Certificates, Server
from zerofeed.records.flags import BAD_TS_RECV
from zerofeed.records.kinds import EPOCH
from zerofeed.runtime.config import Source
from zerofeed.wire._arrival_kernels import LOST_FLAG

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow, pytest.mark.timeout(120)]

LONGEST = 65536


def config_of(url: str, **options):
    """A feed with one WebSocket and a region that is soon full."""
    sizes = {"region_bytes": 1 << 18, "longest_message_bytes": LONGEST, "renew_hours": 0}
    source = Source(url=url, **(sizes | options))
    return make_config(source=source, records=1 << 15, frames=512)


def send(connection, packets: Packets) -> None:
    for k in range(len(packets)):
        connection.send(packets.payload(k))


def read_all(feed, reader, count: int):
    """Everything that becomes of ``count`` packets."""
    parts: list[np.ndarray] = []

    def take() -> bool:
        while (batch := reader.poll()).size:
            parts.append(reader.copy(batch))
        return True

    until(lambda: take() and feed.metrics["packets_received"] >= count, "everything was taken")
    until(lambda: take() and feed.metrics["records_published"] == reader.position, "all read")
    assert reader.lost == 0
    return joined(parts)


@pytest.mark.parametrize("is_secure", [False, True], ids=["ws", "wss"])
def test_what_a_server_sends_becomes_records(tmp_path, is_secure: bool) -> None:
    packets = of_the_venue(1500)
    certificates = Certificates() if is_secure else None
    options = {"ca_file": certificates.write(tmp_path / "ca.pem")} if certificates else {}
    with (
        Server(certificates) as server,
        Live(config_of(server.url, **options), tmp_path / "log") as live,
        live.attach() as feed,
        feed.reader("lossless", start="oldest") as reader,
    ):
        send(server.accept(), packets)
        records = read_all(feed, reader, len(packets))
        assert feed.metrics["connections_opened"] == 1
        assert feed.metrics["connections_lost"] == 0
    # What came while the connection was opened has no arrival time of the kernel's, and says so.
    records = records[records["kind"] != EPOCH]
    is_late = records["flags"] & BAD_TS_RECV != 0
    assert not np.diff(is_late.astype(np.int8)).max(initial=0) > 0, "only the first ones"
    records["flags"] &= ~np.uint8(BAD_TS_RECV)
    assert comparable(records).tobytes() == comparable(decode(packets)).tobytes()


def test_frames_are_where_the_messages_are_and_a_slow_lossless_reader_holds_them(tmp_path) -> None:
    """A region of 256 KiB and messages of 30 KiB: bytes are needed again long before ring slots are."""
    # Malformed for the protocol, which is counted; frames are frames.
    messages = [bytes([k]) * 30_000 for k in range(60)]
    with (
        Server() as server,
        Live(config_of(server.url), tmp_path / "log") as live,
        live.attach() as feed,
        feed.frames("lossless", start="oldest") as reader,
    ):
        connection = server.accept()
        sender = threading.Thread(target=lambda: [connection.send(each) for each in messages])
        sender.start()
        seen: list[bytes] = []
        while len(seen) < len(messages):
            assert reader.wait(20.0)
            seen += [feed.payload(frame).tobytes() for frame in reader.poll()]
        sender.join()
        assert seen == messages
        assert (reader.lost, reader.mode) == (0, "lossless")
        assert feed.metrics["readers_degraded"] == 0


def test_a_killed_worker_is_replaced_connects_again_and_readers_are_told(tmp_path) -> None:
    packets = of_the_venue(400)
    with (
        Server() as server,
        Live(config_of(server.url, region_bytes=1 << 22), tmp_path / "log") as live,
        live.attach() as feed,
        feed.frames(start="oldest") as frames,
    ):
        send(server.accept(), packets.chosen(slice(0, 200)))
        until(lambda: feed.metrics["packets_received"] == 200, "the first half came")
        os.kill(feed.status()["worker_pid"], signal.SIGKILL)
        connection = server.accept()
        until(lambda: feed.epoch == 2, "there is a successor")
        send(connection, packets.chosen(slice(200, 400)))
        # The news of the loss is a frame and a record, and no packet.
        until(lambda: feed.metrics["packets_received"] == 400, "everything came")
        flags = []
        while (batch := frames.poll()).size:
            flags += batch["flags"].tolist()
        lost = [bool(each & LOST_FLAG) for each in flags]
        assert lost == [False] * 200 + [True] + [False] * 200
        assert feed.metrics["connections_opened"] == 2
        assert feed.metrics["packets_malformed"] == 0


def test_a_server_that_is_not_there_yet_is_waited_for(tmp_path) -> None:
    packets = of_the_venue(50)
    with Server() as absent:
        url = absent.url
    with Live(config_of(url), tmp_path / "log") as live, live.attach() as feed:
        until(lambda: feed.metrics["connections_failed"] >= 2, "it tried and tried")
        port = int(url.rpartition(":")[2].partition("/")[0])
        with Server(port=port) as server:
            send(server.accept(), packets)
            until(lambda: feed.metrics["packets_received"] == 50, "everything came")
        until(lambda: any("connection lost" in line for line in live.lines()), "its end is told")
        failures = [line for line in live.lines() if "cannot connect" in line]
        assert "Connection refused" in failures[0]
