"""Every service by name, and the shorthand in which the command line names what it wants.

The shorthand is ``SERVICE:SYMBOL,SYMBOL`` or ``SERVICE:SYMBOL,SYMBOL:CHANNEL,CHANNEL``::

    binance:BTCUSDT,ETHUSDT
    binance-usdm:BTCUSDT:trades,book
    okx:BTC-USDT,BTC-USDT-SWAP
    bitfinex:tBTCF0:USTF0:trades

Where symbols may have a colon themselves, what follows the last one is channels when it has none but
lower-case letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from zerofeed.base.errors import ConfigurationError
from zerofeed.venues.binance.service import BINANCE, BINANCE_COINM, BINANCE_USDM
from zerofeed.venues.bitfinex.service import BITFINEX
from zerofeed.venues.bitmex.service import BITMEX
from zerofeed.venues.bybit.service import BYBIT, BYBIT_INVERSE, BYBIT_LINEAR, BYBIT_OPTION
from zerofeed.venues.coinbase.service import COINBASE
from zerofeed.venues.deribit.service import DERIBIT
from zerofeed.venues.kraken.service import KRAKEN
from zerofeed.venues.kraken_futures.service import KRAKEN_FUTURES
from zerofeed.venues.okx.service import OKX
from zerofeed.venues.plan import Connection
from zerofeed.venues.service import Service
from zerofeed.venues.suggest import suggestion

__all__ = ["SERVICES", "Selection", "find_service", "is_shorthand", "parse_shorthand", "select"]

SERVICES: dict[str, Service] = {
    each.name: each
    for each in (
        BINANCE,
        BINANCE_USDM,
        BINANCE_COINM,
        OKX,
        BYBIT,
        BYBIT_LINEAR,
        BYBIT_INVERSE,
        BYBIT_OPTION,
        COINBASE,
        KRAKEN,
        KRAKEN_FUTURES,
        DERIBIT,
        BITMEX,
        BITFINEX,
    )
}
"""Every service by name."""

_CHANNELS_FORM = re.compile(r"[a-z_]+(,[a-z_]+)*")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted of one service.

    Attributes:
        service: where.
        symbols: in the venue's spelling, each once.
        channels: our names, each once.
    """

    service: Service
    symbols: tuple[str, ...]
    channels: tuple[str, ...]

    def connections(self) -> list[Connection]:
        """Say which connections to open and what to send on each."""
        return self.service.subscribe(self.channels, self.symbols)


def find_service(name: str) -> Service:
    """Look a service up.

    Raises:
        ConfigurationError: there is none of this name; the message lists those there are.
    """
    service = SERVICES.get(name)
    if service is None:
        raise ConfigurationError(
            "unknown venue",
            expected=", ".join(SERVICES),
            got=repr(name),
            next_step=suggestion(name, SERVICES) or "`zerofeed venues` describes them",
        )
    return service


def is_shorthand(text: str) -> bool:
    """Say whether a word of the command line is a shorthand, and not a file's name.

    Args:
        text: ``binance:BTCUSDT`` is one; ``feeds/deribit.toml`` and ``C:x.toml`` are none.
    """
    name, colon, _ = text.partition(":")
    return bool(colon) and re.fullmatch(r"[a-z][a-z0-9-]+", name) is not None


def parse_shorthand(text: str) -> Selection:
    """Read one shorthand.

    Raises:
        ConfigurationError: it is none, or names a service, symbol or channel that does not exist.
    """
    name, colon, rest = text.partition(":")
    if not colon or not rest:
        raise ConfigurationError(
            "this does not name a venue's instruments",
            expected="VENUE:SYMBOL,SYMBOL or VENUE:SYMBOL,SYMBOL:CHANNEL,CHANNEL",
            got=repr(text),
            next_step=f"e.g. {_example(name)}",
        )
    service = find_service(name)
    symbols, channels = _split(service, rest)
    named = [each.strip() for each in channels.split(",") if each.strip()]
    selection = Selection(
        service=service,
        symbols=tuple(dict.fromkeys(service.check_symbol(each) for each in _words(symbols))),
        channels=tuple(dict.fromkeys(named)) or service.defaults,
    )
    selection.connections()
    return selection


def select(texts: Iterable[str]) -> list[Selection]:
    """Read several shorthands.

    Args:
        texts: as on a command line. The same service may be named with other channels.

    Returns:
        One selection for each service and set of channels, in the order of their first mention.
        When no channels are named, a service's defaults are meant.

    Raises:
        ConfigurationError: one of them is wrong, or there is none.
    """
    joined: dict[tuple[str, tuple[str, ...]], Selection] = {}
    for text in texts:
        new = parse_shorthand(text)
        key = (new.service.name, new.channels)
        old = joined.get(key)
        symbols = new.symbols if old is None else tuple(dict.fromkeys(old.symbols + new.symbols))
        joined[key] = Selection(new.service, symbols, new.channels)
    if not joined:
        raise ConfigurationError("no venue is named", next_step=f"e.g. {_example('')}")
    return list(joined.values())


def _split(service: Service, text: str) -> tuple[str, str]:
    """Tell symbols from channels."""
    head, colon, tail = text.rpartition(":")
    if not colon:
        return text, ""
    if ":" in service.symbol_form and _CHANNELS_FORM.fullmatch(tail) is None:
        return text, ""
    return head, tail


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _example(name: str) -> str:
    service = SERVICES.get(name, BINANCE)
    return f"{service.name}:{service.symbol_example}"
