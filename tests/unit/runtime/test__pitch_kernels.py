"""A unit goes through sequence and decoder in this order, and its outcome is counted."""

from __future__ import annotations

import random
from datetime import date

import pytest

from tests.unit.codecs.pitch.vectors import UNIT_OF_TWO, example
from tests.unit.runtime.wire_packets import Sent, done_twice, kinds_of
from zerofeed.codecs.pitch.encoder import encode_message, encode_unit
from zerofeed.records import kinds
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.units import UNDEF

__all__: list[str] = []

# Records have attributes in compiled code alone.
pytestmark = pytest.mark.compiled

DELETE = example("delete_order")
ADD = example("add_order_long")
HALF_PAST_NINE_NS = 1_614_090_600 * 10**9
"""9:30 in New York on 2021-02-23."""


def actions(records) -> list[str]:
    """Actions of the orders among records."""
    return [chr(action) for action in records[records["kind"] == kinds.ORDER]["action"]]


def test_messages_are_numbered_and_an_empty_unit_names_the_next() -> None:
    sent = Sent("pitch")
    records = sent(encode_unit(1), encode_unit(1, [DELETE, DELETE]), encode_unit(3))
    assert actions(records) == ["R", "C", "C"]
    assert (sent.count("gaps"), sent.count("packets_heartbeat"), sent.count("messages")) == (
        0,
        2,
        2,
    )
    sent.assert_every_packet_is_accounted_for()


def test_messages_before_the_first_that_came_are_missing_when_a_heartbeat_said_so() -> None:
    """As in a real capture: heartbeats say 1, and the first message is 3."""
    sent = Sent("pitch")
    records = sent(encode_unit(1), encode_unit(1), encode_unit(3, [DELETE]))
    assert kinds_of(records) == ["gap", "order"]
    assert (records[0]["expected_seq"], records[0]["missing_count"]) == (1, 2)


def test_heartbeats_of_a_unit_that_has_sent_nothing_say_nothing() -> None:
    sent = Sent("pitch")
    records = sent(*[encode_unit(0, unit=2)] * 3, encode_unit(1, [DELETE], unit=2))
    assert kinds_of(records) == ["order", "order"]
    assert (sent.count("gaps"), sent.count("resets"), sent.count("packets_heartbeat")) == (0, 0, 3)
    sent.assert_every_packet_is_accounted_for()


def test_units_have_numbers_of_their_own() -> None:
    sent = Sent("pitch")
    sent(encode_unit(5, [DELETE], unit=1), encode_unit(900, [DELETE], unit=2))
    (gap, _) = sent(encode_unit(8, [DELETE], unit=1))
    assert (gap["channel"], gap["expected_seq"], gap["missing_count"]) == (1, 6, 2)
    assert len(sent(encode_unit(901, [DELETE], unit=2))) == 1


def test_the_beginning_of_a_unit_says_that_its_books_are_empty() -> None:
    sent = Sent("pitch")
    first = sent(encode_unit(1, [DELETE], unit=4))[0]
    assert (first["kind"], chr(first["action"]), first["flags"]) == (
        kinds.ORDER, "R", LAST | SNAPSHOT,
    )  # fmt: skip
    assert (first["instrument"], first["priority"], first["order_id"]) == (0, 4, UNDEF)
    assert actions(sent(encode_unit(2, [DELETE], unit=4))) == ["C"]


def test_numbers_that_begin_anew_are_a_restart_with_empty_books() -> None:
    sent = Sent("pitch")
    sent(encode_unit(50, [DELETE]))
    records = sent(encode_unit(1, [DELETE]))
    assert kinds_of(records) == ["reset", "order", "order"]
    assert actions(records) == ["R", "C"]


def test_the_other_line_s_copies_are_stale_however_they_are_packed() -> None:
    sent = Sent("pitch")
    orders = [
        encode_message("delete_order", time_offset_ns=0, order_id=number) for number in range(10)
    ]
    records = sent(
        encode_unit(5, orders[:4]), encode_unit(5, orders[:2]), encode_unit(7, orders[2:7]),
        encode_unit(9, orders[4:]),
    )  # fmt: skip
    assert records["order_id"].tolist() == list(range(10))
    assert (sent.count("packets_stale"), sent.count("gaps"), sent.count("messages")) == (1, 0, 10)
    sent.assert_every_packet_is_accounted_for()


@pytest.mark.parametrize(
    "payload",
    [b"", UNIT_OF_TWO[:-1], UNIT_OF_TWO + b"\0", b"\x31" + UNIT_OF_TWO[1:]],
    ids=["empty", "cut", "longer", "length"],
)
def test_a_unit_that_contradicts_itself_is_malformed_and_judged_no_further(payload) -> None:
    sent = Sent("pitch")
    assert len(sent(payload)) == 0
    assert sent.count("packets_malformed") == 1
    assert sent.feed.metrics.channels() == []


def test_messages_before_one_that_is_too_short_stand_and_the_rest_is_missing() -> None:
    sent = Sent("pitch")
    short = b"\x0d" + DELETE[1:13]
    records = sent(encode_unit(5, [DELETE, short, DELETE]), encode_unit(8, [DELETE]))
    assert kinds_of(records) == ["order", "gap", "order"]
    assert (records[1]["expected_seq"], records[1]["missing_count"]) == (6, 2)
    sent.assert_every_packet_is_accounted_for()


