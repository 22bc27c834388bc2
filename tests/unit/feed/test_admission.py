"""Whoever is not on the list stays out; whatever a peer does harms nobody else."""

from __future__ import annotations

import os
import pwd
import random
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.children import Child, Gate, open_descriptors
from tests.unit.feed.feeds import name_of_feed, records, sizes
from zerofeed.base.errors import AttachRefusedError, LayoutMismatchError, ResourceError
from zerofeed.feed import admission
from zerofeed.feed.address import address_of
from zerofeed.feed.admission import AllowList, Quota
from zerofeed.feed.attach import attach
from zerofeed.feed.connection import Connection
from zerofeed.feed.description import LAYOUT_VERSION
from zerofeed.feed.messages import MAX_FDS, Reply, Request, receive, send
from zerofeed.feed.publisher import Publisher
from zerofeed.shm import _ring_kernels as k

NOBODY = 65534


class Feed:
    """A publisher that serves only when told to, with its audit lines."""

    def __init__(self, allowed: AllowList | None = None) -> None:
        self.name = name_of_feed()
        self.lines: list[str] = []
        self.publisher = Publisher(
            self.name, sizes(), allowed=allowed, audit=self.lines.append, patience=0.01
        )

    def call(self) -> socket.socket:
        """Connect as any process could, without the project's own client."""
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        caller.connect(address_of(self.name))
        self.publisher.serve()
        return caller

    @property
    def quota(self) -> Quota:
        """What one user and one process may take."""
        return self.publisher._admission.quota

    @quota.setter
    def quota(self, quota: Quota) -> None:
        self.publisher._admission.quota = quota

    def peers(self) -> int:
        """Count the attached."""
        return len(self.publisher._admission.peers)

    def ask(self, caller: socket.socket, request: Request) -> tuple[Reply | None, list[int]]:
        """One request, served."""
        send(caller, request)
        self.publisher.serve()
        return receive(caller, Reply)


@pytest.fixture
def feed() -> Iterator[Feed]:
    made = Feed()
    yield made
    made.publisher.close()


def close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def test_an_attaching_process_gets_the_description_and_a_descriptor_for_each_object(
    feed: Feed,
) -> None:
    with feed.call() as caller:
        reply, fds = feed.ask(caller, Request(op="attach", layout=LAYOUT_VERSION, program="x"))
        assert reply is not None
        assert reply.description is not None
        assert len(fds) == len(reply.description.objects)
        close_all(fds)
    assert feed.lines == [
        f'attach pid={os.getpid()} uid={os.getuid()} gid={os.getgid()} program="x"'
    ]


def test_a_reader_gets_its_page_its_end_of_the_bell_and_its_start(feed: Feed) -> None:
    feed.publisher.publish(records(0, 9))
    with feed.call() as caller:
        reply, fds = feed.ask(caller, Request(op="reader", start=4))
        assert reply == Reply(ok=True, slot=0, start=4)
        assert len(fds) == 2
        close_all(fds)
    assert "slot=0 ring=records mode=lossy start=4" in feed.lines[-1]


def test_another_memory_layout_is_refused_without_descriptors(feed: Feed) -> None:
    with feed.call() as caller:
        reply, fds = feed.ask(caller, Request(op="attach", layout=LAYOUT_VERSION + 1))
        assert reply is not None
        assert (reply.ok, reply.error, fds) == (False, "LayoutMismatchError", [])
        assert f"reads {LAYOUT_VERSION + 1}" in reply.what
    assert issubclass(LayoutMismatchError, Exception)


def test_a_ring_that_the_feed_does_not_have_is_a_reply_and_not_the_end(feed: Feed) -> None:
    with feed.call() as caller:
        reply, _ = feed.ask(caller, Request(op="reader", ring="frames"))
        assert reply is not None
        assert (reply.error, reply.next_step) == ("ResourceError", "read its records")
        assert "read its records" not in reply.what
        assert feed.ask(caller, Request(op="status"))[0] is not None


def test_a_released_place_is_free_for_the_next_reader(feed: Feed) -> None:
    with feed.call() as caller:
        for _ in range(3):
            reply, fds = feed.ask(caller, Request(op="reader"))
            close_all(fds)
            assert reply is not None
            assert reply.slot == 0
            send(caller, Request(op="release", slot=0))
            feed.publisher.serve()


