"""The lossless mode: the writer waits for readers, up to its patience, then degrades them by name.

A record is one word here; tearing is the ring model's subject. Patience is not a time: it may run
out whenever the writer has to wait.

Properties: those of the ring, and: a reader loses nothing by a claim made while it was not
degraded; the writer always gets to the end, whatever the readers do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.explorer import (
    Become,
    Choose,
    Collect,
    Fence,
    Issue,
    Load,
    Program,
    Store,
    System,
    Violation,
)

__all__ = ["MUTATIONS", "LosslessRules", "lossless_system"]


@dataclass(frozen=True)
class LosslessRules:
    """The mode's rules and the bounds of the run; each rule can be broken by itself.

    Attributes:
        capacity: Records in the ring.
        total: Records published before the writer stops.
        readers: Lossless readers.
        kills: How many writers are killed.
        is_patience_bounded: The writer may stop waiting; without this no reader is ever degraded.
        reader_may_stop: A reader may stop reading for good.
        respects_slowest: The writer waits for the slowest reader.
        degrades_by_name: Passing a reader marks it as degraded.
        position_after_words: A reader's position moves after it has read the words.
        reader_checks_claim: A reader checks `claimed`, lossless or not.
    """

    capacity: int = 2
    total: int = 4
    readers: int = 1
    kills: int = 0
    is_patience_bounded: bool = True
    reader_may_stop: bool = False
    respects_slowest: bool = True
    degrades_by_name: bool = True
    position_after_words: bool = True
    reader_checks_claim: bool = True


_SOUND = LosslessRules()
MUTATIONS = {
    "waits for the fastest reader": replace(_SOUND, readers=2, total=3, respects_slowest=False),
    "passes a reader without degrading it": replace(_SOUND, degrades_by_name=False),
    "position moves before the words are read": replace(_SOUND, position_after_words=False),
    "a lossless reader trusts the mode and skips the check": replace(
        _SOUND, reader_checks_claim=False
    ),
    "waits for ever on a reader that stopped": replace(
        _SOUND, is_patience_bounded=False, reader_may_stop=True
    ),
}


def lossless_system(rules: LosslessRules) -> System:
    """Put one writer, its successor and lossless readers together."""
    # `claimed` carries, unknown to the protocol, who was degraded when the claim was made.
    locations: dict[str, tuple[str, object]] = {
        "claimed": ("writer", (0, frozenset())),
        "published": ("writer", 0),
        "degraded": ("writer", frozenset()),
    }
    for slot in range(rules.capacity):
        locations[f"slot{slot}"] = ("writer", None)
    for reader in range(rules.readers):
        locations[f"position{reader}"] = (f"reader{reader}", 0)
    threads = {f"reader{reader}": (_reader, (rules, reader, 0)) for reader in range(rules.readers)}
    return System(
        locations=locations,
        threads={"writer": (_writer, (rules,)), **threads},
        successors={"writer": (_writer, (rules,))},
        kills=rules.kills,
    )


def _writer(rules: LosslessRules) -> Program:
    published = yield Load("published")
    if published == rules.total:
        return
    count = yield Choose(tuple(range(1, min(rules.capacity, rules.total - published) + 1)))
    yield Become(_claim, (rules, published + count))


def _claim(rules: LosslessRules, wanted: int) -> Program:
    published = yield Load("published")
    claimed, _ = yield Load("claimed")
    degraded = yield Load("degraded")
    positions = {}
    for reader in range(rules.readers):
        if reader not in degraded:
            # Acquire: what the reader did to the old records comes before what is written over them.
            positions[reader] = yield Load(f"position{reader}", acquire=True)
    pick = min if rules.respects_slowest else max
    if positions and wanted > pick(positions.values()) + rules.capacity:
        expires = yield Choose((False, True) if rules.is_patience_bounded else (False,))
        if not expires:
            yield Become(_claim, (rules, wanted))
        if rules.degrades_by_name:
            late = {name for name, at in positions.items() if wanted > at + rules.capacity}
            degraded = degraded | late
            yield Store("degraded", degraded)
    yield Store("claimed", (max(claimed, wanted), degraded))
    yield Fence("release")
    for sequence in range(published, wanted):
        yield Store(f"slot{sequence % rules.capacity}", sequence)
    yield Store("published", wanted, release=True)
    yield Become(_writer, (rules,))


def _reader(rules: LosslessRules, name: int, position: int) -> Program:
    if position == rules.total:
        return
    if rules.reader_may_stop and (yield Choose((False, True))):
        return
    end = yield Load("published", acquire=True)
    if end <= position:
        yield Become(_reader, (rules, name, position))
    first = max(position, end - rules.capacity)
    if not rules.position_after_words:
        yield Store(f"position{name}", end, release=True)
    yield Issue(tuple(f"slot{sequence % rules.capacity}" for sequence in range(first, end)))
    yield Fence("acquire")
    claimed, degraded = yield Load("claimed")
    words = yield Collect()
    missed = max(0, claimed - position - rules.capacity) if rules.reader_checks_claim else 0
    if missed and name not in degraded:
        raise Violation(f"reader{name} lost {missed} while lossless")
    for sequence in range(max(position + missed, first), end):
        if words[sequence - first] != sequence:
            raise Violation(f"wrong record {sequence} accepted: {words[sequence - first]}")
    after = max(end, position + missed)
    if rules.position_after_words:
        yield Store(f"position{name}", after, release=True)
    yield Become(_reader, (rules, name, after))
