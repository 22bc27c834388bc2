"""Each identity of the demonstration breaks when it should, and all of them hold when it runs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from zerofeed.apps import demo as module
from zerofeed.apps.demo import DemoPlan, demo
from zerofeed.apps.demo_network import FEED_SIDE
from zerofeed.apps.demo_readers import STYLES
from zerofeed.apps.demo_reception import Reception
from zerofeed.base.errors import BugError, CaptureError, ConfigurationError, ResourceError
from zerofeed.feed.address import list_feeds
from zerofeed.feed.metrics import COUNTERS

REPOSITORY = Path(__file__).resolve().parents[3]
TARGET = 500
MAP = "r--s /memfd:zerofeed-records"

STATUS: dict[str, Any] = {
    "epoch": 1,
    "receivers": [
        {"kind": "udp", "kernel_copies": 1, "user_copies": 0, "how_known": "by its socket"}
    ],
    "readers": [{"pid": 1, "program": "demo", "ring": "records", "takes": ["views"]}],
}


def made_up_sender() -> dict[str, Any]:
    return {
        "packets": 100,
        "bytes": 12_000,
        "messages": {"Book": 120, "Trades": 30, "Rfq": 0},
        "elapsed_ns": 2_000_000_000,
        "is_drained": True,
    }


def made_up_reader(style: str) -> dict[str, Any]:
    return {
        "style": style,
        "pid": 1,
        "seen": TARGET,
        "lost": 0,
        "holes": 0,
        "mode": "lossless",
        "consumed": TARGET,
        "lag": 0,
        "digest": "ab" * 16,
        "latency_ns": {"p50": 5_000, "p99": 9_000, "p999": None},
        "is_view": True,
        "map": MAP,
        "resident_growth_bytes": 0,
    }


class MadeUpMetrics:
    """Counters that a test sets; everything that was sent arrived and was decoded."""

    def __init__(self) -> None:
        self.values = dict.fromkeys((counter.name for counter in COUNTERS), 0) | {
            "packets_received": 100,
            "packets_decoded": 97,
            "packets_stale": 1,
            "packets_heartbeat": 2,
            "messages": 150,
            "records_published": TARGET,
        }
        self.template_counts = [120, 0, 30]

    def counters(self) -> dict[str, int]:
        return dict(self.values)

    def templates(self) -> list[int]:
        return self.template_counts

    def latency(self, _name: str) -> dict[str, int | None]:
        return {"p50": 1, "p99": 2, "p999": 3, "max": 4, "count": 5}


class Run:
    """What a demonstration's processes reported, before it is judged."""

    def __init__(self) -> None:
        self.metrics = MadeUpMetrics()
        self.sent = made_up_sender()
        self.readers = [made_up_reader(style) for style in STYLES]
        self.reception = Reception("udp", "socket", 256)

    def results(self) -> dict[str, Any]:
        feed: Any = SimpleNamespace(
            metrics=self.metrics,
            description=SimpleNamespace(templates={0: "Book", 1: "Ticker", 2: "Trades"}),
            instruments=range(12),
        )
        return module._results(feed, self.sent, TARGET, self.readers, STATUS, self.reception)

    def broken(self) -> set[str]:
        return {name for name, holds in self.results()["identities"].items() if not holds}


def test_a_run_in_which_nothing_went_wrong_keeps_every_identity() -> None:
    results = Run().results()
    assert results["ok"]
    assert len(results["identities"]) == 11
    assert results["packets"] == {
        "sent": 100, "received": 100, "published": 97, "dropped": 0, "missing": 0,
    }  # fmt: skip
    assert results["messages"]["sent"] == results["messages"]["published"] == 150
    assert results["messages"]["by_template"] == {"Book": 120, "Trades": 30}
    assert results["instruments"] == 11
    assert results["packets_per_second"] == 50
    assert results["records_per_second"] == 250
    json.dumps(results)


def lose_a_packet_on_the_way(run: Run) -> None:
    run.sent["packets"] += 1


def forget_a_cause(run: Run) -> None:
    run.metrics.values["packets_stale"] = 0


def count_a_packet_twice(run: Run) -> None:
    run.metrics.values["packets_malformed"] = 1


def drop_in_the_kernel(run: Run) -> None:
    run.metrics.values["packets_dropped_kernel"] = 1
    run.sent["packets"] += 1


def leave_packets_in_the_socket(run: Run) -> None:
    run.sent["is_drained"] = False


