"""`zerofeed mock` says where it serves, serves, and says what was done."""

import asyncio
import json
import signal
import ssl
from pathlib import Path

import pytest

from tests.unit.apps.commands import PATIENCE_S, call, error_of, start
from zerofeed.apps.mock import _mocked
from zerofeed.mock.venue.venues import VENUES
from zerofeed.venues.catalogue import SERVICES

__all__: list[str] = []

pytest.importorskip("trustme", reason="the extra `mock`")
connect = pytest.importorskip("websockets.asyncio.client", reason="the extra `mock`").connect

MADE_UP = ("mock", "kraken-v2", "--generate", "--symbols", "BTC/USD")


@pytest.mark.slow
def test_command_serves_over_tls_until_interrupted() -> None:
    with start(*MADE_UP, "--json", "--faults", "duplicate=1", "--rate", 1000) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["symbols"] == ["BTC/USD"]

        async def visit() -> str | bytes:
            trust = ssl.create_default_context(cafile=told["ca_file"])
            async with connect(told["ws_url"], ssl=trust, close_timeout=0.1) as socket:
                await socket.send(
                    '{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}'
                )
                while True:
                    text = await asyncio.wait_for(socket.recv(), PATIENCE_S)
                    if '"update"' in text and '"trade"' in text:
                        return text

        assert json.loads(asyncio.run(visit()))["data"][0]["symbol"] == "BTC/USD"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=PATIENCE_S)
        done = json.loads(out)
        assert (process.returncode, errors) == (0, "")
        assert done["connections"] == 1
        assert done["faults"]["duplicate"] > 0
        assert not Path(told["ca_file"]).exists()


@pytest.mark.slow
def test_words_name_the_addresses_and_an_example(tmp_path: Path) -> None:
    ca_file = tmp_path / "trust.pem"
    with start(*MADE_UP, "--ca-file", ca_file) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while "Ctrl-C" not in lines[-1]:
            lines.append(process.stdout.readline())
        said = "".join(lines)
        assert "wss://127.0.0.1:" in said
        assert "https://127.0.0.1:" in said
        assert str(ca_file) in said
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, errors) == (0, "")
        assert "0 connections" in out


def test_capture_or_market_is_said_in_one_way(tmp_path: Path) -> None:
    for arguments in (["mock", "okx"], [*MADE_UP, "--capture", tmp_path / "x"]):
        result = call(*arguments)
        assert result.exit_code == 2
        assert "--capture or --generate" in error_of(result)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["mock", "nyse", "--generate", "--symbols", "A"], "is no venue"),
        (["mock", "okx", "--generate"], "a capture, or symbols"),
        ([*MADE_UP, "--faults", "dorp=1"], "is no fault"),
        ([*MADE_UP, "--speed", "slow"], "speed"),
        (["mock", "okx", "--capture", "/nothing/here"], "/nothing/here"),
    ],
)
def test_wrong_options_are_one_line(arguments: list[str], reason: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert reason in error_of(result)


@pytest.mark.slow
def test_command_ends_with_the_replay_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_text('1700000000000000000 {"e":"trade","E":1,"s":"AB","p":"1.50"}\n')
    with start("mock", "binance-spot", "--capture", path, "--plain", "--ends", "--json") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["ca_file"] is None

        async def visit() -> str | bytes:
            async with connect(f"{told['ws_url']}?streams=ab@trade") as socket:
                return await asyncio.wait_for(socket.recv(), PATIENCE_S)

        assert "1.50" in asyncio.run(visit())
        out, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
        assert json.loads(out)["is_done"] is True


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
