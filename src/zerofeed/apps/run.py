"""``zerofeed run``: one feed in the foreground, until it is told to stop."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from zerofeed.runtime.config import load
from zerofeed.runtime.supervisor import Supervisor

__all__ = ["log_line", "run"]


def run(path: Path, settings: Sequence[str] = ()) -> int:
    """Run the feed that a file describes. Blocks until SIGINT or SIGTERM.

    Args:
        path: TOML file.
        settings: ``key.path=value`` texts that change single values of it.

    Returns:
        0.

    Raises:
        ConfigurationError: the file or a setting is wrong; nothing was started.
        ResourceError: the machine refuses memory, port or interface; nothing was started.
    """
    supervisor = Supervisor(load(path, settings), log_line)
    try:
        supervisor.run()
    finally:
        supervisor.close()
    log_line(f"feed {supervisor.config.feed.name}: stopped")
    return 0


def log_line(text: str) -> None:
    """Write a line with the time to standard error; a reader of it that left ends no feed."""
    now = datetime.now(tz=UTC)
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{stamp} {text}\n")
        sys.stderr.flush()
