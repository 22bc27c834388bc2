"""What a result must say about the machine that it was measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from importlib import metadata
from pathlib import Path

__all__ = ["describe", "load"]

_PACKAGES = (
    "numpy",
    "numba",
    "pyzmq",
    "iceoryx2",
    "uvloop",
    "zerofeed",
    "hftbacktest",
    "order_book",
    "sortedcontainers",
    "websockets",
    "aiohttp",
    "picows",
    "orjson",
    "msgspec",
)


def describe() -> dict[str, object]:
    """Describe processor, kernel, compiler and libraries."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "not exposed",
        "hypervisor": _cpu_fact("Hypervisor vendor") or "none",
        "l3": _cpu_fact("L3 cache"),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "gcc": _first_line("gcc", "--version"),
        "packages": {name: _version(name) for name in _PACKAGES},
        "commit": _first_line("git", "rev-parse", "--short", "HEAD"),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def load() -> float:
    """Give the load average of the last minute: above 0.5 before a run, others are at work."""
    return os.getloadavg()[0]


def _cpu_name() -> str:
    text = _read("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    family = re.search(r"^cpu family\s*:\s*(.+)$", text, re.MULTILINE)
    model = re.search(r"^model\s*:\s*(.+)$", text, re.MULTILINE)
    name = found.group(1) if found else platform.processor() or platform.machine()
    if family and model:
        name += f" (family {family.group(1)}, model {model.group(1)})"
    return name


def _cpu_fact(label: str) -> str:
    for line in _lines("lscpu"):
        if line.startswith(f"{label}:"):
            return line.split(":", 1)[1].strip()
    return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _lines(*command: str) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.splitlines()


def _first_line(*command: str) -> str:
    return next(iter(_lines(*command)), "none")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
