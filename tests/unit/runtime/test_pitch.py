"""PITCH says what a feed of its kind needs, and no packet makes more records than that."""

from __future__ import annotations

import pytest

from tests.unit.codecs.pitch.vectors import example
from tests.unit.runtime.wire_packets import Sent
from zerofeed.codecs.pitch.encoder import encode_unit
from zerofeed.codecs.pitch.messages import PITCH_MESSAGES
from zerofeed.feed.metrics import TEMPLATES
from zerofeed.runtime.pitch import PITCH, most_records, work_words

__all__: list[str] = []

# Records have attributes in compiled code alone.
pytestmark = pytest.mark.compiled


def test_every_message_has_a_counter() -> None:
    assert PITCH.templates == {slot: each.name for slot, each in enumerate(PITCH_MESSAGES)}
    assert max(PITCH.templates) < TEMPLATES


def test_the_state_of_the_codec_grows_by_the_same_for_each_instrument() -> None:
    sizes = [work_words(count) for count in (100, 101, 102)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0


@pytest.mark.parametrize(
    "name", ["unit_clear", "delete_order", "modify_order_short", "order_executed_at_price_size"]
)
def test_the_densest_packets_make_no_more_records_than_the_bound(name: str) -> None:
    message = bytearray(example(name))
    if name == "modify_order_short":
        message[-1] = 0
    sent = Sent("pitch")
    sent(encode_unit(500))
    payload = encode_unit(1, [bytes(message)] * 100)
    records = sent(payload)
    assert 100 <= len(records) <= most_records(len(payload)) - 100
