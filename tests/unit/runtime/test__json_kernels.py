"""Any bytes, for every JSON venue: nothing is read behind the message, and every packet is counted once.

Messages lie at the very end of their buffer; with ZEROFEED_BOUNDS_CHECK=1 a read behind it raises.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.runtime.venue_packets import joined
from tests.unit.venues.corpus import CORPUS
from tests.unit.venues.venue import CAUSES, US, Venue, encoded, text_of
from zerofeed.records.flags import MAYBE_BAD_BOOK
from zerofeed.records.kinds import BBO, KIND_NAMES
from zerofeed.runtime.json_venues import JSON_VENUES

__all__: list[str] = []

TEXTS = {
    name: [text_of(m) for v in vectors for m in v.messages] for name, vectors in CORPUS.items()
}
FRAGMENTS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud83d", b"null", b"true", b"false",
    b"0", b"-", b"1.5", b"1e999", b"9223372036854775808", b"\x00", b"\xff", b" ", b"\n",
    b'"data"', b'"b"', b'"a"', b'"s"', b'[["1","2"]]', b'"price"', b'"bids"', b'"symbol"',
]  # fmt: skip
PROTOCOLS = [each.name for each in JSON_VENUES]


def assert_counted_once(venue: Venue, packets: int) -> None:
    metrics = venue.feed.metrics
    assert metrics["packets_received"] == packets
    assert sum(metrics[f"packets_{cause}"] for cause in CAUSES) == packets


def process_alone(venue: Venue, packets: list[bytes]) -> int:
    """Process each packet at the end of a buffer of its own, behind bytes that would complete it."""
    records = 0
    for packet in packets:
        data, index = encoded([b'{"e":"trade","data":[', packet])
        for batch in venue.feed.process(data.copy(), index[1:]):
            records += len(batch)
            assert set(batch["kind"].tolist()) <= set(KIND_NAMES)
            assert batch["instrument"].max(initial=0) < len(venue.feed.instruments)
    return records


def mutated(text: bytes, chance: random.Random) -> bytes:
    """A message with a few bits, bytes or parts of it changed, lost, moved or put in."""
    raw = bytearray(text)
    for _ in range(chance.choice([1, 1, 2, 5])):
        if not raw:
            break
        at = chance.randrange(len(raw))
        sort = chance.randrange(6)
        if sort == 0:
            raw[at] ^= 1 << chance.randrange(8)
        elif sort == 1:
            del raw[at : at + chance.randrange(1, 9)]
        elif sort == 2:
            raw[at:at] = chance.choice(FRAGMENTS)
        elif sort == 3:
            raw[at:at] = raw[chance.randrange(len(raw)) :][: chance.randrange(1, 40)]
        elif sort == 4:
            raw[at] = chance.randrange(256)
        else:
            del raw[at:]
    return bytes(raw)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", CORPUS)
def test_changed_messages_do_no_harm(protocol: str) -> None:
    chance = random.Random(protocol)
    venue = Venue(protocol)
    packets = [mutated(chance.choice(TEXTS[protocol]), chance) for _ in range(2000)]
    assert process_alone(venue, packets) > 0
    assert_counted_once(venue, 2000)
    assert venue.feed.metrics["packets_malformed"] > 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=50)
@given(packets=st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_do_no_harm(protocol: str, packets: list[bytes]) -> None:
    venue = Venue(protocol)
    process_alone(venue, packets)
    assert_counted_once(venue, len(packets))


@pytest.mark.parametrize("protocol", CORPUS)
def test_fragments_in_any_order_do_no_harm(protocol: str) -> None:
    chance = random.Random(protocol)
    venue = Venue(protocol)
    packets = [b"".join(chance.choices(FRAGMENTS, k=chance.randrange(12))) for _ in range(100)]
    process_alone(venue, packets)
    assert_counted_once(venue, 100)


@pytest.mark.parametrize("protocol", CORPUS)
def test_a_message_of_another_venue_is_no_message_here_or_does_no_harm(protocol: str) -> None:
    venue = Venue(protocol)
    packets = [text for texts in TEXTS.values() for text in texts]
    process_alone(venue, packets)
    assert_counted_once(venue, len(packets))
    assert venue.feed.metrics["packets_malformed"] == 0


def test_a_message_that_was_cut_off_is_truncated_and_not_read() -> None:
    venue = Venue("binance-spot")
    data, index = encoded([TEXTS["binance-spot"][0]])
    index["orig_length"] += 5
    assert sum(len(batch) for batch in venue.feed.process(data, index)) == 0
    assert venue.counted() == {"truncated": 1}


def test_records_have_the_arrival_of_their_message_and_follow_each_other() -> None:
    venue = Venue("okx")
    data, index = encoded(TEXTS["okx"])
    records = joined(venue.feed.process(data, index))
    assert records["seq"].tolist() == list(range(len(records)))
    assert set(records["ts_recv_ns"].tolist()) <= set(index["ts_ns"].tolist())
    assert (np.diff(records["ts_recv_ns"]) >= 0).all()
    assert np.diff(np.unique(index["ts_ns"])).tolist() == [US] * (len(index) - 1)


@pytest.mark.parametrize("protocol", CORPUS)
def test_batches_of_any_size_give_the_same_records(protocol: str) -> None:
    one, other = Venue(protocol), Venue(protocol)
    whole = one.records(*TEXTS[protocol])
    apart = joined(other.records(text) for text in TEXTS[protocol])
    # Each call here dates its messages from the beginning again.
    whole["ts_recv_ns"] = apart["ts_recv_ns"] = 0
    assert apart.tobytes() == whole.tobytes()


def test_each_transaction_of_a_message_is_followed_by_its_own_best() -> None:
    venue = Venue("okx")
    row = (
        '{"asks":[["%s","1"]],"bids":[["%s","1"]],"seqId":%d,"prevSeqId":-1,"ts":"1","instId":"%s"}'
    )
    rows = ",".join([row % ("11", "10", 5, "A-B"), row % ("21", "20", 5, "C-D")])
    records = venue.records(f'{{"arg":{{"channel":"books"}},"action":"snapshot","data":[{rows}]}}')
    told = [(KIND_NAMES[int(r["kind"])], int(r["instrument"])) for r in records]
    assert told == [
        ("instrument", 1), *[("level", 1)] * 3, ("bbo", 1),
        ("instrument", 2), *[("level", 2)] * 3, ("bbo", 2),
    ]  # fmt: skip
    bests = records[records["kind"] == BBO]
    assert (bests["bid_price"] // 10**8).tolist() == [10, 20]
    assert not (bests["flags"] & MAYBE_BAD_BOOK).any()
