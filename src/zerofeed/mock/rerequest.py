"""A re-request server: sends messages of MoldUDP64 again to whoever asks for them.

It knows the messages of one or more sessions, from captured packets or from a list, and answers each request
with one packet of as many of the messages as fit a datagram, as the protocol's servers do: who wants the rest asks
again. What it does not have it does not answer. A seed may make it lose answers.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import numpy as np

from zerofeed.base.errors import ConfigurationError, ResourceError
from zerofeed.codecs.framing.mold import encode_packet, read_packet
from zerofeed.wire.pcap import Capture

__all__ = ["RerequestServer"]

_MOST_BYTES = 1400
"""Payload of an answer."""
_LENGTH_BYTES = 2
_HEADER_BYTES = 20
_LOOK_S = 0.2


class RerequestServer:
    """Answers in a thread of its own. Use it as a context manager.

    Args:
        host: address to listen on.
        port: 0 takes a free one.
        drop: chance of an answer to be lost, 0 to 1.
        seed: of these draws.

    Raises:
        ResourceError: the port is taken.

    Attributes:
        requests: requests that came.
        answers: packets that were sent.
        refused: requests for messages that it does not have.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, drop: float = 0.0, seed: int = 1
    ) -> None:
        if not 0 <= drop <= 1:
            raise ConfigurationError("a chance is 0 to 1", where="drop", got=drop)
        self._messages: dict[str, dict[int, bytes]] = {}
        self._drop = drop
        self._draw = np.random.default_rng(seed)
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="rerequest", daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise ResourceError(
                f"the port cannot be had ({error.strerror})",
                where=f"{host}:{port}",
                next_step="choose another one, or 0 for any that is free",
            ) from error
        self._socket.settimeout(_LOOK_S)
        self.requests = self.answers = self.refused = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    def add(self, session: str, seq: int, messages: Iterable[bytes]) -> None:
        """Have more messages of a session, from a number on."""
        known = self._messages.setdefault(session, {})
        known.update(enumerate(messages, seq))

    def add_capture(self, capture: Capture) -> int:
        """Have the messages of captured MoldUDP64 packets.

        Returns:
            How many messages there are now.
        """
        for packet in range(len(capture)):
            row = capture.index[packet]
            payload = capture.data[row["offset"] : row["offset"] + row["length"]]
            if payload.size < _HEADER_BYTES:
                continue
            found = read_packet(payload)
            if found.is_whole and found.count:
                spans = zip(found.offsets.tolist(), found.lengths.tolist(), strict=True)
                messages = (payload[at : at + size].tobytes() for at, size in spans)
                self.add(found.session, found.seq, messages)
        return sum(len(known) for known in self._messages.values())

    def answer(self, request: bytes) -> bytes | None:
        """Answer one request; None where it has nothing to say."""
        if len(request) < _HEADER_BYTES:
            return None
        wanted = read_packet(request)
        known = self._messages.get(wanted.session, {})
        messages: list[bytes] = []
        size = _HEADER_BYTES
        for number in range(wanted.seq, wanted.seq + wanted.count):
            message = known.get(number)
            if message is None:
                break
            size += _LENGTH_BYTES + len(message)
            if size > _MOST_BYTES and messages:
                break
            messages.append(message)
        return encode_packet(wanted.session, wanted.seq, messages) if messages else None

    def _serve(self) -> None:
        while not self._is_ending.is_set():
            try:
                request, whom = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            self.requests += 1
            packet = self.answer(request)
            if packet is None:
                self.refused += 1
            elif self._draw.random() >= self._drop:
                self.answers += 1
                self._socket.sendto(packet, whom)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_ending.set()
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Give the port up, of a server that was never started or has ended."""
        self._socket.close()
