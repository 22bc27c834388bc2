import io
import json
import re

import pytest
from rich.console import Console

from tests.unit.apps.commands import call, error_of
from tests.unit.apps.doctor.made_up import facts
from zerofeed.apps.doctor import gather_machine
from zerofeed.apps.doctor import report as module
from zerofeed.apps.doctor.facts import Card, Facts, Machine
from zerofeed.apps.doctor.findings import Status, bad, better, good, not_known
from zerofeed.apps.doctor.report import CHECKS, describe, draw, judge

__all__: list[str] = []

FINDINGS = [
    good("kernel.version", "6.12.1", "has all"),
    better("kernel.btf", "none", "no hardware times", "do this"),
    bad("card.link", "[down]", "nothing arrives", "x" * 300),
    not_known("card.xdp", "who knows"),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """Counting the cache imports Numba; it has tests of its own."""
    monkeypatch.setattr(gather_machine, "count_cached_kernels", lambda: (3, 3))


def drawn(width: int) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    draw(console, facts(others=("lo",)), FINDINGS)
    return out.getvalue().splitlines()


def test_every_check_has_a_name_of_its_own_and_never_raises() -> None:
    nothing = Facts(Machine(), Card(name="eth0", is_physical=True))
    findings = judge(nothing)
    names = [finding.id for finding in findings]
    assert len(names) == len(set(names)) == len(CHECKS)
    assert all(re.fullmatch(r"[a-z]+\.[a-z0-9-]+", name) for name in names)


def test_a_machine_that_tells_nothing_is_called_good_nowhere_it_matters() -> None:
    nothing = Facts(Machine(), Card(name="eth0", is_physical=True))
    called_good = {each.id for each in judge(nothing) if each.status is Status.GOOD}
    assert called_good == {"cores.siblings", "process.python"}


def test_checks_of_one_section_stand_together() -> None:
    sections = [finding.id.partition(".")[0] for finding in judge(facts())]
    changes = [a for a, b in zip(sections, [*sections[1:], ""], strict=True) if a != b]
    assert changes == ["kernel", "card", "queues", "sockets", "cores", "memory", "process"]


def test_a_wide_terminal_has_one_line_for_each_finding_and_its_whole_command() -> None:
    lines = drawn(200)
    assert lines[0] == "eth0 of Linux 6.12.1 , 8 cores; others: lo"
    assert next(line for line in lines if "do this" in line).startswith("▲ btf")
    assert next(line for line in lines if "x" * 300 in line).startswith("✗ link     [down]")
    assert len(lines) == 1 + 2 * 2 + len(FINDINGS) + 2


def test_a_narrow_terminal_has_commands_below_in_one_piece() -> None:
    lines = drawn(80)
    assert "  $ do this" in lines
    assert f"  $ {'x' * 300}" in lines
    assert max(len(line.rstrip()) for line in lines if not line.startswith("  $")) <= 80


def test_the_last_line_counts_and_says_that_nothing_was_changed() -> None:
    for width in (80, 200):
        assert drawn(width)[-1] == (
            "1 good, 1 could be better, 1 bad, 1 not known. Nothing was changed."
        )


def test_the_object_has_every_finding_with_its_command() -> None:
    told = describe(facts(driver="ice"), FINDINGS)
    assert set(told) == {"machine", "interface", "findings"}
    assert told["machine"]["kernel"] == "6.12.1"
    assert told["interface"]["driver"] == "ice"
    assert told["findings"][1] == {
        "id": "kernel.btf",
        "status": "could be better",
        "value": "none",
        "why": "no hardware times",
        "fix": "do this",
    }
    assert json.loads(json.dumps(told)) == told


@pytest.mark.slow
def test_the_command_looks_at_loopback() -> None:
    told = json.loads(call("doctor", "--interface", "lo", "--json").stdout)
    assert told["interface"]["name"] == "lo"
    found = {each["id"]: each for each in told["findings"]}
    assert found["card.xdp"]["value"] == "generic mode"
    assert "queues.ring" not in found


@pytest.mark.slow
def test_the_command_ends_well_however_bad_the_findings_are() -> None:
    result = call("doctor")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[-1].endswith("Nothing was changed.")


def test_a_wrong_interface_is_status_2_and_lists_what_there_is() -> None:
    result = call("doctor", "--interface", "no-such-nic")
    assert result.exit_code == 2
    assert "lo (127.0.0.1" in error_of(result)


def test_a_version_that_is_not_installed_is_not_known(monkeypatch) -> None:
    def refuse(_: str) -> str:
        raise module.PackageNotFoundError

    monkeypatch.setattr(module, "version", refuse)
    assert describe(facts(), [])["machine"]["zerofeed"] is None