def test_a_place_of_anothers_cannot_be_released(feed: Feed) -> None:
    with feed.call() as owner, feed.call() as thief:
        _, fds = feed.ask(owner, Request(op="reader", mode="lossless"))
        send(thief, Request(op="release", slot=0))
        feed.publisher.serve()
        assert feed.publisher.memory.record_ring.control[k.MODES] == k.LOSSLESS
        close_all(fds)


def test_a_process_that_leaves_gives_back_all_its_places(feed: Feed) -> None:
    before = open_descriptors()
    with feed.call() as caller:
        for _ in range(3):
            close_all(feed.ask(caller, Request(op="reader", mode="lossless"))[1])
    feed.publisher.serve()
    assert feed.peers() == 0
    assert not feed.publisher.memory.record_ring.control[k.MODES : k.MODES + 3].any()
    assert open_descriptors() <= before
    assert feed.lines[-1] == f"leave pid={os.getpid()} uid={os.getuid()}"


def test_the_hundred_and_twenty_ninth_reader_is_refused_and_the_others_stay(feed: Feed) -> None:
    feed.quota = Quota(process_share=1.0)
    with feed.call() as caller:
        for slot in range(k.MAX_READERS):
            reply, fds = feed.ask(caller, Request(op="reader"))
            close_all(fds)
            assert reply == Reply(ok=True, slot=slot, start=0)
        reply, fds = feed.ask(caller, Request(op="reader"))
        assert reply is not None
        assert (reply.ok, reply.error, fds) == (False, ResourceError.__name__, [])
        assert "at most 128 readers" in reply.what
        assert len(feed.publisher.status()["readers"]) == k.MAX_READERS
        feed.publisher.publish(records(0, 5))


# What one user and one process may take

A_STRANGER = {"owner": os.getuid() + 1}
"""Makes the user of the tests another one than the feed's own."""


def readers_of(feed: Feed, caller: socket.socket, ring: str = "records") -> int:
    """Take places until one is refused; how many that were."""
    for taken in range(k.MAX_READERS + 1):
        reply, fds = feed.ask(caller, Request(op="reader", ring=ring))
        close_all(fds)
        assert reply is not None
        if not reply.ok:
            assert reply.error == "ResourceError"
            return taken
    raise AssertionError("every reader was let in")


@pytest.mark.parametrize(
    ("quota", "places"),
    [
        (Quota(process_share=1.0), 128),
        (Quota(), 96),
        (Quota(16), 12),
        (Quota(16, process_share=0.1), 2),
        (Quota(16, user_share=0.5, process_share=1.0, **A_STRANGER), 8),
        (Quota(15, user_share=0.5, process_share=1.0, **A_STRANGER), 8),
        (Quota(16, user_share=1.0, process_share=0.5, **A_STRANGER), 8),
        (Quota(1, user_share=0.01, process_share=0.01, **A_STRANGER), 1),
    ],
)
def test_a_user_and_a_process_get_their_share_of_the_slots_and_no_more(
    feed: Feed, quota: Quota, places: int
) -> None:
    feed.quota = quota
    feed.publisher._members.limit = quota.slots
    with feed.call() as caller:
        assert readers_of(feed, caller) == places


def test_the_shares_of_a_user_and_of_a_process_count_all_their_connections(feed: Feed) -> None:
    for quota, sort in ((Quota(16, 0.5, 1.0, **A_STRANGER), "user"), (Quota(16), "process")):
        feed.quota = quota
        with feed.call() as first, feed.call() as second:
            held = readers_of(feed, first)
            reply, _ = feed.ask(second, Request(op="reader"))
            assert reply is not None
            assert f"has {held} of the 16 reader slots of the records" in reply.what
            assert f"all that one {sort} may have" in reply.what
            assert f"readers.{sort}_share" in reply.next_step
            assert feed.lines[-1].startswith(f"refuse pid={os.getpid()} uid={os.getuid()} ")
            assert feed.lines[-1].endswith(f"one {sort} may have")
        feed.publisher.serve()


def test_a_place_that_is_given_back_may_be_taken_again(feed: Feed) -> None:
    feed.quota = Quota(4, 0.5, 1.0, **A_STRANGER)
    with feed.call() as caller:
        assert readers_of(feed, caller) == 2
        send(caller, Request(op="release", slot=0))
        feed.publisher.serve()
        assert readers_of(feed, caller) == 1


