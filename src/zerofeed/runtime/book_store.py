"""A feed's books from outside of compiled code: their memory, and what a new worker does with them.

Books of price levels or of single orders, as the configuration says (``memory.orders``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError, ConfigurationError
from zerofeed.books import _kernels as level_kernels
from zerofeed.books import _rows_kernels as level_rows
from zerofeed.books import layout as level_layout
from zerofeed.books.l2 import L2Books
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import _kernels as order_kernels
from zerofeed.books.orders import _rows_kernels as order_rows
from zerofeed.books.orders import layout as order_layout
from zerofeed.books.orders._log_kernels import log_words
from zerofeed.runtime._undo_kernels import restore_books, undo_words
from zerofeed.runtime.config import MemorySection
from zerofeed.runtime.protocol import Protocol

__all__ = [
    "book_words",
    "check_books",
    "initialize_books",
    "kept_words",
    "publish_all_dirty",
    "recover_books",
    "undo_step",
    "view_books",
]

_Words = npt.NDArray[np.int64]

_GROUPS_OF_A_PACKET = 1 << 16
"""Groups that a step may change: those of the longest packet, and every book's head at a gap."""


def check_books(memory: MemorySection, protocol: Protocol) -> None:
    """Check that a protocol can have the books that are asked for.

    Raises:
        ConfigurationError: its messages are not about orders, or fewer levels are kept than shown.
    """
    if memory.orders and not protocol.has_orders:
        raise ConfigurationError(
            f"{protocol.name} has no messages about single orders",
            where="memory.orders",
            expected=0,
            got=memory.orders,
            next_step="leave it out: books of price levels are kept without it",
        )
    if memory.book_depth > memory.book_levels and not memory.orders:
        raise ConfigurationError(
            "more levels would be shown than are kept",
            where="memory.book_depth",
            expected=f"at most {memory.book_levels}",
            got=memory.book_depth,
        )


def book_words(memory: MemorySection) -> int:
    """Size the books, in int64 words."""
    if memory.orders:
        return order_layout.store_words(memory.instruments, memory.orders)
    return level_layout.store_words(memory.instruments, memory.book_levels)


def kept_words(memory: MemorySection) -> int:
    """Size what is kept of the books for a step that is done again, in int64 words."""
    if memory.orders:
        return log_words(_GROUPS_OF_A_PACKET + 2 * memory.instruments)
    return undo_words(memory.book_levels)


def initialize_books(
    books: _Words, protocol: Protocol, *, instruments: int, orders: int, levels: int, depth: int
) -> None:
    """Make empty books in zeroed memory.

    Args:
        books: the memory.
        protocol: whose rules they follow.
        instruments: how many there are.
        orders: that may rest at once; 0: books of price levels.
        levels: levels a side of books of price levels.
        depth: levels a side that readers see.

    Raises:
        BugError: the sizes contradict each other.
    """
    if orders:
        status = order_kernels.initialize(books, instruments, orders, protocol.order_rules, depth)
    else:
        status = level_kernels.initialize(books, instruments, levels, protocol.book_rules, depth)
    if status < 0:
        raise BugError("the books have an impossible size", got=status)


def view_books(books: _Words) -> L2Books | L3Books:
    """View the books for ordinary Python."""
    return L3Books(books) if _is_of_orders(books) else L2Books(books)


def undo_step(books: _Words, undo: _Words) -> int:
    """Undo what an unfinished step did to the books, as it is going to be done again.

    Returns:
        Books that could not be restored and are empty now.
    """
    if not _is_of_orders(books):
        restore_books(books, undo)
        return 0
    is_lost = order_kernels.restore(books, undo) < 0
    return int(books[order_layout.H_BOOKS]) if is_lost else 0


def recover_books(books: _Words) -> int:
    """Empty the books that a killed worker left half changed; returns how many.

    Of books of orders no change is outside of the log, so :func:`undo_step` has left none.
    """
    return 0 if _is_of_orders(books) else level_kernels.recover(books)


def publish_all_dirty(books: _Words, table: _Words, record_seq: int) -> None:
    """Write every row that is behind its book.

    Args:
        books: the writer's books.
        table: the published books.
        record_seq: sequence number of the last published record.
    """
    publish = order_rows.publish_dirty if _is_of_orders(books) else level_rows.publish_dirty
    publish(books, table, record_seq)


def _is_of_orders(books: _Words) -> bool:
    return bool(books[order_layout.H_LAYOUT] == order_layout.LAYOUT)