def consume_one_too_few(run: Run) -> None:
    run.readers[1]["consumed"] -= 1


def report_lag_that_is_none(run: Run) -> None:
    run.readers[2]["lag"] = 1


def lose_a_record(run: Run) -> None:
    run.readers[0].update(seen=TARGET - 1, consumed=TARGET - 1, lost=1)


def see_a_record_twice(run: Run) -> None:
    run.readers[0]["seen"] += 1


def jump_over_a_number(run: Run) -> None:
    run.readers[2]["holes"] = 1


def see_another_byte(run: Run) -> None:
    run.readers[1]["digest"] = "ac" * 16


def publish_uncounted(run: Run) -> None:
    run.metrics.values["records_published"] -= 1


def copy_the_data(run: Run) -> None:
    run.readers[0]["is_view"] = False


def grow_with_what_is_read(run: Run) -> None:
    run.readers[0]["resident_growth_bytes"] = 1 << 30


def map_for_writing(run: Run) -> None:
    run.readers[0]["map"] = MAP.replace("r--s", "rw-s")


def map_privately(run: Run) -> None:
    run.readers[0]["map"] = MAP.replace("r--s", "r--p")


def lose_a_message(run: Run) -> None:
    run.metrics.template_counts[0] -= 1


def take_one_message_for_another(run: Run) -> None:
    run.metrics.template_counts = [120, 30, 0]


ARRIVAL = "sent = received + dropped by the kernel"
CAUSES = "received = decoded + stale + heartbeat + malformed + truncated"
READ = "published = consumed + lost + lag for every reader"
ALL = "every reader saw every record"
MESSAGES = "messages decoded = messages sent"
VIEWS = "readers' data lies in the feed's own read-only memory"


@pytest.mark.parametrize(
    ("spoil", "broken"),
    [
        (lose_a_packet_on_the_way, {ARRIVAL}),
        (forget_a_cause, {CAUSES}),
        (count_a_packet_twice, {CAUSES}),
        (drop_in_the_kernel, {"no packet lost"}),
        (leave_packets_in_the_socket, {"no packet lost"}),
        (consume_one_too_few, {READ}),
        (report_lag_that_is_none, {READ}),
        (lose_a_record, {ALL}),
        (see_a_record_twice, {ALL}),
        (jump_over_a_number, {"no sequence number is missing in any reader"}),
        (see_another_byte, {"every reader saw the same bytes"}),
        (publish_uncounted, {"records counted = records published"}),
        (copy_the_data, {VIEWS}),
        (map_for_writing, {VIEWS}),
        (map_privately, {VIEWS}),
        (lose_a_message, {MESSAGES}),
        (take_one_message_for_another, {MESSAGES}),
    ],
)
def test_identity_breaks_when_it_should(spoil: Callable[[Run], None], broken: set[str]) -> None:
    run = Run()
    spoil(run)
    assert run.broken() == broken
    assert not run.results()["ok"]


def test_every_identity_is_seen_to_break() -> None:
    broken: set[str] = set()
    for spoil in (
        lose_a_packet_on_the_way, forget_a_cause, drop_in_the_kernel, consume_one_too_few,
        lose_a_record, jump_over_a_number, see_another_byte, publish_uncounted, copy_the_data,
        lose_a_message, grow_with_what_is_read,
    ):  # fmt: skip
        run = Run()
        spoil(run)
        broken |= run.broken()
    assert broken == set(Run().results()["identities"])


def test_a_capture_has_no_message_count_to_compare_with() -> None:
    run = Run()
    run.sent["messages"] = None
    run.metrics.template_counts = [7]
    results = run.results()
    assert results["ok"]
    assert MESSAGES not in results["identities"]
    assert results["messages"]["sent"] is None


def drawn(results: dict[str, Any]) -> str:
    page = io.StringIO()
    Console(file=page, width=200, no_color=True).print(module._verdict(results))
    return page.getvalue()


def test_verdict_shows_readers_copies_and_every_identity() -> None:
    results = Run().results()
    page = drawn(results)
    assert "verdict: every identity holds" in page
    assert page.count("holds") == len(results["identities"]) + 1
    assert "BROKEN" not in page
    for style in STYLES:
        assert style in page
    assert "5.0 us" in page
    assert "100 packets in 2.00 s (50/s), 150 messages, 500 records (250/s)" in page
    assert "received by UDP: socket" in page
    assert "copies of a packet's bytes: 1 by the kernel (by its socket)" in page
    assert MAP.split(maxsplit=1)[0] in page


