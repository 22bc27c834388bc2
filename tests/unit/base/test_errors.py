"""An error says what, where, expected, got and what to do, and keeps them as attributes."""

from __future__ import annotations

import pytest

from zerofeed.base import errors
from zerofeed.base.errors import ZerofeedError

CLASSES = [getattr(errors, name) for name in errors.__all__]


def test_a_message_has_its_parts_in_order() -> None:
    error = ZerofeedError(
        "a burst is too long", where="worker.burst", expected=32, got=64, next_step="shorten it"
    )
    assert str(error) == "worker.burst: a burst is too long; expected 32; got 64; shorten it"


def test_a_message_leaves_out_what_is_not_given() -> None:
    assert str(ZerofeedError("it broke")) == "it broke"
    assert str(ZerofeedError("it broke", got=0)) == "it broke; got 0"


def test_the_values_stay_as_attributes() -> None:
    error = ZerofeedError("a", where="b", expected=1, got=2, next_step="c")
    found = (error.what, error.where, error.expected, error.got, error.next_step)
    assert found == ("a", "b", 1, 2, "c")


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_in_the_one_tree_and_has_an_exit_code(kind: type[ZerofeedError]) -> None:
    assert issubclass(kind, ZerofeedError)
    assert kind.exit_code > 0


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_says_which_decision_it_leaves_to_the_caller(kind: type[ZerofeedError]) -> None:
    if kind is not ZerofeedError:
        decision = (kind.__doc__ or "").partition(":")[0]
        assert decision in {"Retry", "Reconfigure", "Report"}
