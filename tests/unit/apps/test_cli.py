import os
import signal
import subprocess
import sys

import click
import pytest

from tests.unit.apps.commands import PATIENCE_S, call, error_of, start
from zerofeed.apps import cli as module
from zerofeed.base.errors import AttachRefusedError, BugError, LayoutMismatchError

__all__: list[str] = []

COMMANDS = ["run", "tail", "ls", "top", "decode", "send", "warm", "bench", "demo", "doctor"]


def status_of(error: BaseException) -> int:
    def fail() -> int:
        raise error

    return module._status(fail)


def test_every_command_is_there() -> None:
    assert sorted(module.cli.commands) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_says_what_it_does(command: str) -> None:
    result = call(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: zerofeed {command}" in result.output


@pytest.mark.slow
def test_help_loads_nothing_but_click() -> None:
    check = (
        "import sys; from click.testing import CliRunner; from zerofeed.apps.cli import cli; "
        "[CliRunner().invoke(cli, [c, '--help']) for c in cli.commands]; "
        "print(sorted({'numpy', 'numba', 'rich', 'msgspec'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_version_is_one_line() -> None:
    result = call("--version")
    assert (result.exit_code, result.output.count("\n")) == (0, 1)
    assert result.output.startswith("zerofeed ")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["ls", "--nonsense"], "No such option"),
        (["run"], "Missing argument 'CONFIG'"),
        (["decode", "file"], "Missing option '--protocol'"),
        (["decode", "file", "--protocol", "x", "--format", "y"], "'y' is not one of"),
        (["top", "feed", "--interval", "0"], "is not in the range"),
        (["bench", "speed"], "'speed' is not one of"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments: list[str], what: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert what in error_of(result)
    assert "--help` lists what there is" in error_of(result)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AttachRefusedError("no"), 5),
        (LayoutMismatchError("another", expected=1, got=2, next_step="update"), 6),
        (PermissionError(13, "Permission denied", "/x"), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (module._Terminated(), 143),
        (ZeroDivisionError("oops"), 70),
    ],
)
def test_each_end_has_its_status(error: BaseException, status: int) -> None:
    assert status_of(error) == status


def test_an_error_is_one_line_however_it_was_written(capsys) -> None:
    status_of(LayoutMismatchError("two\nlines", where="feed x", next_step="update"))
    assert capsys.readouterr().err == "zerofeed: error: feed x: two lines; update\n"


def test_an_unexpected_error_asks_to_be_reported_without_a_traceback(capsys) -> None:
    status_of(ZeroDivisionError("oops"))
    status_of(BugError("an invariant broke"))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("report it" in line and "Traceback" not in line for line in lines)


def test_an_unexpected_error_shows_its_traceback_when_asked(monkeypatch) -> None:
    monkeypatch.setenv("ZEROFEED_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        status_of(ZeroDivisionError("oops"))


def test_sigterm_unwinds_and_is_handled_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(module._Terminated), module._raised_on_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_ends_with_an_interrupt_ends_well() -> None:
    def stopped() -> int:
        raise KeyboardInterrupt

    assert module._until_interrupted(stopped) == 0


@pytest.mark.slow
def test_a_closed_pipe_is_quiet(capture) -> None:
    with start(
        "decode", capture, "--protocol", "deribit-multicast", "--format", "ndjson"
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith('{"seq":0,')
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.slow
def test_main_is_the_installed_command() -> None:
    with start("ls", "--json") as process:
        out, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors) == (0, "")
    assert out.startswith("{")


@pytest.mark.slow
def test_closed_streams_and_poor_encodings_are_no_obstacle() -> None:
    code = (
        "import os, sys; from zerofeed.apps.cli import _complete_streams; _complete_streams(); "
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