def test_the_receiver_is_named_with_its_mode() -> None:
    run = Run()
    run.reception = Reception("afxdp", "native zero-copy", 192)
    results = run.results()
    assert results["receiver"] == {"kind": "afxdp", "mode": "native zero-copy"}
    assert "received by AF_XDP: native zero-copy" in drawn(results)


def test_verdict_names_what_broke() -> None:
    run = Run()
    see_another_byte(run)
    page = drawn(run.results())
    assert "verdict: BROKEN" in page
    line = next(line for line in page.splitlines() if "every reader saw the same bytes" in line)
    assert "BROKEN" in line


def test_feed_of_the_demonstration_waits_longer_for_its_readers_than_any_pause() -> None:
    config = module._config("demo-x", 6100, DemoPlan(protocol="p"))
    assert config.feed.protocol == "p"
    assert (config.feed.receiver, config.source[0].interface) == ("udp", "lo")
    assert config.readers.patience_ms >= 5_000


def test_by_af_xdp_the_feed_is_at_its_end_of_the_cable() -> None:
    config = module._config("demo-x", 6100, DemoPlan(is_afxdp=True))
    assert (config.feed.receiver, config.source[0].interface) == ("afxdp", FEED_SIDE)


def test_sender_is_told_what_the_plan_says() -> None:
    plan = DemoPlan(seconds=3.0, capture="f", speed=2.0, rate=None, seed=9)
    told = module._send_plan("demo-x", 6100, plan, 200, 7)
    assert (told.feed, told.port, told.window, told.network) == ("demo-x", 6100, 200, 7)
    assert (told.seconds, told.capture, told.speed, told.rate, told.seed) == (
        3.0,
        "f",
        2.0,
        None,
        9,
    )


class FakePipe:
    """The parent's end of a child's pipe."""

    def __init__(self, *answers: Any, is_closed: bool = False) -> None:
        self._answers = list(answers)
        self._is_closed = is_closed

    def poll(self, _seconds: float = 0.0) -> bool:
        return bool(self._answers) or self._is_closed

    def recv(self) -> Any:
        if not self._answers:
            raise EOFError
        return self._answers.pop(0)


def child_with(pipe: FakePipe) -> Any:
    process: Any = SimpleNamespace(exitcode=-9)
    return module._Child(process, pipe)


def test_feed_tells_how_it_receives() -> None:
    reception = Reception("udp", "socket", 256)
    assert module._started(child_with(FakePipe(reception))) == reception


def test_what_keeps_the_feed_from_starting_is_raised_here() -> None:
    with pytest.raises(ResourceError, match="no such interface"):
        module._started(child_with(FakePipe(ResourceError("no such interface"))))


@pytest.mark.parametrize("pipe", [FakePipe(), FakePipe(is_closed=True)])
def test_a_child_that_says_nothing_is_named_with_its_exit_status(pipe: FakePipe) -> None:
    with pytest.raises(BugError, match=r"reader.*exit status -9"):
        child_with(pipe).receive(0.0, "reader")


# Whole demonstrations, in processes of their own as a user starts them

SCRIPT = """
import sys
from zerofeed.apps.demo import DemoPlan, demo
sys.exit(demo(DemoPlan({arguments}), as_json=True))
"""


def demonstrate(arguments: str, *, seconds: float = 150.0) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(arguments=arguments)],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results: dict[str, Any] = json.loads(done.stdout)
    return results


