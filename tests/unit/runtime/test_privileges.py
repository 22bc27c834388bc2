"""A worker has no rights and cannot get any; what it received before it receives without them too."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import socket
from pathlib import Path

import msgspec
import pytest

from tests.unit.children import Child, Gate
from tests.unit.runtime.live import Live, Packeteer, make_config, until
from tests.unit.runtime.venue_packets import of_the_venue
from tests.unit.wire.xdp.packets import HOST, PORT, udp_frame
from tests.unit.wire.xdp.rig import INSIDE, OUTSIDE, private_network
from zerofeed.base.errors import ConfigurationError, ResourceError
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.publisher import version
from zerofeed.runtime import privileges
from zerofeed.runtime.config import AfxdpSection, FeedConfig, FeedSection, Source, WorkerSection
from zerofeed.runtime.privileges import Account, drop, find_account, rehearse, rights
from zerofeed.runtime.supervisor import Supervisor

__all__: list[str] = []

USER = "nobody"
KILL, NET_ADMIN, NET_RAW, BPF = (1 << bit for bit in (5, 12, 13, 39))
_SET_KEEPCAPS, _GET_PDEATHSIG = 8, 2

_libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture
def nobody() -> Account:
    try:
        return find_account(USER)
    except ConfigurationError as error:
        pytest.skip(str(error))


def keep_only(mask: int) -> None:
    """Have these capabilities and no others; they must be had before."""
    sets = (privileges._Sets * 2)()
    for place, each in enumerate(sets):
        each.effective = each.permitted = mask >> 32 * place & 0xFFFFFFFF
    header = privileges._Header(privileges._CAPABILITY_VERSION_3, 0)
    assert _libc.capset(ctypes.byref(header), sets) == 0, os.strerror(ctypes.get_errno())


def become_service(account: Account, mask: int) -> None:
    """Become a user that has some capabilities, as a service manager arranges it."""
    assert _libc.prctl(_SET_KEEPCAPS, 1, 0, 0, 0) == 0
    os.setgroups([account.gid])
    os.setresgid(*(account.gid,) * 3)
    os.setresuid(*(account.uid,) * 3)
    keep_only(mask)


def status_of(pid: int | str) -> dict[str, str]:
    """What /proc says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def assert_without_rights(pid: int, account: Account) -> None:
    status = status_of(pid)
    assert status["Uid"].split() == [str(account.uid)] * 4
    assert status["Gid"].split() == [str(account.gid)] * 4
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert status["NoNewPrivs"] == "1"


# The user


@pytest.mark.parametrize("name", ["no-such-user-here", "4294967294", "99999999999999999999999"])
def test_a_user_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"worker\.user: there is no such user"):
        find_account(name)


@pytest.mark.parametrize("name", ["root", "0"])
def test_root_is_refused_as_a_user_without_rights(name: str) -> None:
    with pytest.raises(ConfigurationError, match="root is no user without rights"):
        find_account(name)


def test_a_user_is_found_by_name_and_by_number(nobody: Account) -> None:
    entry = pwd.getpwnam(USER)
    assert (nobody.uid, nobody.gid) == (entry.pw_uid, entry.pw_gid)
    assert nobody.gid in nobody.groups
    assert find_account(str(nobody.uid)) == nobody


# Dropping


@pytest.mark.root
def test_drop_leaves_no_right_and_no_way_back(nobody: Account) -> None:
    parent = os.getpid()

    def work() -> dict[str, object]:
        before = rights()
        drop(nobody, parent)
        refused = 0
        for change in (os.setresuid, os.setresgid):
            try:
                change(0, 0, 0)
            except PermissionError:
                refused += 1
        told = ctypes.c_int()
        _libc.prctl(_GET_PDEATHSIG, ctypes.byref(told), 0, 0, 0)
        assert_without_rights(os.getpid(), nobody)
        return {
            "before": before,
            "after": rights(),
            "bounds": int(status_of("self")["CapBnd"], 16),
            "groups": sorted(os.getgroups()),
            "refused": refused,
            "dies with its parent": told.value,
        }

    with Child(work) as child:
        answer = child.result()
    assert answer.pop("before") > 0
    assert answer == {
        "after": 0,
        "bounds": 0,
        "groups": list(nobody.groups),
        "refused": 2,
        "dies with its parent": signal.SIGKILL,
    }


