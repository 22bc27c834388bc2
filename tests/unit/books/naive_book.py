"""The book stage once more, slowly and plainly: dictionaries, sorting, no reuse of the kernels.

Also :func:`level` and friends, which make records readably.
"""

import numpy as np

from zerofeed.books import layout as lay
from zerofeed.records import kinds
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, SNAPSHOT
from zerofeed.records.units import UNDEF

__all__ = ["NaiveBook", "batch", "clear", "control", "fields", "level", "naive_apply"]


def level(
    side, price, size, change_id, previous_id=UNDEF, *, action="M", flags=0, instrument=0, ts=1
):
    """Make one LEVEL record."""
    record = np.zeros(1, dtype=RECORD)
    record["kind"] = kinds.LEVEL
    record["side"] = ord(side)
    record["action"] = ord(action)
    record["price"] = price
    record["size"] = size
    record["change_id"] = change_id
    record["prev_change_id"] = previous_id
    record["flags"] = flags
    record["instrument"] = instrument
    record["ts_event_ns"] = ts
    record["ts_recv_ns"] = ts + 1
    return record


def clear(change_id, previous_id=UNDEF, *, flags=0, side="N", instrument=0):
    """Make a LEVEL record that clears."""
    return level(
        side, UNDEF, UNDEF, change_id, previous_id, action="R", flags=flags, instrument=instrument
    )


def control(kind, *, channel=0, instrument=0, action="N"):
    """Make a GAP, RESET or INSTRUMENT record."""
    record = np.zeros(1, dtype=RECORD)
    record["kind"] = kind
    record["instrument"] = instrument
    record["action"] = ord(action)
    record["channel"] = channel
    return record


def batch(*records):
    """Join records into one array."""
    return np.concatenate(records) if records else np.zeros(0, dtype=RECORD)


