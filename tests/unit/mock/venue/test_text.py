"""JSON goes through without a digit of a number being lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.mock.venue.text import (
    bare,
    dump_json,
    iso_time,
    plain_number,
    read_json,
    shortest,
)

__all__: list[str] = []


def test_numbers_are_read_as_they_are_written() -> None:
    assert read_json('[1.50, 0.00000001, 12345678901234567890, "x"]') == [
        "1.50",
        "0.00000001",
        "12345678901234567890",
        "x",
    ]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8).map(lambda d: f"{d:f}"))
def test_bare_number_is_written_by_its_digits(number: str) -> None:
    assert dump_json({"p": bare(number), "s": number}) == f'{{"p":{number},"s":"{number}"}}'


def test_json_is_compact() -> None:
    assert dump_json({"a": [1, None, True]}) == '{"a":[1,null,true]}'


@pytest.mark.parametrize(
    ("number", "short"), [("1.50", "1.5"), ("100", "100"), ("2.00", "2"), ("0.010", "0.01")]
)
def test_shortest_has_no_zeros_at_its_end(number: str, short: str) -> None:
    assert shortest(number) == short


def test_id_of_a_request_is_a_number_again() -> None:
    assert plain_number("7") == 7
    assert plain_number("-7") == -7
    assert plain_number("seven") == "seven"
    assert plain_number(None) is None


def test_time_is_written_in_utc_with_the_digits_asked_for() -> None:
    ts_ns = 1_700_000_000_123_456_789
    assert iso_time(ts_ns) == "2023-11-14T22:13:20.123Z"
    assert iso_time(ts_ns, 6) == "2023-11-14T22:13:20.123456Z"
    assert iso_time(ts_ns, 9) == "2023-11-14T22:13:20.123456789Z"
