"""What a protocol says of itself: its loops, its books, and the memory that it needs.

Receiving, the journal, recovery and publishing are the same for all
(:mod:`zerofeed.runtime.stage`). A new protocol is one module with a :class:`Protocol`, one
compiled function for a packet, and an entry in :mod:`zerofeed.runtime.protocols`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Protocol"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol that ``zerofeed run`` and ``zerofeed decode`` know.

    Attributes:
        name: as in ``feed.protocol``.
        summary: one line for people.
        templates: message template names by slot.
        book_rules: how its books change, RULE bits of :mod:`zerofeed.books.layout`.
        scratch_words: int64 words of scratch of its function.
        work_words: int64 words that its codec keeps in the feed's state, by rows of the
            instruments table.
        most_records: bound of the records of one packet, by its bytes.
        burst: its live loop, compiled; see :mod:`zerofeed.runtime._burst_kernels`.
        decode: its offline loop, compiled; see :mod:`zerofeed.runtime._offline_kernels`.
    """

    name: str
    summary: str
    templates: dict[int, str]
    book_rules: int
    scratch_words: int
    work_words: Callable[[int], int]
    most_records: Callable[[int], int]
    burst: Callable[..., int]
    decode: Callable[..., int]