class NaiveBook:
    """One book, with the state of the kernels' book under readable names."""

    def __init__(self, capacity, depth, rules):
        self.capacity, self.depth, self.rules = capacity, depth, rules
        self.needs_clear = False
        self.forget(lay.DOUBT_NO_SNAPSHOT)

    def forget(self, doubts):
        self.sides = {"B": {}, "A": {}}  # price -> (size, change id); size 0 is a tombstone
        self.horizon = {"B": None, "A": None}
        self.horizon_id = self.change_id = self.base = self.tx_id = self.snap_id = UNDEF
        self.doubts = doubts
        self.tx = self.snap = None  # "apply" | "skip"; "build" | "verify" | "ignore"
        self.equal = {"B": 0, "A": 0}
        self.different = 0

    @property
    def intact(self):
        return not self.doubts & ~lay.DOUBT_GAP

    @staticmethod
    def key(side, price):
        return price if side == "B" else -price

    def ordered(self, side):
        """Prices, best first, tombstones included."""
        return sorted(self.sides[side], key=lambda price: -self.key(side, price))

    def live(self, side):
        return [(p, self.sides[side][p][0]) for p in self.ordered(side) if self.sides[side][p][0]]

    def doubt(self, reason, base):
        self.base = max(self.base, base)
        self.doubts |= reason

    def beyond(self, side, price):
        edge = self.horizon[side]
        return edge is not None and self.key(side, price) <= self.key(side, edge)

    def put(self, side, price, size, change_id):
        """Set a level; a side that is too long loses its worst, for good."""
        self.sides[side][price] = (size, change_id)
        if len(self.sides[side]) > self.capacity:
            worst = self.ordered(side)[-1]
            self.horizon[side] = worst
            self.horizon_id = max(self.horizon_id, self.sides[side].pop(worst)[1])

    def has_seen(self, change_id, previous_id):
        known = self.change_id
        if UNDEF in {known, change_id}:
            return False
        if previous_id == UNDEF:
            return change_id < known
        links = previous_id == known or previous_id < known < change_id
        return not links and previous_id < known

    def open_change(self, change_id, previous_id, fragment):  # noqa: C901
        known = self.change_id
        if self.tx == "apply":
            self.doubt(lay.DOUBT_CHAIN_BREAK, self.tx_id)
        self.tx = "apply"
        if known == UNDEF:
            if not self.intact:
                self.base = max(self.base, previous_id)
        elif self.has_seen(change_id, previous_id):
            self.tx = "skip"
        elif previous_id == UNDEF:
            pass
        elif previous_id > known:
            self.doubt(lay.DOUBT_CHAIN_BREAK, previous_id)
        else:
            self.doubts &= ~lay.DOUBT_GAP
            if change_id < known:
                for levels in self.sides.values():
                    levels.update({price: (size, UNDEF) for price, (size, _) in levels.items()})
                self.base, self.horizon_id = change_id, UNDEF
                if self.snap == "build":
                    self.snap = "ignore"
        if self.tx == "apply":
            if fragment:
                self.doubt(lay.DOUBT_CHAIN_BREAK, change_id)
            if self.snap == "verify":
                self.snap = "ignore"
        self.tx_id = change_id

    def change(self, action, side, price, size, change_id):  # noqa: C901
        if action == "R":
            for cleared in "BA":
                if side not in {"B", "A"} or side == cleared:
                    self.sides[cleared] = {}
                    self.horizon[cleared] = None
            if not self.intact:
                self.base = max(self.base, change_id)
            return
        if action == "N" and price == UNDEF:
            return
        deletes = size == 0 or action == "C"
        if price == UNDEF or side not in {"B", "A"} or (size < 0 and not deletes):
            self.doubt(lay.DOUBT_BAD_LEVEL, change_id)
            return
        if self.beyond(side, price):
            self.horizon_id = max(self.horizon_id, change_id)
            return
        levels = self.sides[side]
        alive = levels.get(price, (0, 0))[0] != 0
        if not alive and self.intact:
            modify = lay.RULE_KNOWN_MODIFY if action == "M" else 0
            if self.rules & (lay.RULE_KNOWN_DELETE if deletes else modify):
                self.doubt(lay.DOUBT_UNKNOWN_LEVEL, change_id)
        if not deletes:
            self.put(side, price, size, change_id)
        elif not self.intact:
            self.put(side, price, 0, change_id)
        elif alive:
            del levels[price]
            if self.horizon[side] is not None and len(levels) < self.depth:
                self.doubt(lay.DOUBT_DEPLETED, change_id)

    def close_change(self):
        mode, self.tx = self.tx, None
        if mode != "apply":
            return False
        if self.tx_id != UNDEF:
            self.change_id = self.tx_id
        self.check_crossed()
        return True

    def check_crossed(self):
        bids, asks = self.ordered("B"), self.ordered("A")
        if not self.intact or not bids or not asks or self.rules & lay.RULE_ALLOW_CROSSED:
            return
        locked_too = not self.rules & lay.RULE_ALLOW_LOCKED
        if bids[0] > asks[0] or (locked_too and bids[0] == asks[0]):
            self.doubt(lay.DOUBT_CROSSED, self.change_id)

    def open_snapshot(self, action, snapshot_id):  # noqa: C901 - as many cases as the rules have
        if action == "R" and self.rules & lay.RULE_SNAPSHOT_REPLACES:
            self.forget(lay.DOUBT_NO_SNAPSHOT)
        open_id = self.tx_id if self.tx == "apply" else UNDEF
        if (self.needs_clear or self.rules & lay.RULE_CLEAR_FIRST) and action != "R":
            self.snap = "ignore"
        elif UNDEF in {snapshot_id, self.change_id}:
            self.snap = "build"
        elif not self.intact:
            self.snap = "build" if snapshot_id >= self.base else "ignore"
        elif snapshot_id > self.change_id:
            self.snap = "build" if open_id <= snapshot_id else "ignore"
        elif snapshot_id == self.change_id and open_id == UNDEF:
            self.snap = "verify"
        else:
            self.snap = "ignore"
        if action == "R":
            self.needs_clear = False
        self.snap_id = snapshot_id
        self.equal = {"B": 0, "A": 0}
        self.different = 0
        if self.snap != "build":
            return
        self.doubts = (self.doubts | lay.DOUBT_NO_SNAPSHOT) & ~lay.DOUBT_GAP
        for side, levels in self.sides.items():
            newer = {p: v for p, v in levels.items() if v[1] > snapshot_id != UNDEF}
            self.sides[side] = newer
        if snapshot_id == UNDEF:
            self.change_id = self.horizon_id = UNDEF
        else:
            self.change_id = max(self.change_id, snapshot_id)
            if self.tx == "apply" and self.tx_id <= snapshot_id:
                self.tx = "skip"
        self.base = snapshot_id
        if self.horizon_id <= snapshot_id:
            self.horizon = {"B": None, "A": None}
            self.horizon_id = UNDEF

    def snapshot(self, action, side, price, size):
        if self.snap == "ignore" or action == "R" or (action == "N" and price == UNDEF):
            return
        if price == UNDEF or side not in {"B", "A"} or size < 0:
            self.different += 1
        elif size == 0 or action == "C":
            return
        elif self.beyond(side, price):
            if self.snap == "build":
                self.horizon_id = max(self.horizon_id, self.snap_id)
        elif self.snap == "verify":
            if self.sides[side].get(price, (0, 0))[0] == size:
                self.equal[side] += 1
            else:
                self.different += 1
        elif self.sides[side].get(price, (0, UNDEF))[1] <= self.snap_id:
            self.put(side, price, size, self.snap_id)

    def close_snapshot(self):
        mode, self.snap = self.snap, None
        self.needs_clear = False
        before = self.doubts
        if mode == "ignore":
            return False
        if mode == "verify":
            counts = {side: len(levels) for side, levels in self.sides.items()}
            if self.different or counts != self.equal:
                self.doubt(lay.DOUBT_SNAPSHOT_DIFFERS, self.snap_id)
            else:
                self.doubts &= ~lay.DOUBT_GAP
            return self.doubts != before and self.tx != "apply"
        if self.different:
            self.doubts |= lay.DOUBT_BAD_LEVEL
        elif self.base <= self.snap_id:
            self.doubts &= lay.DOUBT_GAP
            for side, levels in self.sides.items():
                self.sides[side] = {price: v for price, v in levels.items() if v[0]}
                if self.horizon[side] is not None and len(self.sides[side]) < self.depth:
                    self.doubt(lay.DOUBT_DEPLETED, self.change_id)
            if self.tx != "apply":
                self.check_crossed()
        return self.tx != "apply"

    def take_change(self, record, state):
        """Use a record; True when it closed a transaction that was applied."""
        action, side, price, size, change_id, previous_id = fields(record)
        if self.tx is None or self.tx_id != change_id:
            if self.tx == "apply" and self.has_seen(change_id, previous_id):
                return False
            fragment, state["fragment"] = state.get("fragment", False), False
            self.open_change(change_id, previous_id, fragment)
        if self.tx == "apply":
            self.change(action, side, price, size, change_id)
        return bool(record["flags"] & LAST) and self.close_change()

    def take_snapshot(self, record, _state):
        """Use a record; True when it closed a snapshot that changed something."""
        action, side, price, size, change_id, _ = fields(record)
        if self.snap is None or action == "R" or self.snap_id != change_id:
            self.open_snapshot(action, change_id)
        self.snapshot(action, side, price, size)
        return bool(record["flags"] & LAST) and self.close_snapshot()

    def gap(self):
        if self.tx == "apply":
            self.doubt(lay.DOUBT_CHAIN_BREAK, self.tx_id)
        self.doubts |= lay.DOUBT_GAP
        self.snap = "ignore" if self.snap else None
        self.needs_clear = True

    def best(self):
        bid = (self.live("B") or [(UNDEF, UNDEF)])[0]
        ask = (self.live("A") or [(UNDEF, UNDEF)])[0]
        return (*bid, *ask)


