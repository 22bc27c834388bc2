"""Deribit's JSON messages, made after its documentation, and what each means."""

from __future__ import annotations

from tests.unit.venues.venue import MS, Told, Vector, level, rate, rec

__all__ = ["DERIBIT", "SYMBOL", "change", "snapshot", "told"]

SYMBOL = "ABC-PERPETUAL"
OPTION = "ABC-27JUN25-2500-P"
_MS = 1_700_000_000_321
_AT = _MS * MS


def told(channel: str, data: object) -> dict[str, object]:
    """A message of a subscription."""
    return {
        "jsonrpc": "2.0",
        "method": "subscription",
        "params": {"channel": channel, "data": data},
    }


def snapshot(number: int, bids: list[list[object]], asks: list[list[object]]) -> dict[str, object]:
    """The first message of a book."""
    data = {
        "type": "snapshot", "timestamp": _MS, "instrument_name": SYMBOL, "change_id": number,
        "bids": [["new", *row] for row in bids], "asks": [["new", *row] for row in asks],
    }  # fmt: skip
    return told(f"book.{SYMBOL}.100ms", data)


def change(
    number: int, previous: int, bids: list[list[object]], asks: list[list[object]]
) -> dict[str, object]:
    """A later one; its rows name what happens."""
    data = {
        "type": "change", "timestamp": _MS, "instrument_name": SYMBOL, "change_id": number,
        "prev_change_id": previous, "bids": bids, "asks": asks,
    }  # fmt: skip
    return told(f"book.{SYMBOL}.100ms", data)


def _best(bid: object, ask: object, sizes: tuple[object, object]) -> dict[str, object]:
    return {
        "best_bid_price": bid, "best_bid_amount": sizes[0],
        "best_ask_price": ask, "best_ask_amount": sizes[1],
    }  # fmt: skip


def _rows(flags: str, **ids: int) -> list[Told]:
    return [
        level(SYMBOL, "B", "5042.34", "30", _AT, flags, **ids),
        level(SYMBOL, "A", "5043", "0", _AT, f"last {flags}", **ids),
    ]


_OLD = {
    "timestamp": _MS, "instrument_name": SYMBOL, "change_id": 297217,
    "bids": [["new", 5042.34, 30]], "asks": [["new", 5042.64, 40]],
}  # fmt: skip
_GROUPED = {**_OLD, "bids": [[5042.34, 30]], "asks": [[5042.64, 40]]}

