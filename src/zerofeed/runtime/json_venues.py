"""Every JSON venue as a protocol of the worker: its table, and the functions that all of them share."""

from __future__ import annotations

from functools import partial

from zerofeed.codecs.json.decoder import make_scratch, most_records
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.runtime import _json_kernels as k
from zerofeed.runtime.protocol import Protocol
from zerofeed.venues.dialects import DIALECTS

__all__ = ["JSON_VENUES", "json_protocol"]


def _work_words(dialect: Dialect, instruments: int) -> int:
    return dialect.channel_words + instruments * dialect.row_state_words


def json_protocol(name: str, summary: str, dialect: Dialect, book_rules: int) -> Protocol:
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
        scratch=partial(make_scratch, dialect),
        work_words=partial(_work_words, dialect),
        most_records=most_records,
        process=k.process,
        book_levels=4096,
        is_of_connection=dialect.channel_words > 0,
        compares_connections=dialect.channel_words == 0,
    )


JSON_VENUES: tuple[Protocol, ...] = tuple(
    json_protocol(each.name, each.summary, each.dialect, each.book_rules) for each in DIALECTS
)
"""One for each dialect."""
