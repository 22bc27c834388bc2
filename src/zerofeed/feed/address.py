"""Where a feed's attach socket is, and how to find the feeds of this machine.

By default a feed listens on an *abstract* Unix address, ``@zerofeed/UID/NAME``. It has no file,
so a killed feed leaves nothing behind and its name is free at once. The kernel lists these
addresses in /proc/net/unix, which is how ``zerofeed ls`` finds feeds without a registry.

Containers have address spaces of their own; for them a feed can listen on a path as well
(``feed.socket`` in its configuration), and the path is then used in place of the name.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from zerofeed.base.errors import ConfigurationError

__all__ = ["address_of", "list_feeds"]

_PREFIX = "zerofeed"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def address_of(name: str, uid: int | None = None) -> str:
    """Give the socket address of a feed.

    Args:
        name: a feed's name, or the path of its socket (anything with a slash).
        uid: user that runs it; default: this process's.

    Returns:
        A path, or an abstract address that begins with a NUL.

    Raises:
        ConfigurationError: the name has characters that a name cannot have.
    """
    if "/" in name:
        return name
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            "that is no name for a feed",
            where="feed name",
            expected="letters, digits, '.', '_' and '-', at most 64, or the path of a socket",
            got=repr(name),
        )
    return f"\0{_PREFIX}/{os.getuid() if uid is None else uid}/{name}"


def list_feeds() -> list[tuple[str, int]]:
    """List the feeds that listen on this machine: (name, uid), sorted.

    Feeds in other network namespaces, and those that listen on a path only, are not seen.
    """
    found: set[tuple[str, int]] = set()
    for line in Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").splitlines():
        address = line.rsplit(" ", 1)[-1]
        match = re.fullmatch(rf"@{_PREFIX}/(\d+)/(.+)", address)
        if match and _NAME.fullmatch(match.group(2)):
            found.add((match.group(2), int(match.group(1))))
    return sorted(found)
