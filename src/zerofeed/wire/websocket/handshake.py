"""The opening handshake (RFC 6455, 4; RFC 7692, 7), without I/O: bytes out, bytes in, what was agreed.

Keys, headers and the negotiation of extensions are those of the ``websockets`` library; its frames and
buffers are not used. Needs the extra ``ws``.
"""

from __future__ import annotations

import email.utils
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
)
from websockets.http11 import Response
from websockets.streams import StreamReader
from websockets.uri import parse_uri

__all__ = ["HEAD_BYTES", "Agreed", "Handshake", "HandshakeError", "parse_head", "seconds_of"]

HEAD_BYTES = 16384
"""Longest answer that is read, up to its empty line."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides will do.

    Attributes:
        deflate: messages may be compressed.
        keeps_context: each goes on with the window of the one before.
        window_bits: of the server's compressor, 8 to 15.
    """

    deflate: bool = False
    keeps_context: bool = True
    window_bits: int = 15


class HandshakeError(Exception):
    """The server did not agree.

    Attributes:
        status: HTTP status of its answer; 101 when it agreed to something that was not offered,
            0 when it answered something else than HTTP.
        retry_after: what it said of when to come again, as it said it.
    """

    def __init__(self, what: str, status: int, retry_after: str = "") -> None:
        super().__init__(what)
        self.status = status
        self.retry_after = retry_after


class Handshake:
    """One handshake.

    Args:
        url: to open.
        compression: offer permessage-deflate.
        headers: to send besides.
    """

    def __init__(self, url: str, *, compression: bool, headers: Mapping[str, str]) -> None:
        offered = [ClientPerMessageDeflateFactory()] if compression else None
        self._protocol = ClientProtocol(parse_uri(url), extensions=offered)
        self._headers = headers

    def request(self) -> bytes:
        """Give the bytes to send."""
        request = self._protocol.connect()
        for name, value in self._headers.items():
            request.headers[name] = value
        return request.serialize()

    def agree(self, head: bytes) -> Agreed:
        """Judge the answer.

        Args:
            head: of the answer, up to and with its empty line.

        Raises:
            HandshakeError: it is no agreement.
        """
        response = parse_head(head)
        try:
            self._protocol.process_response(response)
        except InvalidStatus as error:
            status = response.status_code
            raise HandshakeError(
                f"HTTP {status} {response.reason_phrase}".rstrip(), status, _retry_after(response)
            ) from error
        except InvalidHandshake as error:
            raise HandshakeError(str(error), response.status_code) from error
        for extension in self._protocol.extensions:
            if isinstance(extension, PerMessageDeflate):
                return Agreed(
                    deflate=True,
                    keeps_context=not extension.remote_no_context_takeover,
                    window_bits=extension.remote_max_window_bits,
                )
        return Agreed()


def parse_head(head: bytes) -> Response:
    """Read the status line and the headers of an answer.

    Raises:
        HandshakeError: it is no HTTP.
    """
    lines = head.split(b"\r\n")
    # Of a refusal the body is not read: nobody would be told of it.
    kept = [line for line in lines if not line.lower().startswith(_BODY_HEADERS)]
    reader = StreamReader()
    reader.feed_data(b"\r\n".join(kept))
    reader.feed_eof()
    try:
        return _run(
            Response.parse(reader.read_line, reader.read_exact, reader.read_to_eof, proxy=True)
        )
    except Exception as error:
        raise HandshakeError(f"no answer in HTTP ({error})", 0) from error


_BODY_HEADERS = (b"content-length:", b"transfer-encoding:", b"content-encoding:")


def _run(steps: Generator[None, None, Response]) -> Response:
    try:
        while True:
            next(steps)
    except StopIteration as end:
        response: Response = end.value
        return response


def _retry_after(response: Response) -> str:
    values = response.headers.get_all("Retry-After")
    return values[0] if values else ""


def seconds_of(retry_after: str, now_s: float) -> float | None:
    """Turn a Retry-After header (RFC 9110, 10.2.3) into seconds from now; None: it says nothing."""
    if retry_after.strip().isdecimal():
        return float(retry_after.strip())
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - now_s)
    except (TypeError, ValueError):
        return None
