"""``MockVenue``: a mock venue in a thread of its own, for a test or a notebook.

    with MockVenue("binance-spot", symbols=["BTCUSDT"], faults="drop=0.01", seed=7) as venue:
        ...                          # a client of venue.ws_url that trusts venue.ca_file
        print(venue.told())          # what was sent, and what was done to it

The thread runs the server's event loop; every method hands its question to that loop, so an answer
is true at one instant of the replay.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from zerofeed.base.errors import BugError, ConfigurationError, ResourceError
from zerofeed.mock.venue.book import Book
from zerofeed.mock.venue.certificate import make_tls
from zerofeed.mock.venue.faults import Done, Faults, parse_faults
from zerofeed.mock.venue.market import SeededMarket
from zerofeed.mock.venue.replay import captured, made_up
from zerofeed.mock.venue.server import Server
from zerofeed.mock.venue.venues import dialect_of

__all__ = ["MockVenue"]

_PATIENCE_S = 30.0
_Value = TypeVar("_Value")


class MockVenue:
    """A venue to test against. Serves from the start of the ``with`` block to its end.

    Args:
        venue: name, as in ``zerofeed mock --help``.
        capture: a text capture to replay, or several that are merged by time.
        symbols: for a made-up market, if there is no capture.
        rate: made-up events a second; ``math.inf`` for as many as clients take.
        count: made-up events in all; without end if None.
        speed: of a capture; 1 as recorded, ``math.inf`` as fast as clients take it.
        faults: what goes wrong, as ``Faults`` or ``"drop=0.01,disconnect=0.001"``.
        seed: of the market and of the faults.
        host: address to listen on.
        port: 0 takes any that is free.
        ca_file: where to put the certificate to trust; without it a file that is removed at
            the end.
        is_tls: without it, plain ``ws`` and ``http``.
        waits_for_client: begin with the first subscription, not at once.

    Raises:
        ConfigurationError: a wrong argument or capture, or the extra ``mock`` is not installed.
    """

    def __init__(
        self,
        venue: str,
        *,
        capture: Path | str | Sequence[Path | str] | None = None,
        symbols: Sequence[str] = (),
        rate: float = 100.0,
        count: int | None = None,
        speed: float = 1.0,
        faults: Faults | str = "",
        seed: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        ca_file: Path | None = None,
        is_tls: bool = True,
        waits_for_client: bool = True,
    ) -> None:
        if (capture is None) is (not symbols):
            raise ConfigurationError(
                "a mock venue needs a capture, or symbols to make a market for",
                where=venue,
                next_step="give one of the two",
            )
        if not speed > 0 or not rate > 0:
            raise ConfigurationError("speed and rate are more than 0", got=f"{speed}, {rate}")
        self._dialect = dialect_of(venue)
        self._market = None if capture is not None else SeededMarket(symbols, seed)
        if capture is not None:
            paths = [capture] if isinstance(capture, str | Path) else list(capture)
            self._source = captured(self._dialect, [Path(path) for path in paths], speed=speed)
        else:
            assert self._market is not None
            self._source = made_up(
                self._dialect, self._market, time.time_ns, rate=rate, count=count
            )
        self._is_paced = not math.isinf(speed if capture is not None else rate)
        self._faults = parse_faults(faults) if isinstance(faults, str) else faults
        self._seed = seed
        self._host, self._port = host, port
        self._is_tls = is_tls
        self._waits = waits_for_client
        self._ca_file = ca_file
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_up = threading.Event()
        self._failure: BaseException | None = None

    # Where it is.

    @property
    def ws_url(self) -> str:
        """Where a client connects to."""
        scheme = "wss" if self._is_tls else "ws"
        return f"{scheme}://{self._authority()}{self._dialect.ws_path}"

    @property
    def ws_base(self) -> str:
        """The same without a path."""
        return f"{'wss' if self._is_tls else 'ws'}://{self._authority()}"

    @property
    def rest_url(self) -> str:
        """Where requests over REST go; the venue's own paths follow."""
        return f"{'https' if self._is_tls else 'http'}://{self._authority()}"

    @property
    def ca_file(self) -> Path:
        """The certificate that a client has to trust.

        Raises:
            ResourceError: there is none, without TLS or before the start.
        """
        if self._ca_file is None or not self._is_tls:
            raise ResourceError("there is no certificate", next_step="start with TLS")
        return self._ca_file

    @property
    def port(self) -> int:
        """Of both."""
        return self._port

    # What it says and does.

    def told(self) -> dict[str, Any]:
        """What was done so far.

        Returns:
            Counts of ``connections``, ``messages``, ``updates``, ``requests``,
            ``rest_requests`` and ``hung_up``; ``faults`` by name; ``capture_gaps`` in the books;
            ``is_done`` once the replay is at its end.
        """

        def ask(server: Server) -> dict[str, Any]:
            names = ("connections", "messages", "updates", "requests", "rest_requests", "hung_up")
            gaps = sum(book.gaps for book in self._dialect.books.values())
            return {
                **{name: server.counts[name] for name in names},
                "faults": dict(server.ledger.counts),
                "capture_gaps": gaps,
                "is_done": server.is_done.is_set(),
            }

        return self._ask(ask)

    def faults_done(self) -> list[Done]:
        """The faults done so far, in order."""
        return self._ask(lambda server: list(server.ledger.entries))

    def book(self, symbol: str) -> Book:
        """A symbol's book at this instant of the replay, as a copy.

        Raises:
            ConfigurationError: it has none.
        """

        def ask(_server: Server) -> Book | None:
            book = self._dialect.book_of(symbol)
            return None if book is None else book.copy()

        book = self._ask(ask)
        if book is None:
            raise ConfigurationError("has no book here", where=symbol)
        return book

    @property
    def symbols(self) -> list[str]:
        """Those seen so far."""
        return self._ask(lambda _server: list(self._dialect.symbols))

    def wait_done(self, timeout_s: float = _PATIENCE_S) -> bool:
        """Wait for the end of the replay; False if it takes longer."""
        assert self._loop is not None
        assert self._server is not None
        future = asyncio.run_coroutine_threadsafe(self._server.is_done.wait(), self._loop)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            return False

    # Its life.

    def start(self) -> None:
        """Listen. Returns once clients can connect.

        Raises:
            ResourceError: the port is taken.
        """
        if self._is_tls and self._ca_file is None:
            self._folder = tempfile.TemporaryDirectory(prefix="zerofeed-mock-")
            self._ca_file = Path(self._folder.name) / "ca.pem"
        self._thread = threading.Thread(target=self._run, name="mock-venue", daemon=True)
        self._thread.start()
        self._is_up.wait(_PATIENCE_S)
        if self._failure is not None:
            failure = self._failure
            self.stop()
            raise failure

    def stop(self) -> None:
        """Hang up on everybody and stop listening."""
        if self._loop is not None and self._task is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._task.cancel)
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)
            self._thread = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = self._ca_file = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None:
            self._raise_failure()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - told to whoever started the thread
            self._failure = error
        finally:
            self._is_up.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        tls = None
        if self._is_tls:
            assert self._ca_file is not None
            tls = make_tls(self._ca_file)
        self._server = Server(
            self._dialect,
            self._source,
            tls=tls,
            faults=self._faults,
            seed=self._seed,
            waits_for_client=self._waits,
            is_paced=self._is_paced,
        )
        is_ready = asyncio.Event()
        serving = asyncio.create_task(self._server.run(self._host, self._port, is_ready))
        ready = asyncio.create_task(is_ready.wait())
        try:
            await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                self._port = self._server.port
                self._is_up.set()
            await serving
        finally:
            serving.cancel()
            ready.cancel()
            await asyncio.gather(serving, ready, return_exceptions=True)

    def _ask(self, question: Callable[[Server], _Value]) -> _Value:
        self._raise_failure()
        assert self._loop is not None
        assert self._server is not None
        server = self._server

        async def ask() -> _Value:
            return question(server)

        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result(_PATIENCE_S)

    def _raise_failure(self) -> None:
        """Tell what ended the thread, if anything did."""
        if self._failure is not None:
            raise BugError(
                "the mock venue failed", where=self._dialect.name, got=repr(self._failure)
            ) from self._failure

    def _authority(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"
