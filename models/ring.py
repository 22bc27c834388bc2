"""The ring: claimed and published counters, lossy readers, a writer that may be killed.

Every record is two words, so that a half-written one can be told from a whole one; every word says
which record it belongs to and which generation of the writer wrote it, so that a record left by a
dead writer can be told from the one its successor published.

Properties: a record accepted is whole and is the one that was published under its number; records
come in order, once each; delivered and lost together account for every number; the reader can
always get to the end.
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

__all__ = ["MUTATIONS", "RingRules", "ring_system"]


@dataclass(frozen=True)
class RingRules:
    """The protocol's rules and the bounds of the run; each rule can be broken by itself.

    Attributes:
        capacity: Records in the ring.
        total: Records published before the writer stops.
        kills: How many writers are killed.
        release_after_claim: Release fence between the claim and the first word.
        publish_releases: `published` is a store-release.
        publish_after_data: `published` moves after the words are written.
        acquire_published: `published` is loaded with acquire.
        acquire_before_check: Acquire fence between the last word and the load of `claimed`.
        claim_is_monotonic: A successor never lowers `claimed`.
        ahead: Records that may be claimed beyond those asked for.
        skips_only_claimed: A claim is left out only when all of it was claimed before.
    """

    capacity: int = 2
    total: int = 3
    kills: int = 1
    release_after_claim: bool = True
    publish_releases: bool = True
    publish_after_data: bool = True
    acquire_published: bool = True
    acquire_before_check: bool = True
    claim_is_monotonic: bool = True
    ahead: int = 1
    skips_only_claimed: bool = True


_SOUND = RingRules()
MUTATIONS = {
    "no release fence after the claim": replace(_SOUND, release_after_claim=False),
    "plain publish before the data": replace(
        _SOUND, publish_releases=False, publish_after_data=False
    ),
    "publish-release before the data": replace(_SOUND, publish_after_data=False),
    "plain publish after the data": replace(_SOUND, publish_releases=False),
    "plain load of published": replace(_SOUND, acquire_published=False),
    "no acquire fence before the check": replace(_SOUND, acquire_before_check=False),
    "claim lowered by a successor": replace(_SOUND, claim_is_monotonic=False),
    "claim left out that was not made": replace(_SOUND, skips_only_claimed=False),
}


def ring_system(rules: RingRules) -> System:
    """Put one writer, its successors and one reader together.

    Lossy readers write nothing that another thread reads, so one stands for any number of them.
    """
    locations: dict[str, tuple[str, object]] = {
        "claimed": ("writer", 0),
        "published": ("writer", ()),
    }
    for slot in range(rules.capacity):
        locations[f"slot{slot}.head"] = ("writer", None)
        locations[f"slot{slot}.tail"] = ("writer", None)
    return System(
        locations=locations,
        threads={"writer": (_writer, (rules, 0)), "reader": (_reader, (rules, 0, 0, 0))},
        successors={"writer": (_writer, (rules, 1))},
        kills=rules.kills,
    )


def _writer(rules: RingRules, generation: int) -> Program:
    # The value of `published` is the tuple of generations, one for each record published: its
    # length is the counter, its items say what a reader must find.
    published = yield Load("published")
    claimed = yield Load("claimed")
    if len(published) == rules.total:
        return
    room = min(rules.capacity, rules.total - len(published))
    count = yield Choose(tuple(range(1, room + 1)))
    wanted = len(published) + count
    is_claimed = wanted <= claimed + (0 if rules.skips_only_claimed else 1)
    if not is_claimed or not rules.claim_is_monotonic:
        ahead = yield Choose(tuple(range(rules.ahead + 1)))
        yield Store("claimed", wanted + ahead)
        if rules.release_after_claim:
            yield Fence("release")
    after = published + (generation,) * count
    if not rules.publish_after_data:
        yield Store("published", after, release=rules.publish_releases)
    for sequence in range(len(published), wanted):
        word = (sequence, generation)
        yield Store(f"slot{sequence % rules.capacity}.head", word)
        yield Store(f"slot{sequence % rules.capacity}.tail", word)
    if rules.publish_after_data:
        yield Store("published", after, release=rules.publish_releases)
    yield Become(_writer, (rules, generation))


def _reader(rules: RingRules, position: int, delivered: int, lost: int) -> Program:
    if position == rules.total:
        if delivered + lost != rules.total:
            raise Violation(f"delivered {delivered} and lost {lost} of {rules.total}")
        return
    published = yield Load("published", acquire=rules.acquire_published)
    end = len(published)
    # More than a ring behind: what is not there any more cannot be read, only counted below.
    first = max(position, end - rules.capacity)
    yield Issue(
        tuple(
            f"slot{sequence % rules.capacity}.{part}"
            for sequence in range(first, end)
            for part in ("head", "tail")
        )
    )
    if rules.acquire_before_check:
        yield Fence("acquire")
    claimed = yield Load("claimed")
    words = yield Collect()
    missed = max(0, claimed - position - rules.capacity)
    for sequence in range(position + missed, end):
        at = 2 * (sequence - first)
        if words[at] != words[at + 1]:
            raise Violation(f"torn record {sequence} accepted: {words[at]} {words[at + 1]}")
        if words[at] != (sequence, published[sequence]):
            raise Violation(f"wrong record {sequence} accepted: {words[at]}")
    after = max(end, position + missed)
    kept = after - position - missed
    yield Become(_reader, (rules, after, delivered + kept, lost + missed))
