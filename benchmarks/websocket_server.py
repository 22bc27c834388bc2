"""A venue that says what it has as fast as it can, or at a pace: TLS, one connection, frames made in advance."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import tempfile
from pathlib import Path

__all__ = ["Venue", "frame_of"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT = 0x81
_SHORT, _MEDIUM = 126, 1 << 16


def frame_of(message: bytes) -> bytes:
    """Wrap a text in a server's frame: not masked, one piece."""
    if len(message) < _SHORT:
        return bytes([_TEXT, len(message)]) + message
    if len(message) < _MEDIUM:
        return bytes([_TEXT, _SHORT]) + len(message).to_bytes(2, "big") + message
    return bytes([_TEXT, 127]) + len(message).to_bytes(8, "big") + message


class Venue:
    """A listening socket with a certificate of its own.

    Attributes:
        port: where it listens.
        ca_file: the authority that clients must trust.
    """

    def __init__(self) -> None:
        import trustme  # noqa: PLC0415 - of the extra mock

        authority = trustme.CA()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(self._context)
        self._folder = tempfile.TemporaryDirectory()
        self.ca_file = Path(self._folder.name) / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """What a client connects to."""
        return f"wss://127.0.0.1:{self.port}/stream"

    def accept(self) -> ssl.SSLSocket:
        """Let one client in, and wait until it says anything: it is ready then."""
        plain, _ = self._listener.accept()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._context.wrap_socket(plain, server_side=True)
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        lines = dict(
            line.lower().split(b": ", 1) for line in request.split(b"\r\n")[1:] if b": " in line
        )
        key = next(
            line.split(b": ", 1)[1]
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key")
        )
        assert b"upgrade" in lines
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        connection.recv(65536)
        return connection

    def close(self) -> None:
        """Stop listening, and remove the certificate."""
        self._listener.close()
        self._folder.cleanup()
