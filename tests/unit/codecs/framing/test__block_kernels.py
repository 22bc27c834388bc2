"""Blocks are found by their lengths, and a session's name becomes a number of its own."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.kernel import U8_RO, int64, kernel
from zerofeed.base.status import TRUNCATED
from zerofeed.codecs.framing import _block_kernels as k

__all__: list[str] = []


@kernel(int64(U8_RO, int64, int64))
def size_of(buf, place, end):
    return k.block_size(buf, place, end)


@kernel(int64(U8_RO, int64))
def key_of(buf, at):
    return k.session_key(buf, at)


@settings(max_examples=25)
@given(st.binary(max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_a_block_has_the_size_that_it_says_or_is_not_all_there(data, place, end) -> None:
    end = min(end, len(data))
    size = size_of(np.frombuffer(data + b"\xff", np.uint8), place, end)
    said = int.from_bytes(data[place : place + 2], "big")
    is_there = place + 2 <= end and place + 2 + said <= end
    assert size == (said if is_there else TRUNCATED)


@settings(max_examples=25)
@given(st.lists(st.binary(max_size=20), max_size=10), st.binary(max_size=3), st.integers(1, 12))
def test_blocks_are_indexed_up_to_the_room_or_the_first_that_is_cut(blocks, rest, room) -> None:
    data = b"".join(len(each).to_bytes(2, "big") + each for each in blocks)
    whole = np.frombuffer(b"!" + data + rest[:1], np.uint8)
    offsets, lengths = np.zeros(room, np.int64), np.zeros(room, np.int64)
    found = k.index_blocks(whole, 1, whole.size, offsets, lengths)
    assert found == min(room, len(blocks))
    for block, at, size in zip(blocks, offsets[:found], lengths[:found], strict=False):
        assert whole[at : at + size].tobytes() == block


def test_sessions_of_ten_letters_have_numbers_of_their_own() -> None:
    names = [f"{n:010}" for n in range(3000)] + [f"{n:>10}" for n in range(3000)]
    names += [f"20190{n:03}{m}" for n in range(100) for m in "AB1"] + [" " * 10, "\0" * 10]
    keys = {key_of(np.frombuffer(name.ljust(10).encode(), np.uint8), 0) for name in names}
    assert len(keys) == len(set(names))
    assert all(key > 0 for key in keys)


@settings(max_examples=25)
@given(st.binary(min_size=10, max_size=10))
def test_no_name_is_number_0(name: bytes) -> None:
    assert 0 < key_of(np.frombuffer(name, np.uint8), 0) < 2**63


def test_every_letter_of_a_session_counts() -> None:
    names = ["".join(pair).ljust(10, "x") for pair in itertools.product("ab", repeat=10)]
    assert len({key_of(np.frombuffer(n.encode(), np.uint8), 0) for n in names}) == len(names)
