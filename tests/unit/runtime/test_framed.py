"""Framed venues share their kernel, and no packet of theirs makes more records than they say."""

from __future__ import annotations

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
