"""Messages are written as the specification has them, by name or by letter."""

from __future__ import annotations

import pytest

from zerofeed.base.errors import ConfigurationError, SchemaError
from zerofeed.codecs.itch._encode_kernels import ENTRY_WORDS
from zerofeed.codecs.itch.encoder import encode_message, encode_table, text_number
from zerofeed.codecs.itch.messages import ITCH_MESSAGES

__all__: list[str] = []


def test_a_message_is_the_bytes_of_the_specification() -> None:
    message = encode_message(
        "add_order",
        timestamp_ns=0x0000_1F1C_EA1B_4D9B,
        stock_locate=2,
        tracking_number=1,
        order_reference_number=0x14B64,
        buy_sell_indicator="B",
        shares=1000,
        stock="BOB",
        price=53167,
    )
    assert message.hex(" ") == (
        "41 00 02 00 01 1f 1c ea 1b 4d 9b 00 00 00 00 00 01 4b 64 42 00 00 03 e8 42 4f 42 20 20 20 20 "
        "20 00 00 cf af"
    )


def test_a_letter_names_a_message_as_its_name_does() -> None:
    assert encode_message("D", order_reference_number=1) == encode_message(
        "order_delete", order_reference_number=1
    )


@pytest.mark.parametrize("timestamp_ns", [-1, 2**48])
def test_a_time_that_does_not_fit_is_refused(timestamp_ns: int) -> None:
    with pytest.raises(ConfigurationError, match="a time does not fit"):
        encode_message("S", timestamp_ns=timestamp_ns, event_code="O")


def test_what_is_no_message_or_no_field_is_refused() -> None:
    with pytest.raises(SchemaError, match="no such message"):
        encode_message("z")
    with pytest.raises(ConfigurationError, match="no such field"):
        encode_message("D", order_reference_number=1, price=1)


def test_a_text_is_the_number_of_its_bytes() -> None:
    assert text_number("AB", 4).to_bytes(4, "big") == b"AB  "


def test_the_table_of_widths_has_every_field_behind_the_head() -> None:
    table = encode_table().reshape(256, ENTRY_WORDS)
    for message in ITCH_MESSAGES:
        count, *widths = table[message.code].tolist()
        assert widths[:count] == [each.size for each in message.fields[5:]]
    assert (table[[ord("z"), 0]] == 0).all()
