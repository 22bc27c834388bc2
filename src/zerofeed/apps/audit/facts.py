"""What was found out about a feed's memory and its processes: plain values, judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "Growth",
    "MapFact",
    "ObjectFact",
    "OwnFacts",
    "ProbeFacts",
    "ProcessFacts",
    "ViewFact",
    "covers",
]


@dataclass(frozen=True, slots=True)
class ObjectFact:
    """One of the feed's shared objects, as the descriptor that the feed hands out shows it."""

    name: str
    """``records``, ``frames`` and so on."""
    device: tuple[int, int]
    """Major and minor number of the file system that the memfd lies in."""
    inode: int
    seals: int
    """What the kernel forbids on it, ``F_SEAL_`` bits."""

    @property
    def identity(self) -> tuple[tuple[int, int], int]:
        """What tells this file from every other one of the machine."""
        return self.device, self.inode


@dataclass(frozen=True, slots=True)
class MapFact:
    """One map of a process: a line of ``/proc/PID/maps``, with its figures of ``smaps``."""

    start: int
    end: int
    permissions: str
    """``r--s`` for instance: readable, writable, executable, shared or private."""
    device: tuple[int, int]
    inode: int
    private_dirty_bytes: int = 0
    """Changed pages that this process alone has mapped."""
    anonymous_bytes: int = 0
    """Pages that are no longer the file's: this process's own copies."""

    @property
    def identity(self) -> tuple[tuple[int, int], int]:
        """What tells the mapped file from every other one of the machine."""
        return self.device, self.inode


@dataclass(frozen=True, slots=True)
class Growth:
    """What a process did while it was watched."""

    seconds: float
    read_bytes: int
    """What it consumed of the feed, or put into it."""
    anonymous_bytes: int
    """By how much its own memory grew, ``RssAnon``."""


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """One process: the feed's worker or a reader."""

    pid: int
    program: str
    why_unknown: str | None = None
    """Why this user may not look at it; nothing below is known then."""
    maps: list[MapFact] = field(default_factory=list)
    """Those of the feed's objects alone."""
    growth: Growth | None = None


@dataclass(slots=True)
class ViewFact:
    """Where the data of arrays of one sort was, of all that this process was given."""

    what: str
    """``records``, ``frame_ring`` or ``frames``: the object that they should lie in."""
    inside: int = 0
    """Arrays whose every byte lies in a shared read-only map of that object."""
    outside: int = 0
    writable: int = 0
    """Arrays that NumPy would let be written."""
    example: str = ""
    """The first one outside."""


@dataclass(frozen=True, slots=True)
class OwnFacts:
    """What the auditing process saw as a reader."""

    views: list[ViewFact]
    process: ProcessFacts


@dataclass(frozen=True, slots=True)
class ProbeFacts:
    """Calls of the kernel's copying functions while the feed was watched."""

    why_unknown: str | None
    functions: list[str] = field(default_factory=list)
    """Those that were counted for each process."""
    calibration: tuple[int, int] = (0, 0)
    """Datagrams that this process sent itself, and calls that were counted for it meanwhile."""
    calls: dict[int, int] = field(default_factory=dict)
    """Calls by process."""
    packets: int = 0
    """Packets that the feed received meanwhile."""
    everywhere: dict[str, int] = field(default_factory=dict)
    """Calls on all cores, of functions that no process of the feed's calls."""


def covers(
    maps: list[MapFact], identity: tuple[tuple[int, int], int], address: int, length: int
) -> bool:
    """Tell whether bytes lie in shared read-only maps of one file, adjacent maps included.

    Args:
        maps: of the process, in order of address.
        identity: of the file.
        address: first byte.
        length: bytes, at least 1.
    """
    at, end = address, address + length
    for each in maps:
        if each.start <= at < each.end:
            if each.identity != identity or not each.permissions.startswith("r--s"):
                return False
            at = each.end
            if at >= end:
                return True
    return False
