"""Read what venues sent, from captures in text form, into LEVEL records. For tests only, and slow."""

import json
from decimal import Decimal

from tests.unit.books.naive_book import batch, clear, level
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.units import UNDEF, from_decimal

__all__ = ["kraken_messages", "okx_messages"]


def _frames(path):
    """Give the JSON of each frame that was received."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            head, _, body = line.partition(": ")
            if "<" not in head:
                yield json.loads(body)


def _records(instrument, sides, exponents, *, is_snapshot):
    """Make the LEVEL records of one message from (side, [price, size, ...]) pairs."""
    flags = SNAPSHOT if is_snapshot else 0
    made = [clear(UNDEF, flags=flags, instrument=instrument)] if is_snapshot else []
    for side, (price, size, *_) in sides:
        mantissas = (from_decimal(price, exponents[0]), from_decimal(size, exponents[1]))
        made.append(level(side, *mantissas, UNDEF, flags=flags, instrument=instrument))
    made[-1]["flags"] |= LAST
    return batch(*made)


def _decimals(texts):
    return min(Decimal(text).as_tuple().exponent for text in texts)


def kraken_messages(captures):
    """Read Kraken's v1 books.

    Yields:
        (instrument, records, checksum or None, (price exponent, size exponent))
    """
    exponents = {}
    instruments = {}
    for frame in _frames(captures / "cryptofeed" / "KRAKEN.ws.50.0"):
        if isinstance(frame, dict):
            continue
        *_, pair = frame
        parts = {name: rows for part in frame[1:-2] for name, rows in part.items()}
        checksum = parts.pop("c", None)
        is_snapshot = "as" in parts
        sides = [(name[0].upper(), row) for name, rows in parts.items() for row in rows]
        if is_snapshot:
            instruments.setdefault(pair, len(instruments))
            exponents[pair] = tuple(_decimals([row[i] for _, row in sides]) for i in (0, 1))
        records = _records(instruments[pair], sides, exponents[pair], is_snapshot=is_snapshot)
        yield (
            instruments[pair], records, None if checksum is None else int(checksum),
            exponents[pair],
        )  # fmt: skip


def okx_messages(captures):
    """Read OKX's books.

    Yields:
        (instrument, records, checksum, (price exponent, size exponent))
    """
    instruments = {}
    exponents = (-4, -8)
    for frame in _frames(captures / "cryptofeed" / "OKX.ws.1.0"):
        if frame["arg"]["channel"] != "books" or "data" not in frame:
            continue
        name = frame["arg"]["instId"]
        instrument = instruments.setdefault(name, len(instruments))
        for book in frame["data"]:
            sides = [("B", row) for row in book["bids"]] + [("A", row) for row in book["asks"]]
            is_snapshot = frame["action"] == "snapshot"
            records = _records(instrument, sides, exponents, is_snapshot=is_snapshot)
            yield instrument, records, book["checksum"], exponents
