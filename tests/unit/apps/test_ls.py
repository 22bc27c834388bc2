import json
import os

import pytest

from tests.unit.apps.commands import call
from tests.unit.feed.feeds import records
from zerofeed.apps import ls as module
from zerofeed.base.errors import AttachRefusedError
from zerofeed.feed.attach import attach

__all__: list[str] = []

pytestmark = pytest.mark.compiled  # a feed has atomics and futexes


@pytest.fixture(autouse=True)
def only_mine(publisher, monkeypatch) -> None:
    """Other tests run feeds too; look at this one."""
    monkeypatch.setattr(module, "list_feeds", lambda: [(publisher.name, os.getuid())])
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)


def test_json_says_who_reads_what_and_how_far(publisher) -> None:
    publisher.publish(records(0, 30))
    with attach(publisher.name) as feed, feed.reader("lossless", "oldest") as reader:
        reader.poll()
        reader.poll()
        told = json.loads(call("ls", "--json").stdout)["feeds"]
    assert [each["name"] for each in told] == [publisher.name]
    feed = told[0]
    assert (feed["is_reachable"], feed["published"], feed["epoch"]) == (True, 30, 1)
    assert feed["worker_pid"] == feed["supervisor_pid"] == os.getpid()
    assert len(feed["readers"]) == 1
    reader = feed["readers"][0]
    assert (reader["pid"], reader["mode"], reader["ring"]) == (os.getpid(), "lossless", "records")
    assert (reader["consumed"], reader["lag"], reader["lost"]) == (30, 0, 0)
    assert reader["user"] == feed["user"]


def test_tables_show_feeds_and_readers(publisher) -> None:
    with attach(publisher.name, program="hedger") as feed, feed.reader():
        lines = call("ls").stdout.splitlines()
    assert lines[0].split()[:3] == ["feed", "user", "protocol"]
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if publisher.name in line] == [publisher.name] * 2
    assert lines[-1].split()[1] == "hedger"
    assert "lossy" in lines[-1]


def test_looking_leaves_no_reader_behind(publisher) -> None:
    call("ls")
    assert publisher.status()["readers"] == []


def test_a_feed_that_refuses_says_why(publisher, monkeypatch) -> None:
    def refuse(name: str, **_how: object) -> None:
        raise AttachRefusedError("user 7 is not on the feed's allow list", where=f"feed {name}")

    monkeypatch.setattr(module, "attach", refuse)
    told = json.loads(call("ls", "--json").stdout)["feeds"][0]
    assert (told["is_reachable"], told["readers"]) == (False, [])
    assert "allow list" in told["why"]
    text = call("ls").stdout
    assert "not reachable" in text
    assert "allow list" in text


def test_no_feed_is_no_error(monkeypatch) -> None:
    monkeypatch.setattr(module, "list_feeds", list)
    assert json.loads(call("ls", "--json").stdout) == {"feeds": []}
    result = call("ls")
    assert result.exit_code == 0
    assert "no feed is running here" in result.stdout


def test_a_feed_that_ended_meanwhile_is_left_out(monkeypatch) -> None:
    monkeypatch.setattr(module, "list_feeds", lambda: [("ended-long-ago", os.getuid())])
    assert json.loads(call("ls", "--json").stdout) == {"feeds": []}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5.00 s"), (600, "10 min"), (10_000, "2 h"), (400_000, "4 d"), (-5, "0 ns")],
)
def test_ages_are_short(monkeypatch, seconds: int, text: str) -> None:
    monkeypatch.setattr(module.time, "time_ns", lambda: seconds * 10**9)
    assert module._time_since(0) == text
