"""How figures look on a terminal: numbers, times, users, and tables that fit 80 columns.

Everything here degrades by itself: without a terminal, or with ``NO_COLOR`` set, there are no
colours and lines are not cut.
"""

from __future__ import annotations

import os
import pwd
import shutil
from typing import IO

from rich import box
from rich.console import Console
from rich.table import Table

from zerofeed.base.errors import ConfigurationError

__all__ = [
    "compact",
    "duration",
    "make_console",
    "parse_user",
    "plain_table",
    "terminal_style",
    "user_name",
]

_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_FILE_COLUMNS = 240
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "us"))


def terminal_style(stream: IO[str]) -> tuple[bool, int | None]:
    """Say how a stream wants its lines.

    Args:
        stream: standard output, usually.

    Returns:
        Whether they may carry colours, and the width to cut them at or None.
    """
    if not stream.isatty():
        return False, None
    is_plain = "NO_COLOR" in os.environ or os.environ.get("TERM", "") in {"", "dumb"}
    return not is_plain, shutil.get_terminal_size().columns


def compact(number: float | None, unit: str = "") -> str:
    """Write a number with three figures and a prefix: ``1.23 M``.

    Args:
        number: None is shown as a dash.
        unit: follows it.
    """
    if number is None:
        return "-"
    for size, prefix in _PREFIXES:
        if abs(number) >= size * 0.9995:
            return f"{_three_figures(number / size)} {prefix}{unit}"
    text = f"{number:.0f}" if number == int(number) else _three_figures(number)
    return f"{text} {unit}".rstrip()


def duration(time_ns: float | None) -> str:
    """Write a time with three figures: ``1.23 us``; None is shown as a dash."""
    if time_ns is None:
        return "-"
    for size, unit in _UNITS:
        if abs(time_ns) >= size * 0.9995:
            return f"{_three_figures(time_ns / size)} {unit}"
    return f"{time_ns:.0f} ns"


def _three_figures(value: float) -> str:
    size = abs(value)
    return f"{value:.2f}" if size < 9.995 else f"{value:.1f}" if size < 99.95 else f"{value:.0f}"


def parse_user(text: str | None) -> int | None:
    """Read a user as the command line gives one.

    Args:
        text: name or number; None stands for this process's user.

    Returns:
        The uid, or None.

    Raises:
        ConfigurationError: nobody has this name.
    """
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    try:
        return pwd.getpwnam(text).pw_uid
    except KeyError as error:
        raise ConfigurationError(
            "no such user", where=text, next_step="give a user's name or number"
        ) from error


def user_name(uid: int) -> str:
    """Give a user's name, or the number where nobody has a name for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def make_console() -> Console:
    """Make the console of standard output; where that is no terminal, lines are not folded."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_COLUMNS
    return console


def plain_table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Make an empty table without borders.

    Args:
        columns: headings.
        right: those of them whose cells are aligned right.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for column in columns:
        is_right = column in right
        table.add_column(column, justify="right" if is_right else "left", no_wrap=True)
    return table
