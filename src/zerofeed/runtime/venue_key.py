"""A user's key of a venue: read once, before the feed starts, and shown to nobody but the venue.

``[venue] key`` names a place, never the key itself: a file that only its owner may read, or a variable
of the environment. It holds lines ``part: value``, or the key alone where it has no other part::

    key: d3b0...
    secret: 4c1f...
    passphrase: ...

What is read stays in this process and the worker that is forked from it. No error, log line or text of
an object has any of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from zerofeed.base.errors import ConfigurationError
from zerofeed.venues.key import KeyUse
from zerofeed.wire.websocket.endpoint import read_private

__all__ = ["Key", "read_key"]


class Key:
    """A key, and how its venue wants it.

    Args:
        parts: by name.
        use: of the venue.
        clock: gives Unix seconds.
    """

    __slots__ = ("_clock", "_parts", "_use")

    def __init__(
        self, parts: Mapping[str, str], use: KeyUse, clock: Callable[[], float] = time.time
    ) -> None:
        self._parts = parts
        self._use = use
        self._clock = clock

    def __call__(self) -> dict[str, str]:
        """Make the headers of a handshake that happens now."""
        return self._use.headers(self._parts, self._clock())

    def __repr__(self) -> str:
        return f"Key({', '.join(self._use.parts)}: not shown)"

    def __reduce__(self) -> tuple[object, ...]:
        # A copy elsewhere, a crash report for instance, would have it.
        raise TypeError("a key is not copied")


def read_key(place: str, use: KeyUse) -> Key:
    """Read a key.

    Args:
        place: path of a file of mode 0600, or ``env:NAME``.
        use: of the venue.

    Raises:
        ConfigurationError: it cannot be read, others could read it, or a part is missing, unknown or
            no text for a header. The error never says what it contains.
    """
    parts: dict[str, str] = {}
    lines = [line.strip() for line in read_private(place).splitlines()]
    given = [line for line in lines if line]
    for number, line in enumerate(given, 1):
        name, colon, value = line.partition(":")
        if not colon and len(given) == 1 and len(use.parts) == 1:
            name, value = use.parts[0], line
        name, value = name.strip().lower(), value.strip()
        if name not in use.parts or name in parts or not value or not value.isprintable():
            raise ConfigurationError(
                "has a line that is no part of a key",
                where=f"{place}, line {number}",
                expected=" or ".join(f"{each}: ..." for each in use.parts),
            )
        parts[name] = value
    missing = [each for each in use.parts if each not in parts]
    if missing:
        raise ConfigurationError(
            "lacks a part of the key", where=place, expected=", ".join(missing), next_step=use.about
        )
    return Key(parts, use)
