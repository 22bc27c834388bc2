"""What the simulated venue lists, and how each listing behaves.

``default_listings`` makes a small exchange: spot, perpetuals, dated futures, options on a grid
of strikes and expiries, two combos; named, numbered and spread over channels as Deribit does.
Everything in it follows from the date that is given, so the same date is the same exchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import IntEnum

__all__ = [
    "Index",
    "Kind",
    "Listing",
    "Payoff",
    "Period",
    "Right",
    "default_indexes",
    "default_listings",
]

NEVER_MS = 32_503_708_800_000
"""What the venue sends as the expiry of something that has none: the year 3000."""

_HOUR_UTC = 8
_FRIDAY = 4


class Kind(IntEnum):
    """Kind of instrument, as on the wire."""

    FUTURE = 0
    OPTION = 1
    FUTURE_COMBO = 2
    OPTION_COMBO = 3
    SPOT = 4


class Payoff(IntEnum):
    """What an instrument settles in, as on the wire."""

    NOT_APPLICABLE = 0
    REVERSED = 1
    """Quoted in dollars (an option: in the coin), settled in the coin."""
    LINEAR = 2


class Right(IntEnum):
    """Right of an option, as on the wire."""

    NOT_APPLICABLE = 0
    CALL = 1
    PUT = 2


class Period(IntEnum):
    """Settlement period, as on the wire."""

    PERPETUAL = 0
    DAY = 3
    WEEK = 4
    MONTH = 5
    NONE = 255
    """Never settles (spot)."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index and the coin whose latent price it follows.

    Attributes:
        name: as on the wire, at most 16 characters.
        coin: the coin.
        decimals: of its price.
        price: where it begins, in its quote currency.
    """

    name: str
    coin: str
    decimals: int
    price: float


@dataclass(frozen=True, slots=True)
class Listing:
    """One instrument: its definition as the venue sends it, then how the simulation treats it.

    Attributes:
        name: as Deribit writes it.
        instrument_id: number on the wire, unique.
        channel: of its events; snapshots go to this plus 100.
        kind: spot, future (perpetuals too), option or combo.
        payoff: reversed or linear.
        base: base currency; the coin.
        quote: currency of the price.
        counter: currency of the strike.
        settlement: currency of the settlement, empty for spot.
        size_currency: currency of amounts.
        tick_size: prices are multiples of this ...
        tick_steps: ... and, above each first number, of the second.
        min_amount: amounts are multiples of this.
        contract_size: of one contract.
        index: name of the index that it follows.
        right: call or put, of an option.
        strike: of an option, else None.
        period: settlement period.
        creation_ms: milliseconds since the epoch.
        expiration_ms: milliseconds since the epoch, NEVER_MS for none.
        is_rfq: True when quotes may be asked for.
        legs: pairs of instrument number and signed size, of a combo.
        taker_commission: fraction of the notional.
        max_leverage: None where there is none.
        forms: templates of its definition, of "Instrument" and "InstrumentV2".
        mark_decimals: of its mark price.
        volatility: of an option at the money, a yearly fraction.
        carry: yearly rate between the index and its forward.
        wander: typical step of its premium, a fraction.
        half_spread: distance of the best prices from the mark, in ticks.
        spacing: typical distance of levels, in ticks.
        levels: that each side of the book opens with, 12 to 40.
        typical_lots: typical size of an order in multiples of ``min_amount``.
        band: allowed distance from the mark: a fraction of it, but of an option or combo in price.
        settlement_price: of the last settlement, None where there was none.
        activity: how often something happens to it, compared with the others; 1 or more.
    """

    name: str
    instrument_id: int
    channel: int
    kind: Kind
    payoff: Payoff
    base: str
    quote: str
    counter: str
    settlement: str
    size_currency: str
    tick_size: Decimal
    min_amount: Decimal
    contract_size: Decimal
    index: str
    creation_ms: int
    tick_steps: tuple[tuple[Decimal, Decimal], ...] = ()
    right: Right = Right.NOT_APPLICABLE
    strike: Decimal | None = None
    period: Period = Period.WEEK
    expiration_ms: int = NEVER_MS
    is_rfq: bool = False
    legs: tuple[tuple[int, int], ...] = ()
    taker_commission: float = 0.0005
    max_leverage: float | None = None
    forms: tuple[str, ...] = ("Instrument", "InstrumentV2")
    mark_decimals: int = 4
    volatility: float = 0.6
    carry: float = 0.06
    wander: float = 2e-5
    half_spread: float = 1.0
    spacing: float = 2.0
    levels: int = 20
    typical_lots: int = 20
    band: float = 0.015
    settlement_price: float | None = None
    activity: int = 1


_START = {"BTC": 97_412.35, "ETH": 3_412.62, "SOL": 187.2041}
_STRIKE_STEP = {"BTC": Decimal(2000), "ETH": Decimal(100), "SOL": Decimal(5)}
_VOLATILITY = {"BTC": 0.52, "ETH": 0.66, "SOL": 0.85}
_INVERSE_CHANNELS = {"BTC": (1, 2, 3), "ETH": (4, 5, 6)}
_LINEAR_PERPETUALS = 10
_LINEAR_OPTIONS = 13
_FUTURE_COMBOS = 14
_OPTION_COMBOS = 15
_SPOT = 21


def default_indexes() -> tuple[Index, ...]:
    """List the indexes of the small exchange: each coin in dollars and in USDC."""
    dollars = tuple(Index(f"{coin.lower()}_usd", coin, 2, price) for coin, price in _START.items())
    stable = tuple(Index(f"{coin.lower()}_usdc", coin, 4, price) for coin, price in _START.items())
    return dollars + stable


def default_listings(as_of_ns: int, *, strikes: int = 5, expiries: int = 2) -> tuple[Listing, ...]:
    """Make the small exchange as it might stand at a time.

    Args:
        as_of_ns: nanoseconds since the epoch; expiries are Fridays after it.
        strikes: of each option expiry, 1 or more. Each is listed as a call and as a put.
        expiries: of the BTC and ETH options, 1 to 6.

    Returns:
        Listings, 64 of them unless told otherwise, in no particular order.

    Raises:
        ValueError: a count is out of its range.
    """
    if strikes < 1 or not 1 <= expiries <= 6:
        raise ValueError(
            f"strikes must be 1 or more and expiries 1 to 6, got {strikes} and {expiries}"
        )
    fridays = _fridays(as_of_ns, 7)
    created_ms = as_of_ns // 1_000_000 - 86_400_000 - as_of_ns // 1_000_000 % 1000
    listed: list[Listing] = []
    for coin in _START:
        listed += _linear(coin, created_ms)
    for coin in _INVERSE_CHANNELS:
        listed += _inverse(coin, created_ms, fridays)
        for friday in fridays[1 : 1 + expiries]:
            listed += _inverse_options(coin, created_ms, friday, strikes)
    listed += _linear_options("SOL", created_ms, fridays[1], strikes)
    numbered = [replace(listing, instrument_id=1 + k) for k, listing in enumerate(listed)]
    combos = _combos(numbered, created_ms)
    count = len(numbered)
    return (
        *numbered,
        *(replace(combo, instrument_id=count + 1 + k) for k, combo in enumerate(combos)),
    )


def _fridays(as_of_ns: int, count: int) -> list[datetime]:
    today = datetime.fromtimestamp(as_of_ns // 1_000_000_000, UTC).replace(
        hour=_HOUR_UTC, minute=0, second=0
    )
    soon = today + timedelta(days=2 + (_FRIDAY - today.weekday() - 2) % 7)
    return [soon + timedelta(weeks=k) for k in range(count)]


def _date(friday: datetime) -> str:
    return f"{friday.day}{friday:%b%y}".upper()


def _ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


def _linear(coin: str, created_ms: int) -> list[Listing]:
    """A coin's spot market and its perpetual, both in USDC."""
    tick = {"BTC": Decimal("0.5"), "ETH": Decimal("0.05"), "SOL": Decimal("0.001")}[coin]
    lot = {"BTC": Decimal("0.0001"), "ETH": Decimal("0.001"), "SOL": Decimal("0.01")}[coin]
    spot = Listing(
        name=f"{coin}_USDC",
        instrument_id=0,
        channel=_SPOT,
        kind=Kind.SPOT,
        payoff=Payoff.LINEAR,
        base=coin,
        quote="USDC",
        counter="USDC",
        settlement="",
        size_currency=coin,
        tick_size=tick,
        min_amount=lot,
        contract_size=lot,
        index=f"{coin.lower()}_usdc",
        creation_ms=created_ms,
        period=Period.NONE,
        taker_commission=0.0001,
        half_spread=2.0,
        spacing=6.0,
        typical_lots=300,
        band=0.1,
        activity=6,
    )
    perpetual = replace(
        spot,
        name=f"{coin}_USDC-PERPETUAL",
        channel=_LINEAR_PERPETUALS,
        kind=Kind.FUTURE,
        settlement="USDC",
        period=Period.PERPETUAL,
        max_leverage=50.0,
        taker_commission=0.0005,
        half_spread=1.0,
        spacing=4.0,
        band=0.005,
        settlement_price=round(_START[coin] * 0.991, 4),
        activity=12,
    )
    return [spot, perpetual]


