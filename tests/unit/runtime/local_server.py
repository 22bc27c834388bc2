"""An HTTP server on the loopback interface that answers as a test scripts it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Answer", "Script", "serving"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; a length other than the body's own makes the connection break early."""

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


@dataclass(slots=True)
class Script:
    """What to answer: by path and query, one after another, the last one for ever."""

    answers: dict[str, list[Answer]]
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of each request, names in lower case."""
    url: str = ""

    def next(self, path: str) -> Answer:
        """Take the answer to a request."""
        self.asked.append(path)
        wanted = self.answers.get(path) or self.answers.get("*") or [Answer(b"no such", 404)]
        return wanted.pop(0) if len(wanted) > 1 else wanted[0]


@contextmanager
def serving(
    answers: dict[str, list[Answer]], *, tls: ssl.SSLContext | None = None
) -> Iterator[Script]:
    """Serve a script until the block ends."""
    script = Script(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # one segment for each answer, so that no ACK is waited for

        def do_GET(self) -> None:
            script.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = script.next(self.path)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            length = len(answer.body) if answer.length is None else answer.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = length != len(answer.body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    script.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
