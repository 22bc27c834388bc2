"""Flags have Databento's bits, and names for people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zerofeed.records import flags
from zerofeed.records.flags import FLAG_NAMES, flag_names


def test_bits_have_databentos_values() -> None:
    assert (flags.LAST, flags.TOB, flags.SNAPSHOT, flags.MBP) == (128, 64, 32, 16)
    assert (flags.BAD_TS_RECV, flags.MAYBE_BAD_BOOK) == (8, 4)


def test_names_are_listed_from_the_highest_bit_down() -> None:
    assert flag_names(4 | 128 | 32) == ["last", "snapshot", "maybe_bad_book"]
    assert flag_names(0) == []


@given(st.integers(0, 255))
def test_names_stand_for_exactly_the_known_bits(value: int) -> None:
    bits = {name: bit for bit, name in FLAG_NAMES.items()}
    assert sum(bits[name] for name in flag_names(value)) == value & sum(FLAG_NAMES)
