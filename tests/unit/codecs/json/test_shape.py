"""A literal becomes a table; what cannot be told apart is refused when it is written."""

from __future__ import annotations

import pytest

from zerofeed.base.errors import BugError
from zerofeed.codecs.json import shape as module
from zerofeed.codecs.json.shape import Either, Items, Shape

__all__: list[str] = []


def test_names_outside_of_lists_are_fields_and_inside_columns() -> None:
    shape = Shape({"a": "one", "b": {"c": "two"}, "d": Items("rows", ["price", None, "size"])})
    assert shape.fields == {"one": 0, "two": 1}
    assert shape.lists == {"rows": 0}
    assert shape.columns == {"rows": {"price": 0, "size": 1}}
    assert shape.row_words == module.ROW_HEAD + 2


def test_a_list_inside_of_a_list_has_its_own_columns() -> None:
    shape = Shape({"data": Items("events", {"t": "time", "b": Items("bids", ["price"])})})
    assert shape.lists == {"events": 0, "bids": 1}
    assert shape.columns == {"events": {"time": 0}, "bids": {"price": 0}}


def test_the_table_has_every_entry_of_a_context_side_by_side() -> None:
    shape = Shape({"first": {"inner": "x"}, "second": "y"})
    table = shape.table
    contexts = int(table[0])
    assert contexts == 2
    entries = module.CONTEXTS + contexts * module.CONTEXT_WORDS
    root = table[entries : entries + module.ENTRY_WORDS]
    outer = module.CONTEXTS + int(root[module.OBJECT_IN]) * module.CONTEXT_WORDS
    assert table[outer + module.KIND] == module.OBJECT
    assert table[outer + module.COUNT] == 2
    keys = []
    for place in range(2):
        at = entries + (int(table[outer + module.FIRST]) + place) * module.ENTRY_WORDS
        length = int(table[at + module.LENGTH])
        keys.append(table[at + module.KEY : at + module.ENTRY_WORDS].tobytes()[:length])
    assert keys == [b"first", b"second"]


def test_an_array_by_position_may_be_a_list_where_it_begins_with_an_array() -> None:
    shape = Shape(Either(Items("rows", ["a", "b"]), ["first", None, ["third"]]))
    assert shape.fields == {"first": 0, "third": 1}
    assert shape.columns == {"rows": {"a": 0, "b": 1}}


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"a": "same", "b": "same"}, "of this name is there already"),
        ({"a": Items("r", "x"), "b": Items("r", "x")}, "a list of this name"),
        ({"k" * 33: "x"}, "too long for a key"),
        (Either("x", "y"), "no choice"),
        (Either(["x"], ["y"]), "no choice"),
        (Either(Items("r", "x"), Items("s", "y")), "no choice"),
        (Either([["x"]], Items("r", "y")), "no choice"),
        (Either(["x"], Items("r", "y"), Items("s", "z")), "no choice"),
        (Either(Either("x")), "a choice inside of a choice"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(wanted, complaint: str) -> None:
    with pytest.raises(BugError, match=complaint):
        Shape(wanted)
