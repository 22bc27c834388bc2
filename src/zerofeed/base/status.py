"""Result codes of compiled kernels.

A kernel cannot raise (memory that a raising Numba function allocated leaks, and the
unwinding costs more than the work), so it returns an int: zero or a count on success, one
of these negative codes on failure. They are plain ints rather than an ``IntEnum`` because
an enum member returned from compiled code costs four times as much as an int.
"""

from __future__ import annotations

__all__ = [
    "BUFFER_FULL",
    "MALFORMED",
    "MISMATCH",
    "NOT_READY",
    "OK",
    "OVERRUN",
    "STALE",
    "TRUNCATED",
    "UNKNOWN_SCHEMA",
    "UNKNOWN_TEMPLATE",
    "WOULD_BLOCK",
    "describe",
]

OK = 0
"""The call did what its name says."""
MALFORMED = -1001
"""The bytes contradict their own format; nothing of the message may be used."""
TRUNCATED = -1002
"""The message claims more bytes than the buffer holds."""
UNKNOWN_TEMPLATE = -1003
"""The header is well formed, its template is not in the schema."""
UNKNOWN_SCHEMA = -1004
"""The header is well formed, its schema id is another."""
BUFFER_FULL = -1005
"""The caller's output table has no room for the whole result; nothing was consumed."""
WOULD_BLOCK = -1006
"""A lossless reader has not yet consumed what this claim would overwrite."""
OVERRUN = -1007
"""The writer lapped the reader: what was read may be torn and must be thrown away."""
STALE = -1008
"""Older than what has been seen; a duplicate or a late line."""
NOT_READY = -1009
"""Nothing there yet; try again."""
MISMATCH = -1010
"""What was computed is not what was sent."""

_MEANING = {
    OK: "ok",
    MALFORMED: "malformed",
    TRUNCATED: "truncated",
    UNKNOWN_TEMPLATE: "unknown template",
    UNKNOWN_SCHEMA: "unknown schema",
    BUFFER_FULL: "output buffer full",
    WOULD_BLOCK: "would block on a lossless reader",
    OVERRUN: "overrun by the writer",
    STALE: "stale",
    NOT_READY: "not ready",
    MISMATCH: "mismatch",
}


def describe(code: int) -> str:
    """Name a status code for a person.

    Args:
        code: a value returned by a kernel.

    Returns:
        The meaning; for a code that is not in the table, its number, so that nothing is hidden.
    """
    if code > 0:
        return f"ok ({code})"
    return _MEANING.get(code, f"unknown status {code}")
