import json
import re
import signal

import numpy as np
import pytest

from tests.unit.apps.commands import PATIENCE_S, call, error_of, start
from tests.unit.feed.feeds import records
from zerofeed.apps import top as module
from zerofeed.apps.render import make_console
from zerofeed.feed.attach import attach
from zerofeed.feed.metrics import HISTOGRAMS_AT, counter_word
from zerofeed.feed.publisher import Publisher
from zerofeed.shm.histogram import HISTOGRAM_WORDS

__all__: list[str] = []

pytestmark = pytest.mark.compiled  # a feed has atomics and futexes

QUICK = ("--once", "--interval", "0.05")


def test_once_is_one_object(publisher: Publisher) -> None:
    publisher.publish(records(0, 30))
    result = call("top", publisher.name, "--json", *QUICK)
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    told = json.loads(result.stdout)
    assert (told["feed"], told["published"], told["epoch"]) == (publisher.name, 30, 1)
    assert set(told["rates"]) == {"packets", "messages", "records", "bytes"}
    assert set(told["latency_ns"]) == {"wire_to_record", "record_to_reader", "burst"}
    assert [(each["mode"], each["program"]) for each in told["readers"]] == [
        ("lossy", "zerofeed top")
    ]
    assert told["receiver"] == "published by a program"
    assert told["copies_per_packet"]["kernel"] is None
    assert told["copies_per_packet"]["readers"] == [], "top itself is left out"


def test_once_is_one_picture(publisher: Publisher) -> None:
    text = call("top", publisher.name, *QUICK).stdout
    assert text.startswith(publisher.name)
    assert "nothing lost, nothing in doubt" in text
    assert "copies: not known by the kernel, not known in user space; no readers" in text
    assert "\x1b" not in text


def test_an_absent_feed_is_one_line() -> None:
    result = call("top", "absent-feed", *QUICK)
    assert result.exit_code == 4
    assert "no such feed is running" in error_of(result)


def test_rates_and_latencies_of_an_interval_come_from_differences(publisher: Publisher) -> None:
    state = publisher.memory.state
    wire = state[HISTOGRAMS_AT : HISTOGRAMS_AT + HISTOGRAM_WORDS]
    wire[0] += 1000
    wire[4 + 10] += 1000
    with attach(publisher.name) as feed, feed.reader() as reader:
        watch = module.Watch(feed, reader)
        wire[0] += 10
        wire[4 + 20] += 10
        state[counter_word("packets_received")] += 50
        publisher.publish(records(0, 40))
        told = watch.look()
    latency = told["latency_ns"]["wire_to_record"]
    assert (latency["interval"]["p50"], latency["interval"]["count"]) == (20, 10)
    assert (latency["since_start"]["p50"], latency["since_start"]["count"]) == (10, 1010)
    ratio = told["rates"]["records"] / told["rates"]["packets"]
    assert ratio == pytest.approx(40 / 50, rel=0.01)


def test_a_publication_is_a_sample_of_the_way_to_a_reader(publisher: Publisher) -> None:
    with attach(publisher.name) as feed, feed.reader() as reader:
        watch = module.Watch(feed, reader)
        polled = []

        def poll() -> np.ndarray:
            batch = type(reader).poll(reader)
            if not polled:
                polled.append(1)
                publisher.publish(records(0, 1))
            return batch

        reader.poll = poll
        watch.sample_for(0.05)
        latency = watch.look()["latency_ns"]["record_to_reader"]
    assert latency["interval"]["count"] == latency["since_start"]["count"] == 1
    assert latency["interval"]["p50"] > 0


def test_every_counter_that_is_no_success_is_a_loss(publisher: Publisher) -> None:
    state = publisher.memory.state
    with attach(publisher.name) as feed, feed.reader() as reader:
        watch = module.Watch(feed, reader)
        for counter in module.COUNTERS:
            state[counter_word(counter.name)] += 3
        told = watch.look()
    assert set(told["loss"]) == {counter.name for counter in module.COUNTERS} - module._NO_LOSS
    assert set(told["counters"]) > module._NO_LOSS
    assert all(count == {"interval": 3, "since_start": 3} for count in told["loss"].values())


@pytest.fixture
def told(publisher: Publisher) -> dict:
    with attach(publisher.name) as feed, feed.reader() as reader:
        return module.Watch(feed, reader).look()


def drawn(told: dict, capsys, height: int | None = None) -> list[str]:
    console = make_console()
    console.width = 80
    console.print(module._draw(told, height))
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("losses", [1, 2, 20])
def test_a_picture_fits_the_terminal_however_much_is_lost(told, capsys, losses: int) -> None:
    one = {**told["readers"][0], "lag": 123_456, "lost": 9_999_999, "consumed": 10**12}
    told["readers"] = [{**one, "program": f"strategy_with_a_long_name_{n}.py"} for n in range(40)]
    told["loss"] = {
        name: {"interval": 1, "since_start": 2}
        for name in [counter.name for counter in module.COUNTERS][:losses]
    }
    channel = {"channel": 1, "missing": 5, "gaps": 2, "resets": 0}
    told["channels_with_loss"] = [{**channel, "channel": n, "missing": n} for n in range(9)]
    lines = drawn(told, capsys, 24)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert ("channel 8: 8 missing in 2 gaps, 0 resets" in text) is (losses < 20)
    assert re.search(r"and \d+ more\n", text)
    assert re.search(r"and \d+ more readers$", text)


def test_losses_stand_before_health(told, capsys) -> None:
    told["loss"] = {"packets_missing": {"interval": 0, "since_start": 1234}}
    text = "\n".join(drawn(told, capsys))
    assert "packets missing: 1.23 k packets" in text
    assert "nothing lost" not in text


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_ends_in_order_when_it_is_told(publisher: Publisher, number: int) -> None:
    with start("top", publisher.name, "--json", "--interval", "0.05") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["feed"] == publisher.name
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == (0 if number == signal.SIGINT else 143)
    assert errors.strip() == ""


def test_books_are_told_of_until_all_are_proven(told, capsys) -> None:
    told["books"] = {"expected": 3, "proven": 1, "waiting": 2, "in_doubt": 0}
    assert "1 of 3 books proven, 2 waiting for a snapshot" in "\n".join(drawn(told, capsys))
    told["books"] = {"expected": 3, "proven": 3, "waiting": 0, "in_doubt": 0}
    assert "books" not in "\n".join(drawn(told, capsys))
