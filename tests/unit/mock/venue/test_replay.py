"""Captures are due by their own times; made-up markets by their rate."""

import itertools
import math
from pathlib import Path

import pytest

from tests.unit.mock.venue.rig import NOW_NS
from zerofeed.base.errors import CaptureError
from zerofeed.mock.venue.market import SeededMarket
from zerofeed.mock.venue.replay import captured, made_up
from zerofeed.mock.venue.venues import dialect_of

__all__: list[str] = []

DEPTH = (
    '{{"stream":"ab@depth","data":{{"e":"depthUpdate","E":1,"s":"AB","U":{0},"u":{0},'
    '"b":[["1.00","{0}"]],"a":[]}}}}'
)
SNAPSHOT = '{"lastUpdateId":11,"bids":[["1.00","9"],["0.50","4"]],"asks":[["2.00","1"]]}'


def written(tmp_path: Path, *lines: tuple[int, str], name: str = "capture") -> Path:
    path = tmp_path / name
    start = 1_700_000_000_000_000_000
    path.write_text("".join(f"{start + after} {text}\n" for after, text in lines))
    return path


def test_lines_are_due_by_their_times_divided_by_the_speed(tmp_path: Path) -> None:
    path = written(tmp_path, *((k * 1_000, DEPTH.format(10 + k)) for k in range(4)))
    for speed, wanted in ((1.0, [0, 1000, 2000, 3000]), (10.0, [0, 100, 200, 300])):
        dues = list(captured(dialect_of("binance-spot"), [path], speed=speed))
        assert [due.due_ns for due in dues] == wanted
    at_once = captured(dialect_of("binance-spot"), [path], speed=math.inf)
    assert {due.due_ns for due in at_once} == {0}


def test_time_that_runs_backwards_is_due_with_the_line_before(tmp_path: Path) -> None:
    path = written(tmp_path, (0, DEPTH.format(10)), (500, DEPTH.format(11)), (90, DEPTH.format(12)))
    dues = list(captured(dialect_of("binance-spot"), [path]))
    assert [due.due_ns for due in dues] == [0, 500, 500]


def test_several_captures_are_merged_by_time(tmp_path: Path) -> None:
    stream = written(tmp_path, (0, DEPTH.format(10)), (500, DEPTH.format(12)))
    answers = tmp_path / "answers"
    answers.write_text(f"https://x/depth?symbol=AB&limit=5 -> 1700000000.00000025: {SNAPSHOT}\n")
    dialect = dialect_of("binance-spot")
    dues = list(captured(dialect, [stream, answers]))
    assert [due.due_ns for due in dues] == [0, 250, 500]
    assert dialect.books["AB"].last == 11


def test_book_begins_with_the_first_snapshot_that_is_to_come(tmp_path: Path) -> None:
    lines = [(0, DEPTH.format(10)), (1, DEPTH.format(11)), (2, SNAPSHOT), (3, DEPTH.format(12))]
    dialect = dialect_of("binance-spot")
    source = captured(dialect, [written(tmp_path, *lines)])
    book = dialect.books["AB"]
    assert (book.last, book.row("bids", "1")) == (11, ("1.00", "9", ()))
    told = [dialect.publish(update) for due in source for update in due.updates]
    assert told == [True, True, False, True]
    assert (book.last, book.row("bids", "1")) == (12, ("1.00", "12", ()))
    assert book.row("bids", "0.5") is not None
    assert book.gaps == 0


def test_snapshot_that_names_nobody_is_that_of_the_next_change(tmp_path: Path) -> None:
    dialect = dialect_of("binance-spot")
    captured(dialect, [written(tmp_path, (0, SNAPSHOT), (1, DEPTH.format(12)))])
    assert list(dialect.books) == ["AB"]


def test_capture_of_another_venue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no message of okx"):
        captured(dialect_of("okx"), [written(tmp_path, (0, DEPTH.format(1)))])


def test_line_that_makes_no_sense_is_refused_with_its_text(tmp_path: Path) -> None:
    broken = '{"e":"depthUpdate","s":"AB"}'
    with pytest.raises(CaptureError, match="depthUpdate"):
        captured(dialect_of("binance-spot"), [written(tmp_path, (0, broken))])


def test_made_up_events_are_due_by_their_rate_and_end_by_their_count() -> None:
    dialect = dialect_of("okx")
    source = made_up(dialect, SeededMarket(["A-B"], 1), lambda: NOW_NS, rate=1_000.0, count=4)
    assert [due.due_ns for due in source] == [0, 1_000_000, 2_000_000, 3_000_000]


def test_made_up_market_without_a_count_does_not_end() -> None:
    dialect = dialect_of("okx")
    source = made_up(dialect, SeededMarket(["A-B"], 1), lambda: NOW_NS, rate=math.inf)
    assert len(list(itertools.islice(source, 500))) == 500


def test_books_are_there_before_the_first_event() -> None:
    dialect = dialect_of("okx")
    market = SeededMarket(["A-B"], 1)
    made_up(dialect, market, lambda: NOW_NS)
    assert dialect.books["A-B"].values() == market.book("A-B").values()
