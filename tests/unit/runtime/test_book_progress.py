"""What is told of books reads like a sentence, and says nothing of what is not."""

from __future__ import annotations

import pytest

from zerofeed.runtime.book_progress import BookProgress

__all__: list[str] = []


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (BookProgress(2, 2, 0, 0), "2 of 2 books proven"),
        (BookProgress(3, 1, 2, 0), "1 of 3 books proven, 2 waiting for a snapshot"),
        (BookProgress(3, 1, 0, 2), "1 of 3 books proven, 2 in doubt"),
        (BookProgress(3, 1, 1, 1), "1 of 3 books proven, 1 waiting for a snapshot, 1 in doubt"),
    ],
)
def test_the_line_names_what_there_is(told: BookProgress, line: str) -> None:
    assert str(told) == line
    assert told.is_done == (told.proven == told.expected)
