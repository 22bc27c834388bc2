import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.apps.commands import call, error_of
from tests.unit.runtime.local_server import Answer, Script, serving
from zerofeed.apps import instruments as module
from zerofeed.apps.instruments import describe, matches
from zerofeed.records.instruments import OPTION
from zerofeed.venues.definition import PUT, InstrumentDefinition

__all__: list[str] = []

INFO = "/api/v3/exchangeInfo?showPermissionSets=false"


def row(symbol: str, **fields: Any) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.00001000", "minQty": "0.00002000"},
    ]
    base, quote = symbol[:-4], symbol[-4:]
    names = {"symbol": symbol, "baseAsset": base, "quoteAsset": quote, "status": "TRADING"}
    return {**names, "filters": filters, **fields}


LIST = Answer(
    json.dumps(
        {"symbols": [row("ETHUSDT"), row("BTCUSDT"), row("OLDUSDT", status="BREAK")]}
    ).encode()
)


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "default_folder", lambda: tmp_path / "venues")


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A venue on the loopback interface."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving({INFO: [LIST]}) as server:
        yield server


def test_a_table_has_ticks_lots_and_states(venue: Script) -> None:
    result = call("instruments", "binance", "--rest-url", venue.url)
    assert result.exit_code == 0, result.stderr
    rows = [line.split() for line in result.output.splitlines()]
    assert rows[2] == [
        *("BTCUSDT", "spot", "BTC", "USDT", "0.01", "0.00001", "0.00002", "-", "-", "TRADING"),
    ]
    assert [cells[0] for cells in rows[2:5]] == ["BTCUSDT", "ETHUSDT", "OLDUSDT"]
    assert rows[4][-1] == "BREAK"
    assert result.output.splitlines()[-1] == "3 of 3 instruments, listed now"


def test_a_second_look_costs_no_request_and_says_how_old_it_is(venue: Script) -> None:
    call("instruments", "binance", "--rest-url", venue.url)
    again = call("instruments", "binance", "btc", "--rest-url", venue.url)
    assert venue.asked == [INFO]
    assert re.fullmatch(r"1 of 3 instruments, listed \d+ s ago", again.output.splitlines()[-1])
    call("instruments", "binance", "--rest-url", venue.url, "--max-age", "0")
    assert venue.asked == [INFO, INFO]


def test_json_has_exact_decimals(venue: Script) -> None:
    result = call("instruments", "binance", "BTC*", "--rest-url", venue.url, "--json")
    told = json.loads(result.output)
    assert (told["venue"], told["why_old"]) == ("binance", None)
    (found,) = told["instruments"]
    assert (found["symbol"], found["tick_size"], found["price_exponent"]) == ("BTCUSDT", "0.01", -2)


def test_nothing_that_matches_is_no_error(venue: Script) -> None:
    result = call("instruments", "binance", "nothing", "--rest-url", venue.url)
    assert result.exit_code == 0
    assert result.output.splitlines() == ["0 of 3 instruments, listed now"]


def test_a_venue_that_refuses_is_one_line_and_status_4(venue: Script) -> None:
    venue.answers[INFO] = [Answer(b'{"code":0,"msg":"Service unavailable"}', 451)]
    result = call("instruments", "binance", "--rest-url", venue.url)
    assert result.exit_code == 4
    assert "does not serve this country" in error_of(result)


def test_an_old_list_is_shown_with_the_reason(venue: Script) -> None:
    call("instruments", "binance", "--rest-url", venue.url)
    venue.answers[INFO] = [Answer(b"no", 403)]
    result = call("instruments", "binance", "--rest-url", venue.url, "--max-age", "0")
    assert result.exit_code == 0
    assert "refuses this address" in result.stderr
    assert re.search(r"; this is the list of \d+ s ago\n", result.stderr)
    assert "BTCUSDT" in result.stdout


def test_an_unknown_venue_is_one_line_with_a_suggestion() -> None:
    result = call("instruments", "binnance")
    assert result.exit_code == 2
    assert "did you mean binance" in error_of(result)


def test_a_file_without_certificates_is_one_line(tmp_path: Path) -> None:
    result = call("instruments", "binance", "--ca-file", tmp_path / "absent.pem")
    assert result.exit_code == 2
    assert "certificates cannot be read" in error_of(result)


def test_without_the_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "zerofeed.runtime.venue_rest", raising=False)
    monkeypatch.setitem(sys.modules, "urllib3", None)
    result = call("instruments", "binance")
    assert result.exit_code == 3
    assert "pip install 'zerofeed[ws]'" in error_of(result)


OPTION_DEFINITION = InstrumentDefinition(
    symbol="BTC-27DEC24-100000-P",
    kind=OPTION,
    base="BTC",
    quote="BTC",
    settlement="BTC",
    tick_size=Decimal("0.00010"),
    lot_size=Decimal("1E+1"),
    min_size=None,
    price_exponent=-4,
    size_exponent=0,
    expiry_ns=1_735_286_400_000_000_000,
    strike=Decimal("1E+5"),
    option_type=PUT,
    state="open",
    is_trading=True,
    aliases=("other-name",),
)


def test_decimals_are_written_plainly() -> None:
    told = describe(OPTION_DEFINITION)
    assert told["tick_size"] == "0.0001"
    assert (told["lot_size"], told["strike"]) == ("10", "100000")
    assert told["min_size"] is None
    assert (told["kind"], told["option_type"]) == ("option", "put")


@pytest.mark.parametrize(
    ("pattern", "is_meant"),
    [
        (None, True),
        ("btc", True),
        ("-100000-", True),
        ("ETH", False),
        ("*-p", True),
        ("*-c", False),
        ("BTC-??DEC24*", True),
        ("BTC", True),
        ("other", True),
    ],
)
def test_a_filter_is_a_part_or_a_pattern(pattern: str | None, is_meant: bool) -> None:
    assert matches(OPTION_DEFINITION, pattern) == is_meant
