"""Files of blocks are read and written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.framing import blocks
from zerofeed.codecs.framing.blocks import END, encode_blocks, find_blocks

__all__: list[str] = []


@settings(max_examples=25)
@given(st.lists(st.binary(max_size=20), max_size=10), st.binary(max_size=5))
def test_what_was_written_is_found(messages: list[bytes], before: bytes) -> None:
    data = before + encode_blocks(messages) + b"\0"
    offsets, lengths = find_blocks(data, len(before))
    assert [data[at : at + n] for at, n in zip(offsets, lengths, strict=True)] == messages


def test_more_blocks_than_fit_one_call_are_found(monkeypatch) -> None:
    monkeypatch.setattr(blocks, "_CHUNK", 4)
    for count in (3, 4, 5, 8, 9):
        data = encode_blocks([bytes([n]) for n in range(count)])
        offsets, lengths = find_blocks(data)
        assert np.frombuffer(data, np.uint8)[offsets].tolist() == list(range(count))
        assert lengths.tolist() == [1] * count


def test_lengths_may_all_say_0() -> None:
    assert encode_blocks([b"ab", b"c"], is_zeroed=True) == b"\0\0ab\0\0c"
    assert END == b"\0\0"


def test_a_block_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="does not fit"):
        encode_blocks([bytes(65_536)])


@pytest.mark.parametrize(("begin", "end"), [(-1, None), (0, 5), (3, 2)])
def test_blocks_outside_the_buffer_are_refused(begin: int, end: int | None) -> None:
    with pytest.raises(ConfigurationError, match="inside the buffer"):
        find_blocks(bytes(4), begin, end)
