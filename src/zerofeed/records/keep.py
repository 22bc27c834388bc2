"""Keeping records beyond the feed: several batches as one array, an array as a file.

A batch is a view of memory that the feed goes on writing, so what is kept is copied. NumPy's own
ways do not fit: a record has several names for the same bytes, and ``np.concatenate`` makes of
that a dtype of 368 bytes in which each name has bytes of its own, while ``np.save`` refuses it.
These functions move whole records and keep their 64 bytes.

**The file** is an ordinary ``.npy``, version 1, of :data:`SAVED`: the columns that all kinds have
under their names, and the four body words as ``body``. Chosen because any program that reads
``.npy`` can read it without zerofeed, because the file says its own columns, so that a later
layout is refused rather than misread, and because the rows lie in it as they lie in memory: it can
be mapped instead of read. Raw bytes (``tofile``) say nothing of themselves, and an opaque
``V64`` nothing to others.

A file holds records alone. The exponents that turn their integers into prices are in the feed's
instruments table; keep them beside it.

Any process; nothing here is shared between threads.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import CaptureError
from zerofeed.records.dtypes import HEAD, RECORD, RECORD_BYTES

__all__ = ["SAVED", "concat", "load", "save"]

SAVED: np.dtype[Any] = np.dtype([*((name, form) for name, form, _ in HEAD), ("body", "<i8", 4)])
"""What a file's rows are: a record without the names that depend on its kind."""

_WHOLE = np.dtype((np.void, RECORD_BYTES))


def concat(batches: Iterable[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Copy batches into one array, one behind the other.

    Ask the reader whether a batch is intact *after* it was copied, or give this function what
    :meth:`Reader.copy` returned.

    Args:
        batches: one-dimensional arrays of records, of any strides; RECORD or the dtype of a kind.

    Returns:
        A new array. Its dtype is that of the batches when they all have the same one, otherwise
        RECORD; without batches it is empty.

    Raises:
        ValueError: an array's items are not 64 bytes, or it has more than one dimension.
    """
    parts = list(batches)
    whole = [_as_whole(part) for part in parts]
    dtypes = {part.dtype for part in parts}
    dtype = dtypes.pop() if len(dtypes) == 1 else RECORD
    return np.concatenate([np.zeros(0, _WHOLE), *whole]).view(dtype)


def save(path: str | Path, records: npt.NDArray[Any]) -> None:
    """Write records to a ``.npy`` file that :func:`load` and NumPy read; replaces the file.

    Args:
        path: of the file, used as it is.
        records: one-dimensional array of records, RECORD or the dtype of a kind.

    Raises:
        ValueError: the array's items are not 64 bytes, or it has more than one dimension.
        OSError: the file cannot be written.
    """
    rows = np.ascontiguousarray(_as_whole(records)).view(SAVED)
    with Path(path).open("wb") as file:
        np.lib.format.write_array(file, rows, version=(1, 0), allow_pickle=False)


def load(path: str | Path, *, is_mapped: bool = False) -> npt.NDArray[Any]:
    """Read records from a file that :func:`save` wrote.

    Args:
        path: of the file.
        is_mapped: map the file read-only instead of reading it: at once, however long it is.
            It must not be shortened while the array is in use.

    Returns:
        Array of RECORD.

    Raises:
        CaptureError: the file is damaged, or holds something else.
        OSError: the file cannot be read.
    """
    try:
        rows = np.load(path, mmap_mode="r" if is_mapped else None, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _not_records(path, str(error)) from error
    if not isinstance(rows, np.ndarray):
        rows.close()
        raise _not_records(path, "an archive of several arrays")
    if rows.dtype != SAVED or rows.ndim != 1:
        raise _not_records(path, f"an array of {rows.ndim} dimensions of {rows.dtype}")
    return np.asarray(rows).view(RECORD)


def _as_whole(records: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """View records as 64 bytes each without names, which NumPy copies as they are."""
    if records.ndim != 1 or records.dtype.itemsize != RECORD_BYTES:
        raise ValueError(
            f"records are an array of one dimension and {RECORD_BYTES} bytes an item, not of "
            f"{records.ndim} and {records.dtype.itemsize}"
        )
    return records.view(_WHOLE)


def _not_records(path: str | Path, got: str) -> CaptureError:
    return CaptureError(
        "no records can be read from this file",
        where=str(path),
        expected="an array as zerofeed.save writes it",
        got=got,
        next_step="load a file that zerofeed.save wrote, whole and with this version's layout",
    )
