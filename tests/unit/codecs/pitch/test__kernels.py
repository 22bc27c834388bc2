"""Units become the oracle's records, whatever is in them, and lies end where they begin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.pitch.harness import MIDNIGHT_NS, Codec
from tests.unit.codecs.pitch.naive import SHORTEST, BadMessageError, NaivePitch, blocks
from tests.unit.codecs.pitch.strategies import messages
from tests.unit.codecs.pitch.vectors import EXAMPLES, UNIT_OF_TWO, example
from zerofeed.base.status import BUFFER_FULL, MALFORMED, OK, TRUNCATED, UNKNOWN_TEMPLATE
from zerofeed.codecs._equity_kernels import NEXT, REFUSED, ROW, SLOT
from zerofeed.codecs.pitch._kernels import (
    BODY_BEGIN,
    BODY_END,
    COUNT,
    HEADER_WORDS,
    SECOND,
    SEQ,
    UNIT,
    UNIX_SECOND,
    read_header,
)
from zerofeed.codecs.pitch.encoder import encode_unit
from zerofeed.codecs.pitch.messages import PITCH_MESSAGES

__all__: list[str] = []

ADD = example("add_order_long")


def header_of(payload: bytes):
    """Status and words of a unit's header."""
    words = np.zeros(HEADER_WORDS, np.int64)
    return read_header(np.frombuffer(payload, np.uint8), 0, len(payload), words), words


def said_by(oracle: NaivePitch, parts, recv: int = 5):
    """What the oracle makes of messages, up to the first that cannot be used."""
    found = []
    try:
        for each in parts:
            found += oracle.message(each, recv)
    except BadMessageError:
        pass
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_of_the_specification_becomes_the_oracle_s_records(name: str) -> None:
    codec, oracle = Codec(), NaivePitch(MIDNIGHT_NS)
    assert codec.packet(encode_unit(1, [example(name)])) == said_by(oracle, [example(name)])
    assert codec.codes[0] >= 0


@settings(max_examples=15)
@given(st.lists(st.lists(messages(), max_size=8), max_size=4))
def test_units_become_the_oracle_s_records(packets) -> None:
    codec, oracle = Codec(), NaivePitch(MIDNIGHT_NS)
    for recv, parts in enumerate(packets):
        assert codec.packet(encode_unit(1, parts), recv) == said_by(oracle, parts, recv)
    rows = {each.index: each for each in codec.instruments}
    for symbol, known in oracle.securities.items():
        kind, name, base, strike, expiry = known.announced
        row = rows[known.row]
        assert (row.symbol.encode(), row.base.encode()) == (name, base), symbol
        told = (
            row.kind if row.option_type is None else f"option {row.option_type[0].upper()}".encode()
        )
        assert told == kind
        assert (row.strike_price is None) == (strike < 0)
        assert strike < 0 or row.strike_price * 10_000 == strike
        assert row.expiry_ns == (None if expiry < 0 else expiry)


@settings(max_examples=15)
@given(st.lists(messages(), min_size=1, max_size=4), st.data())
def test_a_message_shorter_than_its_type_ends_its_unit(parts, data) -> None:
    place = data.draw(st.integers(0, len(parts) - 1))
    cut = data.draw(st.integers(2, len(parts[place])))
    parts[place] = bytes([cut]) + parts[place][1:cut]
    codec, oracle = Codec(), NaivePitch(MIDNIGHT_NS)
    assert codec.packet(encode_unit(1, parts)) == said_by(oracle, parts)


@pytest.mark.slow
@settings(max_examples=150)
@given(st.lists(messages(), max_size=5), st.data())
def test_lies_about_lengths_and_counts_are_found_and_nothing_is_read_outside(parts, data) -> None:
    """Also with ZEROFEED_BOUNDS_CHECK=1, where reading outside raises."""
    payload = bytearray(encode_unit(1, parts))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    payload[3] = 1
    payload = payload[: data.draw(st.integers(0, len(payload)))]
    codec, oracle = Codec(), NaivePitch(MIDNIGHT_NS)
    code, _ = header_of(bytes(payload))
    assert code in (OK, TRUNCATED, MALFORMED)
    expected = said_by(oracle, blocks(bytes(payload[8:]))) if code == OK else []
    assert codec.packet(bytes(payload)) == expected