DERIBIT = [
    Vector(
        "book",
        [change(297218, 297217, [["new", 5042.34, 30]], [["delete", 5043.0, 0]])],
        _rows("maybe_bad_book", change_id=297218, prev_change_id=297217),
    ),
    Vector(
        "book",
        [snapshot(297217, [[5042.34, 30]], [[5042.64, 40]])],
        [
            rec("level", SYMBOL, action="R", flags="snapshot", at=_AT, change_id=297217),
            level(SYMBOL, "B", "5042.34", "30", _AT, "snapshot", change_id=297217),
            level(SYMBOL, "A", "5042.64", "40", _AT, "snapshot last", change_id=297217),
        ],
    ),
    Vector(
        # Of 2019: no type, and the snapshot is the one that follows nothing.
        "book",
        [
            told("book.ABC-PERPETUAL.raw", _OLD),
            told("book.ABC-PERPETUAL.raw", {
                **_OLD, "change_id": 297219, "prev_change_id": 297217, "asks": [],
                "bids": [["delete", 5042.34, 0]],
            }),
        ],
        [
            rec("level", SYMBOL, action="R", flags="snapshot", at=_AT, change_id=297217),
            level(SYMBOL, "B", "5042.34", "30", _AT, "snapshot", change_id=297217),
            level(SYMBOL, "A", "5042.64", "40", _AT, "snapshot last", change_id=297217),
            level(SYMBOL, "B", "5042.34", "0", _AT, "last",
                  change_id=297219, prev_change_id=297217),
        ],
    ),
    Vector(
        "ticker",
        [
            told("ticker.ABC-PERPETUAL.100ms", {
                **_best(281.5, 282, (10, 120)), "timestamp": _MS, "instrument_name": SYMBOL,
                "state": "open", "settlement_price": 281.1, "open_interest": 329085,
                "min_price": 277.9, "max_price": 286.1, "mark_price": 281.99, "last_price": 281.75,
                "index_price": 281.69, "funding_8h": 0.00002, "current_funding": 0.00001,
                "estimated_delivery_price": 281.68, "stats": {"volume": 1, "low": 2, "high": 3},
            }),
        ],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, bid_price="281.5", bid_size="10",
                ask_price="282", ask_size="120"),
            rec("mark", SYMBOL, at=_AT, mark_price="281.99", index_price="281.69",
                settlement_price="281.1", estimated_delivery_price="281.68"),
            rec("funding", SYMBOL, at=_AT, funding_rate=rate("0.00001"),
                funding_rate_8h=rate("0.00002")),
            rec("open_interest", SYMBOL, at=_AT, open_interest="329085"),
            rec("limits", SYMBOL, at=_AT, min_price="277.9", max_price="286.1",
                last_price="281.75"),
        ],
    ),
    Vector(
        "ticker",
        [
            # An option; nobody bids. Volatilities come in percent.
            told(f"ticker.{OPTION}.raw", {
                **_best(0.0, 0.0575, (0.0, 7.5)), "timestamp": _MS, "instrument_name": OPTION,
                "underlying_price": 2405.5, "underlying_index": "ABC-27JUN25", "last_price": None,
                "open_interest": 12.5, "min_price": 0.01, "max_price": 0.2, "mark_price": 0.0567,
                "index_price": 2401.25, "interest_rate": 0.0, "mark_iv": 71.25, "bid_iv": 0.0,
                "ask_iv": 72.5, "estimated_delivery_price": 2401.25,
                "greeks": {"vega": 3.5, "theta": -2.25, "rho": -0.5, "gamma": 0.0005,
                           "delta": -0.54321},
            }),
        ],
        [
            rec("quote", OPTION, flags="tob last", at=_AT, bid_size="0", ask_price="0.0575",
                ask_size="7.5"),
            rec("mark", OPTION, at=_AT, mark_price="0.0567", index_price="2401.25",
                estimated_delivery_price="2401.25"),
            rec("open_interest", OPTION, at=_AT, open_interest="12.5"),
            rec("limits", OPTION, at=_AT, min_price="0.01", max_price="0.2"),
            rec("greeks", OPTION, at=_AT, delta=rate("-0.54321"), gamma=rate("0.0005"),
                vega=rate("3.5"), theta=rate("-2.25")),
            rec("volatility", OPTION, at=_AT, mark_iv=rate("0.7125"), bid_iv=rate("0"),
                ask_iv=rate("0.725"), underlying_price="2405.5"),
        ],
    ),
    Vector(
        "trades",
        [
            told(f"trades.{SYMBOL}.100ms", [
                {"trade_seq": 30289442, "trade_id": "48079269", "timestamp": _MS,
                 "tick_direction": 2, "price": 8950.5, "mark_price": 8948.9, "index_price": 8955.88,
                 "instrument_name": SYMBOL, "direction": "sell", "amount": 10.0},
                {"trade_seq": 30289443, "trade_id": "48079270", "timestamp": _MS + 1,
                 "price": 8950, "instrument_name": SYMBOL, "direction": "buy", "amount": 20.0,
                 "liquidation": "T"},
            ]),
        ],
        [
            rec("trade", SYMBOL, "A", at=_AT, price="8950.5", size="10", trade_id=48079269,
                trade_seq=30289442),
            rec("trade", SYMBOL, "B", at=_AT + MS, price="8950", size="20", trade_id=48079270,
                trade_seq=30289443),
            rec("liquidation", SYMBOL, "B", at=_AT + MS, price="8950", size="20",
                trade_id=48079270),
        ],
    ),
    Vector(
        "quote",
        [
            told(f"quote.{SYMBOL}", {
                **_best(3914.97, None, (40, 0)), "timestamp": _MS, "instrument_name": SYMBOL,
            }),
        ],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, bid_price="3914.97", bid_size="40",
                ask_size="0"),
        ],
    ),
    Vector(
        "deribit_price_index",
        [told("deribit_price_index.abc_usd",
              {"timestamp": _MS, "price": 3937.89, "index_name": "abc_usd"})],
        [rec("index", "abc_usd", at=_AT, price="3937.89")],
    ),
    Vector(
        "instrument.state",
        [
            told("instrument.state.any.any",
                 {"timestamp": _MS, "state": "created", "instrument_name": SYMBOL}),
            told("instrument.state.any.any",
                 {"timestamp": _MS, "state": "closed", "instrument_name": SYMBOL}),
        ],
        [rec("status", SYMBOL, at=_AT), rec("status", SYMBOL, at=_AT, state=0)],
    ),
    Vector("answer", [{"jsonrpc": "2.0", "id": 8, "result": ["x"], "usIn": 1}], []),
    Vector("error", [{"jsonrpc": "2.0", "error": {"code": -32700, "message": "no"}}], []),
    Vector("other", [told("platform_state", {"maintenance": True})], []),
]  # fmt: skip
