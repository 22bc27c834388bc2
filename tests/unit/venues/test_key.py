"""How a venue wants a key: which parts, and what headers become of them."""

from __future__ import annotations

import pytest

from zerofeed.venues.catalogue import SERVICES
from zerofeed.venues.key import KeyUse

__all__: list[str] = []

USES = [
    pytest.param(each.key, id=f"{service.name}-{name}")
    for service in SERVICES.values()
    for name, each in service.encodings.items()
    if each.key is not None
]


@pytest.mark.parametrize("use", USES)
def test_every_part_is_used_and_no_header_breaks_a_line(use: KeyUse) -> None:
    assert use.parts[0] == "key"
    parts = {name: f"a-{name}" for name in use.parts}
    headers = use.headers(parts, 1_700_000_000.9)
    assert parts["key"] in headers.values()
    for part in use.parts:
        changed = use.headers({**parts, part: "other"}, 1_700_000_000.9)
        assert changed != headers
    assert all(name.isascii() and value.isprintable() for name, value in headers.items())
    assert use.about