def test_header_is_read_field_by_field() -> None:
    code, words = header_of(UNIT_OF_TWO)
    assert code == OK
    assert words[[UNIT, SEQ, COUNT, BODY_BEGIN, BODY_END]].tolist() == [1, 1, 2, 8, 50]
    _, words = header_of(encode_unit(2**32 - 1, unit=255))
    assert words[[UNIT, SEQ, COUNT]].tolist() == [255, 2**32 - 1, 0]


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (b"", TRUNCATED),
        (encode_unit(1)[:7], TRUNCATED),
        (UNIT_OF_TWO[:-1], TRUNCATED),
        (UNIT_OF_TWO + b"\0", MALFORMED),
        (b"\x31" + UNIT_OF_TWO[1:], MALFORMED),
        (UNIT_OF_TWO[:2] + b"\1" + UNIT_OF_TWO[3:], MALFORMED),
        (UNIT_OF_TWO[:2] + b"\3" + UNIT_OF_TWO[3:], MALFORMED),
        (encode_unit(1, [b"\1"]), MALFORMED),
        (encode_unit(1, [b"\0", b"\0"]), MALFORMED),
    ],
    ids=["empty", "short", "cut", "longer", "printed", "fewer", "more", "one byte", "no bytes"],
)
def test_unit_that_contradicts_its_header_is_refused(payload: bytes, status: int) -> None:
    assert header_of(payload)[0] == status


def test_unknown_message_is_stepped_over_by_its_length() -> None:
    codec = Codec()
    assert len(codec.packet(encode_unit(1, [b"\5\x77abc", ADD]))) == 2
    assert codec.codes == [UNKNOWN_TEMPLATE, 2]


@pytest.mark.parametrize("code", SHORTEST, ids=hex)
def test_each_type_has_its_slot_and_its_shortest_length(code: int) -> None:
    codec = Codec()
    length = SHORTEST[code]
    codec.packet(encode_unit(1, [bytes([length, code]) + bytes(length - 2)]))
    names = [each.name for each in PITCH_MESSAGES]
    assert names[codec.result[SLOT]] == PITCH_MESSAGES.by_code[code].name
    assert codec.codes[0] >= 0
    if length > 2:
        codec.packet(encode_unit(1, [bytes([length - 1, code]) + bytes(length - 3)]))
        assert codec.codes[-1] == MALFORMED


def test_no_other_type_is_known() -> None:
    codec = Codec()
    others = [code for code in range(256) if code not in SHORTEST]
    codec.packet(encode_unit(1, [bytes([60, code]) + bytes(58) for code in others]))
    assert codec.codes == [UNKNOWN_TEMPLATE] * len(others)


def test_time_messages_say_the_second_and_make_no_record() -> None:
    codec = Codec()
    seconds = []
    for name in ("time", "time with its epoch", "time_reference"):
        assert codec.packet(encode_unit(1, [example(name)])) == []
        seconds.append((int(codec.result[SECOND]), int(codec.result[UNIX_SECOND])))
    assert seconds == [(34_200, 0), (34_200, 1_614_090_600), (57_600, 1_614_114_000)]
    codec.packet(UNIT_OF_TWO)
    assert (codec.result[SECOND], codec.result[UNIX_SECOND]) == (-1, 0)


def test_without_room_nothing_is_changed_and_the_message_comes_again() -> None:
    codec = Codec()
    data = np.frombuffer(encode_unit(1, [ADD]), np.uint8)
    assert codec.at(data, 8, len(data), 5, limit=2) == BUFFER_FULL
    assert (codec.result[NEXT], len(codec.instruments)) == (8, 1)
    assert codec.at(data, 8, len(data), 5, limit=3) == 2


def test_a_message_outside_the_packet_is_truncated() -> None:
    codec = Codec()
    data = np.frombuffer(encode_unit(1, [ADD]), np.uint8)
    assert codec.at(data, 8, 9, 5) == TRUNCATED
    assert codec.at(data, 8, len(data) - 1, 5) == TRUNCATED


def test_a_security_that_finds_the_table_full_is_refused() -> None:
    codec = Codec(instruments=2)
    codec.packet(encode_unit(1, [ADD]))
    assert codec.packet(encode_unit(2, [ADD.replace(b"ZVZZT", b"OTHER")])) == []
    assert (codec.result[REFUSED], codec.result[ROW] < 0, codec.codes[-1]) == (1, True, 0)
