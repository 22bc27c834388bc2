"""A loop can be compiled with another function inside it, as if it had been written so."""

from __future__ import annotations

from zerofeed.base.kernel import inlined, int64, kernel
from zerofeed.runtime._rebind import rebound

__all__: list[str] = []


def step(value: int) -> int:
    """Stand for a function that is put in its place."""
    raise NotImplementedError


def repeated(value: int, times: int) -> int:
    """Apply a step again and again."""
    for _ in range(times):
        value = step(value)
    return value


@inlined
def doubled(value: int) -> int:
    return 2 * value


@inlined
def increased(value: int) -> int:
    return value + 1


def test_each_copy_has_its_own_function_inside() -> None:
    double = rebound(repeated, __name__, step=lambda value: 2 * value)
    increase = rebound(repeated, __name__, step=lambda value: value + 1)
    assert (double(3, 4), increase(3, 4)) == (48, 7)


def test_copies_compile_apart() -> None:
    signature = int64(int64, int64)
    double = kernel(signature)(rebound(repeated, __name__, step=doubled))
    increase = kernel(signature)(rebound(repeated, __name__, step=increased))
    assert (double(3, 4), increase(3, 4)) == (48, 7)


def test_a_copy_belongs_to_the_module_that_asked_for_it() -> None:
    copy = rebound(repeated, "zerofeed.runtime.deribit", step=doubled)
    assert copy.__module__ == "zerofeed.runtime.deribit"
    assert copy.__name__ == copy.__qualname__ == "repeated_with_doubled"
    assert copy.__doc__ == repeated.__doc__
    assert repeated.__module__ == __name__
