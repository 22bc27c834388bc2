"""Kraken's pairs: ``/0/public/AssetPairs``.

The REST interface still says XBT and XDG where the WebSocket interface v2 says BTC and DOGE. Definitions
have the latter; older spellings are their aliases, for captures of v1.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import SPOT
from zerofeed.venues.definition import InstrumentDefinition, decode_answer, in_one_line

__all__ = ["modern_symbol", "parse"]

_MODERN = {"XBT": "BTC", "XDG": "DOGE"}


class _Pair(msgspec.Struct):
    altname: str
    pair_decimals: int
    lot_decimals: int
    wsname: str = ""
    tick_size: Decimal | None = None
    ordermin: Decimal | None = None
    status: str = ""


class _Answer(msgspec.Struct):
    error: list[str]
    result: dict[str, _Pair] = {}


def modern_symbol(symbol: str) -> str:
    """Spell a pair as the WebSocket interface v2 does: ``XBT/USD`` becomes ``BTC/USD``."""
    return "/".join(_MODERN.get(part, part) for part in symbol.split("/"))


def parse(body: bytes) -> list[InstrumentDefinition]:
    """Read the list of pairs; those that are not on the WebSocket interface are left out.

    Raises:
        VenueError: the answer is a refusal, or not of the form that is known.
    """
    answer = decode_answer(body, _Answer, where="kraken, asset pairs")
    if answer.error:
        raise VenueError(
            "the venue refuses", where="kraken", got=in_one_line(", ".join(answer.error))
        )
    return [_definition(key, pair) for key, pair in answer.result.items() if pair.wsname]


def _definition(key: str, pair: _Pair) -> InstrumentDefinition:
    symbol = modern_symbol(pair.wsname)
    base, _, quote = symbol.partition("/")
    aliases = dict.fromkeys((pair.wsname, pair.altname, key))
    return InstrumentDefinition(
        symbol=symbol,
        kind=SPOT,
        base=base,
        quote=quote,
        settlement=quote,
        tick_size=pair.tick_size or Decimal(1).scaleb(-pair.pair_decimals),
        lot_size=Decimal(1).scaleb(-pair.lot_decimals),
        min_size=pair.ordermin,
        # The checksum is over text with exactly so many decimals, whatever the tick is.
        price_exponent=-pair.pair_decimals,
        size_exponent=-pair.lot_decimals,
        state=pair.status,
        is_trading=pair.status == "online",
        aliases=tuple(each for each in aliases if each != symbol),
    )