@pytest.mark.root
def test_a_root_worker_without_a_user_stays_as_it_is() -> None:
    parent, had = os.getpid(), rights()

    def work() -> list[int]:
        drop(None, parent)
        return [os.getuid(), rights()]

    with Child(work) as child:
        assert child.result() == [0, had]


@pytest.mark.root
def test_capabilities_are_dropped_without_a_user_when_it_is_not_root(nobody: Account) -> None:
    parent = os.getpid()

    def work() -> list[int]:
        become_service(nobody, NET_ADMIN | NET_RAW)
        had = rights()
        drop(None, parent)
        assert_without_rights(os.getpid(), nobody)
        return [had, rights()]

    with Child(work) as child:
        assert child.result() == [NET_ADMIN | NET_RAW, 0]


def test_an_ordinary_user_drops_to_itself() -> None:
    parent = os.getpid()

    def work() -> list[int]:
        if os.getuid() == 0:
            become_service(find_account(USER), 0)
        me = Account("me", os.getuid(), os.getgid(), ())
        drop(me, parent)
        return [rights(), int(status_of("self")["NoNewPrivs"])]

    with Child(work) as child:
        assert child.result() == [0, 1]


@pytest.mark.root
def test_drop_fails_when_the_rights_are_not_gone(nobody: Account, monkeypatch) -> None:
    parent = os.getpid()

    def work() -> str:
        monkeypatch.setattr(os, "setresuid", lambda *ids: None)
        with pytest.raises(ResourceError) as caught:
            drop(nobody, parent)
        return str(caught.value)

    with Child(work) as child:
        said = child.result()
    assert "still has rights" in said
    assert "users (0, 0, 0)" in said
    assert "root again" in said


def test_a_process_whose_parent_is_gone_ends_in_place_of_going_on() -> None:
    def work() -> None:
        drop(None, 1 << 22)

    child = Child(work)
    _, status = os.waitpid(child.pid, 0)
    child._is_reaped = True
    os.close(child._read)
    assert os.waitstatus_to_exitcode(status) == 0


# The rehearsal


@pytest.mark.root
def test_a_rehearsal_changes_nothing_and_leaves_no_process(nobody: Account) -> None:
    had = os.getresuid(), os.getresgid(), os.getgroups(), rights()
    rehearse(nobody)
    assert (os.getresuid(), os.getresgid(), os.getgroups(), rights()) == had
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_no_right_to_change_to_a_user_is_said_before_anything_starts(nobody: Account) -> None:
    def work() -> str:
        if os.getuid() == 0:
            become_service(nobody, 0)
        other = next(entry for entry in pwd.getpwall() if entry.pw_uid not in (0, os.getuid()))
        config = msgspec.structs.replace(make_config(), worker=WorkerSection(user=other.pw_name))
        with pytest.raises(ResourceError) as caught:
            Supervisor(config, lambda line: None)
        return str(caught.value)

    with Child(work) as child:
        said = child.result()
    assert said.startswith("worker.user: the worker cannot become user ")
    assert "CAP_SETUID, CAP_SETGID" in said


@pytest.mark.root
def test_a_user_whose_worker_could_not_be_ended_is_refused(nobody: Account) -> None:
    def work() -> str:
        keep_only(rights() & ~KILL)
        # Root signals whom it likes by capability only.
        with pytest.raises(ResourceError) as caught:
            rehearse(nobody)
        return caught.value.what

    with Child(work) as child:
        assert child.result() == f"a worker of user {USER} could not be ended by its supervisor"


# Whole feeds


