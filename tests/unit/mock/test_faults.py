"""Spoiled batches are spoiled exactly as the ledger says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mock.oracle import START_NS, small_listings
from zerofeed.base.kernel import JIT
from zerofeed.mock.deribit import Batch, SimulatedDeribit
from zerofeed.mock.faults import Faults

COUNT = 400 if JIT else 60


@pytest.fixture(scope="module")
def batch() -> Batch:
    return SimulatedDeribit(9, start_ns=START_NS, listings=small_listings()).advance(
        START_NS, COUNT
    )


def names(batch: Batch) -> list[tuple[int, int]]:
    return [
        (int(channel), int.from_bytes(packet[4:8], "little"))
        for channel, packet in zip(batch.channels, batch.packets(), strict=True)
    ]


def test_no_chances_change_nothing(batch: Batch) -> None:
    faults = Faults(1)
    assert faults.apply(batch).packets() == batch.packets()
    assert faults.ledger.dropped == faults.ledger.corrupted == []


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_ledger_explains_every_difference(batch: Batch, seed: int) -> None:
    faults = Faults(seed, drop=0.1, duplicate=0.1, swap=0.1, corrupt=0.1)
    before = batch.packets()
    spoiled = faults.apply(batch)
    assert batch.packets() == before
    ledger = faults.ledger
    expected: list[tuple[int, int]] = []
    waiting: tuple[int, int] | None = None
    for name in names(batch):
        if name in ledger.swapped:
            waiting = name
            continue
        expected += (
            [] if name in ledger.dropped else [name] * (2 if name in ledger.duplicated else 1)
        )
        if waiting is not None:
            expected.append(waiting)
            waiting = None
    assert names(spoiled) == expected
    original = dict(zip(names(batch), before, strict=True))
    for name, packet in zip(names(spoiled), spoiled.packets(), strict=True):
        changed = sum(a != b for a, b in zip(packet, original[name], strict=True))
        assert changed in (range(1, 5) if name in ledger.corrupted else {0})
        assert packet[:8] == original[name][:8]


def test_same_seed_spoils_alike(batch: Batch) -> None:
    first, second = Faults(3, drop=0.2, corrupt=0.2), Faults(3, drop=0.2, corrupt=0.2)
    assert first.apply(batch).packets() == second.apply(batch).packets()
    assert first.ledger == second.ledger


def test_everything_can_be_lost(batch: Batch) -> None:
    nothing = Faults(1, drop=1.0).apply(batch)
    assert len(nothing) == 0
    assert nothing.lengths.dtype == np.int64


@pytest.mark.parametrize("chances", [{"drop": -0.1}, {"drop": 0.6, "swap": 0.6}])
def test_impossible_chances_are_refused(chances: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="chances"):
        Faults(1, **chances)
