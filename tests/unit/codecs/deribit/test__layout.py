"""The constant offsets are those of the schema, and none of the schema's sizes is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import zerofeed.codecs.deribit._layout as layout
from zerofeed.codecs.sbe import load_schema

SCHEMA = load_schema(Path(layout.__file__).with_name("multicast.xml"))

# Prefix of the constants -> message, group.
BLOCKS = {
    "INSTRUMENT": ("Instrument", None),
    "BOOK": ("Book", None),
    "CHANGE": ("Book", "changesList"),
    "TRADES": ("Trades", None),
    "TRADE": ("Trades", "tradesList"),
    "TICKER": ("Ticker", None),
    "SNAPSHOT": ("Snapshot", None),
    "LEVEL": ("Snapshot", "levelsList"),
    "SNAPSHOT_START": ("SnapshotStart", None),
    "SNAPSHOT_END": ("SnapshotEnd", None),
    "COMBO_LEGS": ("ComboLegs", None),
    "LEG": ("ComboLegs", "legsList"),
    "PRICE_INDEX": ("PriceIndex", None),
    "RFQ": ("Rfq", None),
    "INSTRUMENT_V2": ("InstrumentV2", None),
}
TEMPLATES = {prefix: name for prefix, (name, group) in BLOCKS.items() if group is None}
NO_FIELD = {
    "SCHEMA_ID", "FRAME_BYTES", "HEADER_BYTES", "GROUP_BYTES", "FIRST_TEMPLATE", "LAST_TEMPLATE",
    "INSTRUMENT_ID", "INSTRUMENT_V2_SHIFT",
}  # fmt: skip


def block_of(prefix: str):
    message, group = BLOCKS[prefix]
    block = SCHEMA.message(message)
    return block if group is None else block.group(group)


def shouted(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def offsets_of(prefix: str) -> dict[str, int]:
    block = block_of(prefix)
    return {f"{prefix}_{shouted(field.name)}": block.offset(field.name) for field in block.fields}


@pytest.mark.parametrize("prefix", BLOCKS)
def test_block_length_is_the_schema_s(prefix: str) -> None:
    assert getattr(layout, f"{prefix}_BLOCK") == block_of(prefix).block_length


@pytest.mark.parametrize("prefix", TEMPLATES)
def test_template_number_is_the_schema_s(prefix: str) -> None:
    number = getattr(layout, prefix)
    assert SCHEMA.message(TEMPLATES[prefix]).id == number
    assert layout.FIRST_TEMPLATE <= number <= layout.LAST_TEMPLATE


def test_every_offset_is_the_schema_s() -> None:
    expected = {name: at for prefix in BLOCKS for name, at in offsets_of(prefix).items()}
    expected["INSTRUMENT_STATE"] = expected["INSTRUMENT_INSTRUMENT_STATE"]
    blocks = {f"{prefix}_BLOCK" for prefix in BLOCKS}
    constants = set(layout.__all__) - NO_FIELD - blocks - set(TEMPLATES)
    assert constants
    assert {name: getattr(layout, name) for name in constants} == {
        name: expected[name] for name in constants
    }


def test_instrument_number_begins_every_block_that_has_one() -> None:
    for name in TEMPLATES.values():
        block = SCHEMA.message(name)
        if any(field.name == "instrumentId" for field in block.fields):
            assert block.offset("instrumentId") == layout.INSTRUMENT_ID


def test_instrument_v2_is_instrument_without_rfq() -> None:
    old, new = offsets_of("INSTRUMENT"), offsets_of("INSTRUMENT_V2")
    rfq = old["INSTRUMENT_RFQ"]
    for name, at in new.items():
        before = old[name.replace("_V2", "", 1)]
        assert at == before + (layout.INSTRUMENT_V2_SHIFT if before > rfq else 0)


def test_header_and_dimensions_are_u16_in_the_order_that_the_kernels_read() -> None:
    members = ("blockLength", "templateId", "schemaId", "version", "numGroups", "numVarDataFields")
    assert [SCHEMA.header.offset(name) for name in members] == [0, 2, 4, 6, 8, 10]
    assert SCHEMA.header.size == layout.HEADER_BYTES
    assert SCHEMA.message("Book").group("changesList").dimensions.size == layout.GROUP_BYTES
    assert SCHEMA.id == layout.SCHEMA_ID
