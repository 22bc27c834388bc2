"""The checksums that venues send with their books, over the text of prices and sizes as sent.

=========  =======================================================================================
venue      what is summed up with CRC-32
=========  =======================================================================================
OKX        25 levels, ``bid:size:ask:size:...`` by turns, what is there; read as a signed number
Kraken     10 asks, then 10 bids: price and size without dot and leading zeros; unsigned
Bitfinex   25 levels by turns as ``price:amount``, amounts of asks negative; signed
=========  =======================================================================================

Plain Python by the venues' own descriptions, so that it can be the judge of faster ones.
"""

from __future__ import annotations

import itertools
import zlib

from zerofeed.mock.venue.book import Book, Row

__all__ = ["bitfinex_checksum", "kraken_checksum", "okx_checksum"]

_BY_TURNS = 25
_KRAKEN = 10


def okx_checksum(book: Book) -> int:
    """OKX: docs-v5, "Checksum"."""
    return _signed(_by_turns(book, ""))


def bitfinex_checksum(book: Book) -> int:
    """Bitfinex: docs, "WS Books checksum"."""
    return _signed(_by_turns(book, "-"))


def kraken_checksum(book: Book) -> int:
    """Kraken: guides, "Websocket v2 book checksum"."""
    rows = [*book.top("asks", _KRAKEN), *book.top("bids", _KRAKEN)]
    text = "".join(_digits(number) for row in rows for number in (row.price, row.size))
    return zlib.crc32(text.encode())


def _by_turns(book: Book, sign_of_asks: str) -> str:
    parts: list[str] = []
    sides = book.top("bids", _BY_TURNS), book.top("asks", _BY_TURNS)
    pair: tuple[Row | None, Row | None]
    for pair in itertools.zip_longest(*sides):
        for row, sign in zip(pair, ("", sign_of_asks), strict=True):
            if row is not None:
                parts += [row.price, sign + row.size]
    return ":".join(parts)


def _digits(number: str) -> str:
    return number.replace(".", "").lstrip("0")


def _signed(text: str) -> int:
    crc = zlib.crc32(text.encode())
    return crc - (1 << 32) if crc >= 1 << 31 else crc
