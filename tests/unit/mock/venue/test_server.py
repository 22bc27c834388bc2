"""One port serves WebSockets and REST; faults happen to the connection and to nothing else."""

import asyncio
import contextlib
import json
import math
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.unit.mock.venue.rig import NOW_NS
from zerofeed.base.errors import ResourceError
from zerofeed.mock.venue import server as module
from zerofeed.mock.venue.binance import BinanceSpot
from zerofeed.mock.venue.faults import Faults
from zerofeed.mock.venue.limits import Limits
from zerofeed.mock.venue.market import SeededMarket
from zerofeed.mock.venue.replay import made_up
from zerofeed.mock.venue.server import Server

websockets = pytest.importorskip("websockets", reason="the extra `mock`")
# A client that leaves with messages unread would wait this long for the closing handshake.
connect = partial(pytest.importorskip("websockets.asyncio.client").connect, close_timeout=0.01)
ConnectionClosed = pytest.importorskip("websockets.exceptions").ConnectionClosed

__all__: list[str] = []

Visit = Callable[[Server, str], Awaitable[Any]]
STREAMS = "/stream?streams=ab@depth/ab@trade"


@pytest.fixture(autouse=True)
def _ticks_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TICK_S", 0.005)


def serving(
    visit: Visit,
    *,
    faults: Faults | None = None,
    dialect: BinanceSpot | None = None,
    **options: Any,
) -> Any:
    """Run a visit to a server of a made-up market."""
    spoken = dialect or BinanceSpot()
    market = SeededMarket(["AB"], 1)
    source = made_up(spoken, market, lambda: NOW_NS, rate=math.inf, count=200)

    async def run() -> Any:
        server = Server(
            spoken,
            options.pop("source", source),
            tls=None,
            faults=faults or Faults(),
            seed=1,
            is_paced=options.pop("is_paced", False),
            **options,
        )
        is_ready = asyncio.Event()
        task = asyncio.create_task(server.run("127.0.0.1", 0, is_ready))
        await asyncio.wait_for(is_ready.wait(), 10)
        try:
            return await asyncio.wait_for(visit(server, f"127.0.0.1:{server.port}"), 20)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so; the visit's own limit ends a wait in vain."""
    while not condition():  # noqa: ASYNC110 - it is the server's state, which has no event
        await asyncio.sleep(0)


async def listen(socket: Any) -> None:
    """Until the connection ends."""
    while True:
        await socket.recv()


def test_websockets_and_rest_share_a_port() -> None:
    async def visit(server: Server, address: str) -> Any:
        def get() -> Any:
            with urllib.request.urlopen(f"http://{address}/api/v3/time") as answer:
                assert answer.headers["Content-Type"] == "application/json"
                return json.load(answer)

        told = await asyncio.get_running_loop().run_in_executor(None, get)
        async with connect(f"ws://{address}{STREAMS}") as socket:
            first = json.loads(await socket.recv())
        return told, first

    told, first = serving(visit)
    assert told["serverTime"] > 0
    assert first["stream"].startswith("ab@")


def test_replay_begins_with_the_first_subscription() -> None:
    async def visit(server: Server, address: str) -> Any:
        async with connect(f"ws://{address}/ws") as socket:
            await socket.send('{"method":"LIST_SUBSCRIPTIONS","id":1}')
            await socket.recv()
            before = server.counts["updates"]
            await socket.send('{"method":"SUBSCRIBE","params":["ab@depth"],"id":2}')
            await server.is_done.wait()
            return before, server.counts["updates"]

    before, after = serving(visit)
    assert before == 0
    assert after > 200


@pytest.mark.slow
def test_replay_at_full_speed_waits_while_nobody_listens() -> None:
    async def visit(server: Server, address: str) -> Any:
        async with connect(f"ws://{address}{STREAMS}") as socket:
            await socket.recv()
        await until(lambda: not server.subscriptions())
        left = server.is_done.is_set()
        async with connect(f"ws://{address}{STREAMS}"):
            await server.is_done.wait()
        return left

    dialect = BinanceSpot()
    market = SeededMarket(["AB"], 1)

    source = made_up(dialect, market, lambda: NOW_NS, rate=math.inf, count=3_000)
    assert serving(visit, dialect=dialect, source=source) is False


