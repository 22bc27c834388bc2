"""A setting takes the place of one value, or says why it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.settings import apply_setting


@pytest.mark.parametrize(
    ("setting", "tree"),
    [
        ("memory.records=8", {"memory": {"records": 8}, "source": [{"port": 1}]}),
        ("source.0.port = 2", {"source": [{"port": 2}]}),
        ("feed.name=deribit", {"feed": {"name": "deribit"}, "source": [{"port": 1}]}),
        ('feed.name="a b"', {"feed": {"name": "a b"}, "source": [{"port": 1}]}),
        ("a.b=x=y", {"a": {"b": "x=y"}, "source": [{"port": 1}]}),
    ],
)
def test_a_value_is_replaced_or_added(setting: str, tree: dict[str, Any]) -> None:
    given: dict[str, Any] = {"source": [{"port": 1}]}
    apply_setting(given, setting)
    assert given == tree


@pytest.mark.parametrize(
    "setting", ["", "memory.records", "=8", "source.1.port=2", "source.x=2", "source.0.port.x=2"]
)
def test_what_is_no_setting_is_refused(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="is no setting of the configuration"):
        apply_setting({"source": [{"port": 1}]}, setting)
