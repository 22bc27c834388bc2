"""One capture as several lines that lose, repeat, swap, delay and damage packets, each in its own way.

Venues send the same packets by lines A and B, because networks are not perfect. This makes such lines of a
capture that has only one: what each line sends and when is worked out before anything is sent, from a
seed, so a run can be repeated exactly, and what was done is known.

Every packet of a line meets at most one fate:

=============  =================================================================================
fault          what happens on that line
=============  =================================================================================
``drop``       the packet is never sent
``duplicate``  it is sent twice in a row
``reorder``    it changes places with the next one
``delay``      it is sent ``delay_us`` later, behind what is due before then
``corrupt``    one to four of its bytes are changed, anywhere
=============  =================================================================================

``skew_us`` makes the whole line later than it would be. ``burst`` lets a drop take so many packets in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError

__all__ = [
    "FAULTS",
    "LineFaults",
    "LinePlan",
    "Schedule",
    "damage",
    "parse_line_faults",
    "plan_lines",
]

_Words = npt.NDArray[np.int64]

FAULTS = ("drop", "duplicate", "reorder", "delay", "corrupt")
"""Names of the faults, in the order in which they are drawn."""
_SENT, _DROPPED, _DUPLICATED, _REORDERED, _DELAYED, _CORRUPTED = range(6)


@dataclass(frozen=True, slots=True)
class LineFaults:
    """How often what goes wrong on a line: chances of a packet, 0 to 1, together at most 1.

    Attributes:
        drop: and so on: see the table above.
        delay_us: how much later a delayed packet is.
        skew_us: how much later the whole line is.
        burst: packets that a drop takes.

    Raises:
        ConfigurationError: a chance or a time is out of range.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    corrupt: float = 0.0
    delay_us: float = 1000.0
    skew_us: float = 0.0
    burst: int = 1

    def __post_init__(self) -> None:
        chances = [getattr(self, name) for name in FAULTS]
        if min(chances) < 0 or sum(chances) > 1:
            raise ConfigurationError(
                "chances are 0 or more, and together at most 1",
                where="faults",
                got=", ".join(f"{name}={getattr(self, name):g}" for name in FAULTS),
            )
        if self.delay_us < 0 or self.skew_us < 0 or self.burst < 1:
            raise ConfigurationError(
                "delay_us and skew_us are 0 or more, burst is 1 or more",
                where="faults",
                got=f"delay_us={self.delay_us:g}, skew_us={self.skew_us:g}, burst={self.burst}",
            )


def parse_line_faults(text: str) -> LineFaults:
    """Read ``drop=0.01,reorder=0.001,skew_us=200``.

    Raises:
        ConfigurationError: an unknown name, or not a number.
    """
    known = [each.name for each in fields(LineFaults)]
    values: dict[str, Any] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, value = part.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known:
            raise ConfigurationError(
                "no such fault", where=part, expected=", ".join(known), got=name
            )
        try:
            values[name] = int(value) if name == "burst" else float(value)
        except ValueError as error:
            raise ConfigurationError(
                "is not a number", where=part, next_step=f"for instance {name}=0.01"
            ) from error
    return LineFaults(**values)


