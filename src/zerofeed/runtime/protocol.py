"""What a protocol says of itself: its kernel, its books, and the memory that it needs.

Receiving, the journal, recovery and publishing are the same for all
(:mod:`zerofeed.runtime.stage`). A new protocol is one module with a :class:`Protocol`, one
compiled function for a packet, and an entry in :mod:`zerofeed.runtime.protocols`; a new venue that
speaks JSON is a table, and shares its function with all the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Protocol"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol that ``zerofeed run`` and ``zerofeed decode`` know.

    Attributes:
        name: as in ``feed.protocol``.
        summary: one line for people.
        templates: message template names by slot.
        book_rules: how its books change, RULE bits of :mod:`zerofeed.books.layout`.
        scratch: makes the int64 scratch of its function, by the bytes of the longest packet.
        work_words: int64 words that its codec keeps in the feed's state, by rows of the
            instruments table.
        most_records: bound of the records of one packet, by its bytes.
        process: its kernel, which the loops call for each packet; see
            :mod:`zerofeed.runtime._process_kernels`.
        book_levels: levels a side that its books have at most, or that are worth keeping.
        is_of_connection: what its messages mean depends on the connection that they come by, so a source
            has one.
    """

    name: str
    summary: str
    templates: dict[int, str]
    book_rules: int
    scratch: Callable[[int], npt.NDArray[np.int64]]
    work_words: Callable[[int], int]
    most_records: Callable[[int], int]
    process: Callable[..., int]
    book_levels: int = 256
    is_of_connection: bool = False
