"""TOPS and DEEP say what a feed of theirs needs, and no segment makes more records than that."""

from __future__ import annotations

import pytest

from tests.unit.runtime.wire_packets import Sent
from zerofeed.codecs.iex._layout import DEEP
from zerofeed.codecs.iex.encoder import encode_message, encode_packet
from zerofeed.codecs.iex.messages import IEX_MESSAGES
from zerofeed.runtime.iex import IEX_DEEP, IEX_TOPS, most_records, work_words

__all__: list[str] = []

# Records have attributes in compiled code alone.
pytestmark = pytest.mark.compiled


def test_both_name_every_message_by_its_slot() -> None:
    for protocol in (IEX_TOPS, IEX_DEEP):
        assert [protocol.templates[slot] for slot in range(14)] == [
            message.name for message in IEX_MESSAGES
        ]


def test_they_share_their_kernel_and_differ_in_the_segments_they_take() -> None:
    assert IEX_TOPS.process is IEX_DEEP.process
    assert (IEX_TOPS.scratch(0) != IEX_DEEP.scratch(0)).any()


def test_the_state_of_the_codec_grows_by_the_same_for_each_instrument() -> None:
    sizes = [work_words(count) for count in (100, 101, 102)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("system_event", {"event": "O"}),
        ("operational_halt_status", {"status": "O", "symbol": "?"}),
        ("trading_status", {"status": "T", "symbol": "?", "reason": ""}),
        ("price_level_update_buy", {"event_flags": 1, "symbol": "?", "size": 1, "price": 1}),
        ("trade_report", {"sale_flags": 0, "symbol": "?", "size": 1, "price": 1, "trade_id": 1}),
    ],
)
def test_the_densest_segments_make_no_more_records_than_the_bound(name: str, values) -> None:
    """Each message is about a security of its own, and the segment comes behind a gap."""
    messages = [
        encode_message(name, timestamp_ns=1, **values).replace(b"?", bytes([65 + place]))
        for place in range(26)
    ]
    sent = Sent("iex-deep")
    sent(encode_packet(500, protocol=DEEP, session=1))
    payload = encode_packet(1, messages, protocol=DEEP, session=2)
    records = sent(payload)
    assert 0 < len(records) <= most_records(len(payload))
    without_header = 2 + len(messages[0])
    assert len(records) - 1 <= 26 * without_header // 6
