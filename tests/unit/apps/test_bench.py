"""Each benchmark gives figures that can be true, and finds out when its work was not done."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from zerofeed.apps import bench as module
from zerofeed.apps.bench import BENCHES, bench, decode, fanout, hop, poll, publish, wake
from zerofeed.base.errors import ConfigurationError

SECOND = 1e9
slow = pytest.mark.slow
compiled = pytest.mark.compiled


def assert_are_percentiles(figures: dict[str, float]) -> None:
    assert list(figures) == ["p50", "p99", "p999"]
    assert 0 < figures["p50"] <= figures["p99"] <= figures["p999"] < 10 * SECOND


@slow
@compiled
def test_hop_is_a_time_between_two_processes() -> None:
    assert_are_percentiles(hop(samples=500))


@slow
@compiled
def test_poll_is_a_time() -> None:
    assert_are_percentiles(poll(samples=200))


@slow
@compiled
def test_wake_is_a_time() -> None:
    assert_are_percentiles(wake(samples=200))


@slow
@compiled
@pytest.mark.parametrize("readers", [1, 2, 4])
def test_fanout_reaches_every_reader_exactly(readers: int) -> None:
    assert 0 < fanout(readers, messages=1 << 14) < 1e10


@slow
@compiled
def test_publish_is_a_rate() -> None:
    assert 0 < publish(messages=1 << 14) < 1e10


@slow
@compiled
def test_a_reader_with_another_sum_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    consume = module.bk.consume

    def consume_and_err(control: Any, items: Any, page: Any, count: int, totals: Any) -> int:
        took_ns: int = consume(control, items, page, count, totals)
        totals[0] += 1
        return took_ns

    monkeypatch.setattr(module.bk, "consume", consume_and_err)
    with pytest.raises(Exception, match="saw other bytes"):
        fanout(1, messages=1 << 12)


def assert_are_rates(figures: dict[str, float]) -> None:
    assert list(figures) == ["decode", "stage", "records"]
    assert all(0 < rate < 1e9 for rate in figures.values())


@slow
@compiled
def test_decode_of_the_simulated_venue_is_a_rate() -> None:
    assert_are_rates(decode(packets=2_000, passes=1))


@slow
@compiled
def test_decode_of_a_capture_is_a_rate(captures: Path) -> None:
    capture = captures / "deribit" / "multicast_head_2000.pcapng"
    assert_are_rates(decode(capture=str(capture), passes=1))


def test_every_rate_of_decoding_has_its_unit() -> None:
    rates = module._decode_rates([{"decode": 3.0, "stage": 2.0, "records": 5.0}])
    assert {name: (rate["unit"], rate["median"]) for name, rate in rates.items()} == {
        "decode": ("messages/s", 3.0),
        "stage": ("messages/s", 2.0),
        "records": ("records/s", 5.0),
    }


@compiled
def test_simulated_packets_are_as_many_as_asked_for_and_lie_behind_each_other() -> None:
    data, index = module._simulated(1_000)
    assert len(index) == 1_000
    assert (index["offset"] + index["length"] <= data.size).all()
    assert (index["offset"][1:] >= index["offset"][:-1] + index["length"][:-1]).all()
    assert (index["ts_ns"][1:] >= index["ts_ns"][:-1]).all()


def test_cores_are_two_where_there_are_two() -> None:
    writer, reader = module._cores()
    allowed = os.sched_getaffinity(0)
    assert {writer, reader} <= allowed
    assert (writer != reader) == (len(allowed) > 1)


def test_pinning_ends_with_its_block() -> None:
    before = os.sched_getaffinity(0)
    with module._Pinned(min(before)):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before


def test_unknown_benchmark_is_refused_with_the_names_of_the_others() -> None:
    with pytest.raises(ConfigurationError) as error:
        bench("nothing")
    assert error.value.got == "nothing"
    assert all(name in str(error.value) for name in BENCHES)


def test_figures_of_several_rounds_are_their_median_and_spread() -> None:
    assert module._rates([3.0, 1.0, 2.0], "records/s") == {
        "unit": "records/s", "median": 2.0, "min": 1.0, "max": 3.0, "rounds": 3,
    }  # fmt: skip
    rounds = [{"p50": float(n), "p99": 10.0 * n, "p999": 100.0 * n} for n in (3, 1, 2)]
    assert module._latencies(rounds) == {
        "unit": "ns", "rounds": 3, "p50": 2.0, "p99": 20.0, "p999": 200.0,
    }  # fmt: skip


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two benchmarks that take no time."""
    rates = {"sums 1": module._rates([2e6, 4e6, 6e6], "records/s")}
    times = {"steps": module._latencies([{"p50": 65.0, "p99": 75.0, "p999": 1_234.0}])}
    monkeypatch.setitem(BENCHES, "sums", lambda _rounds: rates)
    monkeypatch.setitem(BENCHES, "steps", lambda _rounds: times)


@pytest.mark.usefixtures("made_up")
def test_table_shows_rates_in_millions_and_times_in_nanoseconds() -> None:
    page = io.StringIO()
    console = Console(file=page, width=120)
    assert bench("sums", rounds=3, console=console) == 0
    assert bench("steps", rounds=1, console=console) == 0
    text = page.getvalue()
    assert "sums, median of 3 rounds" in text
    assert "4.0 M records/s" in text
    assert "1,234 ns" in text


@pytest.mark.usefixtures("made_up")
def test_json_is_one_object_that_names_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("steps", rounds=1, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["machine"] == os.uname().machine
    assert len(told["cores"]) == 2
    assert told["steps"]["p99"] == 75.0
