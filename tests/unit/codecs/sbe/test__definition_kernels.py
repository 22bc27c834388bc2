"""What a message says of its instrument comes into the row, and nothing that it does not say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.codecs.sbe.filled import filled_message
from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe._dialect_kernels import NO_MORE, next_part, open_message
from zerofeed.codecs.sbe._dialect_words import S_DEPTH, S_REFUSED, UNNAMED
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.meaning import (
    Bits,
    Code,
    Definition,
    Emit,
    Magnitude,
    Message,
    Pick,
    Price,
    Real,
    Row,
    Sign,
    Time,
    Whole,
)
from zerofeed.codecs.sbe.notation import parse_notation
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST
from zerofeed.records.instruments import FUTURE, OPTION
from zerofeed.records.kinds import ACTION_ADD, ASK, BID, COMBO_LEG, GREEKS, ORDER
from zerofeed.records.units import UNDEF
from zerofeed.shm import journal

__all__: list[str] = []

SCHEMA = parse_notation(
    """
schema example id 1 version 1
composite messageHeader
  blockLength uint16
  templateId uint16
  schemaId uint16
  version uint16
composite sizes
  blockLength uint16
  numInGroup uint8
composite Decimal
  price int64
  exponent int8 = -9
type Name char*12
type Long char*80
type Code3 char*3
enum Sort int8 Future=0 Option=1
set Ends uint8 Begin=0 End=1
message 1 Definition
  id int64
  name Name
  asset Code3
  tick Decimal
  exponent int8
  sort Sort
  day uint16 null 65535
  ends Ends
  group feeds sizes
    feed Code3
    depth int8
    days uint16
message 2 Order
  id int64
  quantity int32
  ends Ends
  ratio double
  other int64
message 3 LongName
  id int64
  name Long
