"""Both text forms of a capture are read exactly, and nothing else is taken for one."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import CaptureError
from zerofeed.mock.venue.capture import CapturedLine, Direction, parse_line, read_lines

__all__: list[str] = []


def test_line_with_nanoseconds_keeps_its_time_and_its_text() -> None:
    line = parse_line('1700000000123456789 {"a":1.50}')
    assert line == CapturedLine(1_700_000_000_123_456_789, Direction.RECEIVED, '{"a":1.50}')


@given(seconds=st.integers(0, 2**31), decimals=st.text("0123456789", min_size=1, max_size=9))
def test_seconds_become_nanoseconds_by_their_digits(seconds: int, decimals: str) -> None:
    line = parse_line(f"{seconds}.{decimals}: [1]")
    assert line.ts_ns == seconds * 10**9 + int(decimals.ljust(9, "0"))
    assert line.text == "[1]"


def test_whole_seconds_are_a_time_too() -> None:
    assert parse_line("17: {}").ts_ns == 17_000_000_000


@pytest.mark.parametrize(
    ("text", "direction", "body"),
    [
        ("wss://x.y/z <-> 1.5", Direction.OPENED, ""),
        ('wss://x.y/z <- 1.5: {"op":"s"}', Direction.SENT, '{"op":"s"}'),
        ('https://x.y/z?a=b -> 1.5: {"r":[]}', Direction.ANSWER, '{"r":[]}'),
    ],
)
def test_lines_with_an_address_say_who_spoke(text: str, direction: Direction, body: str) -> None:
    line = parse_line(text)
    assert (line.direction, line.text, line.ts_ns) == (direction, body, 1_500_000_000)
    assert line.url == text.split(maxsplit=1)[0]


def test_bare_message_has_the_time_of_the_line_before() -> None:
    assert parse_line("[7]", 42) == CapturedLine(42, Direction.RECEIVED, "[7]")


@pytest.mark.parametrize("text", ["hello", "12 34", "17:00:01 {}", "\x1f\x8b\x00"])
def test_line_of_another_kind_is_refused_by_name(text: str) -> None:
    with pytest.raises(CaptureError, match="some/file, line 3"):
        parse_line(text, where="some/file, line 3")


@pytest.mark.parametrize("is_zipped", [False, True])
def test_file_is_read_plain_and_zipped_without_its_empty_lines(
    tmp_path: Path, is_zipped: bool
) -> None:
    text = '1700000000000000001 {"k":1}\n\n{"k":2}\r\n1700000000000000003 {"k":3}\n'
    path = tmp_path / "capture"
    path.write_bytes(gzip.compress(text.encode()) if is_zipped else text.encode())
    lines = list(read_lines(path))
    assert [line.text for line in lines] == ['{"k":1}', '{"k":2}', '{"k":3}']
    assert [line.ts_ns % 10 for line in lines] == [1, 1, 3]


def test_absent_file_is_told_in_one_error(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="nothing-here"):
        list(read_lines(tmp_path / "nothing-here"))


def test_file_that_was_cut_while_zipped_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(b"[1]\n" * 5_000)[:40])
    with pytest.raises(CaptureError, match=r"cut\.gz"):
        list(read_lines(path))
