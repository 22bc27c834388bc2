"""What somebody may have meant by a name that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["suggestion"]


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """Say which known names are like this one.

    Args:
        name: as it was written.
        known: names that exist.

    Returns:
        ``did you mean a or b?``, or None when nothing is like it.
    """
    spelling = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), spelling, n=2, cutoff=0.6)
    return f"did you mean {' or '.join(spelling[each] for each in near)}?" if near else None
