"""Machines that do not exist: facts for checks, and folders that look like /proc and /sys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zerofeed.apps.doctor.facts import Capability, Card, Channels, Facts, Machine
from zerofeed.apps.doctor.findings import Check, Status
from zerofeed.apps.doctor.system_files import SystemFiles

__all__ = ["ALL_RIGHTS", "facts", "judge", "system"]

ALL_RIGHTS = Capability.NET_ADMIN | Capability.NET_RAW | Capability.BPF | Capability.IPC_LOCK


def facts(**known: Any) -> Facts:
    """A machine of eight cores with a card of four queues, changed by what is known.

    Names of `Machine` and `Card` may be mixed; whatever is not named is not known.
    """
    machine = {"release": "6.12.1", "cores_online": tuple(range(8)), "cores_allowed": (0, 1, 2, 3)}
    card: dict[str, Any] = {"name": "eth0", "is_physical": True, "has_netlink": True}
    card["channels"] = Channels(rx=4, rx_max=8, is_combined=True)
    for name, value in known.items():
        (card if name in Card.__dataclass_fields__ else machine)[name] = value
    return Facts(Machine(**machine), Card(**card))


def judge(check: Check, **known: Any) -> tuple[Status, str, str | None]:
    """Status, value and fix of a check that must say something about made-up facts."""
    finding = check(facts(**known))
    assert finding is not None
    assert finding.why
    return finding.status, finding.value, finding.fix


def system(root: Path, files: dict[str, str]) -> SystemFiles:
    """Write files, by their paths without the leading slash, below a root."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return SystemFiles(root)
