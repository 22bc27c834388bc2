"""The explorer must find what real processors do, and must not find what they never do.

These are the classic litmus tests, each with a known answer: without them a "no counterexample"
from a model would prove nothing about fences.
"""

import pytest
from models.explorer import (
    Become,
    Collect,
    Fence,
    FutexWait,
    FutexWake,
    Issue,
    Load,
    Program,
    Store,
    System,
    Violation,
    explore,
)


def _message_passing(*, release: bool, acquire: bool) -> System:
    def writer() -> Program:
        yield Store("data", 1)
        yield Store("flag", 1, release=release)

    def reader() -> Program:
        flag = yield Load("flag", acquire=acquire)
        data = yield Load("data")
        if flag and not data:
            raise Violation("flag without data")

    return System(
        locations={"data": ("writer", 0), "flag": ("writer", 0)},
        threads={"writer": (writer, ()), "reader": (reader, ())},
        successors={},
    )


@pytest.mark.parametrize(("release", "acquire"), [(False, False), (False, True), (True, False)])
def test_message_passing_breaks_without_both_halves(release: bool, acquire: bool) -> None:
    """Stores become visible out of order, or loads are satisfied early."""
    outcome = explore(_message_passing(release=release, acquire=acquire))
    assert outcome.violation == "flag without data"


def test_message_passing_holds_with_release_and_acquire() -> None:
    """A store-release and a load-acquire order the data before the flag."""
    assert explore(_message_passing(release=True, acquire=True)).violation is None


def _store_buffering(fence: str | None) -> System:
    def side(mine: str, other: str, seen: str) -> Program:
        yield Store(mine, 1)
        if fence is not None:
            yield Fence(fence)
        value = yield Load(other)
        yield Store(seen, value, release=True)

    def judge() -> Program:
        left = yield Load("left.saw", acquire=True)
        right = yield Load("right.saw", acquire=True)
        if left == 0 and right == 0:
            raise Violation("both sides missed the other's store")

    return System(
        locations={
            "x": ("left", 0),
            "y": ("right", 0),
            "left.saw": ("left", None),
            "right.saw": ("right", None),
        },
        threads={
            "left": (side, ("x", "y", "left.saw")),
            "right": (side, ("y", "x", "right.saw")),
            "judge": (judge, ()),
        },
        successors={},
    )


@pytest.mark.parametrize("fence", [None, "acquire", "release"])
def test_store_then_load_passes_each_other_without_full_fences(fence: str | None) -> None:
    """Only a full fence keeps a store before a later load."""
    assert explore(_store_buffering(fence)).violation is not None


def test_store_then_load_holds_with_full_fences() -> None:
    """With full fences on both sides, one of them sees the other."""
    assert explore(_store_buffering("full")).violation is None


def _load_buffering(*, release: bool) -> System:
    def reader() -> Program:
        yield Issue(("data",))
        yield Store("done", 1, release=release)
        (data,) = yield Collect()
        if data:
            raise Violation("the load was satisfied after the store that follows it")

    def writer() -> Program:
        if (yield Load("done", acquire=True)):
            yield Store("data", 1)

    return System(
        locations={"data": ("writer", 0), "done": ("reader", 0)},
        threads={"reader": (reader, ()), "writer": (writer, ())},
        successors={},
    )


def test_issued_loads_finish_after_a_plain_store() -> None:
    """A load may be satisfied after a plain store that follows it."""
    assert explore(_load_buffering(release=False)).violation is not None


def test_issued_loads_finish_before_a_store_release() -> None:
    """A store-release waits for the loads before it."""
    assert explore(_load_buffering(release=True)).violation is None


def test_one_location_never_goes_back() -> None:
    """Coherence holds for plain loads as well."""

    def writer() -> Program:
        yield Store("x", 1)
        yield Store("x", 2)

    def reader() -> Program:
        first = yield Load("x")
        second = yield Load("x")
        if second < first:
            raise Violation("went back")

    system = System(
        locations={"x": ("writer", 0)},
        threads={"writer": (writer, ()), "reader": (reader, ())},
        successors={},
    )
    assert explore(system).violation is None


def test_a_sleeper_that_nobody_wakes_is_reported() -> None:
    """A state from which the end cannot be reached is a violation, with its trace."""

    def sleeper() -> Program:
        yield FutexWait("x", 0)

    outcome = explore(
        System(locations={"x": ("sleeper", 0)}, threads={"sleeper": (sleeper, ())}, successors={})
    )
    assert outcome.violation == "no progress: the end is out of reach"
    assert "FutexWait" in outcome.trace[-1]


def test_a_loop_that_never_ends_is_reported() -> None:
    """Livelock is found, not only deadlock."""

    def spinner() -> Program:
        while not (yield Load("x")):
            yield Become(spinner, ())

    outcome = explore(
        System(locations={"x": ("nobody", 0)}, threads={"spinner": (spinner, ())}, successors={})
    )
    assert outcome.violation == "no progress: the end is out of reach"


def test_a_futex_wait_that_starts_after_the_wake_sees_the_new_value() -> None:
    """The kernel checks the word behind a full barrier, so store, wake, wait cannot be lost."""

    def writer() -> Program:
        yield Store("x", 1)
        yield FutexWake("x")

    def sleeper() -> Program:
        yield FutexWait("x", 0)

    system = System(
        locations={"x": ("writer", 0)},
        threads={"writer": (writer, ()), "sleeper": (sleeper, ())},
        successors={},
    )
    assert explore(system).violation is None


def test_a_thread_cannot_store_to_a_word_of_another() -> None:
    """One writer per word: the reductions rest on it."""

    def intruder() -> Program:
        yield Store("x", 1)

    system = System(
        locations={"x": ("owner", 0)}, threads={"intruder": (intruder, ())}, successors={}
    )
    with pytest.raises(ValueError, match="does not own"):
        explore(system)
