import json
import signal

import pytest

from tests.unit.apps.commands import PATIENCE_S, call, error_of, start
from zerofeed.apps.mock import _mocked
from zerofeed.mock.venue.venues import VENUES
from zerofeed.venues.catalogue import SERVICES

__all__: list[str] = []


def test_every_service_can_be_mocked_by_its_own_name() -> None:
    assert {name for name in SERVICES if _mocked(name) not in VENUES} == set()
    assert _mocked("binance") == "binance-spot"
    assert _mocked("kraken") == "kraken-v2"
    assert _mocked("bybit-linear") == "bybit"
    assert _mocked("deribit") == "deribit"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["binance"], "say what the venue has to tell, in one way"),
        (["nowhere", "--generate", "--symbols", "A"], "is no venue that can be mocked"),
        (["binance", "--generate"], "needs a capture, or symbols"),
        (["binance", "--generate", "--symbols", "A", "--faults", "flood=1"], "flood"),
        (["binance", "--capture", "/absent/file"], "/absent/file"),
    ],
)
def test_what_cannot_be_mocked_is_one_line(arguments: list[str], what: str) -> None:
    result = call("mock", *arguments)
    assert result.exit_code == 2
    assert what in error_of(result)


@pytest.mark.slow
def test_it_says_where_it_is_and_at_the_end_what_it_did() -> None:
    with start(
        "mock", "binance", "--generate", "--symbols", "BTCUSDT,ETHUSDT", "--json"
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors) == (0, "")
    assert (told["venue"], told["symbols"]) == ("binance-spot", ["BTCUSDT", "ETHUSDT"])
    assert told["ws_url"].startswith("wss://127.0.0.1:")
    assert json.loads(out)["connections"] == 0
