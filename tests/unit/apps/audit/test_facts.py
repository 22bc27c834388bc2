"""Bytes lie in a file's map when every one of them does, in shared and read-only maps."""

from __future__ import annotations

import pytest

from tests.unit.apps.audit.made_up import OBJECTS
from zerofeed.apps.audit.facts import MapFact, covers

__all__: list[str] = []

PAGE = 4096
RECORDS = OBJECTS[0].identity


def maps(*permissions: str, inode: int = 100) -> list[MapFact]:
    """Adjacent maps of a page each, from address 0x10000 on."""
    return [
        MapFact(0x10000 + n * PAGE, 0x10000 + (n + 1) * PAGE, each, (0, 1), inode)
        for n, each in enumerate(permissions)
    ]


@pytest.mark.parametrize(
    ("address", "length", "expected"),
    [
        (0x10000, PAGE, True),
        (0x10000, 2 * PAGE, True),
        (0x10FFF, 2, True),
        (0x11FFF, 1, True),
        (0x11FFF, 2, False),
        (0xFFFF, 1, False),
        (0x12000, 1, False),
    ],
)
def test_adjacent_maps_cover_together_and_not_a_byte_more(address, length, expected) -> None:
    assert covers(maps("r--s", "r--s"), RECORDS, address, length) is expected


@pytest.mark.parametrize("second", ["r--p", "rw-s", "rw-p", "---s"])
def test_a_map_that_is_not_shared_and_read_only_covers_nothing(second: str) -> None:
    assert not covers(maps("r--s", second), RECORDS, 0x10000, 2 * PAGE)
    assert covers(maps("r--s", second), RECORDS, 0x10000, PAGE)


def test_another_files_map_covers_nothing() -> None:
    assert not covers(maps("r--s", inode=101), RECORDS, 0x10000, PAGE)
