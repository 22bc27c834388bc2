"""A keeper opens, asks, and leaves connections alone; a mailbox wakes who has to look."""

from __future__ import annotations

import itertools
import os
import select
import threading

import pytest

pytest.importorskip("websockets")

from tests.unit.wire.websocket.loops import quick
from zerofeed.wire.websocket.budget import DialBudget
from zerofeed.wire.websocket.dial import DialError
from zerofeed.wire.websocket.endpoint import Endpoint
from zerofeed.wire.websocket.keeper import Keeper, Mailbox, Request
from zerofeed.wire.websocket.link import Link

__all__: list[str] = []


@pytest.fixture
def bell():
    made = os.eventfd(0, os.EFD_NONBLOCK)
    yield made
    os.close(made)


def is_readable(fileno: int) -> bool:
    return bool(select.select([fileno], [], [], 0)[0])


def test_a_request_rings_until_somebody_looks(bell) -> None:
    mailbox = Mailbox(bell)
    assert mailbox.take() is None
    link = object.__new__(Link)
    first, second = Request("place", link), Request("flush", link)
    mailbox.ask(first)
    mailbox.ask(second)
    assert is_readable(bell)
    mailbox.quieten()
    assert not is_readable(bell)
    assert [mailbox.take(), mailbox.take(), mailbox.take()] == [first, second, None]


def test_lines_and_failures_are_given_once(bell) -> None:
    mailbox = Mailbox(bell)
    mailbox.say("a")
    mailbox.count_failure()
    mailbox.count_failure()
    assert [mailbox.line(), mailbox.line()] == ["a", None]
    assert [mailbox.take_failures(), mailbox.take_failures()] == [2, 0]


class Over(threading.Event):
    """Ends a keeper after so many waits, and lets none of them last."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._most = waits

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        if len(self.waits) == self._most:
            self.set()
        return self.is_set()


def failing(
    bell, waits: int, *errors: Exception, budget: DialBudget | None = None
) -> tuple[list[float], Mailbox]:
    """A keeper that meets these errors, the last for ever; how long it waited each time."""
    mailbox = Mailbox(bell)
    waiting = list(errors)
    over = Over(waits)

    def opens(*_):
        raise waiting.pop(0) if len(waiting) > 1 else waiting[0]

    keeper = Keeper(
        Endpoint("ws://a.example/", pace=quick()),
        None,
        0,
        mailbox,
        cores=os.sched_getaffinity(0),
        renewing=threading.Lock(),
        over=over,
        opens=opens,
        budget=budget or DialBudget(),
    )
    keeper.start()
    keeper.join(20)
    assert not keeper.is_alive()
    return over.waits, mailbox


def lines(mailbox: Mailbox) -> list[str]:
    found = []
    while (line := mailbox.line()) is not None:
        found.append(line)
    return found


def test_the_same_failure_is_told_once_and_waiting_grows(bell) -> None:
    waits, mailbox = failing(bell, 6, DialError("no answer"))
    (line,) = lines(mailbox)
    assert line.startswith("ws://a.example/: cannot connect: no answer; tried again in ")
    assert mailbox.take_failures() == 6
    assert all(later > earlier * 0.99 for earlier, later in itertools.pairwise(waits))
    assert waits[-1] > 3


def test_another_failure_is_told_as_well(bell) -> None:
    _, mailbox = failing(bell, 4, DialError("a"), DialError("a"), DialError("b"))
    assert [line.split(": ")[2].split(";")[0] for line in lines(mailbox)] == ["a", "b"]


def test_what_a_server_asks_for_is_waited(bell) -> None:
    waits, _ = failing(bell, 1, DialError("banned", status=418, asked_s=500.0))
    assert 500 <= waits[0] <= 501


def test_a_ban_keeps_every_connection_to_the_host_away(bell) -> None:
    budget = DialBudget(lambda: 0.0)
    failing(bell, 1, DialError("banned", status=418, asked_s=500.0), budget=budget)
    assert 500 <= budget.closed_s() <= 501
    _, mailbox = failing(bell, 3, DialError("another"), budget=budget)
    assert lines(mailbox) == [], "it did not even try"
    assert mailbox.take_failures() == 0


def test_another_refusal_is_of_one_connection(bell) -> None:
    budget = DialBudget(lambda: 0.0)
    failing(bell, 1, DialError("no", status=503, asked_s=500.0), budget=budget)
    assert budget.closed_s() == 0


def test_an_error_of_its_own_is_told_and_does_not_end_it(bell) -> None:
    waits, mailbox = failing(bell, 2, RuntimeError("oops"))
    assert len(waits) == 2
    assert "please report it: RuntimeError('oops')" in lines(mailbox)[0]
