"""The numbers of statistics are part of the format."""

from __future__ import annotations

from zerofeed.records import statistics
from zerofeed.records.statistics import STATISTIC_NAMES

__all__: list[str] = []


def test_each_number_has_the_name_of_its_constant() -> None:
    constants = {name: getattr(statistics, name) for name in statistics.__all__ if name.isupper()}
    del constants["STATISTIC_NAMES"]
    assert {name.lower(): number for name, number in constants.items()} == {
        name: number for number, name in STATISTIC_NAMES.items()
    }


def test_the_numbers_are_those_of_databento_below_a_hundred() -> None:
    assert (statistics.OPENING_PRICE, statistics.SETTLEMENT_PRICE, statistics.VWAP) == (1, 3, 13)
    assert min(number for number in STATISTIC_NAMES if number > 13) > 100
