import io
import os

import pytest

from zerofeed.apps.render import (
    compact,
    duration,
    make_console,
    parse_user,
    plain_table,
    terminal_style,
    user_name,
)
from zerofeed.base.errors import ConfigurationError

__all__: list[str] = []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "-"),
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (999.6, "1.00 k"),
        (1234, "1.23 k"),
        (99_960, "100 k"),
        (1_500_000, "1.50 M"),
        (2.5e9, "2.50 G"),
        (3e12, "3.00 T"),
        (0.25, "0.25"),
    ],
)
def test_compact_gives_three_figures(number: float | None, text: str) -> None:
    assert compact(number) == text


def test_compact_puts_the_prefix_before_the_unit() -> None:
    assert compact(1500, "B/s") == "1.50 kB/s"
    assert compact(15, "B/s") == "15 B/s"


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (None, "-"),
        (0, "0 ns"),
        (999, "999 ns"),
        (1000, "1.00 us"),
        (12_345, "12.3 us"),
        (999_900, "1.00 ms"),
        (2_500_000_000, "2.50 s"),
    ],
)
def test_duration_gives_three_figures_and_a_unit(time_ns: int | None, text: str) -> None:
    assert duration(time_ns) == text


def test_a_file_gets_neither_colours_nor_cut_lines() -> None:
    assert terminal_style(io.StringIO()) == (False, None)


def test_a_terminal_gets_both_unless_colours_are_refused(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert terminal_style(Terminal()) == (True, 72)
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal_style(Terminal()) == (False, 72)


def test_users_are_read_by_name_and_by_number() -> None:
    assert parse_user(None) is None
    assert parse_user("12345") == 12345
    assert parse_user(user_name(0)) == 0
    with pytest.raises(ConfigurationError, match="no such user"):
        parse_user("nobody-has-this-name")


def test_a_user_without_a_name_is_a_number() -> None:
    assert user_name(4_000_000_123) == "4000000123"
    assert user_name(os.getuid())


def test_a_table_in_a_file_is_not_folded(capsys) -> None:
    table = plain_table("name", "number", right=("number",))
    table.add_row("x" * 100, "1")
    make_console().print(table)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in (lines[0], lines[2])] == ["name", "x" * 100]
