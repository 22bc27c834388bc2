"""The bound on a packet's records holds for what the venue sends."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.runtime.venue_packets import fed, of_the_venue
from zerofeed.runtime.deribit import DERIBIT, most_records, work_words
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []


def test_the_state_of_the_codec_grows_by_the_same_for_each_instrument() -> None:
    sizes = [work_words(count) for count in (100, 101, 102)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0


@pytest.mark.compiled
def test_no_packet_of_the_venue_makes_more_records_than_the_bound() -> None:
    packets = of_the_venue(2000)
    records = fed(OfflineFeed(DERIBIT.name, instruments=512), packets)
    # Each packet has its own arrival time.
    _, made = np.unique(records["ts_recv_ns"], return_counts=True)
    assert 0 < made.max() <= most_records(int(packets.lengths.max()))
