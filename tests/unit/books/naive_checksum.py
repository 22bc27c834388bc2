"""The venues' checksums once more, plainly: decimals, their text, and zlib's CRC32."""

import zlib
from decimal import Decimal

from zerofeed.books.checksums import CHECKSUM_BITFINEX, CHECKSUM_KRAKEN

__all__ = ["javascript", "naive_checksum", "naive_text", "plain"]


def plain(mantissa, exponent):
    """Write a number as short decimal text."""
    text = f"{Decimal(mantissa).scaleb(exponent):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def javascript(mantissa, exponent):
    """Write a number as JavaScript's ``String`` does."""
    number = Decimal(mantissa).scaleb(exponent)
    if not number or abs(number) >= Decimal("0.000001"):
        return plain(mantissa, exponent)
    sign, digits, power = number.as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    behind = f".{text[1:]}" if text[1:] else ""
    return f"{'-' * sign}{text[0]}{behind}e-{-(len(digits) - 1 + power)}"


def fixed(mantissa, exponent):
    """Write a number with all its decimals, as Kraken does."""
    return f"{Decimal(mantissa).scaleb(exponent):.{-exponent}f}"


def naive_text(bids, asks, rule, price_exponent, size_exponent):
    """Write the text that is hashed.

    Args:
        bids: (price, size) as scaled integers, best first.
        asks: the same.
        rule: ``CHECKSUM_...``.
        price_exponent: power of ten of the prices.
        size_exponent: power of ten of the sizes.
    """
    if rule == CHECKSUM_KRAKEN:
        texts = [
            fixed(number, exponent).replace(".", "").lstrip("0")
            for level in [*asks[:10], *bids[:10]]
            for number, exponent in zip(level, (price_exponent, size_exponent), strict=True)
        ]
        return "".join(texts)
    write, sign = (javascript, -1) if rule == CHECKSUM_BITFINEX else (plain, 1)
    parts = []
    for turn in range(25):
        for levels, factor in ((bids, 1), (asks, sign)):
            if turn < len(levels):
                price, size = levels[turn]
                parts += [write(price, price_exponent), write(factor * size, size_exponent)]
    return ":".join(parts)


def naive_checksum(bids, asks, rule, price_exponent, size_exponent):
    """Compute what the venue sends for these levels."""
    text = naive_text(bids, asks, rule, price_exponent, size_exponent)
    found = zlib.crc32(text.encode())
    return found if rule == CHECKSUM_KRAKEN else int.from_bytes(found.to_bytes(4), signed=True)
