"""Any bytes, for every SBE venue: nothing is read behind the message, and every packet is counted once.

Messages lie at the very end of their buffer; with ZEROFEED_BOUNDS_CHECK=1 a read behind it raises.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.runtime.venue_packets import joined
from tests.unit.venues.sbe_messages import MESSAGES
from tests.unit.venues.venue import CAUSES, Venue, encoded
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.records.kinds import KIND_NAMES
from zerofeed.venues.binance.sbe import SCHEMA as BINANCE

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

NUMBERS = [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF]


def assert_counted_once(venue: Venue, packets: int) -> None:
    metrics = venue.feed.metrics
    assert metrics["packets_received"] == packets
    assert sum(metrics[f"packets_{cause}"] for cause in CAUSES) == packets


def process_alone(venue: Venue, packets: list[bytes]) -> int:
    """Process each packet at the end of a buffer of its own."""
    records = 0
    for packet in packets:
        data, index = encoded([b"\x12\x00", packet])
        for batch in venue.feed.process(data.copy(), index[1:]):
            records += len(batch)
            assert set(batch["kind"].tolist()) <= set(KIND_NAMES)
            assert batch["instrument"].max(initial=0) < len(venue.feed.instruments)
    return records


def mutated(message: bytes, chance: random.Random) -> bytes:
    """A message with a few bytes changed, most often those of its header, counts and lengths."""
    raw = bytearray(message)
    for _ in range(chance.choice([1, 1, 2, 5])):
        at = chance.randrange(len(raw))
        sort = chance.randrange(5)
        if sort == 0:
            raw[chance.randrange(min(len(raw), 8))] = chance.choice(NUMBERS)
        elif sort == 1:
            raw[at] = chance.choice(NUMBERS)
        elif sort == 2:
            raw[at] ^= 1 << chance.randrange(8)
        elif sort == 3:
            del raw[max(1, at) :]
        else:
            raw[at:at] = bytes(chance.choices(NUMBERS, k=chance.randrange(1, 9)))
    return bytes(raw)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", MESSAGES)
def test_changed_messages_do_no_harm(protocol: str) -> None:
    chance = random.Random(protocol)
    venue = Venue(protocol)
    packets = [mutated(chance.choice(MESSAGES[protocol]), chance) for _ in range(3000)]
    assert process_alone(venue, packets) > 0
    assert_counted_once(venue, 3000)
    assert venue.feed.metrics["packets_malformed"] > 0


@pytest.mark.parametrize("protocol", MESSAGES)
@settings(max_examples=50)
@given(packets=st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_do_no_harm(protocol: str, packets: list[bytes]) -> None:
    venue = Venue(protocol)
    process_alone(venue, packets)
    assert_counted_once(venue, len(packets))


@pytest.mark.parametrize("protocol", MESSAGES)
def test_a_message_of_another_venue_does_no_harm(protocol: str) -> None:
    venue = Venue(protocol)
    packets = [message for messages in MESSAGES.values() for message in messages]
    process_alone(venue, packets)
    assert_counted_once(venue, len(packets))


def test_a_message_that_was_cut_off_is_truncated_and_not_read() -> None:
    venue = Venue("binance-sbe")
    data, index = encoded([MESSAGES["binance-sbe"][0]])
    index["orig_length"] += 5
    assert sum(len(batch) for batch in venue.feed.process(data, index)) == 0
    assert venue.counted() == {"truncated": 1}


@pytest.mark.parametrize("protocol", MESSAGES)
def test_batches_of_any_size_give_the_same_records(protocol: str) -> None:
    one, other = Venue(protocol), Venue(protocol)
    whole = one.records(*MESSAGES[protocol])
    apart = joined(other.records(message) for message in MESSAGES[protocol])
    # Each call here dates its messages from the beginning again.
    whole["ts_recv_ns"] = apart["ts_recv_ns"] = 0
    assert apart.tobytes() == whole.tobytes()
    assert whole["seq"].tolist() == list(range(len(whole)))


def test_every_number_that_was_rounded_is_counted() -> None:
    venue = Venue("binance-sbe")
    head = {"eventTime": 1, "qtyExponent": -5, "symbol": "BTCUSDT"}
    best = {"bidQty": 2, "askPrice": 3_000, "askQty": 4, "bookUpdateId": 5}
    for exponent, bid in ((-8, 1), (-9, 10), (-9, 11), (-9, 15)):
        values = {**head, **best, "priceExponent": exponent, "bidPrice": bid}
        venue.records(encode(BINANCE, "BestBidAskStreamEvent", values))
    # Without a definition eight decimals are kept; the last two bids have nine.
    assert venue.feed.metrics["numbers_rounded"] == 2


def test_a_table_of_instruments_that_is_full_refuses_the_next_one() -> None:
    venue = Venue("okx-sbe")
    message = MESSAGES["okx-sbe"][4]
    sent = [message[:8] + n.to_bytes(8, "little") + message[16:] for n in range(40)]
    assert len(venue.records(*sent)) == 31
    assert venue.feed.metrics["instruments_refused"] == 9
    assert venue.feed.metrics["packets_decoded"] == 40
