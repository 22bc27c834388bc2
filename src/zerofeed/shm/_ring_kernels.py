"""Compiled half of the ring: claim, publish, wake, wait, check.

The control page is an int64 array; the words are named below. Lines are 128 bytes (two cache
lines, because adjacent lines are fetched in pairs), so that a writer and its readers never
share one by accident.

=====  ======  =====================  ==========================================================
word   writer  name                   meaning
=====  ======  =====================  ==========================================================
0      worker  CLAIMED                records below it may be being overwritten; never decreases
1      worker  GATE                   lowest position of a lossless reader when last looked
16     worker  PUBLISHED              records below it are complete; its low half is the futex word
17     worker  PUBLISHED_AT_NS        realtime of the latest publication
32     creator CAPACITY               records in the ring, a power of two
33     creator MAX_CLAIM              most records in one claim
34     creator ITEM_BYTES             bytes of a record
35     worker  EPOCH                  1 for the first worker, one more for each successor
36     worker  SLOTS                  reader slots ever used; no slot above it is looked at
37     creator AHEAD                  records claimed beyond those asked for
64     worker  MODES[128]             mode of the reader in each slot
192    worker  WOKEN[128]             waiting word that was last answered, by slot
320    worker  BELLS[128]             socket that wakes the reader in each slot; -1 none
=====  ======  =====================  ==========================================================

A cursor page belongs to one reader, which alone writes it:

=====  ==========  ==============================================================================
word   name        meaning
=====  ==========  ==============================================================================
0      POSITION    everything below has been consumed or given up
1      CONSUMED    records read intact
2      LOST        records overrun
16     WAITING     0 while awake; 2 * seen + 1 while it sleeps, or is about to, with ``seen`` records
17     SLEEPS_ON   what it sleeps on: FUTEX or BELL
=====  ==========  ==============================================================================

The writer trusts nothing on a cursor page: a position is clamped to what was published, and a
position that does not move costs the feed its patience once.

**Why the waiting word says what was seen.** A wake-up must be for something that the reader
has not seen. With a word that only says "asleep", a late writer, still on behalf of record 1,
can answer the sleep of a reader that has seen record 1 already: it wakes nobody, because the
reader is not in the kernel yet, and considers that sleep answered; the reader goes on to
sleep, and record 2 finds it answered already.

**Why the bell is a socket and not an eventfd.** Reader and writer share an eventfd's open
file, and with it ``O_NONBLOCK``: a reader could clear it, fill the counter and stop the
writer for ever. A datagram socket takes its non-blocking flag with each call.
"""

from __future__ import annotations

import mmap

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, JIT, always_inlined, inlined, int64, kernel
from zerofeed.base.status import OK, WOULD_BLOCK
from zerofeed.shm._atomics import (
    fence_acquire,
    fence_full,
    fence_release,
    load_acquire,
    pause,
    store_release,
)

__all__ = [
    "AHEAD",
    "BELL",
    "BELLS",
    "CAPACITY",
    "CLAIMED",
    "CONSUMED",
    "CONTROL_WORDS",
    "CURSOR_WORDS",
    "DEGRADED",
    "EPOCH",
    "FREE",
    "FUTEX",
    "GATE",
    "ITEM_BYTES",
    "LOSSLESS",
    "LOSSY",
    "LOST",
    "MAX_CLAIM",
    "MAX_READERS",
    "MODES",
    "POSITION",
    "PUBLISHED",
    "PUBLISHED_AT_NS",
    "SLEEPS_ON",
    "SLOTS",
    "WAITING",
    "WOKEN",
    "available",
    "claim",
    "claimed_by_writer",
    "overrun_below",
    "publish",
    "retire",
    "sleep_on_futex",
    "slowest_slot",
    "try_claim",
    "try_publish",
    "wake_readers",
]

_Words = npt.NDArray[np.int64]

CLAIMED = 0
GATE = 1
PUBLISHED = 16
PUBLISHED_AT_NS = 17
CAPACITY = 32
MAX_CLAIM = 33
ITEM_BYTES = 34
EPOCH = 35
SLOTS = 36
AHEAD = 37
MODES = 64
WOKEN = 192
BELLS = 320
CONTROL_WORDS = 512

MAX_READERS = 128

FREE = 0
LOSSY = 1
LOSSLESS = 2
DEGRADED = 3

CURSOR_WORDS = max(4096, mmap.PAGESIZE) // 8
"""Words from one cursor page to the next: whole pages of this kernel, which a map begins on."""
POSITION = 0
CONSUMED = 1
LOST = 2
WAITING = 16
SLEEPS_ON = 17

FUTEX = 1
BELL = 2

