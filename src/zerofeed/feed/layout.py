"""Every place in shared memory that a feed and its readers must agree on, and a digest of it.

A reader that was built from other sources would read the right bytes as the wrong thing, and
nothing would fail. So each side digests what its own sources say of the layout, and a reader
refuses a feed whose digest is another (:func:`zerofeed.feed.description.check`).

What is digested is taken from the modules that the kernels are compiled from, not from a list
kept beside them: a word that is added, moved or given another number changes the digest
whether or not anybody thought of it. It depends on the sources alone, never on the machine, on
NumPy's version or on the order of a dictionary. The distance between two cursor pages is left
out: it follows from the page size of the one kernel that both sides run on.
"""

from __future__ import annotations

import hashlib
from types import ModuleType
from typing import Any

import numpy as np

from zerofeed.feed import _instrument_kernels, copies, memory, metrics
from zerofeed.records import book_rows, dtypes, flags, instruments, kinds, units
from zerofeed.records.own import OWN_KIND
from zerofeed.shm import _ring_kernels, histogram, journal

__all__ = ["layout_parts", "parts_digest"]

_OF_THE_MACHINE = frozenset({"CURSOR_WORDS"})


def layout_parts() -> dict[str, str]:
    """Describe each part of the layout in one line of text.

    Returns:
        Text by the name of the part; equal texts are equal layouts.
    """
    return {
        "record": _described(dtypes.RECORD),
        "bodies": _bodies(),
        "instrument row": _described(instruments.INSTRUMENT_ROW),
        "instrument words": _numbers(_instrument_kernels),
        "frame": _described(memory.FRAME),
        "book row": f"{_described(book_rows.book_row(2))} {_numbers(book_rows)}",
        "ring and cursor words": _numbers(_ring_kernels),
        "how readers take": _numbers(copies),
        "journal words": _numbers(journal),
        "state words": _state(),
        "codes": " ".join(_numbers(module) for module in (kinds, flags, instruments, units)),
    }


def parts_digest() -> str:
    """Digest all parts: 16 hexadecimal digits."""
    text = "\n".join(f"{name}: {part}" for name, part in layout_parts().items())
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _bodies() -> str:
    """Write down the fields of each kind; what a program defines for itself is told otherwise."""
    shared = ((kind, names) for kind, names in dtypes.BODY.items() if kind < OWN_KIND)
    return " ".join(f"{kind}:{','.join(names)}" for kind, names in shared)


def _described(item: np.dtype[Any]) -> str:
    """Write a dtype down: offset, name and format of each field, and the size of all."""
    shape = "".join(f"[{length}]" for length in item.shape)
    base = item.base
    if base.fields is None:
        return f"{base.str}{shape}"
    columns = sorted((place[1], name, place[0]) for name, place in base.fields.items())
    inside = " ".join(f"{offset}:{name}:{_described(form)}" for offset, name, form in columns)
    return f"({inside} size:{base.itemsize}){shape}"


def _numbers(module: ModuleType) -> str:
    """Write down every integer that a module names."""
    named = ((name, getattr(module, name)) for name in sorted(module.__all__))
    return " ".join(
        f"{name}={value}"
        for name, value in named
        if isinstance(value, int) and name not in _OF_THE_MACHINE
    )


def _state() -> str:
    counters = ",".join(counter.name for counter in metrics.COUNTERS)
    return (
        f"{_numbers(metrics)} counters={counters} "
        f"channel={','.join(metrics.CHANNEL_FIELDS)} histograms={','.join(metrics.HISTOGRAMS)} "
        f"{_numbers(histogram)} bucket_100={histogram.lower_bound(100)}"
    )