@pytest.mark.root
@pytest.mark.compiled
def test_each_worker_of_a_feed_drops_its_rights_and_nobody_notices(
    nobody: Account, tmp_path
) -> None:
    config = make_config()
    config = msgspec.structs.replace(config, worker=WorkerSection(user=USER))
    packets = of_the_venue(600)
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Packeteer(feed, config) as sender,
    ):
        reader = feed.reader("lossless", start="oldest")
        sender.send(packets.chosen(slice(0, 300)))
        sender.drain()
        first = feed.status()["worker_pid"]
        assert_without_rights(first, nobody)
        os.kill(first, signal.SIGKILL)
        until(lambda: feed.epoch == 2, "it was replaced")
        # A reader that comes after the rights are gone: its page and bell are mapped without any.
        late = feed.reader("lossless", start="now")
        sender.send(packets.chosen(slice(300, 600)))
        sender.drain()
        second = feed.status()["worker_pid"]
        assert second != first
        assert_without_rights(second, nobody)
        for each in (reader, late):
            until(lambda each=each: len(each.poll()) == 0 and each.lag == 0, "all was read")
            assert (each.lost, each.mode) == (0, "lossless")
            each.close()
        assert feed.metrics["packets_decoded"] == len(packets)
        live.stop()
    assert status_of("self")["Uid"].split()[0] == "0"


def xdp_config(user: str | None) -> FeedConfig:
    config = make_config()
    return msgspec.structs.replace(
        config,
        feed=FeedSection(config.feed.name, config.feed.protocol, receiver="afxdp"),
        source=[Source(HOST, PORT, INSIDE)],
        afxdp=AfxdpSection(mode="skb", zero_copy=False, queues=1, chunks_per_queue=128),
        worker=WorkerSection(user=user),
        readers=msgspec.structs.replace(config.readers, allow_users=["0"]),
    )


def send(wire: socket.socket, feed: Feed, payloads: list[bytes]) -> None:
    """Put packets on the wire, no more at a time than a queue can hold."""
    for first in range(0, len(payloads), 25):
        taken = feed.metrics["packets_received"]
        some = payloads[first : first + 25]
        for payload in some:
            wire.send(udp_frame(payload))
        goal = taken + len(some)
        until(lambda goal=goal: feed.metrics["packets_received"] == goal, "they came")


@pytest.mark.root
@pytest.mark.compiled
@pytest.mark.slow
@pytest.mark.parametrize("is_service", [False, True], ids=["user of root", "service"])
def test_af_xdp_receives_without_rights(nobody: Account, tmp_path, is_service: bool) -> None:
    packets = of_the_venue(200)
    payloads = [packets.payload(k) for k in range(len(packets))]
    ready = Gate()
    log = (tmp_path / "log").open("w", encoding="utf-8")

    def work() -> str:
        if is_service:
            # Python may be installed where only root can read: what is imported late is needed now.
            version()
            become_service(nobody, NET_ADMIN | NET_RAW | BPF)
        config = xdp_config(None if is_service else USER)
        config = msgspec.structs.replace(
            config, feed=msgspec.structs.replace(config.feed, name=name)
        )
        supervisor = Supervisor(config, lambda line: print(line, file=log, flush=True))
        ready.open()
        supervisor.run()
        return "stopped"

    name = make_config().feed.name
    with private_network(queues=1), Child(work) as child:
        try:
            ready.wait()
        except AssertionError:
            child.result()
            raise
        with attach(name, user=nobody.uid if is_service else 0, wait=20.0) as feed:
            until(lambda: feed.epoch == 1, "the worker started")
            assert "AF_XDP" in feed.description.receiver
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
                wire.bind((OUTSIDE, 0))
                reader = feed.reader("lossless", start="oldest")
                half = len(payloads) // 2
                send(wire, feed, payloads[:half])
                first = feed.status()["worker_pid"]
                assert_without_rights(first, nobody)
                os.kill(first, signal.SIGKILL)
                until(lambda: feed.epoch == 2, "it was replaced")
                send(wire, feed, payloads[half:])
                assert_without_rights(feed.status()["worker_pid"], nobody)
                until(lambda: len(reader.poll()) == 0 and reader.lag == 0, "all was read")
                assert reader.lost == 0
            assert feed.metrics["packets_dropped_kernel"] == 0
        os.kill(child.pid, signal.SIGTERM)
        assert child.result() == "stopped"
    log.close()
    assert "failed" not in (tmp_path / "log").read_text(encoding="utf-8")
