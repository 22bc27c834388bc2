"""How many of the books that a feed was asked for are proven, and what the others lack: the numbers, and a line."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BookProgress"]


@dataclass(frozen=True, slots=True)
class BookProgress:
    """The books of a feed at one look; the three numbers add up to ``expected``.

    Attributes:
        expected: books that were asked for; 0 for a feed of no venue.
        proven: those that are proven.
        waiting: those without a snapshot, or of which nothing has come.
        in_doubt: those in doubt for another reason.
        late: symbols of those that are not proven, where there are not too many.
    """

    expected: int
    proven: int
    waiting: int
    in_doubt: int
    late: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether every book is proven."""
        return self.proven == self.expected

    def __str__(self) -> str:
        """``12 of 20 books proven, 6 waiting for a snapshot, 2 in doubt``."""
        parts = [f"{self.proven} of {self.expected} books proven"]
        if self.waiting:
            parts.append(f"{self.waiting} waiting for a snapshot")
        if self.in_doubt:
            parts.append(f"{self.in_doubt} in doubt")
        return ", ".join(parts)
