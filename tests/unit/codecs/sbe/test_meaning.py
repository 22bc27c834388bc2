"""The words of a dialect's literal."""

from __future__ import annotations

from zerofeed.codecs.sbe import meaning as m
from zerofeed.records.kinds import ASK, BID, LEVEL

__all__: list[str] = []


def test_levels_are_two_emits_that_differ_in_rows_and_side() -> None:
    price, size = m.Price("p", -2), m.Size("q")
    bids, asks = m.levels(
        price=price, size=size, time=m.Time("t", "us"), asks="offers", change_id=m.Whole("u"),
        previous=m.Whole("pu"), flags=3,
    )  # fmt: skip
    assert (bids.rows, bids.side, asks.rows, asks.side) == ("bids", BID, "offers", ASK)
    for each in (bids, asks):
        assert (each.kind, each.flags, each.time) == (LEVEL, 3, m.Time("t", "us"))
        assert each.body == {
            "price": price, "size": size, "change_id": m.Whole("u"), "prev_change_id": m.Whole("pu")
        }  # fmt: skip


def test_levels_without_ids_leave_them_undefined() -> None:
    bids, _ = m.levels(price=m.Price("p"), size=m.Size("q"), time=None)
    assert set(bids.body) == {"price", "size"}
