import json
import re
import signal
import socket
import tomllib
from pathlib import Path

import pytest

from tests.unit.apps.commands import PATIENCE_S, call, error_of, running_feed, start
from tests.unit.feed.feeds import name_of_feed
from tests.unit.runtime.live import free_port, until
from zerofeed.apps.run import log_line
from zerofeed.feed.address import list_feeds
from zerofeed.feed.attach import attach

__all__: list[str] = []

MINE = '[feed]\nname = "{name}"\nprotocol = "deribit-multicast"\n[[source]]\n'
SMALL = ("--set", "memory.records=65536", "--set", "memory.instruments=512")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "feed.toml"
    source = f'group = "127.0.0.1"\nport = {free_port()}\n'
    path.write_text(MINE.format(name=name_of_feed()) + source)
    return path


@pytest.mark.parametrize(
    ("settings", "status", "what"),
    [
        (["memory.recrods=8"], 2, "there is no key memory.recrods; expected one of records"),
        (["memory.records=many"], 2, "memory.records: Expected int, got str"),
        (["memory.records=1000"], 2, "memory.records is not a power of two; got 1000; choose 1024"),
        (["source.7.port=1"], 2, "source.7.port=1: is no setting"),
        (
            ["feed.protocol=itch"],
            2,
            "unknown protocol; expected deribit-multicast or itch50-mold or ",
        ),
        (["feed.name=a b"], 2, "that is no name for a feed"),
        (
            ["source.0.interface=absent0", "source.0.group=239.1.1.1"],
            3,
            "no such network interface",
        ),
        (["log.audit=/absent/x"], 2, "the audit log cannot be opened"),
        (["feed.socket=/absent/x"], 2, "its socket cannot be opened"),
        (['readers.allow_users=["nobody-has-this-name"]'], 2, "no such user or group"),
    ],
)
@pytest.mark.slow
def test_a_wrong_configuration_is_one_line_and_nothing_is_started(
    config: Path, settings: list[str], status: int, what: str
) -> None:
    arguments = [part for setting in settings for part in ("--set", setting)]
    result = call("run", config, *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert what in error_of(result)
    name = tomllib.loads(config.read_text())["feed"]["name"]
    assert name not in {found for found, _ in list_feeds()}


@pytest.mark.slow
def test_a_port_that_is_taken_is_one_line(config: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        result = call("run", config, "--set", f"source.0.port={other.getsockname()[1]}", *SMALL)
    assert result.exit_code == 3
    assert "in use" in error_of(result)


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (["binance:BTCUSDT", "okx:BTC-USDT"], "one feed is of one service"),
        (["binance:BTCUSDT", "feed.toml"], "several files, or a file and a venue"),
        (["one.toml", "two.toml"], "several files"),
        (["binance"], "is a venue; which of its symbols?; expected binance:BTCUSDT"),
        (["binanse:BTCUSDT"], "unknown venue"),
        (["binance:BTCUSDT:dance"], "unknown channel; expected trades, book, bbo"),
    ],
)
def test_names_that_are_no_feed_are_one_line(names: list[str], what: str) -> None:
    result = call("run", *names)
    assert (result.exit_code, result.stdout) == (2, "")
    assert what in error_of(result)


@pytest.mark.slow
def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    result = call("run", tmp_path / "absent.toml")
    assert result.exit_code == 2
    assert "cannot be read (No such file or directory)" in error_of(result)


def test_log_lines_carry_the_time_and_never_fail(capsys, monkeypatch) -> None:
    log_line("something happened")
    line = capsys.readouterr().err
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z something happened\n", line)

    class Gone:
        def write(self, text: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Gone())
    log_line("nobody reads this")


@pytest.mark.slow
def test_what_is_sent_is_tailed_watched_and_listed(tmp_path: Path, capture: Path) -> None:
    with running_feed(tmp_path) as (feed, port, process):
        with start("tail", feed.name, "--format", "ndjson", "--lossless") as follower:
            until(lambda: feed.status()["readers"], "tail reads", patience_s=PATIENCE_S)
            arguments = ("--to", f"127.0.0.1:{port}", "--speed", "max", "--max-rate", 2000)
            sent = json.loads(call("send", capture, *arguments, "--json").stdout)
            until(lambda: feed.metrics["packets_received"] >= sent["packets"], "all arrived")
            told = json.loads(call("top", feed.name, "--once", "--interval", 0.05, "--json").stdout)
            listed = json.loads(call("ls", "--json").stdout)["feeds"]
            lines = 0
            assert follower.stdout is not None
            while lines < feed.published - 1:
                record = json.loads(follower.stdout.readline())
                lines += 1
                assert record["seq"] == lines
            follower.send_signal(signal.SIGINT)
            assert follower.communicate(timeout=PATIENCE_S)[1].strip() == ""
            assert follower.returncode == 0
        assert told["counters"]["packets_received"] == sent["packets"]
        assert told["loss"] == {}
        # A packet that says nothing new makes no record, and is not measured.
        measured = told["latency_ns"]["wire_to_record"]["since_start"]["count"]
        assert 0.9 * sent["packets"] < measured <= sent["packets"]
        mine = next(each for each in listed if each["name"] == feed.name)
        assert mine["supervisor_pid"] == process.pid
        assert [reader["mode"] for reader in mine["readers"]] == ["lossless"]
        assert [reader["pid"] for reader in mine["readers"]] == [follower.pid]


@pytest.mark.slow
def test_settings_change_the_file_and_a_signal_ends_it_well(config: Path) -> None:
    name = name_of_feed()
    with start("run", config, "--set", f"feed.name={name}", *SMALL) as process:
        with attach(name, wait=PATIENCE_S) as feed:
            assert feed.memory.record_ring.capacity == 65536
            worker = feed.status()["worker_pid"]
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (0, "")
    assert all(re.match(r"\d{4}-\d\d-\d\dT", line) for line in errors.splitlines())
    assert errors.splitlines()[-1].endswith(f"feed {name}: stopped")
    assert name not in {found for found, _ in list_feeds()}
    assert not Path(f"/proc/{worker}").exists()
