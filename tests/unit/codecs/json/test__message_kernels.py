"""A message is the first one whose conditions are all true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zerofeed.base.kernel import I64_RO, U8_RO, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED, UNKNOWN_TEMPLATE
from zerofeed.codecs.json import _message_kernels as k
from zerofeed.codecs.json.decoder import make_scratch
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import ANY, NONE, Before, Begins, Message, Opened, Opens
from zerofeed.codecs.json.shape import Items, Shape

__all__: list[str] = []

WANTED: Any = {"e": "event", "n": "number", "l": Items("rows", "x")}


@kernel(int64(U8_RO, I64_RO))
def plain(buf, scratch) -> int:
    """What kernels alone can call."""
    return int64(k.is_plain(buf, 0, buf.size, scratch))


def opened(text: str, *messages: Message, **options: Any) -> int:
    scratch = make_scratch(Dialect(Shape(WANTED), messages, **options), 64)
    raw = np.frombuffer(text.encode(), np.uint8)
    return int(k.open_message(raw, 0, raw.size, scratch))


@pytest.mark.parametrize(
    ("condition", "true", "false"),
    [
        (ANY, ['"x"', "0", "false", '""'], ["null"]),
        (NONE, ["null", "{}", "[1]"], ['"x"', "0", "false", '""']),
        ("book", ['"book"'], ['"books"', '"boo"', '""', "null", "1"]),
        ("1", ['"1"', "1"], ['"1.0"', "10"]),
        ("true", ["true", '"true"'], ["false"]),
        (Before(".", "book"), ['"book"', '"book.X"', '"book.X.1"'], ['"books.X"', '".book"']),
        (Begins("book."), ['"book."', '"book.X"'], ['"book"', '"ook."', '""']),
    ],
)  # fmt: skip
def test_a_condition_is_true_of_what_it_says(condition: Any, true: Any, false: Any) -> None:
    message = Message("m", when={"event": condition})
    assert {opened(f'{{"e":{text}}}', message) for text in true} == {0}
    assert {opened(f'{{"e":{text}}}', message) for text in false} == {UNKNOWN_TEMPLATE}


def test_a_list_is_there_when_it_has_rows() -> None:
    message = Message("m", when={"rows": ANY})
    assert opened('{"l":[null]}', message) == 0
    assert opened('{"l":[]}', message) == UNKNOWN_TEMPLATE


def test_the_first_of_several_whose_conditions_are_all_true_counts() -> None:
    both = Message("both", when={"event": "x", "number": ANY})
    one, rest = Message("one", when={"event": "x"}), Message("rest")
    assert opened('{"e":"x","n":1}', both, one, rest) == 0
    assert opened('{"e":"x"}', both, one, rest) == 1
    assert opened("{}", both, one, rest) == 2


def test_what_cannot_be_taken_is_told() -> None:
    assert opened('{"e":', Message("m")) == MALFORMED
    assert opened('{"l":[' + ",".join("1" * 200) + "]}", Message("m")) == BUFFER_FULL


def test_a_venue_that_numbers_its_channels_has_its_messages_found_elsewhere() -> None:
    opens = Message("opens", when={"event": "x"}, opens=Opens("book", "number"))
    told = Message("told", when={"number": Opened("book")})
    assert opened('{"e":"x","n":1}', opens, told) == k.NUMBERED


def test_a_plain_text_is_known_as_a_whole() -> None:
    scratch = make_scratch(Dialect(Shape(WANTED), [Message("m")], plain=["pong", "hi"]), 64)
    none = make_scratch(Dialect(Shape(WANTED), [Message("m")]), 64)
    texts = ["pong", "hi", "pon", "pongs", ""]
    raws = [np.frombuffer(text.encode(), np.uint8) for text in texts]
    assert [plain(raw, scratch) for raw in raws] == [1, 1, 0, 0, 0]
    assert [plain(raw, none) for raw in raws] == [0] * 5
