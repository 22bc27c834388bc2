"""The command: gather facts, let every check judge them, and show what they say.

Changes nothing on the machine and asks nothing of the network; works without privileges, in
containers and on loopback, where it knows less and says so.
"""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from zerofeed.apps.doctor import (
    checks_card,
    checks_cores,
    checks_kernel,
    checks_memory,
    checks_process,
    checks_queues,
    checks_sockets,
)
from zerofeed.apps.doctor.facts import Facts
from zerofeed.apps.doctor.findings import Check, Finding, Status
from zerofeed.apps.doctor.gather_card import choose_interface, gather_card
from zerofeed.apps.doctor.gather_machine import gather_machine
from zerofeed.apps.doctor.system_files import SystemFiles
from zerofeed.apps.render import make_console

__all__ = ["CHECKS", "describe", "doctor", "draw", "judge"]

CHECKS: tuple[Check, ...] = (
    *checks_kernel.CHECKS,
    *checks_card.CHECKS,
    *checks_queues.CHECKS,
    *checks_sockets.CHECKS,
    *checks_cores.CHECKS,
    *checks_memory.CHECKS,
    *checks_process.CHECKS,
)
"""Every check, in the order of the report."""

_MARKS = {
    Status.GOOD: ("✓", "green"),
    Status.BETTER: ("▲", "yellow"),
    Status.BAD: ("✗", "bold red"),
    Status.UNKNOWN: ("?", "dim"),
}
_COMMAND_STYLE = "cyan"
_ONE_LINE_COLUMNS = 160
"""From this width on a finding's command stands on its line, else below it."""
_VALUE_COLUMNS = 34
_WHY_COLUMNS = 56


def doctor(interface: str | None = None, *, is_json: bool = False) -> int:
    """Print what this machine can do for market data, and what would make it faster.

    Args:
        interface: name or address of the interface to look at; None for the default route's.
        is_json: one JSON object instead of a table.

    Returns:
        0, however bad the findings are.

    Raises:
        ConfigurationError: there is no such interface.
    """
    files = SystemFiles()
    chosen = choose_interface(interface, files)
    facts = Facts(gather_machine(files), gather_card(files, chosen))
    findings = judge(facts)
    if is_json:
        print(json.dumps(describe(facts, findings), indent=2))
    else:
        draw(make_console(), facts, findings)
    return 0


def judge(facts: Facts) -> list[Finding]:
    """Run every check; those without a meaning for this interface say nothing."""
    return [finding for check in CHECKS if (finding := check(facts)) is not None]


def describe(facts: Facts, findings: list[Finding]) -> dict[str, Any]:
    """Make the JSON-like object of a report."""
    machine, card = facts.machine, facts.card
    return {
        "machine": {
            "kernel": machine.release,
            "architecture": machine.architecture,
            "cores": list(machine.cores_online),
            "cores_allowed": list(machine.cores_allowed),
            "python": machine.python,
            "zerofeed": _own_version(),
        },
        "interface": {
            "name": card.name,
            "index": card.index,
            "driver": card.driver,
            "is_physical": card.is_physical,
            "has_netlink": card.has_netlink,
            "others": list(card.others),
        },
        "findings": [
            {
                "id": each.id,
                "status": each.status.value,
                "value": each.value,
                "why": each.why,
                "fix": each.fix,
            }
            for each in findings
        ],
    }


def draw(console: Console, facts: Facts, findings: list[Finding]) -> None:
    """Draw a report: sections, one line a finding, and a summary at the end."""
    machine, card = facts.machine, facts.card
    others = f"; others: {', '.join(card.others)}" if card.others else ""
    console.print(
        f"[bold]{escape(card.name)}[/] of Linux {escape(machine.release)} "
        f"{escape(machine.architecture)}, {len(machine.cores_online)} cores"
        f"[dim]{escape(others)}[/]",
        soft_wrap=True,
    )
    is_wide = console.width >= _ONE_LINE_COLUMNS
    name_columns = max((len(_short(each)) for each in findings), default=0)
    section = ""
    for each in findings:
        head = each.id.partition(".")[0]
        if head != section:
            section = head
            console.print(f"\n[bold]{head}")
        if is_wide:
            _draw_line(console, each, name_columns)
        else:
            _draw_block(console, each, name_columns)
    console.print()
    console.print(_summary(findings), soft_wrap=True)


def _short(finding: Finding) -> str:
    return finding.id.partition(".")[2]


def _draw_line(console: Console, finding: Finding, name_columns: int) -> None:
    """Draw all of a finding on one line, however long its command is."""
    mark, style = _MARKS[finding.status]
    line = Text.assemble(
        (mark, style),
        f" {_short(finding):<{name_columns}}  ",
        (f"{finding.value:<{_VALUE_COLUMNS}}  ", style),
        (f"{finding.why:<{_WHY_COLUMNS}}  ", "dim"),
        (finding.fix or "", _COMMAND_STYLE),
    )
    line.rstrip()
    console.print(line, soft_wrap=True)


def _draw_block(console: Console, finding: Finding, name_columns: int) -> None:
    """Draw a finding for a narrow terminal: words folded in columns, the command below."""
    mark, style = _MARKS[finding.status]
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=1)
    row.add_column(width=name_columns)
    row.add_column(width=max(console.width // 3, 16))
    row.add_column()
    row.add_row(
        Text(mark, style),
        Text(_short(finding)),
        Text(finding.value, style),
        Text(finding.why, "dim"),
    )
    console.print(row)
    if finding.fix is not None:
        command = Text.assemble("  ", ("$ ", "dim"), (finding.fix, _COMMAND_STYLE))
        console.print(command, soft_wrap=True)  # whole, so that it can be copied


def _summary(findings: list[Finding]) -> str:
    counts = {status: sum(each.status is status for each in findings) for status in Status}
    parts = [
        f"[{_MARKS[status][1]}]{count} {status.value}[/]"
        for status, count in counts.items()
        if count
    ]
    return f"{', '.join(parts)}. Nothing was changed."


def _own_version() -> str | None:
    try:
        return version("zerofeed")
    except PackageNotFoundError:
        return None
