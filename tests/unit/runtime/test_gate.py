"""A reader is on the list and known to the worker, or neither; what happens is in the audit log."""

from __future__ import annotations

import os
import socket

import msgspec
import pytest

from tests.unit.runtime.live import make_config
from tests.unit.runtime.test_stage import Silence
from zerofeed.base.errors import ConfigurationError, ResourceError
from zerofeed.feed.admission import Peer
from zerofeed.feed.memory import FeedMemory
from zerofeed.feed.messages import Request
from zerofeed.runtime.config import ReadersSection
from zerofeed.runtime.deribit import DERIBIT
from zerofeed.runtime.gate import AuditLog, FeedGate, allow_list
from zerofeed.runtime.stage import Stage, sizes_of
from zerofeed.runtime.worker_link import Order, Outcome, WorkerLink

__all__: list[str] = []


class Rig:
    """A gate, and the worker's end of its link."""

    def __init__(self, reply_seconds: float = 0.05) -> None:
        config = make_config(limit=2)
        memory = FeedMemory("gate", sizes_of(config, DERIBIT))
        self.stage = Stage(config, memory, DERIBIT, [Silence("how", "when")])
        self.link = WorkerLink(lambda _: None, reply_seconds=reply_seconds)
        self.theirs = self.link.renew()
        self.theirs.settimeout(0.0)
        self.gate = FeedGate(config, self.stage, self.link)
        self.connection, self.other = socket.socketpair()
        self.peer = Peer(self.connection, os.getpid(), os.getuid(), os.getgid())
        self.number = 0

    def say(self, what: str, ahead: int = 1) -> None:
        """Answer the order that comes next, before it comes."""
        self.theirs.send(msgspec.json.encode(Outcome(what, number=self.number + ahead)))

    def orders(self) -> list[tuple[str, int]]:
        """What the worker has been told since the last call."""
        told = []
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self.theirs, 65536, 4)
            except BlockingIOError:
                return told
            for fd in fds:
                os.close(fd)
            order = msgspec.json.decode(data, type=Order)
            self.number = order.number
            told.append((order.what, order.slot))

    def admit(self):
        return self.gate.admit(Request(op="reader", mode="lossless", start="now"), self.peer)

    def close(self) -> None:
        for member in self.gate.members():
            member.close()
        self.link.close()
        for each in (self.theirs, self.connection, self.other):
            each.close()


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.close()


def test_a_reader_is_on_the_list_once_the_worker_has_it(rig: Rig) -> None:
    rig.say("done")
    member = rig.admit()
    assert rig.orders() == [("enlist", 0)]
    assert rig.gate.members() == [member]
    assert [row["pid"] for row in rig.gate.status()["readers"]] == [os.getpid()]


def test_the_status_has_each_receivers_own_word_on_copies(rig: Rig) -> None:
    (told,) = rig.gate.status()["receivers"]
    assert (told["kind"], told["kernel_copies"], told["user_copies"]) == ("silence", 0, 0)
    assert told["how_known"] == "it receives nothing"


def test_a_reader_whose_worker_is_silent_is_admitted_nowhere(rig: Rig) -> None:
    with pytest.raises(ResourceError, match="did not answer"):
        rig.admit()
    assert rig.gate.members() == []
    # When the worker gets to it, it lets the reader in, and out again.
    assert rig.orders() == [("enlist", 0), ("dismiss", 0)]
    # Its late answers are not taken for the next reader's.
    rig.theirs.send(msgspec.json.encode(Outcome("done", slot=0, number=1)))
    rig.theirs.send(msgspec.json.encode(Outcome("done", slot=0, number=2)))
    with pytest.raises(ResourceError, match="did not answer"):
        rig.admit()
    assert rig.gate.members() == []


def test_a_reader_that_is_always_too_late_is_refused_after_a_few_attempts(rig: Rig) -> None:
    for attempt in range(4):
        rig.say("late", 1 + attempt)
    with pytest.raises(ResourceError, match="moves too fast"):
        rig.admit()
    assert rig.orders() == [("enlist", 0)] * 4
    assert rig.gate.members() == []


def test_a_slot_that_was_given_back_is_dismissed_before_it_is_taken_again(rig: Rig) -> None:
    rig.say("done")
    member = rig.admit()
    rig.gate.dismiss(member)
    member.close()
    rig.orders()
    rig.say("done")
    again = rig.admit()
    assert again.slot == member.slot
    assert rig.gate.describe_slot("records", 0) == f"pid={os.getpid()} uid={os.getuid()}"
    assert rig.gate.describe_slot("records", 1) == "gone"


def test_dismissing_waits_for_nobody(rig: Rig) -> None:
    rig.say("done")
    member = rig.admit()
    rig.gate.dismiss(member)
    member.close()
    assert rig.orders() == [("enlist", 0), ("dismiss", 0)]


def test_the_description_says_how_the_receivers_in_use_receive(rig: Rig) -> None:
    description, fds = rig.gate.describe()
    assert (description.receiver, description.clock) == ("how", "when")
    assert len(fds) == len(description.objects)


def test_an_audit_log_that_fails_says_so_where_the_other_lines_go() -> None:
    lines: list[str] = []
    audit = AuditLog("/dev/full", lines.append)
    audit.write("attach pid=1")
    assert lines == ["audit log: No space left on device; the line was: attach pid=1"]
    audit.close()


def test_an_audit_log_without_a_file_writes_where_the_other_lines_go(tmp_path) -> None:
    lines: list[str] = []
    AuditLog(None, lines.append).write("attach pid=1")
    assert lines == ["audit attach pid=1"]
    path = tmp_path / "audit"
    audit = AuditLog(str(path), lines.append)
    audit.write("leave pid=1")
    audit.close()
    assert path.read_text(encoding="utf-8").endswith("Z audit leave pid=1\n")


def test_an_audit_log_that_cannot_be_opened_is_a_wrong_setting(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match=r"log\.audit"):
        AuditLog(str(tmp_path / "none" / "audit"), print)


def test_a_user_that_does_not_exist_is_a_wrong_setting() -> None:
    config = make_config()
    readers = ReadersSection(allow_groups=["no-such-group-here"])
    with pytest.raises(ConfigurationError, match="no-such-group-here"):
        allow_list(msgspec.structs.replace(config, readers=readers))
    assert allow_list(config).uids == frozenset()