def _inverse(coin: str, created_ms: int, fridays: Sequence[datetime]) -> list[Listing]:
    """A coin's perpetual and dated futures, in dollars and settled in the coin."""
    perpetual_channel, _, future_channel = _INVERSE_CHANNELS[coin]
    lot = {"BTC": Decimal(10), "ETH": Decimal(1)}[coin]
    perpetual = Listing(
        name=f"{coin}-PERPETUAL",
        instrument_id=0,
        channel=perpetual_channel,
        kind=Kind.FUTURE,
        payoff=Payoff.REVERSED,
        base=coin,
        quote="USD",
        counter="USD",
        settlement=coin,
        size_currency="USD",
        tick_size={"BTC": Decimal("0.5"), "ETH": Decimal("0.05")}[coin],
        min_amount=lot,
        contract_size=lot,
        index=f"{coin.lower()}_usd",
        creation_ms=created_ms,
        period=Period.PERPETUAL,
        max_leverage=50.0,
        mark_decimals=2,
        spacing=3.0,
        levels=26,
        typical_lots=400,
        band=0.005,
        settlement_price=round(_START[coin] * 0.991, 2),
        activity=40,
    )
    futures = [
        replace(
            perpetual,
            name=f"{coin}-{_date(friday)}",
            channel=future_channel,
            period=Period.WEEK if weeks < 3 else Period.MONTH,
            expiration_ms=_ms(friday),
            tick_size={"BTC": Decimal("2.5"), "ETH": Decimal("0.25")}[coin],
            levels=18,
            typical_lots=150,
            band=0.1,
            settlement_price=round(_START[coin] * 0.993, 2) if weeks < 3 else None,
            forms=("InstrumentV2",) if weeks == 3 else ("Instrument", "InstrumentV2"),
            activity=8,
        )
        for weeks, friday in enumerate(fridays)
        if weeks in {0, 3}
    ]
    return [perpetual, *futures]