_SYS_FUTEX = 202
_SYS_SENDTO = 44
_FUTEX_WAIT = 0
_FUTEX_WAKE = 1
_EVERYONE = 0x7FFFFFFF
_FOREVER = 2**62
_NEVER_BLOCKS = 0x4040  # MSG_DONTWAIT | MSG_NOSIGNAL

if JIT:
    import platform

    from zerofeed.base.libc import c_syscall6

    if platform.machine() in {"aarch64", "arm64"}:
        _SYS_FUTEX = 98
        _SYS_SENDTO = 206


@inlined
def lowest_lossless(control: _Words, cursors: _Words) -> int:
    """Find the lowest position of any lossless reader, clamped to what was published."""
    published = control[PUBLISHED]
    lowest = _FOREVER
    for slot in range(control[SLOTS]):
        if control[MODES + slot] == LOSSLESS:
            position = load_acquire(cursors, slot * CURSOR_WORDS + POSITION)
            lowest = min(lowest, position, published)
    return lowest


@always_inlined
def claim(control: _Words, cursors: _Words, count: int) -> int:
    """Announce that the next ``count`` records will be overwritten. Single writer.

    A little more than that is claimed at once (AHEAD), so that most claims find that it is done
    and touch no line that readers look at.

    Args:
        control: the ring's control page.
        cursors: all readers' pages, one after the other.
        count: 0..MAX_CLAIM records, counted from PUBLISHED.

    Returns:
        OK; or WOULD_BLOCK, nothing changed, when a lossless reader still needs one of them.
    """
    target = control[PUBLISHED] + count
    # Claimed before, with the gate looked at then. Never lower: a killed predecessor may have
    # overwritten up to its own, larger claim.
    if target <= control[CLAIMED]:
        return OK
    if target - control[CAPACITY] > control[GATE]:
        control[GATE] = lowest_lossless(control, cursors)
        if target - control[CAPACITY] > control[GATE]:
            return WOULD_BLOCK
    ahead = min(target + control[AHEAD], control[GATE] + control[CAPACITY])
    store_release(control, CLAIMED, ahead)
    # Publish 1 of 2: whoever sees any byte of the new records sees this claim as well.
    fence_release()
    return OK


@inlined
def retire(control: _Words, cursors: _Words, below: int) -> int:
    """Announce that the published records below a number are not kept any more. Single writer.

    For a ring whose records refer to memory that is not divided evenly: that memory may be needed
    again before the ring has turned round. It is a claim without a publication to follow, and so
    readers and successors find it where they look anyway.

    Args:
        control: the ring's control page.
        cursors: all readers' pages, one after the other.
        below: records below it are retired; one that is not published yet counts as PUBLISHED, so
            CLAIMED never passes what the next whole turn of the ring would claim.

    Returns:
        OK; or WOULD_BLOCK, nothing changed, when a lossless reader still needs one of them.
    """
    target = min(below, control[PUBLISHED]) + control[CAPACITY]
    if target <= control[CLAIMED]:
        return OK
    if target - control[CAPACITY] > control[GATE]:
        control[GATE] = lowest_lossless(control, cursors)
        if target - control[CAPACITY] > control[GATE]:
            return WOULD_BLOCK
    store_release(control, CLAIMED, target)
    # As in claim: whoever sees a byte of what is written over them sees this as well.
    fence_release()
    return OK


@always_inlined
def publish(control: _Words, count: int, now_ns: int) -> None:
    """Make the ``count`` records after PUBLISHED visible. Single writer.

    Publish 2 of 2: pairs with the acquire load in :func:`available`; whoever sees the new
    count sees every byte of the records below it.
    """
    control[PUBLISHED_AT_NS] = now_ns
    store_release(control, PUBLISHED, control[PUBLISHED] + count)


@always_inlined
def wake_readers(control: _Words, cursors: _Words, one: _Words) -> int:
    """Wake the readers that sleep. Called once after a burst of publications.

    The full fence pairs with the one in :func:`sleep_on_futex`: either this side sees the
    reader's waiting word, or the reader sees the new PUBLISHED and does not sleep. A waiting
    word is answered once, and only when PUBLISHED has passed what it says was seen; then its
    reader cannot fall asleep any more, so one FUTEX_WAKE serves all of them. It is noted
    behind the wake-up: a writer killed in between leaves a second wake-up, never none.

    Args:
        control: the ring's control page.
        cursors: all readers' pages.
        one: any int64 array; its first byte is what a bell is sent.

    Returns:
        How many readers were woken.
    """
    fence_full()
    woken = 0
    slept_on = 0
    for slot in range(control[SLOTS]):
        waiting = load_acquire(cursors, slot * CURSOR_WORDS + WAITING)
        if waiting & 1 and waiting != control[WOKEN + slot]:
            found = _answer(control, cursors, one, slot, waiting, slept_on & FUTEX)
            slept_on |= found
            woken += found != 0
    return woken


