"""What ``zerofeed run`` shows while books synchronise: a picture on a terminal, else a line now and then.

The picture stands below the lines of the feed and goes when every book is proven; one line says so. It is drawn
by the thread that calls, since the supervisor forks its worker and may have no other thread that draws.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from zerofeed.runtime.book_progress import BookProgress

__all__ = ["BookDisplay"]

_REDRAWN_S = 0.2
_FIRST_LINE_S = 5.0
_LONGEST_S = 60.0
_BAR_COLUMNS = 24


class BookDisplay:
    """Shows one feed's books until all of them are proven.

    Args:
        name: of the feed.
        count: looks at the books.
        say: called with each line for people.
        console: of standard error; None: made.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        name: str,
        count: Callable[[], BookProgress],
        say: Callable[[str], None],
        *,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._count = count
        self._say = say
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._is_drawn = self._console.is_terminal and not self._console.is_dumb_terminal
        self._clock = clock
        self._started_s = clock()
        self._wait_s = _FIRST_LINE_S
        self._next_line_s = self._started_s + self._wait_s
        self._live: Live | None = None
        self._is_over = False

    def look(self) -> float:
        """Look, and show what there is to show.

        Returns:
            Seconds until the next look is worth while; infinity behind the last.
        """
        if self._is_over:
            return math.inf
        told, now = self._count(), self._clock()
        if told.is_done:
            self.close()
            if told.expected:
                which = "the book is" if told.expected == 1 else f"all {told.expected} books are"
                after_s = now - self._started_s
                self._say(f"feed {self._name}: {which} proven, {after_s:.1f} s after the start")
            return math.inf
        if self._is_drawn:
            self._draw(told, now)
        elif now >= self._next_line_s:
            self._wait_s = min(2 * self._wait_s, _LONGEST_S)
            self._next_line_s = now + self._wait_s
            self._say(f"feed {self._name}: {told}{_named(told)}")
        return _REDRAWN_S

    def close(self) -> None:
        """Take the picture away. Idempotent."""
        self._is_over = True
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self, told: BookProgress, now: float) -> None:
        picture = _picture(self._name, told, now - self._started_s)
        if self._live is None:
            self._live = Live(
                picture,
                console=self._console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
            )
            self._live.start()
        self._live.update(picture, refresh=True)


def _named(told: BookProgress) -> str:
    if not told.late:
        return ""
    more = len(told.late) - 5
    return f" ({', '.join(told.late[:5])}{f' and {more} more' if more > 0 else ''})"


def _picture(name: str, told: BookProgress, seconds: float) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    for _ in range(4):
        line.add_column(no_wrap=True)
    line.add_row(
        f"[bold]{escape(name)}[/]",
        ProgressBar(total=told.expected, completed=told.proven, width=_BAR_COLUMNS),
        str(told),
        f"[dim]{seconds:.0f} s[/]",
    )
    if not told.late:
        return line
    names = Text(f"  not yet: {', '.join(told.late)}", style="dim", no_wrap=True)
    names.overflow = "ellipsis"
    return Group(line, names)
