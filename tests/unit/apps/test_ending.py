"""Each end of a command has its status and at most one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import click
import pytest

from zerofeed.apps.ending import Terminated, raised_on_sigterm, status_of, until_interrupted
from zerofeed.base.errors import AttachRefusedError, BugError, LayoutMismatchError

__all__: list[str] = []


def ended_with(error: BaseException) -> int:
    def fail() -> int:
        raise error

    return status_of(fail)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AttachRefusedError("no"), 5),
        (LayoutMismatchError("another", expected=1, got=2, next_step="update"), 6),
        (PermissionError(13, "Permission denied", "/x"), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (Terminated(), 143),
        (ZeroDivisionError("oops"), 70),
    ],
)
def test_each_end_has_its_status(error: BaseException, status: int) -> None:
    assert ended_with(error) == status


def test_an_error_is_one_line_however_it_was_written(capsys) -> None:
    ended_with(LayoutMismatchError("two\nlines", where="feed x", next_step="update"))
    assert capsys.readouterr().err == "zerofeed: error: feed x: two lines; update\n"


def test_an_unexpected_error_asks_to_be_reported_without_a_traceback(capsys) -> None:
    ended_with(ZeroDivisionError("oops"))
    ended_with(BugError("an invariant broke"))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("report it" in line and "Traceback" not in line for line in lines)


def test_an_unexpected_error_shows_its_traceback_when_asked(monkeypatch) -> None:
    monkeypatch.setenv("ZEROFEED_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        ended_with(ZeroDivisionError("oops"))


def test_sigterm_unwinds_and_is_handled_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), raised_on_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_ends_with_an_interrupt_ends_well() -> None:
    def stopped() -> int:
        raise KeyboardInterrupt

    assert until_interrupted(stopped) == 0


@pytest.mark.slow
def test_closed_streams_and_poor_encodings_are_no_obstacle() -> None:
    code = (
        "import os, sys; from zerofeed.apps.ending import complete_streams; complete_streams(); "
        "opened = os.open(os.devnull, os.O_RDONLY); print('€'); print(opened, file=sys.stderr); "
        "os._exit(0 if opened > 2 else 1)"
    )
    closing = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code]
    assert subprocess.run(closing, check=False).returncode == 0
    said = subprocess.run(
        [sys.executable, "-c", code.replace("os._exit", "sys.exit")],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert said.stdout == b"\\u20ac\n"
