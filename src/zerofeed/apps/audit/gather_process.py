"""How processes have the feed's memory mapped, and whether their own memory grows: from ``/proc``.

Nothing is asked of the processes themselves. ``/proc/PID/maps`` names what is mapped by device and inode,
which no process can forge; ``smaps`` counts the pages that are a process's own. Both are readable for
processes of the same user, and for root; in a container, for those that its ``/proc`` shows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from zerofeed.apps.audit.facts import MapFact, ObjectFact, ProcessFacts

__all__ = ["look_at", "maps_of", "own_memory_bytes", "parse_maps"]

_PROC = Path("/proc")
_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) [0-9a-f]+ ([0-9a-f]+):([0-9a-f]+) (\d+)")
_FIGURE = re.compile(r"(Private_Dirty|Anonymous): +(\d+) kB")


def parse_maps(text: str) -> list[MapFact]:
    """Read ``/proc/PID/maps`` or ``/proc/PID/smaps``; other lines and figures are passed over."""
    found: list[MapFact] = []
    for line in text.splitlines():
        if head := _LINE.match(line):
            start, end, permissions, major, minor, inode = head.groups()
            device = int(major, 16), int(minor, 16)
            found.append(MapFact(int(start, 16), int(end, 16), permissions, device, int(inode)))
        elif found and (figure := _FIGURE.match(line)):
            name, count = figure.groups()
            size = int(count) * 1024
            if name == "Anonymous":
                found[-1] = replace(found[-1], anonymous_bytes=size)
            else:
                found[-1] = replace(found[-1], private_dirty_bytes=size)
    return found


def maps_of(pid: int | str, *, file: str = "smaps") -> list[MapFact]:
    """List the maps of a process, in order of address.

    Args:
        pid: its number, or ``self``.
        file: ``smaps``, or ``maps``, which is cheaper and has no figures.

    Raises:
        OSError: it is gone, or not this user's to look at.
    """
    return parse_maps((_PROC / str(pid) / file).read_text(encoding="utf-8", errors="replace"))


def own_memory_bytes(pid: int | str) -> int:
    """Count the resident memory that belongs to a process alone (``RssAnon``).

    Raises:
        OSError: it is gone, or not this user's to look at.
    """
    text = (_PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"^RssAnon:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def look_at(pid: int, program: str, objects: Iterable[ObjectFact]) -> ProcessFacts:
    """Find out how a process maps the feed's objects.

    Args:
        pid: its number; 0 where this feed's process namespace does not show it.
        program: what it calls itself.
        objects: of the feed.

    Returns:
        Facts without :attr:`ProcessFacts.growth`; with the reason when nothing may be known.
    """
    if pid == 0:
        return ProcessFacts(pid, program, "it lives in another process namespace")
    wanted = {each.identity for each in objects}
    try:
        maps = [each for each in maps_of(pid) if each.identity in wanted]
    except FileNotFoundError:
        return ProcessFacts(pid, program, "it has ended, or its /proc is not visible from here")
    except OSError as error:
        who = "root" if os.getuid() else "a process with CAP_SYS_PTRACE"
        return ProcessFacts(
            pid, program, f"/proc/{pid}/smaps: {error.strerror}; {who} may look at it"
        )
    return ProcessFacts(pid, program, maps=maps)
