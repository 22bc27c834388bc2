"""Messages one behind the other make the records that a feed makes of them, but for its books."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.unit.codecs.cme.venue import END, book, definition, entry, message, packet
from tests.unit.runtime.wire_packets import Sent
from zerofeed.codecs.cme.decoder import CmeDecoder
from zerofeed.records.flags import LAST
from zerofeed.records.kinds import BBO

__all__: list[str] = []


def raw_of(*messages: bytes) -> np.ndarray:
    return np.frombuffer(b"".join(messages), np.uint8)


def stream(count: int) -> list[bytes]:
    chance = random.Random(9)
    rpt = dict.fromkeys(range(1, 9), 0)
    made = []
    for _ in range(count):
        entries = []
        for _ in range(chance.randrange(1, 4)):
            key = chance.choice(list(rpt))
            rpt[key] += chance.choice([1, 1, 1, 2])
            kind = chance.choice(["Bid", "Offer", "ImpliedBid"])
            action = chance.choice(["New", "Change"])
            entries.append(
                entry(chance.randrange(50, 60), 3, rpt[key], kind=kind, action=action, security=key)
            )
        made.append(book(*entries, ends=chance.choice([END, set()])))
    return made


# A feed writes records by attribute, which only compiled code can.
@pytest.mark.compiled
def test_records_are_those_of_a_feed_without_what_its_books_add() -> None:
    messages = stream(200)
    ours = CmeDecoder(instruments=64).decode(raw_of(*messages))[0].copy()
    sent = Sent("cme-mdp3")
    theirs = np.concatenate(
        [sent(packet(seq, each), ts_ns=5) for seq, each in enumerate(messages, 1)]
    )
    theirs = theirs[theirs["kind"] != BBO]
    assert len(ours) == len(theirs)
    for name in ("instrument", "kind", "side", "action", "price", "size"):
        assert np.array_equal(ours[name], theirs[name]), name
    assert np.array_equal(ours["flags"] & LAST, theirs["flags"] & LAST)


def test_messages_without_a_kernel_are_passed_over_and_a_cut_one_waits() -> None:
    decoder = CmeDecoder(instruments=16)
    good = book(entry(1, 1, 1))
    raw = raw_of(definition(), good, message("AdminHeartbeat12"), good[:-1])
    records, taken = decoder.decode(raw)
    assert len(records) == 1
    assert taken == len(raw) - len(good) + 1
    assert (decoder.messages, decoder.passed) == (1, 2)


def test_an_entry_that_names_a_place_alone_is_passed_over_with_those_behind_it() -> None:
    decoder = CmeDecoder(instruments=16)
    raw = raw_of(book(entry(1, 1, 1), entry(None, 0, 2, action="DeleteFrom"), entry(2, 1, 3)))
    records, _ = decoder.decode(raw)
    assert len(records) == 1
    assert records["flags"][0] & LAST
    assert decoder.passed == 1


def test_the_room_ends_before_a_message_that_may_not_find_any() -> None:
    decoder = CmeDecoder(instruments=16, records=8)
    good = book(entry(1, 1, 1), entry(2, 1, 2, kind="Offer"))
    records, taken = decoder.decode(raw_of(good, good, good, good))
    assert 0 < taken < 4 * len(good)
    assert taken % len(good) == 0
    assert len(records) == 2 * taken // len(good)