def assert_all_saw_everything(results: dict[str, Any]) -> None:
    assert results["ok"], results["identities"]
    assert all(results["identities"].values())
    assert [reader["style"] for reader in results["readers"]] == list(STYLES)
    assert len({reader["digest"] for reader in results["readers"]}) == 1
    assert {reader["lost"] for reader in results["readers"]} == {0}
    assert {reader["seen"] for reader in results["readers"]} == {results["records"]["published"]}
    assert results["packets"]["sent"] == results["packets"]["received"]
    assert results["packets"]["dropped"] == results["packets"]["missing"] == 0
    assert {reader["mode"] for reader in results["readers"]} == {"lossless"}


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.timeout(180)
def test_a_second_of_the_simulated_venue_keeps_every_identity() -> None:
    results = demonstrate("seconds=1.0, rate=5_000.0, seed=3")
    assert_all_saw_everything(results)
    assert results["packets"]["sent"] > 1_000
    assert results["messages"]["sent"] == results["messages"]["published"]
    assert results["instruments"] > 4
    assert results["epoch"] == 1
    for reader in results["readers"]:
        latency = reader["latency_ns"]
        assert 0 < latency["p50"] <= latency["p99"] <= latency["p999"]
    # A packet that says nothing new makes no record, and is not measured.
    sent, measured = results["packets"]["sent"], results["wire_to_record_ns"]["count"]
    assert 0.9 * sent < measured <= sent
    assert results["copies_per_packet"]["user"] == 0
    assert not [feed for feed in list_feeds() if "demo-" in str(feed)]


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.timeout(180)
def test_readers_of_a_real_capture_agree_on_every_byte(captures: Path) -> None:
    capture = captures / "deribit" / "multicast_head_2000.pcapng"
    results = demonstrate(f"capture={str(capture)!r}, readers=3")
    assert_all_saw_everything(results)
    assert results["packets"]["sent"] == 2_000
    assert results["messages"]["published"] == 2_420
    assert results["messages"]["sent"] is None


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.timeout(180)
def test_interrupt_ends_every_process_of_the_demonstration() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(arguments="seconds=100.0, rate=100.0")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        deadline = time.monotonic() + 120.0
        name = f"demo-{running.pid}"
        while not any(name in str(feed) for feed in list_feeds()):
            assert running.poll() is None, "it ended by itself"
            assert time.monotonic() < deadline, "its feed never came up"
            os.sched_yield()
        os.killpg(running.pid, signal.SIGINT)
        running.wait(30.0)
    assert running.returncode != 0
    assert not any(name in str(feed) for feed in list_feeds())
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)


def networks_held(session: int | None = None) -> set[str]:
    """Every network that a process of the machine, or of a session, is in or holds."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if session is not None and int(fields[3]) != session:
                continue
            for link in [entry / "ns" / "net", *(entry / "fd").iterdir()]:
                with contextlib.suppress(OSError):
                    target = str(link.readlink())
                    found |= {target} if target.startswith("net:[") else set()
    return found


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.timeout(180)
def test_by_af_xdp_every_identity_holds() -> None:
    results = demonstrate("seconds=1.0, rate=5_000.0, seed=3, is_afxdp=True")
    assert_all_saw_everything(results)
    assert results["packets"]["sent"] > 1_000
    assert results["receiver"] == {"kind": "afxdp", "mode": "native (one copy by the kernel)"}
    copies = results["copies_per_packet"]
    assert (copies["kernel"], copies["user"]) == (1, 0)
    assert "XDP_OPTIONS" in copies["kernel_known_by"]


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill), (signal.SIGKILL, os.kill)],
    ids=["Ctrl-C", "terminated", "killed"],
)
def test_by_af_xdp_an_early_end_leaves_no_network(
    number: int, send: Callable[[int, int], None]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(arguments="seconds=100.0, rate=100.0, is_afxdp=True")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        deadline = time.monotonic() + 60.0
        unix = Path(f"/proc/{running.pid}/net/unix")
        while f"demo-{running.pid}" not in unix.read_text(encoding="utf-8"):
            assert running.poll() is None, "it ended by itself"
            assert time.monotonic() < deadline, "its feed never came up"
            os.sched_yield()
        private = networks_held(running.pid) - {str(Path("/proc/self/ns/net").readlink())}
        assert len(private) == 2
        send(running.pid, number)
        running.wait(30.0)
    deadline = time.monotonic() + 20.0
    while networks_held() & private:
        assert time.monotonic() < deadline, "a network was left"
        os.sched_yield()


@pytest.mark.slow
@pytest.mark.compiled
def test_unknown_protocol_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="no-such-protocol"):
        demo(DemoPlan(seconds=0.1, protocol="no-such-protocol"), as_json=True)
    assert not any(f"demo-{os.getpid()}" in str(feed) for feed in list_feeds())


@pytest.mark.slow
@pytest.mark.compiled
def test_missing_capture_is_one_line_and_the_status_of_a_wrong_argument(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zerofeed", "demo", "--capture", str(tmp_path / "absent.pcap")],
        capture_output=True,
        text=True,
        timeout=50.0,
        check=False,
    )
    assert done.returncode == CaptureError.exit_code, done.stderr
    assert done.stderr.count("\n") == 1
    assert "absent.pcap" in done.stderr
