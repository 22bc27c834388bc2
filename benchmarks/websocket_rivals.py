"""Clients of a TLS WebSocket that make records of JSON: three libraries, each with two decoders.

Run in a process of its own: ``python -m benchmarks.websocket_rivals LIBRARY DECODER URL CA_FILE MESSAGES``. It says, as
JSON, how long it took from the first message to the last and how much processor time that was. All use uvloop.
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.json_rivals import decoder_of, fill
from zerofeed.records.dtypes import RECORD

__all__ = ["LIBRARIES", "main"]

_ROOM = 1 << 14
_MOST_A_MESSAGE = 64


class Taker:
    """Make records of each message, in an array that is written again and again."""

    def __init__(self, decoder: str, messages: int) -> None:
        self._decode = decoder_of(decoder)
        self._records = memoryview(np.zeros(_ROOM, RECORD).view(np.uint8))
        self._index = 0
        self._left = messages
        self._messages = messages
        self._from_ns = self._used_ns = 0
        self.told: dict[str, float] | None = None

    def take(self, message: bytes) -> bool:
        """Take one message; True: it was the last."""
        if self._left == self._messages:
            self._from_ns, self._used_ns = time.monotonic_ns(), time.process_time_ns()
        if self._index > _ROOM - _MOST_A_MESSAGE:
            self._index = 0
        self._index = fill(self._records, self._index, self._decode(message))
        self._left -= 1
        if self._left:
            return False
        taken = self._messages - 1
        self.told = {
            "ns": (time.monotonic_ns() - self._from_ns) / taken,
            "cpu_ns": (time.process_time_ns() - self._used_ns) / taken,
        }
        return True


def _context(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


async def _by_websockets(url: str, ca_file: str, taker: Taker) -> None:
    from websockets.asyncio.client import connect  # noqa: PLC0415

    options = {"compression": None, "max_size": None, "ping_interval": None}
    async with connect(url, ssl=_context(ca_file), **options) as connection:
        await connection.send("go")
        while True:
            if taker.take(await connection.recv(decode=False)):
                return


async def _by_aiohttp(url: str, ca_file: str, taker: Taker) -> None:
    import aiohttp  # noqa: PLC0415

    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, ssl=_context(ca_file), max_msg_size=0) as connection,
    ):
        await connection.send_str("go")
        async for message in connection:
            if taker.take(message.data):
                return


async def _by_picows(url: str, ca_file: str, taker: Taker) -> None:
    import picows  # noqa: PLC0415

    class Listener(picows.WSListener):
        def on_ws_connected(self, transport):
            transport.send(picows.WSMsgType.TEXT, b"go")

        def on_ws_frame(self, transport, frame):
            if taker.told is None and taker.take(frame.get_payload_as_memoryview()):
                transport.disconnect()

    transport, _ = await picows.ws_connect(Listener, url, ssl_context=_context(ca_file))
    await transport.wait_disconnected()


LIBRARIES: dict[str, Callable[..., object]] = {
    "websockets": _by_websockets,
    "aiohttp": _by_aiohttp,
    "picows": _by_picows,
}
"""Client of each library."""


def main() -> int:
    """Connect, take everything, tell."""
    import uvloop  # noqa: PLC0415

    library, decoder, url, ca_file, messages = sys.argv[1:]
    taker = Taker(decoder, int(messages))
    uvloop.run(LIBRARIES[library](url, ca_file, taker))
    print(json.dumps(taker.told))
    return 0 if taker.told else 1


if __name__ == "__main__":
    raise SystemExit(main())
