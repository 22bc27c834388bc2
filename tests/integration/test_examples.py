"""The examples are run as a newcomer would, on feeds of venues that are mocked on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.feed.feeds import name_of_feed
from tests.unit.runtime.live import Live, until
from zerofeed.mock.venue.venue import MockVenue
from zerofeed.runtime.config import parse_tree

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow, pytest.mark.timeout(180)]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PATIENCE_S = 60.0
OPTIONS = ["BTC-27NOV26-90000-P", "BTC-27NOV26-100000-C", "BTC-25DEC26-100000-C"]


@contextmanager
def mocked_feed(
    folder: Path, service: str, mock: str, symbols: list[str], *channels: str
) -> Iterator[Live]:
    """A feed of a venue that makes its market up; from the first definition on."""
    name = name_of_feed()
    with MockVenue(mock, symbols=symbols, rate=300.0) as venue:
        tree: dict[str, Any] = {
            "feed": {"name": name},
            "memory": {"frames": 512, "instruments": 512},
            "venue": {
                "service": service,
                "symbols": symbols,
                "channels": list(channels),
                "ws_url": venue.ws_base,
                "rest_url": venue.rest_url,
                "ca_file": str(venue.ca_file),
            },
        }
        with Live(parse_tree(tree), folder / f"{name}.log") as live:
            with live.attach() as feed:
                until(lambda: feed.metrics["packets_decoded"] > 0, "the venue is heard")
            yield live


def run(example: str, *arguments: str) -> list[str]:
    """Run an example to its end; the lines it printed."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / example), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_examples_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 60


def test_best_bid_names_the_venue_that_pays_most(tmp_path: Path) -> None:
    with (
        mocked_feed(tmp_path, "binance", "binance-spot", ["BTCUSDT"], "book") as binance,
        mocked_feed(tmp_path, "coinbase", "coinbase", ["BTC-USD"], "book") as coinbase,
        mocked_feed(tmp_path, "kraken", "kraken-v2", ["BTC/USD"], "book") as kraken,
    ):
        places = [f"{binance.name}:BTCUSDT", f"{coinbase.name}:BTC-USD", f"{kraken.name}:BTC/USD"]
        *told, verdict = run("best_bid.py", *places, "--seconds", "4")
    assert verdict == "3 of 3 venues have a bid"
    names = {binance.name, coinbase.name, kraken.name}
    assert told
    for line in told:
        price, name = line.split()
        assert float(price.replace(",", "")) > 0
        assert name in names


def test_liquidation_alarm_rings_for_each_and_counts_them(tmp_path: Path) -> None:
    channels = ("trades", "liquidations")
    symbols = ["BTCUSDT", "ETHUSDT"]
    with mocked_feed(tmp_path, "binance-usdm", "binance-usdm", symbols, *channels) as live:
        *told, verdict = run("liquidation_alarm.py", live.name, "--seconds", "4")
        assert verdict == f"{len(told)} alarms"
        assert told
        for line in told:
            assert re.fullmatch(r"\a(BTCUSDT|ETHUSDT) +(long|short) [\d.e+-]+ at [\d.,]+", line), (
                line
            )
        unheard = run("liquidation_alarm.py", live.name, "--seconds", "1", "--at-least", "1e9")
        assert unheard == ["0 alarms"]


def test_options_surface_has_a_row_for_each_strike_and_a_column_for_each_expiry(
    tmp_path: Path,
) -> None:
    with mocked_feed(tmp_path, "deribit", "deribit", OPTIONS, "greeks") as live:
        told = run("options_surface.py", live.name, "--seconds", "4")
    heading = next(line for line in told if "strike" in line)
    assert heading.index("27 Nov 26") < heading.index("25 Dec 26")
    cells = {
        row[0]: row[1:]
        for row in ([cell.strip() for cell in line.strip("│").split("│")] for line in told)
        if row[0].endswith("000")
    }
    assert list(cells) == ["90,000", "100,000"]
    assert [bool(cell) for cell in cells["90,000"]] == [True, False]
    assert all(0 < float(cell) < 1000 for row in cells.values() for cell in row if cell)
    assert all(cells["100,000"])
