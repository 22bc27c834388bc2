"""Random dialects and messages: the kernel does what the declarations say, as slowly read by Python."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.codecs.json.oracle import Raw
from tests.unit.codecs.json.slow_dialect import Made, SlowDialect
from tests.unit.runtime.venue_packets import joined
from tests.unit.venues.venue import RECEIVED_NS, encoded
from zerofeed.codecs.json import message as d
from zerofeed.codecs.json.decoder import JsonDecoder
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.shape import Either, Items, Shape
from zerofeed.feed.instruments import InstrumentTable
from zerofeed.records import kinds
from zerofeed.records.dtypes import BODY
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, TOB
from zerofeed.records.instruments import INDEX_INSTRUMENT, SPOT
from zerofeed.runtime import protocols
from zerofeed.runtime.json_venues import json_protocol
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

OBJECT: Any = {
    "n": "opened",
    "e": "event",
    "s": "symbol",
    "t": "time",
    "p": "price",
    "q": "size",
    "x": Either("scalar", {"i": "inner_scalar", "j": "other_scalar"}),
    "arr": ["zeroth", None, "second"],
    "l": Items("flat", ["price", "size", "extra"]),
    "k": Items("keyed", {"p": "price", "q": "size", "s": "side"}),
    "d": Items(
        "outer",
        {
            "s": "symbol",
            "p": "price",
            "t": "time",
            "b": Items("inner", ["price", "size"]),
            "o": Items("other", {"p": "price", "q": "size"}),
        },
    ),
}
POSITIONS: Any = [
    "number",
    Either("word", ["first", "second one"], Items("listed", ["price", "size"])),
    "third",
]
WANTED: Any = Either(OBJECT, POSITIONS)
COLUMNS = Shape(WANTED).columns
FIELDS = list(Shape(WANTED).fields)

NUMBERS = [
    "0", "1", "-1", "2.5", "-0.5", "0.00000001", "0.000000005", "0.000000015", "12345678.12345678",
    "1e-7", "1.5E+3", "-0", "0.0", "12345678901234567", "123456789012345678", "1700000000123",
    "1700000000.123456", "9223372036854775799", "9223372036854775808", "99999999999999999999999",
    "100", "61737.63000000", "0.10000000",
]  # fmt: skip
TEXTS = [
    "trade", "book", "book.ABC", "book.1.ABC", "ABC", "abc@x", "XYZ-USD", "true", "buy", "sell", "",
    "2023-09-25T07:49:37.5Z", "2023-09-25T07:49:37", "-", ".", "1.", ".5", "007", "1e", "+1", "1x",
    "1.2.3", " 1", "NaN", "12345678x", "123456789012345678x", "é",
]  # fmt: skip


def scalar(chance: random.Random, *usual: str) -> Any:
    """Any value that is no object and no array; often one of the usual texts."""
    if usual and chance.random() < 0.6:
        return chance.choice(usual)
    sort = chance.random()
    if sort < 0.4:
        return Raw(chance.choice(NUMBERS))
    if sort < 0.8:
        return chance.choice([*NUMBERS, *TEXTS])
    return chance.choice([True, False, None])


def message(chance: random.Random) -> Any:
    """A message that has any of the keys, and some that nobody wants; or one of a numbered channel."""

    def some(**values: Any) -> dict[str, Any]:
        unwanted = {"unwanted": {"p": ["]", {"q": "}"}]}, "f": scalar(chance)}
        return {k: v for k, v in (values | unwanted).items() if chance.random() < 0.75}

    def several(make: Any, most: int = 3) -> list[Any]:
        return [make() for _ in range(chance.randrange(most + 1))]

    def any_scalar() -> Any:
        return scalar(chance)

    def cells() -> list[Any]:
        return several(any_scalar)

    def keyed() -> dict[str, Any]:
        return some(p=scalar(chance), q=scalar(chance), s=scalar(chance, "buy", "sell"))

    def outer() -> dict[str, Any]:
        return some(
            s=scalar(chance, "ABC", "XYZ-USD"), p=scalar(chance), t=scalar(chance),
            b=several(cells), o=several(keyed, 2),
        )  # fmt: skip

    def of_channel() -> list[Any]:
        payload = chance.choice([scalar(chance), cells(), [cells() for _ in range(3)]])
        return [scalar(chance, *"567"), payload, scalar(chance, *"123")][
            : chance.choice([1, 2, 3, 3])
        ]

    if chance.random() < 0.3:
        return of_channel()
    return some(
        n=scalar(chance, *"567"),
        e=scalar(chance, "trade", "book", "book.ABC", "book.1.ABC", "one", "two"),
        s=scalar(chance, "ABC", "abc@x", "XYZ-USD"),
        t=scalar(chance),
        p=scalar(chance),
        q=scalar(chance),
        x=chance.choice([scalar(chance), some(i=scalar(chance), j=scalar(chance))]),
        arr=several(any_scalar, 4),
        l=several(cells),
        k=several(keyed),
        d=several(outer),
    )


def spelled(value: Any, chance: random.Random) -> str:
    """A message as text: keys in any order, white space between all parts."""
    space = chance.choice(["", "", " ", "\n\t", "  \r\n"])
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        pairs = [
            f'"{_key(key, chance)}"{space}:{space}{spelled(each, chance)}'
            for key, each in value.items()
        ]
        chance.shuffle(pairs)
        return "{" + space + f"{space},{space}".join(pairs) + space + "}"
    if isinstance(value, list):
        return "[" + space + f"{space},{space}".join(spelled(each, chance) for each in value) + "]"
    return {True: "true", False: "false", None: "null"}.get(value) or f'"{value}"'


def _key(key: str, chance: random.Random) -> str:
    """A key, now and then with a letter of it as an escape."""
    at = chance.randrange(len(key)) if chance.random() < 0.2 else -1
    return "".join(f"\\u{ord(c):04x}" if place == at else c for place, c in enumerate(key))


def value(chance: random.Random, sources: list[str]) -> Any:
    """What any column may be."""
    source = chance.choice(sources)
    return chance.choice(
        [
            d.Price(source),
            d.Price(source, is_zero_none=True),
            d.Size(source),
            d.Size(source, is_signed=True),
            d.Rate(source),
            d.Whole(source),
            d.Whole(source, plus=-1),
            d.Decimal(source, 3),
            d.Time(source, "s"),
            d.Time(source, "ms"),
            d.Time(source, "ns"),
            d.Time(source, "iso"),
            d.Code(source, {"buy": 66, "sell": 65, "true": 1, "0": 7}),
            d.Key(source),
            d.Constant(5),
        ]
    )


def alternatives(chance: random.Random, sources: list[str]) -> Any:
    """One value, or several of which the first that is there counts."""
    if chance.random() < 0.6:
        return value(chance, sources)
    return tuple(value(chance, sources) for _ in range(chance.choice([2, 3])))


def emit(chance: random.Random, each: str | None, *, is_book: bool) -> d.Emit:
    lists = ["inner", "other"] if each else ["flat", "keyed", "listed"]
    rows = chance.choice(lists) if is_book else chance.choice([None, *lists])
    columns = [f"{name}.{c}" for name in (each, rows) if name is not None for c in COLUMNS[name]]
    sources = FIELDS + 3 * columns + [f"{name}[0].price" for name in lists]
    kind = chance.choice([kinds.TRADE, kinds.QUOTE, kinds.MARK, kinds.FUNDING, kinds.GREEKS])
    if is_book:
        kind = kinds.LEVEL
    body = {name: alternatives(chance, sources) for name in BODY[kind] if chance.random() < 0.6}
    side: Any = chance.choice([kinds.BID, kinds.ASK])
    if is_book:
        zero = chance.choice([None, None, f"{rows}.price", "scalar"])
        is_signed = chance.random() < 0.3
        body["price"] = d.Price(f"{rows}.price")
        body["size"] = d.Size(f"{rows}.size", is_signed=is_signed, unless_zero=zero)
    else:
        source = chance.choice(sources)
        side = chance.choice(
            [
                kinds.NO_SIDE,
                d.Code(source, {"buy": 66, "sell": 65}),
                d.SideOfSign(source),
                d.SideOfSign(source, is_position=True),
            ]
        )
    return d.Emit(
        kind,
        rows=rows,
        needs=None if is_book else chance.choice([None, None, *sources]),
        time=chance.choice([None, alternatives(chance, sources)]),
        side=side,
        flags=0 if is_book else chance.choice([0, TOB | LAST]),
        **body,
    )


CONDITIONS: list[Any] = [
    d.ANY, d.NONE, "trade", "book", "true", "1", "", d.Before(".", "book"), d.Begins("book.1."),
]  # fmt: skip
SYMBOLS: list[Any] = [
    d.Symbol("symbol"),
    d.Symbol("symbol", before="@", is_upper=True),
    d.Symbol("event", behind="."),
    (d.Symbol("scalar"), d.Symbol("symbol")),
    (d.Symbol("second", before="-"), d.ONLY),
    d.Symbol("event", skip="book."),
    (d.OF_CHANNEL, d.Symbol("symbol")),
    d.OF_CHANNEL,
]
EXPONENTS: list[Any] = [
    None, ("price", "size"), (("flat.price", "keyed.price"), ("flat.size", "size")),
]  # fmt: skip


def declaration(chance: random.Random, place: int) -> d.Message:
    each = chance.choice([None, "outer"])
    book = chance.choice([None, None, d.Book(), d.Book(is_snapshot=True)])
    when: dict[str, Any] = {
        chance.choice(["event", "symbol", "scalar", "inner_scalar", "zeroth", "price"]):
            chance.choice(CONDITIONS)
        for _ in range(chance.randrange(3))
    }  # fmt: skip
    if chance.random() < 0.3:
        when[chance.choice(["flat", "keyed", "outer"])] = d.ANY
    if chance.random() < 0.3:
        when["number"] = d.Opened(chance.choice(["one", "two"]))
    if each is None and chance.random() < 0.3:
        when["flat[0].price"] = chance.choice([d.ANY, d.NONE, "1"])
    symbols = [*SYMBOLS, *([d.Symbol("outer.symbol")] * 4 if each else [])]
    has_symbol = book is not None or chance.random() < 0.7
    acts = [{}, {}, {"closes": "opened"}, {"begins": True}]
    acts += [{"opens": d.Opens(name, "opened")} for name in ("one", "two")]
    act: dict[str, Any] = chance.choice(acts) if each is None else {}
    has_emits = book is not None or chance.random() < 0.8
    return d.Message(
        f"message {place}",
        when=when,
        symbol=chance.choice(symbols) if has_symbol else (),
        each=each,
        book=book,
        emits=[
            emit(chance, each, is_book=book is not None)
            for _ in range(chance.randrange(1, 4) if has_emits else 0)
        ],
        sequence=chance.choice([None, "third", "opened"]),
        is_unknown=chance.random() < 0.1,
        **act,
        kind=chance.choice([None, None, INDEX_INSTRUMENT]) if has_symbol else None,
        exponents=chance.choice(EXPONENTS) if has_symbol else None,
    )


def feed_of(dialect: Dialect, monkeypatch: pytest.MonkeyPatch) -> OfflineFeed:
    """A feed of a dialect that has no name; every dialect is run by the same machine code."""
    made = json_protocol("made", "", dialect, 0)
    with monkeypatch.context() as patch:
        patch.setitem(protocols.PROTOCOLS, "made", made)
        return OfflineFeed("made", instruments=16, book_levels=16, book_depth=4, batch=1)


def made_of(records: Any, instruments: InstrumentTable) -> list[Made]:
    """Records as the twin makes them: without the announcements, the books' answers and doubts."""
    made = []
    for record in records:
        kind, row = int(record["kind"]), int(record["instrument"])
        if kind in {kinds.INSTRUMENT, kinds.BBO}:
            continue
        symbol = ("", False)
        if row:
            definition = instruments.row(row)
            symbol = (definition.symbol, definition.kind == "index")
        words = np.frombuffer(record.tobytes(), np.int64)
        made.append(
            Made(
                kind, symbol, int(record["side"]), chr(record["action"]),
                int(record["flags"]) & ~MAYBE_BAD_BOOK, int(record["ts_event_ns"]),
                (int(words[4]), int(words[5]), int(words[6]), int(words[7])),
            )
        )  # fmt: skip
        assert RECEIVED_NS <= record["ts_recv_ns"] < RECEIVED_NS + 10**6
    return made


