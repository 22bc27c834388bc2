"""From an address to an open WebSocket: name, TCP, proxy, TLS, handshake. Blocks; for a thread.

Certificates and host names are always verified. TLS goes through memory (``ssl.MemoryBIO``) and not
through the socket: one receive call then brings many TLS records with the kernel's arrival time, and
decryption is given the place in the arena to write to. See ADR 0016.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass

from zerofeed.base.errors import ConfigurationError
from zerofeed.wire.websocket.endpoint import Endpoint
from zerofeed.wire.websocket.handshake import (
    HEAD_BYTES,
    Agreed,
    Handshake,
    HandshakeError,
    parse_head,
    seconds_of,
)

__all__ = ["DialError", "Opened", "Tls", "dial", "keep_stamps_on", "make_context"]

_SO_TIMESTAMPNS = 35
_READ_BYTES = 65536
_HTTP_OK = 200
_CERTIFICATE_S = 30.0
_DEFAULT_PROXY_PORT = 8080


class DialError(Exception):
    """An attempt that failed.

    Attributes:
        what: for people, in a few words.
        status: HTTP status of a refusal, 0 where there was none.
        least_s: do not try again earlier.
        asked_s: what the server said of when to come again.
    """

    def __init__(
        self, what: str, *, status: int = 0, least_s: float = 0.0, asked_s: float | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.status = status
        self.least_s = least_s
        self.asked_s = asked_s


class Tls:
    """TLS between two buffers in memory. One thread at a time.

    Attributes:
        session: Python's TLS object, which reads from ``incoming`` and writes to ``outgoing``.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)


@dataclass(slots=True)
class Opened:
    """An open connection.

    Attributes:
        sock: not blocking any more.
        tls: None without TLS.
        agreed: what the handshake agreed on.
        rest: bytes that came behind the answer, decrypted.
    """

    sock: socket.socket
    tls: Tls | None
    agreed: Agreed
    rest: bytes


def make_context(endpoint: Endpoint) -> ssl.SSLContext | None:
    """Load the certificates to trust; None without TLS.

    Raises:
        ConfigurationError: the file of certificates cannot be used.
    """
    if not endpoint.is_secure:
        return None
    try:
        return ssl.create_default_context(cafile=endpoint.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            "has no certificates that can be used",
            where=f"source.ca_file {endpoint.ca_file}",
            expected="a file of certificates in PEM",
            got=str(error),
        ) from error


def keep_stamps_on() -> socket.socket:
    """Have the kernel note arrival times from now on, until the socket that is returned is closed.

    It notes them while any socket asks for it, and begins a moment after the first one did. A
    connection's first messages would come without.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    return sock


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def arm(self, sock: socket.socket) -> None:
        """Let the next call on a socket last no longer than what is left."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)


def dial(endpoint: Endpoint, context: ssl.SSLContext | None) -> Opened:
    """Open a connection.

    Args:
        endpoint: where to.
        context: as :func:`make_context` gave it.

    Raises:
        DialError: it did not come about, in time or at all. Nothing is left open.
    """
    deadline = _Deadline(endpoint.pace.open_s)
    with contextlib.ExitStack() as opened:
        try:
            sock = opened.enter_context(_connect(endpoint, deadline))
            tls = None
            if context is not None:
                tls = Tls(context, endpoint.host)
                _shake_hands(sock, tls, deadline)
            headers = {**endpoint.headers, **(endpoint.sign() if endpoint.sign else {})}
            handshake = Handshake(endpoint.url, compression=endpoint.compression, headers=headers)
            _send(sock, tls, handshake.request(), deadline)
            head, rest = _read_head(sock, tls, deadline)
            agreed = handshake.agree(head)
        except (HandshakeError, OSError) as error:
            raise _explained(error, endpoint) from error
        except UnicodeError as error:
            raise DialError(f"the name {endpoint.host} is no name of a host") from error
        sock.settimeout(0.0)
        opened.pop_all()
    return Opened(sock, tls, agreed, rest)


def _explained(error: HandshakeError | OSError, endpoint: Endpoint) -> DialError:
    """Say in a few words what went wrong, and what that means for the next attempt."""
    if isinstance(error, HandshakeError):
        asked = seconds_of(error.retry_after, time.time())
        return DialError(f"refused: {error}", status=error.status, asked_s=asked)
    if isinstance(error, ssl.SSLCertVerificationError):
        return DialError(
            f"its certificate is not trusted ({error.verify_message})", least_s=_CERTIFICATE_S
        )
    if isinstance(error, ssl.SSLError):
        return DialError(f"TLS failed ({error.reason or error})")
    if isinstance(error, socket.gaierror):
        return DialError(f"the name {endpoint.host} is not known ({error.strerror})")
    if isinstance(error, TimeoutError):
        return DialError(f"no answer within {endpoint.pace.open_s:g} s")
    return DialError(error.strerror or str(error) or type(error).__name__)