def test_processes_that_are_not_shown_by_number_are_not_taken_for_one(feed: Feed) -> None:
    """A process of a namespace that the feed does not see has the number 0."""
    feed.quota = Quota(16, process_share=0.25)
    with feed.call() as first, feed.call() as second:
        for peer in feed.publisher._admission.peers.values():
            peer.pid = 0
        assert readers_of(feed, first) == readers_of(feed, second) == 4


def test_one_user_does_not_take_every_connection(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "_MOST_PEERS", 8)
    feed.quota = Quota(16, 0.5, 1.0, **A_STRANGER)
    callers = [feed.call() for _ in range(4)]
    with feed.call() as caller:
        reply, _ = receive(caller, Reply)
        assert reply is not None
        assert "has 4 of the 8 connections to the feed" in reply.what
    assert feed.peers() == 4
    assert "refuse" in feed.lines[-1]
    for caller in callers:
        caller.close()


def test_a_peer_that_says_nothing_does_not_keep_others_waiting(feed: Feed) -> None:
    silent = [feed.call() for _ in range(20)]
    with feed.call() as caller:
        assert feed.ask(caller, Request(op="status"))[0] is not None
    for caller in silent:
        caller.close()


def test_a_peer_that_does_not_read_its_replies_is_dropped_and_not_waited_for(feed: Feed) -> None:
    with feed.call() as deaf:
        deaf.settimeout(0.0)
        for _ in range(5_000):
            try:
                send(deaf, Request(op="status"))
            except OSError:
                break
            feed.publisher.serve()
            if feed.peers() == 0:
                break
        assert feed.peers() == 0
        assert "drop" in feed.lines[-1]


GARBAGE: list[bytes] = [
    b"\0",
    b"\xff\xfe",
    b"[]",
    b'{"op":"attach"',
    b'{"op":"explode"}',
    b'{"op":"status","program":"\xff"}',
    b'{"op":"status","x":' + b"[" * 50_000,
    b"x" * 100_000,
]


@pytest.mark.parametrize("data", GARBAGE)
def test_a_peer_that_sends_garbage_is_dropped_alone_and_leaves_no_descriptor(
    feed: Feed, data: bytes
) -> None:
    with feed.call() as good, feed.call() as bad:
        before = open_descriptors()
        socket.send_fds(bad, [data], [0] * MAX_FDS)
        feed.publisher.serve()
        assert feed.peers() == 1
        assert open_descriptors() <= before - 1
        assert feed.ask(good, Request(op="status"))[0] is not None
    assert any(line.startswith("drop") for line in feed.lines)
    assert all(line.isprintable() and len(line) < 200 for line in feed.lines)


def test_random_bytes_never_raise_in_the_feed(feed: Feed) -> None:
    source = random.Random(7)
    whole = b'{"op":"reader","mode":"lossless","start":"oldest","slot":3,"program":"abc"}'
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(source.randint(1, 6)):
            data[source.randrange(len(data))] = source.randrange(256)
        with feed.call() as caller:
            caller.send(bytes(data[: source.randint(1, len(data))]))
            feed.publisher.serve()
        feed.publisher.serve()
    assert feed.peers() == 0


@pytest.mark.parametrize(
    "data",
    [
        b'{"op":"reader","start":1' + b"0" * 300 + b"}",
        b'{"op":"reader","start":-9223372036854775809}',
        b'{"op":"release","slot":99999999999}',
        b'{"op":"reader","mode":"lossless","start":-1}',
    ],
)
def test_numbers_of_any_size_do_no_harm(feed: Feed, data: bytes) -> None:
    feed.publisher.publish(records(0, 5))
    with feed.call() as caller:
        caller.send(data)
        feed.publisher.serve()
    feed.publisher.serve()
    feed.publisher.publish(records(0, 5))


