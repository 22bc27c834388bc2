"""The numbers by which a venue names instruments, looked up in its list of them.

Some encodings have no symbols: one subscribes to, and gets, numbers. They are in the venue's list of
instruments, which is kept on disk for a day (:mod:`zerofeed.runtime.venue_listing`); a symbol that is
not in an old list is looked for in a new one. This happens once, when the configuration is read, and
what was found stands in the configuration from then on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.venue_listing import ListingCache, default_folder, list_instruments
from zerofeed.venues.service import Service

__all__ = ["find_numbers"]

_DAY_S = 86_400.0


def find_numbers(
    service: Service,
    symbols: Sequence[str],
    *,
    ca_file: str = "",
    proxy: str = "",
    fetch: Callable[[], list[bytes]] | None = None,
    cache: ListingCache | None = None,
) -> dict[str, int]:
    """Look numbers up. Asks the venue where it has to, and blocks meanwhile.

    Args:
        service: whose, at the addresses that are used.
        symbols: as people write them.
        ca_file: certificates to trust in place of the system's.
        proxy: of ``[venue]``.
        fetch: gets the list from the venue; None: by REST.
        cache: where lists are kept; None: where all are.

    Returns:
        Number by symbol.

    Raises:
        ConfigurationError: a symbol is not listed, or has no number there.
        VenueError: the list cannot be had.
    """
    ask = fetch or (lambda: _fetch(service, ca_file, proxy))
    kept = cache or ListingCache(default_folder())
    wanted = [service.check_symbol(symbol) for symbol in symbols]
    numbers: dict[str, int] = {}
    for max_age_s in (_DAY_S, 0.0):
        listing = list_instruments(service, ask, kept, now_ns=time.time_ns(), max_age_s=max_age_s)
        numbers = {
            each.symbol: each.number for each in listing.definitions if each.number is not None
        }
        if all(symbol in numbers for symbol in wanted) or not listing.is_cached:
            break
    missing = [symbol for symbol in wanted if symbol not in numbers]
    if missing:
        raise ConfigurationError(
            "the venue lists no number of this symbol",
            where=service.name,
            got=", ".join(missing),
            next_step=f"`zerofeed instruments {service.name}` lists its symbols",
        )
    return {symbol: numbers[symbol] for symbol in wanted}


def _fetch(service: Service, ca_file: str, proxy: str) -> list[bytes]:
    from zerofeed.runtime.venue_rest import VenueRest, proxies_by  # noqa: PLC0415 - an extra

    trusted = Path(ca_file) if ca_file else None
    with VenueRest(service.limits, ca_file=trusted, proxies=proxies_by(proxy)) as rest:
        return rest.fetch_instruments(service)
