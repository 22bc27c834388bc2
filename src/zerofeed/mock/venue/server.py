"""Sockets, TLS and the clock of a mock venue: one port for WebSockets and for requests over REST.

    Due ─▶ publish ─▶ outbox of each client ─▶ faults ─▶ socket
                          ▲
    client's message ─────┘  (answers, snapshots, heartbeats)

One task plays the source, one a client sends its outbox, one ticks. With a pace, a client that
does not read is hung up on once :data:`BACKLOG` messages wait for it, as venues do; as fast as
possible, the replay waits for its clients instead, also while there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from zerofeed.base.errors import ResourceError
from zerofeed.mock.venue.certificate import missing_extra
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.dialect import Dialect
from zerofeed.mock.venue.faults import Action, ConnectionFaults, Faults, Ledger
from zerofeed.mock.venue.limits import Window
from zerofeed.mock.venue.replay import Due

if TYPE_CHECKING:
    import ssl

__all__ = ["BACKLOG", "Server"]

BACKLOG = 20_000
"""Messages that may wait for a client before the venue hangs up."""
_TICK_S = 0.1
_DRAIN_NS = 5_000_000_000
_DRAIN_LOOK_S = 0.002
_HELD_TICKS = 10
"""A message that waits to change places is sent after a second without a successor; a client that
does not take the closing handshake is cut after one."""
_MAX_CLIENT_BYTES = 1024 * 1024


@dataclass(slots=True)
class _Client:
    connection: Connection
    socket: Any
    faults: ConnectionFaults
    is_due: asyncio.Event = field(default_factory=asyncio.Event)
    has_room: asyncio.Event = field(default_factory=asyncio.Event)
    is_hushed: bool = False
    held_ticks: int = 0
    closing_ticks: int = 0
    pinged_ns: int = 0
    pong: asyncio.Future[float] | None = None


class Server:
    """Serves one dialect.

    Args:
        dialect: speaks.
        source: what it has to say.
        tls: the server's side; None serves without TLS.
        faults: what goes wrong.
        seed: of the faults.
        waits_for_client: begin with the first subscription, not at once.
    """

    def __init__(
        self,
        dialect: Dialect,
        source: Iterator[Due],
        *,
        tls: ssl.SSLContext | None,
        faults: Faults,
        seed: int,
        waits_for_client: bool = True,
        is_paced: bool = True,
    ) -> None:
        self.ledger = Ledger()
        self.counts: Counter[str] = Counter()
        self.is_done = asyncio.Event()
        self.port = 0
        self._dialect = dialect
        self._source = source
        self._tls = tls
        self._faults = faults
        self._seed = seed
        self._is_paced = is_paced
        self._has_subscriber = asyncio.Event()
        self._waits = waits_for_client
        if not waits_for_client:
            self._has_subscriber.set()
        self._clients: dict[int, _Client] = {}
        self._numbers = 0

    async def run(self, host: str, port: int, is_ready: asyncio.Event) -> None:
        """Serve until cancelled.

        Args:
            host: address to listen on.
            port: 0 takes any that is free; ``port`` says which.
            is_ready: set once it listens.

        Raises:
            ConfigurationError: the extra is not installed.
            ResourceError: the port is taken.
        """
        try:
            from websockets.asyncio.server import serve  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            raise missing_extra(error) from error
        try:
            listener = await serve(
                self._attend,
                host,
                port,
                ssl=self._tls,
                process_request=self._answer,
                max_size=_MAX_CLIENT_BYTES,
                ping_interval=None,  # each venue has its own
                close_timeout=1,
            )
        except OSError as error:
            raise ResourceError(
                "the mock venue cannot listen",
                where=f"{host}:{port}",
                got=error.strerror or str(error),
                next_step="name another --port, or leave it out",
            ) from error
        async with listener:
            self.port = next(iter(listener.sockets)).getsockname()[1]
            is_ready.set()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._play())
                tasks.create_task(self._tick())

    # The source.

    async def _play(self) -> None:
        await self._has_subscriber.wait()
        start_ns = time.monotonic_ns()
        for step, due in enumerate(self._source):
            wait_ns = start_ns + due.due_ns - time.monotonic_ns()
            if wait_ns > 0:
                await asyncio.sleep(wait_ns / 1e9)
            elif step % 64 == 0:
                await asyncio.sleep(0)
            if not self._is_paced:
                await self._has_subscriber.wait()
            self._dialect.now_ns = time.time_ns()
            for update in due.updates:
                self.counts["updates"] += 1
                if self._dialect.publish(update):
                    for client in list(self._clients.values()):
                        connection = client.connection
                        if update.stream in connection.by_key and connection.closing is None:
                            self._dialect.deliver(client.connection, update)
                            client.is_due.set()
                            await self._hold(client)
        await self._drain()
        self.is_done.set()

    async def _drain(self) -> None:
        """Let clients have what waits for them, as long as they take it."""
        end_ns = time.monotonic_ns() + _DRAIN_NS
        while time.monotonic_ns() < end_ns and any(  # noqa: ASYNC110 - many outboxes, no one event
            client.connection.outbox for client in self._clients.values()
        ):
            await asyncio.sleep(_DRAIN_LOOK_S)

    async def _hold(self, client: _Client) -> None:
        """Keep the backlog of one client within bounds."""
        waiting = len(client.connection.outbox)
        if self._is_paced:
            if waiting > BACKLOG:
                client.connection.outbox.clear()
                client.connection.close(1008, "reads too slowly")
        elif waiting > BACKLOG // 10 and not client.is_hushed:
            client.has_room.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(client.has_room.wait(), 30)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._dialect.now_ns = time.time_ns()
            for client in list(self._clients.values()):
                self._dialect.enforce_silence_limits(client.connection)
                self._dialect.on_tick(client.connection)
                client.held_ticks = client.held_ticks + 1 if client.faults.is_holding else 0
                client.is_due.set()
                if client.connection.closing is not None:
                    client.closing_ticks += 1
                    if client.closing_ticks > _HELD_TICKS:
                        client.socket.transport.abort()  # it does not even take the farewell
                await self._ping(client)

    async def _ping(self, client: _Client) -> None:
        """Ping as often as the venue does, and hang up on who does not answer in time."""
        limits, now_ns = self._dialect.limits, self._dialect.now_ns
        if not limits.ping_ns or client.is_hushed:
            return
        if client.pong is not None and not client.pong.done():
            if now_ns > client.pinged_ns + limits.pong_ns:
                client.connection.close(1008, "pong timeout")
        elif now_ns > max(client.pinged_ns, client.connection.opened_ns) + limits.ping_ns:
            client.pinged_ns = now_ns
            with contextlib.suppress(ConnectionError, *_closed()):
                client.pong = await client.socket.ping(str(now_ns // 1_000_000))

    # Clients.

    async def _attend(self, socket: Any) -> None:
        self._dialect.now_ns = now_ns = time.time_ns()
        self._numbers += 1
        limits = self._dialect.limits
        target = urlsplit(socket.request.path)
        connection = Connection(
            self._numbers,
            opened_ns=now_ns,
            heard_ns=now_ns,
            path=target.path,
            window=Window(limits.messages, limits.messages_per_ns),
        )
        faults = ConnectionFaults(self._faults, self._seed, self._numbers, self.ledger)
        client = _Client(connection, socket, faults)
        self._clients[connection.number] = client
        self.counts["connections"] += 1
        self._dialect.on_open(connection, dict(parse_qsl(target.query)))
        self._note_subscriptions(client)
        client.is_due.set()
        sender = asyncio.create_task(self._send(client))
        try:
            await self._listen(client)
        finally:
            del self._clients[connection.number]
            if self._waits and not any(self.subscriptions()):
                self._has_subscriber.clear()
            client.has_room.set()
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender

    async def _listen(self, client: _Client) -> None:
        with contextlib.suppress(*_closed()):
            while True:
                text = await client.socket.recv()
                if client.is_hushed:
                    continue
                self.counts["requests"] += 1
                self._dialect.now_ns = time.time_ns()
                if isinstance(text, bytes):
                    text = text.decode("utf-8", "replace")
                self._dialect.hear(client.connection, text)
                self._note_subscriptions(client)
                client.is_due.set()

    def _note_subscriptions(self, client: _Client) -> None:
        if client.connection.by_name:
            self._has_subscriber.set()

    async def _send(self, client: _Client) -> None:
        connection = client.connection
        with contextlib.suppress(*_closed()):
            while True:
                await client.is_due.wait()
                client.is_due.clear()
                while connection.outbox:
                    for action in client.faults.apply(connection.outbox.popleft()):
                        if not client.is_hushed:
                            await self._act(client, action)
                    if len(connection.outbox) < BACKLOG // 20:
                        client.has_room.set()
                if client.held_ticks > _HELD_TICKS:
                    for action in client.faults.release():
                        await self._act(client, action)
                if connection.closing is not None:
                    self.counts["hung_up"] += 1
                    await client.socket.close(*connection.closing)
                    return

    async def _act(self, client: _Client, action: Action) -> None:
        match action.kind:
            case "send":
                # Other bytes go into a text frame: a client must survive text that is no UTF-8.
                await client.socket.send(action.payload, text=not action.is_binary)
                client.connection.said_ns = time.time_ns()
                self.counts["messages"] += 1
            case "pause":
                await asyncio.sleep(action.pause_ms / 1_000)
            case "cut":
                client.socket.transport.abort()
            case "hush":
                client.is_hushed = True
                # Nothing is read any more either, so pings find no answer.
                client.socket.transport.pause_reading()

    # REST.

    def _answer(self, socket: Any, request: Any) -> Any:
        """Answer over REST; None lets the WebSocket's handshake go on."""
        target = urlsplit(request.path)
        self._dialect.now_ns = time.time_ns()
        if "websocket" in request.headers.get("Upgrade", "").lower():
            if not self._dialect.accepts(target.path):
                return socket.respond(http.HTTPStatus.NOT_FOUND, "no WebSocket here\n")
            if not self._dialect.admits(request.headers):
                return socket.respond(http.HTTPStatus.UNAUTHORIZED, "a key is needed\n")
            return None
        self.counts["rest_requests"] += 1
        answer = self._dialect.get(target.path, dict(parse_qsl(target.query)))
        response = socket.respond(http.HTTPStatus(answer.status), answer.body)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        for name, value in answer.headers:
            response.headers[name] = value
        return response

    # For whoever holds the server.

    def subscriptions(self) -> list[Subscription]:
        """Of all clients, now."""
        return [
            subscription
            for client in self._clients.values()
            for subscription in client.connection.by_name.values()
        ]


def _closed() -> tuple[type[Exception], ...]:
    """What a send or receive raises when the other side has gone."""
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - an extra

    return (ConnectionClosed,)
