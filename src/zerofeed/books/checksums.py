"""The venues' checksums of a book: which there are, and the text that each is made over.

A venue that has no chain of change ids, or does not rely on it alone, sends a CRC32 of the best
levels with its changes. Who applies the changes and arrives at another number has another book.
What is hashed is text, differently at each venue:

==================  =============================================================================
rule                text
==================  =============================================================================
CHECKSUM_KRAKEN     the 10 best asks, best first, then the 10 best bids; of each level the digits of
                    price and size, without point and leading zeros; nothing in between
CHECKSUM_OKX        the 25 best bids and asks by turns, ``price:size:price:size:...``, numbers as
                    short decimals; the checksum is signed, and 0 means that there is none
CHECKSUM_BITFINEX   the same, an ask's size negative, numbers as JavaScript prints them
==================  =============================================================================

Where one side has fewer levels, the other follows without it. Kraken's text has all decimals that
the instrument has, so its prices and sizes must be scaled by the venue's own numbers of decimals.
The others leave out trailing zeros, so any exponent does that is small enough.

Source: Kraken "Book checksum" (WebSocket v1, v2); OKX "Checksum" of the order book channels;
Bitfinex "WebSocket Checksum".
"""

from __future__ import annotations

__all__ = [
    "CHECKSUM_BITFINEX",
    "CHECKSUM_KRAKEN",
    "CHECKSUM_NAMES",
    "CHECKSUM_NONE",
    "CHECKSUM_OKX",
    "DEEPEST_EXPONENT",
]

CHECKSUM_NONE = 0
"""The venue sends no checksum."""
CHECKSUM_KRAKEN = 1
CHECKSUM_OKX = 2
CHECKSUM_BITFINEX = 3

CHECKSUM_NAMES: dict[int, str] = {
    CHECKSUM_NONE: "none",
    CHECKSUM_KRAKEN: "kraken",
    CHECKSUM_OKX: "okx",
    CHECKSUM_BITFINEX: "bitfinex",
}

DEEPEST_EXPONENT = -18
"""Lowest exponent that prices and sizes may have: all their decimals fit one int64."""
