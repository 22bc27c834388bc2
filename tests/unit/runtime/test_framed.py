"""Framed venues share their kernel, and no packet of theirs makes more records than they say."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.runtime.framed_venues import any_of, cb_packet, definition_bursts, sb_packet
from tests.unit.runtime.wire_packets import Sent
from zerofeed.codecs.coinbase_derivatives.schema import SCHEMA as COINBASE
from zerofeed.codecs.deribit_starbase.schema import SCHEMA as STARBASE
from zerofeed.feed.metrics import TEMPLATES
from zerofeed.runtime.framed import FRAMED

__all__: list[str] = []


def test_they_share_a_kernel_and_each_message_has_a_counter() -> None:
    assert len({each.process for each in FRAMED}) == 1
    for each in FRAMED:
        assert len(each.templates) <= TEMPLATES


@pytest.mark.parametrize("count", [3, 1000])
def test_what_is_missing_is_asked_for_in_the_venue_s_own_message(count: int) -> None:
    for protocol, packet in ((FRAMED[0], cb_packet(9)), (FRAMED[1], sb_packet(9))):
        assert protocol.ask is not None
        assert protocol.views is not None
        request = np.frombuffer(protocol.ask(packet, 77, count), np.uint8)
        ((number, view),) = protocol.views().of_packet(request)
        assert (view.name, number) == ("RetransmitRequest", 77)
        assert view.to_dict() == {"beginSeqNum": 77, "messageCount": min(count, 255)}
        assert request[16:18].tobytes() == packet[16:18]


# Records have attributes in compiled code alone.
@pytest.mark.compiled
def test_no_packet_makes_more_records_than_the_bound() -> None:
    for protocol, schema, framed in (
        (FRAMED[0], COINBASE, cb_packet),
        (FRAMED[1], STARBASE, sb_packet),
    ):
        for each in any_of(schema):
            sent = Sent(protocol.name)
            payload = framed(1, *[each] * 20)
            assert len(sent(payload)) <= protocol.most_records(len(payload))
    payload = sb_packet(1, *definition_bursts(20))
    assert len(Sent("deribit-starbase")(payload)) <= FRAMED[1].most_records(len(payload))
