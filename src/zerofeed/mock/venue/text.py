"""JSON as text: numbers keep the digits that the venue wrote, since checksums are taken over them."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["dump_json", "read_json"]


def read_json(text: str) -> Any:
    """Parse JSON with every number as its text, so that nothing of it is lost."""
    return json.loads(text, parse_float=str, parse_int=str)


def dump_json(value: object) -> str:
    """Write compact JSON."""
    return json.dumps(value, separators=(",", ":"))
