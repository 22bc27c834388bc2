"""An instrument's row is 256 bytes and no field of it ever moves."""

from __future__ import annotations

import itertools

import numpy as np

from zerofeed.records.instruments import INSTRUMENT_ROW, INSTRUMENT_ROW_BYTES, INSTRUMENT_TYPES

LAYOUT = {
    "version": ("<i8", 0),
    "venue_key": ("<i8", 8),
    "symbol": ("|S64", 16),
    "kind": ("|u1", 80),
    "option_type": ("|u1", 81),
    "price_exponent": ("|i1", 82),
    "size_exponent": ("|i1", 83),
    "state": ("<u4", 84),
    "tick_size": ("<i8", 88),
    "min_size": ("<i8", 96),
    "contract_size": ("<i8", 104),
    "strike_price": ("<i8", 112),
    "expiry_ns": ("<i8", 120),
    "created_ns": ("<i8", 128),
    "base": ("|S12", 136),
    "quote": ("|S12", 148),
    "settlement": ("|S12", 160),
    "counter": ("|S12", 172),
    "is_inverse": ("<i8", 184),
    "definition_seq": ("<i8", 192),
    "channel": ("<i8", 200),
    "revision": ("<i8", 208),
}


def test_a_row_is_four_cache_lines() -> None:
    assert INSTRUMENT_ROW_BYTES == INSTRUMENT_ROW.itemsize == 256


def test_no_field_of_a_row_ever_moves() -> None:
    fields = INSTRUMENT_ROW.fields
    assert fields is not None
    assert {name: (field[0].str, field[1]) for name, field in fields.items()} == LAYOUT


def test_fields_do_not_overlap() -> None:
    ends = [(offset, offset + np.dtype(form).itemsize) for form, offset in LAYOUT.values()]
    ends.sort()
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ends))


def test_the_version_comes_first_as_the_seqlock_demands() -> None:
    assert LAYOUT["version"] == ("<i8", 0)


def test_types_never_change_their_numbers() -> None:
    assert INSTRUMENT_TYPES == {
        0: "unknown",
        1: "spot",
        2: "perpetual",
        3: "future",
        4: "option",
        5: "combo",
        6: "index",
        7: "stock",
    }
