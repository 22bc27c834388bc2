"""`zerofeed mock` says where it serves, serves, and says what was done."""

import asyncio
import json
import signal
import ssl
from pathlib import Path

import pytest

from tests.unit.apps.commands import PATIENCE_S, call, error_of, start

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