@inlined
def _answer(
    control: _Words, cursors: _Words, one: _Words, slot: int, waiting: int, served: int
) -> int:
    """Wake the reader in one slot, unless it has seen everything or the slot is free.

    Not part of the loop above, so that a publication that finds nobody asleep stays short.
    ``served`` is not 0 when the futex was woken already, which serves everyone on it.

    Returns:
        What it slept on, FUTEX or BELL; 0 when it was not woken.
    """
    if control[MODES + slot] == FREE or waiting >> 1 >= control[PUBLISHED]:
        return 0
    slept_on = FUTEX
    if cursors[slot * CURSOR_WORDS + SLEEPS_ON] == BELL:
        slept_on = BELL
        bell = control[BELLS + slot]
        if bell >= 0:
            c_syscall6(_SYS_SENDTO, bell, one.ctypes.data, 1, _NEVER_BLOCKS, 0, 0)
    elif served == 0:
        word = control.ctypes.data + PUBLISHED * 8
        c_syscall6(_SYS_FUTEX, word, _FUTEX_WAKE, _EVERYONE, 0, 0, 0)
    store_release(control, WOKEN + slot, waiting)
    return slept_on


@kernel(int64(I64, I64, int64))
def try_claim(control: _Words, cursors: _Words, count: int) -> int:
    """Call :func:`claim` from Python."""
    return claim(control, cursors, count)


@kernel(int64(I64, I64, I64, int64, int64))
def try_publish(control: _Words, cursors: _Words, one: _Words, count: int, now_ns: int) -> int:
    """Publish and wake, from Python; the number of readers woken."""
    publish(control, count, now_ns)
    return wake_readers(control, cursors, one)


@kernel(int64(I64, I64))
def slowest_slot(control: _Words, cursors: _Words) -> int:
    """Name the slot of the slowest lossless reader, or -1 when there is none."""
    lowest = _FOREVER
    slowest = -1
    for slot in range(control[SLOTS]):
        if control[MODES + slot] == LOSSLESS:
            position = load_acquire(cursors, slot * CURSOR_WORDS + POSITION)
            if position < lowest:
                lowest = position
                slowest = slot
    return slowest


@always_inlined
def available(control: _Words) -> int:
    """Give the number of records ever published. Any process.

    Observe 1 of 2: everything stored into records below the result is visible after it.
    """
    return load_acquire(control, PUBLISHED)


@always_inlined
def claimed_by_writer(control: _Words) -> int:
    """Give CLAIMED after everything read so far. Any process.

    Observe 2 of 2: the fence keeps the record reads before this load, so a writer that
    touched any of those bytes while they were read is seen to have claimed them.
    """
    fence_acquire()
    return load_acquire(control, CLAIMED)


@kernel(int64(I64_RO))
def overrun_below(control: _Words) -> int:
    """Give the lowest sequence number that is certainly intact at this moment.

    Records below the result may have been overwritten while they were read.
    """
    return max(0, claimed_by_writer(control) - control[CAPACITY])


@kernel(int64(I64_RO, I64, int64, int64, int64, I64))
def sleep_on_futex(
    control: _Words,
    cursor: _Words,
    position: int,
    spin_count: int,
    timeout_ns: int,
    timespec: _Words,
) -> int:
    """Wait until more than ``position`` records are published, or a time-out or signal.

    Args:
        control: the ring's control page, read-only.
        cursor: this reader's own page.
        position: records already seen.
        spin_count: looks before sleeping.
        timeout_ns: longest sleep.
        timespec: int64[2], scratch.

    Returns:
        The number of records published, which is ``position`` after a time-out or signal.
    """
    for _ in range(spin_count):
        if load_acquire(control, PUBLISHED) > position:
            return load_acquire(control, PUBLISHED)
        pause()
    cursor[SLEEPS_ON] = FUTEX
    store_release(cursor, WAITING, 2 * position + 1)
    fence_full()
    published = load_acquire(control, PUBLISHED)
    if published <= position:
        timespec[0] = timeout_ns // 1_000_000_000
        timespec[1] = timeout_ns % 1_000_000_000
        c_syscall6(
            _SYS_FUTEX,
            control.ctypes.data + PUBLISHED * 8,
            _FUTEX_WAIT,
            published & 0xFFFFFFFF,
            timespec.ctypes.data,
            0,
            0,
        )
        published = load_acquire(control, PUBLISHED)
    store_release(cursor, WAITING, 0)
    return published
