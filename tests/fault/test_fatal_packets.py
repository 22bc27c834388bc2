"""A packet that kills the worker costs two workers, and then itself only."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.runtime.live import CAUSES, Live, Packeteer, make_config, until
from zerofeed.records import kinds

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def toy():
    """The toy protocol; compiled here, and not when tests are collected."""
    from tests.unit.runtime import toy

    return toy


@pytest.fixture
def config(toy, monkeypatch):
    """A feed of the toy protocol."""
    from zerofeed.runtime import protocols

    monkeypatch.setitem(protocols.PROTOCOLS, "toy", toy.TOY)
    made = make_config()
    feed = msgspec.structs.replace(made.feed, protocol="toy")
    return msgspec.structs.replace(made, feed=feed)


def numbers_of(feed, reader) -> list[int]:
    """Read all trades; the number that each carries."""
    until(lambda: feed.metrics["records_published"] == feed.published, "all is published")
    seen: list[int] = []
    while (batch := reader.poll()).size:
        trades = batch[batch["kind"] == kinds.TRADE]
        seen += trades["price"].tolist()
    return seen


@pytest.mark.parametrize("fatal", [{5}, {0}, {3, 4, 9, 14, 20, 21}], ids=["one", "first", "six"])
def test_a_packet_that_kills_is_skipped_and_the_others_are_not(
    toy, config, tmp_path, fatal: set[int]
) -> None:
    packets = [toy.packet(number, is_fatal=number in fatal) for number in range(30)]
    with (
        Live(config, tmp_path / "log", is_to_crash=True) as live,
        live.attach() as feed,
        feed.reader("lossless", start="oldest") as reader,
        Packeteer(feed, config) as sender,
    ):
        sender.send_bytes(packets)
        sender.drain()
        assert numbers_of(feed, reader) == [n for n in range(30) if n not in fatal]
        metrics = feed.metrics
        assert metrics["packets_malformed"] == len(fatal)
        assert metrics["packets_received"] == 30 == sum(metrics[f"packets_{c}"] for c in CAUSES)
        assert feed.epoch == 1 + 2 * len(fatal)

        def skipped() -> list[str]:
            return [line for line in live.lines() if "has ended two workers" in line]

        # The worker says it, and its supervisor passes it on in its own time.
        until(lambda: len(skipped()) >= len(fatal), "every skipped frame is named")
        told = skipped()
        assert len(told) == len(fatal)
        for line, frame in zip(told, sorted(fatal), strict=True):
            assert line.startswith(f"frame {frame} of 127.0.0.1:")
            assert "2 bytes" in line
            assert "skipped and counted as malformed" in line
        assert sum("signal SIGSEGV" in line for line in live.lines()) == 2 * len(fatal)
