"""WebSocket servers for tests, on loopback: made with the ``websockets`` library, or of bare bytes."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import pytest

pytest.importorskip("websockets")

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

__all__ = ["HOST", "Bare", "Certificates", "Server"]

HOST = "127.0.0.1"
PATIENCE_S = 20.0


class Certificates:
    """A certificate authority of the test's own, and a server's certificate by it."""

    def __init__(self, name: str = "localhost") -> None:
        trustme = pytest.importorskip("trustme")
        self._authority = trustme.CA()
        self._server = self._authority.issue_cert(name)

    def server_context(self) -> ssl.SSLContext:
        """For a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.configure_cert(context)
        return context

    def write(self, path: Any) -> str:
        """Write the authority's certificate, to be trusted."""
        self._authority.cert_pem.write_to_path(path)
        return str(path)


class Server:
    """A server whose connections wait here to be told what to do.

    Args:
        certificates: speak TLS with them.
        port: to listen on; default: any.
        options: of ``websockets.sync.server.serve``.
    """

    def __init__(
        self, certificates: Certificates | None = None, port: int = 0, **options: Any
    ) -> None:
        self._accepted: queue.SimpleQueue[ServerConnection] = queue.SimpleQueue()
        self._over = threading.Event()
        context = None if certificates is None else certificates.server_context()
        defaults: dict[str, Any] = {"compression": None, "ping_interval": None, "close_timeout": 1}
        self._server = serve(self._handle, HOST, port, ssl=context, **(defaults | options))
        self.port = self._server.socket.getsockname()[1]
        self.url = (
            f"ws://{HOST}:{self.port}/feed"
            if context is None
            else f"wss://localhost:{self.port}/feed"
        )
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self._open: list[ServerConnection] = []

    def _handle(self, connection: ServerConnection) -> None:
        self._open.append(connection)
        self._accepted.put(connection)
        with contextlib.suppress(ConnectionClosed):
            self._over.wait(PATIENCE_S * 3)

    def accept(self) -> ServerConnection:
        """The next connection."""
        return self._accepted.get(timeout=PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
        self._server.shutdown()
        self._thread.join(PATIENCE_S)


class Bare:
    """A listening socket; each connection is given to a function, one after the other."""

    def __init__(self, serve_one: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"ws://{HOST}:{self.port}/feed"
        self._serve_one = serve_one
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(PATIENCE_S)
                self._serve_one(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE_S)
