"""``zerofeed instruments``: what a venue lists, with ticks, lots and expiries."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rich.markup import escape

from zerofeed.apps.render import make_console, plain_table
from zerofeed.base.errors import ResourceError
from zerofeed.runtime.venue_listing import (
    Listing,
    ListingCache,
    default_folder,
    list_instruments,
)
from zerofeed.venues.catalogue import find_service
from zerofeed.venues.definition import NO_OPTION, InstrumentDefinition
from zerofeed.venues.service import Service

__all__ = ["describe", "instruments", "matches"]

_NS = 1_000_000_000
_ATTEMPTS = 2
_TOLD_WAIT_S = 1.0
_SECONDS_OF = (("d", 86_400), ("h", 3_600), ("min", 60))


def instruments(
    venue: str,
    pattern: str | None,
    *,
    rest_url: str | None,
    ca_file: Path | None,
    max_age_s: float,
    is_json: bool,
) -> int:
    """Print a venue's instruments.

    Args:
        venue: name of a service.
        pattern: a part of a symbol, or a pattern with ``*`` and ``?``; None for all.
        rest_url: asked in place of the venue.
        ca_file: certificates of authorities to trust besides the system's.
        max_age_s: age of the list on disk at which the venue is asked again.
        is_json: one JSON object instead of a table.

    Returns:
        0, also when nothing matches.

    Raises:
        ConfigurationError: there is no such venue, or the file holds no certificates.
        VenueError: the venue cannot be reached and no list is on disk.
        ResourceError: the extra ``ws`` is not installed.
    """
    service = find_service(venue).at(rest_url=rest_url)
    listing = list_instruments(
        service,
        lambda: _fetch(service, ca_file),
        ListingCache(default_folder()),
        now_ns=time.time_ns(),
        max_age_s=max_age_s,
    )
    age_s = max(0.0, (time.time_ns() - listing.fetched_ns) / _NS)
    if listing.why_old is not None:
        print(
            f"zerofeed: {listing.why_old}; this is the list of {_age(age_s)} ago", file=sys.stderr
        )
    found = [each for each in listing.definitions if matches(each, pattern)]
    if is_json:
        told = [describe(each) for each in found]
        head = {"venue": service.name, "age_seconds": round(age_s, 1), "why_old": listing.why_old}
        print(json.dumps({**head, "instruments": told}, indent=2))
    else:
        _draw(found, listing, age_s)
    return 0


def matches(definition: InstrumentDefinition, pattern: str | None) -> bool:
    """Say whether a symbol, or one of its aliases, is meant. Case does not matter.

    Args:
        definition: of the instrument.
        pattern: a part of the symbol, or a pattern with ``*``, ``?`` or ``[``; None for all.
    """
    if pattern is None:
        return True
    wanted = pattern.casefold()
    names = [name.casefold() for name in (definition.symbol, *definition.aliases)]
    if any(sign in wanted for sign in "*?["):
        return any(fnmatchcase(name, wanted) for name in names)
    return any(wanted in name for name in names)


def describe(definition: InstrumentDefinition) -> dict[str, Any]:
    """Write a definition as ``--json`` prints it: decimals as text, times in ns."""
    return {
        "symbol": definition.symbol,
        "kind": definition.kind_name,
        "base": definition.base,
        "quote": definition.quote,
        "settlement": definition.settlement,
        "tick_size": _text(definition.tick_size),
        "lot_size": _text(definition.lot_size),
        "min_size": _text(definition.min_size),
        "contract_size": _text(definition.contract_size),
        "price_exponent": definition.price_exponent,
        "size_exponent": definition.size_exponent,
        "is_inverse": definition.is_inverse,
        "expiry_ns": definition.expiry_ns,
        "strike": _text(definition.strike),
        "option_type": None
        if definition.option_type == NO_OPTION
        else {"C": "call", "P": "put"}[chr(definition.option_type)],
        "state": definition.state,
        "is_trading": definition.is_trading,
        "aliases": list(definition.aliases),
    }


def _fetch(service: Service, ca_file: Path | None) -> list[bytes]:
    try:
        from zerofeed.runtime.venue_rest import VenueRest  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name != "urllib3":
            raise
        raise ResourceError(
            "venues are asked with urllib3, which is not installed",
            next_step="pip install 'zerofeed[ws]'",
        ) from error
    with VenueRest(
        service.limits, ca_file=ca_file, attempts=_ATTEMPTS, on_wait=_tell_wait
    ) as client:
        return client.fetch_instruments(service)


def _tell_wait(why: str, seconds: float) -> None:
    if seconds >= _TOLD_WAIT_S:
        print(f"zerofeed: {why}; waiting {seconds:.1f} s", file=sys.stderr)


def _draw(found: list[InstrumentDefinition], listing: Listing, age_s: float) -> None:
    console = make_console()
    numbers = ("tick", "lot", "min", "contract", "expiry")
    table = plain_table("symbol", "kind", "base", "quote", *numbers, "state", right=numbers)
    for each in found:
        state = escape(each.state)
        table.add_row(
            f"[bold]{escape(each.symbol)}",
            f"inverse {each.kind_name}" if each.is_inverse else each.kind_name,
            escape(each.base),
            escape(each.quote),
            *(_text(step) or "-" for step in (each.tick_size, each.lot_size, each.min_size)),
            _text(each.contract_size) or "-",
            "-" if each.expiry_ns is None else _day(each.expiry_ns),
            state if each.is_trading else f"[dim]{state}",
        )
    if found:
        console.print(table)
    when = f"{_age(age_s)} ago" if listing.is_cached else "now"
    console.print(f"{len(found)} of {len(listing.definitions)} instruments, listed {when}")


def _text(value: Decimal | None) -> str | None:
    """Write a decimal without an exponent and without zeros at its end."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _NS, UTC).strftime("%Y-%m-%d")


def _age(seconds: float) -> str:
    for unit, size in _SECONDS_OF:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
