"""From ``[venue]`` to sources: what a venue's service says becomes the connections of a feed.

::

    [venue]
    service = "binance"
    symbols = ["BTCUSDT", "ETHUSDT"]

says which protocol the feed has, which connections to open and what to send on each, within the venue's
limits. ``zerofeed run binance:BTCUSDT,ETHUSDT`` is the same without a file. ``encoding = "sbe"`` makes
it the binary streams of the same service, which need a ``key`` of the user's: the place where it is, that
is, for keys are neither in configurations nor on command lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.venue_numbers import find_numbers
from zerofeed.venues.catalogue import Selection, find_service, select
from zerofeed.venues.plan import Connection
from zerofeed.venues.service import Service

__all__ = ["connections_of", "expand_venue", "service_of", "tree_of"]

_BOOK_LEVELS = 512
"""Levels a side: fewer than a venue's snapshots have, so that what is behind them is known to be unknown."""
_SENDS_SHARE = 0.8
"""Part of the messages that a venue allows in a second which are sent while a connection opens."""
_HERE = ("127.0.0.1", "localhost")
"""Hosts to which a key may be sent without TLS."""
_SERVER_SILENCES = 3
"""Pings of the venue that may fail to come before a connection is given up."""


def service_of(venue: dict[str, Any]) -> Service:
    """Find the service that ``[venue]`` names, at the addresses that it names.

    Raises:
        ConfigurationError: there is none.
    """
    service = find_service(str(venue.get("service", "")))
    service = service.in_encoding(str(venue.get("encoding") or ""))
    if venue.get("test_net"):
        service = service.on_test_net()
    service = service.at(ws_url=venue.get("ws_url"), rest_url=venue.get("rest_url"))
    return service.numbered(venue.get("numbers") or {})


def connections_of(venue: dict[str, Any]) -> list[Connection]:
    """Plan the connections of ``[venue]``; the source of the same place carries each.

    Raises:
        ConfigurationError: a symbol or a channel is none of the service's.
    """
    service = service_of(venue)
    return service.subscribe(venue.get("channels") or None, venue.get("symbols") or [])


def tree_of(texts: Sequence[str]) -> dict[str, Any]:
    """Make the configuration that shorthands stand for.

    Args:
        texts: as on the command line; all of one service and of one set of channels.

    Raises:
        ConfigurationError: one of them is wrong, or they are of several services.
    """
    selections = select(texts)
    if len(selections) > 1:
        raise ConfigurationError(
            "one feed is of one service and one set of channels",
            got=", ".join(each.service.name for each in selections),
            next_step="run a feed for each of them",
        )
    selection: Selection = selections[0]
    return {
        "feed": {"name": selection.service.name},
        "venue": {
            "service": selection.service.name,
            "symbols": list(selection.symbols),
            "channels": list(selection.channels),
        },
    }


def expand_venue(tree: dict[str, Any], where: str) -> None:
    """Put the protocol and the sources of ``[venue]`` into a configuration, if it has that table.

    A venue that names instruments by numbers is asked for them here, unless they are given.

    Args:
        tree: as read from TOML; changed.
        where: the file, for errors.

    Raises:
        ConfigurationError: the venue is none, lacks a key, or sources are given as well.
        VenueError: the venue's numbers cannot be had.
    """
    venue = tree.get("venue")
    if not isinstance(venue, dict):
        return
    if tree.get("source"):
        raise ConfigurationError(
            "sources and a venue",
            where=where,
            expected="[venue], which makes the sources, or [[source]]",
            next_step="leave one of them out",
        )
    service = service_of(venue)
    _check_key(service, str(venue.get("key") or ""), where)
    if service.is_numbered and not service.numbers:
        symbols = venue.get("symbols") or []
        ca_file = str(venue.get("ca_file") or "")
        venue["numbers"] = find_numbers(
            service, symbols, ca_file=ca_file, proxy=str(venue.get("proxy", ""))
        )
    feed = tree.setdefault("feed", {})
    feed.setdefault("name", service.name)
    feed["protocol"] = service.protocol
    memory = tree.setdefault("memory", {})
    memory.setdefault("book_levels", _BOOK_LEVELS)
    tree["source"] = [_source_of(service, each, venue) for each in connections_of(venue)]


def _check_key(service: Service, place: str, where: str) -> None:
    if service.key is None and place:
        raise ConfigurationError(
            "a key for what needs none",
            where=where,
            expected="venue.key only with an encoding that needs one",
            next_step="leave venue.key out",
        )
    if service.key is not None and not place:
        raise ConfigurationError(
            "this needs a key of yours",
            where=f"{where}: {service.name}, {service.protocol}",
            expected=f"venue.key, the place of {service.key.about}",
            next_step='write it into a file of mode 0600, or set a variable and write "env:NAME"',
        )
    url = urlsplit(service.ws_url)
    if service.key is not None and url.scheme == "ws" and url.hostname not in _HERE:
        raise ConfigurationError(
            "a key would leave this machine as it stands",
            where=f"{where}: venue.ws_url",
            expected="wss://",
            got=service.ws_url,
        )


def _source_of(service: Service, connection: Connection, venue: dict[str, Any]) -> dict[str, Any]:
    ping = service.ping
    every_s = ping.every_s or ping.idle_s or 0.0
    source: dict[str, Any] = {
        "url": connection.url,
        "send": list(connection.texts),
        "send_per_second": service.limits.messages_per_second * _SENDS_SHARE,
        "dials_per_5min": service.limits.connections_per_5min,
        "ping_text": ping.text,
        "ping_seconds": every_s,
        "stale_seconds": max(service.stale_seconds, _SERVER_SILENCES * (ping.server_s or 0.0)),
        "renew_hours": 0.0 if service.renew_hours is None else service.renew_hours - 0.5,
    }
    if not every_s:
        source["ping_seconds"] = min(20.0, service.stale_seconds / 3)
    if ping.answers and ping.server_s:
        # The venue asks, and takes the same text for an answer when it comes before it has asked.
        source["ping_text"] = ping.answers[0][1]
        source["ping_seconds"] = ping.server_s / 2
    for key in ("ca_file", "proxy", "lines", "longest_message_bytes", "region_bytes"):
        if venue.get(key):
            source[key] = venue[key]
    return source
