"""JSON as text: numbers keep the digits that the venue wrote, since checksums are taken over them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

__all__ = ["bare", "dump_json", "iso_time", "plain_number", "read_json", "shortest"]

_MARK = "\0"
_MARKED = re.compile(r'"\\u0000([^"]*)"')


def read_json(text: str) -> Any:
    """Parse JSON with every number as its text, so that nothing of it is lost."""
    return json.loads(text, parse_float=str, parse_int=str)


def bare(number: str) -> str:
    """A number that :func:`dump_json` writes by these digits, without quotes."""
    return _MARK + number


def dump_json(value: object) -> str:
    """Write compact JSON."""
    text = json.dumps(value, separators=(",", ":"))
    return _MARKED.sub(r"\1", text) if "\\u0000" in text else text


def shortest(number: str) -> str:
    """The number without zeros at its end, as JavaScript writes it."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def plain_number(value: Any) -> int | str | None:
    """A request's id as it was sent: :func:`read_json` made a text of a number."""
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value


def iso_time(ts_ns: int, digits: int = 3) -> str:
    """A time as written out, in UTC.

    Args:
        ts_ns: nanoseconds since the epoch.
        digits: of the second's fraction, at most 9.
    """
    seconds, rest_ns = divmod(ts_ns, 1_000_000_000)
    return (
        f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns:09d}"[: 20 + digits]
        + "Z"
    )
