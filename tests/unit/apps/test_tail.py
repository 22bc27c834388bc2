import json

import pytest

from tests.unit.apps.commands import PATIENCE_S, call, error_of, start
from tests.unit.feed.feeds import CAPACITY, name_of_feed, records, sizes
from tests.unit.runtime.live import until
from zerofeed.apps.tail import parse_start
from zerofeed.base.errors import ConfigurationError
from zerofeed.feed.publisher import Publisher

__all__: list[str] = []

pytestmark = pytest.mark.compiled  # a feed has atomics and futexes


def told(publisher: Publisher, *arguments: object) -> list[dict]:
    result = call("tail", publisher.name, "--format", "ndjson", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_records_are_followed_from_the_oldest(publisher: Publisher) -> None:
    publisher.publish(records(0, 20))
    lines = told(publisher, "--start", "oldest", "--count", 15)
    assert [line["seq"] for line in lines] == list(range(15))
    assert [line["kind"] for line in lines[:3]] == ["trade", "level", "quote"]
    assert [line["ts_recv_ns"] for line in lines] == [5 * seq for seq in range(15)]


def test_a_sequence_number_is_a_place_to_begin(publisher: Publisher) -> None:
    publisher.publish(records(0, 20))
    assert [line["seq"] for line in told(publisher, "--start", 17, "--count", 3)] == [17, 18, 19]


def test_kinds_choose_what_is_followed(publisher: Publisher) -> None:
    publisher.publish(records(0, 30))
    lines = told(publisher, "--start", "oldest", "--kind", "quote,level", "--count", 20)
    assert {line["kind"] for line in lines} == {"quote", "level"}
    assert [line["seq"] for line in lines] == [seq for seq in range(30) if seq % 3]


def test_a_kind_that_the_feed_does_not_know_is_one_line(publisher: Publisher) -> None:
    result = call("tail", publisher.name, "--kind", "trades")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no such kind" in error_of(result)


def test_a_follower_is_shown_as_what_it_is() -> None:
    lines: list[str] = []
    with Publisher(name_of_feed(), sizes(), audit=lines.append) as publisher:
        publisher.start()
        publisher.publish(records(0, 5))
        told(publisher, "--start", "oldest", "--count", 5)
    assert lines[0].endswith(' program="zerofeed tail"')


def test_a_lossless_follower_sees_the_same(publisher: Publisher) -> None:
    publisher.publish(records(0, 20))
    assert len(told(publisher, "--start", "oldest", "--lossless", "--count", 20)) == 20


def test_a_table_begins_with_its_heading(publisher: Publisher) -> None:
    publisher.publish(records(0, 5))
    result = call("tail", publisher.name, "--start", "oldest", "--count", 5)
    lines = result.stdout.splitlines()
    assert lines[0].split()[:3] == ["time", "kind", "instrument"]
    assert len(lines) == 6
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "what"),
    [
        (["--start", "yesterday"], 2, "is no place to begin at"),
        (["--user", "nobody-has-this-name"], 2, "no such user"),
        ([], 4, "no such feed is running"),
    ],
)
def test_a_wrong_argument_or_feed_is_one_line(arguments, status: int, what: str) -> None:
    result = call("tail", "absent-feed", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert what in error_of(result)


def test_places_to_begin_at_are_read() -> None:
    assert [parse_start(text) for text in ("now", "oldest", "12")] == ["now", "oldest", 12]
    for text in ("", "-1", "1.5", "Now"):
        with pytest.raises(ConfigurationError, match="no place to begin"):
            parse_start(text)


@pytest.mark.slow
def test_the_end_of_the_feed_is_told_behind_its_last_record(publisher: Publisher) -> None:
    publisher.publish(records(0, 10))
    with start("tail", publisher.name, "--format", "ndjson", "--start", "oldest") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10)]
        publisher.close()
        rest, errors = process.communicate(timeout=PATIENCE_S)
    assert (json.loads(lines[-1])["seq"], rest, process.returncode) == (9, "", 4)
    assert "the feed has ended" in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.slow
def test_what_was_overwritten_is_told_and_never_printed_torn(publisher: Publisher) -> None:
    with start("tail", publisher.name, "--format", "ndjson") as process:
        until(lambda: publisher.status()["readers"], "it reads", patience_s=PATIENCE_S)
        until_lost = 0
        # Far more than a pipe and the ring hold, so it must miss some, and nobody reads yet.
        while until_lost < 4000:
            publisher.publish(records(until_lost * CAPACITY, CAPACITY))
            until_lost += 1
        publisher.close()
        out, errors = process.communicate(timeout=PATIENCE_S)
    lines = [json.loads(line) for line in out.splitlines()]
    assert all(line["ts_recv_ns"] == 5 * line["seq"] for line in lines)
    assert "were overwritten before they could be printed" in errors
    lost = sum(
        int(line.split()[1].replace(",", ""))
        for line in errors.splitlines()
        if "were overwritten" in line
    )
    assert lost + len(lines) == 4000 * CAPACITY
