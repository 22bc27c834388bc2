"""Blocking readers: the waiting word, the full fences, the futex or the eventfd.

The reader writes into its waiting word what it has seen ("wake me when `published` passes this"),
fences, looks again, sleeps. The writer publishes, fences, reads the word, and wakes the reader once
for each value that it has passed. A store followed by a load on both sides: without a full fence on
each, both loads may miss both stores, and the reader sleeps beside a published record.

The first design had a token instead, odd while the reader waits, and one wake-up for each odd token.
This model found it wrong, without any reordering: the reader has seen record 1 and makes its token
odd; the writer, late, still on behalf of record 1, reads that token, wakes nobody and considers it
woken; the reader looks again, sees nothing new and sleeps; record 2 finds the token already woken.
A wake-up must be for something that the reader had not seen, so the word says what it had seen.

Property: the reader always gets every record, so no sleep outlasts the last wake-up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from models.explorer import (
    Become,
    EventSignal,
    EventWait,
    Fence,
    FutexWait,
    FutexWake,
    Load,
    Program,
    Store,
    System,
)

__all__ = ["EXCUSED", "MUTATIONS", "VARIANTS", "WaitRules", "wait_system"]

AWAKE = -1


@dataclass(frozen=True)
class WaitRules:
    """The protocol's rules and the bounds of the run; each rule can be broken by itself.

    Attributes:
        total: Records published before the writer stops; a successor always publishes one more.
        kills: How many writers are killed.
        sleeps_on: What the reader sleeps on.
        wakes: "passed": once for each waiting word that `published` has passed. "always": at each
            publish while the reader waits. "token": once for each token (the first design).
        writer_fences: Full fence between `published` and the load of the waiting word.
        reader_fences: Full fence between the waiting word and the second look at `published`.
        reader_looks_again: Second look at `published` after the waiting word.
        successor_wakes: A successor publishes a record of its own and wakes whom it finds waiting.
        successor_forgets: A successor does not presume that the present word was woken already.
    """

    total: int = 2
    kills: int = 1
    sleeps_on: Literal["futex", "eventfd"] = "futex"
    wakes: Literal["passed", "always", "token"] = "passed"
    writer_fences: bool = True
    reader_fences: bool = True
    reader_looks_again: bool = True
    successor_wakes: bool = True
    successor_forgets: bool = True


_FUTEX = WaitRules()
_EVENTFD = replace(_FUTEX, sleeps_on="eventfd")
VARIANTS = {
    "futex": _FUTEX,
    "eventfd": _EVENTFD,
    "futex, wakes at every publish": replace(_FUTEX, wakes="always"),
    "eventfd, wakes once a token": replace(_EVENTFD, wakes="token"),
}
_FUTEX_ONE_LIFE = replace(_FUTEX, kills=0)
_EVENTFD_ONE_LIFE = replace(_EVENTFD, kills=0)
MUTATIONS = {
    "futex: wakes once a token": replace(_FUTEX_ONE_LIFE, wakes="token"),
    "futex: no full fence in the writer": replace(_FUTEX_ONE_LIFE, writer_fences=False),
    "eventfd: no full fence in the writer": replace(_EVENTFD_ONE_LIFE, writer_fences=False),
    "eventfd: no full fence in the reader": replace(_EVENTFD_ONE_LIFE, reader_fences=False),
    "eventfd: no second look": replace(_EVENTFD_ONE_LIFE, reader_looks_again=False),
    "futex: successor starts in silence": replace(_FUTEX, total=1, successor_wakes=False),
    "futex: successor presumes the reader woken": replace(
        _FUTEX, total=1, successor_forgets=False
    ),
}
# Not needed for correctness: FUTEX_WAIT looks again by itself, behind the kernel's own full barrier.
EXCUSED = {
    "futex: no full fence in the reader": replace(_FUTEX_ONE_LIFE, reader_fences=False),
    "futex: no second look": replace(_FUTEX_ONE_LIFE, reader_looks_again=False),
}


def wait_system(rules: WaitRules) -> System:
    """Put one writer, its successor and one reader together.

    Each reader has its own waiting word, so one stands for any number of them.
    """
    return System(
        locations={"published": ("writer", 0), "waiting": ("reader", (0, AWAKE))},
        threads={"writer": (_writer, (rules, None)), "reader": (_reader, (rules, 0, 0))},
        successors={"writer": (_successor, (rules,))},
        kills=rules.kills,
    )


def _writer(rules: WaitRules, woken: int | None) -> Program:
    published = yield Load("published")
    if published < rules.total:
        yield Become(_publish, (rules, published + 1, woken))


def _successor(rules: WaitRules) -> Program:
    published = yield Load("published")
    woken = None
    if not rules.successor_forgets:
        woken = _wake_key(rules, (yield Load("waiting")))
    if rules.successor_wakes:
        yield Become(_publish, (rules, published + 1, woken))
    else:
        yield Become(_writer, (rules, woken))


def _wake_key(rules: WaitRules, waiting: tuple[int, int]) -> int:
    """What the writer remembers of a wake-up: the token, or what the reader had seen."""
    token, seen = waiting
    return token if rules.wakes == "token" else seen


def _publish(rules: WaitRules, published: int, woken: int | None) -> Program:
    yield Store("published", published, release=True)
    if rules.writer_fences:
        yield Fence("full")
    waiting = yield Load("waiting")
    _, seen = waiting
    is_due = seen != AWAKE
    if rules.wakes == "passed":
        is_due = is_due and seen < published
    if rules.wakes != "always":
        is_due = is_due and woken != _wake_key(rules, waiting)
    if is_due:
        if rules.sleeps_on == "eventfd":
            yield EventSignal("reader")
        else:
            yield FutexWake("published")
        woken = _wake_key(rules, waiting)
    yield Become(_writer, (rules, woken))


def _reader(rules: WaitRules, seen: int, token: int) -> Program:
    published = yield Load("published", acquire=True)
    if published >= rules.total:
        return
    if published > seen:
        yield Become(_reader, (rules, published, token))
    if rules.wakes == "token":
        token += 1
    yield Store("waiting", (token, seen))
    if rules.reader_fences:
        yield Fence("full")
    if rules.reader_looks_again:
        published = yield Load("published")
    if published == seen:
        if rules.sleeps_on == "eventfd":
            yield EventWait()
        else:
            yield FutexWait("published", seen)
    yield Store("waiting", (token, AWAKE))
    yield Become(_reader, (rules, seen, token))
