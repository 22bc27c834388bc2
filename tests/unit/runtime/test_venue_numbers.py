"""Numbers come from the venue's list, which is asked for anew only when an old one lacks a symbol."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zerofeed.base.errors import ConfigurationError, VenueError
from zerofeed.runtime.venue_listing import ListingCache
from zerofeed.runtime.venue_numbers import find_numbers
from zerofeed.venues.okx.service import OKX

__all__: list[str] = []

SERVICE = OKX.encodings["sbe"]


class Venue:
    """Lists what it is told to, and counts how often it was asked."""

    def __init__(self, **numbers: int | None) -> None:
        self.numbers = {name.replace("_", "-"): number for name, number in numbers.items()}
        self.asked = 0

    def fetch(self) -> list[bytes]:
        self.asked += 1
        rows = [
            {
                "instType": "SPOT", "instId": symbol, "tickSz": "0.1", "lotSz": "1", "minSz": "1",
                "state": "live", **({} if number is None else {"instIdCode": number}),
            }
            for symbol, number in self.numbers.items()
        ]  # fmt: skip
        return [json.dumps({"code": "0", "data": rows}).encode()]


def test_numbers_are_looked_up_once_and_then_on_disk(tmp_path: Path) -> None:
    venue, cache = Venue(BTC_USDT=7, ETH_USDT=8), ListingCache(tmp_path)
    wanted = {"BTC-USDT": 7, "ETH-USDT": 8}
    symbols = ["btc-usdt", "ETH-USDT"]
    assert find_numbers(SERVICE, symbols, fetch=venue.fetch, cache=cache) == wanted
    assert find_numbers(SERVICE, symbols, fetch=venue.fetch, cache=cache) == wanted
    assert venue.asked == 1


def test_a_symbol_that_an_old_list_lacks_is_looked_for_in_a_new_one(tmp_path: Path) -> None:
    venue, cache = Venue(BTC_USDT=7), ListingCache(tmp_path)
    find_numbers(SERVICE, ["BTC-USDT"], fetch=venue.fetch, cache=cache)
    venue.numbers["NEW-USDT"] = 9
    found = find_numbers(SERVICE, ["NEW-USDT"], fetch=venue.fetch, cache=cache)
    assert (found, venue.asked) == ({"NEW-USDT": 9}, 2)


def test_a_symbol_that_is_not_listed_or_has_no_number_is_named(tmp_path: Path) -> None:
    venue, cache = Venue(BTC_USDT=7, OLD_USDT=None), ListingCache(tmp_path)
    with pytest.raises(ConfigurationError, match="no number") as raised:
        find_numbers(SERVICE, ["BTC-USDT", "OLD-USDT", "NO-USDT"], fetch=venue.fetch, cache=cache)
    assert raised.value.got == "OLD-USDT, NO-USDT"
    assert venue.asked == 1


def test_a_venue_that_does_not_answer_is_an_error_of_its_own(tmp_path: Path) -> None:
    def refuse() -> list[bytes]:
        raise VenueError("cannot be reached")

    with pytest.raises(VenueError, match="cannot be reached"):
        find_numbers(SERVICE, ["BTC-USDT"], fetch=refuse, cache=ListingCache(tmp_path))
