"""The best bid of several venues: who pays most, from feeds that run already.

Start the feeds, each in a terminal of its own, then this program::

    zerofeed run binance:BTCUSDT
    zerofeed run coinbase:BTC-USD
    zerofeed run kraken:BTC/USD
    python examples/best_bid.py binance:BTCUSDT coinbase:BTC-USD kraken:BTC/USD

A line is printed when another venue leads, or the leader's price moves. Books in doubt do not count.
"""

import argparse
import asyncio
import math

import zerofeed as zf


async def follow(name: str, symbol: str, bids: dict[str, float]) -> None:
    """Keep one venue's best bid up to date, and say when the best of all moves."""
    with zf.attach(name, wait=30.0) as feed:
        async for batch in feed.reader(kinds=[zf.BBO], symbols=[symbol]):
            last = batch[-1:]  # this filtered reader gives nothing but what is asked for
            before = leader(bids)
            bids.pop(name, None)
            price = float(feed.prices(last, "bid_price")[0])
            if not last["flags"][0] & zf.MAYBE_BAD_BOOK and not math.isnan(price):
                bids[name] = price
            if (now := leader(bids)) != before and now is not None:
                print(f"{now[1]:>16,.2f}  {now[0]}", flush=True)


def leader(bids: dict[str, float]) -> tuple[str, float] | None:
    """Name the feed with the highest bid, and that bid."""
    return max(bids.items(), key=lambda item: item[1], default=None)


async def main(places: list[str], seconds: float) -> None:
    """Follow all of them for so long."""
    bids: dict[str, float] = {}
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
            for name, _, symbol in (place.partition(":") for place in places):
                tasks.create_task(follow(name, symbol, bids))
    except TimeoutError:
        print(f"{len(bids)} of {len(places)} venues have a bid")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The best bid of several venues.")
    parser.add_argument("places", nargs="+", metavar="FEED:SYMBOL")
    parser.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.places, chosen.seconds))
