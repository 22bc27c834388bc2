"""The surface of implied volatility: a row for each strike, a column for each expiry.

::

    zerofeed run deribit:BTC-25DEC26-100000-C,BTC-25DEC26-110000-C:greeks
    python examples/options_surface.py deribit

It collects what the venue says of each option and draws it at the end. Calls and puts of one strike share a
cell; the later one counts.
"""

import argparse
import time
from datetime import UTC, datetime
from decimal import Decimal

from rich.console import Console
from rich.table import Table

import zerofeed as zf

VOLATILITY_SCALE = 1e12  # 1 is 100 % a year


def collect(feed: zf.Feed, seconds: float) -> dict[tuple[Decimal, int], float]:
    """Listen for so long; the latest volatility in percent by strike and expiry."""
    surface: dict[tuple[Decimal, int], float] = {}
    end = time.monotonic() + seconds
    with feed.reader(kinds=[zf.VOLATILITY]) as reader:
        while (left := end - time.monotonic()) > 0:
            if not reader.wait(left):
                continue
            for record in reader.poll():
                option = feed.instruments.row(int(record["instrument"]))
                mark = int(record["mark_iv"])
                if option.strike_price is None or option.expiry_ns is None or mark == zf.UNDEF:
                    continue
                surface[option.strike_price, option.expiry_ns] = 100 * mark / VOLATILITY_SCALE
    return surface


def draw(surface: dict[tuple[Decimal, int], float]) -> Table:
    """Lay the surface out."""
    expiries = sorted({expiry for _, expiry in surface})
    days = [f"{datetime.fromtimestamp(each // 10**9, UTC):%d %b %y}" for each in expiries]
    table = Table("strike", *days, title="implied volatility, %")
    for strike in sorted({strike for strike, _ in surface}):
        cells = (surface.get((strike, expiry)) for expiry in expiries)
        table.add_row(f"{strike:,f}", *("" if iv is None else f"{iv:.1f}" for iv in cells))
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Implied volatility by strike and expiry.")
    parser.add_argument("feed")
    parser.add_argument("--seconds", type=float, default=15.0)
    chosen = parser.parse_args()
    with zf.attach(chosen.feed, wait=30.0) as attached:
        Console().print(draw(collect(attached, chosen.seconds)))