""",
    source="example",
)
DEFINITION = Definition(
    "name",
    kind=Code("sort", {"Future": FUTURE, "Option": OPTION}),
    price_exponent=-9,
    size_exponent="exponent",
    option_type=Code("sort", {"Option": ord("C")}),
    texts={"base": "asset", "settlement": "asset"},
    depth=Pick("feeds", Whole("depth"), {"feed": "GBX"}),
    tick_size=Price("tick"),
    expiry_ns=Time("day", "days"),
    created_ns=Pick("feeds", Time("days", "days"), {"depth": 7}),
)
MESSAGES = [
    Message("Definition", symbol="id", defines=DEFINITION, last=("ends", "End")),
    Message("LongName", symbol="id", defines=Definition("name", price_exponent=-2)),
    Message(
        "Order",
        symbol="id",
        is_known=True,
        when={"ends": Bits("Begin", is_set=False)},
        last=("ends", "End"),
        emits=[
            Emit(ORDER, side=Sign("quantity"), action=ACTION_ADD, size=Magnitude("quantity")),
            Emit(COMBO_LEG, leg_instrument=Row("other")),
            Emit(GREEKS, when={"ends": Bits("End")}, delta=Real("ratio")),
        ],
    ),
    Message(
        "Order", symbol="id", key_bits=1 << 40, emits=[Emit(COMBO_LEG, leg_instrument=Row("other"))]
    ),
]
DIALECT = Dialect(SCHEMA, MESSAGES)


class Bench:
    """A table and a scratch, and what messages make of them."""

    def __init__(self) -> None:
        self.rows, self.lookup = make_table(16)
        self.words = self.rows.view(np.int64)
        self.state = np.zeros(journal.DATA + 16, np.int64)
        journal.prepare(self.state)
        journal.begin(self.state, 0)
        self.scratch = DIALECT.scratch(1_000)
        self.table = InstrumentTable(self.rows, self.lookup)

    def __call__(self, message: str, /, **values: Any) -> np.ndarray:
        raw = np.frombuffer(filled_message(SCHEMA, message, values), np.uint8)
        records = np.zeros(16, RECORD)
        assert open_message(raw, 0, len(raw), self.scratch) >= 0
        made = 0
        while True:
            stored = next_part(
                raw, 5, self.words, self.lookup, self.state, journal.DATA, records.view(np.int64),
                made, 16, self.scratch,
            )  # fmt: skip
            if stored == NO_MORE:
                return records[:made]
            assert stored >= 0
            made += stored


def define(bench: Bench, **values: Any) -> np.ndarray:
    feeds = [
        {"feed": "GBI", "depth": 2, "days": 1},
        {"feed": "GBX", "depth": 10, "days": 2},
        {"feed": "XXX", "depth": 7, "days": 3},
    ]
    usual = {"id": 7, "name": "ABC-1", "asset": "BTC", "tick": 5, "exponent": -4, "day": 20_000}
    return bench("Definition", **{**usual, "feeds": feeds, "ends": {"End"}} | values)


def test_values_texts_and_picks_come_into_the_row() -> None:
    bench = Bench()
    records = define(bench, sort="Option")
    found = bench.table.row("ABC-1")
    assert (found.venue_key, found.kind, found.option_type) == (7, "option", "call")
    assert (found.price_exponent, found.size_exponent) == (-9, -4)
    assert (found.base, found.quote, found.settlement, found.counter) == ("BTC", "", "BTC", "")
    day_ns = 86_400_000_000_000
    assert (found.expiry_ns, found.created_ns) == (20_000 * day_ns, 3 * day_ns)
    assert found.min_size is None
    assert bench.scratch[S_DEPTH] == 10
    assert len(records) == 1
    assert records["flags"][0] & LAST


def test_what_is_null_or_in_no_entry_is_undefined() -> None:
    bench = Bench()
    define(bench, day=65_535, feeds=[])
    found = bench.table.row("ABC-1")
    assert (found.expiry_ns, found.created_ns, found.option_type) == (None, None, None)
    assert bench.scratch[S_DEPTH] == UNDEF


def test_a_definition_that_says_the_same_again_is_not_told_again() -> None:
    bench = Bench()
    assert [len(define(bench)) for _ in range(3)] == [1, 0, 0]
    assert len(define(bench, name="ABC-2")) == 1
    assert bench.table.row(1).symbol == "ABC-2"
    assert bench.table.row(1).revision == 2


def test_a_name_is_cut_to_what_the_row_holds_and_stays_terminated() -> None:
    bench = Bench()
    bench("LongName", id=9, name="N" * 80)
    assert bench.table.row(1).symbol == "N" * 63


def test_a_scale_that_cannot_be_makes_no_instrument() -> None:
    bench = Bench()
    assert len(define(bench, exponent=100)) == 0
    assert bench.scratch[S_REFUSED] == UNNAMED
    assert len(bench.table) == 1


def test_messages_of_instruments_that_must_be_defined_wait_for_the_definition() -> None:
    bench = Bench()
    assert len(bench("Order", id=7, quantity=5)) == 0
    assert bench.scratch[S_REFUSED] == UNNAMED
    define(bench)
    assert len(bench("Order", id=7, quantity=5)) == 2


@pytest.mark.parametrize(("quantity", "side"), [(5, BID), (-5, ASK)])
def test_a_sign_is_a_side_and_the_rest_a_size(quantity: int, side: int) -> None:
    bench = Bench()
    define(bench)
    records = bench("Order", id=7, quantity=quantity, other=7, ratio=0.5)
    assert (records["side"][0], records["size"][0]) == (side, 5)
    assert records["leg_instrument"][1] == 1
    assert bench("Order", id=7, quantity=quantity, other=8)["leg_instrument"][1] == UNDEF


@pytest.mark.parametrize(
    ("ratio", "rate"), [(0.5, 500_000_000_000), (-1e-12, -1), (float("nan"), UNDEF), (1e300, UNDEF)]
)
def test_a_real_number_is_a_rate(ratio: float, rate: int) -> None:
    bench = Bench()
    define(bench)
    records = bench("Order", id=7, quantity=1, ends={"End"}, ratio=ratio)
    assert records["delta"][-1] == rate
    assert records["flags"][-1] & LAST
    assert not records["flags"][0] & LAST


def test_bits_of_a_key_are_another_instrument_named_after_the_first() -> None:
    bench = Bench()
    bench("Order", id=7, ends={"Begin"})
    assert bench.table.symbols() == [""]
    define(bench)
    bench("Order", id=7, ends={"Begin"})
    assert bench.table.symbols() == ["ABC-1 implied", "ABC-1"]


@pytest.mark.parametrize(
    "message",
    [
        Message(
            "Definition",
            symbol="id",
            defines=Definition("name", price_exponent=0, colour=Whole("id")),
        ),
        Message(
            "Definition",
            symbol="id",
            defines=Definition("id", price_exponent=0, texts={"hue": "name"}),
        ),
        Message("Definition", symbol="id", last=("ends", "Middle")),
        Message("Order", symbol="id", emits=[Emit(GREEKS, delta=Real("quantity"))]),
        Message("Order", symbol="id", emits=[Emit(GREEKS, delta=Whole("ratio"))]),
    ],
)
def test_a_literal_that_cannot_be_is_refused(message: Message) -> None:
    with pytest.raises(SchemaError):
        Dialect(SCHEMA, [message])
