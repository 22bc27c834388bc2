"""The kernel writes a row of numbers as the encoder writes the message of that meaning."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.itch.harness import EXAMPLES, messages
from zerofeed.codecs.framing.blocks import encode_blocks
from zerofeed.codecs.itch._encode_kernels import FIELDS, VALUES, put_messages
from zerofeed.codecs.itch.encoder import encode_table
from zerofeed.codecs.itch.messages import ITCH_MESSAGES, message_at, time_of_day

__all__: list[str] = []


def row_of(message: bytes) -> list[int]:
    """Describe a message as the kernel takes it."""
    view = message_at(message, 0)
    row = [message[0], view["stock_locate"], view["tracking_number"], time_of_day(view)]
    for each in ITCH_MESSAGES[view.name].fields[5:]:
        at = ITCH_MESSAGES[view.name].offsets[each.name]
        value = int.from_bytes(message[at : at + each.size], "big")
        row.append(value - 2**64 if value >= 2**63 else value)
    assert len(row) >= FIELDS
    return row + [0] * (VALUES - len(row))


@settings(max_examples=EXAMPLES)
@given(st.lists(messages(), max_size=8))
def test_the_kernel_writes_what_the_encoder_writes(stream: list[bytes]) -> None:
    values = np.array([row_of(each) for each in stream], np.int64).reshape(-1)
    buffer = np.zeros(64 * len(stream) + 8, np.uint8)
    end = put_messages(buffer, 3, values, len(stream), encode_table())
    assert buffer[3:end].tobytes() == encode_blocks(stream)
    assert not buffer[end:].any()
