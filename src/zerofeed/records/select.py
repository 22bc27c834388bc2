"""Choosing records out of a batch, at the speed of memory.

``batch[mask]`` and ``batch.copy()`` work, but NumPy moves a structured array field by field,
and a record has many names for the same bytes: that takes hundreds of nanoseconds a record.
These functions move whole records, some fifty times as fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.records.dtypes import KIND_DTYPES

__all__ = ["copy_records", "of_kind", "select"]


def of_kind(batch: npt.NDArray[Any], kind: int) -> npt.NDArray[Any]:
    """Copy out the records of one kind.

    Args:
        batch: records.
        kind: such as :data:`zerofeed.records.kinds.TRADE`.

    Returns:
        A new array, in order, whose dtype has that kind's field names alone.
    """
    chosen = batch.take(np.flatnonzero(batch["kind"] == kind))
    return chosen.view(KIND_DTYPES[kind]) if kind in KIND_DTYPES else chosen


def select(batch: npt.NDArray[Any], mask: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """Copy out the records for which a mask is true; like ``batch[mask]``, and fast.

    Args:
        batch: records.
        mask: one bool for each.

    Returns:
        A new array of the same dtype, in order.
    """
    return batch.take(np.flatnonzero(mask))


def copy_records(batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Copy contiguous records; like ``batch.copy()``, and fast."""
    return batch.view(np.int64).copy().view(batch.dtype)
