from zerofeed.records.dtypes import BODY
from zerofeed.records.fields import NUMBER, PRICE, RATE, ROW, SIZE, TIME, UNITS, own_fields
from zerofeed.records.kinds import BBO, FUNDING, INDEX, TRADE

__all__: list[str] = []


def test_every_body_field_has_a_unit_and_no_other_name_has() -> None:
    assert set(UNITS) == {name for names in BODY.values() for name in names}
    assert set(UNITS.values()) == {PRICE, SIZE, RATE, TIME, ROW, NUMBER}


def test_units_agree_with_the_names() -> None:
    for name, unit in UNITS.items():
        assert (unit == TIME) is name.endswith("_ns"), name
        assert (unit == PRICE) is (name.endswith("price") or name == "tick_size"), name


def test_own_fields_are_the_body_without_price_and_size() -> None:
    assert own_fields(TRADE) == ("trade_id", "trade_seq")
    assert own_fields(BBO) == ("bid_price", "bid_size", "ask_price", "ask_size")
    assert own_fields(FUNDING) == ("funding_rate", "funding_rate_8h", "next_funding_ns")
    assert own_fields(INDEX) == ()


def test_an_unknown_kind_has_no_fields() -> None:
    assert own_fields(200) == ()
