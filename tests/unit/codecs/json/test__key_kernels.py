"""A key of an object is found whichever way it is written, and no other is taken for it."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64_RO, U8_RO, int64, kernel
from zerofeed.codecs.json import _key_kernels as k
from zerofeed.codecs.json.shape import CONTEXT_COUNT, CONTEXT_WORDS, CONTEXTS, OBJECT_IN, Shape

__all__: list[str] = []

NAMED = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=12).filter(lambda key: len(key.encode()) <= 32),
    max_size=12, unique=True,
)  # fmt: skip


@kernel(int64(I64_RO, int64, int64, U8_RO, int64, int64))
def find(shape, context, entries, buf, at, is_escaped) -> int:
    """The entry of a key in the buffer: what kernels alone can call."""
    if is_escaped:
        return k.find_escaped_key(shape, context, entries, buf, at, buf.size - at)
    return k.find_key(shape, context, entries, buf, at, buf.size - at, buf.size)


def found(names: list[str], written: bytes, is_escaped: int) -> str | None:
    """Which of the names it is."""
    shape = Shape(dict(zip(names, map(str, range(len(names))), strict=True)))
    entries = CONTEXTS + int(shape.table[CONTEXT_COUNT]) * CONTEXT_WORDS
    context = CONTEXTS + int(shape.table[entries + OBJECT_IN]) * CONTEXT_WORDS
    # The buffer ends with the key: a read behind it is caught when bounds are checked.
    buf = np.frombuffer(b"#" + written, np.uint8)
    entry = find(shape.table, context, entries, buf, 1, is_escaped)
    return None if entry < 0 else names[entry - 1]


@given(NAMED, st.data())
@example(["a", "ab", "", "aaaaaaaa", "aaaaaaaab", "aaaaaaaac"], None)
def test_a_key_is_found_by_all_of_its_bytes(names: list[str], data: st.DataObject | None) -> None:
    other = "x" if data is None else data.draw(st.text(st.characters(codec="utf-8"), max_size=12))
    for key in [*names, other, f"{other}\0"]:
        assert found(names, key.encode(), 0) == (key if key in names else None)


@given(NAMED, st.text(st.characters(codec="utf-8"), max_size=12))
@example(["é", "\U0001f600", "\n"], "\\")
def test_a_key_with_escapes_is_the_same_key(names: list[str], other: str) -> None:
    for key in [*names, other]:
        units = key.encode("utf-16-be")
        as_units = "".join(
            f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2)
        )
        for written in (as_units, json.dumps(key)[1:-1]):
            assert found(names, written.encode(), 1) == (key if key in names else None)