def naive_apply(books, records, state, rules=0):
    """Apply records to naive books; GAP and RESET concern every book that was used.

    Args:
        books: list of NaiveBook.
        records: RECORD array; flags are set as the kernel should set them.
        state: dict that carries marks from call to call.
        rules: as given to the books.

    Returns:
        List of (instrument, best, in doubt) for each BBO record.
    """
    out = []
    for record in records:
        kind = int(record["kind"])
        if kind == kinds.GAP:
            state["fragment"] = bool(rules & lay.RULE_SPANS_FRAMES)
            state["lost"] = True
            for book in books[: state.get("used", 0)]:
                book.gap()
        elif kind == kinds.RESET:
            state["lost"] = True
            for book in books[: state.get("used", 0)]:
                book.forget(lay.DOUBT_NO_SNAPSHOT | lay.DOUBT_RESET)
                book.needs_clear = True
        elif kind == kinds.LEVEL:
            instrument = int(record["instrument"])
            for unused in books[state.get("used", 0) : instrument + 1]:
                unused.needs_clear |= state.get("lost", False)
            state["used"] = max(state.get("used", 0), instrument + 1)
            book = books[instrument]
            take = book.take_snapshot if record["flags"] & SNAPSHOT else book.take_change
            finished = take(record, state)
            if book.doubts and not (record["flags"] & SNAPSHOT and book.snap == "build"):
                record["flags"] |= MAYBE_BAD_BOOK
            if finished:
                out.append((instrument, book.best(), bool(book.doubts)))
    return out


def fields(record):
    """Read a LEVEL record's action, side, price, size, change id and previous id."""
    numbers = (int(record[n]) for n in ("price", "size", "change_id", "prev_change_id"))
    return chr(record["action"]), chr(record["side"]), *numbers
