"""A venue that zerofeed does not know, from one file of the user's: decoded, live, and told to readers."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.unit.records.forgetful import nothing_defined
from tests.unit.runtime.live import LOCAL, Live, free_port, make_config, until
from zerofeed.runtime.config import FeedConfig

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow, pytest.mark.timeout(120)]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own_venue.py"
PLACE = f"{EXAMPLE}:ODDS_MARKET"
TRADE = {"type": "trade", "market": "RAIN", "at": 1700000000123, "price": "0.6215", "count": "10", "taker": "yes", "id": 7}  # fmt: skip
ODDS = {"type": "odds", "market": "RAIN", "at": 1700000000223, "yes": 0.62, "no": "0.3801", "settles": 1700086400}  # fmt: skip
MESSAGES = [json.dumps(each).encode() for each in (TRADE, ODDS, {"type": "hail"})]


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_capture_is_decoded(tmp_path: Path) -> None:
    capture = tmp_path / "odds.txt"
    lines = [b"%d %s\n" % (10**18 + at, message) for at, message in enumerate(MESSAGES)]
    capture.write_bytes(b"".join(lines))
    decode = ("-m", "zerofeed", "decode", str(capture), "--protocol", PLACE)
    told = [json.loads(line) for line in run(*decode, "--format", "ndjson").splitlines()]
    trade, odds = (each for each in told if each["kind"] in {"trade", "odds"})
    assert (trade["instrument"], trade["price"], trade["size"]) == ("RAIN", "0.6215", "10")
    assert (odds["yes_price"], odds["no_price"]) == ("0.62", "0.3801")
    assert odds["settles_ns"] == 1700086400 * 10**9
    only = [
        json.loads(line)
        for line in run(*decode, "--kinds", "odds", "--format", "ndjson").splitlines()
    ]
    assert only == [odds]
    summary = json.loads(run(*decode, "--format", "summary"))
    assert summary["records"]["odds"] == 1
    assert summary["unknown"] == 1


def of_the_market(config: FeedConfig) -> FeedConfig:
    return msgspec.structs.replace(
        config, feed=msgspec.structs.replace(config.feed, protocol=PLACE)
    )


def test_a_feed_tells_its_readers_what_it_has_defined(tmp_path: Path) -> None:
    port = free_port()
    with nothing_defined(), Live(of_the_market(make_config(port=port)), tmp_path / "log") as live:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, live.attach() as feed:
            for message in MESSAGES:
                sender.sendto(message, (LOCAL, port))
            until(lambda: feed.metrics["packets_decoded"] > 1, "the market is heard")
        # A process that has never seen the file.
        program = (
            "import sys, zerofeed as zf\n"
            "with zf.attach(sys.argv[1]) as feed:\n"
            "    with feed.reader(start='oldest', kinds=['odds']) as reader:\n"
            "        (odds,) = zf.of_kind(reader.poll(), 48)\n"
            "        row = feed.instruments.row('RAIN')\n"
            "        print(odds['yes_price'], odds['no_price'], row.kind)\n"
        )
        tail = (
            "-m",
            "zerofeed",
            "tail",
            live.name,
            "--start",
            "oldest",
            "--kind",
            "odds",
            "--count",
            "1",
        )
        assert "yes_price=0.62" in run(*tail)
        assert run("-c", program, live.name) == "6200 3801 event\n"
        assert run(str(EXAMPLE), live.name) == "RAIN (event): yes 0.62\n"
