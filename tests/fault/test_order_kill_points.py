"""The worker killed at each named point, with books of orders: a successor goes on exactly where it was."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fault.test_kill_points import BURST, POINTS, SCRAMBLED, Rig
from tests.unit.runtime.order_messages import OrderFlow
from tests.unit.runtime.venue_packets import Packets, comparable, fed
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import layout
from zerofeed.books.orders._log_kernels import COUNT
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

pytestmark = pytest.mark.compiled

ORDERS = 1 << 12
ENTRY = 5


class OrderRig(Rig):
    """A feed with books of orders."""

    def __init__(self, protocol: str) -> None:
        super().__init__(protocol, orders=ORDERS)

    def spoil_books(self, books: np.ndarray, undo: np.ndarray) -> None:
        """Leave what a kill in the middle leaves: half of the changes made, and the last of them half way."""
        entries = undo[16 : 16 + ENTRY * int(undo[COUNT])].reshape(-1, ENTRY)
        half = len(entries) // 2
        for at, *words in entries[half:][::-1].tolist():
            books[at : at + len(words)] = words
        undo[COUNT] = half
        for at in entries[:half, 0].tolist():
            books[at : at + ENTRY - 1] = SCRAMBLED


def packets_of(payloads: list[bytes]) -> Packets:
    lengths = np.array([len(each) for each in payloads])
    data = np.frombuffer(b"".join(payloads), np.uint8)
    return Packets(data, np.cumsum(lengths) - lengths, lengths, np.zeros(len(payloads), np.int64))


def assert_is_as_if_nothing_happened(rig: Rig, packets: Packets) -> None:
    """Compare records and every word of the books with those of a decoder that never died."""
    truth = OfflineFeed(
        rig.protocol.name, instruments=512, book_levels=64, orders=ORDERS,
        book_depth=rig.config.memory.book_depth,
    )  # fmt: skip
    expected = fed(truth, packets)
    records = rig.records
    assert np.array_equal(records["seq"], np.arange(len(records)))
    # Times of arrival differ, and with them the day that ITCH's and PITCH's times belong to.
    for name in (
        "kind",
        "instrument",
        "side",
        "action",
        "flags",
        "price",
        "size",
        "order_id",
        "priority",
    ):
        assert np.array_equal(comparable(records)[name], comparable(expected)[name]), name
    ours, theirs = rig.stage.books.copy(), truth.books.words.copy()
    for words in (ours, theirs):
        words[layout.H_PATH : layout.HEADER_WORDS] = 0
        heads = words[layout.HEADS_AT : layout.HEADS_AT + 512 * layout.HEAD_WORDS]
        heads.reshape(512, layout.HEAD_WORDS)[:, [layout.B_DIRTY, layout.B_TS_EVENT_NS]] = 0
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("protocol", ["itch50-mold", "pitch"])
@pytest.mark.parametrize("point", POINTS)
def test_a_successor_goes_on_exactly_from_every_point(protocol: str, point: str) -> None:
    packets = packets_of(OrderFlow(protocol, seed=len(point)).packets(240))
    rig = OrderRig(protocol)
    try:
        for first in range(0, len(packets), BURST):
            rig.send(packets.chosen(slice(first, first + BURST)))
            rig.work_until(point, frame=first // BURST)
            rig.take_over(times=1 + first // BURST % 2)
            rig.catch_up(1)
        assert_is_as_if_nothing_happened(rig, packets)
        assert_rows_are_those_of_the_books(rig)
    finally:
        rig.close()


def assert_rows_are_those_of_the_books(rig: Rig) -> None:
    books = L3Books(rig.stage.books)
    rows = books.table()
    published = rig.memory.book_words.view(rows.dtype)
    known = [row for row in range(len(books)) if books[row].is_used]
    assert len(known) >= 6
    for row in known:
        for name in ("bids", "asks", "bid_orders", "ask_orders", "n_bids", "n_asks", "flags"):
            assert published[row][name].tolist() == rows[row][name].tolist()
