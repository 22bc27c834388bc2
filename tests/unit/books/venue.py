"""A venue that knows the truth, and an unreliable way from it to the books."""

from random import Random

import numpy as np

from tests.unit.books.naive_book import clear, control, level
from zerofeed.records import kinds
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.units import UNDEF

__all__ = ["Venue", "WindowVenue", "deliver"]


class Venue:
    """Makes transactions of one instrument and remembers the book after each.

    Args:
        random: where all choices come from.
        prices: bids are below ``prices``, asks at or above it, as far away again.
        instrument: of the records.
    """

    def __init__(self, random: Random, prices: int = 12, instrument: int = 0) -> None:
        self.random, self.prices, self.instrument = random, prices, instrument
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.change_id = 100
        self.truth = {100: self.picture()}

    def picture(self):
        """The book now: bids and asks, best first, as lists of (price, size)."""
        return (sorted(self.bids.items(), reverse=True), sorted(self.asks.items()))

    def transaction(self):
        """Change one to four levels; a list of LEVEL records, the last one marked."""
        previous, self.change_id = self.change_id, self.change_id + self.random.randint(1, 5)
        records = []
        for _ in range(self.random.randint(1, 4)):
            is_bid = self.random.random() < 0.5
            levels = self.bids if is_bid else self.asks
            if levels and self.random.random() < 0.45:
                price, size, action = self.random.choice(sorted(levels)), 0, "C"
                del levels[price]
            else:
                away = self.random.randrange(self.prices)
                price = self.prices - 1 - away if is_bid else self.prices + away
                size = self.random.randint(1, 9)
                action = "M" if price in levels else "A"
                levels[price] = size
            records.append(self._level("B" if is_bid else "A", price, size, action, previous))
        records[-1]["flags"] = LAST
        self.truth[self.change_id] = self.picture()
        return records

    def snapshot(self, change_id=None, *, by_price=False):
        """Tell the book as of a past or the present change id; begins with a clear."""
        change_id = self.change_id if change_id is None else change_id
        bids, asks = self.truth[change_id]
        records = [clear(change_id, flags=SNAPSHOT, instrument=self.instrument)]
        records += [self._piece("B", *entry, change_id) for entry in bids]
        records += [self._piece("A", *entry, change_id) for entry in asks]
        if not by_price:
            rest = records[1:]
            self.random.shuffle(rest)
            records[1:] = rest
        records[-1]["flags"] |= LAST
        return records

    def _level(self, side, price, size, action, previous):
        return level(
            side, price, size, self.change_id, previous, action=action, instrument=self.instrument
        )

    def _piece(self, side, price, size, change_id):
        return level(
            side, price, size, change_id, UNDEF, action="A", flags=SNAPSHOT,
            instrument=self.instrument,
        )  # fmt: skip


class WindowVenue:
    """Shows the best levels of one instrument only, without ids, as Kraken does.

    What falls behind the window is not deleted for the receiver; what comes back into it is sent again.

    Args:
        random: where all choices come from.
        window: levels a side that are shown.
        prices: bids are below ``prices``, asks at or above it, as far away again.
    """

    def __init__(self, random: Random, window: int, prices: int = 40) -> None:
        self.random, self.window, self.prices = random, window, prices
        self.sides: dict[str, dict[int, int]] = {"B": {}, "A": {}}

    def view(self):
        """What the receiver should have: bids and asks, best first."""
        bids = sorted(self.sides["B"].items(), reverse=True)
        return (bids[: self.window], sorted(self.sides["A"].items())[: self.window])

    def transaction(self):
        """Change one to six levels; the records that tell of it, perhaps none."""
        before = self.view()
        for _ in range(self.random.randint(1, 6)):
            side = self.random.choice("BA")
            away = self.random.randrange(self.prices)
            price = self.prices - 1 - away if side == "B" else self.prices + away
            size = self.random.choice([0, 0, 1, 2, 3])
            self.sides[side][price] = size
            if size == 0:
                del self.sides[side][price]
        records = []
        for side, old, new in zip("BA", map(dict, before), map(dict, self.view()), strict=True):
            gone = [price for price in old if price not in self.sides[side]]
            told = [(price, size) for price, size in new.items() if old.get(price) != size]
            records += [level(side, price, 0, UNDEF, action="C") for price in gone]
            records += [level(side, price, size, UNDEF) for price, size in told]
        self.random.shuffle(records)
        if records:
            records[-1]["flags"] = LAST
        return records

    def snapshot(self):
        """Tell the view as a snapshot."""
        bids, asks = self.view()
        records = [clear(UNDEF, flags=SNAPSHOT)]
        records += [level("B", *entry, UNDEF, flags=SNAPSHOT) for entry in bids]
        records += [level("A", *entry, UNDEF, flags=SNAPSHOT) for entry in asks]
        records[-1]["flags"] |= LAST
        return records


def deliver(random: Random, changes, snapshots, *, losses: bool, repeats: bool):
    """Weave a stream of changes and a stream of snapshots together as a network might.

    Each stream keeps its own order; records of both alternate at random. With ``losses``, now
    and then a few records of one stream are missing and a GAP record of its channel, 1 or 2,
    stands in their place. With ``repeats``, a few records come twice.

    Returns:
        A list of records.
    """
    streams = [(1, [r for group in changes for r in group]), (2, [r for g in snapshots for r in g])]
    places = [0, 0]
    out = []
    while any(places[i] < len(streams[i][1]) for i in (0, 1)):
        which = random.randrange(2)
        channel, stream = streams[which]
        run = stream[places[which] : places[which] + random.randint(1, 6)]
        places[which] += len(run)
        chance = random.random()
        if not run:
            continue
        if losses and chance < 0.08:
            out.append(control(kinds.GAP, channel=channel))
            continue
        out += run
        if repeats and chance > 0.9 and which == 0:
            out += run
    return [np.copy(record) for record in out]
