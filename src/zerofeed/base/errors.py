"""The exceptions that a caller of zerofeed can meet.

One tree, cut by what the caller can do about it: retry, reconfigure, or report a bug. Lost
records are no error: a reader counts them exactly, and gaps are records of the stream.

Every message says what happened, where, what was expected, what was found and what to do next;
the values stay on the exception as attributes so that a program need not parse the sentence.
"""

from __future__ import annotations

__all__ = [
    "AttachRefusedError",
    "BugError",
    "CaptureError",
    "ConfigurationError",
    "FeedGoneError",
    "FeedNotFoundError",
    "LayoutMismatchError",
    "ReceiverError",
    "ResourceError",
    "SchemaError",
    "VenueError",
    "ZerofeedError",
]


class ZerofeedError(Exception):
    """Base of every error that zerofeed raises on purpose.

    Args:
        what: one sentence saying what went wrong.
        where: the feed, file, channel, offset or sequence it happened at.
        expected: what would have been right.
        got: what was found instead.
        next_step: what the person can do about it.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: object = None,
        got: object = None,
        next_step: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.got = got
        self.next_step = next_step
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        parts = [self.what if self.where is None else f"{self.where}: {self.what}"]
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.got is not None:
            parts.append(f"got {self.got}")
        if self.next_step is not None:
            parts.append(self.next_step)
        return "; ".join(parts)


class ConfigurationError(ZerofeedError):
    """Reconfigure: a setting, argument or file of the user's is wrong."""

    exit_code = 2


class SchemaError(ConfigurationError):
    """Reconfigure: a message schema cannot be understood."""


class CaptureError(ConfigurationError):
    """Reconfigure: a capture file is damaged or of another kind."""


class ResourceError(ZerofeedError):
    """Reconfigure: the machine refuses what was asked (memory, permission, port, interface)."""

    exit_code = 3


class ReceiverError(ResourceError):
    """Reconfigure: a network receiver cannot be opened."""


class FeedNotFoundError(ZerofeedError):
    """Retry: no feed of that name is running here."""

    exit_code = 4


class FeedGoneError(ZerofeedError):
    """Retry: the feed that this reader was attached to has ended."""

    exit_code = 4


class VenueError(ZerofeedError):
    """Retry: a venue cannot be reached, refuses, or answers what cannot be understood.

    Args:
        what: as :class:`ZerofeedError`, and so are the others that are not named here.
        status: of the venue's HTTP answer, if there was one.
        retry_after_s: seconds that the venue wants to be left alone for, if it said so.
    """

    exit_code = 4

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: object = None,
        got: object = None,
        next_step: str | None = None,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(what, where=where, expected=expected, got=got, next_step=next_step)


class AttachRefusedError(ZerofeedError):
    """Reconfigure: the feed runs and does not admit this user."""

    exit_code = 5


class LayoutMismatchError(ZerofeedError):
    """Reconfigure: the feed was started by a version whose memory layout is another."""

    exit_code = 6


class BugError(ZerofeedError):
    """Report: an invariant of zerofeed's own does not hold."""
