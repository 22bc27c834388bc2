"""Units that are written are Cboe's own examples, and read back as what they were written from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.pitch.strategies import values_of
from tests.unit.codecs.pitch.vectors import EXAMPLES, UNIT_OF_TWO, example
from zerofeed.base.errors import ConfigurationError, SchemaError
from zerofeed.codecs.pitch.encoder import encode_message, encode_unit
from zerofeed.codecs.pitch.messages import PITCH_MESSAGES, messages

__all__: list[str] = []


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_of_the_specification_is_written(name: str) -> None:
    assert encode_message(name.split(maxsplit=1)[0], **EXAMPLES[name][1]) == example(name)


def test_unit_of_the_specification_is_written() -> None:
    order = {"time_offset_ns": 447_000, "order_id": 0x0B1D_568F_775B_4005}
    add = encode_message(
        "add_order_short", **order, side="B", quantity=737, symbol="ZVZZT", price=1, add_flags=1
    )
    reduce = encode_message(
        "reduce_size_short", **(order | {"time_offset_ns": 449_000}), cancelled_quantity=737
    )
    assert encode_unit(1, [add, reduce]) == UNIT_OF_TWO


@settings(max_examples=25)
@given(st.data(), st.booleans())
def test_every_message_reads_back_as_it_was_written(data, is_whole: bool) -> None:
    message = data.draw(st.sampled_from(PITCH_MESSAGES.messages))
    values = data.draw(values_of(message, is_whole=is_whole))
    written = encode_message(message.name, **values)
    (view,) = messages(encode_unit(1, [written]))
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    expected = values | {name: text.rstrip().encode() for name, text in texts.items()}
    assert view.to_dict() == expected | {"length": len(written), "type": message.code}


def test_a_heartbeat_has_no_messages() -> None:
    assert encode_unit(7, unit=3) == bytes([8, 0, 0, 3, 7, 0, 0, 0])


def test_a_field_behind_one_that_is_missing_is_refused() -> None:
    values = EXAMPLES["add_order_expanded"][1] | {"client_id": "X"}
    del values["customer_indicator"]
    with pytest.raises(ConfigurationError, match="a field in front of these is missing"):
        encode_message("add_order_expanded", **values)


@pytest.mark.parametrize(
    "values", [{}, {"time_s": -1}, {"time_s": 1, "unit": 2}, {"time_s": "noon"}]
)
def test_values_that_do_not_fit_are_refused(values) -> None:
    with pytest.raises(ConfigurationError, match="PITCH time"):
        encode_message("time", **values)


def test_an_unknown_message_is_refused() -> None:
    with pytest.raises(SchemaError, match="no such message"):
        encode_message("quote")


@pytest.mark.parametrize(("seq", "unit"), [(-1, 1), (2**32, 1), (1, 256)])
def test_numbers_that_do_not_fit_the_header_are_refused(seq: int, unit: int) -> None:
    with pytest.raises(ConfigurationError, match="does not fit its header"):
        encode_unit(seq, unit=unit)


def test_more_messages_than_a_unit_counts_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="got 256 messages"):
        encode_unit(1, [b"\2\x86"] * 256)
