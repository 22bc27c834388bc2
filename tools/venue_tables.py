"""Write the tables of docs/reference/venues.md from the sources: python tools/venue_tables.py.

A table stands behind a comment that names it, and ends at the next empty line behind it. A test
(tests/unit/test_docs.py) compares the page with what this writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from zerofeed.records.instruments import INSTRUMENT_TYPES
from zerofeed.venues.catalogue import SERVICES
from zerofeed.venues.limits import Ping
from zerofeed.venues.service import Service

__all__ = ["PAGE", "fill"]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "venues.md"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a table."""
    cells = [list(map(str, head)), *(list(map(str, row)) for row in rows)]
    cells.insert(1, ["---"] * len(cells[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def services() -> str:
    """Name, what it is, protocol, an example, keys."""
    return table(
        ("venue", "what it is", "`--protocol`", "example", "a key adds"),
        (
            (
                f"`{each.name}`",
                each.title,
                f"`{each.protocol}`",
                f"`{each.name}:{each.symbol_example}`",
                each.keys or "",
            )
            for each in SERVICES.values()
        ),
    )


def encodings() -> str:
    """Every other encoding of a service, and the key that it needs."""
    return table(
        ("venue", "`encoding`", "`--protocol`", "key", "its parts"),
        (
            (f"`{each.name}`", f"`{name}`", f"`{other.protocol}`", *key_of(other))
            for each in SERVICES.values()
            for name, other in each.encodings.items()
        ),
    )


def key_of(service: Service) -> tuple[str, str]:
    """Say what key a service needs, or what else."""
    if service.key is None:
        return service.keys or "", ""
    return service.key.about, code(service.key.parts)


def channels() -> str:
    """Where each service has its channels; those that come together are one row."""
    return channels_of(SERVICES.values())


def encoded_channels() -> str:
    """The same for the other encodings."""
    return channels_of(other for each in SERVICES.values() for other in each.encodings.values())


def channels_of(services: Iterable[Service]) -> str:
    """Write the channels of services."""
    rows: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for each in services:
        for name, channel in each.channels.items():
            rows.setdefault((each.name, channel.names, channel.note), []).append(name)
    return table(
        ("venue", "channels", "the venue's", "note"),
        (
            (f"`{service}`", code(ours), code(theirs), note)
            for (service, theirs, note), ours in rows.items()
        ),
    )


def code(names: Iterable[str]) -> str:
    """Write names as code."""
    return ", ".join(f"`{name}`" for name in names)


def proofs() -> str:
    """What is checked."""
    return table(
        ("venue", "checked"), ((f"`{each.name}`", each.book_proof) for each in SERVICES.values())
    )


def limits() -> str:
    """What each service allows."""
    return table(
        (
            "venue",
            "topics a connection",
            "topics a request",
            "messages/s",
            "connections in 5 min",
            "REST weight a minute",
            "cut after",
        ),
        (
            (
                f"`{each.name}`",
                each.limits.topics_per_connection,
                each.limits.topics_per_request,
                f"{each.limits.messages_per_second:g}",
                each.limits.connections_per_5min,
                each.limits.rest_weight_per_minute,
                f"{each.renew_hours:g} h" if each.renew_hours else "",
            )
            for each in SERVICES.values()
        ),
    )


def pings() -> str:
    """How each connection is kept alive."""
    return table(
        ("venue", "the client sends", "when", "the venue sends every", "dead after silence of"),
        (
            (
                f"`{each.name}`",
                what_is_sent(each.ping),
                when_it_is_sent(each.ping),
                f"{each.ping.server_s:g} s" if each.ping.server_s else "",
                f"{each.stale_seconds:g} s",
            )
            for each in SERVICES.values()
        ),
    )


def what_is_sent(ping: Ping) -> str:
    """Say what the client's ping is."""
    if ping.answers:
        return ", ".join(f"`{answer}` to {part.strip(chr(34))}" for part, answer in ping.answers)
    return f"`{ping.text}`" if ping.text else "a ping frame"


def when_it_is_sent(ping: Ping) -> str:
    """Say when the client pings."""
    if ping.every_s is not None:
        return f"every {ping.every_s:g} s"
    return f"after {ping.idle_s:g} s of silence" if ping.idle_s is not None else "when asked"


def rules() -> str:
    """What symbols tell."""
    return table(
        ("venue", "begins with", "ends with", "dashes", "kind"),
        (
            (
                f"`{each.name}`",
                f"`{rule.prefix.decode()}`" if rule.prefix else "",
                f"`{rule.suffix.decode()}`" if rule.suffix else "",
                "any" if rule.dashes is None else rule.dashes,
                INSTRUMENT_TYPES[rule.kind],
            )
            for each in SERVICES.values()
            for rule in each.symbol_rules
        ),
    )


TABLES: dict[str, Callable[[], str]] = {
    "services": services,
    "encodings": encodings,
    "channels": channels,
    "encoded channels": encoded_channels,
    "proofs": proofs,
    "limits": limits,
    "pings": pings,
    "rules": rules,
}


def fill(page: str) -> str:
    """Replace every table of the page."""
    for name, write in TABLES.items():
        mark = f"<!-- {name} -->"
        pattern = re.compile(rf"{re.escape(mark)}\n\n?(?:\|[^\n]*\n)*\n*")
        filled = f"{mark}\n\n{write()}\n\n"
        page, count = pattern.subn(lambda _, filled=filled: filled, page)
        if count != 1:
            raise SystemExit(f"{PAGE}: {mark} is there {count} times")
    return page.rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
