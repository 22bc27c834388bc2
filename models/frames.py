"""Frames: publishing slot S retires the frame of slot S - depth, which may then be rewritten.

Nobody counts references. A reader that was still in a retired frame finds out from the frame
ring's `claimed`, so `claimed` must move, and be visible, before the frame goes back.

Two receivers are modelled. "kernel": a thread of its own takes frames from the FILL ring and fills
them (AF_XDP). "worker": the worker receives into the next frame of its arena by itself (recvmmsg),
which needs one frame more than the ring has slots.

Property: a frame accepted holds, whole, the packet that its slot announced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from models.explorer import Become, Collect, Fence, Issue, Load, Program, Store, System, Violation

__all__ = ["MUTATIONS", "FrameRules", "frame_system"]


@dataclass(frozen=True)
class FrameRules:
    """The protocol's rules and the bounds of the run; each rule can be broken by itself.

    Attributes:
        depth: Slots in the frame ring.
        spare: Frames beyond one for each slot.
        total: Packets received before everyone stops.
        worker_receives: The worker receives by itself; else the kernel fills frames on its own.
        claim_before_recycle: `claimed` moves before the frame of the retired slot goes back.
        fence_before_recycle: A fence stands between the two.
        acquire_before_check: Acquire fence between the last word of a frame and `claimed`.
    """

    depth: int = 1
    spare: int = 1
    total: int = 3
    worker_receives: bool = False
    claim_before_recycle: bool = True
    fence_before_recycle: bool = True
    acquire_before_check: bool = True


_KERNEL = FrameRules()
_WORKER = replace(_KERNEL, worker_receives=True)
MUTATIONS = {
    "kernel: recycled before the claim": replace(_KERNEL, claim_before_recycle=False),
    "kernel: no fence before recycling": replace(_KERNEL, fence_before_recycle=False),
    "kernel: no acquire fence before the check": replace(_KERNEL, acquire_before_check=False),
    "worker: recycled before the claim": replace(_WORKER, spare=0),
    "worker: no fence before recycling": replace(_WORKER, fence_before_recycle=False),
}


def frame_system(rules: FrameRules) -> System:
    """Put the receiver, the worker and one reader together."""
    frames = rules.depth + rules.spare
    filler = "worker" if rules.worker_receives else "kernel"
    locations: dict[str, tuple[str, object]] = {
        "claimed": ("worker", 0),
        "published": ("worker", 0),
        "fill": ("worker", tuple(range(frames))),
        "received": ("kernel", ()),
    }
    for slot in range(rules.depth):
        locations[f"slot{slot}"] = ("worker", None)
    for frame in range(frames):
        locations[f"frame{frame}.head"] = (filler, None)
        locations[f"frame{frame}.tail"] = (filler, None)
    threads: dict[str, tuple[Callable[..., Program], tuple[object, ...]]] = {
        "reader": (_reader, (rules, 0))
    }
    if rules.worker_receives:
        threads["worker"] = (_receiving_worker, (rules, 0))
    else:
        threads["worker"] = (_worker, (rules, 0))
        threads["kernel"] = (_kernel, (rules, 0))
    return System(locations=locations, threads=threads, successors={})


def _kernel(rules: FrameRules, packet: int) -> Program:
    if packet == rules.total:
        return
    fill = yield Load("fill", acquire=True)
    if len(fill) > packet:
        # On the machines in question a store seen by one processor is seen by all (x86-64 and
        # Armv8 are multi-copy atomic), so what the worker did before FILL comes before the packet
        # for everyone. This memory model is weaker; the fence says what the hardware adds.
        yield Fence("release")
        yield Store(f"frame{fill[packet]}.head", packet)
        yield Store(f"frame{fill[packet]}.tail", packet)
        received = yield Load("received")
        yield Store("received", (*received, fill[packet]), release=True)
        packet += 1
    yield Become(_kernel, (rules, packet))


def _worker(rules: FrameRules, published: int) -> Program:
    if published == rules.total:
        return
    received = yield Load("received", acquire=True)
    if len(received) > published:
        fill = yield Load("fill")
        retired = published - rules.depth
        recycled = (*fill, received[retired]) if retired >= 0 else fill
        if not rules.claim_before_recycle:
            yield Store("fill", recycled, release=True)
        yield Store("claimed", published + 1)
        if rules.fence_before_recycle:
            yield Fence("full")
        if rules.claim_before_recycle:
            yield Store("fill", recycled, release=rules.fence_before_recycle)
        yield Fence("release")
        yield Store(f"slot{published % rules.depth}", (published, received[published]))
        published += 1
        yield Store("published", published, release=True)
    yield Become(_worker, (rules, published))


def _receiving_worker(rules: FrameRules, packet: int) -> Program:
    if packet == rules.total:
        return
    # With a spare frame, the last holder of this one was retired by the claim of packet - 1.
    frame = packet % (rules.depth + rules.spare)
    yield Store(f"frame{frame}.head", packet)
    yield Store(f"frame{frame}.tail", packet)
    yield Store("claimed", packet + 1)
    if rules.fence_before_recycle:
        yield Fence("release")
    yield Store(f"slot{packet % rules.depth}", (packet, frame))
    yield Store("published", packet + 1, release=True)
    yield Become(_receiving_worker, (rules, packet + 1))


def _reader(rules: FrameRules, position: int) -> Program:
    if position >= rules.total:
        return
    end = yield Load("published", acquire=True)
    if end > position:
        yield Issue((f"slot{position % rules.depth}",))
        ((packet, frame),) = yield Collect()
        yield Issue((f"frame{frame}.head", f"frame{frame}.tail"))
        if rules.acquire_before_check:
            yield Fence("acquire")
        claimed = yield Load("claimed")
        head, tail = yield Collect()
        missed = max(0, claimed - position - rules.depth)
        if not missed and (packet, head, tail) != (position, position, position):
            raise Violation(f"slot {position} accepted with packet {packet}, words {head} {tail}")
        position = max(position + 1, position + missed)
    yield Become(_reader, (rules, position))
