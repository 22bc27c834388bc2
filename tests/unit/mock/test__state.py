"""The venue's memory is one record that plain Python and Numba read alike."""

from dataclasses import replace

import numpy as np

from tests.unit.mock.oracle import BUDGET, START_NS, small_listings
from zerofeed.base.kernel import JIT
from zerofeed.mock import _state
from zerofeed.mock._state import ROWS_PER_CHANNEL_MAX, VENUE
from zerofeed.mock.deribit import SimulatedDeribit


def records_of(dtype: np.dtype) -> list[np.dtype]:
    found = []
    for name in dtype.names or ():
        base = dtype[name].base
        if base.names:
            found += [base, *records_of(base)]
    return found


def test_every_record_can_be_read_by_name_and_none_is_padded() -> None:
    for dtype in (VENUE, *records_of(VENUE)):
        assert dtype.type is np.record
        assert dtype.itemsize == sum(dtype[name].itemsize for name in dtype.names)


def test_every_eight_byte_field_is_aligned() -> None:
    for dtype in (VENUE, *records_of(VENUE)):
        for name in dtype.names:
            assert dtype[name].base.itemsize % 8 == 0 or dtype[name].base == np.uint8
            assert dtype.fields[name][1] % 8 == 0


def test_a_step_has_room_for_the_snapshot_of_the_fullest_channel() -> None:
    spot = next(x for x in small_listings() if x.name == "BTC_USDC")
    rows = ROWS_PER_CHANNEL_MAX if JIT else 4
    listings = [
        replace(spot, instrument_id=k + 1, name=f"X{k}", levels=40, channel=5) for k in range(rows)
    ]
    venue = SimulatedDeribit(
        1, start_ns=START_NS, listings=listings, snapshot_interval_ns=10**9, snapshot_delay_ns=0
    )
    for k in range(4):
        venue.advance(START_NS + k, min(BUDGET, 500))
    snapshot = venue.advance(START_NS + 10 * 10**9, 1)
    body = venue.advance(START_NS + 10 * 10**9, 1)
    assert len(snapshot) == 1
    assert len(body) <= _state._STEP_PACKETS_MAX
    assert len(body) > rows / 2
