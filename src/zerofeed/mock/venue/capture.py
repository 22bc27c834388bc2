"""Captures of a venue's text messages, in the two forms that recorders write.

=====================================  ==========================================================
line                                   what it is
=====================================  ==========================================================
``1723161253937085768 {...}``          a message received, local time in nanoseconds
``1633998512.0633569: {...}``          the same, local time in seconds with decimals
``URL <-> 1633998511.15``              a connection was opened
``URL <- 1633998511.15: {...}``        a message sent by the client
``URL -> 1633998511.15: {...}``        the answer to a request over REST
=====================================  ==========================================================

Plain or gzipped. Seconds become nanoseconds by their digits, never through a float. Single
messages without a time (``{...}``) are taken at the time of the line before.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import IO, NamedTuple

from zerofeed.base.errors import CaptureError

__all__ = ["CapturedLine", "Direction", "parse_line", "read_lines"]

_GZIP = b"\x1f\x8b"
_NS_LINE = re.compile(r"^(\d{16,19}) (?=[\[{])")
_SECONDS_LINE = re.compile(r"^(\d{1,10}(?:\.\d+)?): ")
_URL_LINE = re.compile(r"^((?:https?|wss?)://\S+) (<->|<-|->) (\d{1,10}(?:\.\d+)?)(?:: )?")


class Direction(Enum):
    """Who said it."""

    RECEIVED = ""
    OPENED = "<->"
    SENT = "<-"
    ANSWER = "->"


class CapturedLine(NamedTuple):
    """One line of a capture.

    Attributes:
        ts_ns: local time, nanoseconds since the epoch.
        direction: received from the venue, sent to it, an answer over REST, or a connection.
        text: the message, unchanged; empty for a connection.
        url: where it was sent or asked for; empty for a message received.
    """

    ts_ns: int
    direction: Direction
    text: str
    url: str = ""


def read_lines(path: Path) -> Iterator[CapturedLine]:
    """Read a capture, line by line.

    Args:
        path: a file in one of the two forms, also gzipped.

    Yields:
        Its lines in their order; empty ones are left out.

    Raises:
        CaptureError: the file is absent, or a line has neither form; the message names the line.
    """
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == _GZIP
        with _open(path, is_gzip=is_gzip) as lines:
            ts_ns = 0
            for number, line in enumerate(lines, 1):
                text = line.rstrip("\r\n")
                if text:
                    told = parse_line(text, ts_ns, where=f"{path}, line {number}")
                    ts_ns = told.ts_ns
                    yield told
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CaptureError(
            "cannot be read",
            where=str(path),
            got=str(error),
            next_step="name a text capture, plain or gzipped",
        ) from error


def parse_line(text: str, ts_ns: int = 0, *, where: str = "") -> CapturedLine:
    """Take one line apart.

    Args:
        text: the line, without its end.
        ts_ns: time of the line before, for a bare message.
        where: names the line in an error.

    Returns:
        Time, direction, message and address.

    Raises:
        CaptureError: it has none of the forms.
    """
    if found := _NS_LINE.match(text):
        return CapturedLine(int(found[1]), Direction.RECEIVED, text[found.end() :])
    if found := _SECONDS_LINE.match(text):
        return CapturedLine(_nanoseconds(found[1]), Direction.RECEIVED, text[found.end() :])
    if found := _URL_LINE.match(text):
        body = text[found.end() :]
        return CapturedLine(_nanoseconds(found[3]), Direction(found[2]), body, found[1])
    if text[0] in "[{":
        return CapturedLine(ts_ns, Direction.RECEIVED, text)
    raise CaptureError(
        "is no line of a text capture",
        where=where or None,
        expected="`local_ns {...}` or `seconds: {...}`",
        got=text[:60],
        next_step="see `zerofeed mock --help`; packet captures go to `zerofeed send`",
    )


def _open(path: Path, *, is_gzip: bool) -> IO[str]:
    if is_gzip:
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _nanoseconds(seconds: str) -> int:
    whole, _, decimals = seconds.partition(".")
    return int(whole) * 1_000_000_000 + int((decimals + "000000000")[:9])
