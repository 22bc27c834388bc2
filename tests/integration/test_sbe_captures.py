"""What Binance sent in JSON, said again in SBE by our encoder, becomes the same records and books."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tests.unit.runtime.venue_packets import joined
from tests.unit.venues.venue import encoded
from zerofeed.mock.venue.binance_sbe import in_sbe
from zerofeed.records.kinds import TRADE
from zerofeed.records.units import UNDEF
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

SYMBOL = "BTCUSDT"
MESSAGES = 4_000


def test_a_capture_means_the_same_in_both_encodings(captures: Path) -> None:
    texts: list[bytes] = []
    binary: list[bytes] = []
    with gzip.open(captures / "binance" / "btcusdt_20240808.gz") as lines:
        for line in lines:
            text = line.partition(b" ")[2].strip()
            message = json.loads(text)
            sent = in_sbe(message, symbol=SYMBOL)
            if sent is not None:
                texts.append(text)
                binary.append(sent)
            if len(texts) == MESSAGES:
                break
    feeds = [OfflineFeed(each, instruments=64) for each in ("binance-spot", "binance-sbe")]
    json_records, sbe_records = (
        joined(feed.process(*encoded(messages)))
        for feed, messages in zip(feeds, (texts, binary), strict=True)
    )
    # In JSON the best bid and offer have no time, and SBE's conversion gives them none.
    assert json_records.tobytes() == sbe_records.tobytes()
    assert (json_records["kind"] == TRADE).sum() > 500
    assert (json_records["ts_event_ns"] != UNDEF).any()
    assert feeds[1].books[1].is_proven
    assert np.array_equal(feeds[0].books[1].bids, feeds[1].books[1].bids)
    assert feeds[1].books.counters()["chain_breaks"] == feeds[0].books.counters()["chain_breaks"]
    assert feeds[1].metrics["packets_decoded"] == MESSAGES
