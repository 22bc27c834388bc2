import json
from collections.abc import Callable
from pathlib import Path

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.runtime.venue_listing import (
    Listing,
    ListingCache,
    default_folder,
    list_instruments,
)
from zerofeed.venues.binance.service import BINANCE, BINANCE_USDM

__all__: list[str] = []

NOW_NS = 1_800_000_000_000_000_000
HOUR_NS = 3_600_000_000_000


def body(*symbols: str) -> bytes:
    rows = [
        {"symbol": symbol, "baseAsset": "A", "quoteAsset": "B", "filters": []} for symbol in symbols
    ]
    return json.dumps({"symbols": rows}).encode()


def unreachable() -> list[bytes]:
    raise VenueError("no connection", where="venue.invalid")


def listing(
    cache: ListingCache, fetch: Callable[[], list[bytes]], now_ns: int = NOW_NS, hours: float = 1
) -> Listing:
    return list_instruments(BINANCE, fetch, cache, now_ns=now_ns, max_age_s=hours * 3_600)


def symbols(found: Listing) -> list[str]:
    return [each.symbol for each in found.definitions]


@pytest.fixture
def cache(tmp_path: Path) -> ListingCache:
    return ListingCache(tmp_path / "venues")


def test_a_listing_is_sorted_and_has_each_symbol_once(cache: ListingCache) -> None:
    found = listing(cache, lambda: [body("C", "A"), body("B", "A")])
    assert symbols(found) == ["A", "B", "C"]
    assert (found.fetched_ns, found.is_cached, found.why_old) == (NOW_NS, False, None)


def test_a_young_listing_is_not_asked_for_again(cache: ListingCache) -> None:
    listing(cache, lambda: [body("A"), body("B")])
    again = listing(cache, unreachable, NOW_NS + HOUR_NS - 1)
    assert symbols(again) == ["A", "B"]
    assert (again.fetched_ns, again.is_cached, again.why_old) == (NOW_NS, True, None)


def test_an_old_listing_is_replaced(cache: ListingCache) -> None:
    listing(cache, lambda: [body("A")])
    later = listing(cache, lambda: [body("B")], NOW_NS + HOUR_NS)
    assert symbols(later) == ["B"]
    assert symbols(listing(cache, unreachable, NOW_NS + HOUR_NS)) == ["B"]


def test_an_age_of_zero_always_asks(cache: ListingCache) -> None:
    listing(cache, lambda: [body("A")])
    assert symbols(listing(cache, lambda: [body("B")], hours=0)) == ["B"]


def test_a_listing_from_the_future_is_not_believed(cache: ListingCache) -> None:
    listing(cache, lambda: [body("A")], NOW_NS + HOUR_NS)
    assert symbols(listing(cache, lambda: [body("B")])) == ["B"]


def test_an_old_listing_is_better_than_none(cache: ListingCache) -> None:
    listing(cache, lambda: [body("A")])
    found = listing(cache, unreachable, NOW_NS + 9 * HOUR_NS)
    assert symbols(found) == ["A"]
    assert found.fetched_ns == NOW_NS
    assert found.why_old == "venue.invalid: no connection"


def test_an_answer_that_cannot_be_read_is_not_kept(cache: ListingCache) -> None:
    listing(cache, lambda: [body("A")])
    found = listing(cache, lambda: [b"<html>"], NOW_NS + 9 * HOUR_NS)
    assert symbols(found) == ["A"]
    assert found.why_old is not None
    assert symbols(listing(cache, unreachable, NOW_NS)) == ["A"]


def test_without_any_listing_the_failure_is_the_callers(cache: ListingCache) -> None:
    with pytest.raises(VenueError, match="no connection"):
        listing(cache, unreachable)


def test_a_listing_is_of_one_service_at_one_address(cache: ListingCache) -> None:
    cache.store(BINANCE, [b"x"], NOW_NS)
    assert cache.load(BINANCE) == ([b"x"], NOW_NS)
    assert cache.load(BINANCE_USDM) is None
    assert cache.load(BINANCE.at(rest_url="http://127.0.0.1:1")) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: stored[:-1],
        lambda stored: stored + b"x",
        lambda stored: b"",
        lambda stored: b"no header\n" + stored,
        lambda stored: stored.replace(b"binance", b"binanse"),
        lambda stored: stored.replace(b'"sizes":[3,2]', b'"sizes":[6,-1]'),
    ],
)
def test_a_damaged_file_counts_as_none(
    cache: ListingCache, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    assert cache.store(BINANCE, [b"abc", b"de"], NOW_NS)
    (path,) = (tmp_path / "venues").iterdir()
    stored = path.read_bytes()
    assert damage(stored) != stored
    path.write_bytes(damage(stored))
    assert cache.load(BINANCE) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = ListingCache(tmp_path / "file" / "venues")
    assert not cache.store(BINANCE, [b"x"], NOW_NS)
    assert symbols(listing(cache, lambda: [body("A")])) == ["A"]


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path)
    cache.store(BINANCE, [b"x"], NOW_NS)
    (path,) = tmp_path.iterdir()
    path.unlink()
    path.mkdir()
    (path / "in the way").touch()
    assert not cache.store(BINANCE, [b"x"], NOW_NS)
    assert list(tmp_path.iterdir()) == [path]


def test_listings_lie_beside_the_compiled_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEROFEED_CACHE_DIR", "/chosen")
    assert default_folder() == Path("/chosen/venues")
    monkeypatch.delenv("ZEROFEED_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert default_folder() == Path("/xdg/zerofeed/venues")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == Path.home() / ".cache" / "zerofeed" / "venues"
