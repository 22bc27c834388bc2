"""Books that synchronise are shown below the lines of the feed on a terminal, and told in lines elsewhere."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from zerofeed.apps.book_progress import BookDisplay
from zerofeed.runtime.book_progress import BookProgress

__all__: list[str] = []

NONE_YET = BookProgress(3, 0, 3, 0, ("BTCUSDT", "ETHUSDT", "SOLUSDT"))
SOME = BookProgress(3, 1, 1, 1, ("ETHUSDT", "SOLUSDT"))
ALL = BookProgress(3, 3, 0, 0)


class Shown:
    """A display, what it looks at, and what became visible."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.told = NONE_YET
        self.now_s = 100.0
        self.lines: list[str] = []
        self.screen = io.StringIO()
        self.display = BookDisplay(
            "mine",
            lambda: self.told,
            self.lines.append,
            console=Console(
                file=self.screen,
                force_terminal=is_terminal,
                width=100,
                highlight=False,
                _environ={"TERM": "xterm"},
            ),
            clock=lambda: self.now_s,
        )

    def look(self, told: BookProgress, after_s: float = 0.0) -> float:
        self.told = told
        self.now_s += after_s
        return self.display.look()


def test_a_terminal_shows_how_many_books_are_proven_and_one_line_says_when_all_are() -> None:
    shown = Shown(is_terminal=True)
    assert 0 < shown.look(NONE_YET) < 1
    assert "0 of 3 books proven, 3 waiting for a snapshot" in shown.screen.getvalue()
    shown.look(SOME, 2.0)
    picture = shown.screen.getvalue()
    assert "1 of 3 books proven, 1 waiting for a snapshot, 1 in doubt" in picture
    assert "not yet: ETHUSDT, SOLUSDT" in picture
    assert shown.lines == []
    assert shown.look(ALL, 1.5) == math.inf
    assert shown.lines == ["feed mine: all 3 books are proven, 3.5 s after the start"]
    assert shown.look(SOME, 1.0) == math.inf, "later doubts are no synchronisation"
    assert len(shown.lines) == 1


def test_elsewhere_it_is_a_line_now_and_then_and_more_and_more_seldom() -> None:
    shown = Shown(is_terminal=False)
    for _ in range(100):
        shown.look(SOME, 1.0)
    assert shown.screen.getvalue() == ""
    assert len(shown.lines) == 4, "after 5, 15, 35 and 75 s"
    assert shown.lines[0] == (
        "feed mine: 1 of 3 books proven, 1 waiting for a snapshot, 1 in doubt (ETHUSDT, SOLUSDT)"
    )


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_feed_without_books_shows_nothing(is_terminal: bool) -> None:
    shown = Shown(is_terminal=is_terminal)
    assert shown.look(BookProgress(0, 0, 0, 0)) == math.inf
    assert (shown.lines, shown.screen.getvalue()) == ([], "")


def test_one_book_is_told_as_one() -> None:
    shown = Shown(is_terminal=False)
    shown.look(BookProgress(1, 1, 0, 0))
    assert shown.lines == ["feed mine: the book is proven, 0.0 s after the start"]


def test_many_late_books_are_not_all_named() -> None:
    shown = Shown(is_terminal=False)
    names = tuple(f"S{n}" for n in range(9))
    shown.look(BookProgress(9, 0, 9, 0, names), 6.0)
    assert shown.lines[0].endswith("(S0, S1, S2, S3, S4 and 4 more)")


def test_ending_takes_the_picture_away() -> None:
    shown = Shown(is_terminal=True)
    shown.look(NONE_YET)
    shown.display.close()
    shown.display.close()
    assert shown.look(NONE_YET) == math.inf
    assert shown.screen.getvalue().endswith("\x1b[?25h") or "\x1b[2K" in shown.screen.getvalue()
