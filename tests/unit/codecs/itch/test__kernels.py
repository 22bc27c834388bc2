"""The loop over messages behind their lengths stops where it must, and counts what it passes over."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.itch.harness import EXAMPLES, MIDNIGHT_NS, messages, rows_of
from tests.unit.codecs.itch.naive import BadMessageError, NaiveItch
from zerofeed.base.status import BUFFER_FULL, OK, TRUNCATED
from zerofeed.codecs.framing.blocks import encode_blocks
from zerofeed.codecs.itch.decoder import ItchDecoder
from zerofeed.codecs.itch.encoder import encode_message

__all__: list[str] = []

DAY = date(2019, 1, 30)
EVENT = encode_message("S", event_code="O")


def new_decoder(records: int = 256) -> ItchDecoder:
    return ItchDecoder(DAY, instruments=64, records=records)


@settings(max_examples=EXAMPLES)
@given(st.lists(messages() | st.binary(min_size=1, max_size=30), max_size=20), st.booleans())
def test_a_stream_becomes_what_the_oracle_makes_of_its_messages(stream, is_zeroed) -> None:
    if is_zeroed:
        # There a length can only be that of the type.
        stream = [each for each in stream if len(each) > 30 or each[:1] in b"SDW"]
        stream = [each for each in stream if _is_exact(each)]
    decoder, naive, expected = new_decoder(), NaiveItch(midnight_ns=MIDNIGHT_NS), []
    unknown = malformed = 0
    for message in stream:
        try:
            expected += naive.message(message, 5)
        except BadMessageError:
            malformed += 1
        except KeyError:
            unknown += 1
    data = encode_blocks(stream, is_zeroed=is_zeroed)
    records, place = decoder.decode(data, ts_recv_ns=5)
    assert rows_of(records) == expected
    assert (place, decoder.stopped_by) == (len(data), OK)
    counters = decoder.counters()
    assert (counters["unknown"], counters["malformed"]) == (unknown, malformed)
    assert counters["messages"] == sum(naive.messages.values())
    assert records["seq"].tolist() == list(range(len(records)))


def _is_exact(message: bytes) -> bool:
    from tests.unit.codecs.itch.naive import LENGTHS

    return LENGTHS.get(message[:1].decode("latin-1")) == len(message)


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_without_reading_outside(noise: bytes) -> None:
    decoder = new_decoder()
    place = -1
    while decoder.stopped_by == BUFFER_FULL or place < 0:
        _, place = decoder.decode(noise, max(place, 0))
    assert 0 <= place <= len(noise)
    assert (place == len(noise)) is (decoder.stopped_by == OK)


@settings(max_examples=EXAMPLES)
@given(messages(), st.data())
def test_a_message_that_is_cut_ends_the_stream_in_front_of_it(message: bytes, data) -> None:
    whole = encode_blocks([EVENT, message])
    kept = data.draw(st.integers(len(EVENT) + 3, len(whole) - 1))
    decoder = new_decoder()
    _, place = decoder.decode(whole[:kept])
    assert (place, decoder.stopped_by) == (len(EVENT) + 2, TRUNCATED)


@pytest.mark.parametrize("records", [3, 4, 7])
def test_a_stream_goes_on_where_the_room_ended(records: int) -> None:
    add = {"shares": 1, "price": 1, "buy_sell_indicator": "B"}
    stream = [
        encode_message("A", stock_locate=n, stock=f"S{n}", order_reference_number=n, **add)
        for n in range(1, 30)
    ]
    data = encode_blocks(stream)
    at_once = new_decoder().decode(data)[0].copy()
    parts = [rows_of(part) for part in new_decoder(records).batches(data)]
    assert [row for part in parts for row in part] == rows_of(at_once)


def test_a_length_of_0_at_the_end_ends_a_file() -> None:
    decoder = new_decoder()
    data = encode_blocks([EVENT]) + b"\0\0"
    assert decoder.decode(data)[1] == len(data)
    assert decoder.stopped_by == OK


def test_an_unknown_type_behind_a_length_of_0_cannot_be_passed_over() -> None:
    decoder = new_decoder()
    assert decoder.decode(b"\0\0zzzz")[1] == 0
    assert decoder.stopped_by == TRUNCATED
