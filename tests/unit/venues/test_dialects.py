"""What is true of every venue's table: how a message is spelled does not matter, nor what else is in it.

The vectors are those of the venues' own tests; here each is said again in other ways.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from tests.unit.codecs.json.oracle import Raw
from tests.unit.venues.corpus import CORPUS, HEARTBEATS
from tests.unit.venues.venue import Told, Vector, Venue, text_of
from zerofeed.venues.dialects import DIALECTS

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

CASES = [
    pytest.param(protocol, vector, id=f"{protocol}-{place}-{vector.name}")
    for protocol, vectors in CORPUS.items()
    for place, vector in enumerate(vectors)
]
A_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
UNWANTED = '"zz":[{"e":"trade","p":"]}","s":[[]]},null,1.5e-7,"\\"\\u00e9"]'


def parsed(message: Any) -> Any:
    """A message with its bare numbers as they are written."""
    return json.loads(text_of(message), parse_float=Raw, parse_int=Raw)


class Speller:
    """Writes messages in its own way.

    Args:
        seed: of the order of keys.
        space: between all parts.
        has_more: objects have a key that nobody wants, at their beginning.
        is_escaped: letters of keys are escapes.
        numbers: "text" and "bare" turn one into the other; "" leaves them.
    """

    def __init__(
        self,
        seed: int | None = None,
        space: str = "",
        *,
        has_more: bool = False,
        is_escaped: bool = False,
        numbers: str = "",
    ) -> None:
        self._chance = None if seed is None else random.Random(seed)
        self._space = space
        self._has_more = has_more
        self._is_escaped = is_escaped
        self._numbers = numbers

    def spell(self, value: Any) -> str:
        """Write a parsed message."""
        space = self._space
        if isinstance(value, Raw):
            return f'"{value}"' if self._numbers == "text" else value
        if isinstance(value, str):
            if self._numbers == "bare" and A_NUMBER.fullmatch(value):
                return value
            return json.dumps(value)
        if isinstance(value, dict):
            pairs = [f"{self._key(k)}{space}:{space}{self.spell(v)}" for k, v in value.items()]
            if self._chance is not None:
                self._chance.shuffle(pairs)
            if self._has_more:
                pairs.insert(0, UNWANTED)
            return "{" + space + f"{space},{space}".join(pairs) + space + "}"
        if isinstance(value, list):
            return "[" + space + f"{space},{space}".join(map(self.spell, value)) + space + "]"
        return json.dumps(value)

    def _key(self, key: str) -> str:
        if not self._is_escaped:
            return json.dumps(key)
        return (
            '"' + "".join(f"\\u{ord(c):04X}" if n % 2 == 0 else c for n, c in enumerate(key)) + '"'
        )


SPELLERS = {
    "keys in another order": Speller(1),
    "keys in a third order": Speller(2),
    "white space": Speller(space=" \t\r\n"),
    "unknown keys": Speller(has_more=True),
    "escapes in keys": Speller(is_escaped=True),
    "numbers as text": Speller(numbers="text"),
    "numbers bare": Speller(numbers="bare"),
    "all of it": Speller(3, "\n ", has_more=True, is_escaped=True, numbers="text"),
}


def told_by(protocol: str, messages: list[Any]) -> list[Told]:
    return Venue(protocol).say(*messages, has_all=True)


@pytest.mark.parametrize(("protocol", "vector"), CASES)
def test_a_message_means_the_same_however_it_is_spelled(protocol: str, vector: Vector) -> None:
    expected = told_by(protocol, vector.messages)
    # The kraken checksum and exponents rest on the text of numbers, which no speller changes.
    for name, speller in SPELLERS.items():
        spelled = [speller.spell(parsed(message)) for message in vector.messages]
        assert told_by(protocol, spelled) == expected, name


def test_every_dialect_has_vectors() -> None:
    assert set(CORPUS) >= {each.name for each in DIALECTS if each.name in CORPUS}
    assert len({each.name for each in DIALECTS}) == len(DIALECTS)


@pytest.mark.parametrize("each", DIALECTS, ids=lambda each: each.name)
def test_every_message_of_a_table_has_a_vector(each: Any) -> None:
    if each.name not in CORPUS:
        pytest.skip("its vectors are in its own tests")
    named = {vector.name for vector in CORPUS[each.name]} | HEARTBEATS.get(each.name, set())
    missing = set(each.dialect.names.values()) - named
    assert missing - {"24hrMiniTicker"} == set()


@pytest.mark.parametrize("protocol", CORPUS)
def test_a_sound_message_of_no_known_kind_is_unknown(protocol: str) -> None:
    venue = Venue(protocol)
    unheard = ['{"unheard":"of"}', "{}", "[]", "[1,2,3]", '"text"', "17", "null", '{"e":null}']
    assert venue.say(*unheard) == []
    assert venue.counted() == {"decoded": len(unheard), "messages_unknown": len(unheard)}


@pytest.mark.parametrize("protocol", CORPUS)
def test_garbage_is_malformed(protocol: str) -> None:
    venue = Venue(protocol)
    garbage = [
        b"", b" ", b"{", b"}", b'{"a"}', b'{"a":}', b"{]", b'{"a":1,}', b"nonsense",
        b"\xff\xfe\x00", b'{"a":01}', b'{"a":"\n"}', b'{"a":"\\x"}', b"{}{}", b"[" * 100,
        b'{"e":"trade"', b"PONG", b"tru", b"-",
    ]  # fmt: skip
    assert venue.say(*garbage) == []
    assert venue.counted() == {"malformed": len(garbage)}


@pytest.mark.parametrize(("protocol", "vector"), CASES)
def test_a_message_that_ends_early_is_malformed(protocol: str, vector: Vector) -> None:
    text = text_of(vector.messages[0])
    cuts = sorted({*range(1, min(len(text), 40)), *range(40, len(text), 7), len(text) - 1})
    venue = Venue(protocol)
    assert venue.say(*(text[:cut] for cut in cuts)) == []
    assert venue.counted() == {"malformed": len(cuts)}


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ("binance-spot", '{"e":"trade","E":1,"t":1,"p":"1","q":"1","T":1,"m":true}'),
        ("coinbase", '{"type":"match","price":"1","size":"1"}'),
        ("okx", '{"arg":{"channel":"trades"},"data":[{"px":"1","sz":"1"}]}'),
        ("deribit-json", '{"params":{"channel":"quote.X","data":{"instrument_name":""}}}'),
        ("kraken-futures", '{"feed":"ticker","bid":1,"product_id":null}'),
    ],
)
def test_a_message_that_names_no_instrument_is_unknown(protocol: str, message: str) -> None:
    venue = Venue(protocol)
    assert venue.say(message) == []
    assert venue.counted() == {"decoded": 1, "messages_unknown": 1}


def test_a_price_that_is_no_number_is_undefined_and_counted() -> None:
    venue = Venue("binance-spot")
    told = venue.say('{"e":"trade","s":"X","E":1,"t":1,"p":"oops","q":"1","m":true}')
    assert [sorted(each[-1]) for each in told] == [["size", "trade_id"]]
    assert venue.counted() == {"decoded": 1, "numbers_out_of_range": 1}


@pytest.mark.parametrize(
    ("price", "size", "rounded"),
    [
        ("1.00000000", "0.1", 0),
        ("1.000000005", "0.1", 1),
        ("1.000000000000000000000", "0.1", 0),
        ("1.123456789", "1e-9", 2),
    ],
)
def test_every_number_that_was_rounded_is_counted(price: str, size: str, rounded: int) -> None:
    venue = Venue("binance-spot")
    venue.say(f'{{"e":"trade","s":"X","E":1,"t":1,"p":"{price}","q":"{size}","m":true}}')
    assert venue.feed.metrics["numbers_rounded"] == rounded


def test_a_number_that_is_looked_at_twice_is_rounded_once() -> None:
    venue = Venue("bitfinex")
    # Its amount is a size, and its sign a side; what is counted before it is no column.
    subscribed = '{"event":"subscribed","channel":"book","chanId":5,"symbol":"tXYZ"}'
    venue.say(subscribed, "[5,[1.5,0.5,-0.000000015]]")
    assert venue.feed.metrics["numbers_rounded"] == 1


def test_a_new_instrument_is_announced_once_with_what_its_symbol_tells() -> None:
    venue = Venue("okx")
    trade = '{"arg":{"channel":"trades","instId":"A-B"},"data":[{"px":"1","sz":"1","ts":"5"}]}'
    told = venue.say(trade, trade, has_all=True)
    assert [(each[0], each[1], each[3]) for each in told] == [
        ("instrument", "A-B", "A"), ("trade", "A-B", "N"), ("trade", "A-B", "N"),
    ]  # fmt: skip
