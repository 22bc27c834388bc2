"""A small market made up from a seed: books that move, trades, marks, funding, liquidations.

It says what happened in neutral terms; a dialect says it as its venue does. The same symbols and
seed give the same events, whatever the clock says. A book has at most ``depth`` levels on a side,
never fewer than half of that, and is never crossed.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.venue.book import Book, Row, SideName

__all__ = ["Levels", "Liquidation", "Mark", "MarketEvent", "SeededMarket", "Trade"]

PRICE_DECIMALS = 2
SIZE_DECIMALS = 3
_ACTIONS = ("level", "trade", "mark", "liquidation")
_WEIGHTS = (64, 30, 5, 1)


class Levels(NamedTuple):
    """Levels that changed.

    Attributes:
        symbol: whose.
        ts_ns: the venue's time.
        bids: absolute sizes, ``more`` is the count of orders; zero removes.
        asks: the same.
        book: the whole book behind the change, in the present: read it now, keep no hold of it.
        is_opening: the rows are the whole book.
        is_best_changed: the best level of a side has another price or size.
    """

    symbol: str
    ts_ns: int
    bids: tuple[Row, ...]
    asks: tuple[Row, ...]
    book: Book
    is_opening: bool = False
    is_best_changed: bool = False


class Trade(NamedTuple):
    """Something was traded; the level that it took from changes in the event behind it."""

    symbol: str
    ts_ns: int
    price: str
    size: str
    is_buy: bool
    number: int


class Mark(NamedTuple):
    """What is known of a contract besides its book.

    Attributes:
        symbol: whose.
        ts_ns: the venue's time.
        mark_price: what margins are reckoned with.
        index_price: of what is underneath.
        last_price: of the last trade.
        funding_rate: of the present interval, a fraction.
        next_funding_ns: when it is paid.
        open_interest: contracts.
    """

    symbol: str
    ts_ns: int
    mark_price: str
    index_price: str
    last_price: str
    funding_rate: str
    next_funding_ns: int
    open_interest: str


class Liquidation(NamedTuple):
    """A position was closed by force."""

    symbol: str
    ts_ns: int
    price: str
    size: str
    is_buy: bool
    number: int


MarketEvent = Levels | Trade | Mark | Liquidation


@dataclass(slots=True)
class _Symbol:
    name: str
    mid_ticks: int
    book: Book
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    last_ticks: int = 0
    interest_lots: int = 0


class SeededMarket:
    """Makes events up.

    Args:
        symbols: as the venue writes them.
        seed: of everything.
        depth: levels on a side at most, at least 4.

    Raises:
        ConfigurationError: no symbols, or too little depth.
    """

    def __init__(self, symbols: Sequence[str], seed: int, *, depth: int = 20) -> None:
        if not symbols or depth < 4:
            raise ConfigurationError(
                "a market needs symbols, and 4 levels or more",
                got=f"{len(symbols)} symbols, {depth} levels",
                next_step="name some with --symbols A,B",
            )
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        self._depth = depth
        self._numbers = 1_000
        self._waiting: deque[MarketEvent] = deque()
        self._symbols = [self._list(name) for name in dict.fromkeys(symbols)]

    def book(self, symbol: str) -> Book:
        """The truth about a symbol's book."""
        return next(each.book for each in self._symbols if each.name == symbol)

    def opening(self, ts_ns: int) -> Iterator[Levels]:
        """The books as they are, one event each."""
        for symbol in self._symbols:
            book = symbol.book
            rows = tuple(book.top("bids")), tuple(book.top("asks"))
            yield Levels(symbol.name, ts_ns, *rows, book, is_opening=True, is_best_changed=True)

    def next(self, ts_ns: int) -> MarketEvent:
        """What happens next.

        Args:
            ts_ns: the venue's time of it.

        Returns:
            One event. Those that come of one cause (a trade and its level) come one by one, and
            have the time of the first.
        """
        if not self._waiting:
            symbol = self._random.choice(self._symbols)
            action = self._random.choices(_ACTIONS, _WEIGHTS)[0]
            match action:
                case "level":
                    self._waiting.append(self._move(symbol, ts_ns))
                case "trade":
                    self._waiting.extend(self._trade(symbol, ts_ns))
                case "mark":
                    self._waiting.append(self._mark(symbol, ts_ns))
                case _:
                    self._waiting.append(self._liquidate(symbol, ts_ns))
        return self._waiting.popleft()

    def _list(self, name: str) -> _Symbol:
        draw = self._random
        symbol = _Symbol(name, draw.randrange(20_000, 5_000_000), Book(name))
        symbol.last_ticks = symbol.mid_ticks
        symbol.interest_lots = draw.randrange(10**6, 10**8)
        for k in range(1, self._depth - self._depth // 4):
            self._set(symbol, "bids", symbol.mid_ticks - k, self._size())
            self._set(symbol, "asks", symbol.mid_ticks + k, self._size())
        return symbol

    def _size(self) -> int:
        return self._random.randrange(1, 5_000)

    def _set(self, symbol: _Symbol, side: SideName, ticks: int, lots: int) -> Row:
        levels = symbol.bids if side == "bids" else symbol.asks
        if lots:
            levels[ticks] = lots
        else:
            levels.pop(ticks, None)
        orders = str(self._random.randrange(1, 9)) if lots else "0"
        row = Row(_text(ticks, PRICE_DECIMALS), _text(lots, SIZE_DECIMALS), (orders,))
        symbol.book.put(side, row)
        return row

    def _move(self, symbol: _Symbol, ts_ns: int) -> Levels:
        """Change one to three levels of a side, and keep its depth."""
        draw = self._random
        side: SideName = "bids" if draw.random() < 0.5 else "asks"
        best_before = _best(symbol)
        rows: dict[int, Row] = {}
        for _ in range(draw.randrange(1, 4)):
            levels = symbol.bids if side == "bids" else symbol.asks
            fate = draw.random()
            if fate < 0.6:
                ticks, lots = draw.choice(sorted(levels)), self._size()
            elif fate < 0.8 and len(levels) > self._depth // 2:
                ticks, lots = draw.choice(sorted(levels)), 0
            else:
                ticks, lots = self._vacant(symbol, side), self._size()
            rows[ticks] = self._set(symbol, side, ticks, lots)
        rows.update(self._refill(symbol, side))
        return self._levels(symbol, side, rows, best_before, ts_ns)

    def _vacant(self, symbol: _Symbol, side: SideName) -> int:
        """A price without a level: inside the spread if there is room, else behind the last."""
        bid, ask = max(symbol.bids), min(symbol.asks)
        if ask - bid > 1:
            return bid + 1 if side == "bids" else ask - 1
        if side == "bids":
            return min(symbol.bids) - self._random.randrange(1, 4)
        return max(symbol.asks) + self._random.randrange(1, 4)

    def _refill(self, symbol: _Symbol, side: SideName) -> dict[int, Row]:
        """Cut what is too deep, add behind the last level where too few are left."""
        levels = symbol.bids if side == "bids" else symbol.asks
        rows: dict[int, Row] = {}
        while len(levels) > self._depth:
            ticks = min(levels) if side == "bids" else max(levels)
            rows[ticks] = self._set(symbol, side, ticks, 0)
        while len(levels) < max(self._depth // 2, 2):
            ticks = min(levels) - 1 if side == "bids" else max(levels) + 1
            rows[ticks] = self._set(symbol, side, ticks, self._size())
        return rows

    def _trade(self, symbol: _Symbol, ts_ns: int) -> Iterator[MarketEvent]:
        """Take from the best level, all of it one time in three."""
        is_buy = self._random.random() < 0.5
        side: SideName = "asks" if is_buy else "bids"
        levels = symbol.asks if is_buy else symbol.bids
        best_before = _best(symbol)
        ticks = min(levels) if is_buy else max(levels)
        lots = levels[ticks]
        taken = lots if self._random.random() < 0.34 else self._random.randrange(1, lots + 1)
        symbol.last_ticks = ticks
        symbol.interest_lots += self._random.randrange(-taken, taken + 1)
        price, size = _text(ticks, PRICE_DECIMALS), _text(taken, SIZE_DECIMALS)
        yield Trade(symbol.name, ts_ns, price, size, is_buy, self._number())
        rows = {ticks: self._set(symbol, side, ticks, lots - taken)}
        rows.update(self._refill(symbol, side))
        yield self._levels(symbol, side, rows, best_before, ts_ns)

    def _levels(
        self,
        symbol: _Symbol,
        side: SideName,
        rows: dict[int, Row],
        best_before: tuple[object, ...],
        ts_ns: int,
    ) -> Levels:
        changed = tuple(rows.values())
        bids, asks = (changed, ()) if side == "bids" else ((), changed)
        is_best_changed = _best(symbol) != best_before
        return Levels(symbol.name, ts_ns, bids, asks, symbol.book, is_best_changed=is_best_changed)

    def _mark(self, symbol: _Symbol, ts_ns: int) -> Mark:
        middle = (max(symbol.bids) + min(symbol.asks)) // 2
        hour = 8 * 3_600 * 1_000_000_000
        return Mark(
            symbol.name,
            ts_ns,
            mark_price=_text(middle + self._random.randrange(-3, 4), PRICE_DECIMALS),
            index_price=_text(middle + self._random.randrange(-9, 10), PRICE_DECIMALS),
            last_price=_text(symbol.last_ticks, PRICE_DECIMALS),
            funding_rate=_signed(self._random.randrange(-30_000, 30_000), 8),
            next_funding_ns=(ts_ns // hour + 1) * hour,
            open_interest=_text(max(symbol.interest_lots, 0), SIZE_DECIMALS),
        )

    def _liquidate(self, symbol: _Symbol, ts_ns: int) -> Liquidation:
        is_buy = self._random.random() < 0.5
        ticks = min(symbol.asks) + 5 if is_buy else max(max(symbol.bids) - 5, 1)
        price, size = _text(ticks, PRICE_DECIMALS), _text(self._size(), SIZE_DECIMALS)
        return Liquidation(symbol.name, ts_ns, price, size, is_buy, self._number())

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers


def _best(symbol: _Symbol) -> tuple[object, ...]:
    bid, ask = max(symbol.bids), min(symbol.asks)
    return bid, symbol.bids[bid], ask, symbol.asks[ask]


def _text(units: int, decimals: int) -> str:
    scale = 10**decimals
    return f"{units // scale}.{units % scale:0{decimals}d}"


def _signed(units: int, decimals: int) -> str:
    return f"-{_text(-units, decimals)}" if units < 0 else _text(units, decimals)
