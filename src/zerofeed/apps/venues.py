"""``zerofeed venues``: the venues that a feed can listen to, and what each of them has."""

from __future__ import annotations

import json
from typing import Any

from rich.markup import escape

from zerofeed.apps.render import make_console, plain_table
from zerofeed.venues.catalogue import SERVICES
from zerofeed.venues.service import Service

__all__ = ["describe", "venues"]


def venues(*, is_json: bool = False) -> int:
    """Print every service. Nothing is asked of the network.

    Args:
        is_json: one JSON object instead of a table.

    Returns:
        0.
    """
    told = [describe(service) for service in SERVICES.values()]
    if is_json:
        print(json.dumps({"venues": told}, indent=2))
    else:
        _draw(told)
    return 0


def describe(service: Service) -> dict[str, Any]:
    """Say what is known of a service, as ``--json`` prints it."""
    limits = service.limits
    return {
        "name": service.name,
        "title": service.title,
        "protocol": service.protocol,
        "example": f"{service.name}:{service.symbol_example}",
        "ws_url": service.ws_url,
        "rest_url": service.rest_url,
        "test_ws_url": service.test_ws_url or None,
        "test_rest_url": service.test_rest_url or None,
        "channels": {
            name: {"venue_channels": list(channel.names), "note": channel.note or None}
            for name, channel in service.channels.items()
        },
        "default_channels": list(service.defaults),
        "book_proof": service.book_proof,
        "keys_needed_for": service.keys or None,
        "topics_per_connection": limits.topics_per_connection,
        "messages_per_second": limits.messages_per_second,
        "connections_per_5min": limits.connections_per_5min,
        "rest_weight_per_minute": limits.rest_weight_per_minute,
        "renew_hours": service.renew_hours,
        "encodings": {name: _describe_encoding(each) for name, each in service.encodings.items()},
    }


def _describe_encoding(service: Service) -> dict[str, Any]:
    return {
        "protocol": service.protocol,
        "ws_url": service.ws_url or None,
        "channels": {
            name: {"venue_channels": list(channel.names), "note": channel.note or None}
            for name, channel in service.channels.items()
        },
        "book_proof": service.book_proof,
        "key": None if service.key is None else service.key.about,
        "key_parts": [] if service.key is None else list(service.key.parts),
    }


def _draw(told: list[dict[str, Any]]) -> None:
    console = make_console()
    table = plain_table("venue", "protocol", "channels")
    table.columns[-1].no_wrap = False
    for each in told:
        table.add_row(f"[bold]{each['name']}", each["protocol"], ", ".join(each["channels"]))
    console.print(table)
    console.print()
    proofs = plain_table("venue", "what proves its books")
    proofs.columns[-1].no_wrap = False
    for each in told:
        proofs.add_row(f"[bold]{each['name']}", escape(each["book_proof"]))
    console.print(proofs)
    console.print()
    console.print("No key is needed. With one, a venue has more:")
    for each in told:
        if each["keys_needed_for"]:
            console.print(f"  [bold]{each['name']}[/]: {escape(each['keys_needed_for'])}")
    console.print("\nThe same in another encoding, by `encoding = ...` in a file:")
    for each in told:
        for name, encoding in each["encodings"].items():
            how = encoding["key"] or "at an address that the venue gives"
            channels = ", ".join(encoding["channels"])
            console.print(f"  [bold]{each['name']}[/] {name}: {channels}; {escape(how)}")
    console.print(f"\nSymbols: `zerofeed instruments VENUE`, e.g. {told[0]['example']}")
