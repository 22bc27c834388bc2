import subprocess
import sys

import pytest

from tests.unit.apps.commands import PATIENCE_S, call, error_of, start
from zerofeed.apps import cli as module

__all__: list[str] = []

COMMANDS = [
    "run",
    "tail",
    "ls",
    "top",
    "decode",
    "send",
    "mock",
    "warm",
    "bench",
    "demo",
    "doctor",
    "audit",
    "venues",
    "instruments",
]


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
        "print(sorted({'numpy', 'numba', 'rich', 'msgspec', 'urllib3'} & set(sys.modules)))"
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
        (["run"], "Missing argument 'CONFIG|VENUE:SYMBOLS'"),
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