@dataclass(frozen=True, slots=True)
class LinePlan:
    """What one line does: by packet, in the capture's numbers.

    Attributes:
        dropped: packets that are never sent.
        duplicated: those that are sent twice.
        reordered: those that come behind the one after them.
        delayed: those that come later.
        corrupted: those that are damaged.
        sent: datagrams of the line.
    """

    dropped: _Words
    duplicated: _Words
    reordered: _Words
    delayed: _Words
    corrupted: _Words
    sent: int

    def counts(self) -> dict[str, int]:
        """Count each fault."""
        names = ("dropped", "duplicated", "reordered", "delayed", "corrupted")
        return {"sent": self.sent, **{name: int(getattr(self, name).size) for name in names}}


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is sent when, of all lines, in order.

    Attributes:
        due_ns: int64, ns since the beginning, ascending.
        packet: int64, number of the packet.
        line: int64, number of the line.
        damage: int64, row of ``damaged``; -1: the packet is sent as it is.
        damaged: for each damaged datagram the bytes to change: (place, value to xor) pairs.
        lines: what each line does.
    """

    due_ns: _Words
    packet: _Words
    line: _Words
    damage: _Words
    damaged: list[list[tuple[int, int]]]
    lines: list[LinePlan]

    @property
    def lost_by_all(self) -> _Words:
        """Numbers of the packets that no line brings, or brings only damaged."""
        count = int(self.packet.max(initial=-1)) + 1
        for plan in self.lines:
            count = max(count, int(plan.dropped.max(initial=-1)) + 1)
        is_brought = np.zeros(count, bool)
        is_brought[self.packet[self.damage < 0]] = True
        return np.flatnonzero(~is_brought)


def plan_lines(
    due_ns: _Words, lengths: _Words, faults: Sequence[LineFaults], seed: int
) -> Schedule:
    """Work out what several lines send.

    Args:
        due_ns: int64, when each packet is due, ns since the beginning.
        lengths: int64, bytes of each packet.
        faults: of each line.
        seed: of all draws; each line has its own of it.

    Returns:
        Everything that is sent.
    """
    parts: list[tuple[_Words, _Words, _Words]] = []
    damaged: list[list[tuple[int, int]]] = []
    plans: list[LinePlan] = []
    for number, chances in enumerate(faults):
        draw = np.random.default_rng([seed, number])
        fates = _fates(draw, chances, due_ns.size)
        order, when = _order(fates, due_ns, chances)
        damage = np.full(order.size, -1, np.int64)
        for place in np.flatnonzero(fates[order] == _CORRUPTED).tolist():
            length = int(lengths[order[place]])
            if length:
                damage[place] = len(damaged)
                damaged.append(_bytes_to_change(draw, length))
        parts.append((when + int(chances.skew_us * 1000), order, damage))
        dropped, duplicated, reordered, delayed, corrupted = (
            np.flatnonzero(fates == fate) for fate in range(_DROPPED, _CORRUPTED + 1)
        )
        sent = int(order.size)
        plans.append(LinePlan(dropped, duplicated, reordered, delayed, corrupted, sent))
    lines = np.concatenate([np.full(each[1].size, n, np.int64) for n, each in enumerate(parts)])
    when, order, damage = (np.concatenate(column) for column in zip(*parts, strict=True))
    # Stable: of one line, what is due at the same time stays in order.
    sorted_by_time = np.argsort(when, kind="stable")
    return Schedule(
        when[sorted_by_time],
        order[sorted_by_time],
        lines[sorted_by_time],
        damage[sorted_by_time],
        damaged,
        plans,
    )


def damage(
    data: npt.NDArray[np.uint8], offsets: _Words, lengths: _Words, schedule: Schedule
) -> tuple[npt.NDArray[np.uint8], _Words]:
    """Lay damaged copies of packets behind the capture's bytes.

    Args:
        data: uint8 with all packets; copied where any is damaged, else as it is.
        offsets: int64, position of each packet.
        lengths: int64, its bytes.
        schedule: what is sent.

    Returns:
        The bytes, and for each datagram of the schedule where it lies.
    """
    at = offsets[schedule.packet]
    if not schedule.damaged:
        return data, at
    copies = []
    behind = data.size
    for place in np.flatnonzero(schedule.damage >= 0).tolist():
        packet = int(schedule.packet[place])
        begin = int(offsets[packet])
        copy = data[begin : begin + int(lengths[packet])].copy()
        for where, value in schedule.damaged[int(schedule.damage[place])]:
            copy[where] ^= value
        copies.append(copy)
        at[place] = behind
        behind += copy.size
    return np.concatenate([data, *copies]), at


def _fates(draw: np.random.Generator, chances: LineFaults, count: int) -> _Words:
    """Draw what becomes of each packet of a line."""
    limits = np.cumsum([getattr(chances, name) for name in FAULTS])
    drawn = np.searchsorted(limits, draw.random(count), side="right") + 1
    fates: _Words = np.where(drawn > len(FAULTS), _SENT, drawn).astype(np.int64)
    if chances.burst > 1:
        for first in np.flatnonzero(fates == _DROPPED).tolist():
            fates[first : first + chances.burst] = _DROPPED
    if count and fates[-1] == _REORDERED:
        fates[-1] = _SENT
    return fates


def _order(fates: _Words, due_ns: _Words, chances: LineFaults) -> tuple[_Words, _Words]:
    """Put the packets of a line into the order in which they are sent, with their times."""
    keep = np.flatnonzero(fates != _DROPPED)
    repeats = 1 + (fates[keep] == _DUPLICATED)
    order = np.repeat(keep, repeats).astype(np.int64)
    when = due_ns[order].copy()
    is_late = fates[order] == _DELAYED
    when[is_late] += int(chances.delay_us * 1000)
    place = np.arange(order.size, dtype=np.float64)
    is_swapped = np.flatnonzero(fates[order] == _REORDERED)
    is_swapped = is_swapped[is_swapped + 1 < order.size]
    # Behind the next one, at its time.
    when[is_swapped] = np.maximum(when[is_swapped], when[is_swapped + 1])
    place[is_swapped] += 1.5
    by_time = np.lexsort((place, when))
    return order[by_time], when[by_time]


def _bytes_to_change(draw: np.random.Generator, length: int) -> list[tuple[int, int]]:
    count = min(int(draw.integers(1, 5)), length)
    places = draw.choice(length, count, replace=False).tolist()
    return [(int(place), int(draw.integers(1, 256))) for place in places]
