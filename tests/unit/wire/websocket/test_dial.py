"""Opening a connection ends in one: open, or an error in a few words and nothing left open."""

from __future__ import annotations

import base64
import gc
import socket
import threading

import pytest

pytest.importorskip("websockets")

from tests.unit.wire.websocket.loops import quick
from tests.unit.wire.websocket.servers import HOST, Bare, Certificates, Server
from zerofeed.wire.websocket.dial import DialError, dial, keep_stamps_on, make_context
from zerofeed.wire.websocket.endpoint import Endpoint

__all__: list[str] = []


def refused(endpoint: Endpoint) -> DialError:
    """The error of an attempt that leaves no socket open, which would be a warning."""
    context = make_context(endpoint)
    with pytest.raises(DialError) as raised:
        dial(endpoint, context)
    gc.collect()
    return raised.value


def closed_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return listener.getsockname()[1]


def test_a_port_where_nobody_listens_is_refused() -> None:
    error = refused(Endpoint(f"ws://{HOST}:{closed_port()}/", pace=quick()))
    assert error.what == "Connection refused"


def test_a_name_that_is_not_known_is_named() -> None:
    error = refused(Endpoint("ws://nobody.invalid/", pace=quick(), proxy="none"))
    assert "nobody.invalid" in error.what


def test_a_name_that_can_be_no_name_is_no_crash() -> None:
    error = refused(Endpoint(f"ws://{'x' * 70}.example/", pace=quick(), proxy="none"))
    assert "xxx" in error.what


def test_a_server_that_says_nothing_is_not_waited_for_longer_than_allowed() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        error = refused(Endpoint(f"ws://{HOST}:{port}/", pace=quick(open_s=0.1)))
    assert error.what == "no answer within 0.1 s"


def test_a_server_that_closes_at_once_is_said_to_have() -> None:
    with Bare(lambda connection: None) as server:
        error = refused(Endpoint(server.url, pace=quick()))
    assert "closed the connection" in error.what or "reset" in error.what


def test_an_answer_without_end_is_not_read_for_ever() -> None:
    def babble(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"x" * 4096)

    with Bare(babble) as server:
        error = refused(Endpoint(server.url, pace=quick()))
    assert "an answer without end" in error.what


@pytest.mark.slow
def test_tls_to_a_server_without_it_is_one_error() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Bare(answer) as server:
        error = refused(Endpoint(f"wss://{HOST}:{server.port}/", pace=quick()))
    assert error.what.startswith("TLS failed (")


def test_a_wish_for_patience_is_carried() -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 418 I'm a teapot\r\nRetry-After: 99\r\n\r\n")

    with Bare(refuse) as server:
        error = refused(Endpoint(server.url, pace=quick()))
    assert (error.status, error.asked_s) == (418, 99.0)


def test_a_socket_that_keeps_stamps_on_asks_for_them() -> None:
    with keep_stamps_on() as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, 35) == 1


class Proxy(Bare):
    """An HTTP proxy for one tunnel at a time; remembers what it was asked."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Fine\r\n\r\n") -> None:
        self.asked: list[bytes] = []
        self._answer = answer
        super().__init__(self._tunnel)

    def _tunnel(self, connection: socket.socket) -> None:
        request = connection.recv(4096)
        self.asked.append(request)
        connection.sendall(self._answer)
        if b" 200 " not in self._answer:
            return
        host, _, port = request.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            back = threading.Thread(target=_copy, args=(server, connection))
            back.start()
            _copy(connection, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.mark.parametrize("is_secure", [False, True], ids=["ws", "wss"])
def test_a_proxy_is_asked_for_a_tunnel(tmp_path, is_secure: bool) -> None:
    certificates = Certificates() if is_secure else None
    ca_file = certificates.write(tmp_path / "ca.pem") if certificates else ""
    with Server(certificates) as server, Proxy() as proxy:
        url = f"http://me:pass%20word@{HOST}:{proxy.port}"
        endpoint = Endpoint(server.url, pace=quick(), proxy=url, ca_file=ca_file)
        opened = dial(endpoint, make_context(endpoint))
        assert server.accept()
        opened.sock.close()
    host = "localhost" if is_secure else HOST
    (request,) = proxy.asked
    assert request.startswith(f"CONNECT {host}:{server.port} HTTP/1.1\r\n".encode())
    assert base64.b64encode(b"me:pass word") in request


def test_the_environments_proxy_is_used_unless_it_excepts_the_host(monkeypatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    with Server() as server, Proxy() as proxy:
        monkeypatch.setenv("http_proxy", f"http://{HOST}:{proxy.port}")
        endpoint = Endpoint(server.url, pace=quick())
        dial(endpoint, None).sock.close()
        assert len(proxy.asked) == 1
        monkeypatch.setenv("no_proxy", HOST)
        dial(endpoint, None).sock.close()
        assert len(proxy.asked) == 1


def test_a_proxys_refusal_is_told_as_its() -> None:
    with Proxy(b"HTTP/1.1 407 Who are you\r\n\r\n") as proxy:
        url = f"http://{HOST}:{proxy.port}"
        error = refused(Endpoint(f"ws://{HOST}:1/", pace=quick(), proxy=url))
    assert error.what == "refused: by the proxy: HTTP 407 Who are you"


def test_headers_are_signed_anew_for_each_attempt() -> None:
    signed = iter([{"X-Sign": "one"}, {"X-Sign": "two"}])
    with Server() as server:
        endpoint = Endpoint(
            server.url, pace=quick(), headers={"X-Key": "k"}, sign=lambda: next(signed)
        )
        for sign in ("one", "two"):
            dial(endpoint, None).sock.close()
            request = server.accept().request
            assert request is not None
            assert (request.headers["X-Key"], request.headers["X-Sign"]) == ("k", sign)
