"""Whatever moves in shared memory changes the digest, and the digest changes only on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zerofeed.feed import _instrument_kernels, memory, metrics
from zerofeed.feed.description import LAYOUT_VERSION, layout_digest
from zerofeed.feed.layout import layout_parts, parts_digest
from zerofeed.records import book_rows, dtypes, flags, instruments, kinds, units
from zerofeed.shm import _ring_kernels, histogram, journal

PINNED = {1: "587b4f79200bb123"}
"""Digest of each version of the layout; a line is added for each new version, none is changed."""


def moved(item: np.dtype[Any], name: str) -> np.dtype[Any]:
    """The same dtype with one field four bytes further, or earlier where there is no room."""
    fields = item.fields
    assert fields is not None
    places = {each: fields[each][1] for each in item.names or ()}
    room = places[name] + 4 + fields[name][0].itemsize <= item.itemsize
    places[name] += 4 if room else -4
    return np.dtype(
        {
            "names": list(places),
            "formats": [fields[each][0] for each in places],
            "offsets": list(places.values()),
            "itemsize": item.itemsize,
        }
    )


def test_the_layout_is_that_of_its_version() -> None:
    assert layout_digest() == PINNED.get(LAYOUT_VERSION), (
        "a field, a word or a number that readers use has moved: raise LAYOUT_VERSION in "
        "feed/description.py (bump the layout) and pin the new version's digest here; the parts "
        f"are now {layout_parts()}"
    )


@pytest.mark.parametrize(
    ("module", "name", "part"),
    [
        *[(_ring_kernels, word, "ring and cursor words") for word in (
            "CLAIMED", "GATE", "PUBLISHED", "PUBLISHED_AT_NS", "CAPACITY", "MAX_CLAIM",
            "ITEM_BYTES", "EPOCH", "SLOTS", "MODES", "WOKEN", "BELLS", "CONTROL_WORDS",
            "MAX_READERS", "LOSSY", "LOSSLESS", "DEGRADED", "POSITION", "CONSUMED", "LOST",
            "WAITING", "SLEEPS_ON", "FUTEX", "BELL",
        )],
        *[(journal, word, "journal words") for word in ("STEP", "DONE", "TARGET", "DATA")],
        *[(metrics, word, "state words") for word in (
            "COUNTERS_AT", "CHANNELS_AT", "CHANNEL_WORDS", "TEMPLATES_AT", "HISTOGRAMS_AT",
            "SOURCES_AT", "WORK_AT", "SLOT_WORDS",
        )],
        (histogram, "HISTOGRAM_WORDS", "state words"),
        *[(_instrument_kernels, word, "instrument words") for word in (
            "COUNT", "LOOKUP_HEADER", "ROW_WORDS", "W_VERSION", "W_REVISION",
        )],
        (book_rows, "ROW_HEAD_WORDS", "book row"),
        (book_rows, "DOUBT_GAP", "book row"),
        (kinds, "TRADE", "codes"),
        (flags, "LAST", "codes"),
        (instruments, "OPTION", "codes"),
        (units, "UNDEF", "codes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_number_that_changes_changes_its_part_and_the_digest(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, part: str
) -> None:
    before, parts = parts_digest(), layout_parts()
    monkeypatch.setattr(module, name, getattr(module, name) + 1)
    assert parts_digest() != before
    assert {key for key, text in layout_parts().items() if text != parts[key]} == {part}


@pytest.mark.parametrize(
    ("module", "name", "part"),
    [
        (dtypes, "RECORD", "record"),
        (instruments, "INSTRUMENT_ROW", "instrument row"),
        (memory, "FRAME", "frame"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_that_moves_changes_the_digest(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, part: str
) -> None:
    before, parts = parts_digest(), layout_parts()
    item = getattr(module, name)
    digests = set()
    for field in item.names:
        with monkeypatch.context() as patch:
            patch.setattr(module, name, moved(item, field))
            assert layout_parts()[part] != parts[part], field
            digests.add(parts_digest())
    assert before not in digests
    assert len(digests) == len(item.names)


def test_a_level_of_a_book_row_that_moves_changes_the_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = parts_digest()
    rows = book_rows.book_row
    monkeypatch.setattr(book_rows, "book_row", lambda depth: moved(rows(depth), "asks"))
    assert parts_digest() != before


@pytest.mark.parametrize(
    ("module", "name"),
    [(metrics, "COUNTERS"), (metrics, "HISTOGRAMS"), (metrics, "CHANNEL_FIELDS")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_slots_that_change_places_change_the_digest(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    before = parts_digest()
    first, second, *rest = getattr(module, name)
    monkeypatch.setattr(module, name, (second, first, *rest))
    assert parts_digest() != before


def test_a_body_that_means_something_else_changes_the_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = parts_digest()
    monkeypatch.setitem(dtypes.BODY, kinds.INDEX, ("size",))
    assert parts_digest() != before


def test_the_page_size_of_a_machine_is_no_part_of_the_layout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = parts_digest()
    monkeypatch.setattr(_ring_kernels, "CURSOR_WORDS", 8192)
    assert parts_digest() == before