def _connect(endpoint: Endpoint, deadline: _Deadline) -> socket.socket:
    proxy = _proxy_of(endpoint)
    if proxy is None:
        address = endpoint.host, endpoint.port
    else:
        address = proxy.hostname or "", proxy.port or _DEFAULT_PROXY_PORT
    sock = socket.create_connection(address, timeout=endpoint.pace.open_s)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        if proxy is not None:
            _tunnel(sock, proxy, endpoint, deadline)
    except BaseException:
        sock.close()
        raise
    return sock


def _proxy_of(endpoint: Endpoint) -> urllib.parse.SplitResult | None:
    """Find the proxy: the configured one, or that of the environment, unless it excepts the host."""
    if endpoint.proxy == "none":
        return None
    url = endpoint.proxy
    if not url:
        found = urllib.request.getproxies_environment()
        url = found.get("https" if endpoint.is_secure else "http", "")
        if not url or urllib.request.proxy_bypass(endpoint.host):
            return None
    return urllib.parse.urlsplit(url if "://" in url else f"http://{url}")


def _tunnel(
    sock: socket.socket,
    proxy: urllib.parse.SplitResult,
    endpoint: Endpoint,
    deadline: _Deadline,
) -> None:
    """Ask an HTTP proxy for a tunnel (RFC 9110, 9.3.6)."""
    target = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    lines = [
        f"CONNECT {target}:{endpoint.port} HTTP/1.1",
        f"Host: {target}:{endpoint.port}",
    ]
    if proxy.username is not None:
        user = urllib.parse.unquote(proxy.username)
        pair = f"{user}:{urllib.parse.unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    _send(sock, None, "\r\n".join([*lines, "", ""]).encode(), deadline)
    head, rest = _read_head(sock, None, deadline)
    answer = parse_head(head)
    if answer.status_code != _HTTP_OK or rest:
        raise HandshakeError(
            f"by the proxy: HTTP {answer.status_code} {answer.reason_phrase}".rstrip(),
            answer.status_code,
        )


def _shake_hands(sock: socket.socket, tls: Tls, deadline: _Deadline) -> None:
    while True:
        try:
            tls.session.do_handshake()
        except ssl.SSLWantReadError:
            _flush(sock, tls, deadline)
            _feed(sock, tls, deadline)
        except ssl.SSLError:
            # The alert that says why is for the peer.
            with contextlib.suppress(OSError):
                _flush(sock, tls, deadline)
            raise
        else:
            _flush(sock, tls, deadline)
            return


def _flush(sock: socket.socket, tls: Tls, deadline: _Deadline) -> None:
    if tls.outgoing.pending:
        deadline.arm(sock)
        sock.sendall(tls.outgoing.read())


def _feed(sock: socket.socket, tls: Tls, deadline: _Deadline) -> None:
    deadline.arm(sock)
    tls.incoming.write(_received(sock))


def _received(sock: socket.socket) -> bytes:
    data = sock.recv(_READ_BYTES)
    if not data:
        raise ConnectionResetError("the server closed the connection while it was opened")
    return data


def _send(sock: socket.socket, tls: Tls | None, data: bytes, deadline: _Deadline) -> None:
    if tls is None:
        deadline.arm(sock)
        sock.sendall(data)
    else:
        tls.session.write(data)
        _flush(sock, tls, deadline)


def _read_head(sock: socket.socket, tls: Tls | None, deadline: _Deadline) -> tuple[bytes, bytes]:
    """Read up to the empty line; what came behind it is given as well."""
    data = b""
    while b"\r\n\r\n" not in data:
        if len(data) > HEAD_BYTES:
            raise HandshakeError("an answer without end", 0)
        if tls is None:
            deadline.arm(sock)
            data += _received(sock)
            continue
        try:
            more = tls.session.read(_READ_BYTES)
        except ssl.SSLWantReadError:
            _feed(sock, tls, deadline)
        else:
            if not more:
                raise ConnectionResetError("the server closed the connection while it was opened")
            data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest
