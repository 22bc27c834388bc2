"""An alarm for liquidations: a line, with the terminal's bell, for each that is large enough.

::

    zerofeed run binance-usdm:BTCUSDT,ETHUSDT:trades,liquidations
    python examples/liquidation_alarm.py binance-usdm --at-least 0.5

The size is in the venue's own units: coins or contracts. The side is that of the order which closes the
position: selling closes a long one.
"""

import argparse
import time

import zerofeed as zf

SIDES = {zf.BID: "short", zf.ASK: "long", zf.NO_SIDE: "some"}


def watch(feed: zf.Feed, at_least: float, seconds: float) -> int:
    """Print what is forced for so long; the number of alarms."""
    alarms = 0
    end = time.monotonic() + seconds
    with feed.reader(kinds=[zf.LIQUIDATION]) as reader:
        while (left := end - time.monotonic()) > 0:
            if not reader.wait(left):
                continue
            batch = reader.poll()
            for record, price, size in zip(
                batch, feed.prices(batch), feed.sizes(batch), strict=True
            ):
                if size < at_least:
                    continue
                alarms += 1
                symbol = feed.instruments.row(int(record["instrument"])).symbol
                print(f"\a{symbol:<16} {SIDES[int(record['side'])]:>5} {size:g} at {price:,g}")
    return alarms


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="An alarm for liquidations.")
    parser.add_argument("feed")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="SIZE")
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    with zf.attach(chosen.feed, wait=30.0) as attached:
        print(f"{watch(attached, chosen.at_least, chosen.seconds)} alarms")
