"""The supervisor starts everything or nothing, lets readers in and out, and leaves nothing."""

from __future__ import annotations

import gc
import os
import signal
import socket
from pathlib import Path

import msgspec
import pytest

from tests.unit.apps.commands import write_capture
from tests.unit.children import Child
from tests.unit.feed.feeds import name_of_feed
from tests.unit.runtime.live import (
    CAUSES,
    LOCAL,
    Live,
    Packeteer,
    free_port,
    make_config,
    until,
)
from tests.unit.runtime.venue_packets import of_the_venue
from zerofeed.base.errors import (
    ConfigurationError,
    FeedGoneError,
    FeedNotFoundError,
    ResourceError,
)
from zerofeed.feed.address import address_of, list_feeds
from zerofeed.feed.attach import attach
from zerofeed.runtime.config import Source
from zerofeed.runtime.supervisor import Supervisor

__all__: list[str] = []

pytestmark = pytest.mark.compiled


@pytest.fixture
def live(tmp_path):
    """One small feed that runs."""
    with Live(make_config(audit=tmp_path / "audit"), tmp_path / "log") as running:
        yield running


def descriptors() -> list[str]:
    """What this process holds open, the directory itself left out."""
    gc.collect()
    held = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            held.append(str(entry.readlink()))
        except FileNotFoundError:
            continue
    return sorted(name.split(":")[0] if name.startswith("socket") else name for name in held)


