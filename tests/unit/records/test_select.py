"""Choosing and copying whole records."""

import numpy as np

from zerofeed.records.dtypes import KIND_DTYPES, RECORD
from zerofeed.records.kinds import LEVEL, TRADE
from zerofeed.records.select import copy_records, of_kind, select


def mixed():
    batch = np.zeros(10, dtype=RECORD)
    batch["seq"] = np.arange(10)
    batch["kind"] = [TRADE, LEVEL] * 5
    batch["price"] = np.arange(10) * 100
    return batch


def test_of_kind_keeps_order_and_has_the_kind_s_own_fields():
    trades = of_kind(mixed(), TRADE)
    assert trades.dtype == KIND_DTYPES[TRADE]
    assert trades["seq"].tolist() == [0, 2, 4, 6, 8]
    assert trades["price"].tolist() == [0, 200, 400, 600, 800]


def test_select_gives_what_a_boolean_index_gives():
    batch = mixed()
    mask = batch["price"] > 300
    assert select(batch, mask).tobytes() == batch[mask].tobytes()


def test_copy_is_the_same_bytes_in_other_memory():
    batch = mixed()
    copied = copy_records(batch)
    assert copied.tobytes() == batch.tobytes()
    assert copied.dtype == batch.dtype
    assert not np.shares_memory(copied, batch)
