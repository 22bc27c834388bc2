"""Blocking readers: the wait token, the full fences, the futex or the eventfd.

The reader makes its token odd ("asleep, or about to be"), fences, looks again, sleeps. The writer
publishes, fences, reads the token, and wakes once for each odd token that it sees. A store followed
by a load on both sides: without a full fence on each, both loads may miss both stores, and the
reader sleeps beside a published record.

Property: the reader always gets every record, so no sleep outlasts the last wake-up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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

__all__ = ["EXCUSED", "MUTATIONS", "WaitRules", "wait_system"]


@dataclass(frozen=True)
class WaitRules:
    """The protocol's rules and the bounds of the run; each rule can be broken by itself.

    Attributes:
        total: Records published before the writer stops; a successor always publishes one more.
        kills: How many writers are killed.
        uses_eventfd: Sleep on an eventfd instead of the futex.
        writer_fences: Full fence between `published` and the load of the token.
        reader_fences: Full fence between the token and the second look at `published`.
        reader_looks_again: Second look at `published` after the token.
        token_is_fresh: A new token for every sleep.
        successor_wakes: A successor publishes a record of its own and wakes whom it finds waiting.
        successor_forgets: A successor does not presume that the present token was woken already.
    """

    total: int = 2
    kills: int = 1
    uses_eventfd: bool = False
    writer_fences: bool = True
    reader_fences: bool = True
    reader_looks_again: bool = True
    token_is_fresh: bool = True
    successor_wakes: bool = True
    successor_forgets: bool = True


_FUTEX = WaitRules()
_EVENTFD = replace(_FUTEX, uses_eventfd=True)
MUTATIONS = {
    "futex: no full fence in the writer": replace(_FUTEX, writer_fences=False),
    "eventfd: no full fence in the writer": replace(_EVENTFD, writer_fences=False),
    "eventfd: no full fence in the reader": replace(_EVENTFD, reader_fences=False),
    "eventfd: no second look": replace(_EVENTFD, reader_looks_again=False),
    "futex: one token for every sleep": replace(_FUTEX, token_is_fresh=False),
    "futex: successor starts in silence": replace(_FUTEX, successor_wakes=False),
    "futex: successor presumes the token woken": replace(_FUTEX, successor_forgets=False),
}
# Not needed for correctness: FUTEX_WAIT looks again by itself, behind the kernel's own full barrier.
EXCUSED = {
    "futex: no full fence in the reader": replace(_FUTEX, reader_fences=False),
    "futex: no second look": replace(_FUTEX, reader_looks_again=False),
}


def wait_system(rules: WaitRules) -> System:
    """Put one writer, its successor and one reader together.

    Each reader has its own token, so one stands for any number of them.
    """
    return System(
        locations={"published": ("writer", 0), "token": ("reader", 0)},
        threads={"writer": (_writer, (rules, 0)), "reader": (_reader, (rules, 0, 0))},
        successors={"writer": (_successor, (rules,))},
        kills=rules.kills,
    )


def _writer(rules: WaitRules, woken: int) -> Program:
    published = yield Load("published")
    if published < rules.total:
        yield Become(_publish, (rules, published + 1, woken))


def _successor(rules: WaitRules) -> Program:
    published = yield Load("published")
    woken = 0
    if not rules.successor_forgets:
        woken = yield Load("token")
    if rules.successor_wakes:
        yield Become(_publish, (rules, published + 1, woken))
    else:
        yield Become(_writer, (rules, woken))


def _publish(rules: WaitRules, published: int, woken: int) -> Program:
    yield Store("published", published, release=True)
    if rules.writer_fences:
        yield Fence("full")
    token = yield Load("token")
    if token % 2 == 1 and token != woken:
        if rules.uses_eventfd:
            yield EventSignal("reader")
        else:
            yield FutexWake("published")
        woken = token
    yield Become(_writer, (rules, woken))


def _reader(rules: WaitRules, seen: int, token: int) -> Program:
    published = yield Load("published", acquire=True)
    if published >= rules.total:
        return
    if published > seen:
        yield Become(_reader, (rules, published, token))
    token = token + 1 if rules.token_is_fresh else 1
    yield Store("token", token)
    if rules.reader_fences:
        yield Fence("full")
    if rules.reader_looks_again:
        published = yield Load("published")
    if published == seen:
        if rules.uses_eventfd:
            yield EventWait()
        else:
            yield FutexWait("published", seen)
    token += 1
    yield Store("token", token if rules.token_is_fresh else 0)
    yield Become(_reader, (rules, seen, token))
