"""``zerofeed run``: one feed in the foreground, until it is told to stop."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from zerofeed.apps.book_progress import BookDisplay
from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.config import load, parse_tree
from zerofeed.runtime.supervisor import Supervisor
from zerofeed.runtime.venue_config import tree_of
from zerofeed.venues.catalogue import SERVICES, is_shorthand

__all__ = ["log_line", "run"]


def run(names: Sequence[str], settings: Sequence[str] = ()) -> int:
    """Run the feed that a file, or shorthands of a venue, describe. Blocks until SIGINT or SIGTERM.

    Args:
        names: a TOML file; or ``binance:BTCUSDT,ETHUSDT`` and the like, all of one service.
        settings: ``key.path=value`` texts that change single values of it.

    Returns:
        0.

    Raises:
        ConfigurationError: the file or a setting is wrong; nothing was started.
        ResourceError: the machine refuses memory, port or interface; nothing was started.
    """
    if all(is_shorthand(name) for name in names):
        config = parse_tree(tree_of(names), " ".join(names), settings)
    elif len(names) == 1 and names[0] in SERVICES and not Path(names[0]).exists():
        service = SERVICES[names[0]]
        raise ConfigurationError(
            "is a venue; which of its symbols?",
            where=names[0],
            expected=f"{service.name}:{service.symbol_example}, for instance",
            next_step=f"`zerofeed instruments {service.name}` lists them",
        )
    elif len(names) == 1:
        config = load(Path(names[0]), settings)
    else:
        raise ConfigurationError(
            "several files, or a file and a venue",
            expected="one TOML file, or VENUE:SYMBOL,SYMBOL ...",
            got=" ".join(names),
            next_step="run a feed for each of them",
        )
    supervisor = Supervisor(config, log_line)
    display = BookDisplay(config.feed.name, supervisor.count_books, log_line)
    try:
        supervisor.run(display.look)
    finally:
        display.close()
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
