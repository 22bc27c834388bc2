"""Packets lost, repeated, swapped and damaged on purpose, with a ledger of which.

A network does this by chance; a test of gap handling needs to know what was done. Every packet
of a batch meets at most one fate, drawn from a seed, so a run can be repeated exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from zerofeed.mock.deribit import Batch

__all__ = ["Faults", "Ledger"]

_SEQ_AT = 4
_BODY_AT = 8


@dataclass(slots=True)
class Ledger:
    """What was done so far: pairs of channel and packet number, in the order it was done.

    Attributes:
        dropped: packets that were never sent.
        duplicated: packets that were sent twice in a row.
        swapped: packets that came after the one that follows them in the batch.
        corrupted: packets of which one to four bytes behind the frame were changed.
    """

    dropped: list[tuple[int, int]] = field(default_factory=list)
    duplicated: list[tuple[int, int]] = field(default_factory=list)
    swapped: list[tuple[int, int]] = field(default_factory=list)
    corrupted: list[tuple[int, int]] = field(default_factory=list)


class Faults:
    """Spoils batches.

    Args:
        seed: of every draw.
        drop: chance of a packet to be dropped, 0 to 1.
        duplicate: chance to be sent twice.
        swap: chance to change places with the next packet, of whichever channel.
        corrupt: chance to be damaged; the frame stays intact, so the packet is still counted.

    Raises:
        ValueError: a chance is negative, or together they exceed 1.
    """

    def __init__(
        self,
        seed: int,
        *,
        drop: float = 0.0,
        duplicate: float = 0.0,
        swap: float = 0.0,
        corrupt: float = 0.0,
    ) -> None:
        chances = (drop, duplicate, swap, corrupt)
        if min(chances) < 0 or sum(chances) > 1:
            raise ValueError(f"chances must be 0 or more and at most 1 together, got {chances}")
        self.ledger = Ledger()
        """Grows with every batch."""
        self._random = np.random.default_rng(seed)
        self._limits = np.cumsum(chances)

    def apply(self, batch: Batch) -> Batch:
        """Spoil a batch.

        Args:
            batch: as the venue gave it; it is not changed.

        Returns:
            What is to be sent instead, in memory of its own.
        """
        fates = np.searchsorted(self._limits, self._random.random(len(batch)), side="right")
        end = int((batch.offsets + batch.lengths).max(initial=0))
        spoiled = Batch(
            batch.buffer[:end].copy(),
            batch.offsets.copy(),
            batch.lengths.copy(),
            batch.channels.copy(),
        )
        order: list[int] = []
        ledger = self.ledger
        swapped: int | None = None
        for k, fate in enumerate(fates.tolist()):
            name = _name(batch, k)
            match fate:
                case 0:
                    ledger.dropped.append(name)
                case 1:
                    ledger.duplicated.append(name)
                    order += [k, k]
                case 2 if swapped is None and k + 1 < len(batch):
                    swapped = k
                    continue
                case 3 if batch.lengths[k] > _BODY_AT:
                    ledger.corrupted.append(name)
                    self._damage(spoiled, k)
                    order.append(k)
                case _:
                    order.append(k)
            if swapped is not None:
                ledger.swapped.append(_name(batch, swapped))
                order.append(swapped)
                swapped = None
        chosen = np.array(order, np.int64)
        return Batch(
            spoiled.buffer,
            spoiled.offsets[chosen],
            spoiled.lengths[chosen],
            spoiled.channels[chosen],
        )

    def _damage(self, batch: Batch, k: int) -> None:
        body = int(batch.lengths[k]) - _BODY_AT
        count = min(int(self._random.integers(1, 5)), body)
        places = self._random.choice(body, count, replace=False) + int(batch.offsets[k]) + _BODY_AT
        batch.buffer[places] ^= self._random.integers(1, 256, count, np.uint8)


def _name(batch: Batch, k: int) -> tuple[int, int]:
    at = int(batch.offsets[k])
    seq = batch.buffer[at + _SEQ_AT : at + _BODY_AT]
    return int(batch.channels[k]), int.from_bytes(seq.tobytes(), "little")
