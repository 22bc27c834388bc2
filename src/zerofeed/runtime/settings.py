"""Settings of the command line: single values that take the place of what a feed's file says."""

from __future__ import annotations

import tomllib
from typing import Any

from zerofeed.base.errors import ConfigurationError

__all__ = ["apply_setting"]


def apply_setting(tree: dict[str, Any], setting: str) -> None:
    """Replace one value of a tree; whether the key exists is seen when the tree is typed.

    Args:
        tree: as read from TOML; changed.
        setting: ``key.path=value``, the value as in TOML, or a text without quotation marks.

    Raises:
        ConfigurationError: it is no setting, or its path leads nowhere.
    """
    key, equals, text = setting.partition("=")
    *above, last = key.strip().split(".")
    place: Any = tree
    try:
        for part in above:
            place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
        place[int(last) if isinstance(place, list) else last] = _value(text.strip())
    except (ValueError, IndexError, TypeError, AttributeError):
        equals = ""
    if not equals or not last:
        raise ConfigurationError(
            "is no setting of the configuration",
            where=setting,
            expected="key.path=value, with a number for an element of a list",
            next_step="for instance memory.records=1048576 or source.0.port=6200",
        )


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
