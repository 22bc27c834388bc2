from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import FUTURE
from zerofeed.records.units import UNDEF, from_decimal
from zerofeed.venues.definition import (
    InstrumentDefinition,
    date_to_ns,
    decimal_or_none,
    decode_answer,
    exponent_of,
    in_one_line,
    ms_to_ns,
    positive,
)

__all__: list[str] = []

STEPS = st.builds(
    lambda mantissa, decimals: Decimal(mantissa).scaleb(-decimals),
    st.integers(1, 10**6),
    st.integers(0, 12),
)


class Answer(msgspec.Struct):
    step: Decimal


@given(st.lists(STEPS, min_size=1, max_size=3))
def test_every_step_is_a_whole_number_at_the_exponent(steps: list[Decimal]) -> None:
    exponent = exponent_of(*steps)
    for step in steps:
        from_decimal(step, exponent)
    if exponent < 0:
        assert any(step.scaleb(-exponent - 1) % 1 for step in steps), "a smaller one would do"


@pytest.mark.parametrize(
    ("steps", "exponent"),
    [
        (["0.01000000"], -2),
        (["0.25"], -2),
        (["10"], 0),
        (["0"], 0),
        ([], 0),
        (["0.5", "0.001"], -3),
        (["1e-99"], -18),
    ],
)
def test_zeros_at_the_end_do_not_count(steps: list[str], exponent: int) -> None:
    assert exponent_of(*(Decimal(step) for step in steps), None) == exponent


@pytest.mark.parametrize("body", [b'{"step":0.1}', b'{"step":"0.1"}', b'{"step":0.10, "new":[1]}'])
def test_numbers_are_read_without_a_float_in_between(body: bytes) -> None:
    assert decode_answer(body, Answer, where="here").step == Decimal("0.1")
    long = b'{"step":0.12345678901234567890123}'
    assert decode_answer(long, Answer, where="here").step == Decimal("0.12345678901234567890123")


@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b'{"step":true}', b"{}", b'"\xff"', b"[" * 10**5]
)
def test_an_answer_of_another_form_is_one_clear_line(body: bytes) -> None:
    with pytest.raises(VenueError, match=r"^here: the venue's answer is not of the form") as caught:
        decode_answer(body, Answer, where="here")
    assert "\n" not in str(caught.value)


def test_a_wrong_field_is_named() -> None:
    with pytest.raises(VenueError, match=r"\$\.step"):
        decode_answer(b'{"step":[]}', Answer, where="here")


def test_never_and_nothing_are_none() -> None:
    assert ms_to_ns(None) is None
    assert ms_to_ns(0) is None
    assert ms_to_ns(1_727_424_000_123) == 1_727_424_000_123_000_000
    assert ms_to_ns(32_503_708_800_000) is None  # the year 3000 is no int64 of ns
    assert positive(Decimal(0)) is None
    assert positive(None) is None
    assert positive(Decimal("0.1")) == Decimal("0.1")


def test_dates_keep_their_microseconds_and_their_zone() -> None:
    date = datetime(2024, 12, 27, 16, 0, 0, 123_457, tzinfo=UTC)
    assert date_to_ns(date) == 1_735_315_200_123_457_000
    assert date_to_ns(date.astimezone(timezone(timedelta(hours=9)))) == 1_735_315_200_123_457_000
    assert date_to_ns(None) is None


def test_an_empty_text_is_no_number() -> None:
    assert decimal_or_none("") is None
    assert decimal_or_none("0.10") == Decimal("0.1")
    with pytest.raises(InvalidOperation):
        decimal_or_none("many")


def test_mantissas_are_whole_numbers_of_the_exponents_or_undefined() -> None:
    definition = InstrumentDefinition(
        symbol="X",
        kind=FUTURE,
        base="B",
        quote="Q",
        settlement="Q",
        tick_size=Decimal("0.05"),
        lot_size=Decimal(10),
        min_size=Decimal("0.5"),
        contract_size=Decimal("1E+3"),
        price_exponent=-2,
        size_exponent=0,
        state="open",
        is_trading=True,
    )
    assert definition.kind_name == "future"
    assert definition.mantissas() == {
        "tick_size": 5,
        "strike_price": UNDEF,
        "min_size": UNDEF,
        "contract_size": 1_000,
    }


def test_what_a_venue_says_is_one_line() -> None:
    assert in_one_line(" too\nmany \r\n visits\x0b") == "too many visits"