def test_a_name_with_line_breaks_cannot_forge_a_line_of_the_audit_log(feed: Feed) -> None:
    with feed.call() as caller:
        program = 'x\nrefuse pid=1 uid="0" \x1b[2J' + "y" * 500
        close_all(feed.ask(caller, Request(op="attach", layout=LAYOUT_VERSION, program=program))[1])
        close_all(feed.ask(caller, Request(op="reader"))[1])
        shown = feed.publisher.status()["readers"][0]["program"]
        assert shown.startswith("x?refuse pid=1 uid=?0? ")
        assert len(shown) == 64
        assert feed.lines[0].endswith(f' program="{shown}"')
    assert all(line.isprintable() and len(line) < 200 for line in feed.lines)


def test_ending_the_feed_ends_every_connection(feed: Feed) -> None:
    with feed.call() as caller:
        feed.publisher.close()
        assert caller.recv(8) == b""


# Who is let in


@pytest.mark.parametrize(
    ("allowed", "uid", "gid", "answer"),
    [
        (AllowList(), os.getuid(), 12345, True),
        (AllowList(), os.getuid() + 1, 12345, False),
        (AllowList(uids=frozenset({4001})), 4001, 1, True),
        (AllowList(uids=frozenset({4001})), 4002, 1, False),
        (AllowList(gids=frozenset({77})), 4002, 77, True),
        (AllowList(gids=frozenset({77})), 4002, 78, False),
    ],
)
def test_the_list_admits_its_users_its_groups_and_the_feeds_own_user(
    allowed: AllowList, uid: int, gid: int, answer: bool
) -> None:
    assert allowed.admits(uid, gid) is answer


def test_supplementary_groups_count(monkeypatch: pytest.MonkeyPatch) -> None:
    someone = next(user for user in pwd.getpwall() if user.pw_uid != os.getuid())
    monkeypatch.setattr(os, "getgrouplist", lambda _name, gid: [gid, 4242])
    allowed = AllowList(gids=frozenset({4242}))
    assert allowed.admits(someone.pw_uid, someone.pw_gid)
    assert not AllowList(gids=frozenset({4243})).admits(someone.pw_uid, someone.pw_gid)


def test_names_and_numbers_make_the_same_list() -> None:
    user = pwd.getpwuid(os.getuid())
    by_name = AllowList.from_names([user.pw_name], ["root", "12"])
    assert by_name == AllowList(frozenset({user.pw_uid}), frozenset({0, 12}))
    with pytest.raises(KeyError):
        AllowList.from_names(["no-such-user-here"], [])


def attach_as(name: str, uid: int, gid: int, owner: int, ready: Gate) -> Callable[[], Any]:
    """What a process of another user does: waits for the feed, attaches, reads."""

    def work() -> str:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
        ready.wait()
        try:
            with attach(name, user=owner) as feed:
                return str(feed.reader(start="oldest").poll()["price"].tolist())
        except AttachRefusedError as error:
            return f"refused: {error}"

    return work


@pytest.mark.root
@pytest.mark.compiled
@pytest.mark.parametrize(
    ("allowed", "is_let_in"),
    [
        (AllowList(), False),
        (AllowList(uids=frozenset({NOBODY})), True),
        (AllowList(gids=frozenset({4711})), True),
        (AllowList(uids=frozenset({1}), gids=frozenset({4712})), False),
    ],
)
def test_a_process_of_another_user_is_let_in_by_the_list_alone(
    allowed: AllowList, is_let_in: bool
) -> None:
    ready = Gate()
    name = name_of_feed()
    lines: list[str] = []
    with (
        Child(attach_as(name, NOBODY, 4711, os.getuid(), ready)) as child,
        Publisher(name, sizes(), allowed=allowed, audit=lines.append) as publisher,
    ):
        publisher.publish(records(0, 3))
        ready.open()
        while not child.has_ended():
            publisher.serve(0.01)
        said = child.result()
    ready.close()
    who = f"pid={child.pid} uid={NOBODY} gid=4711"
    if is_let_in:
        assert said == "[0, 7, 14]"
        assert lines[0].startswith(f"attach {who}")
    else:
        assert said.startswith("refused")
        assert "allow list" in said
        assert lines[0].startswith(f"refuse {who}")


def test_the_projects_own_client_can_be_served_from_the_same_thread_only_by_another() -> None:
    """An attach waits for its reply, so somebody else must serve it: `start` or publications."""
    made = Feed()
    made.publisher.start()
    connection = Connection(made.name)
    reply, _ = connection.ask(Request(op="status"))
    assert reply.status["readers"] == []
    connection.close()
    made.publisher.close()
