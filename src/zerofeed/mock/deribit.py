"""A simulated exchange in Deribit's multicast format: packets out, and the truth to check against.

``SimulatedDeribit`` is a deterministic machine. It has a seed and is told the time; the same
seed, listings, times and batch sizes give the same bytes. Each call of ``advance`` lets a little
market of index walks, makers and takers run until so many packets are written, in compiled code,
into memory that it owns.

What is like the real venue: frames, templates, versions 2 and 3 mixed, packet numbers for each
channel, the order Trades, Ticker, Book in a packet, tickers that already tell the book after the
packet, change ids that are shared between the instruments of a currency, snapshot cycles on
their own channels, NaN for what an instrument does not have.

What is not: rates of events are per packet and not per second, so a fast demo is a busy day; a
change of a book that is told in several Book messages repeats both change ids (the real
venue's behaviour in that case has not been seen in a capture); nobody can trade with it.

The first packets are one snapshot cycle of every channel: definitions, and books that are still
empty. Then every book opens in one transition from change id 0, so a reader that saw every
packet needs no snapshot, and one that came late gets one within ``snapshot_interval_ns``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from zerofeed.mock._build import build_venue, order_listings
from zerofeed.mock._state import ASK, BATCH_MAX, BID, TRADES_KEPT
from zerofeed.mock._venue_kernels import fill_batch
from zerofeed.mock.instruments import Index, Listing, default_indexes, default_listings

__all__ = ["Batch", "SimulatedDeribit", "TrueBook", "TrueTrade", "destination"]

EVENT_PORT = 6100
SNAPSHOT_PORT = 6101
SNAPSHOT_CHANNELS_FROM = 100

_Array = TypeVar("_Array", NDArray[np.int64], NDArray[np.uint8])

_TEMPLATES = (
    "Instrument",
    "Book",
    "Trades",
    "Ticker",
    "Snapshot",
    "SnapshotStart",
    "SnapshotEnd",
    "ComboLegs",
    "PriceIndex",
    "Rfq",
    "InstrumentV2",
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Packets in the order in which they are sent; packet k is ``buffer[offsets[k]:][:lengths[k]]``.

    All four arrays are read-only views of the venue's memory, valid until its next ``advance``;
    ``copy`` what is to be kept.

    Attributes:
        buffer: uint8; between packets lie up to 7 bytes that mean nothing.
        offsets: int64, bytes.
        lengths: int64, bytes; at most 1456.
        channels: int64; see ``destination``.
    """

    buffer: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    channels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets)

    def packet(self, k: int) -> bytes:
        """Copy one packet out."""
        at = int(self.offsets[k])
        return self.buffer[at : at + int(self.lengths[k])].tobytes()

    def packets(self) -> list[bytes]:
        """Copy every packet out."""
        return [self.packet(k) for k in range(len(self))]


@dataclass(frozen=True, slots=True)
class TrueBook:
    """A book as the venue itself has it.

    Attributes:
        change_id: of the transition that made it so; 0 before the first.
        bids: pairs of price and amount, best first.
        asks: pairs of price and amount, best first.
    """

    change_id: int
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class TrueTrade:
    """A trade as the venue itself remembers it; ``is_buy`` tells the taker's direction."""

    instrument_id: int
    price: Decimal
    amount: Decimal
    trade_id: int
    is_buy: bool
    timestamp_ms: int


