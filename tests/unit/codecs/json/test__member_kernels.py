"""Keys are guessed by those of the message before, and a guess is never taken for right."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.unit.codecs.json.oracle import Scan, expected
from zerofeed.base.status import MALFORMED
from zerofeed.codecs.json.shape import Items, Shape

__all__: list[str] = []

WANTED = {
    "a": "one",
    "b": "two",
    "ab": "three",
    "12345678": "eight",
    "123456789": "nine",
    "in": {"a": "inner", "b": "other"},
    "rows": Items("rows", {"a": "x", "b": "y"}),
}
MEMBERS = {"a": 1, "b": "2", "ab": 3.5, "12345678": True, "123456789": None, "z": 0}


def test_keys_may_come_in_any_order_after_any_other_order() -> None:
    shape = Shape(WANTED)
    for keys in itertools.permutations(MEMBERS):
        text = json.dumps({key: MEMBERS[key] for key in keys}, separators=(",", ":"))
        assert Scan(shape, text.encode()).told() == expected(WANTED, text)


def test_the_keys_of_an_object_inside_are_no_guess_for_those_outside() -> None:
    shape = Shape(WANTED)
    for text in (
        '{"in":{"a":1,"b":2},"a":3,"b":4}',
        '{"b":2,"in":{"b":1},"a":4}',
        '{"rows":[{"a":1,"b":2},{"b":3,"a":4}],"b":5}',
        '{"b":1,"rows":[{"b":2},{"b":3}],"a":4,"in":{"a":5}}',
    ):
        for _ in range(2):
            assert Scan(shape, text.encode()).told() == expected(WANTED, text)


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"b" :2}', '{"a":1,"b":2}', '{"a":1 ,"b":2}', '{"a":1, "b":2}', '{"a": 1,"b":2}'],
)
def test_space_may_be_wherever_it_may_be(text: str) -> None:
    shape = Shape(WANTED)
    for _ in range(2):
        assert Scan(shape, text.encode()).told() == expected(WANTED, text)


def test_a_message_cut_anywhere_is_refused_whatever_is_expected() -> None:
    shape = Shape(WANTED)
    whole = b'{"a":1,"b":"2","12345678":3,"123456789":4,"in":{"a":5}}'
    for before in (whole, b'{"b":1,"a":2}'):
        for end in range(len(whole)):
            assert Scan(shape, before).status == 0
            assert Scan(shape, whole[:end]).status == MALFORMED


@pytest.mark.parametrize("text", ['{"a";1}', '{"a":}', '{"a":1,}', '{"a":1,"b"}', '{"a":1"b":2}'])
def test_what_is_no_member_is_refused(text: str) -> None:
    shape = Shape(WANTED)
    assert Scan(shape, b'{"a":1,"b":2}').status == 0
    assert Scan(shape, text.encode()).status == MALFORMED
