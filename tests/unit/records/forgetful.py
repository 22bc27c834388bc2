"""For tests that define kinds and sorts of instrument: definitions are of the process, and others run in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zerofeed.records.dtypes import BODY, KIND_DTYPES
from zerofeed.records.fields import UNITS
from zerofeed.records.instruments import INSTRUMENT_TYPES
from zerofeed.records.kinds import KIND_NAMES
from zerofeed.records.own import OWN_INSTRUMENT, OWN_KIND

__all__ = ["nothing_defined"]


@contextmanager
def nothing_defined() -> Iterator[None]:
    """Begin without definitions, and forget those that are made."""
    _forget()
    units = set(UNITS)
    try:
        yield
    finally:
        _forget()
        for name in set(UNITS) - units:
            del UNITS[name]


def _forget() -> None:
    for table in (KIND_NAMES, BODY, KIND_DTYPES):
        for code in [code for code in table if code >= OWN_KIND]:
            del table[code]  # type: ignore[attr-defined]
    for code in [code for code in INSTRUMENT_TYPES if code >= OWN_INSTRUMENT]:
        del INSTRUMENT_TYPES[code]
