"""A feed whose memory would be misread is refused, with both sides' versions."""

from __future__ import annotations

import platform
from typing import Any

import msgspec
import pytest

from zerofeed.base.errors import LayoutMismatchError
from zerofeed.feed.description import (
    LAYOUT_VERSION,
    FeedDescription,
    ObjectDescription,
    check,
    layout_digest,
)

ROW = ObjectDescription(
    fd=0, head_bytes=4096, body_bytes=8192, page_bytes=4096, items=128, item_bytes=64
)


def description(**changes: Any) -> FeedDescription:
    same: dict[str, Any] = {
        "name": "deribit",
        "protocol": "records",
        "layout": LAYOUT_VERSION,
        "formats": layout_digest(),
        "machine": platform.machine(),
        "zerofeed": "9.9",
        "supervisor_pid": 1,
        "started_ns": 2,
        "book_depth": 0,
        "templates": {1: "Book"},
        "receiver": "none",
        "clock": "none",
        "objects": {"records": ROW},
    }
    return FeedDescription(**{**same, **changes})


def test_a_feed_of_the_same_layout_is_accepted() -> None:
    check(description())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"layout": LAYOUT_VERSION + 1}, "memory layout"),
        ({"formats": "0123456789abcdef"}, "layout of records or words"),
        ({"machine": "vax"}, "architecture"),
    ],
)
def test_a_difference_is_refused_with_what_both_sides_have(
    change: dict[str, Any], what: str
) -> None:
    with pytest.raises(LayoutMismatchError, match=what) as refused:
        check(description(**change))
    assert refused.value.got == next(iter(change.values()))
    assert "zerofeed 9.9" in str(refused.value)


def test_a_description_survives_its_journey() -> None:
    sent = description()
    received = msgspec.json.decode(msgspec.json.encode(sent), type=FeedDescription)
    assert received == sent
