"""Messages are seen where they lie, and say what Cboe's own examples say."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.pitch.strategies import messages as any_message
from tests.unit.codecs.pitch.vectors import EXAMPLES, UNIT_OF_TWO, example
from zerofeed.base.status import MALFORMED, OK, TRUNCATED
from zerofeed.codecs.pitch.encoder import encode_message, encode_unit
from zerofeed.codecs.pitch.messages import HEADER, PITCH_MESSAGES, base36, messages, units

__all__: list[str] = []

DELETE = encode_message("delete_order", time_offset_ns=1, order_id=2)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_of_the_specification_says_what_it_says(name: str) -> None:
    (view,) = messages(encode_unit(1, [example(name)]))
    assert view.name == name.split(maxsplit=1)[0]
    expected = {
        field: value.encode() if isinstance(value, str) else value
        for field, value in EXAMPLES[name][1].items()
    }
    values = view.to_dict()
    assert (values.pop("length"), values.pop("type")) == (len(example(name)), view.message.code)
    assert values == expected


def test_there_is_an_example_of_every_message() -> None:
    assert {name.split()[0] for name in EXAMPLES} == {each.name for each in PITCH_MESSAGES}


def test_unit_of_the_specification_is_read() -> None:
    unit = messages(UNIT_OF_TWO)
    first, second = unit
    assert unit.header.tolist() == (50, 2, 1, 1)
    assert (first["quantity"], second["cancelled_quantity"]) == (737, 737)
    assert (unit.status, unit.position) == (OK, 50)


def test_a_view_has_the_fields_that_the_message_is_long_enough_for() -> None:
    (equities,) = messages(encode_unit(1, [example("order_executed")]))
    (options,) = messages(encode_unit(1, [example("order_executed of options")]))
    assert options["trade_condition"] == b"S"
    with pytest.raises(KeyError, match="of 26 bytes has no field 'trade_condition'"):
        equities["trade_condition"]


def test_a_view_is_in_place() -> None:
    payload = bytearray(encode_unit(1, [DELETE]))
    (view,) = messages(payload)
    payload[14] = 9
    assert (view["order_id"], view.offset, view.length) == (9, 8, 14)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0x0B1D_568F_775B_4005, "631WC4000005"), (0, "000000000000"), (-1, "3W5E11264SGSF")],
)
def test_numbers_are_printed_in_base_36(number: int, text: str) -> None:
    assert base36(number) == text
    assert int(text, 36) == number % 2**64


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (b"", TRUNCATED),
        (encode_unit(1)[:7], TRUNCATED),
        (encode_unit(1, [DELETE])[:-1], TRUNCATED),
        (encode_unit(1) + b"\0", MALFORMED),
        (b"\7" + encode_unit(1)[1:], MALFORMED),
        (encode_unit(1, [b"\1"]), MALFORMED),
        (encode_unit(1, [b"\0\0"]), MALFORMED),
        (encode_unit(1, [b"\x0d" + DELETE[1:13]]), MALFORMED),
        (encode_unit(1, [b"\x0f" + DELETE[1:]]), TRUNCATED),
    ],
    ids=[
        "empty", "short header", "cut", "longer", "no header", "one byte", "none", "short", "outside",
    ],
)  # fmt: skip
def test_what_cannot_be_read_ends_the_iteration_with_its_reason(payload, status: int) -> None:
    unit = messages(payload)
    assert list(unit) == []
    assert unit.status == status


@pytest.mark.parametrize(("count", "status"), [(0, MALFORMED), (1, MALFORMED), (3, TRUNCATED)])
def test_a_count_that_is_not_that_of_the_messages_is_found(count: int, status: int) -> None:
    payload = bytearray(encode_unit(1, [DELETE, DELETE]))
    payload[2] = count
    unit = messages(payload)
    assert len(list(unit)) == min(count, 2)
    assert unit.status == status


def test_unknown_messages_are_passed_over_and_counted() -> None:
    unit = messages(encode_unit(1, [b"\5\x77abc", DELETE]))
    assert [view.name for view in unit] == ["delete_order"]
    assert (unit.unknown_count, unit.status) == (1, OK)


def test_units_of_a_server_are_read_one_behind_the_other() -> None:
    stream = b"".join(
        [encode_unit(0, [example("login")], unit=0), encode_unit(0, unit=0), UNIT_OF_TWO]
    )
    found = [(int(unit.header["unit"]), [view.name for view in unit]) for unit in units(stream)]
    assert found == [(0, ["login"]), (0, []), (1, ["add_order_short", "reduce_size_short"])]


def test_a_unit_that_is_cut_ends_the_stream_where_it_begins() -> None:
    stream = UNIT_OF_TWO + UNIT_OF_TWO[:-1]
    whole, cut = units(stream)
    assert (whole.status, cut.status, cut.position) == (OK, TRUNCATED, 50)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, np.frombuffer])
def test_any_buffer_will_do(kind) -> None:
    buffer = np.frombuffer(UNIT_OF_TWO, np.uint8) if kind is np.frombuffer else kind(UNIT_OF_TWO)
    assert len(list(messages(buffer))) == 2
    assert len(list(messages(bytes(buffer) + b"more", 0, len(UNIT_OF_TWO)))) == 2


@settings(max_examples=25)
@given(st.lists(any_message(), max_size=4), st.randoms(use_true_random=False))
def test_bytes_from_outside_never_raise(parts, chance: random.Random) -> None:
    payload = bytearray(encode_unit(1, parts))
    for _ in range(3):
        payload[chance.randrange(len(payload))] = chance.randrange(256)
    cut = bytes(payload[: chance.randrange(len(payload) + 1)])
    for unit in (messages(cut), *units(cut)):
        for view in unit:
            view.to_dict()
        assert unit.status in (OK, TRUNCATED, MALFORMED)


def test_header_is_eight_bytes() -> None:
    assert HEADER.itemsize == 8