class SimulatedDeribit:
    """A small exchange, run by whoever calls ``advance``. Not for several threads at once.

    Args:
        seed: of everything that happens.
        start_ns: when it opens, nanoseconds since the epoch; the default listings' expiries
            are counted from here.
        listings: what it lists; ``default_listings(start_ns)`` unless given.
        indexes: what they follow; ``default_indexes()`` unless given.
        snapshot_interval_ns: from one snapshot of a channel to the next, 1 ms or more.
        snapshot_delay_ns: from SnapshotStart to what follows it, less than the interval.

    Raises:
        ValueError: a listing contradicts itself or the others, or a number is out of range.
    """

    def __init__(
        self,
        seed: int,
        *,
        start_ns: int,
        listings: Sequence[Listing] | None = None,
        indexes: Sequence[Index] | None = None,
        snapshot_interval_ns: int = 2_000_000_000,
        snapshot_delay_ns: int = 200_000_000,
    ) -> None:
        if not 0 <= snapshot_delay_ns < snapshot_interval_ns or snapshot_interval_ns < 1_000_000:
            raise ValueError(
                f"snapshot_delay_ns {snapshot_delay_ns} must be below snapshot_interval_ns {snapshot_interval_ns}, "
                "which is 1 ms or more"
            )
        self._listings = order_listings(
            default_listings(start_ns) if listings is None else listings
        )
        self._indexes = tuple(default_indexes() if indexes is None else indexes)
        self._row = {listing.instrument_id: row for row, listing in enumerate(self._listings)}
        self._now_ns = start_ns
        self._memory = build_venue(
            self._listings,
            self._indexes,
            seed=seed,
            cycle_ms=snapshot_interval_ns // 1_000_000,
            delay_ms=snapshot_delay_ns // 1_000_000,
        )
        self._venue = self._memory[0]
        self._out = _read_only(self._venue.out)
        self._offsets = _read_only(self._venue.offsets)
        self._lengths = _read_only(self._venue.lengths)
        self._channels = _read_only(self._venue.channels)

    def advance(self, now_ns: int, packets: int) -> Batch:
        """Let the market run until it has said so much.

        Packets are dated from the time of the call before to ``now_ns``, evenly.

        Args:
            now_ns: nanoseconds since the epoch; a time before that of the last call counts
                as that time.
            packets: how many are wanted, 1 to BATCH_MAX (1024).

        Returns:
            That many packets, or more when the last occurrence took several (a snapshot of a
            channel, a jump). The arrays are valid until the next call.

        Raises:
            ValueError: ``packets`` is out of range.
        """
        if not 1 <= packets <= BATCH_MAX:
            raise ValueError(f"packets must be 1 to {BATCH_MAX}, got {packets}")
        until_ns = max(now_ns, self._now_ns)
        count = fill_batch(self._venue, self._now_ns // 1_000_000, until_ns // 1_000_000, packets)
        self._now_ns = until_ns
        return Batch(
            self._out, self._offsets[:count], self._lengths[:count], self._channels[:count]
        )

    @property
    def listings(self) -> tuple[Listing, ...]:
        """What the venue lists, ordered by channel."""
        return self._listings

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes that the venue publishes."""
        return self._indexes

    @property
    def channels(self) -> tuple[int, ...]:
        """Every channel that it sends on, snapshots included."""
        events = sorted({listing.channel for listing in self._listings})
        return (0, *events, *(channel + SNAPSHOT_CHANNELS_FROM for channel in events))

    def book(self, instrument_id: int) -> TrueBook:
        """Give an instrument's book as it stands after the last batch.

        Raises:
            KeyError: no such instrument.
        """
        it = self._venue.instruments[self._row[instrument_id]]
        return TrueBook(int(it.change_id), _levels(it, BID), _levels(it, ASK))

    def life(self, instrument_id: int) -> int:
        """Give an instrument's state as on the wire: 1 open, 2 closed."""
        return int(self._venue.instruments[self._row[instrument_id]].life)

    def message_counts(self) -> dict[str, int]:
        """Count the messages of every batch so far, by name of the template."""
        return {
            name: int(count) for name, count in zip(_TEMPLATES, self._venue.counts, strict=True)
        }

    def packet_counts(self) -> dict[int, int]:
        """Count the packets of every batch so far, by channel."""
        return {channel: int(self._venue.seqs[channel]) - 1 for channel in self.channels}

    @property
    def trade_count(self) -> int:
        """Trades of every batch so far."""
        return int(self._venue.trade_count)

    @property
    def level_change_count(self) -> int:
        """Levels created, changed and deleted in every batch so far."""
        return int(self._venue.level_count)

    def latest_trades(self) -> list[TrueTrade]:
        """Give the latest trades, at most 4096, oldest first."""
        count = self.trade_count
        kept = range(max(0, count - TRADES_KEPT), count)
        return [self._trade(self._venue.trades[k % TRADES_KEPT]) for k in kept]

    def _trade(self, trade: np.record) -> TrueTrade:
        it = self._venue.instruments[trade.row]
        return TrueTrade(
            int(it.instrument_id),
            _price(it, int(trade.ticks)),
            _amount(it, int(trade.lots)),
            int(trade.trade_id),
            bool(trade.direction == 0),
            int(trade.timestamp_ms),
        )


def destination(channel: int) -> tuple[str, int]:
    """Say where the venue sends a channel.

    Args:
        channel: 0 to 99 for events, 100 to 199 for the snapshots of channel minus 100.

    Returns:
        Multicast group and UDP port. A channel and its snapshots share the group.
    """
    is_snapshot = channel >= SNAPSHOT_CHANNELS_FROM
    number = channel - SNAPSHOT_CHANNELS_FROM if is_snapshot else channel
    return f"239.111.111.{number}", SNAPSHOT_PORT if is_snapshot else EVENT_PORT


def _read_only(array: _Array) -> _Array:
    view = array.view()
    view.flags.writeable = False
    return view


def _levels(it: np.record, side: int) -> tuple[tuple[Decimal, Decimal], ...]:
    ladder = it.ladders[side]
    sign = 1 if side == BID else -1
    best_first = ladder.levels[: ladder.count][::-1]
    return tuple(
        (_price(it, sign * int(level.key)), _amount(it, int(level.lots))) for level in best_first
    )


def _price(it: np.record, ticks: int) -> Decimal:
    return Decimal(ticks * int(it.tick_multiple)) / int(it.price_scale)


def _amount(it: np.record, lots: int) -> Decimal:
    return Decimal(lots * int(it.lot_multiple)) / int(it.amount_scale)
