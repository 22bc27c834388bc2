"""A second protocol is a function and a table entry; the loops are there for it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.runtime.venue_packets import Packets, fed
from zerofeed.records.kinds import TRADE
from zerofeed.runtime import protocols
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow]


def test_a_protocol_of_a_few_lines_decodes(monkeypatch) -> None:
    # Compiled here, and not when tests are collected.
    from tests.unit.runtime import toy

    monkeypatch.setitem(protocols.PROTOCOLS, "toy", toy.TOY)
    payloads = [toy.packet(number) for number in (4, 9, 2)]
    data = np.frombuffer(b"".join(payloads), np.uint8)
    packets = Packets(data, np.arange(0, 6, 2), np.full(3, 2), np.zeros(3, np.int64))
    feed = OfflineFeed("toy", instruments=16, book_levels=8, book_depth=4)
    records = fed(feed, packets)
    assert records["price"].tolist() == [4, 9, 2]
    assert set(records["kind"].tolist()) == {TRADE}
    assert records["seq"].tolist() == [0, 1, 2]
    assert feed.metrics["packets_decoded"] == 3