def is_gone(pid: int) -> bool:
    """Tell whether a process is gone, or only waits to be reaped."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True


def is_port_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((LOCAL, port))
        except OSError:
            return False
        return True


# Starting and stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_and_nothing_is_left(tmp_path, number: int) -> None:
    path = tmp_path / "socket"
    with Live(make_config(socket=path), tmp_path / "log") as live:
        with live.attach() as feed:
            worker = feed.status()["worker_pid"]
            assert path.exists()
            live.stop(number)
            assert not feed.is_alive()
        until(lambda: is_gone(worker), "the worker is gone")
        assert not path.exists()
        assert (live.name, os.getuid()) not in list_feeds()
        assert is_port_free(live.config.source[0].port)


def test_a_first_line_says_what_is_received(live: Live) -> None:
    live.attach().close()
    source = live.config.source[0]
    until(live.lines, "the first line was written")
    assert any(
        live.name in line and f"{source.group}:{source.port}" in line for line in live.lines()
    )


def test_packets_become_records_and_every_packet_is_accounted_for(live: Live) -> None:
    packets = of_the_venue(500)
    with live.attach() as feed, Packeteer(feed, live.config) as sender:
        sender.send(packets)
        sender.drain()
        metrics = feed.metrics
        until(lambda: sum(metrics[f"packets_{cause}"] for cause in CAUSES) == len(packets), "500")
        assert metrics["packets_received"] == len(packets)
        assert metrics["packets_decoded"] == len(packets)
        until(lambda: metrics["records_published"] == feed.published, "records are counted")
        assert feed.metrics["packets_missing"] == 0


def test_a_feed_can_run_twice_in_a_row_under_one_name(tmp_path) -> None:
    config = make_config()
    for run in range(2):
        with Live(config, tmp_path / f"log{run}") as live:
            live.attach().close()
            live.stop()


def test_stopping_a_feed_that_has_ended_writes_to_nobodys_descriptor() -> None:
    supervisor = Supervisor(make_config(), lambda _: None)
    supervisor.close()
    # Whoever opens something now may get the numbers that the supervisor had.
    read, write = os.pipe2(os.O_NONBLOCK)
    copies = [os.dup(write) for _ in range(64)]
    supervisor.stop()
    supervisor.close()
    with pytest.raises(BlockingIOError):
        os.read(read, 1)
    for fd in (read, write, *copies):
        os.close(fd)


def test_a_worker_holds_none_of_the_sockets_that_the_supervisor_serves(live: Live) -> None:
    def sockets_of(pid: int) -> set[str]:
        found = set()
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(entry.readlink())
            except FileNotFoundError:
                continue
            if target.startswith("socket:"):
                found.add(target)
        return found

    with live.attach() as feed:
        first = feed.status()["worker_pid"]
        os.kill(first, signal.SIGKILL)
        until(lambda: feed.epoch == 2, "there is a successor")
        worker = feed.status()["worker_pid"]
        # Forked while this process was attached: it has the feed's UDP socket in common with
        # the supervisor, and neither the listener nor this connection. What this process has
        # open from other tests, both have inherited.
        inherited = sockets_of(os.getpid())

        def shared() -> set[str]:
            return (sockets_of(worker) & sockets_of(live.supervisor_pid)) - inherited

        until(lambda: len(shared()) == 1, "one left")


# A capture as the source


def captured(tmp_path, count: int, **source) -> tuple[Source, int]:
    path = write_capture(tmp_path / "venue.pcap", of_the_venue(count))
    return Source(capture=str(path), speed="max", **source), count


def test_a_feed_with_a_capture_says_so_and_waits_for_its_readers(tmp_path) -> None:
    source, count = captured(tmp_path, 300)
    config = make_config(source=source, wait_for=2, patience_ms=None)
    with Live(config, tmp_path / "log") as live, live.attach() as feed:
        assert feed.description.receiver.startswith("capture: one copy in user space")
        assert feed.description.clock == "as recorded in the capture"
        with feed.reader("lossless") as first:
            assert feed.metrics["packets_received"] == 0
            os.kill(feed.status()["worker_pid"], signal.SIGKILL)
            until(lambda: feed.epoch == 2, "there is a successor")
            assert feed.metrics["packets_received"] == 0
            with feed.reader("lossless"):
                until(lambda: feed.metrics["packets_received"] == count, "it was played")
            assert first.lag > 0
        until(lambda: any("ended, all 300 packets" in line for line in live.lines()), "told")
        assert any("2 readers are attached: the sources start" in line for line in live.lines())
        # It goes on, and starts by itself after a kill: it has been waited for once.
        os.kill(feed.status()["worker_pid"], signal.SIGKILL)
        until(lambda: feed.epoch == 3, "there is a successor")
        assert feed.status()["published"] >= feed.metrics["records_published"]
        assert feed.metrics.latency("wire_to_record")["count"] == 0


def test_a_capture_can_stop_the_feed_at_its_end(tmp_path) -> None:
    source, count = captured(tmp_path, 300, at_end="stop")
    config = make_config(source=source, wait_for=1)
    with Live(config, tmp_path / "log") as live, live.attach() as feed:
        with feed.reader("lossless", start="oldest") as reader:
            seen = sum(len(batch) for batch in reader)
            assert seen == feed.published > 0
        assert feed.metrics["packets_received"] == count
        assert live.child.result() == "stopped"
        assert any("ended, all 300 packets" in line for line in live.lines())


# What cannot be started


def start_and_fail(config) -> Exception:
    """Try to make a supervisor in this process; the error, and nothing else, is left."""
    before = descriptors()
    with pytest.raises((ConfigurationError, ResourceError)) as caught:
        Supervisor(config, lambda _: None)
    error = caught.value
    # Frames of the traceback would hold what the constructor had made.
    error.__traceback__ = error.__cause__ = error.__context__ = None
    del caught
    assert descriptors() == before
    assert "\n" not in str(error)
    return error


def test_a_name_that_is_taken_is_refused(live: Live) -> None:
    live.attach().close()
    config = make_config(name=live.name)
    error = start_and_fail(config)
    assert live.name in str(error)
    assert "choose another name" in str(error)
    assert is_port_free(config.source[0].port)


def test_a_port_that_is_taken_is_refused(tmp_path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as owner:
        owner.bind((LOCAL, 0))
        port = owner.getsockname()[1]
        path = tmp_path / "socket"
        name = name_of_feed()
        error = start_and_fail(make_config(name=name, port=port, socket=path))
    assert f"{LOCAL}:{port}" in str(error)
    assert "EADDRINUSE" in str(error)
    assert not path.exists()
    assert (name, os.getuid()) not in list_feeds()


def test_an_interface_that_is_not_there_is_refused() -> None:
    source = Source("239.1.1.1", free_port(), interface="nonesuch0")
    assert "nonesuch0" in str(start_and_fail(make_config(source=source)))


def test_a_name_that_cannot_be_is_refused() -> None:
    assert "a name" in str(start_and_fail(make_config(name="not a name")))


def test_an_unknown_user_is_refused() -> None:
    config = make_config()
    readers = type(config.readers)(allow_users=["no-such-user-here"])
    error = start_and_fail(type(config)(config.feed, config.source, readers=readers))
    assert "no-such-user-here" in str(error)
    assert "readers.allow_users" in str(error)


def test_an_audit_log_that_cannot_be_written_is_refused_and_nothing_is_started(tmp_path) -> None:
    name, path = name_of_feed(), tmp_path / "socket"
    config = make_config(name=name, socket=path, audit=tmp_path / "none" / "audit")
    assert "log.audit" in str(start_and_fail(config))
    assert not path.exists()
    assert (name, os.getuid()) not in list_feeds()


def test_a_socket_path_that_cannot_be_used_is_refused_and_the_name_is_free(tmp_path) -> None:
    name = name_of_feed()
    config = make_config(name=name, socket=tmp_path / "none" / "socket")
    assert "none/socket" in str(start_and_fail(config))
    assert (name, os.getuid()) not in list_feeds()


def test_a_refused_start_leaves_no_audit_file(tmp_path) -> None:
    audit = tmp_path / "audit"
    start_and_fail(make_config(name="not a name", audit=audit))
    assert not audit.exists()


# Readers


def test_status_names_every_reader(live: Live) -> None:
    with live.attach() as feed, feed.reader(), feed.reader("lossless") as lossless:
        status = feed.status()
        assert status["supervisor_pid"] == live.supervisor_pid
        assert [r["mode"] for r in status["readers"]] == ["lossy", "lossless"]
        assert {r["pid"] for r in status["readers"]} == {os.getpid()}
        lossless.close()
        until(lambda: len(feed.status()["readers"]) == 1, "the slot was given back")


def test_more_readers_than_the_limit_are_refused(tmp_path) -> None:
    with (
        Live(make_config(limit=2), tmp_path / "log") as live,
        live.attach() as feed,
        feed.reader(),
        feed.reader(),
    ):
        with pytest.raises(ResourceError, match="every reader slot is taken"):
            feed.reader()
        assert feed.is_alive()


def test_a_process_gets_its_share_of_the_limit(tmp_path) -> None:
    config = make_config(limit=4)
    readers = msgspec.structs.replace(config.readers, process_share=0.5)
    config = msgspec.structs.replace(config, readers=readers)
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        feed.reader(),
        feed.reader(),
    ):
        with pytest.raises(ResourceError, match="has 2 of the 4 reader slots of the records"):
            feed.reader()
        with feed.frames(), live.attach() as other:
            assert other.is_alive()
        assert any("audit refuse" in line and "one process" in line for line in live.lines())


def test_attaching_and_leaving_costs_no_descriptor(live: Live) -> None:
    held = Path(f"/proc/{live.supervisor_pid}/fd")

    def visit() -> None:
        with live.attach() as feed, feed.reader("lossless"), feed.reader():
            pass

    def worker_holds(pid: int) -> int:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))

    with live.attach() as feed:
        worker = feed.status()["worker_pid"]
        visit()
        until(lambda: not feed.status()["readers"], "the first visitor left")
        before, worker_before = len(list(held.iterdir())), worker_holds(worker)
        for _ in range(5):
            visit()
        until(lambda: not feed.status()["readers"], "everybody left")
        until(lambda: len(list(held.iterdir())) <= before, "the supervisor gave all back")
        until(lambda: worker_holds(worker) <= worker_before, "the worker gave all back")


def test_every_arrival_is_in_the_audit_log(live: Live) -> None:
    with live.attach() as feed, feed.reader("lossless"):
        pass
    audit = Path(live.config.log.audit)

    def lines():
        return audit.read_text(encoding="utf-8").splitlines()

    until(lambda: any("leave" in line for line in lines()), "the departure was noted")
    assert any(f"attach pid={os.getpid()}" in line for line in lines())
    assert any("mode=lossless" in line for line in lines())


def test_a_reader_of_a_feed_that_was_stopped_reads_the_rest_and_then_knows(live: Live) -> None:
    packets = of_the_venue(100)
    with live.attach() as feed, Packeteer(feed, live.config) as sender:
        reader = feed.reader("lossless", start="oldest")
        sender.send(packets)
        sender.drain()
        live.stop()
        seen = sum(len(batch) for batch in reader)
        assert seen == feed.published > 0
        with pytest.raises(FeedGoneError):
            reader.wait(1.0)


def test_a_caller_that_says_nonsense_is_dropped_and_the_feed_goes_on(live: Live) -> None:
    with live.attach() as feed:
        for message in (b"", b"\0" * 100, b"{", b'{"op":"reader","slot":9e99}', b"x" * 60_000):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
                caller.connect(address_of(live.name))
                if message:
                    caller.send(message)
        assert feed.status()["epoch"] == 1


def test_many_connections_at_a_time_do_not_end_the_feed(live: Live) -> None:
    """More of them than ``select`` can watch, where the limits of this user allow it."""
    callers = []
    with live.attach() as feed:
        try:
            for _ in range(200):
                caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                callers.append(caller)
                caller.connect(address_of(live.name))
            assert feed.status()["epoch"] == 1
        finally:
            for caller in callers:
                caller.close()
        assert feed.status()["epoch"] == 1


def test_a_feed_that_does_not_run_is_told_apart_from_one_that_does(live: Live) -> None:
    live.attach().close()
    with pytest.raises(FeedNotFoundError, match=live.name):
        attach(name_of_feed())


def test_the_peer_is_known_by_the_kernels_word(live: Live) -> None:
    name = live.name

    def visit():
        with attach(name, wait=5.0) as feed, feed.reader():
            return feed.status()["readers"][0]["pid"]

    live.attach().close()
    with Child(visit) as visitor:
        assert visitor.result() == visitor.pid