@pytest.mark.slow
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**48))
def test_a_dialect_means_what_its_declarations_say(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    meant = [declaration(chance, place) for place in range(chance.randrange(1, 5))]
    # What is asked for is opened by something.
    meant += [
        d.Message(f"message {name}", when={"event": name}, opens=d.Opens(name, "opened"))
        for name in ("one", "two")
    ]
    sent = [spelled(message(chance), chance) for _ in range(chance.randrange(1, 8))]
    dialect = Dialect(Shape(WANTED), meant, kind=SPOT)
    slow = SlowDialect(WANTED, meant)
    told = [slow.take(text) for text in sent]
    expected = [made for _, each in told for made in each]

    feed = feed_of(dialect, monkeypatch)
    records = joined(feed.process(*encoded(sent)))
    assert made_of(records, feed.instruments) == expected
    names = [name for name, _ in told]
    counts = enumerate(feed.metrics.templates())
    assert {feed.templates[slot]: n for slot, n in counts if n} == {
        name: names.count(name) for name in names if name.startswith("message")
    }
    assert feed.metrics["packets_malformed"] == names.count("malformed") == 0
    assert feed.metrics["numbers_out_of_range"] == slow.out_of_range
    assert feed.metrics["numbers_rounded"] == slow.rounded
    assert feed.metrics["messages_unknown"] == slow.unknown
    symbols = [(each.symbol, each.kind == "index") for each in feed.instruments]
    assert symbols == list(slow.known)
    exponents = [(each.price_exponent, each.size_exponent) for each in feed.instruments]
    assert exponents == list(slow.known.values())

    decoder = JsonDecoder(dialect, instruments=16, longest_bytes=4096, batch=4096)
    data, index = encoded(sent)
    columns = [index[name].astype(np.int64) for name in ("offset", "length", "ts_ns")]
    decoded, taken = decoder.decode(data, *columns)
    assert taken == len(sent)
    losses = {kinds.GAP, kinds.RESET}
    kept = [made for made in expected if made.kind not in losses]
    assert made_of(decoded, decoder.instruments) == kept


# A few by hand, so that a failure above is not the first to be read


def test_more_rows_than_there_is_room_for_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    meant = d.Message("m", emits=[d.Emit(kinds.TRADE, rows="flat", price=d.Price("flat.price"))])
    feed = feed_of(Dialect(Shape(WANTED), [meant]), monkeypatch)
    # Rows that are no arrays are two bytes each, which no venue sends.
    text = '{"l":[' + ",".join("1" for _ in range(30_000)) + "]}"
    assert sum(len(part) for part in feed.process(*encoded([text]))) == 0
    assert feed.metrics["packets_malformed"] == 1


def test_an_instrument_that_finds_the_table_full_makes_no_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meant = d.Message("m", symbol=d.Symbol("symbol"), emits=[d.Emit(kinds.TRADE)])
    feed = feed_of(Dialect(Shape(WANTED), [meant]), monkeypatch)
    sent = [f'{{"s":"{number}"}}' for number in range(20)]
    records = joined(feed.process(*encoded(sent)))
    made = int((records["kind"] == kinds.TRADE).sum())
    assert made == len(feed.instruments) - 1 == 15
    assert feed.metrics["instruments_refused"] == 5
    assert feed.metrics["packets_decoded"] == 20
