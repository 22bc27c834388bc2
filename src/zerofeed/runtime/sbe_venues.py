"""Every venue whose streams are SBE as a protocol of the worker: its table, and the one kernel."""

from __future__ import annotations

from zerofeed.codecs.sbe._dialect_words import STATE_WORDS
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.runtime import _sbe_kernels as k
from zerofeed.runtime.protocol import Protocol
from zerofeed.venues.sbe_dialects import SBE_DIALECTS

__all__ = ["SBE_VENUES", "sbe_protocol"]


def _work_words(instruments: int) -> int:
    return instruments * STATE_WORDS


def sbe_protocol(name: str, summary: str, dialect: Dialect, book_rules: int) -> Protocol:
    """Make the protocol of a dialect.

    Args:
        name: as in ``feed.protocol``.
        summary: one line for people.
        dialect: what its messages mean.
        book_rules: how its books change, RULE bits of :mod:`zerofeed.books.layout`.
    """
    return Protocol(
        name=name,
        summary=summary,
        templates=dialect.names,
        book_rules=book_rules,
        scratch=dialect.scratch,
        work_words=_work_words,
        most_records=dialect.most_records,
        process=k.process,
        book_levels=4096,
    )


SBE_VENUES: tuple[Protocol, ...] = tuple(
    sbe_protocol(each.name, each.summary, each.dialect, each.book_rules) for each in SBE_DIALECTS
)
"""One for each dialect."""
