"""One open connection as the worker's main thread sees it: reads for TLS, sends, ends.

A link belongs to the thread that runs the hot loop, from the moment it is placed in a stream. TLS
objects may be used by one thread at a time only, so whatever is sent goes through here as well; the
thread that opened the connection (:mod:`.keeper`) only asks for it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
import time
from typing import cast

from zerofeed.wire.websocket import _words as w
from zerofeed.wire.websocket.dial import Opened
from zerofeed.wire.websocket.inflate import begin_inflating, end_inflating
from zerofeed.wire.websocket.outgoing import CLOSE, PONG, client_frame, close_payload
from zerofeed.wire.websocket.stream import Stream

__all__ = ["MOST_UNSENT_BYTES", "Link"]

MOST_UNSENT_BYTES = 1 << 20
"""A peer that leaves so much unread is given up."""

_SCRATCH_BYTES = 256 << 10
_LATELY_S = 5.0
_ANCILLARY_BYTES = 64
_SO_TIMESTAMPNS = 35
_NORMAL = 1000
_NO_CODE = 1005


class Link:
    """Made by the opening thread, placed by the main thread.

    Args:
        opened: the connection.
        line: which of its source's lines it serves.

    Attributes:
        line: as given.
        place: number of its stream; -1 before it is placed.
        stream: that stream; None before and after.
        why: why it ended, for people; empty while it is open.
    """

    def __init__(self, opened: Opened, line: int) -> None:
        self._opened = opened
        self._sock = opened.sock
        self._tls = opened.tls
        self.line = line
        self.place = -1
        self.stream: Stream | None = None
        self.why = ""
        self._rest = opened.rest
        self._unsent = b""
        self._has_rest = False
        self._arrival_ns = 0
        self._subscribed_at = float("inf")
        self._scratch = memoryview(bytearray(_SCRATCH_BYTES if opened.tls else 0))

    def fileno(self) -> int:
        """Give the socket's descriptor."""
        return self._sock.fileno()

    def begin(self, stream: Stream, place: int) -> None:
        """Take a place."""
        # What was received while the connection was opened comes first, and no descriptor tells of
        # it: neither of those bytes nor of what TLS has. Until then Python reads, without TLS too.
        self._has_rest = self._tls is not None or bool(self._rest)
        stream.begin(w.TLS if self._has_rest else w.PLAIN)
        if self._has_rest:
            stream.words[w.EVENTS] |= w.HAS_INPUT
        agreed = self._opened.agreed
        if agreed.deflate:
            begin_inflating(
                stream.words, keeps_context=agreed.keeps_context, window_bits=agreed.window_bits
            )
        self.stream, self.place = stream, place

    # Receiving

    def serve(self) -> str:
        """Do what the compiled loop asked for; the loop looks at the stream again after it.

        Returns:
            Why the connection has to end, for people; empty when it goes on.
        """
        stream = self.stream
        assert stream is not None
        words = stream.words
        events = int(words[w.EVENTS])
        if events & w.HAS_FAILED:
            code = int(words[w.CODE])
            self._say_goodbye(code)
            return f"it broke the protocol (close code {code})"
        if events & w.HAS_CLOSE:
            return self._answer_close(stream.control())
        if events & w.HAS_PING:
            self.send(PONG, stream.control())
            words[w.EVENTS] &= ~w.HAS_PING
        if events & w.HAS_ENDED:
            error = int(words[w.ERROR])
            return os.strerror(error) if error else "it was closed without a word"
        if events & w.HAS_INPUT:
            self._pull(stream)
        return self._flush()

    def _answer_close(self, payload: bytes) -> str:
        code = int.from_bytes(payload[:2], "big") if payload else _NO_CODE
        self._say_goodbye(code if payload else _NORMAL)
        reason = payload[2:].decode("utf-8", "replace")
        printable = "".join(c if c.isprintable() else "?" for c in reason)
        return f"the server closed it (code {code}" + (f": {printable})" if reason else ")")

    def _pull(self, stream: Stream) -> None:
        """Bring bytes into the arena, as many as it has room for; at most one receive call."""
        words = stream.words
        words[w.EVENTS] &= ~w.HAS_INPUT
        if self._tls is None and not self._rest:
            self._has_rest = False
            words[w.MODE] = w.PLAIN
            return
        if not self._has_rest and not self._receive(stream):
            return
        self._has_rest = True
        room = stream.room()
        if room is not None:
            if self._rest:
                filled = self._pour(room)
            else:
                filled = self._decrypt(stream, room)
            if filled:
                stream.grow(filled, self._arrival_ns)
        # No descriptor tells of what is left: the loop asks again.
        if self._has_rest and not words[w.EVENTS] & w.HAS_ENDED:
            words[w.EVENTS] |= w.HAS_INPUT

    def _pour(self, room: memoryview) -> int:
        """Copy what was received while the connection was opened; bytes written."""
        part = self._rest[: len(room)]
        room[: len(part)] = part
        self._rest = self._rest[len(part) :]
        return len(part)

    def _receive(self, stream: Stream) -> bool:
        """Take encrypted bytes off the socket; whether there were any."""
        tls = self._tls
        assert tls is not None
        try:
            got, ancillary, _, _ = self._sock.recvmsg_into([self._scratch], _ANCILLARY_BYTES)
        except BlockingIOError:
            return False
        except OSError as error:
            self._end_input(stream, error.errno or 0)
            return False
        if got == 0:
            self._end_input(stream, 0)
            return False
        tls.incoming.write(self._scratch[:got])
        self._arrival_ns = _stamp(ancillary)
        return True

    def _decrypt(self, stream: Stream, room: memoryview) -> int:
        """Decrypt into the arena; bytes written there. Notes whether TLS may have more."""
        tls = self._tls
        assert tls is not None
        session, incoming = tls.session, tls.incoming
        filled = 0
        try:
            while filled < len(room):
                # Given a buffer it fills that, and says how far.
                got = cast("int", session.read(len(room) - filled, room[filled:]))
                if got == 0:
                    self._end_input(stream, 0)
                    break
                filled += got
                if not incoming.pending and not session.pending():
                    self._has_rest = False
                    break
        except ssl.SSLWantReadError:
            self._has_rest = False
        except ssl.SSLError:
            self._end_input(stream, 0)
        return filled

    @property
    def is_held_back(self) -> bool:
        """Whether a lossless reader keeps the place that the next bytes would go to."""
        stream = self.stream
        return (
            stream is not None
            and self._has_rest
            and bool(stream.words[w.EVENTS] & w.HAS_INPUT)
            and stream.room() is None
        )

    @staticmethod
    def _end_input(stream: Stream, error: int) -> None:
        stream.words[w.ERROR] = error
        stream.words[w.EVENTS] |= w.HAS_ENDED

    # Sending

    def send(self, opcode: int, payload: bytes) -> None:
        """Send a frame, or keep what the socket does not take now."""
        frame = client_frame(opcode, payload)
        if self._tls is not None:
            # A TLS session that has ended cannot send; that it ended is seen when it is read.
            with contextlib.suppress(ssl.SSLError):
                self._tls.session.write(frame)
            frame = b""
        self._unsent += frame

    def flush(self) -> str:
        """Send what was kept; why the connection has to end, or nothing."""
        return self._flush()

    def _flush(self) -> str:
        if self._tls is not None and self._tls.outgoing.pending:
            self._unsent += self._tls.outgoing.read()
        if not self._unsent:
            return ""
        try:
            sent = self._sock.send(self._unsent, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            return os.strerror(error.errno or 0)
        self._unsent = self._unsent[sent:]
        return "the server does not read" if len(self._unsent) > MOST_UNSENT_BYTES else ""

    def silence_s(self) -> float:
        """Seconds since anything was read; 0 where nothing is expected. Any thread."""
        stream = self.stream
        if stream is None:
            return 0.0
        return (time.monotonic_ns() - int(stream.words[w.READ_NS])) / 1e9

    def note_subscribed(self) -> None:
        """Say that everything was asked for. Any thread."""
        self._subscribed_at = time.monotonic()

    def delivers_for(self, least_s: float) -> bool:
        """Tell whether it has asked for everything so long ago, has brought messages, and something of late."""
        stream = self.stream
        return (
            stream is not None
            and stream.messages > 0
            and time.monotonic() - self._subscribed_at >= least_s
            and self.silence_s() <= _LATELY_S
        )

    @property
    def has_unsent(self) -> bool:
        """Whether the socket did not take everything yet."""
        return bool(self._unsent)

    def _say_goodbye(self, code: int) -> None:
        self.send(CLOSE, close_payload(code) if code != _NO_CODE else b"")
        self._flush()

    # Ending

    def end(self, why: str, *, is_lossy: bool, says_goodbye: bool = False) -> None:
        """Close the connection and free its place. Idempotent."""
        if says_goodbye:
            self._say_goodbye(_NORMAL)
        self.why = self.why or why
        if self.stream is not None:
            end_inflating(self.stream.words)
            self.stream.end(is_lossy=is_lossy)
            self.stream = None
        self._sock.close()


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Read the kernel's arrival time, Unix ns; 0 when there is none."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= 16:
            seconds, nanoseconds = struct.unpack_from("qq", data)
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return 0