def test_an_unknown_message_is_counted_and_has_its_number() -> None:
    sent = Sent("pitch")
    sent(encode_unit(5, [b"\5\x77abc", DELETE]), encode_unit(7, [DELETE]))
    assert (sent.count("messages_unknown"), sent.count("gaps")) == (1, 0)


def test_of_what_has_no_number_only_symbol_mappings_are_taken() -> None:
    sent = Sent("pitch")
    records = sent(encode_unit(0, [example("symbol_mapping"), ADD, example("login")]))
    assert kinds_of(records) == ["instrument"]
    assert sent.feed.instruments.row("MSFT  190920C00150000").kind == "option"
    assert (sent.count("messages_unknown"), sent.count("packets_decoded")) == (2, 1)
    assert len(sent(encode_unit(1, [DELETE]))) == 2
    sent.assert_every_packet_is_accounted_for()


# Times


def test_times_count_from_midnight_in_new_york_on_the_day_of_arrival() -> None:
    sent = Sent("pitch")
    (_, order) = sent(encode_unit(1, [example("time"), DELETE]), ts_ns=HALF_PAST_NINE_NS + 10**9)
    assert order["ts_event_ns"] == HALF_PAST_NINE_NS + 447_000
    assert order["ts_recv_ns"] == HALF_PAST_NINE_NS + 10**9


def test_a_time_goes_on_in_the_next_packet_of_its_unit_alone() -> None:
    sent = Sent("pitch")
    sent(encode_unit(5, [example("time")]), ts_ns=HALF_PAST_NINE_NS)
    own, other = sent(
        encode_unit(6, [DELETE]), encode_unit(6, [DELETE], unit=2), ts_ns=HALF_PAST_NINE_NS
    )
    assert own["ts_event_ns"] == HALF_PAST_NINE_NS + 447_000
    assert other["ts_event_ns"] == UNDEF


def test_a_day_that_was_given_holds_whatever_arrivals_say() -> None:
    sent = Sent("pitch", day=date(2021, 2, 23))
    records = sent(encode_unit(1, [example("time"), DELETE]), ts_ns=HALF_PAST_NINE_NS + 10**18)
    assert records[-1]["ts_event_ns"] == HALF_PAST_NINE_NS + 447_000


@pytest.mark.parametrize(
    ("name", "moment_s"),
    [("time with its epoch", 1_614_090_600), ("time_reference", 1_614_114_000)],
)
def test_a_time_that_knows_its_unix_second_needs_no_arrival(name: str, moment_s: int) -> None:
    sent = Sent("pitch")
    records = sent(encode_unit(5, [example(name), DELETE]), ts_ns=0)
    assert records[-1]["ts_event_ns"] == moment_s * 10**9 + 447_000


def test_a_message_of_the_evening_that_comes_after_midnight_is_the_evening_s() -> None:
    sent = Sent("pitch")
    midnight_ns = 1_614_056_400 * 10**9
    late = encode_message("time", time_s=86_399)
    records = sent(encode_unit(5, [late, DELETE]), ts_ns=midnight_ns + 5)
    assert records[-1]["ts_event_ns"] == midnight_ns - 10**9 + 447_000


def test_a_time_in_messages_that_were_seen_is_not_taken_again() -> None:
    sent = Sent("pitch")
    first, second = (encode_message("time", time_s=34_200 + place) for place in range(2))
    sent(encode_unit(5, [first, second]), ts_ns=HALF_PAST_NINE_NS)
    records = sent(encode_unit(5, [first, second, DELETE]), ts_ns=HALF_PAST_NINE_NS)
    assert records["ts_event_ns"].tolist() == [HALF_PAST_NINE_NS + 10**9 + 447_000]


def test_a_packet_that_is_done_again_after_a_kill_makes_the_same_records() -> None:
    names = [
        "time",
        "add_order_long",
        "trading_status",
        "trading_status",
        "symbol_mapping",
        "delete_order",
    ]
    payloads = [encode_unit(1 + place, [example(name)]) for place, name in enumerate(names * 2)]
    payloads.append(encode_unit(50, [DELETE, example("time"), DELETE]))
    payloads.append(encode_unit(1, [DELETE, ADD]))
    once, again = done_twice("pitch", payloads)
    assert once == again
    assert sum(map(len, once)) > 64 * 15


def test_lies_in_units_are_counted_and_none_is_lost() -> None:
    chance = random.Random(7)
    sent = Sent("pitch")
    seq = 1
    for _ in range(300):
        count = chance.randrange(4)
        payload = bytearray(encode_unit(seq, [chance.choice([ADD, DELETE]) for _ in range(count)]))
        seq += count
        if chance.randrange(4) == 0:
            payload[chance.randrange(len(payload))] = chance.randrange(256)
        if chance.randrange(8) == 0:
            payload = payload[: chance.randrange(len(payload) + 1)]
        sent(bytes(payload))
    sent.assert_every_packet_is_accounted_for()
    assert sent.count("packets_malformed") > 10
