"""The default exchange looks like one: names, numbers, expiries and grids hold together."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.mock.instruments import NEVER_MS, Kind, Right, default_indexes, default_listings

NAME = re.compile(
    r"(BTC|ETH|SOL)(_USDC)?"
    r"(-PERPETUAL|-\d{1,2}[A-Z]{3}\d\d(-\d+(d\d+)?-[CP])?"
    r"|-FS-\d{1,2}[A-Z]{3}\d\d_\d{1,2}[A-Z]{3}\d\d|-CS-\d{1,2}[A-Z]{3}\d\d-\d+_\d+)?"
)
MOMENTS = st.integers(1_600_000_000, 2_000_000_000).map(lambda s: s * 1_000_000_000)


@given(as_of_ns=MOMENTS, strikes=st.integers(1, 9), expiries=st.integers(1, 6))
def test_names_and_numbers_are_unique_and_well_formed(
    as_of_ns: int, strikes: int, expiries: int
) -> None:
    listings = default_listings(as_of_ns, strikes=strikes, expiries=expiries)
    assert (
        len({x.name for x in listings}) == len({x.instrument_id for x in listings}) == len(listings)
    )
    assert all(NAME.fullmatch(x.name) for x in listings)
    assert sum(x.kind is Kind.OPTION for x in listings) == 2 * strikes * (2 * expiries + 1)


@given(as_of_ns=MOMENTS)
def test_expiries_are_fridays_at_eight_and_in_the_name(as_of_ns: int) -> None:
    for listing in default_listings(as_of_ns):
        if listing.expiration_ms == NEVER_MS:
            continue
        expiry = datetime.fromtimestamp(listing.expiration_ms / 1000, UTC)
        assert (expiry.weekday(), expiry.hour, expiry.minute) == (4, 8, 0)
        assert listing.expiration_ms > as_of_ns // 1_000_000 + 86_400_000
        assert f"{expiry.day}{expiry:%b%y}".upper() in listing.name


def test_default_exchange_has_every_kind() -> None:
    listings = default_listings(1_750_000_000_000_000_000)
    assert len(listings) == 64
    assert {x.kind for x in listings} == set(Kind)
    assert {x.forms for x in listings} == {
        ("Instrument", "InstrumentV2"),
        ("Instrument",),
        ("InstrumentV2",),
    }
    assert {x.index for x in listings} <= {x.name for x in default_indexes()}


def test_options_come_as_call_and_put_of_the_same_strike() -> None:
    options = [x for x in default_listings(1_750_000_000_000_000_000) if x.kind is Kind.OPTION]
    calls = {(x.base, x.expiration_ms, x.strike) for x in options if x.right is Right.CALL}
    puts = {(x.base, x.expiration_ms, x.strike) for x in options if x.right is Right.PUT}
    assert calls == puts
    assert 2 * len(calls) == len(options)


def test_legs_are_listed_instruments_of_the_combos_coin() -> None:
    listings = {x.instrument_id: x for x in default_listings(1_750_000_000_000_000_000)}
    combos = [x for x in listings.values() if x.legs]
    assert [x.kind for x in combos] == [Kind.FUTURE_COMBO, Kind.OPTION_COMBO]
    for combo in combos:
        assert {listings[number].base for number, _ in combo.legs} == {combo.base}
        assert sorted(size for _, size in combo.legs) == [-1, 1]


@pytest.mark.parametrize(("strikes", "expiries"), [(0, 1), (1, 0), (1, 7)])
def test_counts_out_of_range_are_refused(strikes: int, expiries: int) -> None:
    with pytest.raises(ValueError, match="strikes"):
        default_listings(1_750_000_000_000_000_000, strikes=strikes, expiries=expiries)
