"""Small files of ``/proc`` and ``/sys``, read so that a missing one is None and never an error.

Everything is below a root folder, so that tests can make a machine up.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["SystemFiles", "format_cores", "parse_cores"]


class SystemFiles:
    """Reads files below a root.

    Args:
        root: ``/``, or a made-up machine.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """Name a file, given by its path without the leading slash."""
        return self.root / name

    def text(self, name: str) -> str | None:
        """Read a file without the white space around it; None when that is not possible."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    def number(self, name: str) -> int | None:
        """Read a decimal number; None when the file has none."""
        text = self.text(name)
        try:
            return None if text is None else int(text)
        except ValueError:
            return None

    def lines(self, name: str) -> list[str]:
        """Read lines; none when there is no such file."""
        text = self.text(name)
        return [] if text is None else text.splitlines()

    def cores(self, name: str) -> tuple[int, ...] | None:
        """Read a list of cores such as ``0,2-3``; None when there is no such file."""
        text = self.text(name)
        return None if text is None else parse_cores(text)

    def names(self, folder: str, pattern: str = "*") -> list[str]:
        """List a folder's entries that match, sorted by number where they end in one."""
        try:
            found = [path.name for path in self.path(folder).glob(pattern)]
        except OSError:
            return []
        return sorted(found, key=_by_number)

    def link(self, name: str) -> str | None:
        """Give the last part of what a symbolic link points at; None when it is none."""
        try:
            return self.path(name).readlink().name
        except OSError:
            return None


def _by_number(name: str) -> tuple[str, int]:
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)


def parse_cores(text: str) -> tuple[int, ...]:
    """Read the kernel's notation of a set of cores.

    Args:
        text: ``0,2-3``; words that are no numbers (``(null)``, flags of ``isolcpus``) are skipped.

    Returns:
        The cores in ascending order.
    """
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal():
            found.update(range(int(first), int(last if last.isdecimal() else first) + 1))
    return tuple(sorted(found))


def format_cores(cores: tuple[int, ...]) -> str:
    """Write a set of cores in the kernel's notation; ``none`` for the empty set."""
    runs: list[list[int]] = []
    for core in sorted(cores):
        if runs and core == runs[-1][1] + 1:
            runs[-1][1] = core
        else:
            runs.append([core, core])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs) or "none"
