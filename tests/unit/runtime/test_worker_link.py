"""An outcome belongs to its order by number; nobody waits for a worker that is silent or gone."""

from __future__ import annotations

import os
import socket

import msgspec
import pytest

from zerofeed.base.errors import ResourceError
from zerofeed.runtime.worker_link import Order, Outcome, WorkerLink

__all__: list[str] = []


class Rig:
    """A link and the worker's end of it, in one process."""

    def __init__(self, reply_seconds: float = 5.0) -> None:
        self.heard: list[Outcome] = []
        self.link = WorkerLink(self.heard.append, reply_seconds=reply_seconds)
        self.theirs = self.link.renew()
        self.theirs.settimeout(5.0)

    def say(self, outcome: Outcome) -> None:
        self.theirs.send(msgspec.json.encode(outcome))

    def take(self) -> Order:
        data, fds, _, _ = socket.recv_fds(self.theirs, 65536, 4)
        for fd in fds:
            os.close(fd)
        return msgspec.json.decode(data, type=Order)

    def has_more(self) -> bool:
        self.theirs.settimeout(0.0)
        try:
            return bool(self.theirs.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self.theirs.settimeout(5.0)

    def close(self) -> None:
        self.link.close()
        self.theirs.close()


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.close()


@pytest.fixture
def silent():
    """A link to a worker that is not waited for long."""
    made = Rig(reply_seconds=0.05)
    yield made
    made.close()


def test_an_order_gets_the_outcome_of_its_number(rig: Rig) -> None:
    # The first order of a link has number 1; what comes before it answers something else.
    rig.say(Outcome("done", slot=4, number=99))
    rig.say(Outcome("note", detail="hello"))
    rig.say(Outcome("late", slot=4, number=1))
    assert rig.link.order(Order("enlist", slot=4), []).what == "late"
    assert [outcome.detail for outcome in rig.heard] == ["hello"]
    assert rig.take().number == 1


def test_an_outcome_that_comes_too_late_is_nobodys(silent: Rig) -> None:
    with pytest.raises(ResourceError, match="did not answer within"):
        silent.link.order(Order("enlist", slot=4), [])
    silent.say(Outcome("done", slot=4, number=1))
    silent.say(Outcome("late", slot=4, number=2))
    assert silent.link.order(Order("enlist", slot=4), []).what == "late"
    assert silent.heard == []


def test_what_is_posted_comes_behind_what_was_ordered_and_is_not_waited_for(silent: Rig) -> None:
    with pytest.raises(ResourceError):
        silent.link.order(Order("enlist", slot=4), [])
    silent.link.post(Order("dismiss", slot=4))
    assert [silent.take().what for _ in range(2)] == ["enlist", "dismiss"]


def test_posted_orders_that_find_no_room_wait_and_keep_their_order(silent: Rig) -> None:
    for slot in range(5000):
        silent.link.post(Order("dismiss", slot=slot))
    slots = []
    while silent.has_more():
        slots.append(silent.take().slot)
        silent.link.flush()
    assert slots == list(range(5000))


def test_an_order_that_finds_no_room_is_given_up(silent: Rig) -> None:
    while silent.link.flush():
        silent.link.post(Order("dismiss"))
    with pytest.raises(ResourceError, match="did not answer"):
        silent.link.order(Order("enlist"), [])


def test_a_worker_that_is_gone_has_done_everything(rig: Rig) -> None:
    rig.theirs.close()
    assert rig.link.order(Order("enlist", slot=1), []).what == "done"
    rig.link.post(Order("dismiss", slot=1))
    assert rig.link.filenos() == []
    assert rig.link.order(Order("enlist", slot=1), []).what == "done"


def test_a_worker_that_dies_before_it_answers_has_done_everything(rig: Rig) -> None:
    ours = rig.theirs.dup()
    rig.theirs.close()
    ours.shutdown(socket.SHUT_WR)
    assert rig.link.order(Order("enlist", slot=1), []).what == "done"
    ours.close()


def test_a_new_worker_is_not_told_what_was_for_the_old_one(silent: Rig) -> None:
    while silent.link.flush():
        silent.link.post(Order("dismiss"))
    silent.theirs.close()
    silent.theirs = silent.link.renew()
    silent.link.post(Order("dismiss", slot=7))
    silent.theirs.settimeout(5.0)
    assert silent.take().slot == 7


def test_what_is_said_unasked_is_heard(rig: Rig) -> None:
    rig.say(Outcome("degraded", slot=2))
    rig.link.listen()
    rig.link.listen()
    assert [outcome.slot for outcome in rig.heard] == [2]


def test_descriptors_travel_with_an_order(rig: Rig) -> None:
    read, write = os.pipe()
    rig.say(Outcome("done", number=1))
    rig.link.order(Order("enlist"), [write])
    os.close(write)
    _, (fd,), _, _ = socket.recv_fds(rig.theirs, 65536, 4)
    os.write(fd, b"!")
    assert os.read(read, 1) == b"!"
    os.close(fd)
    os.close(read)