def test_disconnected_client_sees_no_closing_handshake() -> None:
    async def visit(server: Server, address: str) -> Any:
        async with connect(f"ws://{address}{STREAMS}") as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        return closed.value.rcvd, dict(server.ledger.counts)

    rcvd, counts = serving(visit, faults=Faults(disconnect=1.0))
    assert rcvd is None
    assert counts["disconnect"] == 1


@pytest.mark.slow
def test_half_open_connection_stays_open_and_answers_nothing() -> None:
    async def visit(server: Server, address: str) -> Any:
        async with connect(f"ws://{address}{STREAMS}") as socket:
            await until(lambda: bool(server.ledger.counts["half-open"]))
            pong = await socket.ping()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(pong), 0.05)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.05)
            return dict(server.ledger.counts), server.counts["messages"]

    assert serving(visit, faults=Faults(half_open=1.0)) == ({"half-open": 1}, 0)


def test_garbage_reaches_the_client_as_a_text_frame() -> None:
    async def visit(server: Server, address: str) -> Any:
        heard: list[bytes] = []
        async with connect(f"ws://{address}{STREAMS}") as socket:
            with contextlib.suppress(TimeoutError):
                while True:
                    heard.append(await asyncio.wait_for(socket.recv(decode=False), 0.1))
        return heard

    heard = serving(visit, faults=Faults(garbage=1.0))
    assert len(heard) > 100
    for payload in heard:
        with pytest.raises(ValueError):  # noqa: PT011 - broken as JSON or as UTF-8, by turns
            json.loads(payload)


def test_last_held_message_is_sent_when_no_successor_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_HELD_TICKS", 1)

    async def visit(server: Server, address: str) -> Any:
        async with connect(f"ws://{address}/ws/ab@trade") as socket:
            texts = set()
            with contextlib.suppress(TimeoutError):
                while True:
                    texts.add(await asyncio.wait_for(socket.recv(), 0.1))
        return texts, server.counts["messages"]

    texts, sent = serving(visit, faults=Faults(reorder=1.0))
    assert len(texts) == sent > 20


class Impatient(BinanceSpot):
    """Pings all the time."""

    limits = replace(BinanceSpot.limits, ping_ns=1, pong_ns=1)


class Talkative(BinanceSpot):
    """Pings, and waits for long."""

    limits = Limits(ping_ns=1)


def test_venue_pings_and_hears_the_pong() -> None:
    async def visit(server: Server, address: str) -> Any:
        async with connect(f"ws://{address}/ws/nothing@trade") as socket:
            (client,) = server._clients.values()
            await until(lambda: client.pong is not None and client.pong.done())
            return client.pong.result() >= 0 and socket.close_code is None

    assert serving(visit, dialect=Talkative())


def test_client_that_does_not_pong_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HELD_TICKS", 10_000)  # the farewell is to arrive

    async def visit(server: Server, address: str) -> Any:
        async with connect(f"ws://{address}/ws/nothing@trade") as socket:
            socket.transport.pause_reading()
            await until(lambda: bool(server.counts["hung_up"]))
            socket.transport.resume_reading()
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            return closed.value.rcvd

    closing = serving(visit, dialect=Impatient())
    assert (closing.code, closing.reason) == (1008, "pong timeout")


def test_client_that_reads_too_slowly_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKLOG", 10)
    monkeypatch.setattr(module, "_HELD_TICKS", 10_000)  # the farewell is to arrive

    async def visit(server: Server, address: str) -> Any:
        async with connect(f"ws://{address}{STREAMS}") as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(listen(socket), 10)
            rcvd = closed.value.rcvd
            return rcvd.code, rcvd.reason, server.counts["hung_up"]

    assert serving(visit, is_paced=True) == (1008, "reads too slowly", 1)


def test_port_that_is_taken_is_told() -> None:
    async def visit(server: Server, address: str) -> Any:
        second = Server(BinanceSpot(), iter(()), tls=None, faults=Faults(), seed=1)
        with pytest.raises(ResourceError, match="cannot listen"):
            await second.run("127.0.0.1", server.port, asyncio.Event())

    serving(visit)