def _strikes(coin: str, count: int) -> list[Decimal]:
    step = _STRIKE_STEP[coin]
    middle = round(Decimal(_START[coin]) / step) * step
    return [middle + step * (k - count // 2) for k in range(count)]


def _inverse_options(coin: str, created_ms: int, friday: datetime, strikes: int) -> list[Listing]:
    """Calls and puts of one expiry, priced in the coin; the tick grows above 0.005."""
    first = Listing(
        name="",
        instrument_id=0,
        channel=_INVERSE_CHANNELS[coin][1],
        kind=Kind.OPTION,
        payoff=Payoff.REVERSED,
        base=coin,
        quote=coin,
        counter="USD",
        settlement=coin,
        size_currency=coin,
        tick_size=Decimal("0.0001"),
        tick_steps=((Decimal("0.005"), Decimal("0.0005")),),
        min_amount={"BTC": Decimal("0.1"), "ETH": Decimal(1)}[coin],
        contract_size=Decimal(1),
        index=f"{coin.lower()}_usd",
        creation_ms=created_ms,
        expiration_ms=_ms(friday),
        taker_commission=0.0003,
        volatility=_VOLATILITY[coin],
        wander=4e-4,
        half_spread=3.0,
        spacing=8.0,
        levels=14,
        typical_lots=60,
        band=0.04,
        settlement_price=0.0217 if friday.day % 2 else None,
    )
    return _both_rights(first, f"{coin}-{_date(friday)}", _strikes(coin, strikes))


def _linear_options(coin: str, created_ms: int, friday: datetime, strikes: int) -> list[Listing]:
    """Calls and puts of one expiry, priced and settled in USDC."""
    first = Listing(
        name="",
        instrument_id=0,
        channel=_LINEAR_OPTIONS,
        kind=Kind.OPTION,
        payoff=Payoff.LINEAR,
        base=coin,
        quote="USDC",
        counter="USDC",
        settlement="USDC",
        size_currency=coin,
        tick_size=Decimal("0.01"),
        min_amount=Decimal(1),
        contract_size=Decimal(1),
        index=f"{coin.lower()}_usdc",
        creation_ms=created_ms,
        expiration_ms=_ms(friday),
        volatility=_VOLATILITY[coin],
        wander=4e-4,
        half_spread=3.0,
        spacing=4.0,
        levels=14,
        typical_lots=80,
        band=10.0,
        forms=("Instrument",),
    )
    return _both_rights(first, f"{coin}_USDC-{_date(friday)}", _strikes(coin, strikes))


def _both_rights(first: Listing, prefix: str, strikes: Sequence[Decimal]) -> list[Listing]:
    # The venue writes the point of a broken strike as a "d".
    return [
        replace(
            first,
            name=f"{prefix}-{strike:f}-{right.name[0]}".replace(".", "d"),
            strike=strike,
            right=right,
        )
        for strike in strikes
        for right in (Right.CALL, Right.PUT)
    ]


def _combos(listed: Sequence[Listing], created_ms: int) -> list[Listing]:
    """A future spread of BTC, and a call spread where there are two strikes of one expiry."""
    futures = sorted(
        (
            x
            for x in listed
            if x.base == "BTC" and x.kind is Kind.FUTURE and x.expiration_ms != NEVER_MS
        ),
        key=lambda x: x.expiration_ms,
    )
    near, far = futures
    spread = replace(
        near,
        name=f"BTC-FS-{far.name.removeprefix('BTC-')}_{near.name.removeprefix('BTC-')}",
        channel=_FUTURE_COMBOS,
        kind=Kind.FUTURE_COMBO,
        payoff=Payoff.NOT_APPLICABLE,
        is_rfq=True,
        creation_ms=created_ms,
        legs=((near.instrument_id, -1), (far.instrument_id, 1)),
        max_leverage=None,
        taker_commission=0.0,
        settlement_price=None,
        band=400.0,
        forms=("Instrument",),
        activity=2,
    )
    calls = [x for x in listed if x.base == "ETH" and x.right is Right.CALL]
    if len(calls) < 2 or calls[0].expiration_ms != calls[1].expiration_ms:
        return [spread]
    low, high = calls[:2]
    expiry = low.name.split("-")[1]
    call_spread = replace(
        low,
        name=f"ETH-CS-{expiry}-{low.strike:f}_{high.strike:f}",
        channel=_OPTION_COMBOS,
        kind=Kind.OPTION_COMBO,
        payoff=Payoff.NOT_APPLICABLE,
        right=Right.NOT_APPLICABLE,
        strike=None,
        is_rfq=True,
        tick_steps=(),
        creation_ms=created_ms,
        legs=((low.instrument_id, 1), (high.instrument_id, -1)),
        half_spread=2.0,
        spacing=3.0,
        settlement_price=None,
        activity=2,
    )
    return [spread, call_spread]
