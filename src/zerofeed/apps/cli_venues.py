"""The verbs of the ``zerofeed`` command about venues: ``venues`` and ``instruments``.

As in :mod:`zerofeed.apps.cli`, only click is imported before a verb is called.
"""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["instruments", "venues"]

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
