"""No process of a feed grows at load."""

import pytest

resident = pytest.importorskip("benchmarks.resident", reason="a source archive has no benchmarks")

__all__: list[str] = []

ALLOWED_KIB = 512


def test_growth_is_that_of_the_medians_of_the_first_and_last_quarter() -> None:
    assert resident.growth_kib([10, 10, 10, 10, 99, 99, 10, 10]) == 0
    assert resident.growth_kib([10, 11, 20, 30, 40, 50, 60, 61]) == 50
    assert resident.growth_kib([5]) == 0


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.timeout(300)
def test_worker_and_readers_do_not_grow_at_load() -> None:
    found = resident.measure(seconds=30.0, rate=10_000.0)
    assert found["quiet_samples"] == 0
    assert found["epoch"] == 1
    assert found["packets"] > 30_000
    assert max(found["growth_kib"].values()) < ALLOWED_KIB, found["samples_kib"]
