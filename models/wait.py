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

The writer notes the value that it answered, in shared memory and behind the wake-up: killed in
between, it leaves a second wake-up to its successor, never none. One FUTEX_WAKE serves all readers.

Property: the reader always gets every record, so no sleep outlasts the last wake-up.
"""

from __future__ import annotations

from collections.abc import Callable
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
        notes_behind: The writer notes an answered word after the wake-up, not before it.
        successor_wakes: A successor publishes a record of its own and wakes whom it finds waiting.
        readers: Readers, each with its own word, all asleep on one futex.
    """

    total: int = 2
    kills: int = 1
    sleeps_on: Literal["futex", "eventfd"] = "futex"
    wakes: Literal["passed", "always", "token"] = "passed"
    writer_fences: bool = True
    reader_fences: bool = True
    reader_looks_again: bool = True
    notes_behind: bool = True
    successor_wakes: bool = True
    readers: int = 1


_FUTEX = WaitRules()
_EVENTFD = replace(_FUTEX, sleeps_on="eventfd")
VARIANTS = {
    "futex": _FUTEX,
    "eventfd": _EVENTFD,
    "futex, wakes at every publish": replace(_FUTEX, wakes="always"),
    "eventfd, wakes once a token": replace(_EVENTFD, wakes="token"),
    "two readers on one futex": replace(_FUTEX, total=1, kills=0, readers=2),
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
    "futex: noted before the wake-up": replace(_FUTEX, total=1, notes_behind=False),
    "eventfd: noted before the wake-up": replace(_EVENTFD, total=1, notes_behind=False),
}
# Not needed for correctness: FUTEX_WAIT looks again by itself, behind the kernel's own full barrier.
EXCUSED = {
    "futex: no full fence in the reader": replace(_FUTEX_ONE_LIFE, reader_fences=False),
    "futex: no second look": replace(_FUTEX_ONE_LIFE, reader_looks_again=False),
}


def wait_system(rules: WaitRules) -> System:
    """Put one writer, its successor and the readers together."""
    locations: dict[str, tuple[str, object]] = {"published": ("writer", 0)}
    threads: dict[str, tuple[Callable[..., Program], tuple[object, ...]]] = {
        "writer": (_writer, (rules,))
    }
    for name in _readers(rules):
        locations[f"{name}.waiting"] = (name, (0, AWAKE))
        locations[f"{name}.woken"] = ("writer", None)
        threads[name] = (_reader, (rules, name, 0, 0))
    successors = {"writer": (_successor, (rules,))}
    return System(locations=locations, threads=threads, successors=successors, kills=rules.kills)


def _readers(rules: WaitRules) -> tuple[str, ...]:
    return tuple(f"reader{number}" for number in range(rules.readers))


def _writer(rules: WaitRules) -> Program:
    published = yield Load("published")
    if published < rules.total:
        yield Become(_publish, (rules, published + 1))


def _successor(rules: WaitRules) -> Program:
    published = yield Load("published")
    if rules.successor_wakes:
        yield Become(_publish, (rules, published + 1))
    else:
        yield Become(_writer, (rules,))


def _publish(rules: WaitRules, published: int) -> Program:
    yield Store("published", published, release=True)
    if rules.writer_fences:
        yield Fence("full")
    yield Become(_wake, (rules, published, _readers(rules), 0))


def _wake(rules: WaitRules, published: int, names: tuple[str, ...], futex_wakes: int) -> Program:
    if not names:
        yield Become(_writer, (rules,))
    name = names[0]
    token, seen = yield Load(f"{name}.waiting")
    note = token if rules.wakes == "token" else seen
    noted = yield Load(f"{name}.woken")
    is_due = seen != AWAKE
    if rules.wakes == "passed":
        is_due = is_due and seen < published
    if rules.wakes != "always":
        is_due = is_due and note != noted
    if is_due:
        if not rules.notes_behind:
            yield Store(f"{name}.woken", note)
        if rules.sleeps_on == "eventfd":
            yield EventSignal(name)
        elif futex_wakes == 0:
            yield FutexWake("published")
            futex_wakes = 1
        if rules.notes_behind:
            yield Store(f"{name}.woken", note, release=True)
    yield Become(_wake, (rules, published, names[1:], futex_wakes))


def _reader(rules: WaitRules, name: str, seen: int, token: int) -> Program:
    published = yield Load("published", acquire=True)
    if published >= rules.total:
        return
    if published > seen:
        yield Become(_reader, (rules, name, published, token))
    if rules.wakes == "token":
        token += 1
    yield Store(f"{name}.waiting", (token, seen), release=True)
    if rules.reader_fences:
        yield Fence("full")
    if rules.reader_looks_again:
        published = yield Load("published", acquire=True)
    if published == seen:
        if rules.sleeps_on == "eventfd":
            yield EventWait()
        else:
            yield FutexWait("published", seen)
    yield Store(f"{name}.waiting", (token, AWAKE), release=True)
    yield Become(_reader, (rules, name, seen, token))
