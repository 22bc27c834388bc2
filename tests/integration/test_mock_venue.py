"""A client of the `websockets` library keeps its book right against the mock, whatever goes wrong.

The client knows only the venue's documented rules (tests/unit/mock/venue/clients.py). It connects
over TLS to a mock venue in another thread, and its book is compared with the venue's own.
"""

import asyncio
import contextlib
import math
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.unit.mock.venue.clients import CLIENTS, Action, Get, PlainClient, client_of
from zerofeed.mock.venue import MockVenue
from zerofeed.mock.venue.faults import FAULT_NAMES

pytest.importorskip("trustme", reason="the extra `mock`")
connect = pytest.importorskip("websockets.asyncio.client", reason="the extra `mock`").connect
exceptions = pytest.importorskip("websockets.exceptions")

__all__: list[str] = []

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ALWAYS = ("binance-spot", "kraken-v2", "bitmex")
NAMES = [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.long) for name in CLIENTS]

DEPTHS = {"kraken-v1": 10, "kraken-v2": 10}
QUIET_S = 0.6
COUNT = 2_000


class Session:
    """One plain client with a real connection; a new one whenever it breaks."""

    def __init__(self, venue: MockVenue, client: PlainClient) -> None:
        self.venue = venue
        self.client = client
        self.trust = ssl.create_default_context(cafile=str(venue.ca_file))
        self.connections = 0
        self.runner = asyncio.Runner()
        self.stack = contextlib.AsyncExitStack()
        self.open(client.opening())

    def open(self, actions: Iterable[Action]) -> None:
        self.runner.run(self.stack.aclose())
        self.connections += 1
        self.socket = self.runner.run(
            self.stack.enter_async_context(
                connect(
                    self.venue.ws_url,
                    ssl=self.trust,
                    additional_headers=self.client.headers,
                    max_size=2**20,
                    close_timeout=0.2,
                    ping_interval=None,
                )
            )
        )
        self.act(actions)

    def close(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def receive(self) -> str | bytes:
        return self.runner.run(asyncio.wait_for(self.socket.recv(), QUIET_S))

    def act(self, actions: Iterable[Action]) -> None:
        waiting = deque(actions)
        while waiting:
            action = waiting.popleft()
            if isinstance(action, Get):
                with urllib.request.urlopen(
                    f"{self.venue.rest_url}{action.path}", context=self.trust, timeout=10
                ) as answer:
                    waiting.extend(self.client.answer(action, answer.read().decode()))
            else:
                self.runner.run(self.socket.send(action))

    def run(self) -> None:
        """Listen until the replay is done and everything has arrived."""
        while True:
            try:
                self.act(self.client.hear(self.receive()))
            except TimeoutError:
                if self.venue.told()["is_done"]:
                    return
                self.open(self.client.reconnect())  # it lives no more
            except exceptions.ConnectionClosed:
                self.open(self.client.reconnect())

    def settle(self) -> None:
        """Ask for every book once more on a fresh connection, and listen to what comes."""
        self.open(self.client.reconnect())
        try:
            while True:
                self.act(self.client.hear(self.receive()))
        except TimeoutError:
            return


@contextlib.contextmanager
def served(
    name: str, faults: str = "", count: int = COUNT, seed: int = 5, rate: float = math.inf
) -> Iterator[Session]:
    client = client_of(name)
    with MockVenue(
        name, symbols=client.symbols, rate=rate, count=count, faults=faults, seed=seed
    ) as venue:
        session = Session(venue, client)
        try:
            yield session
        finally:
            session.close()


def assert_same_books(session: Session, name: str) -> None:
    for symbol in session.client.symbols:
        bids, asks = session.venue.book(symbol).values()
        depth = DEPTHS.get(name)
        wanted = (
            {price: bids[price] for price in sorted(bids, reverse=True)[:depth]},
            {price: asks[price] for price in sorted(asks)[:depth]},
        )
        assert session.client.values(symbol) == wanted, symbol


@pytest.mark.parametrize("name", NAMES)
def test_book_of_a_plain_client_equals_the_venues(name: str) -> None:
    with served(name) as session:
        session.run()
        assert_same_books(session, name)
        assert session.client.gaps == session.client.mismatched == session.client.malformed == 0
        told = session.venue.told()
        assert told["faults"] == {}
        assert told["connections"] == session.connections == 1


@pytest.mark.parametrize("name", NAMES)
def test_book_is_right_again_after_drops_and_disconnects(name: str) -> None:
    # At a pace, since a replay as fast as possible is over before a snapshot over REST is there.
    with served(name, "drop=0.01,disconnect=0.002", rate=2_500) as session:
        session.run()
        told = session.venue.told()
        assert told["faults"]["drop"] > 0
        assert told["connections"] == 1 + told["faults"].get("disconnect", 0)
        if name not in {"coinbase", "bitmex"}:  # who number nothing
            assert session.client.gaps > 0
        for symbol, last in session.client.last.items():
            book = session.venue.book(symbol)
            if last == book.last and symbol in session.client.live:
                # Resynchronised on the way, not by asking at the end.
                assert session.client.values(symbol) == book.values()
        session.settle()
        assert_same_books(session, name)


@pytest.mark.parametrize(
    "name",
    [
        "binance-spot",
        "kraken-v2",
        pytest.param("okx", marks=pytest.mark.long),
        pytest.param("bitfinex", marks=pytest.mark.long),
    ],
)
def test_book_is_right_again_after_every_fault_there_is(name: str) -> None:
    faults = ",".join(f"{each}=0.006" for each in FAULT_NAMES if each != "half-open")
    with served(
        name, f"{faults},half-open=0.001,delay_ms=1,oversized_bytes=3000000", rate=2_500
    ) as session:
        session.run()
        session.settle()
        assert_same_books(session, name)
        done = session.venue.told()["faults"]
        assert len(done) > 3, "too few faults happened to prove anything"


def test_same_seed_does_the_same_faults() -> None:
    runs = []
    for _ in range(2):
        with served("binance-usdm", "drop=0.02,duplicate=0.02", count=500) as session:
            session.run()
            runs.append(session.venue.faults_done())
    shorter = min(map(len, runs))
    assert shorter > 5
    assert runs[0][:shorter] == runs[1][:shorter]


def test_client_without_the_certificate_is_turned_away() -> None:
    async def visit(url: str) -> None:
        async with connect(url, ssl=ssl.create_default_context()):
            pass

    with MockVenue("kraken-v2", symbols=["BTC/USD"]) as venue:
        with pytest.raises(ssl.SSLCertVerificationError):
            asyncio.run(visit(venue.ws_url))
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE"):
            urllib.request.urlopen(f"{venue.rest_url}/0/public/Time")


def test_client_that_says_too_much_is_hung_up_on() -> None:
    async def chatter(venue: MockVenue) -> int:
        trust = ssl.create_default_context(cafile=str(venue.ca_file))
        async with connect(venue.ws_url, ssl=trust) as socket:
            with contextlib.suppress(exceptions.ConnectionClosed):
                for number in range(20):
                    await socket.send(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
            await asyncio.wait_for(socket.wait_closed(), 5)
            return int(socket.close_code)

    with MockVenue("binance-spot", symbols=["BTCUSDT"]) as venue:
        assert asyncio.run(chatter(venue)) == 1008
        assert venue.told()["hung_up"] == 1


def test_unknown_paths_are_404_for_websockets_and_rest() -> None:
    async def visit(url: str) -> None:
        async with connect(url):
            pass

    with MockVenue("okx", symbols=["BTC-USDT"], is_tls=False) as venue:
        with pytest.raises(exceptions.InvalidStatus, match="404"):
            asyncio.run(visit(f"{venue.ws_base}/ws/v9"))
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"{venue.rest_url}/nothing")
        refused.value.close()


def test_request_weight_beyond_the_limit_is_429() -> None:
    with MockVenue("binance-spot", symbols=["BTCUSDT"], is_tls=False) as venue:
        url = f"{venue.rest_url}/api/v3/depth?symbol=BTCUSDT&limit=5000"
        for _ in range(24):
            urllib.request.urlopen(url).close()
        with pytest.raises(urllib.error.HTTPError, match="429") as refused:
            urllib.request.urlopen(url)
        refused.value.close()
        assert refused.value.headers["Retry-After"] == "60"


def test_capture_is_replayed_to_the_same_book(captures: Path) -> None:
    client = CLIENTS["binance-spot"][0](["BTCUSDT"])
    client.limit = 5_000  # levels, so that none is missing
    capture = captures / "binance" / "btcusdt_20240808.gz"
    with MockVenue("binance-spot", capture=capture, speed=math.inf) as venue:
        session = Session(venue, client)
        session.run()
        assert_same_books(session, "binance-spot")
        assert client.gaps == 0
        told = venue.told()
        assert told["capture_gaps"] == 0
        session.close()


def test_command_serves_until_interrupted() -> None:
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "zerofeed", "mock", "kraken-v2"),
            *("--generate", "--symbols", "BTC/USD", "--plain", "--json"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        assert '"ws_url": "ws://127.0.0.1:' in line
        child.send_signal(2)
        out, errors = child.communicate(timeout=20)
        assert child.returncode == 0, errors
        assert '"connections": 0' in out
        assert errors == ""
    finally:
        child.kill()
        child.wait()
