"""A whole feed whose source is a WebSocket: what a server says becomes records, whatever happens.

The packets are Deribit's, as binary messages: nothing here depends on what a message contains.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.runtime.live import Live, make_config, until
from tests.unit.runtime.venue_packets import Packets, comparable, decode, joined, of_the_venue
from tests.unit.wire.websocket.servers import Certificates, Server
from zerofeed.runtime.config import Source

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow, pytest.mark.timeout(120)]

LONGEST = 65536


def source(url: str, **options) -> Source:
    return Source(
        url=url, region_bytes=1 << 18, longest_message_bytes=LONGEST, renew_hours=0, **options
    )


def config_of(url: str, *, options: dict | None = None, **settings):
    return make_config(
        source=source(url, **(options or {})), records=1 << 15, frames=512, **settings
    )


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
    with Server(certificates) as server:
        with (
            Live(config_of(server.url, options=options), tmp_path / "log") as live,
            live.attach() as feed,
            feed.reader("lossless", start="oldest") as reader,
        ):
            send(server.accept(), packets)
            records = read_all(feed, reader, len(packets))
            assert feed.metrics["connections_opened"] == 1
            assert feed.metrics["connections_lost"] == 0
    assert comparable(records).tobytes() == comparable(decode(packets)).tobytes()
    assert (records["flags"] & 8 == 0).all()
