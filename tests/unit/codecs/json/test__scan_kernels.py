"""The scanner against Python's own parser: on messages of venues, on random ones, on broken ones."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.json.oracle import Scan, expected
from zerofeed.base.status import BUFFER_FULL, MALFORMED
from zerofeed.codecs.json import _scan_kernels as k
from zerofeed.codecs.json.shape import Either, Items, Shape

__all__: list[str] = []

BINANCE = {
    "stream": "stream",
    "data": {
        "e": "event",
        "E": "event_ms",
        "s": "symbol",
        "u": "update",
        "b": Either("bid", Items("bids", ["price", "size"])),
        "a": Either("ask", Items("asks", ["price", "size"])),
        "m": "is_maker",
    },
}
OKX = {
    "arg": {"channel": "channel", "instId": "instrument"},
    "data": Items(
        "events",
        {
            "bids": Items("bids", ["price", "size", None, "orders"]),
            "asks": Items("asks", ["price", "size"]),
            "ts": "ts",
            "checksum": "checksum",
        },
    ),
}
KRAKEN = ["channel", {"as": Items("asks", ["price", "size"]), "c": "sum"}, {"c": "sum2"}, "name"]
POSITIONS = ["number", Either("word", ["first", "second"], Items("rows", ["a", "b"])), "third"]
LONG = {"a key of more than eight": "one", "a key of more than eighty": "two", "": "none"}

DEPTH = (
    '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT",'
    '"U":1,"u":2,"b":[["61737.63000000","0.00000000"],["61730.17","1"]],"a":[]}}'
)
EXAMPLES = [
    (BINANCE, DEPTH),
    (BINANCE, '{"data":{"u":1,"s":"X","b":"1.5","B":"2","a":"1.6","A":"3"},"stream":"x"}'),
    (BINANCE, ' { "data" : { "m" : true , "e" : null } , "other" : [ { "e" : "no" } ] } '),
    (BINANCE, '{"data":{"\\u0065":"by escape","\\u0045":7,"s":"\\u00e4\\"\\\\"}}'),
    (BINANCE, '{"data":{"b":{"not":"wanted"},"a":[1,[2,3],{"x":4},null]}}'),
    (OKX, (
        '{"data":[{"asks":[["1","2","0","3"],["4","5"]],"bids":[],"ts":"9","checksum":-1},'
        '{"bids":[["7","8","0","2","extra"]]}],"arg":{"channel":"books","instId":"A-B"}}'
    )),
    (KRAKEN, '[336,{"as":[["5541.3","2.5","1534614248.1"]],"x":1},{"c":"974942666"},"book","XBT"]'),
    (KRAKEN, "[1]"),
    (POSITIONS, "[5,[1,-2],7]"),
    (POSITIONS, '[5,[["1",2],[3,4,5],[]],7]'),
    (POSITIONS, "[5, [ [1, -2], 3, [[4], 5] ] , 7]"),
    (POSITIONS, "[5,[1,[2,3]],7]"),
    (POSITIONS, "[5,[],7]"),
    (POSITIONS, '[5,"hb",7]'),
    (LONG, '{"a key of more than eighty":1,"a key of more than eight":2,"":3,"a key of more":4}'),
    ("top", "-1.5e+3"),
    ("top", '"text"'),
    (Items("numbers", "n"), "[1,2,[3],null,4]"),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "text"), EXAMPLES)
@pytest.mark.parametrize("before", [0, 5])
def test_what_venues_send_is_found(wanted: Any, text: str, before: int) -> None:
    assert Scan(Shape(wanted), text.encode(), before=before).told() == expected(wanted, text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "{", "}", "[", "]", '{"data"', '{"data":', '{"data":}', '{"data":{}', "{,}", "{}}",
        '{"data":{}}x', '{"data" {}}', "{data:1}", '{"data":{"b":[1,]}}', '{"data":{"b":[,1]}}',
        '{"data":{"b":[1 2]}}', '{"data":{"b":[1}}', '{"x":[}', '{"x":{]}', '{"s":"\x01"}',
        '{"data":{"s":"\\x"}}', '{"data":{"s":"\\u12g4"}}', '{"data":{"s":"\\u12', '{"s":"a', "tru",
        "nul", "True", "falsy", "01", "-", "1.", ".5", "1e", "1e+", "+1", "--1", "NaN", "0x1", "1 2",
        '{"data":{"s":"a"',
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(text: str) -> None:
    assert expected(BINANCE, text) is None
    assert Scan(Shape(BINANCE), text.encode()).status == MALFORMED


def test_every_cut_of_a_message_is_refused_and_nothing_behind_it_is_read() -> None:
    shape, text = Shape(BINANCE), DEPTH.encode()
    for length in range(len(text)):
        assert Scan(shape, text[:length]).status == MALFORMED


def test_more_rows_than_room_are_said() -> None:
    assert Scan(Shape(BINANCE), DEPTH.encode(), room=1).status == BUFFER_FULL
    assert Scan(Shape(BINANCE), DEPTH.encode(), room=2).status == 2


def test_wanted_and_unwanted_parts_may_be_deep_and_no_deeper() -> None:
    wanted: Any = "deep"
    for _ in range(k.DEEPEST + 1):
        wanted = [wanted]
    shape = Shape(wanted)
    deepest = b"[" * k.DEEPEST + b"1" + b"]" * k.DEEPEST
    assert Scan(shape, deepest).status == 0
    assert Scan(shape, b"[" + deepest + b"]").status == MALFORMED
    assert Scan(Shape("top"), b"[" * 60 + b"]" * 60).status == 0
    assert Scan(Shape("top"), b"[" * 61 + b"]" * 61).status == MALFORMED


NAMES = ["e", "E", "s", "b", "a", "data", "stream", "a key of more than eight", "é", "x\ny", ""]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=6),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=20,
)
LOOSE = st.sampled_from([0.0, 0.1, 1.0])
WANTED = st.sampled_from(
    [BINANCE, OKX, KRAKEN, LONG, {"data": Items("r", "v"), "é": "accent"}, {"data": POSITIONS}]
)


def written(value: Any, choose: random.Random, loose: float) -> str:
    """Write JSON with white space and escapes wherever they may be, in this share of places."""

    def space() -> str:
        if choose.random() >= loose:
            return ""
        return "".join(choose.choices(" \t\r\n", k=choose.randrange(3)))

    def text(value: str) -> str:
        if choose.random() < 0.2 * loose:
            return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 65536 else c for c in value) + '"'
        return json.dumps(value, ensure_ascii=choose.random() < 0.5)

    if isinstance(value, dict):
        inner = ",".join(
            f"{space()}{text(key)}{space()}:{written(each, choose, loose)}"
            for key, each in value.items()
        )
        return f"{space()}{{{inner}{space()}}}{space()}"
    if isinstance(value, list):
        inner = ",".join(written(each, choose, loose) for each in value)
        return f"{space()}[{inner}{space()}]{space()}"
    return space() + (text(value) if isinstance(value, str) else json.dumps(value)) + space()


@pytest.mark.slow
@settings(max_examples=400)
@given(WANTED, st.lists(VALUES, min_size=1, max_size=4), st.integers(0, 1 << 32), LOOSE)
def test_random_messages_give_what_the_twin_gives_whatever_came_before(
    wanted: Any, values: list[Any], seed: int, loose: float
) -> None:
    # The keys of one message are what the scanner expects of the next.
    shape = Shape(wanted)
    choose = random.Random(seed)
    for value in values:
        text = written({"data": value, "stream": "x"}, choose, loose)
        told = expected(wanted, text)
        assert Scan(shape, text.encode()).told() == told
        assert told is not None


@pytest.mark.slow
@settings(max_examples=400)
@given(VALUES, st.integers(0, 1 << 32), LOOSE)
def test_broken_messages_do_no_harm_and_what_is_still_right_is_read_right(
    value: Any, seed: int, loose: float
) -> None:
    choose = random.Random(seed)
    wanted = {"data": value_shape(value, [0]), "stream": "x"}
    text = bytearray(written({"data": value, "stream": "x"}, choose, loose).encode())
    for _ in range(choose.randrange(1, 4)):
        at = choose.randrange(len(text))
        text[at] = choose.choice(b'{}[]",:\\0123456789truefalsn-+.eE \x00\xff')
    scan = Scan(Shape(wanted), bytes(text))
    assert scan.status == MALFORMED or scan.status >= 0
    try:
        readable = text.decode()
    except UnicodeDecodeError:
        return
    told = expected(wanted, readable)
    # Where the break makes a value another sort than is wanted, its inside is not looked at closely.
    if told is not None and has_no_key_twice(readable):
        assert scan.told() == told


def value_shape(value: Any, count: list[int]) -> Any:
    """Want everything of a value, so that all of it is checked."""
    count[0] += 1
    if isinstance(value, dict):
        return {key: value_shape(each, count) for key, each in value.items()}
    if isinstance(value, list):
        return [value_shape(each, count) for each in value]
    return f"v{count[0]}"


def has_no_key_twice(text: str) -> bool:
    """Of a key that is there twice Python forgets all of the first value; the scanner notes both."""

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise KeyError
        return dict(pairs)

    try:
        json.loads(text, object_pairs_hook=check)
    except KeyError:
        return False
    return True


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_do_no_harm(data: bytes) -> None:
    for wanted in (BINANCE, OKX, KRAKEN, POSITIONS):
        scan = Scan(Shape(wanted), data)
        assert scan.status == MALFORMED or scan.status >= 0


def test_scanning_allocates_nothing() -> None:
    shape = Shape(BINANCE)
    scan = Scan(shape, DEPTH.encode())
    stack = np.zeros(k.STACK_WORDS, np.int64)
    for _ in range(3):
        status = k.scan_message(
            scan.buf, 0, scan.buf.size, shape.table, scan.fields, scan.rows, stack
        )
        assert status == 2
