"""A mock venue lives as long as its block, and tells at any time what was done."""

import asyncio
import json
import math
import ssl
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from zerofeed.base.errors import BugError, ConfigurationError, ResourceError
from zerofeed.mock.venue import MockVenue
from zerofeed.mock.venue.replay import Due

__all__: list[str] = []

pytest.importorskip("trustme", reason="the extra `mock`")
connect = pytest.importorskip("websockets.asyncio.client", reason="the extra `mock`").connect


async def subscribe(venue: MockVenue, count: int) -> list[str | bytes]:
    trust = ssl.create_default_context(cafile=str(venue.ca_file)) if "wss" in venue.ws_url else None
    async with connect(
        f"{venue.ws_base}/ws/btcusdt@depth", ssl=trust, close_timeout=0.01
    ) as socket:
        return [await asyncio.wait_for(socket.recv(), 10) for _ in range(count)]


@pytest.mark.slow
def test_client_with_the_ca_file_is_served_over_tls() -> None:
    with MockVenue("binance-spot", symbols=["BTCUSDT"], rate=math.inf, count=200) as venue:
        assert venue.ws_url == f"wss://127.0.0.1:{venue.port}/stream"
        assert venue.rest_url == f"https://127.0.0.1:{venue.port}"
        ca_file = venue.ca_file
        assert len(asyncio.run(subscribe(venue, 30))) == 30
        trust = ssl.create_default_context(cafile=str(ca_file))
        with urllib.request.urlopen(f"{venue.rest_url}/api/v3/ping", context=trust) as answer:
            assert answer.read() == b"{}"
    assert not ca_file.exists()


def test_venue_tells_what_was_done() -> None:
    with MockVenue(
        "binance-spot",
        symbols=["BTCUSDT"],
        rate=math.inf,
        count=100,
        faults="duplicate=1",
        is_tls=False,
    ) as venue:
        assert venue.told()["is_done"] is False
        first, second = asyncio.run(subscribe(venue, 2))
        assert first == second
        told = venue.told()
        assert told["connections"] == 1
        assert told["faults"]["duplicate"] == len(venue.faults_done()) >= 1
        assert venue.symbols == ["BTCUSDT"]


def test_replay_that_does_not_wait_for_clients_ends_by_itself() -> None:
    with MockVenue(
        "okx",
        symbols=["A-B"],
        rate=math.inf,
        count=50,
        is_tls=False,
        waits_for_client=False,
    ) as venue:
        assert venue.wait_done(20)
        assert venue.told()["is_done"] is True


def test_wait_ends_by_its_patience() -> None:
    with MockVenue("okx", symbols=["A-B"], is_tls=False) as venue:
        assert venue.wait_done(0.01) is False


def test_book_is_a_copy_of_the_present() -> None:
    with MockVenue("okx", symbols=["A-B"], is_tls=False) as venue:
        book = venue.book("A-B")
        assert book.count("bids") > 0
        assert book is not venue.book("A-B")
        with pytest.raises(ConfigurationError, match="C-D"):
            venue.book("C-D")


def test_capture_is_served(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    trade = {"e": "trade", "E": 1, "s": "BTCUSDT", "p": "1.50"}
    path.write_text(f"1700000000000000000 {json.dumps(trade)}\n")
    with MockVenue("binance-spot", capture=path, is_tls=False, speed=math.inf) as venue:

        async def listen() -> str | bytes:
            async with connect(f"{venue.ws_base}/ws/btcusdt@trade") as socket:
                return await asyncio.wait_for(socket.recv(), 10)

        assert asyncio.run(listen()) == json.dumps(trade)


def test_port_that_is_taken_is_told_at_the_start() -> None:
    with MockVenue("okx", symbols=["A-B"], is_tls=False) as venue:
        second = MockVenue("okx", symbols=["A-B"], is_tls=False, port=venue.port)
        with pytest.raises(ResourceError, match="cannot listen"):
            second.start()


def test_certificate_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    ca_file = tmp_path / "trust.pem"
    with MockVenue("okx", symbols=["A-B"], ca_file=ca_file) as venue:
        assert venue.ca_file == ca_file
    assert ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")


def test_without_tls_there_is_no_certificate() -> None:
    with (
        MockVenue("okx", symbols=["A-B"], is_tls=False) as venue,
        pytest.raises(ResourceError, match="no certificate"),
    ):
        _ = venue.ca_file


def test_failure_in_the_thread_is_told_to_who_asks() -> None:
    is_up = threading.Event()

    def broken() -> Iterator[Due]:
        while not is_up.is_set():
            yield Due(0, [])
        raise ValueError("no such luck")

    venue = MockVenue("okx", symbols=["A-B"], is_tls=False, waits_for_client=False)
    venue._source = broken()
    venue.start()
    is_up.set()
    assert venue._thread is not None
    venue._thread.join(20)
    with pytest.raises(BugError, match="no such luck"):
        venue.told()
    venue.stop()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "a capture, or symbols"),
        ({"symbols": ["A-B"], "capture": "x"}, "a capture, or symbols"),
        ({"symbols": ["A-B"], "rate": 0.0}, "more than 0"),
        ({"symbols": ["A-B"], "faults": "dorp=1"}, "no fault"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, object], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        MockVenue("okx", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["trustme", "websockets.asyncio.server"])
def test_absent_extra_is_named_at_the_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    venue = MockVenue("okx", symbols=["A-B"], is_tls=name == "trustme")
    with pytest.raises(ConfigurationError, match=r"zerofeed\[mock\]"):
        venue.start()
