"""A venue's definitions into the instruments table, before the first message comes.

A row that is defined says tick and lot, and keeps sizes at the exponent of the lot: sizes are whole numbers
of it, however large. Prices are kept at eight decimals or more, because mark and index prices have more than
ticks do; only where the venue's checksum is over digits are they kept at exactly its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import VenueError
from zerofeed.base.kernel import I64, I64_RO, int64, kernel
from zerofeed.codecs._text_kernels import text_key
from zerofeed.feed._instrument_kernels import add_instrument, define
from zerofeed.records.instruments import INSTRUMENT_ROW
from zerofeed.records.units import UNDEF
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.venue_config import service_of
from zerofeed.venues.definition import InstrumentDefinition

__all__ = ["define_for", "define_instruments", "definition_row"]

_ATTEMPTS = 2
_PRICE_EXPONENT = -8
_LATEST_NS = 2**63 - 1


@kernel(int64(I64, int64, I64_RO))
def _define(words: npt.NDArray[np.int64], row: int, definition: npt.NDArray[np.int64]) -> int:
    """:func:`~zerofeed.feed._instrument_kernels.define` for ordinary Python."""
    return define(words, row, definition, 0)


def definition_row(definition: InstrumentDefinition) -> npt.NDArray[np.int64]:
    """Make the words of an instruments row, as ``define`` takes them."""
    row = np.zeros(1, INSTRUMENT_ROW)
    row["symbol"] = definition.symbol.encode()[:63]
    row["kind"] = definition.kind
    row["option_type"] = definition.option_type
    for name, value in definition.mantissas().items():
        row[name] = value
    row["expiry_ns"] = _time_word(definition.expiry_ns)
    row["created_ns"] = _time_word(definition.created_ns)
    for name in ("base", "quote", "settlement"):
        row[name] = getattr(definition, name).encode()[:11]
    row["is_inverse"] = int(definition.is_inverse)
    row["definition_seq"] = -1
    row["channel"] = -1
    return row.view(np.int64)


def _time_word(time_ns: int | None) -> int:
    """Give a time as a row keeps it; Deribit writes the year 3000 for "never", which ns cannot say."""
    return UNDEF if time_ns is None or time_ns > _LATEST_NS else time_ns


def define_instruments(
    definitions: Iterable[InstrumentDefinition],
    symbols: Sequence[str],
    words: npt.NDArray[np.int64],
    lookup: npt.NDArray[np.int64],
    *,
    has_own_digits: bool,
    is_numbered: bool = False,
) -> list[str]:
    """Define the instruments that a feed subscribes to. The feed's single writer.

    Args:
        definitions: of the venue.
        symbols: in the venue's spelling.
        words: the instruments' rows.
        lookup: the instruments' map.
        has_own_digits: prices are kept at exactly the venue's number of decimals.
        is_numbered: its messages have numbers in place of symbols.

    Returns:
        The symbols that the venue does not list.
    """
    by_name = {name: each for each in definitions for name in (*each.aliases, each.symbol)}
    missing = []
    for symbol in symbols:
        found = by_name.get(symbol)
        if found is None or (is_numbered and found.number is None):
            missing.append(symbol)
            continue
        if not has_own_digits:
            exponent = min(found.price_exponent, _PRICE_EXPONENT)
            found = dataclasses.replace(found, price_exponent=exponent)
        key = found.number if is_numbered else None
        if key is None:
            key = text_key(np.frombuffer(symbol.encode(), np.uint8), 0, len(symbol.encode()))
        row = add_instrument(words, lookup, key, found.price_exponent, found.size_exponent)
        if row >= 0:
            _define(words, row, definition_row(dataclasses.replace(found, symbol=symbol)))
    return missing


def define_for(
    config: FeedConfig, words: npt.NDArray[np.int64], lookup: npt.NDArray[np.int64]
) -> list[str]:
    """Fetch and define the instruments of a feed, before its first worker.

    Args:
        config: of the feed; without a venue nothing is done.
        words: the instruments' rows.
        lookup: the instruments' map.

    Returns:
        Lines for people. A venue that does not answer is one of them, and no error: symbols then come from
        the messages, at eight decimals.
    """
    venue = config.venue
    if venue is None or not venue.instruments:
        return []
    from zerofeed.runtime.venue_rest import VenueRest, proxies_by  # noqa: PLC0415 - an extra

    service = service_of(msgspec.to_builtins(venue))
    symbols = [service.check_symbol(symbol) for symbol in venue.symbols]
    ca_file = Path(venue.ca_file) if venue.ca_file else None
    try:
        proxies = proxies_by(venue.proxy)
        with VenueRest(
            service.limits, ca_file=ca_file, proxies=proxies, attempts=_ATTEMPTS
        ) as rest:
            answers = rest.fetch_instruments(service)
        definitions = [each for body in answers for each in service.parse_instruments(body)]
    except (VenueError, ValueError, OverflowError) as error:
        return [f"no definitions of instruments: {error}; prices and sizes have 8 decimals"]
    missing = define_instruments(
        definitions,
        symbols,
        words,
        lookup,
        has_own_digits=service.venue == "kraken",
        is_numbered=service.is_numbered,
    )
    return [f"{service.name} lists no {symbol}" for symbol in missing]
