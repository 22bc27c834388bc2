"""The verbs of the ``zerofeed`` command about venues: ``venues``, ``instruments`` and ``mock``.

As in :mod:`zerofeed.apps.cli`, only click is imported before a verb is called.
"""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["instruments", "mock", "venues"]

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def venues(*, is_json: bool) -> int:
    """List the venues that feeds can listen to, their channels and what proves their books."""
    from zerofeed.apps import venues as verb  # noqa: PLC0415

    return verb.venues(is_json=is_json)


@click.command()
@click.argument("venue")
@click.argument("pattern", required=False, metavar="[FILTER]")
@click.option("--rest-url", metavar="URL", help="Ask here in place of the venue.")
@click.option(
    "--ca-file", type=_PATH, metavar="FILE", help="Authorities to trust besides the system's, PEM."
)
@click.option(
    "--max-age", type=click.FloatRange(min=0), default=3600.0, show_default=True,
    metavar="SECONDS", help="Ask the venue again when the list on disk is older; 0 for always.",
)  # fmt: skip
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def instruments(
    venue: str,
    pattern: str | None,
    rest_url: str | None,
    ca_file: Path | None,
    max_age: float,
    *,
    is_json: bool,
) -> int:
    """List a VENUE's instruments with their ticks, lots and expiries.

    FILTER is a part of the symbol, or a pattern with * and ?. The list is kept on disk and shown
    with its age.
    """
    from zerofeed.apps import instruments as verb  # noqa: PLC0415

    return verb.instruments(
        venue,
        pattern,
        rest_url=rest_url,
        ca_file=ca_file,
        max_age_s=max_age,
        is_json=is_json,
    )


@click.command()
@click.argument("venue")
@click.option(
    "--capture", "captures", type=_PATH, multiple=True, metavar="FILE",
    help="Replay this text capture, plain or gzipped; several are merged by their times.",
)  # fmt: skip
@click.option("--generate", "is_generating", is_flag=True, help="Make a market up instead.")
@click.option("--symbols", metavar="A,B", help="Of the made-up market, as the venue writes them.")
@click.option(
    "--rate", type=click.FloatRange(min=0), default=100.0, show_default=True, metavar="EPS",
    help="Made-up events a second; 0 is as many as clients take.",
)  # fmt: skip
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Made-up events in all.")
@click.option(
    "--speed",
    default="1x",
    show_default=True,
    metavar="1x|10x|max",
    help="Of the capture: as recorded, faster by a factor, or as fast as clients take it.",
)
@click.option(
    "--faults", default="", metavar="NAME=CHANCE,...",
    help="What goes wrong, e.g. drop=0.01,disconnect=0.001.",
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Of market and faults.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, show_default=True,
    help="0 takes a free one.",
)  # fmt: skip
@click.option("--ca-file", type=_PATH, metavar="FILE", help="Write the certificate to trust here.")
@click.option("--plain", is_flag=True, help="Without TLS.")
@click.option("--ends", is_flag=True, help="End when the replay is done.")
@click.option(
    "--json", "is_json", is_flag=True, help="JSON, one object at the start, one at the end."
)
def mock(
    venue: str,
    captures: tuple[Path, ...],
    symbols: str | None,
    rate: float,
    count: int | None,
    speed: str,
    faults: str,
    seed: int,
    host: str,
    port: int,
    ca_file: Path | None,
    *,
    is_generating: bool,
    plain: bool,
    ends: bool,
    is_json: bool,
) -> int:
    """Be a VENUE to test against: TLS WebSocket and REST, on this machine.

    It replays a capture or makes a market up, in the venue's own protocol, with faults on demand.
    """
    from zerofeed.apps import mock as verb  # noqa: PLC0415

    return verb.mock(
        venue,
        captures=captures,
        symbols=symbols,
        is_generating=is_generating,
        rate=rate,
        count=count,
        host=host,
        port=port,
        speed=speed,
        faults=faults,
        seed=seed,
        ca_file=ca_file,
        is_tls=not plain,
        ends=ends,
        is_json=is_json,
    )
