"""An exhaustive explorer of small concurrent programs under a weak memory model.

Why it exists: the ring's correctness rests on where its fences are, and a test on real hardware
passes with a fence missing as long as the processor happens not to reorder. Here every order that
the language's memory model allows is tried.

The memory is the view-based reading of C11 release/acquire (each thread has a *view*, the oldest
write that it may still read at each location):

* A location is the list of all writes ever made to it, in order. Nothing is overwritten.
* A plain load returns *any* write not older than the thread's view. So a load may be satisfied
  early, stores become visible in any order, and two threads may see two stores in opposite orders.
* A write carries the view of a release fence before it, or of itself when it is a store-release.
* An acquire load, or an acquire fence after a plain load, joins that view into the thread's own:
  only now do older writes become unreadable.
* A full fence also joins a view shared by all full fences. That, and nothing weaker, orders a
  store before a later load.
* A group of plain loads (`Issue`) may complete after plain stores that follow it, until an
  ordering operation or `Collect` needs their values.

A program is a generator that yields operations and is sent their results. Programs loop with
`Become`, which forgets the past and lets equal states merge. A thread may be killed before any of
its operations; its stores stay (a processor's store buffer drains, and the kernel's exit path
orders it before the supervisor can know), and a successor takes its place.

Interleavings that cannot matter are left out. Every word has one writer (as in the real rings), so a
store only adds to what others may read, and they may still read what was there before: it is taken
at once, alone with the kill of its own thread. So is a load of the thread's own word, and whatever
touches no shared word.

Guarantees: every interleaving and every permitted reordering within the bounds of the programs is
visited, and from each state it is proved that the end can still be reached (no deadlock, no lost
wake-up, no livelock that a fair scheduler could not leave). Not covered: values out of thin air,
other than through `Issue`; mixed-size accesses; unbounded runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeAlias

__all__ = [
    "Become",
    "Choose",
    "Collect",
    "EventSignal",
    "EventWait",
    "Fence",
    "FutexWait",
    "FutexWake",
    "Issue",
    "Load",
    "Outcome",
    "Program",
    "Store",
    "System",
    "Violation",
    "explore",
]

Value: TypeAlias = Any
View: TypeAlias = tuple[int, ...]
Program: TypeAlias = Generator["Operation", Any, None]

ACQUIRE = "acquire"
RELEASE = "release"
FULL = "full"


class Violation(Exception):  # noqa: N818 - a verdict of a model, not an error of the program
    """Raised by a program when a property does not hold."""


class Load(NamedTuple):
    """Read one location; the result is the value. Plain unless `acquire`."""

    location: str
    acquire: bool = False


class Store(NamedTuple):
    """Write one location. Plain unless `release`."""

    location: str
    value: Value
    release: bool = False


class Fence(NamedTuple):
    """A fence of kind "acquire", "release" or "full"."""

    kind: str


class Issue(NamedTuple):
    """Start plain loads of several locations, in no order; they may finish after later stores."""

    locations: tuple[str, ...]


class Collect(NamedTuple):
    """Wait for the loads issued; the result is their values, in the order of issue."""


class Choose(NamedTuple):
    """Continue with every one of the options."""

    options: tuple[Value, ...]


class FutexWait(NamedTuple):
    """Sleep while the location holds `expected`; check and sleep are one step, as in the kernel.

    The kernel's own full barrier is modelled; its read of the word is as weak as any other.
    """

    location: str
    expected: Value


class FutexWake(NamedTuple):
    """Wake every thread asleep on the location."""

    location: str


class EventWait(NamedTuple):
    """Sleep until signalled (an eventfd of one's own), then forget the signal. No barrier."""


class EventSignal(NamedTuple):
    """Signal a thread by name; a signal sent before the wait is kept. No barrier."""

    thread: str


class Become(NamedTuple):
    """Go on as another program, forgetting everything but its arguments."""

    program: Callable[..., Program]
    arguments: tuple[Value, ...]


Operation: TypeAlias = (
    Load
    | Store
    | Fence
    | Issue
    | Collect
    | Choose
    | FutexWait
    | FutexWake
    | EventWait
    | EventSignal
    | Become
)


class Message(NamedTuple):
    """One write: its value and the view that an acquiring reader gains."""

    value: Value
    view: View


class Thread(NamedTuple):
    """One thread: its program, what it was sent so far, and its views."""

    program: Callable[..., Program]
    arguments: tuple[Value, ...]
    history: tuple[Value, ...]
    view: View
    acquirable: View  # gained by the next acquire fence
    released: View  # carried by plain stores since the last release fence
    issued: tuple[int, ...] = ()
    collected: tuple[Value, ...] = ()
    asleep_on: int = -1
    is_signalled: bool = False


class State(NamedTuple):
    """One state of the whole system; hashable, compared by value."""

    memory: tuple[tuple[Message, ...], ...]
    fence_view: View
    threads: tuple[Thread, ...]
    kills_left: int


@dataclass(frozen=True)
class System:
    """What to explore.

    Attributes:
        locations: Owner (the one thread that stores to it) and initial value of each shared word.
        threads: Program and arguments of each thread, by name.
        successors: What replaces a killed thread, by the thread's name. A successor may be killed too.
        kills: How many kills happen at most.
    """

    locations: dict[str, tuple[str, Value]]
    threads: dict[str, tuple[Callable[..., Program], tuple[Value, ...]]]
    successors: dict[str, tuple[Callable[..., Program], tuple[Value, ...]]]
    kills: int = 0


@dataclass(frozen=True)
class Outcome:
    """What an exploration found.

    Attributes:
        violation: The property that does not hold, or None.
        trace: The steps that lead to the violation, one line each.
        states: Number of distinct states visited.
        transitions: Number of steps tried.
    """

    violation: str | None
    trace: tuple[str, ...]
    states: int
    transitions: int


@cache
def _next_operation(
    program: Callable[..., Program], arguments: tuple[Value, ...], history: tuple[Value, ...]
) -> Operation | Violation | None:
    """Replay a program over the values it was sent; None when it has ended."""
    running = program(*arguments)
    try:
        operation = next(running)
        for value in history:
            operation = running.send(value)
    except StopIteration:
        return None
    except Violation as violation:
        return violation
    finally:
        running.close()
    return operation


def _join(left: View, right: View) -> View:
    return left if left == right else tuple(map(max, left, right))


def _raised(view: View, location: int, index: int) -> View:
    if view[location] >= index:
        return view
    return (*view[:location], index, *view[location + 1 :])


def _is_ordering(operation: Operation | None) -> bool:
    """Whether loads issued earlier must complete before this operation."""
    if operation is None or isinstance(operation, (Collect, Fence, Become, FutexWait, EventWait)):
        return True
    return (isinstance(operation, Store) and operation.release) or (
        isinstance(operation, Load) and operation.acquire
    )


class _Explorer:
    """Successor states of a state, for one system."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.index = {name: number for number, name in enumerate(system.locations)}
        self.names = tuple(system.threads)
        self.location_names = tuple(system.locations)
        self.owners = tuple(owner for owner, _ in system.locations.values())

    def initial(self) -> State:
        zero: View = (0,) * len(self.index)
        return State(
            memory=tuple((Message(value, zero),) for _, value in self.system.locations.values()),
            fence_view=zero,
            threads=tuple(
                Thread(program, arguments, (), zero, zero, zero)
                for program, arguments in self.system.threads.values()
            ),
            kills_left=self.system.kills,
        )

    def is_end(self, state: State) -> bool:
        """Whether every thread has run to its end."""
        return all(
            thread.asleep_on < 0
            and not thread.issued
            and _next_operation(thread.program, thread.arguments, thread.history) is None
            for thread in state.threads
        )

    def steps(self, state: State) -> list[tuple[str, State]]:
        """Every step possible from a state, or enough of them.

        A step that commutes with those of all other threads is taken alone.

        Raises:
            Violation: When a program says that a property does not hold.
        """
        found: list[tuple[str, State]] = []
        for number, thread in enumerate(state.threads):
            if thread.asleep_on >= 0:
                continue
            operation = _next_operation(thread.program, thread.arguments, thread.history)
            if isinstance(operation, Violation):
                raise operation
            label = f"{self.names[number]:9} {operation}"
            if thread.issued and _is_ordering(operation):
                found += self._finish_load(state, number, thread)
            elif operation is not None:
                nexts = [
                    (label, after) for after in self._perform(state, number, thread, operation)
                ]
                is_private = self._commutes(number, operation)
                if not is_private or isinstance(operation, Store):
                    # Between private steps a kill leaves what a kill at the next shared one leaves.
                    nexts += self._kill(state, number, thread)
                if is_private:
                    return nexts
                found += nexts
        return found

    def _commutes(self, number: int, operation: Operation) -> bool:
        """Whether no step of another thread can tell, or change, when this one happens."""
        if isinstance(operation, (Load, Store)):
            return self.owners[self.index[operation.location]] == self.names[number]
        if isinstance(operation, Fence):
            return operation.kind != FULL
        return isinstance(operation, (Become, Choose, Collect, Issue))

    def _kill(self, state: State, number: int, thread: Thread) -> list[tuple[str, State]]:
        name = self.names[number]
        if state.kills_left == 0 or name not in self.system.successors:
            return []
        program, arguments = self.system.successors[name]
        heir = Thread(program, arguments, (), thread.view, thread.view, thread.view)
        after = self._with(state, number, heir)._replace(kills_left=state.kills_left - 1)
        return [(f"{name:9} KILLED, successor starts", after)]

    def _finish_load(self, state: State, number: int, thread: Thread) -> list[tuple[str, State]]:
        location, rest = thread.issued[0], thread.issued[1:]
        found = []
        for value, after in self._load(state, thread, location, acquire=False):
            done = after._replace(issued=rest, collected=(*after.collected, value))
            label = f"{self.names[number]:9} loads {self.location_names[location]}: {value}"
            found.append((label, self._with(state, number, done)))
        return found

    def _load(
        self, state: State, thread: Thread, location: int, *, acquire: bool
    ) -> list[tuple[Value, Thread]]:
        """Every value that a load may return, with the thread after it."""
        found = []
        messages = state.memory[location]
        for index in range(thread.view[location], len(messages)):
            message = messages[index]
            view = _raised(thread.view, location, index)
            if acquire:
                view = _join(view, message.view)
            acquirable = _join(_join(thread.acquirable, message.view), view)
            found.append((message.value, thread._replace(view=view, acquirable=acquirable)))
        return found

    def _perform(
        self, state: State, number: int, thread: Thread, operation: Operation
    ) -> list[State]:
        if isinstance(operation, Load):
            location = self.index[operation.location]
            return [
                self._with(state, number, after._replace(history=(*after.history, value)))
                for value, after in self._load(state, thread, location, acquire=operation.acquire)
            ]
        if isinstance(operation, Store):
            return [self._store(state, number, thread, operation)]
        if isinstance(operation, Choose):
            return [
                self._with(state, number, thread._replace(history=(*thread.history, option)))
                for option in operation.options
            ]
        if isinstance(operation, Become):
            fresh = thread._replace(
                program=operation.program, arguments=operation.arguments, history=()
            )
            return [self._with(state, number, fresh)]
        if isinstance(operation, Issue):
            issued = tuple(self.index[name] for name in operation.locations)
            after = thread._replace(issued=issued, history=(*thread.history, None))
            return [self._with(state, number, after)]
        if isinstance(operation, Collect):
            after = thread._replace(history=(*thread.history, thread.collected), collected=())
            return [self._with(state, number, after)]
        if isinstance(operation, Fence) and operation.kind != FULL:
            return [self._with(state, number, self._fenced(thread, operation.kind))]
        if isinstance(operation, EventWait):
            if not thread.is_signalled:
                return []
            after = thread._replace(is_signalled=False, history=(*thread.history, None))
            return [self._with(state, number, after)]
        if isinstance(operation, EventSignal):
            state = self._with(state, number, thread._replace(history=(*thread.history, None)))
            woken = self.names.index(operation.thread)
            signalled = state.threads[woken]._replace(is_signalled=True)
            return [self._with(state, woken, signalled)]
        # A full fence, alone or inside a system call.
        view = _join(thread.acquirable, state.fence_view)
        thread = thread._replace(view=view, acquirable=view, released=view)
        state = state._replace(fence_view=view)
        if isinstance(operation, FutexWait):
            return self._futex_wait(state, number, thread, operation)
        after = thread._replace(history=(*thread.history, None))
        state = self._with(state, number, after)
        return [self._woken(state, operation) if isinstance(operation, FutexWake) else state]

    def _fenced(self, thread: Thread, kind: str) -> Thread:
        done = thread._replace(history=(*thread.history, None))
        if kind == ACQUIRE:
            return done._replace(view=thread.acquirable)
        if kind == RELEASE:
            return done._replace(released=thread.view)
        raise ValueError(f"unknown fence {kind!r}; expected acquire, release or full")

    def _store(self, state: State, number: int, thread: Thread, store: Store) -> State:
        location = self.index[store.location]
        if self.owners[location] != self.names[number]:
            raise ValueError(
                f"{self.names[number]} stores to {store.location}, which it does not own"
            )
        index = len(state.memory[location])
        view = _raised(thread.view, location, index)
        carried = view if store.release else _raised(thread.released, location, index)
        messages = (*state.memory[location], Message(store.value, carried))
        memory = (*state.memory[:location], messages, *state.memory[location + 1 :])
        after = thread._replace(
            view=view,
            acquirable=_raised(thread.acquirable, location, index),
            history=(*thread.history, None),
        )
        return self._with(state._replace(memory=memory), number, after)

    def _futex_wait(
        self, state: State, number: int, thread: Thread, wait: FutexWait
    ) -> list[State]:
        location = self.index[wait.location]
        found = []
        for value, after in self._load(state, thread, location, acquire=False):
            # The result arrives on waking; here it is always None.
            after = after._replace(history=(*after.history, None))
            if value == wait.expected:
                after = after._replace(asleep_on=location)
            found.append(self._with(state, number, after))
        return found

    def _woken(self, state: State, wake: FutexWake) -> State:
        location = self.index[wake.location]
        threads = tuple(
            thread._replace(asleep_on=-1) if thread.asleep_on == location else thread
            for thread in state.threads
        )
        return state._replace(threads=threads)

    @staticmethod
    def _with(state: State, number: int, thread: Thread) -> State:
        threads = (*state.threads[:number], thread, *state.threads[number + 1 :])
        return state._replace(threads=threads)


def explore(system: System) -> Outcome:
    """Visit every reachable state, breadth first.

    Args:
        system: What to explore.

    Returns:
        The outcome; a violation comes with one of the shortest traces that lead to it.
    """
    explorer = _Explorer(system)
    start = explorer.initial()
    numbers = {start: 0}
    queue = deque([start])
    parents: list[tuple[int, str]] = [(-1, "")]
    came_from: list[list[int]] = [[]]
    ends: list[int] = []
    dead: list[int] = []
    transitions = 0
    while queue:
        state = queue.popleft()
        number = numbers[state]
        try:
            steps = explorer.steps(state)
        except Violation as violation:
            return Outcome(str(violation), _trace(parents, number), len(parents), transitions)
        if explorer.is_end(state):
            ends.append(number)
        elif not steps:
            dead.append(number)
        transitions += len(steps)
        for label, after in steps:
            found = numbers.setdefault(after, len(parents))
            if found == len(parents):
                parents.append((number, label))
                came_from.append([])
                queue.append(after)
            came_from[found].append(number)
    stuck = dead[0] if dead else _first_without_end(came_from, ends)
    if stuck is not None:
        verdict = "no progress: the end is out of reach"
        return Outcome(verdict, _trace(parents, stuck), len(parents), transitions)
    return Outcome(None, (), len(parents), transitions)


def _first_without_end(came_from: list[list[int]], ends: list[int]) -> int | None:
    """The first state visited from which no end is reachable, or None."""
    good = [False] * len(came_from)
    queue = list(ends)
    for number in ends:
        good[number] = True
    while queue:
        for before in came_from[queue.pop()]:
            if not good[before]:
                good[before] = True
                queue.append(before)
    return next((number for number, is_good in enumerate(good) if not is_good), None)


def _trace(parents: list[tuple[int, str]], number: int) -> tuple[str, ...]:
    lines: list[str] = []
    while number > 0:
        number, label = parents[number]
        lines.append(label)
    return tuple(reversed(lines))
