"""A venue that zerofeed does not know, with a sort of instrument and a kind of record of its own.

An invented prediction market: contracts that pay 1 if an event happens. Nothing is compiled, and nothing of
zerofeed changes; the literal below is all there is::

    zerofeed decode odds.txt --protocol examples/own_venue.py:ODDS_MARKET
    python examples/own_venue.py FEED

The second prints the odds of a feed whose configuration says ``protocol = "examples/own_venue.py:ODDS_MARKET"``.
"""

import sys

import zerofeed as zf
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import Code, Emit, Message, Price, Size, Symbol, Time, Whole
from zerofeed.codecs.json.shape import Shape
from zerofeed.records import fields
from zerofeed.records.own import define_instrument_type, define_kind
from zerofeed.venues.dialects import NamedDialect

EVENT = define_instrument_type(128, "event")
ODDS = define_kind(
    48, "odds", {"yes_price": fields.PRICE, "no_price": fields.PRICE, "settles_ns": fields.TIME}
)

_TRADE = Emit(
    zf.TRADE,
    time=Time("at", "ms"),
    side=Code("taker", {"yes": zf.BID, "no": zf.ASK}),
    price=Price("price"),
    size=Size("count"),
    trade_id=Whole("id"),
)
_ODDS = Emit(
    ODDS,
    time=Time("at", "ms"),
    yes_price=Price("yes"),
    no_price=Price("no"),
    settles_ns=Time("settles", "s"),
)
_WORDS = ("type", "market", "at", "price", "count", "taker", "id", "yes", "no", "settles")
_MESSAGES = [
    Message("trade", when={"type": "trade"}, symbol=Symbol("market"), emits=[_TRADE]),
    Message("odds", when={"type": "odds"}, symbol=Symbol("market"), emits=[_ODDS]),
]
ODDS_MARKET = NamedDialect(
    "odds-market",
    "An invented prediction market",
    Dialect(Shape({word: word for word in _WORDS}), _MESSAGES, kind=EVENT, price_exponent=-4),
)

if __name__ == "__main__":
    with zf.attach(sys.argv[1]) as feed, feed.reader(start="oldest", kinds=["odds"]) as reader:
        for odds in zf.of_kind(reader.poll(), ODDS):
            contract = feed.instruments.row(int(odds["instrument"]))
            yes = zf.to_decimal(int(odds["yes_price"]), contract.price_exponent)
            print(f"{contract.symbol} ({contract.kind}): yes {yes}")
